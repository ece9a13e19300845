"""Repeated passes: united by id, the sort varied, judged by what was read in all."""

from __future__ import annotations

import random

import pytest

from salesmate_nb._pagination.open_read import OpenRead
from salesmate_nb._reading.repeated_passes import RepeatedPasses
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.errors import ApiError
from salesmate_nb.resources import DEALS
from tests.pagination.test_open_read import drain

REQUEST = SearchRequest(resource=DEALS, fields=("id",), rows=10).unfiltered()


def opened(count, *, total=None, lost=0, workers=1):
    """Return a read of a list that comes in another order each time, after its first page."""
    chance, requests = random.Random(count), []

    def fetch(request):
        requests.append(request)
        rows = chance.sample(range(1, count + 1), count - lost)
        part = rows[request.offset : request.offset + request.rows]
        return SearchPage(records=[{"id": row} for row in part], total=total)

    read = OpenRead(fetch, REQUEST, workers)
    drain(read.get(REQUEST))
    return read, requests


@pytest.mark.parametrize("workers", [1, 4])
def test_counted(workers):
    """Passes go on until as many rows were read as the server counts."""
    read, requests = opened(45, total=45, workers=workers)
    _, is_complete = drain(RepeatedPasses().pages(read))
    read.parallel.close()
    assert is_complete
    assert read.rows.seen == set(range(1, 46))
    assert 1 < read.rows.passes < 8
    sorts = [(request.sort, request.is_descending, request.sorts_by_list) for request in requests]
    assert list(dict.fromkeys(sorts))[:3] == [
        ("id", False, False),
        ("id", True, False),
        ("createdAt", False, False),
    ]


def test_uncounted():
    """Without a total, passes go on until they bring nothing new."""
    read, _ = opened(45)
    _, is_complete = drain(RepeatedPasses().pages(read))
    assert is_complete
    assert read.rows.seen == set(range(1, 46))


def test_more_counted_than_returned():
    """If further passes bring nothing, though the server counts more, the read is not complete."""
    read, _ = opened(20, total=22)
    _, is_complete = drain(RepeatedPasses().pages(read))
    assert not is_complete
    assert read.rows.is_futile


def test_refused_page():
    """If a plain page is refused, the server's own error is raised."""
    read, _ = opened(45, total=45)

    def refuse(_request):
        raise ApiError("forbidden", status=403)

    refused = OpenRead(refuse, REQUEST, 1)
    drain(refused.keep(REQUEST, read.first_page))
    with pytest.raises(ApiError, match="forbidden"):
        drain(RepeatedPasses().pages(refused))


@pytest.mark.parametrize(("count", "is_complete"), [(10, False), (8, True), (12, True)])
def test_offsets_ignored(count, is_complete):
    """The same page at each offset is the whole list unless it is as full as a page may be."""

    def fetch(_request):
        return SearchPage(records=[{"id": row} for row in range(1, count + 1)], total=None)

    read = OpenRead(fetch, REQUEST, 1)
    drain(read.get(REQUEST))
    assert drain(RepeatedPasses().pages(read))[1] is is_complete


def test_list_sort_is_not_needed():
    """Passes send no sort that some servers refuse."""
    read, requests = opened(45, total=46)
    drain(RepeatedPasses().pages(read))
    assert not any(request.sorts_by_list for request in requests)
