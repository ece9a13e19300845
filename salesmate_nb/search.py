"""Filters to requests to pages of records, for the v4 search and for v1."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from salesmate_nb import answer
from salesmate_nb.errors import ApiError, BadResponse, IncompleteRead
from salesmate_nb.filters import Filters
from salesmate_nb.schema import is_custom

log = logging.getLogger("salesmate_nb")

Record = dict[str, Any]

PAGE = 250  # rows, the most that v4 gives in one answer (v4 reference)
SEARCH_PATH = "apis/deal/v4/search"
V1_PATH = "v1/deals"
CATALOGUE_PATH = "apis/v3/fields/getAllVisibleFields"
_MODULE = 4  # deals, among the v4 modules
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STATUSES = {"Open", "Won", "Lost"}
_EVER = "Jan 01, 1970 05:30 AM"  # the customary rule that means "all": the epoch, as UTC+05:30 writes it
_ZONE_MARGIN = dt.timedelta(days=1)  # more than any two time zones differ


class Call(Protocol):
    """Anything that makes a call and returns the JSON it got."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        json: Any = None,
        repeatable: bool = True,
    ) -> Any:
        """Make a call and return the JSON it got."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """New records of one answer, and how many rows the server says there are in all."""

    records: list[Record]
    total: int | None


def pages(call: Call, filters: Filters, paths: Sequence[str] | None, *, rows: int = PAGE) -> Generator[Page]:
    """Read deals over the v4 search, each exactly once.

    Sorted by id; pages are asked for by row offset. Rows that a colleague's change made to come twice
    are dropped; where such a change hid others, the search is read once more.

    Parameters
    ----------
    call : callable
        Makes one call.
    filters : Filters
        What the server is asked for, as far as its rules are known. It may still send more.
    paths : sequence of str, optional
        API names of the fields to ask for.
    rows : int
        Rows to ask for in a page.

    Raises
    ------
    IncompleteRead
        Where two readings could not find as many distinct deals as the server says there are.
    """
    body = search_body(filters, paths or ())

    def ask(offset: int) -> Any:
        return call("POST", SEARCH_PATH, params={"rows": rows, "from": offset}, json=body, repeatable=True)

    yield from _read(ask)


def pages_v1(call: Call) -> Generator[Page]:
    """Read all deals over ``GET /v1/deals``, each exactly once.

    How that endpoint pages is not documented: it is asked as v4 is, and reading ends when all
    of its total has come, or a page brings nothing new.

    Raises
    ------
    IncompleteRead
        Where two readings could not find as many distinct deals as the server says there are.
    """
    yield from _read(lambda offset: call("GET", V1_PATH, params={"rows": PAGE, "from": offset}))


def custom_fields(call: Call) -> list[str]:
    """Return the API names of the account's custom deal fields, from its field catalogue.

    The catalogue's path and shape were seen in other connectors only; where it does not answer as
    they say, the list is empty and the log says so.
    """
    try:
        catalogue = answer.unwrap(call("GET", CATALOGUE_PATH))
    except ApiError as err:
        log.warning("no custom fields are read: the field catalogue answered %s", err.status)
        return []
    listed: Any = catalogue.get("deal") or catalogue.get("Deal") if isinstance(catalogue, dict) else None
    fields = listed if isinstance(listed, list) else []
    names = (str(one.get("fieldName", "")).removeprefix("deal.") for one in fields if isinstance(one, dict))
    return sorted({name for name in names if is_custom(name)})


def search_body(filters: Filters, paths: Iterable[str]) -> dict[str, Any]:
    """Return the body of a v4 search, asking for no more than the rules that were seen in use.

    Dates go with a day's margin, since rules are read in the account's own time zone and to the minute.
    """
    rules = [_after("createdAt", "Created At", filters.created_since)]
    if filters.modified_since:
        rules.append(_after("lastModifiedAt", "Last Modified At", filters.modified_since))
    statuses = [one.capitalize() for one in filters.status]
    if statuses and set(statuses) <= _STATUSES:  # others are looked for here, as their rule was never seen
        only = statuses[0] if len(statuses) == 1 else statuses
        rules.append(_rule("EQUALS", "status", "Status", "Select", only))
    return {
        "displayingFields": [f"deal.{path}" for path in paths],
        "filterQuery": {"group": {"operator": "AND", "rules": rules}},
        "sort": {"fieldName": "deal.id", "order": "asc", "orderType": "asc"},
        "moduleId": _MODULE,
        "reportType": "get_data",
        "getRecordsCount": True,
        "pipeline": "",
    }


def _read(ask: Any) -> Generator[Page]:
    """Yield what is new of each page; read all again once where rows slipped past the offset."""
    seen: set[str] = set()
    for attempt in (1, 2):
        offset, total = 0, None
        while True:
            payload = ask(offset)
            records, total = _records(payload), answer.total(payload)
            fresh = {identity: record for record in records if (identity := _identity(record)) not in seen}
            seen.update(fresh)
            yield Page(records=list(fresh.values()), total=total)
            offset += len(records)
            if not records or (not fresh and attempt == 1) or (total is not None and offset >= total):
                break
        if total is None or len(seen) >= total:
            return
        log.info("read %d of %d deals; reading once more", len(seen), total)
    raise IncompleteRead(
        f"Only {len(seen):,} of {total:,} deals could be read, twice over; no frame was made. "
        "Colleagues may be changing many at this moment: try again.",
        read=len(seen),
        total=total,
    )


def _records(payload: Any) -> list[Record]:
    records = answer.rows(payload)
    if records is None or not all(isinstance(record, dict) for record in records):
        raise BadResponse(
            "The answer holds no list of deals. Check SALESMATE_API_URL and SALESMATE_LINKNAME."
        )
    return records


def _identity(record: Record) -> str:
    for key in ("id", "Id", "deal.id"):
        if record.get(key) not in (None, "", {}):
            return str(record[key])
    raise BadResponse("A deal came without an id, so none can be told from another. Ask Salesmate's support.")


def _after(name: str, label: str, since: dt.datetime | None) -> dict[str, Any]:
    return _rule(
        "IS_AFTER", name, label, "DateTime", _EVER if since is None else _written(since - _ZONE_MARGIN)
    )


def _written(moment: dt.datetime) -> str:
    """Write a moment as rules do, whatever the locale: ``Mar 04, 2024 09:15 PM``."""
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004 - noon
    return f"{_MONTHS[moment.month - 1]} {moment:%d, %Y %I:%M} {half}"


def _rule(condition: str, name: str, label: str, kind: str, data: Any) -> dict[str, Any]:
    return {
        "condition": condition,
        "moduleName": "Deal",
        "field": {"fieldName": f"deal.{name}", "displayName": label, "type": kind},
        "data": data,
        "eventType": kind,
    }
