"""Which periods have a column."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.charts._drawing.calendar import calendar_of, every_period, tick_names


@pytest.mark.parametrize(
    ("freq", "days", "expected"),
    [
        ("M", ["2026-11-05", "2027-01-05"], ["2026-11", "2026-12", "2027-01"]),
        ("Q", ["2026-11-05", "2027-04-05"], ["2026Q4", "2027Q1", "2027Q2"]),
        ("Y", ["2024-11-05", "2026-01-05"], ["2024", "2025", "2026"]),
        (
            "W",
            ["2026-11-02", "2026-11-16"],
            ["2026-11-02/2026-11-08", "2026-11-09/2026-11-15", "2026-11-16/2026-11-22"],
        ),
    ],
)
def test_gaps(freq, days, expected):
    """Periods without data are there too, of each length."""
    assert every_period([str(pd.Timestamp(each).to_period(freq)) for each in days]) == expected


def test_many_ahead():
    """Of many periods to come the first twelve have a column, and all later ones share one."""
    months = [str(each) for each in pd.period_range("2026-01", periods=20, freq="M")]
    calendar = calendar_of(pd.Series(["overdue", *months, "undated"]), ahead=True)
    assert calendar.names == ["overdue", *months[:12], "later", "undated"]
    assert list(calendar.places) == [*range(13), *[13] * 8, 14]
    assert (calendar.left_out, calendar.noun) == (0, "month")


def test_many_past():
    """Of many past periods the last 24 have a column; the others are counted."""
    months = [str(each) for each in pd.period_range("2024-01", periods=30, freq="M")]
    calendar = calendar_of(pd.Series(months))
    assert (calendar.names, calendar.left_out) == (months[-24:], 6)
    assert calendar.places.isna().sum() == 6


def test_only_undated():
    """Without any period there are still the columns of those without one."""
    calendar = calendar_of(pd.Series(["undated"]))
    assert (calendar.names, calendar.noun) == (["undated"], "month")


def test_tick_names():
    """The year stands below the first of its periods; weeks are their first day."""
    assert tick_names(["2026Q4", "2027Q1"]) == (["Q4", "Q1"], ["2026", "2027"])
    assert tick_names(["2026-11-02/2026-11-08", "2026-11-09/2026-11-15"])[0] == ["2 Nov", "9 Nov"]
    assert tick_names(["2025", "later"]) == (["2025", "later"], ["", ""])
