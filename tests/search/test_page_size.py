"""Pages that are too large: half as many rows are requested, down to one, and that is remembered."""

from __future__ import annotations

import pytest

from salesmate_nb._search.page_size import FittingPages
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.errors import BadResponse
from salesmate_nb.resources import DEALS


class Server:
    """Returns as many rows as fit."""

    def __init__(self, most, *, is_too_large=True):
        self.most, self.asked, self._is_too_large = most, [], is_too_large

    def __call__(self, request):
        self.asked.append(request.rows)
        if request.rows > self.most:
            err = BadResponse("x returned more than 32 MB.", status=200, url="x")
            err.is_too_large = self._is_too_large
            raise err
        return SearchPage(records=[{"id": number} for number in range(request.rows)], total=None)


def test_half_as_many_rows():
    """Half as many rows are requested until they fit; the next page begins with that many."""
    server = Server(70)
    fetch = FittingPages(server)
    pages = [fetch(SearchRequest(resource=DEALS)) for _ in range(2)]
    assert server.asked == [250, 125, 62, 62]
    assert [(page.rows, len(page.records)) for page in pages] == [(62, 62)] * 2
    assert fetch(SearchRequest(resource=DEALS, rows=5)).rows is None  # as requested


def test_one_row_too_large():
    """If a single row does not fit, the error says what to leave out."""
    server = Server(0)
    with pytest.raises(BadResponse, match=r"too large, even with a single row\. Read without") as caught:
        FittingPages(server)(SearchRequest(resource=DEALS))
    assert server.asked == [250, 125, 62, 31, 15, 7, 3, 1]
    assert (caught.value.status, caught.value.url) == (200, "x")


def test_another_bad_response():
    """A response that is bad for another reason is not requested again."""
    server = Server(0, is_too_large=False)
    with pytest.raises(BadResponse, match="x returned"):
        FittingPages(server)(SearchRequest(resource=DEALS))
    assert server.asked == [250]
