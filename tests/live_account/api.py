"""The paths of the API, without the socket."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, field

from tests.live_account import catalogue
from tests.live_account.order import Pages, sort_of
from tests.live_account.records import MODULES
from tests.live_account.rules import Filter, RefusedError
from tests.live_account.writing import Writer

_KINDS = {module.name: kind for kind, module in MODULES.items()}
_NUMBERS = {str(module.number): kind for kind, module in MODULES.items()}
_ANY_NAME = (
    "ValidationError",
    "Forbidden",
    "AuthorizationFailed",
    "ObjectNotFound",
    "Unknown",
    "NotSupported",
)
_NAMES = {400: "ValidationError", 403: "Forbidden", 422: "ValidationError", 500: "Unknown"}


@dataclass
class Response:
    """What goes back: a status, a JSON payload and headers."""

    status: int
    payload: object
    headers: dict[str, str] = field(default_factory=dict)


class FailureError(Exception):
    """A request that ends in a failure."""

    def __init__(self, status, name, message="", code=None, **headers):
        super().__init__(message)
        self.status, self.name, self.message = status, name, message
        self.code = code or {400: "4001", 401: "4003", 403: "4004", 404: "4005"}.get(status, "5000")
        self.headers = {key.replace("_", "-"): value for key, value in headers.items()}


class Api:
    """Serves requests from the records of an account."""

    def __init__(self, account, seed):
        self._account = account
        self._rng = random.Random(f"api {seed}")
        self._pages = Pages(account, seed)
        self._sorted = {}
        self._version = None
        self._written = {}  # rows by module, id and fields, each with its record
        self._written_as = None
        self._window = (time.monotonic(), 0)
        self._accepted = 0

    def respond(self, seen):
        """Return the response to a request.

        Parameters
        ----------
        seen : Seen
            The request.

        Returns
        -------
        Response
        """
        try:
            self._check_limit()
            self._check_key(seen.headers)
            return self._success(self._route(seen))
        except FailureError as failure:
            return self._failure(failure)

    @property
    def _as(self):
        return self._account.behaviour

    @staticmethod
    def _success(data):
        return Response(200, {"Status": "success", "Data": data})

    def _failure(self, failure):
        error = {"code": failure.code, "name": failure.name, "message": failure.message}
        if self._as.error_keys == "capitalised":
            error = {key.capitalize(): value for key, value in error.items()}
        return Response(failure.status, {"Status": "failure", "Error": error}, failure.headers)

    def _check_limit(self):
        since, count = self._window
        if time.monotonic() - since >= self._as.limit_seconds:
            since, count = time.monotonic(), 0
        self._window = since, count + 1
        if self._as.limit is not None and count >= self._as.limit:
            left = max(1, round(since + self._as.limit_seconds - time.monotonic()))
            more = {"Retry_After": str(left)} if self._as.retry_after else {}
            raise FailureError(429, "TooManyRequests", "Rate limit exceeded", "4029", **more)

    def _check_key(self, headers):
        """Check linkname and key: section 2 (wrong linkname, 4002) and 5 (the other two keys)."""
        account = self._account
        if headers.get("x-linkname", "").lower() != f"{account.linkname}.salesmate.io":
            raise FailureError(404, "NoSuchLinkExist", "No such link exist")
        key = headers.get("accesstoken", "")
        if key in {account.access_key, account.secret_key}:
            raise FailureError(403, "AuthorizationFailed")
        if key != account.session_key:
            raise FailureError(401, "AuthenticationFailed", "Authentication failed")
        self._accepted += 1
        lasts = self._as.key_lasts
        if account.expired or (lasts is not None and self._accepted > lasts):
            raise FailureError(self._as.expired_status, "AuthenticationFailed", "Session expired", "4002")

    def _route(self, seen):
        path, post = seen.path, seen.method == "POST"
        if post and (found := re.fullmatch(r"/apis/(\w+)/v4/search", path)) and found[1] in _KINDS:
            return self._search(_KINDS[found[1]], seen)
        if not post and (found := re.fullmatch(r"/apis/(\w+)/v4/(\d+)", path)) and found[1] in _KINDS:
            return self._one(_KINDS[found[1]], int(found[2]))
        if not post and (found := re.fullmatch(r"/apis/(module/v4|v1/modules)/(\d+)(/fields)", path)):
            return self._fields(found[1], found[2])
        plain = {
            "/apis/core/v4/users": self._users,
            "/apis/v3/fields/getAllVisibleFields": self._all_fields,
            "/apis/v3/apps/dealPipeline": self._pipelines,
            "/apis/v3/lookups/active/currency": lambda _: catalogue.currencies_of(self._live("deals")),
            "/apis/v1/tags": lambda _: catalogue.tags_of(
                [record for kind in MODULES for record in self._live(kind)]
            ),
        }
        if not post and path in plain:
            return plain[path](seen)
        raise FailureError(404, "ObjectNotFound", f"No such path: {path}")

    def _live(self, kind):
        return [one for number, one in self._account.records[kind].items() if number not in self._gone(kind)]

    def _gone(self, kind):
        return self._account.gone[kind]

    def _writer(self):
        return Writer(self._as, self._account.zone, self._rng)

    def _allow(self, kind):
        if kind in self._as.forbidden:
            raise FailureError(403, "Forbidden", f"No right to see {kind}")

    def _one(self, kind, number):
        self._allow(kind)
        record = self._account.records[kind].get(number)
        if record is None or number in self._gone(kind):
            raise FailureError(404, "ObjectNotFound", f"No {MODULES[kind].name} {number}")
        return self._writer().single(MODULES[kind], record)

    def _users(self, seen):
        writer = self._writer()
        users = self._account.truth("users")
        if seen.query.get("status") == "active":
            users = [user for user in users if user.get("isActive", True)]
        return [
            {name: writer.flag(value) if isinstance(value, bool) else value for name, value in user.items()}
            for user in users
        ]

    def _fields_of(self, kind):
        account = self._account
        return catalogue.fields_of(MODULES[kind], self._live(kind), account.labels, self._as)

    def _all_fields(self, _):
        """Return the fields of all modules, by the name the paths use (decided here)."""
        if self._as.catalogue != "v3":
            raise FailureError(404, "ObjectNotFound", "No such path")
        return {module.name: self._fields_of(kind) for kind, module in MODULES.items()}

    def _fields(self, path, number):
        if (
            self._as.catalogue != {"module/v4": "module/v4", "v1/modules": "v1"}[path]
            or number not in _NUMBERS
        ):
            raise FailureError(404, "ObjectNotFound", "No such path")
        listed = self._fields_of(_NUMBERS[number])
        if path == "module/v4":
            return listed
        half = len(listed) // 2
        return [{"Name": "Basic", "Fields": listed[:half]}, {"Name": "Details", "Fields": listed[half:]}]

    def _pipelines(self, _):
        if self._as.pipelines == "missing":
            raise FailureError(404, "ObjectNotFound", "No such path")
        return self._account.pipelines or catalogue.pipelines_of(self._live("deals"))

    def _search(self, kind, seen):
        self._allow(kind)
        module, body = MODULES[kind], seen.body
        if not isinstance(body, dict):
            raise FailureError(400, "ValidationError", "The body is not a JSON object")
        account, query = self._account, body.get("filterQuery")
        try:
            allowed = Filter(self._as, account.zone, account.me, query)
        except RefusedError as refused:
            raise self._refusal(refused) from refused
        order = self._pages.order(module, body)
        if self._version != (account.version, self._as):
            self._version, self._sorted = (account.version, self._as), {}
        name, down = sort_of(body)
        what = f"{kind} {order} {name} {down} {query}"
        if what not in self._sorted:
            gone, records = self._gone(kind), {**account.records[kind], **account.indexed[kind]}
            found = [records[n] for n in records if (n in gone) == allowed.deleted and allowed(records[n])]
            self._sorted[what] = self._pages.sort(module, order, body, found)
        found = self._sorted[what]
        start, rows = self._offsets(seen.query, len(found))
        page = self._pages.page(module, f"{what} {rows}", order, name, found, start, rows)
        return self._listed(module, seen, page, len(found), rows)

    def _refusal(self, refused):
        kind = self._as.refusal
        if kind == "random":
            kind = self._rng.choice(("400", "403", "422", "500", "200"))
        name = self._as.refusal_name or _NAMES.get(int(kind)) or self._rng.choice(_ANY_NAME)
        return FailureError(int(kind), name, f"Not supported: {refused}")

    def _offsets(self, query, count):
        if self._as.paging == "everything":
            return 0, max(1, count)
        try:
            start, rows = int(query.get("from", 0)), int(query.get("rows", 25))
        except ValueError as error:
            raise FailureError(400, "ValidationError", "rows and from must be numbers") from error
        if start < 0 or rows < 1:
            raise FailureError(400, "ValidationError", "rows and from must not be negative")
        return 0 if self._as.paging == "same page" else start, min(rows, self._as.row_cap)

    def _listed(self, module, seen, page, count, rows):
        asked = seen.body.get("displayingFields") or None
        writer = self._writer()
        data = {"data": [self._row(writer, module, record, asked) for record in page]}
        if not page and self._as.empty_list != "[]":
            data = {"data": None} if self._as.empty_list == "null" else {}
        if self._has_totals(module, seen):
            total = {
                "zero": 0,
                "page": len(page),
                "lagging": max(0, count - self._as.total_lag),
            }.get(self._as.totals, count)
            pages = -(-total // rows)
            text = self._as.totals == "text"
            data |= {"totalRows": str(total) if text else total, "totalPages": str(pages) if text else pages}
        return data

    def _row(self, writer, module, record, asked):
        """Write a record as a row, once until the behaviour changes, or an edit replaces the record."""
        if not self._as.is_repeatable:
            return writer.row(module, record, asked)
        if self._written_as != self._as:
            self._written, self._written_as = {}, self._as
        key = module.name, record["id"], asked and tuple(asked)
        of, row = self._written.get(key, (None, None))
        if of is not record:
            row = writer.row(module, record, asked)
            self._written[key] = record, row
        return row

    def _has_totals(self, module, seen):
        if self._as.totals == "missing":
            return False
        if module.name != "activity" or self._as.activity_totals == "as others":
            return True
        counted = bool(seen.body.get("getRecordsCount")) and "viewType" in seen.query
        return counted and self._as.activity_totals == "asked"
