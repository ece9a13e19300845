"""Which rules the search for deals applies, ignores or refuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal
from zoneinfo import ZoneInfo

from salesmate_nb._doctor.pages import if_page
from salesmate_nb._doctor.probes import Probes
from salesmate_nb._frames.parsing import parse_datetime
from salesmate_nb._search.search import Record, SearchPage, SearchRequest, record_id
from salesmate_nb._values.times import in_calendar, shift
from salesmate_nb.errors import BadResponse
from salesmate_nb.resources import DEALS

_MARGIN = dt.timedelta(hours=26)  # more than any two time zones differ: a rule may be read in another zone
_EVERY = SearchRequest(resource=DEALS, fields=("id", "createdAt", "lastModifiedAt"))
_NO_DATES = "not tried: no dates can be read"


class RuleTrials:
    """Tries rules on the deals; a page that was read without rules shows which records each must leave out.

    Parameters
    ----------
    probes : Probes
        Makes one request for each rule.
    base : SearchPage
        A page of deals, read without rules.
    zone : zoneinfo.ZoneInfo
        The time zone of dates without one.
    """

    def __init__(self, probes: Probes, base: SearchPage, zone: ZoneInfo) -> None:
        self._probes = probes
        self._base = base
        self._zone = zone

    def all(self) -> dict[str, str]:
        """Return what the server does with each rule."""
        return {
            "rule on id": self._above_an_id(),
            "createdAt, one end": self._after("createdAt", "Created At"),
            "createdAt, both ends": self.within("IS_BEFORE"),
            "lastModifiedAt": self._after("lastModifiedAt", "Last Modified At"),
            "rule of 1970": self._epoch(),
        }

    def within(self, condition: Literal["BETWEEN", "IS_BEFORE"]) -> str:
        """Return what the server does with a range of ``createdAt``, as one rule or as two."""
        times = self._times(self._base.records, "createdAt")
        if len(times) < 2:  # noqa: PLR2004 - a range has two ends
            return _NO_DATES
        quarter = (times[-1] - times[0]) / 4
        low, high = times[0] + quarter, times[-1] - quarter
        since, until = (in_calendar(end, self._zone).replace(tzinfo=None) for end in (low, high))
        lowest, highest = shift(low, -_MARGIN), shift(high, _MARGIN)

        def is_outside(record: Record) -> bool:
            found = self._times([record], "createdAt")
            return any(time < lowest or time > highest for time in found)

        return self._verdict(_EVERY.created_within(since, until, condition), is_outside)

    def _above_an_id(self) -> str:
        try:
            middle = sorted(map(record_id, self._base.records))[(len(self._base.records) - 1) // 2]
            return self._verdict(_EVERY.above(middle), lambda record: record_id(record) <= middle)
        except (BadResponse, IndexError):
            return "not tried: an id is not a number"

    def _after(self, path: str, label: str) -> str:
        times = self._times(self._base.records, path)
        if len(times) < 2:  # noqa: PLR2004 - in the middle of two
            return _NO_DATES
        middle = times[0] + (times[-1] - times[0]) / 2
        [rule] = _EVERY.created_from(middle, self._zone).rules
        lowest = shift(middle, -_MARGIN)

        def is_outside(record: Record) -> bool:
            return any(time < lowest for time in self._times([record], path))

        return self._verdict(replace(_EVERY, rules=(rule._replace(path=path, label=label),)), is_outside)

    def _epoch(self) -> str:
        page = self._probes.search(replace(_EVERY.unfiltered(by_epoch=True), rows=1))
        if isinstance(page, SearchPage) and page.total and self._base.total and page.total < self._base.total:
            return "fewer rows than without"
        return if_page(page, "all rows")

    def _verdict(self, request: SearchRequest, is_outside: Callable[[Record], bool]) -> str:
        base, page = self._base, self._probes.search(request)
        if isinstance(page, str):
            return page
        if any(map(is_outside, page.records)):
            return "ignored"
        if not any(map(is_outside, base.records)):
            return "accepted; whether it is applied cannot be seen"
        if not page.records:
            return "accepted, but finds nothing"
        is_counted = page.total is not None and base.total is not None and base.total > len(base.records)
        return "ignored" if is_counted and page.total == base.total else "applied"

    def _times(self, records: Iterable[Record], path: str) -> list[dt.datetime]:
        """Return the times that can be read, sorted."""
        times = []
        for record in records:
            try:
                times.append(parse_datetime(record.get(path), self._zone))
            except (ValueError, OverflowError):
                continue
        return sorted(times)
