"""Ranges of creation time that each fit one page, so that no order is needed."""

from __future__ import annotations

import datetime as dt
import math
from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal
from zoneinfo import ZoneInfo

from salesmate_nb._pagination.open_read import OpenRead
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import Record, SearchPage, SearchRequest, created_at, record_id
from salesmate_nb._values.times import in_calendar, shift

Condition = Literal["BETWEEN", "IS_BEFORE"]

_START, _END = dt.datetime(1970, 1, 1), dt.datetime(2100, 1, 1)  # noqa: DTZ001 - the server's own clock
_MINUTE = dt.timedelta(minutes=1)
_FILL = 0.7  # of a page, which a new range should hold
_PASSES = 12  # over a minute of more rows than a page holds
_MOST_PARTS = 200
_SPARE_REQUESTS = 40
_UNCOUNTED_REQUESTS = 1_000  # at most, if the server gives no total


@dataclass
class CreatedRange:
    """A range of minutes on the server's clock, both ends included, and what was read of it."""

    since: dt.datetime
    until: dt.datetime
    ids: set[int] = field(default_factory=set)
    open_pages: int = 0
    passes: int = 0


Task = tuple[SearchRequest, tuple[SearchRequest, CreatedRange]]
"""A request, and what is needed to take its response."""


class RangeStrategy:
    """Reads all rows in ranges of creation time.

    Parameters
    ----------
    zone : zoneinfo.ZoneInfo
        The zone of timestamps that are written without one.
    condition : {"BETWEEN", "IS_BEFORE"}
        How a rule names the later end.
    """

    def __init__(self, zone: ZoneInfo, condition: Condition) -> None:
        self.name = "ranges" if condition == "BETWEEN" else "ranges, two rules"
        self._zone = zone
        self._condition: Condition = condition

    def first_request(self, every: SearchRequest) -> SearchRequest:
        """Return the request for the first rows by id, which are usually the oldest."""
        return every

    def pages(self, read: OpenRead) -> Generator[SearchPage, None, bool]:
        """Yield the new rows of each range, and return whether all rows were read."""
        fields = tuple(dict.fromkeys((*read.request.fields, "createdAt")))
        start = replace(read.request, sort="createdAt", is_descending=True, fields=fields)
        newest = yield from read.get(start)
        known = [[each for each in page.records if "createdAt" in each] for page in (read.first_page, newest)]
        ranges = CreatedRanges(start, self._zone, self._condition)
        ranges.check_probe((yield from read.get(ranges.probe(*known))))
        read.is_proven = True
        before, found = set(read.rows.seen), set[int]()
        queue = deque(ranges.first([*known[0], *known[1]], read.total, len(read.first_page.records)))
        for (request, part), page in read.parallel.run(queue):
            if isinstance(page, PaginationUnsupported):
                raise page
            queue += ranges.take(request, part, page)
            found.update(map(record_id, page.records))
            yield read.rows.take(page)
        yield from read.refresh_total()
        return read.rows.after_walk(is_exact=before <= found)


class CreatedRanges:
    """Splits all time into ranges that each fit one page.

    What one response holds completely does not depend on any order. A minute that holds more rows than a
    page is read in repeated passes, until they are as many as the server counts. Every timestamp is in one
    of the ranges, whatever the server's time zone is.

    Parameters
    ----------
    start : SearchRequest
        The request for all rows.
    zone : zoneinfo.ZoneInfo
        The zone of timestamps that are written without one.
    condition : {"BETWEEN", "IS_BEFORE"}
        How a rule names the later end; no public client is known to use either.
    """

    def __init__(self, start: SearchRequest, zone: ZoneInfo, condition: Condition) -> None:
        self._start = start
        self._zone = zone
        self._condition = condition
        self._rows = start.rows
        self._span = dt.timedelta()
        self._count = 0
        self._left = 0

    def probe(self, *known: list[Record]) -> SearchRequest:
        """Return a request that shows whether both ends are supported, made from pages that were read."""
        times = max((sorted(map(self._time, records)) for records in known), key=_length)
        quarter = len(times) // 4
        self._span = times[-1 - quarter] - times[quarter] if times else dt.timedelta()
        if _length(times) <= self._span + 2 * _MINUTE:
            raise PaginationUnsupported("the rows that were read are all of about the same time")
        return self._request(CreatedRange(times[quarter], times[-1 - quarter]))

    def check_probe(self, page: SearchPage) -> None:
        """Raise `PaginationUnsupported` if the response shows that an end was ignored."""
        times = sorted(map(self._time, page.records))
        if not times:
            raise PaginationUnsupported("a range of createdAt returned nothing")
        if _length(times) > self._span + 2 * _MINUTE:
            raise PaginationUnsupported("the server ignored a range of createdAt")

    def first(self, known: Iterable[Record], total: int | None, rows: int) -> list[Task]:
        """Return the first requests, for all time.

        Parameters
        ----------
        known : iterable of dict
            Rows that were read, the newest ones among them.
        total : int or None
            How many rows there are.
        rows : int
            How many rows a page holds.
        """
        self._rows = rows
        times = sorted(map(self._time, known))
        self._count = count = total or len(times)
        self._left = _SPARE_REQUESTS + (_UNCOUNTED_REQUESTS if total is None else 4 * math.ceil(count / rows))
        since, until = shift(times[0], -_MINUTE), shift(times[-1], _MINUTE)
        inner = self._parts(CreatedRange(since, until), count)
        inner[0].since, inner[-1].until = min(_START, since), max(_END, until)
        return self._tasks(inner)

    def take(self, request: SearchRequest, part: CreatedRange, page: SearchPage) -> list[Task]:
        """Take a response, and return the requests that it makes necessary.

        Raises
        ------
        PaginationUnsupported
            If ranges do not get smaller, or a minute of many rows is not counted.
        """
        if page.rows is not None and page.rows < self._rows:  # more did not fit into one response
            self._rows = page.rows
            self._left += 4 * math.ceil(self._count / self._rows)
        part.ids.update(map(record_id, page.records))
        part.open_pages = max(part.open_pages - 1, 0)
        if request.offset == 0 and not part.passes and self._is_whole(page):
            return []
        if part.since < part.until:
            return self._tasks(self._parts(part, page.total or 2 * self._rows))
        return self._next_pass(part, page)

    def _is_whole(self, page: SearchPage) -> bool:
        """Return whether one response holds all rows; a full page may not, whatever its total says."""
        count = len(page.records)
        return count < self._rows and (page.total or 0) <= count

    def _next_pass(self, part: CreatedRange, page: SearchPage) -> list[Task]:
        """Return the requests for all pages of one minute, once those before have arrived."""
        if part.open_pages or (page.total and len(part.ids) >= page.total):
            return []
        if not page.total or part.passes == _PASSES:
            raise PaginationUnsupported("a minute of many rows cannot be read")
        part.passes += 1
        offsets = range(0, page.total, self._rows)
        part.open_pages = len(offsets)
        return [self._task(part, offset) for offset in offsets]

    def _parts(self, part: CreatedRange, count: int) -> list[CreatedRange]:
        """Split a range into equal parts of whole minutes, so that each should fill a good part of a page."""
        minutes = (part.until - part.since) // _MINUTE + 1
        parts = min(max(math.ceil(count / (_FILL * self._rows)), 2), minutes, _MOST_PARTS)
        starts = [part.since + number * minutes // parts * _MINUTE for number in range(parts)]
        ends = [start - _MINUTE for start in starts[1:]] + [part.until]
        return [CreatedRange(since, until) for since, until in zip(starts, ends, strict=True)]

    def _tasks(self, parts: list[CreatedRange]) -> list[Task]:
        self._left -= len(parts)
        if self._left < 0:
            raise PaginationUnsupported("ranges of createdAt do not get smaller")
        return [self._task(part) for part in parts]

    def _task(self, part: CreatedRange, offset: int = 0) -> Task:
        request = replace(self._request(part), offset=offset)
        return request, (request, part)

    def _request(self, part: CreatedRange) -> SearchRequest:
        return self._start.created_within(part.since, part.until, self._condition)

    def _time(self, record: Record) -> dt.datetime:
        try:
            local = in_calendar(created_at(record, self._zone), self._zone)
        except (ValueError, OverflowError, TypeError):
            raise PaginationUnsupported("createdAt of a record cannot be parsed") from None
        return local.replace(second=0, microsecond=0, tzinfo=None)


def _length(times: list[dt.datetime]) -> dt.timedelta:
    return times[-1] - times[0] if times else dt.timedelta()
