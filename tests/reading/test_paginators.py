"""Paginators and page walks as pure functions: requests made, gaps detected, ends recognized."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb._reading.paginators import (
    CreatedWindowPaginator,
    KeysetPaginator,
    LastModifiedPaginator,
    OffsetPaginator,
    PageState,
    PageWalk,
    PaginationUnsupported,
    paginators_for,
)
from salesmate_nb._reading.search import SearchPage, SearchRequest
from salesmate_nb.resources import DEALS

UTC = ZoneInfo("UTC")
START = SearchRequest(resource=DEALS, fields=("id",), rows=4).unfiltered()
ALL = [KeysetPaginator(), CreatedWindowPaginator(UTC), OffsetPaginator(), LastModifiedPaginator(UTC)]
each_paginator = pytest.mark.parametrize("paginator", ALL, ids=lambda each: each.name)


def at(minutes):
    """Return a time some minutes into 2026."""
    return dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)


def state(keys, ids=None, request=START, remaining=None):
    """Return a page that was read; the keys are the ids unless given."""
    return PageState(request=request, keys=keys, ids=keys if ids is None else ids, remaining=remaining)


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


class TestRegistry:
    @pytest.mark.parametrize(
        ("api", "names"), [("v4", ["keyset", "windows", "offsets"]), ("v1", ["offsets"])]
    )
    def test_paginators_for(self, api, names):
        """Each API has its paginators, best first, and each read its own list."""
        assert [each.name for each in paginators_for(api, UTC)] == names
        assert paginators_for(api, UTC) is not paginators_for(api, UTC)

    @each_paginator
    def test_ordered_by_id(self, paginator):
        """A paginator that claims the order of ids sorts by id, and its keys are ids."""
        assert paginator.is_ordered_by_id == (paginator.sort == "id")
        assert (paginator.key(page(7).records[0]) == 7) == paginator.is_ordered_by_id


class TestKeyset:
    def test_next_request(self):
        """The next page is requested by a rule on the id, from offset 0, beside the filters."""
        request = KeysetPaginator().next_request(replace(START, offset=8), state([5, 6, 9]), 0)
        assert request.offset == 0
        assert request.rules[:-1] == START.rules
        assert (request.rules[-1].condition, request.rules[-1].path, request.rules[-1].data) == (
            "GREATER_THAN",
            "id",
            9,
        )

    def test_rewind_is_unsupported(self):
        """A gap means that the server ignores the rule, so going back cannot help."""
        with pytest.raises(PaginationUnsupported, match="rule on id"):
            KeysetPaginator().next_request(START, state([1]), 1)

    @pytest.mark.parametrize(
        ("last", "keys", "expected"),
        [
            (state([1, 2]), [3], True),
            (state([1, 2]), [2], False),
            (state([1, 2]), [1, 2], False),
            (state([1, 2], remaining=0), [], True),
            (state([1, 2], remaining=-1), [], True),
            (state([1, 2], remaining=5), [], False),
            (state([1, 2]), [], False),
            (state([1, 2], request=START.above(0), remaining=5), [], True),
        ],
    )
    def test_is_contiguous(self, last, keys, expected):
        """Higher ids follow; an empty page follows if a rule has worked before, or no rows remain."""
        assert KeysetPaginator().is_contiguous(last, state(keys)) is expected


class TestCreatedWindow:
    @pytest.mark.parametrize(
        ("zone", "written"),
        [("UTC", "Jan 01, 2026 12:06 AM"), ("Asia/Kolkata", "Jan 01, 2026 05:36 AM")],
    )
    def test_next_request(self, zone, written):
        """The next window starts at the minute of the last row, in the account's time zone."""
        paginator = CreatedWindowPaginator(ZoneInfo(zone))
        request = paginator.next_request(START, state([at(1), at(7.5)], ids=[1, 2]), 0)
        assert (request.offset, request.rules[:-1]) == (0, START.rules)
        assert (request.rules[-1].path, request.rules[-1].data) == ("createdAt", written)

    def test_rewind(self):
        """Going back two rows starts the window at the minute of that row."""
        last = state([at(1), at(3), at(5), at(7)], ids=[1, 2, 3, 4])
        request = CreatedWindowPaginator(UTC).next_request(START, last, 2)
        assert request == START.created_from(at(3), UTC)

    def test_rewind_past_the_page(self):
        """A page shorter than the rewind shows that windows do not start where requested."""
        with pytest.raises(PaginationUnsupported, match="already read"):
            CreatedWindowPaginator(UTC).next_request(START, state([at(1), at(3)], ids=[1, 2]), 2)

    def test_minute_of_many_rows(self):
        """Inside one minute the window stays and the offset grows."""
        window = START.created_from(at(5), UTC)
        last = state([at(5), at(5.2), at(5.5)], ids=[1, 2, 3], request=window)
        request = CreatedWindowPaginator(UTC).next_request(START, last, 0)
        assert request == replace(window, offset=2)

    @pytest.mark.parametrize(
        ("keys", "ids", "expected"),
        [
            ([], [], False),
            ([at(5)], [9], True),  # before the last row
            ([at(7)], [2], True),  # the last row itself
            ([at(7)], [9], False),  # the same time, but another row
            ([at(8)], [9], False),
        ],
    )
    def test_is_contiguous(self, keys, ids, expected):
        """A page follows if it starts with a row that was read, or with an older one."""
        last = state([at(1), at(7)], ids=[1, 2])
        assert CreatedWindowPaginator(UTC).is_contiguous(last, state(keys, ids)) is expected

    def test_too_early_page(self):
        """A page that starts before the previous one shows that the rule is ignored."""
        last = state([at(3.5), at(7)], ids=[1, 2])
        assert CreatedWindowPaginator(UTC).is_contiguous(last, state([at(3)], [9]))
        with pytest.raises(PaginationUnsupported, match="createdAt"):
            CreatedWindowPaginator(UTC).is_contiguous(last, state([at(2.9)], [9]))


class TestOffsets:
    @pytest.mark.parametrize("paginator", [OffsetPaginator(), LastModifiedPaginator(UTC)])
    @pytest.mark.parametrize(
        ("count", "offset", "rewind", "expected"),
        [(4, 0, 0, 3), (4, 100, 0, 103), (1, 5, 0, 6), (4, 100, 8, 95), (4, 0, 8, 0)],
    )
    def test_next_request(self, paginator, count, offset, rewind, expected):
        """The next page starts at the last row, or some rows before it, but never below 0."""
        last = state(list(range(count)), request=replace(START, offset=offset))
        assert paginator.next_request(START, last, rewind) == replace(START, offset=expected)

    @pytest.mark.parametrize(
        ("offset", "keys", "expected"),
        [(3, [4], True), (3, [2, 9], True), (3, [5], False), (3, [], False), (0, [5], True), (0, [], True)],
    )
    def test_offset_contiguous(self, offset, keys, expected):
        """Sorted by id: a page follows if its first id was reached before; the first page always does."""
        later = state(keys, request=replace(START, offset=offset))
        assert OffsetPaginator().is_contiguous(state([1, 2, 4]), later) is expected

    @pytest.mark.parametrize(
        ("offset", "keys", "ids", "expected"),
        [
            (3, [-9], [7], True),  # a newer change
            (3, [-5], [2], True),  # the last row itself
            (3, [-5], [7], False),
            (3, [-4], [7], False),
            (3, [], [], False),
            (0, [], [], True),
            (0, [-1], [7], True),
        ],
    )
    def test_last_modified_contiguous(self, offset, keys, ids, expected):
        """Newest change first: a page follows if it starts with a row that was read, or a newer one."""
        later = state(keys, ids, request=replace(START, offset=offset))
        assert LastModifiedPaginator(UTC).is_contiguous(state([-8, -5], [1, 2]), later) is expected

    def test_last_modified_key(self):
        """Keys ascend while changes get older, in any time zone that a timestamp is written in."""
        key = LastModifiedPaginator(ZoneInfo("Asia/Kolkata")).key
        times = ["2026-01-02T00:00:00Z", "2026-01-01T12:00:00", "2026-01-01T06:00:00+00:00"]
        keys = [key({"lastModifiedAt": written}) for written in times]
        assert keys == sorted(keys)


class TestPageWalk:
    @pytest.mark.parametrize("paginator", [KeysetPaginator(), OffsetPaginator()])
    @pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 9, 40])
    def test_stable_list(self, paginator, count):
        """Every row of a list that does not change is read, in few requests."""
        walk = PageWalk(paginator, START)
        requests, found = read(walk, serve(range(1, count + 1)))
        assert found == list(range(1, count + 1))
        assert walk.first == (1 if count else None)
        assert len(requests) <= count // 3 + 2

    @pytest.mark.parametrize("paginator", [KeysetPaginator(), OffsetPaginator()])
    def test_without_total(self, paginator):
        """If the server sends no total, a short or empty page is the end."""
        respond = serve(range(1, 20))
        requests, found = read(
            PageWalk(paginator, START), lambda request: replace(respond(request), total=None)
        )
        assert found == list(range(1, 20))
        assert len(requests) <= 8

    def test_deletions_are_a_gap(self):
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

    def test_rewind_grows_and_shrinks(self):
        """Each further gap goes back twice as far plus 8 rows; each page without one a quarter less."""
        walk = PageWalk(OffsetPaginator(), replace(START, offset=100))
        walk.take(page(100, 101, 102, 103, total=500))
        offsets = []
        for ids in ([200, 201, 202, 203], [150, 151, 152, 153], [95, 96, 97, 98]):
            walk.take(page(*ids, total=500))
            offsets.append(walk.request.offset)
        assert offsets == [103 - 8, 103 - 24, 79 + 3 - 18]

    def test_ignored_id_rule(self):
        """A server that ignores rules on ids returns the first page again."""
        walk = PageWalk(KeysetPaginator(), START)
        with pytest.raises(PaginationUnsupported):
            read(walk, lambda _: page(1, 2, 3, 4, total=40))

    def test_empty_page_is_retried_once(self):
        """If rows should remain, an empty page is requested once more, then it is the end."""
        walk = PageWalk(KeysetPaginator(), START)
        walk.take(page(1, 2, 3, 4, total=9))
        walk.take(page(5, 6, 7, 8, total=5))
        request = walk.request
        walk.take(page(total=1))
        assert walk.request == request
        walk.take(page(total=1))
        assert walk.request is None

    def test_full_page_is_not_the_end(self):
        """A total that lags behind does not end the walk on a full page."""
        _, found = read(PageWalk(KeysetPaginator(), START), serve(range(1, 12), total=4))
        assert found == list(range(1, 12))

    def test_stops_at_the_next_walk(self):
        """Once a page passes the first key of the next walk, nothing more is requested."""
        walk = PageWalk(OffsetPaginator(), START)
        walk.take(page(1, 2, 3, 4, total=40), 6)
        assert walk.request is not None
        walk.take(page(4, 5, 6, 7, total=40), 6)
        assert walk.request is None
        walk.take(page(8, total=40))
        assert walk.request is None

    @pytest.mark.parametrize(
        ("paginator", "response", "message"),
        [
            (KeysetPaginator(), page(2, 1), "not sorted by id"),
            (CreatedWindowPaginator(UTC), page(2, 1), "not sorted by createdAt"),
            (LastModifiedPaginator(UTC), page(1, 2), "not sorted by lastModifiedAt"),
            (OffsetPaginator(), page(1, total=9), "one row"),
            (CreatedWindowPaginator(UTC), SearchPage(records=[{"id": 1}], total=1), "createdAt"),
            (LastModifiedPaginator(UTC), SearchPage(records=[{"id": 1}], total=1), "lastModifiedAt"),
        ],
    )
    def test_unsupported(self, paginator, response, message):
        """Rows out of order, without a key or one at a time are not accepted."""
        with pytest.raises(PaginationUnsupported, match=message):
            PageWalk(paginator, START).take(response)

    @pytest.mark.parametrize("total", [None, 40])
    def test_same_page_again(self, total):
        """A server that ignores offsets returns the same page again."""
        walk = PageWalk(OffsetPaginator(), START)
        walk.take(page(1, 2, 3, 4, total=total))
        with pytest.raises(PaginationUnsupported, match="same page"):
            walk.take(page(1, 2, 3, 4, total=total))

    def test_newest_first(self):
        """Changes are read newest first, and a row modified during the walk arrives again."""
        rows = list(range(20, 0, -1))
        _, found = read(
            PageWalk(LastModifiedPaginator(UTC), START),
            lambda request: page(*rows[request.offset : request.offset + 4], total=20),
        )
        assert found == rows
