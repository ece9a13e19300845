"""Ranges of creation time that each fit one page, so that no order is needed."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Generator, Iterable
from dataclasses import replace
from typing import Literal
from zoneinfo import ZoneInfo

from salesmate_nb._pagination.created.walks import Walk, run_walks
from salesmate_nb._pagination.open_read import OpenRead, is_round
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import Record, SearchPage, SearchRequest, created_at, record_id
from salesmate_nb._values.times import in_calendar, shift

Condition = Literal["BETWEEN", "IS_BEFORE"]

_START, _END = dt.datetime(1970, 1, 1), dt.datetime(2100, 1, 1)  # noqa: DTZ001 - the server's own clock
_MINUTE = dt.timedelta(minutes=1)
_FILL = 0.82  # of a page, which a new range should hold
_SURE = 0.82  # of a page, which certainly fits: without an order, some of the oldest rows may not have come
_MOST_GROWTH = 4  # from one range to the next
_FEWEST_PARTS = 2  # of a range that is too long, if nothing shows where its rows are
_FEWEST_PAGES = 8  # of a walk
_FUTILE_PASSES = 3  # over a minute of more rows than a page, that bring no new row though there are more
_SPARE_REQUESTS = 60
_REQUESTS_PER_PAGE = 4
_UNCOUNTED_REQUESTS = 1_000  # at most, if the server gives no total


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
        self.needs_offsets = False
        self.is_proven_by_keys = True
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
        rows = max(len(read.first_page.records), len(newest.records), 1)
        ranges = CreatedRanges(replace(start, is_descending=False), self._zone, self._condition, rows)
        ranges.check_probe((yield from read.get(ranges.probe(*known))))
        read.is_proven = True
        before, found = set(read.rows.seen), set[int]()
        walks = ranges.walks([*known[0], *known[1]], read.total, read.parallel.workers)
        for _, page in run_walks(read.parallel, [(next(walk), walk) for walk in walks]):
            found.update(map(record_id, page.records))
            yield read.rows.take(page)
        read.refresh_total()
        return read.rows.after_walk(is_exact=before <= found)


class CreatedRanges:
    """Walks over all time in ranges that each fit one page.

    What one response holds completely does not depend on any order. How long a range should be is known
    from the one before it; if it holds more than a page, then from the rows that came, the oldest of them.
    A minute that holds more rows than a page is read in repeated passes, until they are as many as the
    server counts. Every timestamp is in one of the ranges, whatever the server's time zone is.

    Parameters
    ----------
    start : SearchRequest
        The request for all rows, oldest first.
    zone : zoneinfo.ZoneInfo
        The zone of timestamps that are written without one.
    condition : {"BETWEEN", "IS_BEFORE"}
        How a rule names the later end; no public client is known to use either.
    rows : int
        How many rows a page holds.
    """

    def __init__(self, start: SearchRequest, zone: ZoneInfo, condition: Condition, rows: int) -> None:
        self._start = start
        self._zone = zone
        self._condition: Condition = condition
        self._rows = rows
        self._span = dt.timedelta()
        self._count = 0
        self._left = _SPARE_REQUESTS

    def probe(self, *known: list[Record]) -> SearchRequest:
        """Return a request that shows whether both ends are supported, made from pages that were read."""
        times = max((sorted(map(self._time, records)) for records in known), key=_length)
        quarter = len(times) // 4
        self._span = times[-1 - quarter] - times[quarter] if times else dt.timedelta()
        if _length(times) <= self._span + 2 * _MINUTE:
            raise PaginationUnsupported("the rows that were read are all of about the same time")
        return self._request(times[quarter], times[-1 - quarter])

    def check_probe(self, page: SearchPage) -> None:
        """Raise `PaginationUnsupported` if the response shows that an end was ignored."""
        times = sorted(map(self._time, page.records))
        if not times:
            raise PaginationUnsupported("a range of createdAt returned nothing")
        if _length(times) > self._span + 2 * _MINUTE:
            raise PaginationUnsupported("the server ignored a range of createdAt")

    def walks(self, known: Iterable[Record], total: int | None, workers: int) -> list[Walk]:
        """Return walks that together cover all time, one for each worker if there are many rows.

        Parameters
        ----------
        known : iterable of dict
            Rows that were read, the newest ones among them.
        total : int or None
            How many rows there are.
        workers : int
            How many requests run side by side.
        """
        times = sorted(map(self._time, known))
        self._count = total or len(times)
        pages = math.ceil(self._count / self._rows)
        self._left += _UNCOUNTED_REQUESTS if total is None else _REQUESTS_PER_PAGE * pages
        count = max(min(workers, pages // _FEWEST_PAGES), 1)
        minutes = (times[-1] - times[0]) // _MINUTE + 1
        starts = [times[0] + minutes * number // count * _MINUTE for number in range(count)]
        goals = [*(shift(start, -_MINUTE) for start in starts[1:]), times[-1]]
        span = minutes * _FILL / max(pages, 1)
        since, until = min(_START, shift(times[0], -_MINUTE)), max(_END, shift(times[-1], _MINUTE))
        walks = zip([since, *starts[1:]], starts, goals, [*goals[:-1], until], strict=True)
        return [self._walk(*each, span) for each in walks]

    def _walk(
        self, since: dt.datetime, first: dt.datetime, goal: dt.datetime, until: dt.datetime, span: float
    ) -> Walk:
        """Read a stretch of time from its start to its end.

        Parameters
        ----------
        since, until : datetime.datetime
            Its first and its last minute.
        first, goal : datetime.datetime
            The first and the last minute in it that are likely to have rows.
        span : float
            How many minutes probably fill a page.
        """
        end = _evenly(first, goal, until, span)
        while since <= until:
            page = yield self._request(since, end)
            if self._is_whole(page):
                minutes = (end - max(since, first)) // _MINUTE + 1
                rate = max(len(page.records), 1) / (_FILL * self._rows)
                span = min(minutes / rate, _MOST_GROWTH * max(span, minutes))
                last = end
            else:
                came = list(map(self._time, page.records))
                times = sorted(came)
                if not times:
                    raise PaginationUnsupported("a range of createdAt returned nothing")
                last = times[int(_SURE * (len(times) - 1))]  # which probably fits, if the oldest came
                # the minute before may be included, and alone fill the page
                if end == since or -_MINUTE <= last - since < 2 * _MINUTE or times[0] == last >= since:
                    last = max(min(last, end), since)
                    yield from self._full_minutes(since, last)
                elif came == times and last - since > 2 * _MINUTE and last - end < 2 * _MINUTE:
                    end = last - 2 * _MINUTE  # a row of the minute after the end may be included
                    continue
                else:  # not sorted, or the server's clock is not that of the settings
                    parts = max((page.total or 0) / (_FILL * self._rows), _FEWEST_PARTS)
                    end = since + int((end - since) // _MINUTE / parts) * _MINUTE
                    continue
            if last >= until:  # nothing may follow it: it may be the end of the calendar
                return
            since = last + _MINUTE
            first = max(since, first)
            end = _evenly(first, goal, until, span)

    def _full_minutes(self, since: dt.datetime, until: dt.datetime) -> Walk:
        """Read all pages of minutes that may not fit one, until every row came.

        That is when they are as many as their number, which stayed the same.
        """
        ids, total, futile = set[int](), -1, 0
        while futile < _FUTILE_PASSES:
            known, totals, offset = len(ids), {total}, 0
            while offset == 0 or offset < total:
                page = yield replace(self._request(since, until), offset=offset)
                self._fit(page)
                if offset == 0 and self._is_whole(page):
                    return
                if not page.total:
                    break
                if is_round(page.total):
                    raise PaginationUnsupported("a minute ends where a search may have stopped to count")
                ids.update(map(record_id, page.records))
                totals.add(page.total)
                total, offset = page.total, offset + self._rows
            if totals == {total} == {len(ids)}:
                return
            if len(totals) > 1 or len(ids) > total:  # some came or were deleted: count again
                ids.clear()
            futile = futile + 1 if len(ids) <= known else 0
        raise PaginationUnsupported("a minute of many rows cannot be read")

    def _is_whole(self, page: SearchPage) -> bool:
        """Return whether one response holds all rows; a full page may not, whatever its total says."""
        count = len(page.records)
        self._fit(page)
        return count < self._rows and (page.total or 0) <= count

    def _fit(self, page: SearchPage) -> None:
        """Take how many rows fit into a response: fewer than before, if a page was too large."""
        if page.rows is None:
            self._rows = max(self._rows, len(page.records))
        elif page.rows < self._rows:
            self._rows = page.rows
            self._left += _REQUESTS_PER_PAGE * math.ceil(self._count / self._rows)

    def _request(self, since: dt.datetime, until: dt.datetime) -> SearchRequest:
        self._left -= 1
        if self._left < 0:
            raise PaginationUnsupported("ranges of createdAt do not get smaller")
        return self._start.created_within(since, until, self._condition)

    def _time(self, record: Record) -> dt.datetime:
        try:
            local = in_calendar(created_at(record, self._zone), self._zone)
        except (ValueError, OverflowError, TypeError):
            raise PaginationUnsupported("createdAt of a record cannot be parsed") from None
        return local.replace(second=0, microsecond=0, tzinfo=None)


def _length(times: list[dt.datetime]) -> dt.timedelta:
    return times[-1] - times[0] if times else dt.timedelta()


def _evenly(since: dt.datetime, goal: dt.datetime, until: dt.datetime, span: float) -> dt.datetime:
    """Return the last minute of the first of several ranges, all about equally long, up to a goal."""
    minutes = max((goal - since) // _MINUTE + 1, 1)
    length = max(math.ceil(minutes / math.ceil(minutes / max(span, 1.0))), 1)
    return since + (length - 1) * _MINUTE if length < minutes else max(until, since)
