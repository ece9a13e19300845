"""Full reads: every record exactly once, by the first paginator that works, checked against the total."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace

from salesmate_nb._reading.paginators import PageWalk, PaginationUnsupported, Paginator
from salesmate_nb._reading.search import SearchPage, SearchRequest, record_id
from salesmate_nb.errors import ApiError, IncompleteRead

log = logging.getLogger("salesmate_nb")

_POLL_SECONDS = 1.0  # wait in short steps, so that every system notices an interrupt
_REJECTED = frozenset({400, 422})  # HTTP status

FetchFunction = Callable[[SearchRequest], SearchPage]
"""Makes one request and returns the page."""


class FullRead:
    """Reads all records that match a request, each exactly once.

    Paginators are tried in turn. If the server does not support one, that one is dropped for good, and
    the next starts from the first row without repeating rows that were already returned. The last
    resort is plain offsets, read at most twice. At the end, the number of distinct rows is compared with
    the server's own total. A total that changed during the read is not a failure if the paginator
    cannot miss a row that existed throughout.

    Parameters
    ----------
    fetch : callable
        Makes one request for a page; several threads may call it at the same time.
    request : SearchRequest
        Which records to read.
    paginators : list of Paginator
        The strategies to try, best first. Those that the server does not support are removed from this
        list, so that the next read does not try them again.
    workers : int
        How many requests to make concurrently.
    ordered : bool
        Whether rows must arrive in the order of their ids; then requests are made one at a time.
    plan : callable, optional
        Called after the first page with the total number of rows (or ``None``) and the number of requests
        that remain.
    cancel : callable, optional
        Called to cancel pending waits if the read ends early.

    Attributes
    ----------
    strategy : str
        Name of the paginator that was used.
    totals : list of int
        The server's totals: the first one, and each later one that differed.
    """

    def __init__(
        self,
        fetch: FetchFunction,
        request: SearchRequest,
        paginators: list[Paginator],
        *,
        workers: int = 1,
        ordered: bool = False,
        plan: Callable[[int | None, int], None] = lambda _total, _requests: None,
        cancel: Callable[[], None] = lambda: None,
    ) -> None:
        self.strategy = ""
        self.totals: list[int] = []
        self._fetch = fetch
        self._fetch_if_supported = unsupported_if_rejected(fetch)
        self._request = request
        self._noun = request.resource.name
        self._paginators = paginators
        self._workers = 1 if ordered else workers
        self._ordered = ordered
        self._plan = plan
        self._cancel = cancel
        self._seen: set[int] = set()

    def pages(self) -> Generator[SearchPage]:
        """Yield pages; no row appears twice.

        Raises
        ------
        IncompleteRead
            If two attempts found fewer rows than the server's total.
        """
        paginators = [each for each in self._paginators if each.is_ordered_by_id or not self._ordered]
        is_complete = yield from self._attempt(paginators)
        if not is_complete:
            log.info("read %d of %s %s; reading again", len(self._seen), self.totals, self._noun)
            others = [each for each in paginators if each.is_ordered_by_id and each.name != self.strategy]
            is_complete = yield from self._attempt(others)
        if not is_complete:
            raise IncompleteRead(
                f"Two full reads found {len(self._seen):,} {self._noun}, but the server counted "
                f"{', then '.join(f'{total:,}' for total in self.totals)}, so no data was returned. "
                "Colleagues may be changing many right now: try again.",
                read=len(self._seen),
                total=self.totals[-1],
            )

    def _attempt(self, paginators: Sequence[Paginator]) -> Generator[SearchPage, None, bool]:
        """Read by the first paginator that works, and return whether all rows were found."""
        for paginator in paginators:
            try:
                yield from self._pages_of(paginator)
            except PaginationUnsupported as err:
                log.info("%s cannot be read by the paginator %r: %s", self._noun, paginator.name, err)
                if paginator in self._paginators:  # a concurrent read may have removed it
                    self._paginators.remove(paginator)
            else:
                return self._is_complete()
        return (yield from self._offset_fallback())

    def _pages_of(self, paginator: Paginator) -> Generator[SearchPage]:
        self.strategy = paginator.name
        walk, page = self._first_page(paginator)
        yield self._without_seen(page)
        if walk.request is not None:  # alone: this page shows whether the server supports the paginator
            page = self._fetch_if_supported(walk.request)
            walk.take(page)
            yield self._without_seen(page)
        if walk.request is not None:
            yield from self._concurrently([walk, *self._further_walks(paginator)])

    def _first_page(self, paginator: Paginator) -> tuple[PageWalk, SearchPage]:
        """Fetch the first page; if the server rejects the filters, once more without them."""
        while True:
            start = self._start(paginator)
            walk = PageWalk(paginator, start)
            try:
                page = self._fetch(start)
            except ApiError as err:
                if not _is_rejection(err):
                    raise
                if not self._request.is_filtered:
                    raise PaginationUnsupported(str(err)) from None
                log.info("the server rejects the filters, so all rows are read and filtered here: %s", err)
                self._request = self._request.unfiltered()
            else:
                self._record_total(page)
                self._report_plan(page)
                walk.take(page)
                return walk, page

    def _start(self, paginator: Paginator) -> SearchRequest:
        fields = dict.fromkeys((*self._request.fields, paginator.sort))
        return replace(self._request, sort=paginator.sort, fields=tuple(fields))

    def _further_walks(self, paginator: Paginator) -> list[PageWalk]:
        """Return walks for the other workers, which start at equal distances in the remaining rows."""
        total, done = self.totals[-1] if self.totals else 0, len(self._seen)
        start = self._start(paginator)
        count = min(self._workers, (total - done) // (2 * start.rows))
        offsets = [done + (total - done) * number // count for number in range(1, count)]
        return [PageWalk(paginator, replace(start, offset=offset)) for offset in offsets]

    def _concurrently(self, walks: Sequence[PageWalk]) -> Generator[SearchPage]:
        """Make one request of each walk at a time; the other threads do nothing but requests."""
        pool = ThreadPoolExecutor(len(walks), thread_name_prefix="salesmate_nb-read")
        fetch = self._fetch_if_supported
        try:
            running = {pool.submit(fetch, walk.request): walk for walk in walks if walk.request}
            while running:
                for response in wait(running, _POLL_SECONDS, FIRST_COMPLETED).done:
                    walk = running.pop(response)
                    page = self._take(walk, response, walks)
                    if walk.request is not None:
                        running[pool.submit(fetch, walk.request)] = walk
                    yield self._without_seen(page)
        except PaginationUnsupported:
            raise
        except BaseException:
            self._cancel()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _take(self, walk: PageWalk, response: Future[SearchPage], walks: Sequence[PageWalk]) -> SearchPage:
        try:
            page = response.result()
        except PaginationUnsupported:
            if walk.first is not None or walk is walks[0]:
                raise
            page = SearchPage(records=[], total=None)  # too deep for the server: the walk before covers it
        ends = (later.first for later in walks[walks.index(walk) + 1 :])
        walk.take(page, next((end for end in ends if end is not None), None))
        return page

    def _offset_fallback(self) -> Generator[SearchPage, None, bool]:
        """Read by plain offsets, which every server supports, and return whether all rows were found.

        Rows may slip from page to page, so this is not reliable if the total changed.
        """
        self.strategy = "plain offsets"
        totals_before, self.totals = self.totals, []
        offset, found = 0, set[int]()
        while True:
            page = self._fetch(replace(self._request, offset=offset))
            self._record_total(page)
            if offset == 0:
                self._report_plan(page)
            ids = {record_id(record) for record in page.records}
            yield self._without_seen(page)
            if not ids - found:
                break
            found |= ids
            offset += len(ids)
            is_full = len(ids) == self._request.rows  # more rows may follow that the total leaves out
            if page.total is not None and offset >= page.total and not is_full:
                break
        self.totals = self.totals or totals_before
        return not self.totals or {len(found)} == set(self.totals)

    def _is_complete(self) -> bool:
        """Check the row count of a paginator that misses no row; if it differs, fetch the total again."""
        if self.totals and len(self._seen) != self.totals[-1]:
            self._record_total(self._fetch(replace(self._request, rows=1)))
        return not self.totals or len(self._seen) >= min(self.totals)

    def _record_total(self, page: SearchPage) -> None:
        if page.total is not None and page.total not in self.totals[-1:]:
            self.totals.append(page.total)

    def _report_plan(self, page: SearchPage) -> None:
        """Report after the first page how many rows there are and how many requests remain."""
        rows = len(page.records) or 1
        remaining = 0 if page.total is None else max(page.total - len(self._seen) - rows, 0)
        self._plan(page.total, -(-remaining // rows))

    def _without_seen(self, page: SearchPage) -> SearchPage:
        """Return the rows of a page that were not returned before."""
        new = {number: record for record in page.records if (number := record_id(record)) not in self._seen}
        self._seen.update(new)
        return SearchPage(records=list(new.values()), total=page.total)


def unsupported_if_rejected(fetch: FetchFunction) -> FetchFunction:
    """Wrap a fetch function so that a request that the server rejects raises `PaginationUnsupported`."""

    def fetch_if_supported(request: SearchRequest) -> SearchPage:
        try:
            return fetch(request)
        except ApiError as err:
            if _is_rejection(err):
                raise PaginationUnsupported(str(err)) from None
            raise

    return fetch_if_supported


def _is_rejection(err: ApiError) -> bool:
    return type(err) is ApiError and (err.status in _REJECTED or err.code == "ValidationError")
