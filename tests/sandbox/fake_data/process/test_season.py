"""The seasons of the made-up sales team."""

from __future__ import annotations

import datetime as dt

import pytest

from salesmate_nb.sandbox._fake_data.process import season
from salesmate_nb.sandbox.timestamps import DAY, MINUTE, format_iso


def day(*date):
    return (dt.date(*date) - dt.date(1970, 1, 1)).days


def test_weekends():
    """Nothing happens at weekends."""
    weights = [(season.demand(each), season.pace(each)) for each in range(day(2026, 6, 6), day(2026, 6, 8))]
    assert weights == [(0, 0), (0, 0)]


def test_seasons():
    """Few deals come in August and December; decisions come at the end of a quarter, not at Christmas."""
    march, august, december = (season.demand(day(2027, month, 3)) for month in (3, 8, 12))
    assert max(august, december) < 0.7 * march
    june, july, christmas = (season.pace(day(2027, *date)) for date in ((6, 28), (7, 1), (12, 29)))
    assert june > 1.5 * july > 1.5 * christmas


@pytest.mark.parametrize(
    ("work", "end"),
    [(0.5, "2026-05-04T13:00:00.000Z"), (1.5, "2026-05-05T13:00:00.000Z"), (99, "2026-05-05T18:00:00.000Z")],
)
def test_working_hours(work, end):
    """Work is done from 8:00 to 18:00, continues on the next weekday, and stops where the calendar ends."""
    calendar = season.Calendar(lambda each: float(each != day(2026, 5, 3)), day(2026, 5, 2), day(2026, 5, 5))
    saturday_evening = day(2026, 5, 2) * DAY + 20 * 60 * MINUTE
    assert format_iso(calendar.after(saturday_evening, work)) == end
