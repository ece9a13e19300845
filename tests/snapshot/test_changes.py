"""Changes since a watermark: which pages are read, and that the result equals the server's rows."""

from __future__ import annotations

import datetime as dt
import random
from contextlib import suppress
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb._frames.arrow import BatchBuilder
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import SearchPage, SearchRequest, modified_at
from salesmate_nb._snapshot import changes
from salesmate_nb._snapshot.changes import Changes, FullReadDue
from salesmate_nb.resources import DEALS

UTC = ZoneInfo("UTC")
START = dt.datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 5  # of a page


class Server:
    """Lists records by their last change, the newest first, as the v4 search does."""

    def __init__(self, records):
        self.records = {record["id"]: record for record in records}
        self.requests = []
        self.before_page = lambda: None

    def __call__(self, request):
        assert (request.sort, request.is_descending) == ("lastModifiedAt", True)
        self.requests.append(request)
        self.before_page()
        newest = sorted(self.records.values(), key=lambda record: modified_at(record, UTC), reverse=True)
        page = newest[request.offset : request.offset + request.rows]
        return SearchPage(records=list(page), total=len(newest))

    def edit(self, number, at, title="changed"):
        self.records[number] = record(number, at, title)


def record(number, at, title="old"):
    written = at if isinstance(at, str) else at.isoformat()
    return {"id": number, "title": title, "lastModifiedAt": written}


def at(minutes, seconds=7):
    return START + dt.timedelta(minutes=minutes, seconds=seconds)


@pytest.fixture
def server():
    """Serve 40 records, an hour between their changes."""
    return Server([record(number, at(60 * number)) for number in range(1, 41)])


@pytest.fixture(scope="session")
def changes_of(fields):
    """Return a function that makes `Changes` of a server."""

    def make(fetch, zone=UTC, **options):
        request = SearchRequest(resource=DEALS, fields=tuple(field.path for field in fields), rows=ROWS)
        builder = BatchBuilder(fields, timezone=zone.key, discover=False)
        options = {"server_time": lambda: dt.datetime.now(UTC), **options}
        return Changes(fetch, request, builder, zone, **options)

    return make


def rows_by_id(server):
    return [server.records[number] for number in sorted(server.records)]


def test_newest_change(server, changes_of):
    """The newest timestamp costs one request of two fields."""
    assert changes_of(server).newest() == at(60 * 40)
    (request,) = server.requests
    assert request.fields == ("id", "lastModifiedAt")


def test_newest_change_of_an_empty_account(changes_of):
    """Without rows, the watermark is 1970."""
    assert changes_of(Server([])).newest() == dt.datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("written", ["", None, "soon", [1]])
def test_newest_change_is_unreadable(changes_of, table_of, written):
    """A timestamp that cannot be read is not used as watermark."""
    page = SearchPage(records=[{"id": 1, "lastModifiedAt": written}], total=1)
    assert changes_of(lambda _: page).newest() is None
    assert changes_of(lambda _: page).apply(table_of(), START).watermark == START


def test_newest_change_is_refused(changes_of):
    """A server that cannot sort by the last change gives no watermark."""

    def refuse(_):
        raise PaginationUnsupported("sort")

    assert changes_of(refuse).newest() is None


def test_nothing_changed(server, changes_of, table_of):
    """An unchanged account costs one page."""
    table = table_of(*rows_by_id(server))
    read = changes_of(server).apply(table, at(60 * 40))
    assert (read.table.equals(table), read.watermark, read.total) == (True, at(60 * 40), 40)
    assert len(server.requests) == 1


def test_changed_and_new_rows(server, changes_of, table_of):
    """Changed rows are replaced and new ones added, and no page behind the watermark is read."""
    table = table_of(*rows_by_id(server))
    for number in (1, 2, 3, 50):
        server.edit(number, at(60 * 41 + number))
    read = changes_of(server).apply(table, at(60 * 40))
    assert read.table.equals(table_of(*rows_by_id(server)))
    assert (read.watermark, read.total) == (at(60 * 41 + 50), 41)
    assert len(server.requests) == 3  # two pages, and the first again


def test_many_pages_of_changes(server, changes_of, table_of):
    """Changes of several pages are read in full, and then the first page again."""
    table = table_of(*rows_by_id(server))
    for number in range(1, 13):
        server.edit(number, at(60 * 50 + number))
    after = changes_of(server).apply(table, at(60 * 40)).table
    assert after.equals(table_of(*rows_by_id(server)))
    assert server.requests[-1].offset == 0
    assert len(server.requests) <= 6


def test_row_that_changes_again(server, changes_of, table_of):
    """A row that changes while its page is awaited moves to the front, and is found there."""
    table = table_of(*rows_by_id(server))
    for number in range(1, 13):
        server.edit(number, at(60 * 50 + number))

    def edit_again():
        if len(server.requests) == 2:
            server.edit(1, at(60 * 60), title="again")

    server.before_page = edit_again
    after = changes_of(server).apply(table, at(60 * 40)).table
    assert after.column("title")[0].as_py() == "again"
    assert after.equals(table_of(*rows_by_id(server)))


def test_bulk_change_is_read_once(server, changes_of, table_of):
    """A page of changes from long before the last refresh, which the snapshot holds, ends the list."""
    for number in range(1, 31):
        server.edit(number, at(60 * 50))
    table = table_of(*rows_by_id(server))
    after = changes_of(server).apply(table, at(60 * 50), settled=at(60 * 51)).table
    assert after.equals(table)
    assert len(server.requests) == 1


class AnyOrder(Server):
    """Returns rows with the same time of change in another order each time."""

    chance = random.Random(7)

    def __call__(self, request):
        records = list(self.records.items())
        self.chance.shuffle(records)
        self.records = dict(records)
        return super().__call__(request)


@pytest.mark.parametrize("has_total", [True, False])
def test_equal_times_in_any_order(has_total, changes_of, table_of):
    """Rows of one bulk edit are read until they are whole, or all rows are read; never some of them."""
    wholes = 0
    for _ in range(20):
        server = AnyOrder([record(number, at(60 * number)) for number in range(1, 41)])
        table = table_of(*rows_by_id(server))
        for number in range(1, 9):
            server.edit(number, at(60 * 50))

        def fetch(request, server=server):
            page = server(request)
            return page if has_total else replace(page, total=None)

        with suppress(FullReadDue):
            after = changes_of(fetch).apply(table, at(60 * 40)).table
            assert after.equals(table_of(*rows_by_id(server)))
            wholes += 1
        assert len(server.requests) <= 9
    assert wholes or not has_total


@pytest.mark.parametrize("is_busy", [True, False])
def test_other_rows_stand_for_none(is_busy, changes_of, table_of, monkeypatch):
    """Neither edits meanwhile nor rows from long ago stand for rows of a bulk edit that did not come."""
    monkeypatch.setattr(changes, "_FEW_REQUESTS", 30)
    wholes = 0
    for seed in range(25):
        server = AnyOrder([record(number, at(60 * (number if is_busy else 1))) for number in range(1, 41)])
        table = table_of(*rows_by_id(server))
        for number in range(1, 9):
            server.edit(number, at(60 * 50))
        chance = random.Random(seed)

        def edit(server=server, chance=chance):
            if is_busy and chance.random() < 0.3:
                server.edit(chance.randrange(9, 41), at(60 * 51 + len(server.requests)))

        server.before_page = edit
        with suppress(FullReadDue):
            read = changes_of(server).apply(table, at(60 * 40 if is_busy else 60), settled=at(60 * 45))
            assert read.table.column("title").to_pylist()[:8] == ["changed"] * 8
            wholes += 1
    assert wholes > 6


def test_late_changes(server, changes_of, table_of):
    """Changes that the server reports long after they were made are found behind those of now."""
    table = table_of(*rows_by_id(server))
    for number in range(1, 21):
        server.edit(number, at(60 * 41 if number < 7 else 60 * 39 + 10))
    read = changes_of(server).apply(table, at(60 * 40))
    assert read.table.equals(table_of(*rows_by_id(server)))
    assert len(server.requests) <= 8


def test_watermark_is_never_later_than_the_server_clock(server, changes_of, table_of):
    """If this machine's clock is fast, or the server does not say its time, changes are read back further."""
    table = table_of(*rows_by_id(server))
    fast = {"now": at(60 * 60)}
    for clock, expected in ((lambda: at(60 * 39), at(60 * 39)), (lambda: None, at(60 * 36))):
        assert changes_of(server, server_time=clock, **fast).newest() == expected
        assert changes_of(server, server_time=clock, **fast).apply(table, at(60 * 50)).watermark == expected


@pytest.mark.parametrize("written", ["Mar 04, 2031 09:15 PM", "2031-03-04T21:15:00Z"])
def test_timestamps_to_the_minute(changes_of, table_of, written):
    """A row that changes again within the minute of the watermark, behind others of it, is found."""
    server = Server([record(number, written) for number in range(1, 31)])
    table = table_of(*rows_by_id(server))
    server.records[30] = record(30, written, title="changed")
    watermark = dt.datetime(2031, 3, 4, 21, 15, tzinfo=UTC)
    assert changes_of(server).apply(table, watermark).table.equals(table_of(*rows_by_id(server)))


def test_hour_that_occurs_twice(changes_of, table_of, monkeypatch):
    """Without a zone, a change in the second 2:03 of autumn is written like one long before the watermark."""
    monkeypatch.setattr(changes, "_FEW_REQUESTS", 30)
    berlin = ZoneInfo("Europe/Berlin")
    server = Server([record(number, f"2026-10-25T02:{number:02}:00") for number in range(1, 59)])
    table = table_of(*rows_by_id(server))
    server.records[3] = record(3, "2026-10-25T02:03:00", title="changed")
    watermark = dt.datetime(2026, 10, 25, 0, 58, tzinfo=UTC)  # the first 2:58
    after = changes_of(server, berlin).apply(table, watermark).table
    assert after.column("title")[2].as_py() == "changed"


def test_empty_page_of_changes(server, changes_of, table_of):
    """A page without rows, though the server counts some, is not taken for the end."""
    table = table_of(*rows_by_id(server))
    for number in range(1, 13):
        server.edit(number, at(60 * 50 + number))

    def fetch(request):
        page = server(request)
        return page if request.offset == 0 else SearchPage(records=[], total=page.total)

    with pytest.raises(PaginationUnsupported):
        changes_of(fetch).apply(table, at(60 * 40))


def test_account_that_became_empty(server, changes_of, table_of):
    """No rows and a total of 0 are not believed; a table without rows stays so."""
    table = table_of(*rows_by_id(server))
    server.records.clear()
    with pytest.raises(FullReadDue, match="empty"):
        changes_of(server).apply(table, START)
    assert changes_of(server).apply(table_of(), START).table.equals(table_of())


def test_timestamps_in_the_future(server, changes_of, table_of):
    """The watermark is now then, and rows that change afterwards are found behind those rows."""
    for number in range(1, 13):
        server.edit(number, "2099-01-01T00:00:00Z")
    table = table_of(*rows_by_id(server))
    watermark = changes_of(server).newest()
    assert watermark <= dt.datetime.now(UTC)
    server.edit(40, dt.datetime.now(UTC).isoformat())
    for before in (watermark, dt.datetime(2099, 1, 1, tzinfo=UTC)):  # older versions saved the latter
        read = changes_of(server).apply(table, before)
        assert read.table.equals(table_of(*rows_by_id(server)))
        assert read.watermark <= dt.datetime.now(UTC)


def test_rows_without_a_timestamp(server, changes_of, table_of):
    """Rows without one, listed first or last, hide no change."""
    table = table_of(*rows_by_id(server))
    for first in (True, False):

        def fetch(request, first=first):
            page = server(request)
            new = {"id": 99, "title": "new", "lastModifiedAt": ""}
            records = [new, *page.records] if first else [*page.records, new]
            return SearchPage(records=records, total=41)

        server.edit(2, at(60 * 41))
        read = changes_of(fetch).apply(table, at(60 * 40))
        assert read.table.column("title")[1].as_py() == "changed"
        assert (read.watermark, read.ids >= {2, 99}) == (at(60 * 41), True)


@settings(max_examples=60)
@given(
    st.integers(0, 30),
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 90)), max_size=40),
)
def test_any_changes_are_applied(changes_of, table_of, rows, edits):
    """If rows are created or edited at any rate, the table equals the server's rows."""
    server = Server([record(number, at(number, seconds=number)) for number in range(1, rows + 1)])
    table = table_of(*rows_by_id(server))
    watermark = changes_of(server).newest()
    clock = at(30)
    for version, (number, seconds) in enumerate(edits):
        clock += dt.timedelta(seconds=seconds)
        server.edit(number, clock, title=f"version {version}")
    with suppress(FullReadDue):  # if nearly all rows changed
        read = changes_of(server).apply(table, watermark)
        assert read.table.equals(table_of(*rows_by_id(server)))
        assert (read.total, read.watermark) == (len(server.records), changes_of(server).newest())
