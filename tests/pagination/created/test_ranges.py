"""Ranges of creation time as pure functions, read from a server without any order."""

from __future__ import annotations

import datetime as dt
import random
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb._pagination.created.ranges import CreatedRanges
from salesmate_nb._pagination.created.walks import run_walks
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._pagination.parallel_fetch import ParallelFetch
from salesmate_nb._search.search import SearchPage, SearchRequest, record_id
from salesmate_nb.resources import DEALS

UTC = ZoneInfo("UTC")
START = SearchRequest(resource=DEALS, rows=10).unfiltered()
SECONDS = 1_700_000_000


class Server:
    """Return rows inside a range in any order; the zone of its rules may be another one."""

    def __init__(self, minutes, *, ahead=0, counts=True, most=10, edge=1, most_counted=None, sorts=False):
        self.rows = [{"id": number, "createdAt": SECONDS + 60 * each} for number, each in enumerate(minutes)]
        self.requests = 0
        self._ahead = ahead
        self._counts = counts
        self._most = most
        self._edge = edge
        self._most_counted = most_counted
        self._sorts = sorts
        self._random = random.Random(1)

    def __call__(self, request):
        self.requests += 1
        assert self.requests < 2_000
        low, high = (self._time(text) for text in request.rules[-1].data)
        found = [row for row in self.rows if low <= row["createdAt"] < high + self._edge]
        found = found[: self._most_counted]
        total = len(found) if self._counts else None
        if not self._sorts:
            self._random.shuffle(found)
        rows = self._most if self._most < 10 and self.requests > 1 else None  # from the second request on
        return SearchPage(records=found[request.offset :][: rows or 10], total=total, rows=rows)

    def _time(self, text):
        when = dt.datetime.strptime(text, "%b %d, %Y %I:%M %p").replace(tzinfo=dt.UTC)
        return when.timestamp() + 60 * self._ahead


def ranges_of(condition="BETWEEN"):
    return CreatedRanges(START, UTC, condition, 10)


def read(server, total, workers=1):
    """Return the ids that ranges find."""
    ranges = ranges_of()
    ranges.check_probe(server(ranges.probe(server.rows[:10], server.rows[-10:])))
    sweeps = ranges.walks([*server.rows[:10], *server.rows[-10:]], total, workers)
    parallel = ParallelFetch(server, 1)
    walks = [(next(sweep), sweep) for sweep in sweeps]
    return {record_id(record) for _, page in run_walks(parallel, walks) for record in page.records}


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
    [walk] = CreatedRanges(START, UTC, "BETWEEN", 10).walks(ends, 2, 1)
    asked = list[str]()

    def fetch(request):
        asked.extend(request.rules[-1].data)
        return SearchPage(records=[], total=0)

    list(run_walks(ParallelFetch(fetch, 1), [(next(walk), walk)]))
    assert (asked[0], asked[-1]) == ("Jan 01, 0001 12:00 AM", "Dec 31, 9999 11:59 PM")


def test_minute_of_many_rows():
    """A minute with more rows than a page is read in passes, until they are as many as counted."""
    minutes = sorted([*range(0, 4_000, 40), *[2_000] * 45])
    assert read(Server(minutes), 145) == set(range(145))


def test_cost():
    """Where the rows are in time is learned from each response, so most ranges fill a page well."""
    minutes = sorted(int(random.Random(number).triangular(0, 10**6, 10**6)) for number in range(1_000))
    server = Server(minutes)
    assert read(server, 1_000, workers=4) == set(range(1_000))
    assert server.requests <= 2.8 * 1_000 / 10


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
    ranges = ranges_of()
    rows = Server(range(0, 400, 10)).rows
    ranges.probe(rows)
    with pytest.raises(PaginationUnsupported, match="ignored"):
        ranges.check_probe(SearchPage(records=rows, total=40))


def test_nothing_returned():
    """A range that returns nothing, though there are rows in it, is not supported."""
    ranges = ranges_of("IS_BEFORE")
    ranges.probe(Server(range(0, 400, 10)).rows)
    with pytest.raises(PaginationUnsupported, match="nothing"):
        ranges.check_probe(SearchPage(records=[], total=0))


def test_one_time():
    """Rows of a single time cannot show whether both ends are supported."""
    with pytest.raises(PaginationUnsupported, match="same time"):
        ranges_of().probe(Server([5] * 20).rows, [])


def test_unreadable_time():
    """Rows without a creation time cannot be read by it."""
    with pytest.raises(PaginationUnsupported, match="parsed"):
        ranges_of().probe([{"id": 1, "createdAt": "soon"}])


def test_ranges_do_not_get_smaller():
    """If a range returns more rows than there are, it ends."""
    ranges = ranges_of()
    rows = Server(range(0, 100_000, 10)).rows[:10]
    ranges.probe(rows)
    [sweep] = ranges.walks(rows, 40, 1)
    next(sweep)
    full = SearchPage(records=rows, total=99_999)
    with pytest.raises(PaginationUnsupported, match="smaller"):
        list(map(sweep.send, [full] * 1_000))


@pytest.mark.parametrize("edge", [1, 60])
def test_minutes_of_many_rows(edge):
    """Minutes in a row that each fill a page are all read, if a rule includes both minutes that it names."""
    minutes = sorted([*range(0, 4_000, 40), *[*range(2_000, 2_006)] * 30])
    assert read(Server(minutes, edge=edge, sorts=True), 280) == set(range(280))


def test_minute_cut_off(monkeypatch):
    """A minute of as many rows as a search counts at most may have more of them."""
    monkeypatch.setattr("salesmate_nb._pagination.open_read.ROUND", 20)
    minutes = sorted([*range(0, 4_000, 40), *[2_000] * 45])
    with pytest.raises(PaginationUnsupported, match="stopped to count"):
        read(Server(minutes, most_counted=20), 145)
