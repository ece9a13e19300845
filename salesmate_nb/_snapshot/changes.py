"""Rows modified since a watermark, read newest first until they are known to be all."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._frames.arrow import BatchBuilder
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import PAGE, Record, SearchPage, SearchRequest, modified_at, record_id
from salesmate_nb._snapshot.merge import minutes, rows_from, upsert

OVERLAP = dt.timedelta(minutes=15)  # servers' clocks differ, and an index shows edits late
_FOLD = dt.timedelta(minutes=62)  # without a zone, one hour of autumn occurs twice
_ZONED = re.compile(r".*(Z|[+-]\d\d:?\d\d)|\d+(\.\d+)?")
_LATEST = dt.datetime.max.replace(tzinfo=dt.UTC)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # the watermark that every change is after
_CLOCK_MARGIN = dt.timedelta(days=1)  # by how much this machine's clock may be fast
_FEW_REQUESTS = 8


class FullReadDue(PaginationUnsupported):
    """All rows have to be read now, though another time their changes may suffice."""


def most_requests(rows: int, page: int = PAGE) -> int:
    """Return how many requests may go into the changes among so many rows: half of a full read's."""
    return max(_FEW_REQUESTS, rows // max(page, 1) // 2)


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What a read of changes returned.

    Parameters
    ----------
    table : pyarrow.Table
        The rows, with changes applied.
    watermark : datetime
        The newest ``lastModifiedAt``, or when the read began if that is earlier.
    total : int or None
        The server's total of all rows.
    ids : frozenset of int
        The rows that were read.
    """

    table: pa.Table
    watermark: dt.datetime
    total: int | None
    ids: frozenset[int]


@dataclass
class _Listed:
    """What one or several passes over the changes returned.

    Attributes
    ----------
    records : dict of int to dict
        Every row, as it came last.
    found : dict of int to datetime
        When each row that counts was changed: none that may have been deleted since.
    before : dict of int to datetime
        The same after the pass before.
    totals : set of (int or None)
        The totals of the pass.
    bound : datetime
        Since when all changes are wanted. Rows of before may come too, but do not count.
    end : int
        How many rows of the list were changed since then.
    """

    records: dict[int, Record] = field(default_factory=dict)
    found: dict[int, dt.datetime] = field(default_factory=dict)
    before: dict[int, dt.datetime] = field(default_factory=dict)
    totals: set[int | None] = field(default_factory=set)
    bound: dt.datetime = _LATEST
    end: int = 0

    def take(self, page: SearchPage, times: Sequence[dt.datetime] = ()) -> None:
        """Take the rows of a page; they count if times are given."""
        ids = list(map(record_id, page.records))
        self.records |= zip(ids, page.records, strict=True)
        self.found |= zip(ids, times, strict=False)

    def since_bound(self, times: Mapping[int, dt.datetime]) -> set[int]:
        """Return the rows that were changed since the bound."""
        return {number for number, time in times.items() if time >= self.bound}


class Changes:
    """Reads the rows modified last, newest first, until the watermark and an overlap are passed.

    Rows with the same ``lastModifiedAt``, as a bulk edit leaves them, may come in another order in each
    request. Where the oldest change stands in the list shows how many there are: if fewer were read, the
    pages are read again, with at most half the requests of a full read. One page is whole on its own.

    Parameters
    ----------
    fetch : callable
        Requests a page; raises `PaginationUnsupported` if the server refuses the request.
    request : SearchRequest
        Selects all rows and fields.
    builder : BatchBuilder
        Converts records to typed rows.
    zone : zoneinfo.ZoneInfo
        The time zone of timestamps written without one.
    server_time : callable, optional
        Returns what the server's clock said in its last response; ``None`` if it did not say.
    now : datetime, optional
        When the refresh began, by this machine's clock.
    """

    def __init__(
        self,
        fetch: Callable[[SearchRequest], SearchPage],
        request: SearchRequest,
        builder: BatchBuilder,
        zone: ZoneInfo,
        *,
        server_time: Callable[[], dt.datetime | None] = lambda: None,
        now: dt.datetime | None = None,
    ) -> None:
        self._fetch = fetch
        self._now = now or dt.datetime.now(dt.UTC)
        self._request = replace(request, sort="lastModifiedAt", is_descending=True)
        self._builder = builder
        self._zone = zone
        self._server_time = server_time
        self._left = 0
        self._held: dict[int, int | None] = {}
        self.began_at = self._now

    @property
    def sorts_by_list(self) -> bool:
        """Whether the sort is sent as a list."""
        return self._request.sorts_by_list

    def newest(self) -> dt.datetime | None:
        """Return the newest ``lastModifiedAt`` of all rows, or ``None`` if none of a page can be read.

        One in the future is not when anything changed: then it is now.
        """
        try:
            page = self._fetch(replace(self._request, fields=("id", "lastModifiedAt")))
        except PaginationUnsupported:
            return None
        self._note_time()
        times = list(filter(None, map(self._modified_at, page.records)))
        return min(times[0], self.began_at) if times else None if page.records else EPOCH

    def apply(
        self,
        table: pa.Table,
        watermark: dt.datetime,
        *,
        overlap: dt.timedelta = OVERLAP,
        settled: dt.datetime = EPOCH,
    ) -> Changed:
        """Upsert rows modified since the watermark.

        Parameters
        ----------
        table : pyarrow.Table
            The rows that are known.
        watermark : datetime
            All changes up to it are known, but those that the server reported late.
        overlap : timedelta
            By how much the server may be late.
        settled : datetime
            What changed before it was reported by now: a page of such rows that the table holds as they are
            ends the list.

        Raises
        ------
        FullReadDue
            If the changes take more requests than `most_requests`.
        PaginationUnsupported
            If the server cannot list rows by their last change.
        """
        self._held = minutes(table)
        first = self._fetch(self._request)
        self._left = most_requests(table.num_rows, len(first.records))
        self._note_time()
        if not first.records and (first.total or table.num_rows):
            raise FullReadDue("a page of changes is empty")
        limit, settled = min(watermark, self.began_at) - overlap, settled.replace(second=0, microsecond=0)
        page, listed = first, _Listed()
        while not self._is_whole(listed, page := self._pass(listed, page, limit, settled, table)):
            if listed.end > self._left * len(page.records):
                raise FullReadDue("the changes take as many requests as all rows")
        updated = upsert(table, rows_from(self._builder, listed.records.values()))
        times = list(filter(None, map(self._modified_at, first.records)))
        newest = min(times[0], self.began_at) if times else min(watermark, self.began_at)
        ids = frozenset(listed.records)
        return Changed(table=updated, watermark=newest, total=page.total, ids=ids)

    def _pass(
        self, listed: _Listed, page: SearchPage, limit: dt.datetime, settled: dt.datetime, table: pa.Table
    ) -> SearchPage:
        """Read all pages down to the limit; return the first one as it is now, if there are several."""
        listed.before = dict(listed.found)
        if {page.total} != listed.totals or page.total is None:  # deleted rows do not stand for others
            listed.found.clear()
        listed.totals = {page.total}
        first, times = page, list[dt.datetime]()  # of all rows of the list
        while True:
            own = self._times(page)
            rows = list(_filled(own, times[-1] if times else _LATEST))
            listed.take(page, rows)
            times += rows
            listed.bound = _minute(limit, page)
            if not rows or (rows[-1] < listed.bound and self._is_held(page, own, listed.bound)):
                break
            if self._is_settled(page, own, settled, table):
                listed.bound = settled
                break
            if page.total is not None and len(times) >= page.total:
                break
            page = self._get(len(times))
            listed.totals.add(page.total)
            if not page.records and page.total:
                raise FullReadDue("a page of changes is empty")
        listed.end = sum(time >= listed.bound for time in times)
        if len(times) == len(first.records):
            return first
        again = self._get(0)  # a row that changed while these pages were read moved to the front
        listed.totals.add(again.total)
        listed.take(again)
        return again

    def _is_whole(self, listed: _Listed, first: SearchPage) -> bool:
        """Return whether as many rows were read as the list has, and none was deleted while that took.

        Without a total, two passes have to agree.
        """
        found = listed.since_bound(listed.found)
        if len(found) < listed.end or listed.end <= len(first.records):
            return len(found) >= listed.end
        return found == listed.since_bound(listed.before) if first.total is None else len(listed.totals) == 1

    def _get(self, offset: int) -> SearchPage:
        if not self._left:
            raise FullReadDue("the changes take as many requests as all rows")
        self._left -= 1
        return self._fetch(replace(self._request, offset=offset))

    def _note_time(self) -> None:
        """Note when the read began: never later than the server's own clock says."""
        server_time = self._server_time()
        self.began_at = self._now - _CLOCK_MARGIN if server_time is None else min(self._now, server_time)

    def _times(self, page: SearchPage) -> list[dt.datetime | None]:
        """Return when each row of a page was changed, to the minute; ``None`` if that cannot be read.

        Some servers sort by the second, but write the minute.
        """
        times = [
            time and time.replace(second=0, microsecond=0) for time in map(self._modified_at, page.records)
        ]
        readable = list(filter(None, times))
        if readable != sorted(readable, reverse=True):
            raise PaginationUnsupported("rows are not sorted by lastModifiedAt")
        return times

    def _is_held(self, page: SearchPage, times: Sequence[dt.datetime | None], limit: dt.datetime) -> bool:
        """Return whether all rows from before the limit are known with their times.

        If one is not, the server was late, and more such rows may follow.
        """
        ids = map(record_id, page.records)
        old = [(number, time) for number, time in zip(ids, times, strict=True) if time and time < limit]
        return all(self._held.get(number) == time.timestamp() * 1e6 for number, time in old)

    def _is_settled(
        self, page: SearchPage, times: Sequence[dt.datetime | None], settled: dt.datetime, table: pa.Table
    ) -> bool:
        """Return whether a page shows nothing new, and changed so long ago that nothing new follows."""
        if not all(time and time < settled for time in times) or not all(map(_is_zoned, page.records)):
            return False
        rows = rows_from(self._builder, page.records).sort_by("id")
        return bool(table.filter(pc.is_in(table.column("id"), rows.column("id"))).equals(rows))

    def _modified_at(self, record: Record) -> dt.datetime | None:
        try:
            return modified_at(record, self._zone)
        except (ValueError, TypeError, OverflowError):
            return None


def _filled(times: Sequence[dt.datetime | None], before: dt.datetime) -> Iterator[dt.datetime]:
    """Yield the time of each row, or if that cannot be read, the one before it."""
    for time in times:
        before = time or before
        yield before


def _minute(limit: dt.datetime, page: SearchPage) -> dt.datetime:
    """Return the first minute whose changes are wanted, as a page writes its timestamps."""
    limit = limit if all(map(_is_zoned, page.records)) else limit - _FOLD
    return limit.replace(second=0, microsecond=0)


def _is_zoned(record: Record) -> bool:
    return _ZONED.fullmatch(str(record.get("lastModifiedAt"))) is not None
