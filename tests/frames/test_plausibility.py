"""Dates that can hardly be right."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from salesmate_nb._frames.plausibility import describe, implausible_dates

UTC = pa.timestamp("us", tz="UTC")


def table(**columns):
    return pa.table(
        {
            name: pa.array([year and dt.datetime(year, 6, 1, tzinfo=dt.UTC) for year in years], UTC)
            for name, years in columns.items()
        }
    )


@pytest.mark.parametrize(
    ("years", "count"),
    [
        ([1970, 1970, 2024], 2),
        ([1989, None, None], 1),
        ([2101], 1),
        ([1970, 2150, 2024], 2),
        ([1970, 2024], 0),
        ([1990, 2100], 0),
        ([None, None], 0),
        ([], 0),
    ],
)
def test_standard_columns(years, count):
    """A column is named if most of its dates are before 1990 or after 2100; missing ones do not count."""
    counts = {"created_at": count} if count else {}
    assert implausible_dates(table(created_at=years, closed_date=[2024] * len(years))) == counts


@pytest.mark.parametrize(("years", "count"), [([1970, 1970, 2024], 2), ([2101], 1), ([1955, 1969, 1988], 0)])
def test_custom_columns(years, count):
    """A custom column may hold dates of birth; dates in 1970 and after 2100 are suspect there too."""
    counts = {"birthday": count} if count else {}
    assert implausible_dates(table(birthday=years), custom={"birthday": "dateCustomField1"}) == counts


def test_other_columns():
    """Only dates are examined."""
    assert implausible_dates(pa.table({"id": [1970], "title": ["1970"]})) == {}


def test_describe():
    """The warning names the columns, the counts and the likely cause."""
    text = describe({"created_at": 8800, "closed_date": 12})
    assert "closed_date (12), created_at (8,800)" in text
    assert "a unit other than seconds or milliseconds" in text
