"""Tests of a typed column."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from salesmate_nb._search.filters.column_tests import ColumnTest, is_within

DAY = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("test", "since"),
    [
        (
            ColumnTest(column="a", kind="datetime", spans=((DAY, None), (DAY.replace(day=1), DAY))),
            DAY.replace(day=1),
        ),
        (ColumnTest(column="a", kind="datetime", spans=((None, DAY),)), None),
        (ColumnTest(column="a", kind="datetime", spans=((DAY, None),), keeps_missing=True), None),
        (ColumnTest(column="a", kind="float", spans=((1.0, None),)), None),
    ],
)
def test_since(test, since):
    """The earliest time that is kept is known unless any time, or a missing one, is kept."""
    assert test.since == since


def test_items():
    """Of a text that is several values, one that is wanted will do, and so will the whole."""
    column = pa.array(["hot, VIP", "vip", "hot", "hottest", None])
    for wanted, kept in (
        ("vip", [True, True, False]),
        ("Hot,vip", [False, False, False]),
        ("hot, vip", [True, False, False]),
    ):
        test = ColumnTest(column="tags", kind="string", wanted=(wanted,), has_items=True)
        assert test.mask(column).to_pylist() == [*kept, False, False]


def test_item_with_comma():
    """An option whose name has a comma is found among others, and not in parts."""
    column = pa.array(["Food, drinks,Cars", "Cars,food, drinks", "Food", "drinks,Food", None])
    test = ColumnTest(column="a", kind="string", wanted=("Food, drinks",), has_items=True)
    assert test.mask(column).to_pylist() == [True, True, False, False, False]


def test_nothing_missing_is_within():
    """A missing value is in no range, also one without ends."""
    column = pa.array([1, None])
    assert is_within(column, None, None).to_pylist() == [True, False]
    assert is_within(column, 1, 1).to_pylist() == [True, False]
