"""The API endpoints: deals over v1, the records of all resources over v4, users, pipelines and fields."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Request, Response

from salesmate_nb.sandbox._api.envelope import ApiFailure, invalid, success
from salesmate_nb.sandbox._api.search import parse_search
from salesmate_nb.sandbox._crm.crm import Crm
from salesmate_nb.sandbox._crm.query import Query
from salesmate_nb.sandbox._crm.store import Store
from salesmate_nb.sandbox._http.json_body import read_json
from salesmate_nb.sandbox.options import Behavior

_MAX_ROWS = 250  # of a page (v4 reference)


class ApiEndpoints:
    """Respond to requests to the API endpoints.

    Parameters
    ----------
    behavior : Behavior
        How this account's API behaves.
    crm : Crm
        The records.
    """

    def __init__(self, behavior: Behavior, crm: Crm) -> None:
        self._behavior = behavior
        self._crm = crm

    def list_deals(self, request: Request) -> Response:
        """Respond to ``GET /v1/deals``.

        Its paging is not documented; it is modeled on the other list endpoints.
        """
        query = request.args
        rows = _whole_number(query.get("rows", query.get("limit")), "rows", _MAX_ROWS, minimum=1)
        offset = _whole_number(query.get("from", query.get("offset")), "from", 0)
        return _page(self._crm.deals, Query(is_counted=self._behavior.totals), min(rows, _MAX_ROWS), offset)

    def search(self, request: Request, resource: str) -> Response:
        """Respond to ``POST /apis/<module>/v4/search`` (v4 reference)."""
        store = self._crm[resource]
        rows = _whole_number(request.args.get("rows"), "rows", _MAX_ROWS, minimum=1)
        if rows > _MAX_ROWS:
            raise invalid(f"rows must be {_MAX_ROWS} or less.")
        offset = _whole_number(request.args.get("from"), "from", 0)
        for name, value in store.resource.params.items():
            if request.args.get(name) != value:
                raise invalid(f"A search of {store.resource.plural} requires the parameter {name}={value}.")
        body = read_json(request)
        if store.refuse_search is not None and store.refuse_search(body):
            raise invalid("This search is not supported.")
        return _page(store, parse_search(body, store.catalog, self._behavior), rows, offset)

    def get_record(self, request: Request, resource: str, record_id: int) -> Response:
        """Respond to ``GET /apis/<module>/v4/<id>`` (v4 reference)."""
        del request
        try:
            return success(self._crm[resource].get(record_id))
        except KeyError:
            raise ApiFailure(
                HTTPStatus.NOT_FOUND, "ObjectNotFound", f"There is no {resource} with the id {record_id}."
            ) from None

    def list_users(self, request: Request) -> Response:
        """Respond to ``GET /apis/core/v4/users`` (v4 reference)."""
        users = self._crm.users()
        if request.args.get("status") == "active":
            users = [user for user in users if user["isActive"]]
        return success(users)

    def list_pipelines(self, request: Request) -> Response:
        """Respond to ``GET /apis/v3/apps/dealPipeline`` (as other connectors read it)."""
        del request
        return success(self._crm.pipelines())

    def list_fields(self, request: Request) -> Response:
        """Respond to ``GET /apis/v3/fields/getAllVisibleFields`` (as other connectors read it)."""
        del request
        return success(self._crm.field_catalog())


def _page(store: Store, query: Query, rows: int, offset: int) -> Response:
    if store.before_search is not None:
        store.before_search()
    records, total = store.page(query, offset, rows)
    page: dict[str, Any] = {"data": records}
    if query.is_counted:
        page |= {"totalRows": total, "totalPages": math.ceil(total / rows)}
    return success(page)


def _whole_number(text: str | None, name: str, default: int, *, minimum: int = 0) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()) or int(text) < minimum:
        raise invalid(f"{name} must be a whole number, {minimum} or more.")
    return int(text)
