"""Search: the request for one page of records, over the v4 search or v1, and the page that comes back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from salesmate_nb._api.response import find_rows, find_total, unwrap
from salesmate_nb._frames.parsing import parse_datetime
from salesmate_nb._search.filters.filters import Filters
from salesmate_nb._values.text import comparable, visible
from salesmate_nb._values.times import EARLIEST, in_calendar, shift
from salesmate_nb.errors import BadResponse
from salesmate_nb.resources.base import Resource

Record = dict[str, Any]

PAGE = 250  # rows, the maximum that v4 returns in one response (v4 reference)
_V1_PATH = "v1/deals"
_MAX_ID = 2**63 - 1
_ID = re.compile(r"\s*([0-9]{1,19})(?:\.0*)?\s*")
_EPOCH = "Jan 01, 1970 05:30 AM"  # the customary rule that matches all: the epoch, written in UTC+05:30
_ZONE_MARGIN = dt.timedelta(days=1)  # more than any two time zones differ
_MINUTE = dt.timedelta(minutes=1)


RequestFunction = Callable[..., Any]
"""Makes one API request, as ``ApiClient.request`` does, and returns the decoded JSON."""


class Rule(NamedTuple):
    """One rule of a search, independent of the resource."""

    condition: str
    path: str
    label: str
    kind: str
    data: Any


@dataclass(frozen=True, kw_only=True)
class SearchPage:
    """The records of one response.

    Parameters
    ----------
    records : list of dict
        As the server sent them.
    total : int or None
        The server's total of matching records, if it sent one.
    rows : int or None
        How many rows were requested, if they were fewer than the request says: more would not have fitted
        into one response.
    """

    records: list[Record]
    total: int | None
    rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class SearchRequest:
    """A request for one page of records.

    Parameters
    ----------
    resource : Resource
        Which resource to search.
    rules : tuple of Rule
        All of them must match; v1 ignores them.
    fields : tuple of str
        API names of the fields to return.
    sort : {"id", "createdAt", "lastModifiedAt"}
        The field to sort by.
    is_descending : bool
        Whether the highest values come first.
    offset, rows : int
        Rows to skip, and rows to return.
    sorts_by_list : bool
        Whether the sort is sent as a list, as Salesmate's own web app does, with the id to break ties.
    is_probe : bool
        Whether it shows what the server supports. Such a request is not retried, since some servers refuse
        a rule with HTTP 500.
    """

    resource: Resource
    rules: tuple[Rule, ...] = ()
    fields: tuple[str, ...] = ()
    sort: str = "id"
    is_descending: bool = False
    offset: int = 0
    rows: int = PAGE
    sorts_by_list: bool = False
    is_probe: bool = False

    @classmethod
    def matching(
        cls, filters: Filters, fields: Iterable[str], resource: Resource, *, statuses: Iterable[str] = ()
    ) -> Self:
        """Request the records that match, as far as the server is known to support the rule.

        The server may return more, so every row has to be checked again. Dates get a margin of one day,
        because the server reads them in the account's time zone and to the minute. No upper end of a date is
        asked for, nor any other field: rules on them were seen in no client, and a server that refuses one
        would be taken to refuse the lower end too.

        Parameters
        ----------
        filters : Filters
            What records must meet.
        fields : iterable of str
            API names of the fields to return.
        resource : Resource
            Which resource to search.
        statuses : iterable of str
            The values of ``status`` that the account lists. If one is another spelling of the wanted one,
            such as ``"Won "``, the server is not asked for either: it would leave out the other.
        """
        times = (
            ("createdAt", "Created At", filters.since("created_at")),
            ("lastModifiedAt", "Last Modified At", filters.since("last_modified_at")),
        )
        rules = [_after(*each) for each in times if each[2] is not None and each[2] > EARLIEST]
        wanted = filters.wanted("status")
        if len(wanted) == 1:  # no client is known to send a list
            (given,) = wanted
            spellings = {
                each for each in (*resource.statuses, *statuses) if comparable(each) == comparable(given)
            }
            if given == visible(given) and len(spellings) == 1 and spellings <= set(resource.statuses):
                rules.append(Rule("EQUALS", "status", "Status", "Select", *spellings))
        return cls(resource=resource, rules=tuple(rules), fields=tuple(dict.fromkeys(("id", *fields))))

    @property
    def is_filtered(self) -> bool:
        """Whether it matches fewer than all records."""
        return self.rules not in ((), _ALL)

    @property
    def rule_names(self) -> tuple[str, ...]:
        """The fields that its rules are about."""
        return tuple(rule.path for rule in self.rules)

    def unfiltered(self, *, by_epoch: bool = False) -> Self:
        """Return the request without filters.

        Parameters
        ----------
        by_epoch : bool
            Whether a rule says so that matches all records: created after 1970. An empty list of rules
            was measured to work on a live account.
        """
        return replace(self, rules=_ALL if by_epoch else ())

    def above(self, record_id: int) -> Self:
        """Return the request for records with a higher id."""
        return replace(self, rules=(*self.rules, Rule("GREATER_THAN", "id", "ID", "Number", record_id)))

    def created_from(self, since: dt.datetime, zone: ZoneInfo) -> Self:
        """Return the request for records created in the minute of a timestamp or later.

        Parameters
        ----------
        since : datetime.datetime
            With a time zone.
        zone : zoneinfo.ZoneInfo
            The account's time zone, in which the server reads the rule.
        """
        # IS_AFTER excludes the named minute
        minute_before = _rule_date(shift(in_calendar(since, zone), -_MINUTE))
        rule = Rule("IS_AFTER", "createdAt", "Created At", "DateTime", minute_before)
        return replace(self, rules=(*self.rules, rule))

    def created_within(
        self, since: dt.datetime, until: dt.datetime, condition: Literal["BETWEEN", "IS_BEFORE"]
    ) -> Self:
        """Return the request for records created between two minutes, and in the minutes of these.

        Parameters
        ----------
        since, until : datetime.datetime
            Minutes as the server's own clock shows them, without a time zone.
        condition : {"BETWEEN", "IS_BEFORE"}
            Whether one rule names both ends, or a second one the later end.
        """
        low, high = (
            _rule_date(shift(since, -_MINUTE)),
            _rule_date(shift(until, _MINUTE)),
        )  # either may be excluded
        if condition == "BETWEEN":
            rules = [Rule(condition, "createdAt", "Created At", "DateTime", [low, high])]
        else:
            rules = [
                Rule("IS_AFTER", "createdAt", "Created At", "DateTime", low),
                Rule(condition, "createdAt", "Created At", "DateTime", high),
            ]
        return replace(self, rules=(*self.rules, *rules))

    def body(self) -> dict[str, Any]:
        """Return the body of the v4 search (v4 reference, and what other connectors send)."""
        order = "desc" if self.is_descending else "asc"
        sort: Any = {"fieldName": self._qualified(self.sort), "order": order, "orderType": order}
        if self.sorts_by_list:
            by_id = {"fieldName": self._qualified("id"), "order": order, "orderType": order}
            sort = [sort] if self.sort == "id" else [sort, by_id]
        return {
            "displayingFields": [self._qualified(path) for path in self.fields],
            "filterQuery": {
                "group": {"operator": "AND", "rules": [self._rule_json(rule) for rule in self.rules]}
            },
            "sort": sort,
            "moduleId": self.resource.number,
            "reportType": "get_data",
            "getRecordsCount": True,
            "pipeline": "",
        }

    def _qualified(self, path: str) -> str:
        return f"{self.resource.singular}.{path}"

    def _rule_json(self, rule: Rule) -> dict[str, Any]:
        return {
            "condition": rule.condition,
            "moduleName": self.resource.rule_name,
            "field": {"fieldName": self._qualified(rule.path), "displayName": rule.label, "type": rule.kind},
            "data": rule.data,
            "eventType": rule.kind,
        }


def search_v4(call: RequestFunction, request: SearchRequest) -> SearchPage:
    """Fetch a page from the v4 search.

    Raises
    ------
    BadResponse
        If the response contains no list of records.
    """
    params = {**request.resource.params, "rows": request.rows, "from": request.offset}
    path = f"{request.resource.path}/search"
    payload = call("POST", path, params=params, json=request.body(), idempotent=not request.is_probe)
    return _page(payload, request.offset)


def list_v1(call: RequestFunction, request: SearchRequest) -> SearchPage:
    """Fetch a page of ``GET /v1/deals``; its paging is undocumented, so it gets the parameters of v4.

    Raises
    ------
    BadResponse
        If the response contains no list of records.
    """
    params = {"rows": request.rows, "from": request.offset}
    return _page(call("GET", _V1_PATH, params=params, idempotent=not request.is_probe), request.offset)


def record_id(record: Record) -> int:
    """Return the id of a record.

    Raises
    ------
    BadResponse
        If there is no id, or it is not a whole number from 0 to 2**63 - 1.

    Examples
    --------
    >>> record_id({"id": 7}), record_id({"id": "7.0"})
    (7, 7)
    """
    given = record.get("id")
    if type(given) is int and 0 <= given <= _MAX_ID:
        return given
    if (match := _ID.fullmatch(str(given))) and (number := int(match[1])) <= _MAX_ID:
        return number
    raise BadResponse(
        "A record has no valid id, so records cannot be distinguished. Try again; if the problem persists, "
        "contact Salesmate support."
    )


def created_at(record: Record, zone: ZoneInfo) -> dt.datetime:
    """Return when a record was created, in UTC; raise ``ValueError`` if that cannot be parsed."""
    return parse_datetime(record.get("createdAt"), zone)


def modified_at(record: Record, zone: ZoneInfo) -> dt.datetime:
    """Return when a record was last modified, in UTC; raise ``ValueError`` if that cannot be parsed."""
    return parse_datetime(record.get("lastModifiedAt"), zone)


def _page(payload: Any, offset: int) -> SearchPage:
    records = find_rows(payload)
    if records is None and _is_beyond_end(payload, offset):
        records = []
    if records is None or not all(isinstance(record, dict) for record in records):
        raise BadResponse(
            "The response contains no list of records. Check SALESMATE_API_URL and SALESMATE_LINKNAME."
        )
    return SearchPage(records=records, total=find_total(payload))


def _is_beyond_end(payload: Any, offset: int) -> bool:
    """Return whether a response counts no rows from an offset on, and has not even an empty list of them.

    A server that counts nothing may leave the list out, too, on a page after the first one.
    """
    data, total = unwrap(payload), find_total(payload)
    is_empty = isinstance(data, dict) and data.keys() <= {"data", "totalRows", "totalPages"}
    is_over = offset > 0 if total is None else total <= offset
    return is_empty and data.get("data") is None and is_over


def _after(path: str, label: str, since: dt.datetime | None) -> Rule:
    data = _EPOCH if since is None else _rule_date(since - _ZONE_MARGIN)
    return Rule("IS_AFTER", path, label, "DateTime", data)


def _rule_date(timestamp: dt.datetime) -> str:
    """Format a timestamp as rules expect it, in any locale: ``Mar 04, 2024 09:15 PM``."""
    month = timestamp.ctime()[4:7]  # in English in every locale, unlike %b
    half = "AM" if timestamp.hour < 12 else "PM"  # noqa: PLR2004 - noon; %p depends on the locale
    return f"{month} {timestamp:%d}, {timestamp.year:04} {timestamp:%I:%M} {half}"


_ALL = (_after("createdAt", "Created At", None),)
