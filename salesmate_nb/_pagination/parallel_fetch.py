"""Requests that run side by side, and refusals that mean that a request is not supported."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.errors import ApiError, BadResponse, ConnectionFailed, RateLimited

FetchFunction = Callable[[SearchRequest], SearchPage]
"""Makes one request and returns the page."""

_POLL_SECONDS = 1.0  # wait in short steps, so that every system notices an interrupt
_GRACE_SECONDS = 0.5  # for requests under way at the end of a read; an interrupted one is to end soon
_Tag = TypeVar("_Tag")
_Result = TypeVar("_Result")


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
        self._pool: DaemonPool | None = None

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
        """End the threads; a request that is under way for longer ends by itself, and nobody waits for it."""
        if self._pool is not None:
            self._pool.close()

    def _submit(
        self,
        queue: deque[tuple[SearchRequest, _Tag]],
        running: dict[Future[SearchPage | PaginationUnsupported], _Tag],
    ) -> None:
        if self._pool is None:  # its threads do nothing but requests
            self._pool = DaemonPool(self.workers)
        while queue and len(running) < self.workers:
            request, tag = queue.popleft()
            running[self._pool.submit(partial(self._respond, request))] = tag

    def _respond(self, request: SearchRequest) -> SearchPage | PaginationUnsupported:
        try:
            return self._fetch(request)
        except PaginationUnsupported as err:
            return err


class DaemonPool:
    """Threads that work off a queue, and that neither an interrupt nor the end of the process waits for.

    A ThreadPoolExecutor joins its threads in both cases: for minutes, if a server is slow.

    Parameters
    ----------
    workers : int
        How many threads.
    """

    def __init__(self, workers: int) -> None:
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"salesmate_nb-read-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, task: Callable[[], _Result]) -> Future[_Result]:
        """Queue a task, and return its future result."""
        future: Future[_Result] = Future()
        self._tasks.put((future, task))
        return future

    def close(self) -> None:
        """End each thread after its task, and wait for a short time."""
        until = time.monotonic() + _GRACE_SECONDS
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.0))

    def _work(self) -> None:
        while (queued := self._tasks.get()) is not None:
            future, task = queued
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(task())
                except BaseException as err:  # noqa: BLE001 - raised where the result is read
                    future.set_exception(err)
