"""What a page of records is asked for with, over the v4 search or v1, and what came."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, Self
from zoneinfo import ZoneInfo

from salesmate_nb._api.response import find_rows, find_total
from salesmate_nb._frames.parsing import parse_datetime
from salesmate_nb._reading.query import Filters
from salesmate_nb.errors import BadResponse
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import Resource

Record = dict[str, Any]

PAGE = 250  # rows, the most that v4 gives in one answer (v4 reference)
V1_PATH = "v1/deals"
_LAST_ID = 2**63 - 1
_ID = re.compile(r"\s*([0-9]{1,19})(?:\.0*)?\s*")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STATUSES = {"Open", "Won", "Lost"}
_EVER = "Jan 01, 1970 05:30 AM"  # the customary rule that means "all": the epoch, as UTC+05:30 writes it
_ZONE_MARGIN = dt.timedelta(days=1)  # more than any two time zones differ
_MINUTE = dt.timedelta(minutes=1)


class RequestFunction(Protocol):
    """Anything that makes a call and returns the JSON it got."""

    def __call__(self, method: str, path: str, **how: Any) -> Any:
        """Make a call, with ``params``, ``json``, ``idempotent`` and ``waiter``."""


class Rule(NamedTuple):
    """A rule of the search, before it is written for a resource."""

    condition: str
    path: str
    label: str
    kind: str
    data: Any


@dataclass(frozen=True, kw_only=True)
class SearchPage:
    """The rows of one answer, and how many the server says there are that fit what was asked."""

    records: list[Record]
    total: int | None


@dataclass(frozen=True, kw_only=True)
class SearchRequest:
    """A page to ask for.

    Parameters
    ----------
    resource : Resource
        Which records.
    rules : tuple of Rule
        Rules of the search; v1 knows none.
    fields : tuple of str
        API names of the fields to ask for.
    sort : {"id", "createdAt", "lastModifiedAt"}
        What rows are sorted by.
    is_descending : bool
        Whether the last come first.
    offset, rows : int
        Rows to pass over, and rows to ask for.
    """

    resource: Resource = DEALS
    rules: tuple[Rule, ...] = ()
    fields: tuple[str, ...] = ()
    sort: str = "id"
    is_descending: bool = False
    offset: int = 0
    rows: int = PAGE

    @classmethod
    def matching(cls, filters: Filters, fields: Iterable[str], resource: Resource = DEALS) -> Self:
        """Ask for what fits, as far as rules were seen in use for it; the server may still send more.

        Dates go with a day's margin, since rules are read in the account's own time zone and to the minute.
        """
        rules = [_after("createdAt", "Created At", filters.created_since)]
        if filters.modified_since:
            rules.append(_after("lastModifiedAt", "Last Modified At", filters.modified_since))
        statuses = [one.capitalize() for one in filters.status]
        if statuses and set(statuses) <= _STATUSES:  # of others the rule was never seen
            only = statuses[0] if len(statuses) == 1 else statuses
            rules.append(Rule("EQUALS", "status", "Status", "Select", only))
        return cls(resource=resource, rules=tuple(rules), fields=tuple(dict.fromkeys(("id", *fields))))

    @property
    def is_filtered(self) -> bool:
        """Whether it asks for less than all."""
        return self.rules != _ALL

    def unfiltered(self) -> Self:
        """Ask for all."""
        return replace(self, rules=_ALL)

    def above(self, record_id: int) -> Self:
        """Ask for rows with a greater id."""
        return replace(self, rules=(*self.rules, Rule("GREATER_THAN", "id", "ID", "Number", record_id)))

    def created_from(self, moment: dt.datetime, zone: ZoneInfo) -> Self:
        """Ask for rows that were created in a moment's minute or later."""
        since = _written(moment.astimezone(zone) - _MINUTE)  # IS_AFTER leaves out the minute it names
        rule = Rule("IS_AFTER", "createdAt", "Created At", "DateTime", since)
        return replace(self, rules=(*self.rules, rule))

    def body(self) -> dict[str, Any]:
        """Return the body of the v4 search (v4 reference, and what other connectors send)."""
        order = "desc" if self.is_descending else "asc"
        return {
            "displayingFields": [self._named(path) for path in self.fields],
            "filterQuery": {"group": {"operator": "AND", "rules": [self._rule(one) for one in self.rules]}},
            "sort": {"fieldName": self._named(self.sort), "order": order, "orderType": order},
            "moduleId": self.resource.number,
            "reportType": "get_data",
            "getRecordsCount": True,
            "pipeline": "",
        }

    def _named(self, path: str) -> str:
        return f"{self.resource.singular}.{path}"

    def _rule(self, rule: Rule) -> dict[str, Any]:
        return {
            "condition": rule.condition,
            "moduleName": self.resource.rule_name,
            "field": {"fieldName": self._named(rule.path), "displayName": rule.label, "type": rule.kind},
            "data": rule.data,
            "eventType": rule.kind,
        }


def search_v4(call: RequestFunction, request: SearchRequest, **how: Any) -> SearchPage:
    """Ask the v4 search for a page."""
    params = {**request.resource.params, "rows": request.rows, "from": request.offset}
    path = f"{request.resource.path}/search"
    return _page(call("POST", path, params=params, json=request.body(), idempotent=True, **how))


def list_v1(call: RequestFunction, request: SearchRequest, **how: Any) -> SearchPage:
    """Ask ``GET /v1/deals`` for a page; how it pages is not documented, so it is asked as v4 is."""
    return _page(call("GET", V1_PATH, params={"rows": request.rows, "from": request.offset}, **how))


def record_id(record: Record) -> int:
    """Return what tells a record from all others: its id.

    Raises
    ------
    BadResponse
        Where it came without an id, or with one that is no whole number.
    """
    given = record.get("id")
    if type(given) is int and 0 <= given <= _LAST_ID:
        return given
    if (written := _ID.fullmatch(str(given))) and (found := int(written[1])) <= _LAST_ID:
        return found
    raise BadResponse(
        "A record came without an id that can be read, so none can be told from another. Try again; "
        "if it goes on, ask Salesmate's support."
    )


def created_at(record: Record, zone: ZoneInfo) -> dt.datetime:
    """Return when a record was created; raises ``ValueError`` where that cannot be read."""
    return parse_datetime(record.get("createdAt"), zone)


def modified_at(record: Record, zone: ZoneInfo) -> dt.datetime:
    """Return when a record was changed last; raises ``ValueError`` where that cannot be read."""
    return parse_datetime(record.get("lastModifiedAt"), zone)


def _page(payload: Any) -> SearchPage:
    records = find_rows(payload)
    if records is None or not all(isinstance(record, dict) for record in records):
        raise BadResponse(
            "The answer holds no list of records. Check SALESMATE_API_URL and SALESMATE_LINKNAME."
        )
    return SearchPage(records=records, total=find_total(payload))


def _after(name: str, label: str, since: dt.datetime | None) -> Rule:
    moment = _EVER if since is None else _written(since - _ZONE_MARGIN)
    return Rule("IS_AFTER", name, label, "DateTime", moment)


def _written(moment: dt.datetime) -> str:
    """Write a moment as rules do, whatever the locale: ``Mar 04, 2024 09:15 PM``."""
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004 - noon
    return f"{_MONTHS[moment.month - 1]} {moment:%d, %Y %I:%M} {half}"


_ALL = (_after("createdAt", "Created At", None),)
