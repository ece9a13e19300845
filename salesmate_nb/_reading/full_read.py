"""Full reads: every record exactly once, by the first strategy that the server supports, or an error."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from salesmate_nb._base.warn import warn
from salesmate_nb._pagination.open_read import OpenRead, Strategy
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._pagination.parallel_fetch import FetchFunction
from salesmate_nb._reading.first_page import fetch_first_page
from salesmate_nb._reading.repeated_passes import RepeatedPasses
from salesmate_nb._reading.server_profile import Support
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.errors import ApiError, IncompleteRead

log = logging.getLogger("salesmate_nb")

_SPARE_REQUESTS = 100
_REQUESTS_PER_PAGE = 20  # of all rows that the server counts: repeated passes, and strategies given up
_MOST_REQUESTS = 10_000  # whatever the server counts: 2.5 million rows
_MOST_UNCOUNTED_REQUESTS = 2_000  # if it counts no rows, or one page alone: half a million
_MOST_SECONDS = 12 * 3600.0  # waits for the hourly limit included
_MOST_TOTALS = 5  # in an error
_INVALID = frozenset({400, 422})  # HTTP status of a request that will be refused again


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
    strategies : sequence of Strategy
        Which to try, in this order, before repeated passes.
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
    is_wanted : callable, optional
        Returns whether a page without filters holds a row that meets them.
    allow_incomplete : bool
        Whether to warn in place of raising `IncompleteRead`, if repeated passes agree on fewer rows than the
        server counts.

    Attributes
    ----------
    strategy : str
        Name of the strategy that was used last.
    shortfall : tuple of (int, int or None) or None
        How many rows were read and how many there are as far as is known, if not all were read.
    """

    def __init__(
        self,
        fetch: FetchFunction,
        request: SearchRequest,
        strategies: Sequence[Strategy],
        *,
        support: Support | None = None,
        workers: int = 1,
        ordered: bool = False,
        plan: Callable[[int | None, int], None] = lambda _total, _requests: None,
        cancel: Callable[[], None] = lambda: None,
        done: Callable[[], None] = lambda: None,
        is_wanted: Callable[[SearchPage], bool] = lambda _page: False,
        allow_incomplete: bool = False,
    ) -> None:
        self.strategy = ""
        self.shortfall: tuple[int, int | None] | None = None
        self._fetch = fetch
        self._requests = itertools.count(1)
        self._read = OpenRead(self._fetch_page, request, 1 if ordered else workers)
        self._request = request
        self._strategies = strategies
        self._support = Support() if support is None else support
        self._plan = plan
        self._cancel = cancel
        self._done = done
        self._is_wanted = is_wanted
        self._allow_incomplete = allow_incomplete
        self._can_learn = True
        self._is_cut = False
        self._has_changed = False
        self._until = time.monotonic() + _MOST_SECONDS

    @property
    def totals(self) -> list[int]:
        """The server's totals: the first one, and each later one that differed."""
        return self._read.rows.totals

    @property
    def passes(self) -> int:
        """How many times the whole list was read."""
        return max(self._read.rows.passes, 1)

    @property
    def is_ordered(self) -> bool:
        """Whether the rows so far arrived in ascending order of their ids.

        If the server keeps no such order, they arrive in any.
        """
        return self._read.rows.is_ordered

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
            yield from self._first_page()
            yield from self._all_pages()
            self._done()
        except BaseException:
            self._cancel()
            raise
        finally:
            self._read.parallel.close()

    def _first_page(self) -> Generator[SearchPage]:
        """Request the first page in the order of the strategy that will probably be used."""
        start = next((each.first_request(self._request) for each in self._untried([])), self._request)
        accepted, page = fetch_first_page(
            self._fetch_page, start, self._request, self._support, self._is_wanted
        )
        self._read.request = replace(self._request, rules=accepted.rules)
        self._read.uncounted_pages = self._support.uncounted_pages
        yield from self._read.keep(accepted, page)
        rows = len(page.records) or 1
        remaining = 0 if page.total is None else max(page.total - rows, 0)
        self._plan(page.total, -(-remaining // rows))

    def _fetch_page(self, request: SearchRequest) -> SearchPage:
        """Request a page, once more if it is empty where rows should be: that may be a fault."""
        made = next(self._requests) - 1
        if made >= self._most_requests or time.monotonic() > self._until:
            raise self._incomplete(f"the list did not end in {made:,} requests. Contact Salesmate support")
        page = self._fetch(request)
        if page.rows is not None:
            self._read.fitting_rows = min(self._read.fitting_rows, page.rows)
        if (
            not page.records
            and request.rules == self._read.request.rules
            and self._has_rows_at(request, page)
        ):
            return self._fetch(request)
        return page

    def _has_rows_at(self, request: SearchRequest, page: SearchPage) -> bool:
        if not self._read.rows.seen:
            return bool(page.total) or not request.is_filtered
        return self._read.rows.has_total and request.offset < min(self.totals)

    @property
    def _most_requests(self) -> int:
        """How many requests a read may take, so that a list that never ends ends with an error."""
        has_rows = bool(self._read.rows.seen)
        rows = min(len(self._read.first_page.records), self._read.fitting_rows) if has_rows else 0
        if not rows or max(self.totals, default=0) <= rows:
            return _MOST_UNCOUNTED_REQUESTS
        return min(_SPARE_REQUESTS + _REQUESTS_PER_PAGE * -(-max(self.totals) // rows), _MOST_REQUESTS)

    def _all_pages(self) -> Generator[SearchPage]:
        tried: list[str] = []
        while untried := self._untried(tried):
            strategy = untried[0]
            tried.append(strategy.name)
            try:
                is_complete = yield from self._attempt(strategy)
            except PaginationUnsupported as err:
                log.info("%s cannot be read by the strategy %r: %s", self._noun, strategy.name, err)
                self._reject(strategy.name, err)
            else:
                if is_complete and not (yield from self._read.is_cut_off()):
                    self._learn()
                    return
                log.info("read %d rows of %s %s; reading again", *self._counts, self._noun)
                self._is_cut = self._read.ends_at_round_number or self._read.rows.cap is not None
                self._has_changed = self._read.rows.has_changed
                self._can_learn = self._is_cut or not self._untried(tried)
                if not self._is_cut and not self._has_changed:
                    break
        is_complete = self._read.rows.cap is None and (yield from self._attempt(RepeatedPasses()))
        if is_complete and not (yield from self._read.is_cut_off()):
            self._learn()
            return
        self._support.forget()
        self._accept_or_raise()

    def _accept_or_raise(self) -> None:
        """Accept too few rows, if that was asked for and nothing more can be read; else raise.

        Raises
        ------
        IncompleteRead
            If reading again may help, or incomplete reads are not allowed.
        """
        rows, (read, totals) = self._read.rows, self._counts
        if rows.cap is not None:
            reason = (
                f"The server returns and counts no more than {rows.cap:,} of a list, so there may be others"
            )
        elif rows.is_unsteady:
            raise self._incomplete("Salesmate's servers disagree about their number at present: try again")
        elif rows.has_total and rows.is_agreed:
            reason = (
                "The last passes agree with each other, so the server counts some that it does not return: "
                "you may lack the right to see them, or its count is wrong"
            )
        else:
            raise self._incomplete("Colleagues may be changing many right now: try again")
        if not self._allow_incomplete:
            raise self._incomplete(f"{reason}. allow_incomplete=True returns these {read:,}")
        self.shortfall = (read, totals[-1] if rows.has_total else None)
        counted = f"{totals[-1]:,}" if rows.has_total else "an unknown number of"
        warn(f"Only {read:,} of {counted} {self._noun} were read. {reason}.")

    def _untried(self, tried: Sequence[str]) -> list[Strategy]:
        """Return the strategies worth trying, the one that worked last time first."""
        if self._support.strategy == RepeatedPasses.name:
            return []
        possible = [each for each in self._strategies if not (self._is_cut and each.needs_offsets)]
        if self._has_changed:
            possible = [each for each in possible if each.is_proven_by_keys]
        by_name = {each.name: each for each in possible if each.name not in tried}
        return [by_name[name] for name in self._support.ordered(list(by_name))]

    def _attempt(self, strategy: Strategy) -> Generator[SearchPage, None, bool]:
        self.strategy, self._read.is_proven = strategy.name, False
        return (yield from strategy.pages(self._read))

    def _reject(self, name: str, err: PaginationUnsupported) -> None:
        """Note that a strategy is not supported, unless an error interrupted it that may not come again."""
        cause = err.__cause__
        if self._read.is_proven and isinstance(cause, ApiError) and cause.status not in _INVALID:
            self._can_learn = False
        else:
            self._support.reject(name)

    def _learn(self) -> None:
        """Remember the strategy, unless the rows would have fitted one page, which any strategy can read."""
        if self._can_learn and len(self._read.rows.seen) > len(self._read.first_page.records):
            self._support.strategy = self.strategy
            if not self._read.request.is_filtered:
                self._support.uncounted_pages = self._read.uncounted_pages

    @property
    def _noun(self) -> str:
        return self._request.resource.name

    @property
    def _counts(self) -> tuple[int, list[int]]:
        return len(self._read.rows.seen), self.totals

    def _incomplete(self, reason: str) -> IncompleteRead:
        seen, totals = self._counts
        few = totals if len(totals) <= _MOST_TOTALS else [totals[0], totals[-1]]
        counted = (
            f"the server counted {', then '.join(f'{total:,}' for total in few)}"
            if totals
            else "the server does not count them"
        )
        return IncompleteRead(
            f"{self.passes} full reads found {seen:,} {self._noun}, but {counted}, so no data was returned. "
            f"{reason[0].upper()}{reason[1:]}.",
            read=seen,
            total=totals[-1] if totals else None,
        )
