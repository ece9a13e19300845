"""Offsets by creation time, read from servers that change the order of equal times in each response."""

from __future__ import annotations

import datetime as dt
import random
import threading
from contextlib import closing, suppress
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb._pagination.created.offsets import CreatedOffsets
from salesmate_nb._pagination.open_read import OpenRead
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.errors import ApiError
from salesmate_nb.resources import DEALS
from tests.pagination.test_open_read import drain

UTC = ZoneInfo("UTC")
REQUEST = SearchRequest(resource=DEALS, fields=("id",), rows=10).unfiltered()
SECONDS = 1_700_000_000


class Server:
    """Sorts by time, equals in any order; runs `change` before each response but the first."""

    def __init__(self, times, *, seed=0, counts=True, written=lambda time: time, change=lambda _server: None):
        self.rows = dict(enumerate(times, 1))
        self.there = set(self.rows)
        self.random = random.Random(seed)
        self.offsets = []
        self._counts = counts
        self._written = written
        self._change = change
        self._lock = threading.Lock()

    def __call__(self, request):
        with self._lock:
            return self._respond(request)

    def _respond(self, request):
        if self.offsets:
            self._change(self)
        self.offsets.append(request.offset)
        sign = -1 if request.is_descending else 1
        order = sorted(self.rows, key=lambda row: (sign * self.rows[row], self.random.random()))
        page = [
            {"id": row, "createdAt": self._written(SECONDS + self.rows[row])}
            for row in order[request.offset :][: request.rows]
        ]
        return SearchPage(records=page, total=len(self.rows) if self._counts else None)

    def replace_one(self):
        """Create a row now, and delete any other."""
        gone = self.random.choice(sorted(self.rows))
        self.there.discard(gone)
        del self.rows[gone]
        self.rows[max(self.rows) + 1] = 10**6 + len(self.offsets)


def read(server, *, workers=1, is_descending=False):
    """Return the ids that are found, and whether they are all."""
    opened = OpenRead(server, REQUEST, workers)
    with closing(opened.parallel):
        ids, is_complete = drain(CreatedOffsets(UTC, is_descending=is_descending).pages(opened))
    return set(ids), is_complete


TIED = sorted(random.Random(1).choices(range(0, 3_000, 60), k=150))
IMPORT = sorted([*range(0, 3_000, 60), *[1_200] * 45])
FEW_MORE_THAN_A_PAGE = sorted([*range(0, 3_000, 60), *[1_200] * 14])


@pytest.mark.parametrize("times", [TIED, IMPORT, [0] * 35, [*[0] * 10, 60]], ids=str)
@pytest.mark.parametrize("options", [{}, {"workers": 3}, {"is_descending": True}], ids=str)
@pytest.mark.parametrize("counts", [True, False])
def test_every_row(times, options, counts):
    """Every row is found however equals are ordered, a time of more rows than a page among them."""
    server = Server(times, counts=counts)
    if options.get("is_descending") and times[-1] == times[-10]:
        with pytest.raises(PaginationUnsupported, match="of one time"):
            read(server, **options)
        return
    assert read(server, **options) == (set(server.rows), True)


def test_cost():
    """A page of rows of one time is read again, never the whole list."""
    server = Server([*range(0, 60_000, 60), *[60_000] * 40])
    assert read(server) == (set(server.rows), True)
    assert len(server.offsets) <= 1_040 / 8 + 40


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("chance", [1, 0.2, 0.05])
@pytest.mark.parametrize("times", [TIED, IMPORT, FEW_MORE_THAN_A_PAGE], ids=["tied", "import", "two pages"])
def test_colleagues(times, chance, workers):
    """While rows are created and others deleted, none that stays is missed: a deleted one stands for none.

    If it is seldom, most reads succeed; if not, a time of more rows than a page cannot be counted.
    """
    whole = 0
    for seed in range(24):

        def change(server):
            if server.random.random() < chance:
                server.replace_one()

        server = Server(times, seed=seed, change=change)
        with suppress(PaginationUnsupported):  # the next strategy reads on
            found, is_complete = read(server, workers=workers)
            assert not (is_complete and server.there - found)
            whole += is_complete
    assert whole >= (20 if times is TIED or chance < 0.1 else 0)


@pytest.mark.parametrize("form", ["{:%b %d, %Y %H:%M %p}", "{:%Y-%m-%dT%H:%M:%S}"])
def test_minutes(form):
    """Where seconds are not written, or not sorted by, rows of a minute count as equal."""

    def written(time):
        return form.format(dt.datetime.fromtimestamp(time, dt.UTC))

    times = [minute * 60 + second for minute in range(40) for second in (50, 10, 30)]
    server = Server([time - time % 60 for time in times], written=written)
    assert read(server) == (set(server.rows), True)


def test_other_order():
    """Rows that come again without those between them show another order."""
    calls = iter([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 11, 12, 13, 14, 15, 16, 17, 18, 19]])

    def fetch(_request):
        return SearchPage(records=[{"id": row, "createdAt": SECONDS + row} for row in next(calls)], total=40)

    with pytest.raises(PaginationUnsupported, match="another order"):
        read(fetch)


@pytest.mark.parametrize("counts", [True, False])
def test_pages_that_come_late(counts):
    """If pages begin five rows too late, the keys show it, and the walk goes back until there is no gap."""
    server = Server(range(0, 6_000, 60), counts=counts)

    def fetch(request):
        return server(replace(request, offset=request.offset + (5 if request.offset else 0)))

    assert read(fetch)[0] == set(server.rows)


def test_deep_offsets_refused():
    """A walk that may not begin so deep is no error as long as another one gets there."""
    server, refused = Server(range(0, 9_000, 60)), []

    def fetch(request):
        if request.offset > 60 and not refused:
            refused.append(request.offset)
            raise ApiError("too deep", status=500)
        return server(request)

    assert read(fetch, workers=3) == (set(server.rows), True)
    assert refused
