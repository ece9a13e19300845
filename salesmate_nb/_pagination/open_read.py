"""A read in progress: what every strategy gets its pages from, and what is known of the rows so far."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from salesmate_nb._pagination.completeness import Completeness
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._pagination.parallel_fetch import FetchFunction, ParallelFetch, unsupported_if_rejected
from salesmate_nb._search.search import SearchPage, SearchRequest, record_id

ROUND = 10_000  # rows, or a multiple: where searches stop to count and to return them
_TOTALS = 5  # requests, each of which may reach another server


def is_round(count: int) -> bool:
    """Return whether a search may have stopped at this number of rows: search engines do at 10,000."""
    return count > 0 and count % ROUND == 0


class Strategy(Protocol):
    """A way to read all rows, whatever was read of them before.

    Attributes
    ----------
    name : str
        The strategy's name in ``df.attrs["salesmate"]["strategy"]`` and in ``server.json``.
    needs_offsets : bool
        Whether it finds only rows that the server returns by their offset in the whole list.
    is_proven_by_keys : bool
        Whether the rows show by creation times that none is missing, although others come and go.
    """

    name: str
    needs_offsets: bool
    is_proven_by_keys: bool

    def first_request(self, every: SearchRequest) -> SearchRequest:
        """Return the request that this strategy begins with, made from the request for all rows."""

    def pages(self, read: OpenRead) -> Generator[SearchPage, None, bool]:
        """Yield the new rows of each page, and return whether all rows were read.

        Raises
        ------
        PaginationUnsupported
            If the server does not support the strategy. `OpenRead.is_proven` says whether it seemed to.
        """


class OpenRead:
    """A read in progress, which several strategies may work on, one after the other.

    Parameters
    ----------
    fetch : callable
        Makes one request for a page; several threads may call it at the same time.
    request : SearchRequest
        Which records to read.
    workers : int
        How many requests to make at the same time.

    Attributes
    ----------
    request : SearchRequest
        The request for all rows, with the rules that the server accepted.
    rows : Completeness
        The rows so far.
    parallel : ParallelFetch
        Makes requests side by side.
    is_proven : bool
        Whether the first pages have shown that the server supports the strategy in use.
    uncounted_pages : int
        How many pages a list without a total took, now or last time; 0 if that is not known.
    fitting_rows : int
        How many rows fit into one response; very many, unless a page was too large.
    """

    def __init__(self, fetch: FetchFunction, request: SearchRequest, workers: int) -> None:
        self.request = request
        self.rows = Completeness()
        self.parallel = ParallelFetch(fetch, workers)
        self.is_proven = False
        self.uncounted_pages = 0
        self.fitting_rows = sys.maxsize
        self._fetch = fetch
        self._fetch_if_supported = unsupported_if_rejected(fetch)
        self._pages: list[tuple[SearchRequest, SearchPage]] = []

    @property
    def first_page(self) -> SearchPage:
        """The page that was read first."""
        return self._pages[0][1]

    @property
    def total(self) -> int | None:
        """The server's newest total; ``None`` if there is none, or it is known to be wrong."""
        return self.rows.totals[-1] if self.rows.has_total else None

    @property
    def round_total(self) -> int | None:
        """The total, if it may be where a search stops to count."""
        return self.total if self.total and is_round(self.total) else None

    def keep(self, request: SearchRequest, page: SearchPage) -> Generator[SearchPage]:
        """Keep a page for other strategies, and yield its new rows."""
        if request.rules == self.request.rules:
            self.rows.record_total(request, page)
        self._pages.append((request, page))
        yield self.rows.take(page)

    def get(self, request: SearchRequest) -> Generator[SearchPage, None, SearchPage]:
        """Return a page that was read before, or request it.

        Raises
        ------
        PaginationUnsupported
            If the server refuses it.
        """
        for kept, page in self._pages:
            if kept == request:
                return page
        return (yield from self.get_again(request))

    def get_again(self, request: SearchRequest) -> Generator[SearchPage, None, SearchPage]:
        """Request a page, even if it was read before."""
        is_probe = request.rules != self.request.rules or request.sorts_by_list
        page = self._fetch_if_supported(replace(request, is_probe=is_probe))
        yield from self.keep(request, page)
        return page

    def refresh_total(self) -> None:
        """Request the total again if it differs from the rows that were read: some may have been deleted.

        If it changed and is greater than the rows that were read, it is requested several times, one after
        the other: servers may take turns that hold different rows.
        """
        rows = self.rows
        is_short = len(set(rows.totals)) > 1 and len(rows.seen) < max(rows.totals)
        sequence = [max(rows.totals, default=0)]
        for _ in range(_TOTALS if is_short else 1):
            if self.total in {None, len(rows.seen)} and not is_short:
                return
            request = replace(self.request, rows=1)
            page = self._fetch(request)  # its row is not taken: it may be newer than others that did not come
            rows.record_total(request, page)
            sequence += [] if page.total is None else [page.total]
            rows.compare_totals(sequence)
            if rows.is_unsteady:
                return

    @property
    def ends_at_round_number(self) -> bool:
        """Whether rows end where a search may have stopped to return them, so that others may follow.

        Their number alone does not show that: if some are deleted, others follow up to the same offset.
        """
        return bool(self._round_ends)

    @property
    def _round_ends(self) -> list[int]:
        return list(filter(is_round, (self.rows.reach, len(self.rows.seen))))

    def is_cut_off(self) -> Generator[SearchPage, None, bool]:
        """Return whether rows may follow a list that ends at a round number, total and all.

        Search engines return no more than 10,000 rows of a list, and count no more. What they leave out
        stands at one end or the other, if the server sorts by ids. Once that is known, only strategies that
        do not depend on it are tried. If the same request returns mostly other rows each time, several passes
        would have found more rows than such a limit.
        """
        rows, end = self.rows, len(self.rows.seen)
        most = max(rows.totals, default=0)
        ends = [each for each in self._round_ends if each >= most]
        if rows.cap is not None or not ends:
            return False
        for is_descending in (False, True):
            request = replace(self.request, is_descending=is_descending)
            ids, again = list[int](), list[int]()
            with suppress(PaginationUnsupported):
                ids = list(map(record_id, (yield from self.get(request)).records))
            farthest = max(rows.seen) if is_descending else min(rows.seen)
            if ids[:1] == [farthest] and ids == sorted(ids, reverse=is_descending) and len(rows.seen) == end:
                continue
            if ids and rows.passes > 1:
                again = list(map(record_id, (yield from self.get_again(request)).records))
            if len(rows.seen) > end or len(set(ids).intersection(again)) * 2 >= len(again):
                rows.cap = ends[0]
                return True
        return False
