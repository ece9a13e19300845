"""Offsets by creation time: pages that prove by their keys, not by ids, that no row slipped between them."""

from __future__ import annotations

import itertools
import math
import re
import sys
from collections.abc import Generator
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from salesmate_nb._pagination.created.walks import Walk, run_walks, start_walk
from salesmate_nb._pagination.open_read import OpenRead
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import Record, SearchPage, SearchRequest, created_at, record_id

_MINUTE = 60  # seconds
_REWIND = 32  # a part of a page, to go back after the first gap; doubled while the gap remains
_MOST_REWINDS = 9
_FUTILE_ROUNDS = 3  # over the rows of one key, that bring no new row though there are more
_MOST_RECOUNTS = 3  # of the rows of one key, because some were deleted in between
_FEWEST_PAGES = 3  # of a walk
_FEWEST_ROWS = 3  # of a page
_HAS_SECONDS = re.compile(r"\s*\d+(?:\.\d+)?\s*|.*\d:\d\d:\d\d.*", re.DOTALL)


class _UnsortedError(PaginationUnsupported):
    """Keys to the second descend; those to the minute may not."""


@dataclass(frozen=True, kw_only=True)
class _Page:
    """A page in the order of its keys; rows of equal keys have none."""

    offset: int
    keys: list[int]
    ids: list[int]
    is_last: bool
    is_full: bool  # more rows would not have fitted

    @property
    def end(self) -> int:
        """The offset after the last row."""
        return self.offset + len(self.ids)

    @property
    def last_key_at(self) -> int:
        """The index of the first row of the last key."""
        return self.keys.index(self.keys[-1])

    @property
    def has_one_key(self) -> bool:
        """Whether all rows have the same key."""
        return bool(self.keys) and self.keys[0] == self.keys[-1]

    def straddles(self, key: int) -> bool:
        """Return whether the page begins below a key, or with the list, and has it or a later one."""
        return bool(self.keys) and (self.offset == 0 or self.keys[0] < key) and self.keys[-1] >= key

    def start_of(self, key: int) -> int:
        """Return the offset of the first row that is not below a key."""
        return self.offset + sum(each < key for each in self.keys)

    def end_of(self, key: int) -> int:
        """Return the offset of the first row above a key."""
        return self.offset + sum(each <= key for each in self.keys)

    def of(self, key: int) -> set[int]:
        """Return the ids of the rows of a key."""
        return {number for number, each in zip(self.ids, self.keys, strict=True) if each == key}

    def between(self, low: int | None, high: int) -> set[int]:
        """Return the ids of the rows whose keys lie between two, both excluded."""
        rows = zip(self.ids, self.keys, strict=True)
        return {number for number, key in rows if (low is None or low < key) and key < high}

    def after(self, page: _Page) -> _Page:
        """Return this page, as the last one if it ends where the page before did."""
        is_same = self.offset > page.offset and self.end <= page.end and self.keys[-1:] <= page.keys[-1:]
        return replace(self, is_last=self.is_last or (is_same and not self.is_full))


def _overlap(pages: list[_Page]) -> bool:
    """Return whether each page begins with the rows that the page before it ends with."""
    return all(
        (shared := page.end - later.offset) > 0 and page.ids[-shared:] == later.ids[:shared]
        for page, later in itertools.pairwise(pages)
    )


class CreatedOffsets:
    """Reads all rows by offsets, sorted by ``createdAt``, whatever the order of rows that share one.

    ``createdAt`` never changes. So a page that begins below a key and ends above it holds every row of that
    key, whatever colleagues create or delete, and however rows of equal keys are ordered: each page starts
    one row before the last key of the page before it. A key of more rows than a page holds lies between two
    offsets, which count its rows; its pages are read again until as many were found.

    Keys are seconds, or minutes if the server writes no seconds or does not sort by them.

    Parameters
    ----------
    zone : zoneinfo.ZoneInfo
        The account's time zone.
    is_descending : bool
        Whether the newest rows come first.
    """

    def __init__(self, zone: ZoneInfo, *, is_descending: bool = False) -> None:
        self.name = "offsets by createdAt" + (", newest first" if is_descending else "")
        self.needs_offsets = True
        self.is_proven_by_keys = True
        self._zone = zone
        self._is_descending = is_descending

    def first_request(self, every: SearchRequest) -> SearchRequest:
        """Return the request for the first page by creation time."""
        fields = tuple(dict.fromkeys((*every.fields, "createdAt")))
        return replace(every, sort="createdAt", is_descending=self._is_descending, fields=fields)

    def pages(self, read: OpenRead) -> Generator[SearchPage, None, bool]:
        """Yield the new rows of each page, and return whether all rows were read."""
        try:
            return (yield from self._pages_by(read, 1))
        except _UnsortedError:
            return (yield from self._pages_by(read, _MINUTE))

    def _pages_by(self, read: OpenRead, unit: int) -> Generator[SearchPage, None, bool]:
        walks = KeyWalks(read, self.first_request(read.request), self._zone, unit)
        first = walks.first_walk()
        request = yield from start_walk(first, read, 2)  # pages that show whether it keeps this order
        if request is not None:
            read.is_proven = True
            walkers = [(request, first)]
            for offset in walks.further_starts(request.offset):
                walk = walks.further_walk(offset)
                walkers.append((next(walk), walk))
            for done, page in run_walks(read.parallel, walkers):
                read.rows.record_total(done, page)
                yield read.rows.take(page)
        read.refresh_total()
        return read.rows.after_walk(is_exact=True)


class KeyWalks:
    """Walks over one sorted list, each from an offset until the next one takes over.

    Parameters
    ----------
    read : OpenRead
        Knows the total, and how many requests run side by side.
    start : SearchRequest
        The request for the first page.
    zone : zoneinfo.ZoneInfo
        The account's time zone.
    unit : int
        How many seconds a key is.
    """

    def __init__(self, read: OpenRead, start: SearchRequest, zone: ZoneInfo, unit: int) -> None:
        self._read = read
        self._start = start
        self._zone = zone
        self._unit = unit
        self._rows = 0
        self._first_keys: dict[int, int] = {}  # of walks, by the offset where they began

    def further_starts(self, offset: int) -> list[int]:
        """Return where to begin further walks over the rows from an offset on; none without a total."""
        total, step = self._read.total, max(self._rows - 1, 1)
        if total is None:
            return []
        pages = -(-(total - offset) // step)
        count = min(self._read.parallel.workers, pages // _FEWEST_PAGES)
        return [offset + pages * number // count * step for number in range(1, count)]

    def first_walk(self) -> Walk:
        """Walk from the start of the list to its end, or until another walk covers what follows."""
        page = yield from self._get(0)
        if page.has_one_key and self._start.is_descending:  # costly, should the order be of no use
            raise PaginationUnsupported("the newest rows are all of one time")
        yield from self._walk_on(0, page)

    def further_walk(self, offset: int) -> Walk:
        """Walk from an offset; the walk before reads the key that it begins with.

        If the server refuses so deep an offset, the walk before goes on in its place.
        """
        try:
            page = yield from self._get(offset)
        except PaginationUnsupported:
            return
        while page.has_one_key and not page.is_last:
            page = yield from self._get(page.end)
        if page.ids:
            self._first_keys[offset] = page.keys[0]
            yield from self._walk_on(offset, page)

    def _walk_on(self, start: int, page: _Page) -> Walk:
        farthest, futile = -math.inf, 0
        while page.ids and not page.is_last and not self._is_covered(start, page):
            futile = 0 if page.keys[-1] > farthest else futile + 1
            farthest = max(farthest, page.keys[-1])
            if futile == _MOST_REWINDS:
                raise PaginationUnsupported("going back does not close a gap")
            is_long = page.last_key_at <= 1  # the page that follows would begin no later
            page = yield from self._beyond_long_key(page) if is_long else self._following(page)

    def _is_covered(self, start: int, page: _Page) -> bool:
        """Return whether a page goes on beyond the key that a later walk began with."""
        return any(later > start and page.keys[-1] > key for later, key in self._first_keys.items())

    def _following(self, page: _Page) -> Generator[SearchRequest, SearchPage, _Page]:
        """Return the page that follows without a gap: it begins below the last key of the page before."""
        key, offset, missing = page.keys[-1], page.offset + page.last_key_at - 1, set[int]()
        for rewind in range(_MOST_REWINDS):
            found = yield from self._get(max(offset, 0))
            if found.ids == page.ids and found.offset != page.offset:
                raise PaginationUnsupported("the server returned the same page again")
            if found.straddles(key):
                expected = page.between(found.keys[0] if found.offset else None, key)
                lost = expected.difference(found.ids)
                if len(lost) * 2 > len(expected) > 1:
                    raise PaginationUnsupported("rows come again in another order")
                if lost <= missing:  # none, or deleted ones, which did not come in two responses
                    return found.after(page)
                missing |= lost
            else:
                offset -= max(self._rows // _REWIND, 1) * 2**rewind
        raise PaginationUnsupported("going back does not close a gap")

    def _beyond_long_key(self, page: _Page) -> Generator[SearchRequest, SearchPage, _Page]:
        """Read all rows of a key that fills a page, and return the page that goes on beyond it.

        They are as many as lie between the offsets of the keys before and after it. Colleagues shift those,
        so the count holds only if they are the same afterwards. A row that was read and then deleted would
        stand for one that was not read: so rows count if none was deleted between two equal counts, or if
        no gap shows in the round that read them.
        """
        key, ids, counted, recounts, futile = page.keys[-1], set[int](), None, 0, 0
        first, end = (yield from self._start_of(key, page)), self._read.total
        while futile < _FUTILE_ROUNDS and recounts <= _MOST_RECOUNTS:
            known, pages = len(ids), [first]
            yield from self._round(key, pages, end, slack=0 if counted is None else self._rows // 10)
            found, end = pages[-1], pages[-1].end_of(key)
            of_round = set[int]().union(*(each.of(key) for each in pages))
            ids |= of_round
            again = yield from self._start_of(key, first)
            is_steady = again.start_of(key) == first.start_of(key)
            if is_steady and found.ids and found.keys[0] <= key:
                count = end - first.start_of(key)
                is_whole = len(ids) == count == counted or (len(of_round) == count and _overlap(pages))
                if is_whole and ids >= again.of(key):
                    return found
                if count != counted:  # what was read before may have been deleted before it was counted
                    ids, counted, recounts = set(), count, recounts + 1
            first = again
            ids |= again.of(key)
            futile = futile + 1 if len(ids) == known else 0
        raise PaginationUnsupported("the rows of one createdAt cannot be counted")

    def _round(
        self, key: int, pages: list[_Page], end: int | None, *, slack: int
    ) -> Generator[SearchRequest, SearchPage, None]:
        """Add the pages of a key that follow a page, until one goes on beyond it.

        The last one is to be full. It may leave out a few rows, which came in an earlier round.
        """
        found = pages[-1]
        while found.ids and found.keys[-1] == key and not found.is_last:
            offset, last = found.end - 1, found.end - 1 if end is None else end + 1 - self._rows
            offset = max(last, found.offset + 1) if last - offset <= slack else offset
            found = (yield from self._get(offset)).after(found)
            pages.append(found)

    def _start_of(self, key: int, page: _Page) -> Generator[SearchRequest, SearchPage, _Page]:
        """Return a new page that begins one row before a key, or further before it."""
        offset = max(page.start_of(key) - 1, 0)
        for rewind in range(_MOST_REWINDS):
            found = yield from self._get(offset)
            if found.straddles(key):
                return found
            is_before = bool(found.ids) and found.keys[-1] < key
            back = max(self._rows // _REWIND, 1) * 2**rewind
            offset = found.end - 1 if is_before else max(offset - back, 0)
        raise PaginationUnsupported("the first row of one createdAt cannot be found")

    def _get(self, offset: int) -> Generator[SearchRequest, SearchPage, _Page]:
        response = yield replace(self._start, offset=offset)
        ids = [record_id(record) for record in response.records]
        total = response.total if self._read.rows.has_total else None
        self._rows = min(max(self._rows, len(ids)), response.rows or sys.maxsize)
        is_short = len(ids) < self._rows
        if 0 < self._rows < _FEWEST_ROWS:
            raise PaginationUnsupported("pages of so few rows do not show the sort order")
        return _Page(
            offset=offset,
            keys=self._keys(response.records),
            ids=ids,
            is_last=is_short and total is not None and offset + len(ids) >= total,
            is_full=response.rows is not None and not is_short,
        )

    def _keys(self, records: list[Record]) -> list[int]:
        """Return the keys of a page, which ascend."""
        written = [str(record.get("createdAt")) for record in records]
        if self._unit == 1 and not all(map(_HAS_SECONDS.fullmatch, written)):
            raise _UnsortedError("createdAt has no seconds")
        try:
            seconds = [int(created_at(record, self._zone).timestamp()) for record in records]
        except (ValueError, OverflowError, TypeError):
            raise PaginationUnsupported("createdAt of a record cannot be parsed") from None
        sign = -1 if self._start.is_descending else 1
        keys = [sign * (each // self._unit) for each in seconds]
        if any(former > latter for former, latter in itertools.pairwise(keys)):
            error = _UnsortedError if self._unit == 1 else PaginationUnsupported
            raise error("rows are not sorted by createdAt")
        return keys
