"""The API endpoints: deals over v1, all kinds of records over v4, users and the field catalogue."""

from __future__ import annotations

import collections
import math
import threading
import time
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Request, Response

from salesmate_nb.sandbox import data, search
from salesmate_nb.sandbox.answers import Refusal, invalid, sent_json, success
from salesmate_nb.sandbox.crm import Crm
from salesmate_nb.sandbox.grants import Grants
from salesmate_nb.sandbox.options import Options
from salesmate_nb.sandbox.search import Query
from salesmate_nb.sandbox.store import Store

_PAGE = 250  # rows, the most in one answer (v4 reference)
_HOUR = 3600.0


class Api:
    """Answers the API endpoints, to those who may call them.

    Parameters
    ----------
    options : Options
        The account.
    crm : Crm
        What it keeps.
    grants : Grants
        The tokens it accepts.
    """

    def __init__(self, options: Options, crm: Crm, grants: Grants) -> None:
        self._options = options
        self._crm = crm
        self._grants = grants
        self._lock = threading.Lock()
        self._called: collections.deque[float] = collections.deque()

    def admit(self, request: Request) -> None:
        """Let a call in.

        Raises
        ------
        Refusal
            404 for another workspace, 401 or 403 for a wrong token or key, 429 after too many calls.
        """
        linkname = request.headers.get("x-linkname")
        key = request.headers.get("accessToken")
        if (key or linkname) and linkname != f"{self._options.linkname}.salesmate.io":
            raise Refusal(HTTPStatus.NOT_FOUND, "NoSuchLinkExist", "There is no such link.")
        bearer = request.authorization
        if bearer is not None and bearer.type == "bearer":
            if not self._grants.accepts(bearer.token or ""):
                raise Refusal(
                    HTTPStatus.UNAUTHORIZED,
                    "AuthenticationFailed",
                    "The access token is not known, or has ended.",
                    {"WWW-Authenticate": 'Bearer error="invalid_token"'},
                )
        elif not key:
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                "AuthenticationFailed",
                "No access token came with the call.",
                {"WWW-Authenticate": "Bearer"},
            )
        elif key != self._options.access_key:
            raise Refusal(HTTPStatus.FORBIDDEN, "AuthorizationFailed", "The access key is wrong.")
        self._count()

    def list_deals(self, request: Request) -> Response:
        """Answer ``GET /v1/deals``; its paging is open, and made here as other list endpoints have it."""
        query = request.args
        rows = min(_whole(query.get("rows", query.get("limit")), "rows", _PAGE, least=1), _PAGE)
        return _page(
            self._crm.deals, Query(), rows, _whole(query.get("from", query.get("offset")), "from", 0)
        )

    def search(self, request: Request, module: str) -> Response:
        """Answer ``POST /apis/<module>/v4/search`` (v4 reference)."""
        store = self._crm[module]
        rows = _whole(request.args.get("rows"), "rows", _PAGE, least=1)
        if rows > _PAGE:
            raise invalid(f"rows can be {_PAGE} at most.")
        offset = _whole(request.args.get("from"), "from", 0)
        for name, value in store.module.params.items():
            if request.args.get(name) != value:
                raise invalid(f"A search of {store.module.plural} has to say {name}={value}.")
        options, body = self._options, sent_json(request)
        query = search.read(body, store.catalogue, options.zone, id_rules=options.id_rules)
        return _page(store, query, rows, offset)

    def one(self, request: Request, module: str, number: int) -> Response:
        """Answer ``GET /apis/<module>/v4/<id>`` (v4 reference)."""
        del request
        try:
            return success(self._crm[module].get(number))
        except KeyError:
            raise Refusal(HTTPStatus.NOT_FOUND, "ObjectNotFound", f"There is no {module} {number}.") from None

    def list_users(self, request: Request) -> Response:
        """Answer ``GET /apis/core/v4/users`` (v4 reference)."""
        users = data.users(self._crm.deals.records())
        if request.args.get("status") == "active":
            users = [user for user in users if user["isActive"]]
        return success(users)

    def list_fields(self, request: Request) -> Response:
        """Answer ``GET /apis/v3/fields/getAllVisibleFields`` (as other connectors read it)."""
        del request
        return success(self._crm.fields())

    def _count(self) -> None:
        """Count a call, and refuse it where the last hour had its full number."""
        most = self._options.calls_per_hour
        if most is None:
            return
        with self._lock:
            now = time.monotonic()
            while self._called and self._called[0] <= now - _HOUR:
                self._called.popleft()
            if len(self._called) >= most:
                wait = math.ceil(self._called[0] + _HOUR - now) if self._called else int(_HOUR)
                raise Refusal(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "TooManyRequests",
                    f"The account has made its {most} calls of this hour.",
                    {"Retry-After": str(wait)},
                )
            self._called.append(now)


def _page(store: Store, query: Query, rows: int, offset: int) -> Response:
    if store.before_search is not None:
        store.before_search()
    found, total = store.page(query, offset, rows)
    page: dict[str, Any] = {"data": found}
    if query.is_counted:
        page |= {"totalRows": total, "totalPages": math.ceil(total / rows)}
    return success(page)


def _whole(text: str | None, name: str, default: int, *, least: int = 0) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise invalid(f"{name} has to be a whole number, {least} or more.")
    return int(text)
