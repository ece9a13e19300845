"""All records, each exactly once: one way after another, pages side by side, and a check at the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace

from salesmate_nb._reading.paginators import PageWalk, PaginationUnsupported, Paginator
from salesmate_nb._reading.search import SearchPage, SearchRequest, record_id
from salesmate_nb.errors import ApiError, IncompleteRead

log = logging.getLogger("salesmate_nb")

_GLANCE = 1.0  # seconds between looks, so that an interrupt is noticed on every system
_REFUSALS = frozenset({400, 422})


class FullRead:
    """Reads whatever fits a request, each row once.

    Ways are tried in turn: one the server does not honour is left for good, and the next begins anew,
    without handing out again what was read. Behind them all stand plain offsets, read up to twice.
    At the end the distinct rows are counted against the server's own total. A total that moved meanwhile
    is no failure where the way misses no row that was there throughout.

    Parameters
    ----------
    ask : callable
        Makes one call for a page; may be called by several threads at a time.
    request : SearchRequest
        What is wanted.
    ways : list of Paginator
        Ways to try, the best first; those that are not honoured are taken out of the list.
    workers : int
        How many calls are made side by side.
    ordered : bool
        Whether rows have to come in order of their ids; then one call is made at a time.
    plan : callable, optional
        Gets, after the first page, how many rows there are, and how many calls are left to make.
    cancel : callable, optional
        Ends what calls wait for, where the read is left before its end.

    Attributes
    ----------
    strategy : str
        The way that was taken.
    totals : list of int
        Totals as the server told them, at the start and wherever it was asked again.
    """

    def __init__(
        self,
        ask: Callable[[SearchRequest], SearchPage],
        request: SearchRequest,
        ways: list[Paginator],
        *,
        workers: int = 1,
        ordered: bool = False,
        plan: Callable[[int | None, int], None] = lambda _total, _calls: None,
        cancel: Callable[[], None] = lambda: None,
    ) -> None:
        self.strategy = ""
        self.totals: list[int] = []
        self._fetch = ask
        self._probe = probing(ask)
        self._request = request
        self._noun = request.resource.name
        self._ways = ways
        self._workers = 1 if ordered else workers
        self._ordered = ordered
        self._plan = plan
        self._cancel = cancel
        self._seen: set[int] = set()

    def pages(self) -> Generator[SearchPage]:
        """Yield pages that hold no row twice.

        Raises
        ------
        IncompleteRead
            Where two readings could not find as many rows as the server says there are.
        """
        whole = yield from self._first_reading()
        if not whole:
            log.info("read %d of %s %s; reading once more", len(self._seen), self.totals, self._noun)
            whole = yield from self._second_reading()
        if not whole:
            raise IncompleteRead(
                f"{len(self._seen):,} {self._noun} were read, twice over, where the server counted "
                f"{', then '.join(f'{total:,}' for total in self.totals)}; no frame was made. "
                "Colleagues may be changing many at this moment: try again.",
                read=len(self._seen),
                total=self.totals[-1],
            )

    def _first_reading(self) -> Generator[SearchPage, None, bool]:
        for way in self._possible():
            try:
                yield from self._by(way)
            except PaginationUnsupported as err:
                self._leave(way, err)
            else:
                return self._is_whole()
        return (yield from self._by_plain_offsets())

    def _second_reading(self) -> Generator[SearchPage, None, bool]:
        """Read once more, another way than before."""
        for way in [one for one in self._possible() if one.name != self.strategy and one.sort == "id"]:
            try:
                yield from self._by(way)
            except PaginationUnsupported as err:
                self._leave(way, err)
            else:
                return self._is_whole()
        return (yield from self._by_plain_offsets())

    def _possible(self) -> list[Paginator]:
        """Return the ways that are left, those in order of ids only where order matters."""
        return [way for way in self._ways if way.sort == "id" or not self._ordered]

    def _leave(self, way: Paginator, why: PaginationUnsupported) -> None:
        log.info("%s are not read by %s: %s", self._noun, way.name, why)
        if way in self._ways:
            self._ways.remove(way)

    def _by(self, way: Paginator) -> Generator[SearchPage]:
        self.strategy = way.name
        walk, page = self._begin(way)
        yield self._fresh(page)
        if walk.request is not None:  # alone, since this page shows whether the way is honoured
            page = self._probe(walk.request)
            walk.take(page)
            yield self._fresh(page)
        if walk.request is not None:
            yield from self._side_by_side([walk, *self._further(way)])

    def _begin(self, way: Paginator) -> tuple[PageWalk, SearchPage]:
        """Ask for the first page, and once more without filters where the server refuses those."""
        while True:
            walk = PageWalk(way, self._start(way))
            try:
                page = self._fetch(self._start(way))
            except ApiError as err:
                if not _is_refusal(err):
                    raise
                if not self._request.is_filtered:
                    raise PaginationUnsupported(str(err)) from None
                log.info("the server takes no such filter, so all are read and filtered here: %s", err)
                self._request = self._request.unfiltered()
            else:
                self._note(page, first=True)
                walk.take(page)
                return walk, page

    def _start(self, way: Paginator) -> SearchRequest:
        fields = dict.fromkeys((*self._request.fields, way.sort))
        return replace(self._request, sort=way.sort, fields=tuple(fields))

    def _further(self, way: Paginator) -> list[PageWalk]:
        """Return walks that begin in equal distances in what is left, for the other workers."""
        total, done, start = self.totals[-1] if self.totals else 0, len(self._seen), self._start(way)
        count = min(self._workers, (total - done) // (2 * start.rows))
        offsets = [done + (total - done) * number // count for number in range(1, count)]
        return [PageWalk(way, replace(start, offset=offset)) for offset in offsets]

    def _side_by_side(self, walks: Sequence[PageWalk]) -> Generator[SearchPage]:
        """Make one call of each walk at a time; calls are all that other threads do."""
        pool = ThreadPoolExecutor(len(walks), thread_name_prefix="salesmate_nb-read")
        try:
            running = {pool.submit(self._probe, walk.request): walk for walk in walks if walk.request}
            while running:
                for call in wait(running, _GLANCE, FIRST_COMPLETED).done:
                    walk = running.pop(call)
                    page = self._take(walk, call, walks)
                    if walk.request is not None:
                        running[pool.submit(self._probe, walk.request)] = walk
                    yield self._fresh(page)
        except PaginationUnsupported:
            raise
        except BaseException:
            self._cancel()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _take(self, walk: PageWalk, call: Future[SearchPage], walks: Sequence[PageWalk]) -> SearchPage:
        try:
            page = call.result()
        except PaginationUnsupported:
            if walk.first is not None or walk is walks[0]:
                raise
            page = SearchPage(
                records=[], total=None
            )  # no page so far down: the walk before goes on in its place
        ends = (one.first for one in walks[walks.index(walk) + 1 :])
        walk.take(page, next((end for end in ends if end is not None), None))
        return page

    def _by_plain_offsets(self) -> Generator[SearchPage, None, bool]:
        """Read by what every server knows, and tell whether that found as many rows as there are.

        Rows may slip from page to page, so it is no way to rely on where the total moved.
        """
        self.strategy = "plain offsets"
        before, self.totals = self.totals, []
        offset, met = 0, set[int]()
        while True:
            page = self._fetch(replace(self._request, offset=offset))
            self._note(page, first=offset == 0)
            ids = {record_id(record) for record in page.records}
            yield self._fresh(page)
            if not ids - met:
                break
            met |= ids
            offset += len(ids)
            is_full = len(ids) == self._request.rows  # more may follow that the total leaves out
            if page.total is not None and offset >= page.total and not is_full:
                break
        self.totals = self.totals or before
        return not self.totals or {len(met)} == set(self.totals)

    def _is_whole(self) -> bool:
        """Check what a way that misses no row has read, asking for the total again where it moved."""
        if self.totals and len(self._seen) != self.totals[-1]:
            self._note(self._fetch(replace(self._request, rows=1)))
        return not self.totals or len(self._seen) >= min(self.totals)

    def _note(self, page: SearchPage, *, first: bool = False) -> None:
        if page.total is not None and page.total not in self.totals[-1:]:
            self.totals.append(page.total)
        if first:
            rows = len(page.records) or 1
            left = 0 if page.total is None else max(page.total - len(self._seen) - rows, 0)
            self._plan(page.total, -(-left // rows))

    def _fresh(self, page: SearchPage) -> SearchPage:
        fresh = {one: record for record in page.records if (one := record_id(record)) not in self._seen}
        self._seen.update(fresh)
        return SearchPage(records=list(fresh.values()), total=page.total)


def probing(ask: Callable[[SearchRequest], SearchPage]) -> Callable[[SearchRequest], SearchPage]:
    """Return what asks likewise, and raises `PaginationUnsupported` where the server refuses what is asked."""

    def probe(request: SearchRequest) -> SearchPage:
        try:
            return ask(request)
        except ApiError as err:
            if _is_refusal(err):
                raise PaginationUnsupported(str(err)) from None
            raise

    return probe


def _is_refusal(err: ApiError) -> bool:
    return type(err) is ApiError and (err.status in _REFUSALS or err.code == "ValidationError")
