"""Full reads: every record exactly once, by the first strategy that the server supports, or an error."""

from __future__ import annotations

import itertools
import logging
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb._pagination.completeness import Completeness
from salesmate_nb._pagination.created_ranges import Condition, CreatedRanges
from salesmate_nb._pagination.page_walk import PageWalk, PaginationUnsupported, Paginator
from salesmate_nb._pagination.parallel_fetch import (
    FetchFunction,
    ParallelFetch,
    fetch_probe,
    unsupported_if_rejected,
)
from salesmate_nb._reading.server_profile import Support
from salesmate_nb._search.search import SearchPage, SearchRequest, record_id
from salesmate_nb.errors import ApiError, BadResponse, IncompleteRead, RateLimited

log = logging.getLogger("salesmate_nb")

PASSES = "repeated passes"
_RANGES: dict[str, Condition] = {"ranges": "BETWEEN", "ranges, two rules": "IS_BEFORE"}
_NOT_FOUND = 404
_INVALID = frozenset({400, 422})  # HTTP status of a request that will be refused again
_QUIET_REPEATS = 2  # of pages of rows with equal keys, without a new row
_SORTS: list[dict[str, Any]] = [  # one after the other: a server may lose the same rows under the same sort
    {"sort": "id"},
    {"sort": "id", "is_descending": True},
    {"sort": "createdAt"},
    {"sort": "id", "sorts_by_list": True},
]


class FullRead:
    """Reads all records that match a request, each exactly once.

    Strategies are tried in turn: paginators, and ranges of creation time. The first page, and each page
    that was read, is used by whichever strategy can use it, and no row is returned twice. A strategy whose
    first pages show that the server does not support it is left for the next one. The last resort is
    repeated passes of plain offsets. At the end, the number of distinct rows is compared with the server's
    own total. A total that changed during the read is not a failure if the strategy cannot miss a row that
    existed throughout.

    Parameters
    ----------
    fetch : callable
        Makes one request for a page; several threads may call it at the same time.
    request : SearchRequest
        Which records to read.
    paginators : sequence of Paginator
        The strategies to try, in this order.
    zone : zoneinfo.ZoneInfo, optional
        The account's time zone; without one, ranges of creation time are not tried.
    support : Support, optional
        What the server is known to support, which this read adds to.
    workers : int
        How many requests to make concurrently.
    ordered : bool
        Whether rows should arrive in order, one request at a time; see `is_ordered`.
    plan : callable, optional
        Called after the first page with the total number of rows (or ``None``) and the number of requests
        that remain.
    cancel : callable, optional
        Called to cancel pending waits if the read ends early.
    done : callable, optional
        Called at the end of a complete read, once `support` holds what was learned.

    Attributes
    ----------
    strategy : str
        Name of the strategy that was used last.
    is_ordered : bool
        Whether the rows so far arrived in ascending order of their ids. If the server keeps no such order,
        they arrive in any.
    """

    def __init__(
        self,
        fetch: FetchFunction,
        request: SearchRequest,
        paginators: Sequence[Paginator],
        *,
        zone: ZoneInfo | None = None,
        support: Support | None = None,
        workers: int = 1,
        ordered: bool = False,
        plan: Callable[[int | None, int], None] = lambda _total, _requests: None,
        cancel: Callable[[], None] = lambda: None,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        self.strategy = ""
        self.is_ordered = True
        self._rows = Completeness()
        self._fetch = fetch
        self._fetch_if_supported = unsupported_if_rejected(fetch)
        self._parallel = ParallelFetch(fetch, 1 if ordered else workers)
        self._request = request
        self._noun = request.resource.name
        self._paginators = paginators
        self._zone = zone
        self._support = Support() if support is None else support
        self._plan = plan
        self._cancel = cancel
        self._done = done
        self._is_proven = False
        self._can_learn = True
        self._last_id = -1
        self._pages: list[tuple[SearchRequest, SearchPage]] = []  # the first ones, for any strategy

    @property
    def totals(self) -> list[int]:
        """The server's totals: the first one, and each later one that differed."""
        return self._rows.totals

    @property
    def passes(self) -> int:
        """How many times the whole list was read."""
        return max(self._rows.passes, 1)

    def pages(self) -> Generator[SearchPage]:
        """Yield pages; no row appears twice.

        Raises
        ------
        IncompleteRead
            If it cannot be established that every row was read.
        ApiError
            If the server refuses even plain pages.
        """
        try:
            yield from self._read()
            self._done()
        except BaseException:
            self._cancel()
            raise
        finally:
            self._parallel.close()

    def _read(self) -> Generator[SearchPage]:
        yield from self._first_page()
        tried: list[str] = []
        while self._support.strategy != PASSES and (names := self._names(tried)):
            tried.append(names[0])
            try:
                is_complete = yield from self._attempt(names[0])
            except PaginationUnsupported as err:
                log.info("%s cannot be read by the strategy %r: %s", self._noun, names[0], err)
                self._reject(names[0], err)
            else:
                if is_complete:
                    self._learn()
                    return
                log.info("read %d of %s %s; reading again", len(self._rows.seen), self.totals, self._noun)
                break
        is_last_resort = not self._names(tried)
        yield from self._repeat_passes()
        if is_last_resort:
            self._learn()

    def _reject(self, name: str, err: PaginationUnsupported) -> None:
        """Note that a strategy is not supported, unless an error interrupted it that may not come again."""
        cause = err.__cause__
        if self._is_proven and isinstance(cause, ApiError) and cause.status not in _INVALID:
            self._can_learn = False
        else:
            self._support.reject(name)

    def _names(self, tried: Sequence[str] = ()) -> list[str]:
        """Return the names of the strategies to try, the one that worked last time first."""
        names = [each.name for each in self._paginators]
        if self._zone is not None:
            names[2:2] = _RANGES
        return [name for name in self._support.ordered(names) if name not in tried]

    def _attempt(self, name: str) -> Generator[SearchPage, None, bool]:
        self.strategy, self._is_proven = name, False
        if name in _RANGES:
            return (yield from self._read_ranges(_RANGES[name]))
        return (yield from self._walk(next(each for each in self._paginators if each.name == name)))

    def _learn(self) -> None:
        """Remember the strategy, unless the rows would have fitted one page, which any strategy can read."""
        if self._can_learn and len(self._rows.seen) > len(self._pages[0][1].records):
            self._support.strategy = self.strategy

    # the first page

    def _first_page(self) -> Generator[SearchPage]:
        """Request the first page; if the server refuses filters, or an empty list of rules, without."""
        name = next(iter(self._names()), "")
        known = next((each for each in self._paginators if each.name == name), None)
        start = self._request if known is None else self._start(known)
        failure: ApiError | None = None
        for choice, is_last in self._choices(start):
            try:
                page = self._fetch(choice) if is_last else fetch_probe(self._fetch, choice)
            except ApiError as err:
                if isinstance(err, RateLimited | BadResponse) or err.status == _NOT_FOUND:
                    raise
                log.info("the server refuses the rules %s: %s", choice.rules, err)
                failure = failure or err
            else:
                self._request = replace(self._request, rules=choice.rules)
                if not choice.is_filtered:
                    self._support.needs_epoch = bool(choice.rules)
                yield from self._keep(choice, page)
                self._report_plan(page)
                return
        raise failure or ApiError("no request was made")

    def _choices(self, start: SearchRequest) -> Generator[tuple[SearchRequest, bool]]:
        """Yield the first page with fewer and fewer rules, and whether it is the last resort."""
        needs_epoch = self._support.needs_epoch
        if start.is_filtered:
            yield start, False
        yield start.unfiltered(by_epoch=needs_epoch), False
        yield start.unfiltered(by_epoch=not needs_epoch), False
        yield self._request.unfiltered(by_epoch=needs_epoch), True

    def _start(self, paginator: Paginator) -> SearchRequest:
        fields = tuple(dict.fromkeys((*self._request.fields, paginator.sort)))
        by_list = paginator.sorts_by_list
        return replace(self._request, sort=paginator.sort, fields=fields, sorts_by_list=by_list)

    def _keep(self, request: SearchRequest, page: SearchPage) -> Generator[SearchPage]:
        """Keep a page for other strategies, and yield its new rows."""
        if request.rules == self._request.rules:
            self._rows.record_total(request, page)
        self._pages.append((request, page))
        yield self._without_seen(page)

    def _get(self, request: SearchRequest) -> Generator[SearchPage, None, SearchPage]:
        """Return a page that was read before, or request it."""
        for kept, page in self._pages:
            if kept == request:
                return page
        is_probe = request.rules != self._request.rules or request.sorts_by_list
        page = self._fetch_if_supported(replace(request, is_probe=is_probe))
        yield from self._keep(request, page)
        return page

    # paginators

    def _walk(self, paginator: Paginator) -> Generator[SearchPage, None, bool]:
        if paginator.needs_total and not self._rows.has_total:
            raise PaginationUnsupported("without a total, nothing shows whether rows are missing")
        walk = PageWalk(paginator, self._start(paginator), is_total_trusted=False)
        first = yield from self._get(self._start(paginator))
        walk.take(first)
        walks = [walk]
        if walk.request is not None:  # alone: this page shows whether the server supports the paginator
            second = yield from self._get(walk.request)
            if paginator.needs_total:
                _check_totals(first, second)
            walk.take(second)
            self._is_proven = True
            walks += self._further_walks(paginator, walk.request)
        yield from self._walk_all(walks)
        if tied := [request for each in walks for request in each.tied]:
            yield from self._repeat(tied)
        yield from self._refresh_total()
        return self._rows.after_walk(is_exact=all(each.is_exact for each in walks))

    def _further_walks(self, paginator: Paginator, following: SearchRequest | None) -> list[PageWalk]:
        """Return walks for the other workers, which share the remaining pages equally."""
        if following is None or paginator.has_ties or not self._rows.has_total:
            return []
        start, done = self._start(paginator), following.offset or len(self._rows.seen)
        step = max(len(self._pages[0][1].records) - 1, 1)
        pages = -(-(self.totals[-1] - done) // step)
        count = min(self._parallel.workers, pages // 2)
        offsets = [done + pages * number // count * step for number in range(1, count)]
        return [PageWalk(paginator, replace(start, offset=each), is_total_trusted=False) for each in offsets]

    def _walk_all(self, walks: Sequence[PageWalk]) -> Generator[SearchPage]:
        """Make one request of each walk at a time."""
        queue = deque((walk.request, walk) for walk in walks if walk.request is not None)
        for walk, response in self._parallel.run(queue):
            page = _page_of(walk, response, walks)
            ends = frozenset[int]().union(*(later.first_ids for later in walks[walks.index(walk) + 1 :]))
            if walk.request is not None and walk.request.rules == self._request.rules:
                self._rows.record_total(walk.request, page)
            walk.take(page, ends)
            if walk.request is not None:
                queue.append((walk.request, walk))
            yield self._without_seen(page)

    def _repeat(self, requests: Sequence[SearchRequest]) -> Generator[SearchPage]:
        """Repeat pages of rows with equal keys until no row is missing, or it does not help."""
        quiet = 0
        while quiet < _QUIET_REPEATS and not self._rows.is_counted:
            before = len(self._rows.seen)
            for _, page in self._parallel.run(deque((request, None) for request in requests)):
                if isinstance(page, SearchPage):
                    yield self._without_seen(page)
            quiet = quiet + 1 if len(self._rows.seen) == before else 0

    def _refresh_total(self) -> Generator[SearchPage]:
        """Request the total again if it differs from the rows that were read: some may have been deleted."""
        if self._rows.has_total and len(self._rows.seen) != self.totals[-1]:
            request = replace(self._request, rows=1)
            page = self._fetch(request)
            self._rows.record_total(request, page)
            yield self._without_seen(page)

    # ranges of creation time

    def _read_ranges(self, condition: Condition) -> Generator[SearchPage, None, bool]:
        fields = tuple(dict.fromkeys((*self._request.fields, "createdAt")))
        start = replace(self._request, sort="createdAt", is_descending=True, fields=fields)
        newest = yield from self._get(start)
        first = self._pages[0][1]
        known = [[each for each in page.records if "createdAt" in each] for page in (first, newest)]
        ranges = CreatedRanges(start, self._zone or ZoneInfo("UTC"), condition)
        ranges.check_probe((yield from self._get(ranges.probe(*known))))
        self._is_proven = True
        before, found = set(self._rows.seen), set[int]()
        total = self.totals[-1] if self._rows.has_total else None
        queue = deque(ranges.first([*known[0], *known[1]], total, len(first.records)))
        for (request, part), page in self._parallel.run(queue):
            if isinstance(page, PaginationUnsupported):
                raise page
            queue += ranges.take(request, part, page)
            found.update(map(record_id, page.records))
            yield self._without_seen(page)
        yield from self._refresh_total()
        return self._rows.after_walk(is_exact=before <= found)

    # repeated passes

    def _repeat_passes(self) -> Generator[SearchPage]:
        """Read all pages again and again, until every row was read."""
        self.strategy = PASSES
        fields = tuple(dict.fromkeys((*self._request.fields, "createdAt")))
        while not self._rows.is_futile:
            sort = _SORTS[self._rows.passes % len(_SORTS)]
            start = replace(self._request, **{"sorts_by_list": False, **sort})
            if sort["sort"] == "createdAt":
                start = replace(start, fields=fields)
            self._rows.begin_pass()
            found = yield from self._pass(start)
            self._rows.end_pass(found)
            if self._rows.after_passes:
                return
        self._support.forget()
        raise self._incomplete()

    def _pass(self, start: SearchRequest) -> Generator[SearchPage, None, int]:
        """Read all pages once, and return how many distinct rows they hold."""
        step, found = max(len(self._pages[0][1].records), 1), set[int]()
        offsets = itertools.count(0, step)
        queue: deque[tuple[SearchRequest, int]] = deque()

        def enqueue() -> None:
            offset = next(offsets)
            # one page beyond a total that fills its last page: some servers do not count further
            if offset == 0 or not self._rows.has_total or offset <= max(self.totals):
                queue.append((replace(start, offset=offset), offset))

        for _ in range(self._parallel.workers):
            enqueue()
        for offset, page in self._parallel.run(queue):
            if isinstance(page, PaginationUnsupported):
                raise page.__cause__ or page
            ids = {record_id(record) for record in page.records}
            self._rows.record_total(replace(start, offset=offset), page)
            yield self._without_seen(page)
            is_over = ids <= found or (len(page.records) < step and not self._rows.has_total)
            found |= ids
            if not is_over:
                enqueue()
        return len(found)

    def _incomplete(self) -> IncompleteRead:
        seen, totals = len(self._rows.seen), self.totals
        counted = (
            f"the server counted {', then '.join(f'{total:,}' for total in totals)}"
            if totals
            else "the server does not count them, and new ones kept arriving"
        )
        return IncompleteRead(
            f"{self.passes} full reads found {seen:,} {self._noun}, but {counted}, so no data was returned. "
            "Colleagues may be changing many right now: try again.",
            read=seen,
            total=totals[-1] if totals else None,
        )

    # what every strategy needs

    def _report_plan(self, page: SearchPage) -> None:
        """Report after the first page how many rows there are and how many requests remain."""
        rows = len(page.records) or 1
        remaining = 0 if page.total is None else max(page.total - rows, 0)
        self._plan(page.total, -(-remaining // rows))

    def _without_seen(self, page: SearchPage) -> SearchPage:
        """Return the rows of a page that were not returned before."""
        seen = self._rows.seen
        new = {number: record for record in page.records if (number := record_id(record)) not in seen}
        seen.update(new)
        for number in new:
            self.is_ordered = self.is_ordered and number > self._last_id
            self._last_id = number
        return SearchPage(records=list(new.values()), total=page.total)


def _page_of(
    walk: PageWalk, response: SearchPage | PaginationUnsupported, walks: Sequence[PageWalk]
) -> SearchPage:
    if isinstance(response, SearchPage):
        return response
    if walk.first_ids or walk is walks[0]:
        raise response
    return SearchPage(records=[], total=None)  # too deep for the server: the walk before covers it


def _check_totals(first: SearchPage, second: SearchPage) -> None:
    """Raise `PaginationUnsupported` if more rows were left behind than the first page holds."""
    if first.total is None or second.total is None or first.total - second.total > len(first.records):
        raise PaginationUnsupported("a page does not hold all rows up to the next one")
