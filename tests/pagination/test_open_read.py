"""A read in progress: pages are requested once, and the server's total is taken from them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from salesmate_nb._pagination.open_read import OpenRead
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.errors import ApiError
from salesmate_nb.resources import DEALS

REQUEST = SearchRequest(resource=DEALS, fields=("id",), rows=2).unfiltered()


def page(*ids, total=None):
    return SearchPage(records=[{"id": number} for number in ids], total=total)


def opened(*responses):
    """Return a read whose requests get these responses, and the requests."""
    requests, left = [], list(responses)

    def fetch(request):
        requests.append(request)
        response = left.pop(0)
        if isinstance(response, Exception):
            raise response
        return response

    return OpenRead(fetch, REQUEST, workers=1), requests


def drain(generator):
    """Return the ids that a generator yields, and what it returns."""
    ids = []
    while True:
        try:
            ids += [record["id"] for record in next(generator).records]
        except StopIteration as stop:
            return ids, stop.value


def test_page_is_requested_once():
    """A page that an earlier strategy read is not requested again, and its rows are yielded once."""
    read, requests = opened(page(1, 2, total=3), page(2, 3, total=3))
    assert drain(read.get(REQUEST))[0] == [1, 2]
    assert drain(read.get(replace(REQUEST, offset=1)))[0] == [3]
    ids, again = drain(read.get(REQUEST))
    assert (ids, [record["id"] for record in again.records]) == ([], [1, 2])
    assert [request.offset for request in requests] == [0, 1]
    assert read.first_page is again


@pytest.mark.parametrize(
    ("request_", "is_probe"),
    [(REQUEST, False), (REQUEST.above(7), True), (replace(REQUEST, sorts_by_list=True), True)],
)
def test_probe(request_, is_probe):
    """What the server may not support is requested without retries, and a refusal says so."""
    read, requests = opened(ApiError("no", status=400))
    with pytest.raises(PaginationUnsupported):
        drain(read.get(request_))
    assert [request.is_probe for request in requests] == [is_probe]


def test_total_of_all_rows_only():
    """The total of a page with further rules counts fewer rows, so it is not taken."""
    read, _ = opened(page(1, 2, total=9), page(8, total=1))
    drain(read.get(REQUEST))
    drain(read.get(REQUEST.above(7)))
    assert (read.total, read.rows.totals) == (9, [9])


@pytest.mark.parametrize(("total", "count"), [(2, 0), (3, 1), (None, 0)])
def test_refresh_total(total, count):
    """The total is requested again, by one row, only if it differs from the rows that were read."""
    read, requests = opened(page(1, 2, total=total), page(1, total=2))
    drain(read.get(REQUEST))
    read.refresh_total()
    assert [request.rows for request in requests[1:]] == [1] * count
    assert read.total == (2 if total else None)


@pytest.mark.parametrize(
    ("totals", "is_unsteady", "count"),
    [
        ([9, 9, 9, 9, 9], False, 5),
        ([9, 10], True, 2),
        ([9, 8, 8, 8, 9], True, 5),
        ([7, 6, 5, 4, 3], False, 5),
    ],
)
def test_total_fell(totals, is_unsteady, count):
    """If fewer rows came than were counted, servers that take turns show by totals that fall and rise."""
    read, requests = opened(page(1, 2, total=10), page(3, total=9), *[page(total=each) for each in totals])
    drain(read.get(REQUEST))
    drain(read.get(replace(REQUEST, offset=2)))
    read.refresh_total()
    assert read.rows.is_unsteady is is_unsteady
    assert len(requests) == 2 + count
