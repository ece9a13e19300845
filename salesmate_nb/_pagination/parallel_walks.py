"""Parallel walks: the strategy that reads a list by one paginator, in several segments side by side."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

from salesmate_nb._pagination.open_read import OpenRead
from salesmate_nb._pagination.page_walk import PageWalk, PaginationUnsupported, Paginator, directions_of
from salesmate_nb._search.search import SearchPage, SearchRequest, record_id

_DELETED = 2  # rows, which colleagues may delete between two requests
_FEW_PAGES = 2  # which an order that changes may fit by chance


class ParallelWalks:
    """Reads all rows by one paginator.

    The first two pages are requested alone, since they show whether the server supports the paginator. If
    there is a total, the remaining pages are then shared by several walks; each ends where the next began.

    Parameters
    ----------
    paginator : Paginator
        Decides which pages to request, and whether rows slipped between two of them.
    """

    def __init__(self, paginator: Paginator) -> None:
        self.name = paginator.name
        self.needs_offsets = paginator.uses_offsets
        self.is_proven_by_keys = False
        self._paginator = paginator

    def first_request(self, every: SearchRequest) -> SearchRequest:
        """Return the request for the first page in the paginator's order."""
        paginator = self._paginator
        return replace(
            every,
            sort=paginator.sort,
            is_descending=paginator.is_descending,
            sorts_by_list=paginator.sorts_by_list,
            fields=tuple(dict.fromkeys((*every.fields, paginator.sort))),
        )

    def pages(self, read: OpenRead) -> Generator[SearchPage, None, bool]:
        """Yield the new rows of each page, and return whether all rows were read."""
        paginator, start = self._paginator, self.first_request(read.request)
        if paginator.needs_total and read.total is None and read.rows.cap is None:
            raise PaginationUnsupported("without a total, nothing shows whether rows are missing")
        walk = PageWalk(paginator, start, is_total_trusted=False, known_pages=read.uncounted_pages)
        first = yield from read.get(start)
        walk.take(first)
        walks = [walk]
        if walk.request is not None:  # alone: this page shows whether the server supports the paginator
            second = yield from read.get(walk.request)
            if paginator.needs_total:
                _check_totals(first, second)
            walk.take(second)
            read.is_proven = True
            walks += self._further_walks(read, walk.request)
        tail = _Tail(read.rows.cap or read.round_total)
        yield from _walk_all(read, walks, tail)
        if tail.cap is not None and paginator.needs_total and len(read.rows.seen) > tail.cap:
            read.rows.cap = tail.cap
            return tail.is_whole and all(each.is_gapless for each in walks)
        read.refresh_total()
        read.uncounted_pages = walk.page_count if read.total is None else 0
        is_exact = all(each.is_exact for each in walks)
        if self._paginator.uses_offsets and not (is_exact and not read.rows.has_changed):
            is_by_id = yield from self._is_by_id(read, walks)
            if not is_by_id:
                return False
        return self._is_proven(read, walks, is_exact=is_exact) and read.rows.after_walk(is_exact=is_exact)

    def _is_by_id(self, read: OpenRead, walks: Sequence[PageWalk]) -> Generator[SearchPage, None, bool]:
        """Return whether the list is sorted by ids, so that no row changes its place if others come and go.

        If a server ignores the sort and the last changed rows come first, those show at the start by now.
        """
        directions = set[int]().union(*(each.directions for each in walks))
        if directions == {1 if self._paginator.is_descending else -1}:
            again = yield from read.get_again(self.first_request(read.request))
            directions |= directions_of(again)
        return len(directions) <= 1

    def _is_proven(self, read: OpenRead, walks: Sequence[PageWalk], *, is_exact: bool) -> bool:
        """Return whether what was read shows that the server keeps the order, should the rows be enough.

        Rows that were read and then deleted stand for others that were not, so a total is not enough.
        """
        has_changed = read.rows.has_changed
        if sum(each.page_count for each in walks) <= _FEW_PAGES:
            has_one_page = len(read.rows.seen) == len(read.first_page.records)
            return (is_exact or has_one_page) and not has_changed
        return is_exact or not (self._paginator.needs_total and has_changed)

    def _further_walks(self, read: OpenRead, following: SearchRequest | None) -> list[PageWalk]:
        """Return walks for the other workers, which share the remaining pages equally."""
        total = read.total
        if following is None or not self._paginator.has_segments or total is None:
            return []
        start, done = self.first_request(read.request), following.offset or len(read.rows.seen)
        step = max(len(read.first_page.records) - 1, 1)
        pages = -(-(total - done) // step)
        count = min(read.parallel.workers, pages // 2)
        offsets = [done + pages * number // count * step for number in range(1, count)]
        return [
            PageWalk(self._paginator, replace(start, offset=each), is_total_trusted=False) for each in offsets
        ]


@dataclass
class _Tail:
    """The rows from a page on whose total is below the number at which the server stops to count."""

    cap: int | None
    total: int | None = None
    ids: set[int] = field(default_factory=set)

    def take(self, page: SearchPage) -> None:
        if self.cap is not None and self.total is None and page.total is not None and page.total < self.cap:
            self.total = page.total
        if self.total is not None:
            self.ids.update(map(record_id, page.records))

    @property
    def is_whole(self) -> bool:
        """Whether as many came as were counted. An order that loses rows would show in so many."""
        return self.total is not None and len(self.ids) >= self.total


def _walk_all(read: OpenRead, walks: Sequence[PageWalk], tail: _Tail) -> Generator[SearchPage]:
    """Make one request of each walk at a time.

    A walk that has reached the start of the next one waits until its first page is there, since that shows
    that there is nothing more to request.
    """
    queue = deque((walk.request, walk) for walk in walks if walk.request is not None)
    before = {following: walk for walk, following in itertools.pairwise(walks)}
    waiting: dict[PageWalk, SearchPage] = {}
    for walk, response in read.parallel.run(queue):
        page = _page_of(walk, response, walks)
        tail.take(page)
        if walk.request is not None and walk.request.rules == read.request.rules:
            read.rows.record_total(walk.request, page)
        later = walks[walks.index(walk) + 1 :]
        walk.take(page, frozenset[int]().union(*(each.first_ids for each in later)))
        if walk.request is not None and later and _has_reached(walk.request, later[0]):
            waiting[walk] = page
        elif walk.request is not None:
            queue.append((walk.request, walk))
        earlier = before.get(walk)
        if earlier in waiting and earlier.request is not None:
            ids = map(record_id, waiting.pop(earlier).records)
            if walk.first_ids.isdisjoint(ids):
                queue.append((earlier.request, earlier))
        yield read.rows.take(page)


def _has_reached(request: SearchRequest, following: PageWalk) -> bool:
    """Return whether a request begins where another walk does, whose first page is not there yet."""
    start = None if following.first_ids else following.request
    return start is not None and request.rules == start.rules and request.offset >= start.offset


def _page_of(
    walk: PageWalk, response: SearchPage | PaginationUnsupported, walks: Sequence[PageWalk]
) -> SearchPage:
    if isinstance(response, SearchPage):
        return response
    if walk.first_ids or walk is walks[0]:
        raise response
    return SearchPage(records=[], total=None)  # too deep for the server: the walk before covers it


def _check_totals(first: SearchPage, second: SearchPage) -> None:
    """Raise `PaginationUnsupported` if more rows were left behind than the first page holds.

    A few may have been deleted in between.
    """
    behind = set(map(record_id, first.records)).difference(map(record_id, second.records))
    if first.total is None or second.total is None or first.total - second.total > len(behind) + _DELETED:
        raise PaginationUnsupported("a page does not hold all rows up to the next one")
