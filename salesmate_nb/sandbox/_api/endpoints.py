"""The API endpoints: deals over v1, the records of all resources over v4, users, pipelines and fields."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Request, Response

from salesmate_nb.sandbox._api.search import parse_search
from salesmate_nb.sandbox._crm.crm import Crm
from salesmate_nb.sandbox._crm.query import Query
from salesmate_nb.sandbox._crm.resources import ACTIVITIES
from salesmate_nb.sandbox._crm.store import Store
from salesmate_nb.sandbox._http.json_body import read_json
from salesmate_nb.sandbox._responses.envelope import ApiFailure, invalid, success
from salesmate_nb.sandbox._responses.formats import RecordWriter
from salesmate_nb.sandbox._responses.page_order import PageOrder
from salesmate_nb.sandbox.options import Options, Totals

_MAX_V1_ROWS = 250
_LAG = 3  # rows


class ApiEndpoints:
    """Respond to requests to the API endpoints.

    Parameters
    ----------
    options : Options
        How this account's API behaves.
    crm : Crm
        The records.
    """

    def __init__(self, options: Options, crm: Crm) -> None:
        self._behavior = options.behavior
        self._crm = crm
        self._order = PageOrder(options.behavior.order, options.seed)

    def list_deals(self, request: Request) -> Response:
        """Respond to ``GET /v1/deals``, in an order that it keeps.

        Its paging is not documented; it is modeled on the other list endpoints.
        """
        query = request.args
        rows = _whole_number(query.get("rows", query.get("limit")), "rows", _MAX_V1_ROWS, minimum=1)
        offset = _whole_number(query.get("from", query.get("offset")), "from", 0)
        write = RecordWriter(self._behavior, self._crm.deals.catalog).row
        rows = min(rows, _MAX_V1_ROWS)
        records, total = _page(self._crm.deals, Query(project=write), offset, rows)
        return _list(records, _shown_total(self._behavior.totals, total, len(records)), rows)

    def search(self, request: Request, resource: str) -> Response:
        """Respond to ``POST /apis/<module>/v4/search`` (v4 reference)."""
        store, behavior = self._crm[resource], self._behavior
        rows = _whole_number(request.args.get("rows"), "rows", behavior.max_rows, minimum=1)
        rows = min(rows, behavior.max_rows)
        offset = _whole_number(request.args.get("from"), "from", 0)
        body = read_json(request)
        if store.refuse_search is not None and store.refuse_search(body):
            raise invalid("This search is not supported.")
        query = parse_search(body, store.catalog, behavior)
        records, total = _page(store, query, offset, rows, self._order)
        totals = behavior.totals
        if store.resource is ACTIVITIES:
            is_requested = bool(body.get("getRecordsCount")) and "viewType" in request.args
            totals = totals if is_requested and totals != "not of activities" else "missing"
        return _list(records, _shown_total(totals, total, len(records)), rows)

    def get_record(self, request: Request, resource: str, record_id: int) -> Response:
        """Respond to ``GET /apis/<module>/v4/<id>`` (v4 reference)."""
        del request
        try:
            store = self._crm[resource]
            record = store.get(record_id)
        except KeyError:
            raise ApiFailure(
                HTTPStatus.NOT_FOUND, "ObjectNotFound", f"There is no {resource} with the id {record_id}."
            ) from None
        return success(RecordWriter(self._behavior, store.catalog).single(record))

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


def _page(
    store: Store, query: Query, offset: int, rows: int, order: PageOrder | None = None
) -> tuple[list[dict[str, Any]], int]:
    if store.before_search is not None:
        store.before_search()
    matching = f"{query.matching} {query.low} {query.high}"
    cut = None if order is None else order.cut(store.resource.name, matching)
    return store.page(query, offset, rows, cut)


def _shown_total(totals: Totals, total: int, rows: int) -> int | None:
    """Return the total that the response reports, or None if it reports none."""
    by_kind = {"missing": None, "lagging": max(total - _LAG, 0), "page": rows}
    return by_kind.get(totals, total)


def _list(records: list[dict[str, Any]], total: int | None, rows: int) -> Response:
    page: dict[str, Any] = {"data": records}
    if total is not None:
        page |= {"totalRows": total, "totalPages": math.ceil(total / rows)}
    return success(page)


def _whole_number(text: str | None, name: str, default: int, *, minimum: int = 0) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()) or int(text) < minimum:
        raise invalid(f"{name} must be a whole number, {minimum} or more.")
    return int(text)
