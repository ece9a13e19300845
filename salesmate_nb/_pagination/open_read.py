"""A read in progress: what every strategy gets its pages from, and what is known of the rows so far."""

from __future__ import annotations

import sys
from collections.abc import Generator
from dataclasses import replace
from typing import Protocol

from salesmate_nb._pagination.completeness import Completeness
from salesmate_nb._pagination.parallel_fetch import FetchFunction, ParallelFetch, unsupported_if_rejected
from salesmate_nb._search.search import SearchPage, SearchRequest


class Strategy(Protocol):
    """A way to read all rows, whatever was read of them before.

    Attributes
    ----------
    name : str
        The strategy's name in ``df.attrs["salesmate"]["strategy"]`` and in ``server.json``.
    """

    name: str

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
        is_probe = request.rules != self.request.rules or request.sorts_by_list
        page = self._fetch_if_supported(replace(request, is_probe=is_probe))
        yield from self.keep(request, page)
        return page

    def refresh_total(self) -> Generator[SearchPage]:
        """Request the total again if it differs from the rows that were read: some may have been deleted."""
        if self.total not in {None, len(self.rows.seen)}:
            request = replace(self.request, rows=1)
            page = self._fetch(request)
            self.rows.record_total(request, page)
            yield self.rows.take(page)
