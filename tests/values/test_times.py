"""Points in time: what is read, what is refused, and the ends of the calendar."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from salesmate_nb import SalesmateError
from salesmate_nb._values.times import in_calendar, parse_age, parse_end, parse_span, parse_time, shift

UTC = dt.UTC
NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=UTC)


INDIA = ZoneInfo("Asia/Kolkata")
FIRST, LAST = dt.datetime.min, dt.datetime.max  # noqa: DTZ901 - of the calendar


@pytest.mark.parametrize(
    "given",
    [
        *("2026-01-01", "2026-01-01T00:00", " 2026-01-01 00:00:00Z ", "2026-01-01t01:00:00.000000000+01:00"),
        *("20260101", "20260101T0000", "2026-W01-4", "2026", "2026-01"),
        *(dt.date(2026, 1, 1), dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 1, 5, 30, tzinfo=INDIA)),
        *(pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-01", tz="UTC").tz_convert(INDIA)),
        *(np.datetime64("2026-01-01"), np.datetime64("2026-01-01", "ns"), np.datetime64("2026")),
    ],
)
def test_time(given):
    """ISO 8601 text, and dates and datetimes of Python, pandas and numpy are read."""
    assert parse_time("since", given, "UTC") == NEW_YEAR


@pytest.mark.parametrize("given", [None, pd.NaT, np.datetime64("NaT")])
def test_missing_time(given):
    """A missing time is as none given: the newest timestamp of an empty frame asks for everything."""
    assert parse_time("since", given, "UTC") is None


@pytest.mark.parametrize(
    "given",
    [
        *(2026, 20260101, 1767225600, 1767225600000, 2026.0, np.int64(2026), True, float("nan")),
        *("01/02/2026", "31/01/2026", "January", "Jan 2026", "now", "today", "1767225600", "2026-13-01"),
        *("", "  ", "nan", "NaT", "9999999-01-01", "2026-01-01x09:00", "2026-1-3", "soon"),
        *([], ["2026-01-01"], pd.NA, pd.Period("2026-01"), dt.time(9), object()),
        *(np.datetime64("10000-01-01"), "\uff12\uff10\uff12\uff16-01-01"),  # fullwidth digits
    ],
)
def test_refused_time(given):
    """Numbers, and text that has several meanings or none, are refused with the form to use."""
    with pytest.raises(SalesmateError, match=r"^since=.* is not a date or time\. .*'2026-01-31T09:00'\.$"):
        parse_time("since", given, "UTC")


@pytest.fixture
def half_past_ten(monkeypatch):
    """Stop the clock at 22:30 UTC on the 31st of January, when the next day has begun in Kolkata."""

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return dt.datetime(2026, 1, 31, 22, 30, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr("salesmate_nb._values.times.dt.datetime", Clock)


@pytest.mark.usefixtures("half_past_ten")
@pytest.mark.parametrize(
    ("given", "start", "end"),
    [
        ("0d", "2026-01-31T18:30:00", "2026-02-01T18:29:59.999999"),
        (" 7D ", "2026-01-24T18:30:00", "2026-01-25T18:29:59.999999"),
        ("4w", "2026-01-03T18:30:00", "2026-01-04T18:29:59.999999"),
        (dt.timedelta(days=7), "2026-01-24T22:30:00", "2026-01-24T22:30:00"),
        (pd.Timedelta("6h"), "2026-01-31T16:30:00", "2026-01-31T16:30:00"),
        (np.timedelta64(90, "m"), "2026-01-31T21:00:00", "2026-01-31T21:00:00"),
        (dt.timedelta(days=10**6), "1970-01-01T00:00:00", "1970-01-01T00:00:00"),
    ],
)
def test_age(given, start, end):
    """An age in days or weeks is a day of the account's zone; a timedelta is exact."""
    found = [parse("since", given, "Asia/Kolkata").isoformat() for parse in (parse_time, parse_end)]
    assert found == [f"{start}+00:00", f"{end}+00:00"]


@pytest.mark.parametrize(
    "text", ["7", "d", "7m", "1y", "-7d", "7 days", "1.5d", "12345d", "last week", "7d ago"]
)
def test_other_ages(text):
    """What is not a number of days or weeks is refused: a month may be 28 days, and m a minute."""
    assert parse_age(text) is None
    with pytest.raises(SalesmateError, match=r"an age such as '7d' or '4w'"):
        parse_time("since", text, "UTC")


@pytest.mark.parametrize("given", [-dt.timedelta(days=1), pd.Timedelta("-1h"), np.timedelta64(1, "Y")])
def test_refused_timedelta(given):
    """A time in the future, or a number of years that may have 366 days, is not an age."""
    with pytest.raises(SalesmateError, match=r"^since="):
        parse_time("since", given, "UTC")


@pytest.mark.parametrize(
    ("given", "end"),
    [
        ("2026-01-31", "2026-01-31T23:59:59.999999"),
        ("20260131", "2026-01-31T23:59:59.999999"),
        ("2026-W05-6", "2026-01-31T23:59:59.999999"),
        (dt.date(2026, 1, 31), "2026-01-31T23:59:59.999999"),
        (np.datetime64("2026-01-31"), "2026-01-31T23:59:59.999999"),
        ("2026-W05", "2026-02-01T23:59:59.999999"),
        ("2026-02", "2026-02-28T23:59:59.999999"),
        (np.datetime64("2026-12"), "2026-12-31T23:59:59.999999"),
        ("2024", "2024-12-31T23:59:59.999999"),
        (np.datetime64("2026"), "2026-12-31T23:59:59.999999"),
        ("2026-01-31T00:00", "2026-01-31T00:00:00"),
        (pd.Timestamp("2026-01-31T09:00"), "2026-01-31T09:00:00"),
        ("9999", "9999-12-31T23:59:59.999998"),
        (dt.date.max, "9999-12-31T23:59:59.999998"),
    ],
)
def test_end(given, end):
    """A day, week, month or year ends where the next one begins; a time of day is itself the end."""
    assert parse_end("until", given, "UTC").isoformat() == f"{end}+00:00"


@pytest.mark.parametrize(
    "given",
    [dt.datetime(2026, 1, 31), pd.Timestamp("2026-01-31", tz="UTC"), np.datetime64("2026-01-31T00", "s")],
)
def test_midnight(given):
    """A datetime at midnight is exact, and a warning says that the rest of its day is left out."""
    with pytest.warns(UserWarning, match=r"^until is midnight, .* write '2026-01-31'; .* '2026-01-31T00:00"):
        assert parse_end("until", given, "UTC") == dt.datetime(2026, 1, 31, tzinfo=UTC)
    assert [each.isoformat()[:19] for each in parse_span("x", given, "UTC")] == ["2026-01-31T00:00:00"] * 2


def test_no_end():
    """A missing time is no end."""
    assert parse_end("until", pd.NaT, "UTC") is None


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("given", [FIRST, dt.date.min, "0001-01-01", "1969-12-30", pd.Timestamp.min])
def test_time_before_1970(given, zone):
    """A time before 1970 is the beginning of 1970, in each zone."""
    assert parse_time("since", given, zone) == dt.datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("given", [LAST, "9999-12-31T23:59:59", dt.date.max])
def test_time_in_9999(given, zone):
    """The last day of the calendar is read in each zone."""
    assert parse_time("since", given, zone).year == 9999


@pytest.mark.parametrize(
    ("given", "hour", "minute"),
    [
        ("2026-03-29T02:30", 1, 0),
        ("2026-10-25T02:30", 0, 30),
        ("2026-07-01T02:30", 0, 30),
        (dt.datetime(2026, 10, 25, 2, 30, fold=1), 1, 30),
        (pd.Timestamp(2026, 10, 25, 2, 30, fold=1), 1, 30),
        (dt.datetime(2026, 3, 29, 2, 30, fold=1), 1, 0),
    ],
)
def test_change_of_clocks(given, hour, minute):
    """In Berlin a skipped time is the end of the gap; a repeated one is the earlier, unless its fold is 1."""
    found = parse_time("since", given, "Europe/Berlin")
    assert (found.hour, found.minute) == (hour, minute)


def test_ends_of_the_calendar():
    """Conversion and shift stop at the first and at the last microsecond."""
    first, last = FIRST.replace(tzinfo=UTC), LAST.replace(tzinfo=UTC)
    assert in_calendar(first, ZoneInfo("America/New_York")).replace(tzinfo=None) == FIRST
    assert in_calendar(NEW_YEAR, ZoneInfo("Asia/Kolkata")) == NEW_YEAR
    assert shift(last, dt.timedelta(days=1)) == last
    assert shift(first, dt.timedelta(days=-1)) == first
    assert shift(last, dt.timedelta(days=-1)) == last - dt.timedelta(days=1)
