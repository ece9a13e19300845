"""Parallel walks: one paginator, several segments, and pages of rows with equal keys."""

from __future__ import annotations

import math
import threading
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb._pagination.open_read import OpenRead
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._pagination.paginators import CreatedWindowPaginator, KeysetPaginator, OffsetPaginator
from salesmate_nb._pagination.parallel_walks import ParallelWalks
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.resources import DEALS
from tests.pagination.test_open_read import drain

REQUEST = SearchRequest(resource=DEALS, fields=("id",), rows=10).unfiltered()


def opened(count, *, workers=1, is_counted=True):
    """Return a read of rows 1 to `count` with the times of their ids, and its requests."""
    requests = []

    def fetch(request):
        requests.append(request)
        rows = range(1, count + 1)[request.offset : request.offset + request.rows]
        records = [{"id": row, "createdAt": f"2026-01-01T{row // 60:02}:{row % 60:02}:00Z"} for row in rows]
        return SearchPage(records=records, total=count if is_counted else None)

    return OpenRead(fetch, REQUEST, workers), requests


@pytest.mark.parametrize("workers", [1, 3, 8])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 100])
def test_every_row(count, workers):
    """All rows are read, in as many requests as one walk makes and two at most."""
    read, requests = opened(count, workers=workers)
    ids, is_complete = drain(ParallelWalks(OffsetPaginator()).pages(read))
    read.parallel.close()
    assert (sorted(ids), is_complete) == (list(range(1, count + 1)), True)
    assert len(requests) <= math.ceil(count / 9) + 2


def test_segments():
    """Each worker begins its own segment after the first two pages."""
    read, requests = opened(100, workers=3)
    drain(ParallelWalks(OffsetPaginator()).pages(read))
    read.parallel.close()
    assert {0, 9, 18, 45, 72} <= {request.offset for request in requests}


def test_needs_total():
    """A paginator that cannot see a missing row on its own is not used without a total."""
    read, requests = opened(30, is_counted=False)
    drain(read.get(REQUEST))
    with pytest.raises(PaginationUnsupported, match="without a total"):
        drain(ParallelWalks(KeysetPaginator()).pages(read))
    assert len(requests) == 1


@pytest.mark.parametrize(("known", "requests_"), [(0, 5), (4, 4), (5, 5)])
def test_end_of_an_uncounted_list(known, requests_):
    """Without a total, a short page is confirmed by another one unless the list ended there last time."""
    read, requests = opened(32, is_counted=False)
    read.uncounted_pages = known
    ids, is_complete = drain(ParallelWalks(OffsetPaginator()).pages(read))
    assert (len(ids), is_complete, read.uncounted_pages) == (32, True, 4)
    assert len(requests) == requests_


def test_few_pages_during_changes():
    """If a row is deleted while two pages are read, their number shows nothing: another may be missing."""
    pages = [([1, 2, 3], 4), ([3], 3)]  # 2 was deleted, and 4 was left out

    def fetch(_request):
        rows, total = pages.pop(0) if pages else ([3], 3)
        return SearchPage(records=[{"id": row} for row in rows], total=total)

    _, is_complete = drain(ParallelWalks(OffsetPaginator()).pages(OpenRead(fetch, REQUEST, 1)))
    assert not is_complete


def test_first_request():
    """The first page is sorted as the paginator needs it, and has the field that it reads."""
    strategy = ParallelWalks(CreatedWindowPaginator(ZoneInfo("UTC")))
    first = strategy.first_request(REQUEST)
    assert (strategy.name, first.sort, first.fields) == (
        "windows",
        "createdAt",
        ("id", "createdAt"),
    )


def test_walk_waits_for_the_next_one():
    """A walk that reaches the start of the next one, whose first page is late, requests nothing twice."""
    read, requests = opened(46, workers=2)
    was_repeated = threading.Event()
    fetch = read.parallel._fetch

    def respond_late(request):
        if request.offset == 36:
            if [each.offset for each in requests].count(36):
                was_repeated.set()
            requests.append(request)
            was_repeated.wait(0.2)
        return fetch(request)

    read.parallel._fetch = respond_late
    ids, is_complete = drain(ParallelWalks(OffsetPaginator()).pages(read))
    read.parallel.close()
    assert (sorted(ids), is_complete) == (list(range(1, 47)), True)
    assert not was_repeated.is_set()
