"""Requests that run side by side, and refusals that mean that a request is not supported."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TypeVar

from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.errors import ApiError, BadResponse, ConnectionFailed, RateLimited

FetchFunction = Callable[[SearchRequest], SearchPage]
"""Makes one request and returns the page."""

_POLL_SECONDS = 1.0  # wait in short steps, so that every system notices an interrupt
_Tag = TypeVar("_Tag")


def fetch_probe(fetch: FetchFunction, request: SearchRequest) -> SearchPage:
    """Fetch a page that the server may refuse; only if no complete response arrived, try again."""
    try:
        return fetch(replace(request, is_probe=True))
    except ConnectionFailed:
        return fetch(request)
    except BadResponse as err:
        if not err.is_transient:
            raise
        return fetch(request)


def unsupported_if_rejected(fetch: FetchFunction) -> FetchFunction:
    """Wrap a fetch function so that a request that the server refuses raises `PaginationUnsupported`.

    How a live account refuses a rule is not known, so any error of the API counts, except that the login
    or the hourly limit ended. A request that is a probe is not retried.
    """

    def fetch_if_supported(request: SearchRequest) -> SearchPage:
        try:
            return fetch_probe(fetch, request) if request.is_probe else fetch(request)
        except RateLimited:
            raise
        except ApiError as err:
            raise PaginationUnsupported(str(err)) from err

    return fetch_if_supported


class ParallelFetch:
    """Makes the requests of one read, as many at a time as there are workers.

    Parameters
    ----------
    fetch : callable
        Makes one request; several threads may call it at the same time.
    workers : int
        How many; with one worker, no thread is started.
    """

    def __init__(self, fetch: FetchFunction, workers: int) -> None:
        self.workers = workers
        self._fetch = unsupported_if_rejected(fetch)
        self._pool: ThreadPoolExecutor | None = None

    def run(
        self, queue: deque[tuple[SearchRequest, _Tag]]
    ) -> Generator[tuple[_Tag, SearchPage | PaginationUnsupported]]:
        """Make the requests of a queue, and yield each tag with its response as it arrives.

        The queue may grow while this runs.
        """
        if self.workers == 1:
            while queue:
                request, tag = queue.popleft()
                yield tag, self._respond(request)
            return
        running: dict[Future[SearchPage | PaginationUnsupported], _Tag] = {}
        try:
            while queue or running:
                self._submit(queue, running)
                for response in wait(running, _POLL_SECONDS, FIRST_COMPLETED).done:
                    tag = running.pop(response)
                    self._submit(queue, running)
                    yield tag, response.result()
        finally:
            for response in running:
                response.cancel()

    def close(self) -> None:
        """Wait for requests that are under way."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _submit(
        self,
        queue: deque[tuple[SearchRequest, _Tag]],
        running: dict[Future[SearchPage | PaginationUnsupported], _Tag],
    ) -> None:
        if self._pool is None:  # its threads do nothing but requests
            self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="salesmate_nb-read")
        while queue and len(running) < self.workers:
            request, tag = queue.popleft()
            running[self._pool.submit(self._respond, request)] = tag

    def _respond(self, request: SearchRequest) -> SearchPage | PaginationUnsupported:
        try:
            return self._fetch(request)
        except PaginationUnsupported as err:
            return err
