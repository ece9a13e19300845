"""Ranges of creation time as pure functions, read from a server without any order."""

from __future__ import annotations

import datetime as dt
import random
from collections import deque
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb._pagination.created_ranges import CreatedRanges
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import SearchPage, SearchRequest, record_id
from salesmate_nb.resources import DEALS

UTC = ZoneInfo("UTC")
START = SearchRequest(resource=DEALS, rows=10).unfiltered()
SECONDS = 1_700_000_000


class Server:
    """Return rows inside a range in any order; the zone of its rules may be another one."""

    def __init__(self, minutes, *, ahead=0, counts=True, most=10):
        self.rows = [{"id": number, "createdAt": SECONDS + 60 * each} for number, each in enumerate(minutes)]
        self.requests = 0
        self._ahead = ahead
        self._counts = counts
        self._most = most
        self._random = random.Random(1)

    def __call__(self, request):
        self.requests += 1
        assert self.requests < 2_000
        low, high = (self._time(text) for text in request.rules[-1].data)
        found = [row for row in self.rows if low <= row["createdAt"] <= high]
        total = len(found) if self._counts else None
        self._random.shuffle(found)
        rows = self._most if self._most < 10 and self.requests > 1 else None  # from the second request on
        return SearchPage(records=found[request.offset :][: rows or 10], total=total, rows=rows)

    def _time(self, text):
        when = dt.datetime.strptime(text, "%b %d, %Y %I:%M %p").replace(tzinfo=dt.UTC)
        return when.timestamp() + 60 * self._ahead


def read(server, total):
    """Return the ids that ranges find."""
    ranges = CreatedRanges(START, UTC, "BETWEEN")
    ranges.check_probe(server(ranges.probe(server.rows[:10], server.rows[-10:])))
    queue = deque(ranges.first([*server.rows[:10], *server.rows[-10:]], total, 10))
    found = set()
    while queue:
        request, (_, part) = queue.popleft()
        page = server(request)
        found.update(map(record_id, page.records))
        queue += ranges.take(request, part, page)
    return found


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("ahead", [0, 330, -600])
def test_every_row(counts, ahead):
    """All rows are found in any zone, with or without totals, in a few requests for each page."""
    minutes = sorted(random.Random(2).choices(range(100_000), k=400))
    server = Server(minutes, ahead=ahead, counts=counts)
    assert read(server, 400 if counts else None) == set(range(400))
    assert server.requests <= (4 if counts else 6) * 40


def test_ends_of_the_calendar():
    """Rows of the first and of the last minute that there is are within the ranges."""
    ends = [{"id": 1, "createdAt": "0001-01-01T00:00Z"}, {"id": 2, "createdAt": "9999-12-31T23:59:59Z"}]
    tasks = CreatedRanges(START, UTC, "BETWEEN").first(ends, 2, 10)
    assert tasks[0][1][1].since.isoformat() == "0001-01-01T00:00:00"
    assert tasks[-1][1][1].until.isoformat()[:16] == "9999-12-31T23:59"


def test_minute_of_many_rows():
    """A minute with more rows than a page is read in passes, until they are as many as counted."""
    minutes = sorted([*range(0, 4_000, 40), *[2_000] * 45])
    assert read(Server(minutes), 145) == set(range(145))


def test_smaller_pages():
    """If fewer rows fit into a response than into the first one, no range counts as whole by that number."""
    server = Server(sorted([*range(0, 4_000, 40), *[2_000] * 45]), most=4)
    assert read(server, 145) == set(range(145))


def test_minute_of_many_rows_without_total():
    """Without a total, such a minute cannot be known to be complete."""
    minutes = sorted([*range(0, 4_000, 40), *[2_000] * 45])
    with pytest.raises(PaginationUnsupported, match="many rows"):
        read(Server(minutes, counts=False), None)


def test_ignored():
    """Rows outside of the range show that it is ignored."""
    ranges = CreatedRanges(START, UTC, "BETWEEN")
    rows = Server(range(0, 400, 10)).rows
    ranges.probe(rows)
    with pytest.raises(PaginationUnsupported, match="ignored"):
        ranges.check_probe(SearchPage(records=rows, total=40))


def test_nothing_returned():
    """A range that returns nothing, though there are rows in it, is not supported."""
    ranges = CreatedRanges(START, UTC, "IS_BEFORE")
    ranges.probe(Server(range(0, 400, 10)).rows)
    with pytest.raises(PaginationUnsupported, match="nothing"):
        ranges.check_probe(SearchPage(records=[], total=0))


def test_one_time():
    """Rows of a single time cannot show whether both ends are supported."""
    with pytest.raises(PaginationUnsupported, match="same time"):
        CreatedRanges(START, UTC, "BETWEEN").probe(Server([5] * 20).rows, [])


def test_unreadable_time():
    """Rows without a creation time cannot be read by it."""
    with pytest.raises(PaginationUnsupported, match="parsed"):
        CreatedRanges(START, UTC, "BETWEEN").probe([{"id": 1, "createdAt": "soon"}])


def test_ranges_do_not_get_smaller():
    """If a range returns more rows than there are, it ends."""
    ranges = CreatedRanges(START, UTC, "BETWEEN")
    rows = Server(range(0, 100_000, 10)).rows[:10]
    ranges.probe(rows)
    [(request, (_, part)), *_] = ranges.first(rows, 40, 10)
    full = SearchPage(records=rows, total=100_000)
    with pytest.raises(PaginationUnsupported, match="smaller"):
        ranges.take(request, part, full)
