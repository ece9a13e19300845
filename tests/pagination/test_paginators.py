"""Paginators as pure functions: requests made, and gaps detected."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb._pagination.page_walk import PageState, PaginationUnsupported
from salesmate_nb._pagination.paginators import (
    CreatedWindowPaginator,
    KeysetPaginator,
    OffsetPaginator,
)
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.resources import DEALS

UTC = ZoneInfo("UTC")
START = SearchRequest(resource=DEALS, fields=("id",), rows=4).unfiltered()
ALL = [
    OffsetPaginator(),
    OffsetPaginator(sorts_by_list=True),
    KeysetPaginator(),
    OffsetPaginator(is_descending=True),
    CreatedWindowPaginator(UTC),
]
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


class TestAll:
    @each_paginator
    def test_keys_ascend(self, paginator):
        """Keys of rows in the order that is requested never descend."""
        rows = [page(number).records[0] for number in (7, 8)]
        first, second = map(paginator.key, reversed(rows) if paginator.name == "newest" else rows)
        assert first <= second


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
    @pytest.mark.parametrize(
        ("count", "offset", "rewind", "expected"),
        [(4, 0, 0, 3), (4, 100, 0, 103), (1, 5, 0, 6), (4, 100, 8, 95), (4, 0, 8, 0)],
    )
    def test_next_request(self, count, offset, rewind, expected):
        """The next page starts at the last row, or some rows before it, but never below 0."""
        last = state(list(range(count)), request=replace(START, offset=offset))
        assert OffsetPaginator().next_request(START, last, rewind) == replace(START, offset=expected)

    @pytest.mark.parametrize(
        ("offset", "ids", "expected"),
        [
            (2, [4, 9], True),
            (1, [2, 4, 9], True),
            (3, [5], False),
            (3, [], False),
            (0, [5], True),
            (0, [], True),
        ],
    )
    def test_offset_contiguous(self, offset, ids, expected):
        """A page follows if it starts with a row that was read, whatever the order is."""
        later = state(ids, request=replace(START, offset=offset))
        assert OffsetPaginator().is_contiguous(state([1, 2, 4]), later) is expected

    def test_empty_page_after_one_row(self):
        """After a page of one row nothing is read twice, so an empty page is the end."""
        assert OffsetPaginator().is_contiguous(state([1]), state([], request=replace(START, offset=1)))

    @pytest.mark.parametrize("ids", [[1, 9, 10, 11], [9, 1, 10, 11]])
    def test_changing_order(self, ids):
        """If other rows come again than those that should, the server does not keep the order."""
        with pytest.raises(PaginationUnsupported, match="another order"):
            OffsetPaginator().is_contiguous(state([1, 2, 3, 4]), state(ids, request=replace(START, offset=3)))
