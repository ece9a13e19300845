"""Page walks as pure functions: gaps, repeats and ends are recognized."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb._pagination.page_walk import PageWalk, PaginationUnsupported
from salesmate_nb._pagination.paginators import (
    CreatedWindowPaginator,
    KeysetPaginator,
    OffsetPaginator,
)
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.resources import DEALS

UTC = ZoneInfo("UTC")
START = SearchRequest(resource=DEALS, fields=("id",), rows=4).unfiltered()


def at(minutes):
    """Return a time some minutes into 2026."""
    return dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)


def page(*ids, total=None):
    """Return a page of records, each created and modified in the minute of its id."""
    records = [
        {"id": number, "createdAt": at(number).isoformat(), "lastModifiedAt": at(number).isoformat()}
        for number in ids
    ]
    return SearchPage(records=records, total=total)


def read(walk, respond):
    """Read a walk to its end, and return the requests and the distinct ids in order of arrival."""
    requests, found = [], {}
    while walk.request is not None:
        assert len(requests) < 100, "it never ends"
        requests.append(walk.request)
        response = respond(walk.request)
        found.update(dict.fromkeys(record["id"] for record in response.records))
        walk.take(response)
    return requests, list(found)


def serve(ids, total=None):
    """Return a server of a list that supports rules on ids and offsets."""

    def respond(request):
        above = max([rule.data for rule in request.rules if rule.path == "id"], default=0)
        rows = [number for number in ids if number > above]
        count = len(rows) if total is None else total
        return page(*rows[request.offset : request.offset + request.rows], total=count)

    return respond


@pytest.mark.parametrize("paginator", [KeysetPaginator(), OffsetPaginator()])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 9, 40])
def test_stable_list(paginator, count):
    """Every row of a list that does not change is read, in few requests."""
    walk = PageWalk(paginator, START)
    requests, found = read(walk, serve(range(1, count + 1)))
    assert found == list(range(1, count + 1))
    assert walk.first_ids == frozenset(range(1, min(count, 4) + 1))
    assert len(requests) <= count // 3 + 2


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("counts", [True, False])
def test_smaller_pages(rows, counts):
    """Pages of fewer rows than requested, because more do not fit, are not the end of a list."""

    def respond(request):
        is_large = request.offset > 4 or any(rule.data > 5 for rule in request.rules if rule.path == "id")
        page = serve(range(1, 20))(replace(request, rows=rows) if is_large else request)
        total = page.total if counts else None
        return replace(page, total=total, rows=rows if is_large else None)

    _, found = read(PageWalk(KeysetPaginator(), START, known_pages=3), respond)
    assert found == list(range(1, 20))
    walk = PageWalk(OffsetPaginator(), START, known_pages=3)
    if rows == 1:  # no page can begin with the last row of the page before it, and hold another one
        with pytest.raises(PaginationUnsupported):
            read(walk, respond)
    else:
        assert read(walk, respond)[1] == list(range(1, 20))


@pytest.mark.parametrize("paginator", [KeysetPaginator(), OffsetPaginator()])
def test_without_total(paginator):
    """If the server sends no total, a short or empty page is the end."""
    respond = serve(range(1, 20))
    requests, found = read(PageWalk(paginator, START), lambda request: replace(respond(request), total=None))
    assert found == list(range(1, 20))
    assert len(requests) <= 8


def test_deletions_are_a_gap():
    """Rows deleted before the offset pull others forward; the walk goes back and reads them."""
    rows = list(range(1, 101))

    def respond(request):
        response = serve(rows)(request)
        if request.offset == 19:
            del rows[:6]
        return response

    walk = PageWalk(OffsetPaginator(), replace(START, rows=20))
    requests, found = read(walk, respond)
    assert sorted(found) == list(range(1, 101))
    assert [each.offset for each in requests[:4]] == [0, 19, 38, 38 - 8]


def test_rewind_grows_and_shrinks():
    """Each further gap goes back twice as far plus 8 rows; each page without one a quarter less."""
    walk = PageWalk(OffsetPaginator(), replace(START, offset=100))
    walk.take(page(100, 101, 102, 103, total=500))
    offsets = []
    for ids in ([200, 201, 202, 203], [150, 151, 152, 153], [95, 96, 97, 98]):
        walk.take(page(*ids, total=500))
        offsets.append(walk.request.offset)
    assert offsets == [103 - 8, 103 - 24, 79 + 3 - 18]


def test_ignored_id_rule():
    """A server that ignores rules on ids returns the first page again."""
    walk = PageWalk(KeysetPaginator(), START)
    with pytest.raises(PaginationUnsupported):
        read(walk, lambda _: page(1, 2, 3, 4, total=40))


def test_empty_page_is_retried_once():
    """If rows should remain, an empty page is requested once more, then it is the end."""
    walk = PageWalk(KeysetPaginator(), START)
    walk.take(page(1, 2, 3, 4, total=9))
    walk.take(page(5, 6, 7, 8, total=5))
    request = walk.request
    walk.take(page(total=1))
    assert walk.request == request
    walk.take(page(total=1))
    assert walk.request is None


def test_full_page_is_not_the_end():
    """A total that lags behind does not end the walk on a full page."""
    _, found = read(PageWalk(KeysetPaginator(), START), serve(range(1, 12), total=4))
    assert found == list(range(1, 12))


def test_stops_at_the_next_walk():
    """Once a page holds rows that the next walk started with, nothing more is requested."""
    walk = PageWalk(OffsetPaginator(), START)
    walk.take(page(1, 2, 3, 4, total=40), {6, 7, 8, 9})
    assert walk.request is not None
    walk.take(page(4, 5, 6, 7, total=40), {6, 7, 8, 9})
    assert walk.request is None
    walk.take(page(8, total=40))
    assert walk.request is None


@pytest.mark.parametrize(
    ("paginator", "response", "message"),
    [
        (KeysetPaginator(), page(2, 1), "not sorted by id"),
        (CreatedWindowPaginator(UTC), page(2, 1), "not sorted by createdAt"),
        (OffsetPaginator(), page(1, total=9), "one row"),
        (CreatedWindowPaginator(UTC), SearchPage(records=[{"id": 1}], total=1), "createdAt"),
    ],
)
def test_unsupported(paginator, response, message):
    """Rows out of order, without a key or one at a time are not accepted."""
    with pytest.raises(PaginationUnsupported, match=message):
        PageWalk(paginator, START).take(response)


@pytest.mark.parametrize("total", [None, 40])
def test_same_page_again(total):
    """A server that ignores offsets returns the same page again."""
    walk = PageWalk(OffsetPaginator(), START)
    walk.take(page(1, 2, 3, 4, total=total))
    with pytest.raises(PaginationUnsupported, match="same page"):
        walk.take(page(1, 2, 3, 4, total=total))


def test_exact():
    """Pages that repeat just the rows they should show on their own that no row is missing."""
    walk = PageWalk(OffsetPaginator(), START)
    read(walk, lambda request: replace(serve(range(1, 20))(request), total=None))
    assert walk.is_exact
    assert not PageWalk(KeysetPaginator(), START).is_exact


def test_gap_is_not_exact():
    """After a gap, only the total shows whether rows are missing."""
    walk = PageWalk(OffsetPaginator(), START)
    walk.take(page(1, 2, 3, 4, total=40))
    walk.take(page(6, 7, 8, 9, total=40))
    assert not walk.is_exact


@pytest.mark.parametrize("ids", [[3, 4, 5], [4, 2], [4, 3, 5]])
def test_row_that_comes_twice(ids):
    """A page that has more of the one before it than its last row may have it in place of other rows."""
    walk = PageWalk(OffsetPaginator(), START)
    walk.take(page(1, 2, 3, 4))
    walk.take(page(*ids))
    assert not walk.is_exact


@pytest.mark.parametrize(("response", "is_exact"), [(page(), True), (page(4), False), (page(5), False)])
def test_end_after_a_full_page(response, is_exact):
    """A last page that has but the row before it may hide another one, so nothing may follow it."""
    walk = PageWalk(OffsetPaginator(), START, is_total_trusted=False)
    walk.take(page(1, 2, 3, 4))
    walk.take(page(4))
    assert walk.request == replace(START, offset=4)
    walk.take(response)
    assert (walk.request, walk.is_exact) == (None, is_exact)


def test_pages_without_progress():
    """A walk that is sent back again and again, without new rows, is given up."""
    walk = PageWalk(OffsetPaginator(), replace(START, offset=10**6))
    walk.take(page(1, 2, 3, 4, total=10**7))
    for _ in range(10):
        walk.take(page(7, 8, 9, 10, total=10**7))
    with pytest.raises(PaginationUnsupported, match="no new rows"):
        walk.take(page(7, 8, 9, 10, total=10**7))


def test_stray_rows():
    """A row that comes again, though it is older than the page before, shows that no order is kept."""
    walk = PageWalk(OffsetPaginator(), START)
    for ids in ([5, 2, 3, 4], [4, 7, 8, 9]):
        walk.take(page(*ids, total=40))
    with pytest.raises(PaginationUnsupported, match="another order"):
        walk.take(page(9, 5, 11, 12, total=40))


def test_small_pages_with_a_total_of_their_own():
    """If a server returns fewer rows than requested, and counts each page alone, all pages are read."""
    walk = PageWalk(OffsetPaginator(), replace(START, rows=250), is_total_trusted=False)

    def respond(request):
        rows = range(1, 31)[request.offset : request.offset + 10]
        return page(*rows, total=len(rows))

    _, found = read(walk, respond)
    assert found == list(range(1, 31))


def test_gap_between_pages_of_one_row():
    """Pages of one row do not overlap, so going back closes no gap: the walk ends with an error."""
    with pytest.raises(PaginationUnsupported, match="going back"):
        read(PageWalk(OffsetPaginator(), START), lambda request: page(*[3, 7][request.offset :][:1]))


@pytest.mark.parametrize(
    ("sizes", "known", "expected"),
    [
        ([4, 4, 2], 3, 3),  # as last time
        ([4, 4, 2], 2, 3),  # the list has grown
        ([4, 4, 2], 4, 4),  # the list has shrunk: perhaps a row is withheld, so another page is requested
        ([4, 3, 4, 2], 4, 4),  # a short page in the middle
        ([4, 4, 2], 0, 4),  # nothing is known
    ],
)
def test_known_number_of_pages(sizes, known, expected):
    """Without a total, a short page is the end where the list ended last time, or later."""
    starts = [3 * number for number in range(len(sizes))]
    rows = {start: range(start, start + size) for start, size in zip(starts, sizes, strict=True)}
    if sizes[1] == 3:  # the row at offset 6 is withheld
        rows = {0: range(4), 3: [3, 4, 5], 5: [5, 7, 8, 9], 8: [9, 10]}
    walk = PageWalk(OffsetPaginator(), START, is_total_trusted=False, known_pages=known)
    requests, found = read(walk, lambda request: page(*rows.get(request.offset, found_last(rows))))
    assert len(requests) == expected
    assert found[-1] == found_last(rows)[0]
    assert walk.is_exact


def found_last(rows):
    """Return the last row, as a page of its own."""
    return [max(max(page) for page in rows.values())]
