"""Requests side by side, and which errors mean that a request is not supported."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace

import pytest

from salesmate_nb._pagination import parallel_fetch
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._pagination.parallel_fetch import ParallelFetch, fetch_probe, unsupported_if_rejected
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.errors import (
    ApiError,
    BadResponse,
    ConnectionFailed,
    LoginRequired,
    NotFound,
    RateLimited,
)
from salesmate_nb.resources import DEALS

REQUEST = SearchRequest(resource=DEALS)
EMPTY = SearchPage(records=[], total=None)


def failing(*errors):
    """Return a fetch function that raises these errors one after the other, and its requests."""
    requests, left = [], list(errors)

    def fetch(request):
        requests.append(request)
        if left:
            raise left.pop(0)
        return EMPTY

    return fetch, requests


@pytest.mark.parametrize(
    "error",
    [
        *(ApiError("no", status=status) for status in (400, 403, 422, 500)),
        ApiError("no", status=200, code="NotSupported"),
        NotFound("no", status=200, code="ObjectNotFound"),
        BadResponse("no rows", status=200),
    ],
    ids=lambda error: f"{type(error).__name__} {error.status}",
)
def test_refusal(error):
    """However a rule is refused, it is not supported; the error is kept."""
    fetch, requests = failing(error)
    with pytest.raises(PaginationUnsupported) as caught:
        unsupported_if_rejected(fetch)(replace(REQUEST, is_probe=True))
    assert caught.value.__cause__ is error
    assert len(requests) == 1


@pytest.mark.parametrize("error", [RateLimited("hour"), LoginRequired("key"), ConnectionFailed("no network")])
def test_other_errors(error):
    """The end of the hourly limit or of the login, and a broken network, are no refusals."""
    fetch, _ = failing(error, error)
    with pytest.raises(type(error)):
        unsupported_if_rejected(fetch)(replace(REQUEST, is_probe=True))


def cut_off():
    error = BadResponse("cut off")
    error.is_transient = True
    return error


@pytest.mark.parametrize("error", [ConnectionFailed("reset"), cut_off()])
def test_incomplete_response(error):
    """A probe whose response did not arrive is sent again, as a request that may be retried."""
    fetch, requests = failing(error)
    assert fetch_probe(fetch, REQUEST) is EMPTY
    assert [request.is_probe for request in requests] == [True, False]


@pytest.mark.parametrize("workers", [1, 3])
def test_growing_queue(workers):
    """The queue may grow while it is worked off; a refusal is handed over, not raised."""
    fetch, _ = failing(ApiError("no", status=400))
    parallel = ParallelFetch(fetch, workers)
    queue = deque([(REQUEST, number) for number in range(3)])
    responses = {}
    for tag, response in parallel.run(queue):
        responses[tag] = response
        if tag == 2:
            queue.append((REQUEST, 3))
    parallel.close()
    assert sorted(responses) == [0, 1, 2, 3]
    assert sum(isinstance(response, PaginationUnsupported) for response in responses.values()) == 1


def test_workers():
    """As many requests run at the same time as there are workers."""
    barrier = threading.Barrier(3, timeout=30)

    def fetch(_request):
        barrier.wait()
        return EMPTY

    parallel = ParallelFetch(fetch, 3)
    assert len(list(parallel.run(deque((REQUEST, number) for number in range(6))))) == 6
    parallel.close()


def test_close_leaves_slow_requests(monkeypatch):
    """Closing waits for no slow request, and neither does the end of the process; each thread ends later."""
    monkeypatch.setattr(parallel_fetch, "_GRACE_SECONDS", 0.01)
    response, before = threading.Event(), set(threading.enumerate())

    def fetch(request):
        if request.offset:
            response.wait()
        return EMPTY

    parallel = ParallelFetch(fetch, 2)
    slow = parallel.run(deque((replace(REQUEST, offset=number), number) for number in range(2)))
    next(slow)
    slow.close()
    parallel.close()
    left = set(threading.enumerate()) - before
    assert {thread.daemon for thread in left} == {True}
    response.set()
    for thread in left:
        thread.join()


def test_failure_in_a_thread():
    """An error that is no refusal is raised where the response is read."""
    fetch, _ = failing(ConnectionFailed("no network"))
    parallel = ParallelFetch(fetch, 2)
    with pytest.raises(ConnectionFailed, match="no network"):
        list(parallel.run(deque([(REQUEST, 0)])))
    parallel.close()
