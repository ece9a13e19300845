"""Points in time that a person gives, and conversions of time zones at the ends of the calendar."""

from __future__ import annotations

import datetime as dt
import re
import reprlib
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from salesmate_nb._base.warn import warn
from salesmate_nb.errors import SalesmateError

DatetimeLike = str | dt.date | pd.Timestamp | np.datetime64 | dt.timedelta | np.timedelta64 | None
"""A time as an argument: text, a date, datetime or timestamp of any library, or how long ago."""

EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""What a time before it counts as, since no record is older."""

_FIRST, _LAST = dt.datetime.min, dt.datetime.max  # noqa: DTZ901 - of the calendar, in any zone
_YEAR_OR_MONTH = re.compile(r"[0-9]{4}(-[0-9]{2})?")
_AGE = re.compile(r"([0-9]{1,4})([DW])")
_PERIODS = (  # what a text without a time of day names
    (re.compile(r"[0-9]{4}"), "Y"),
    (re.compile(r"[0-9]{4}-[0-9]{2}"), "M"),
    (re.compile(r"[0-9]{4}-?W[0-9]{2}"), "W"),
    (re.compile(r"[^T ]+"), "D"),
)
_DAYS = {"Y": 366, "M": 31, "W": 7, "D": 1}  # at most
_ISO_8601 = re.compile(r"[0-9]{4}[0-9W-]+([T ][0-9:.,]+(Z|[+-][0-9:]+)?)?")  # any other character is refused


def parse_time(
    name: str, given: DatetimeLike, timezone: str, now: dt.datetime | None = None
) -> dt.datetime | None:
    """Read a time that was given as an argument.

    Text is ISO 8601, because ``"01/02/2026"`` means two days, and a number could be a year, seconds or
    milliseconds; or it is an age in days or weeks, which names a day: ``"7d"`` is the start of the day a week
    ago. A timedelta is exact: ``timedelta(days=7)`` is 168 hours ago. A time before 1970 counts as the
    beginning of 1970, since no record is older.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    given : str, date, datetime, Timestamp, datetime64, timedelta, timedelta64 or None
        What was given; ``NaT`` is as ``None``.
    timezone : str
        IANA name of the zone of a time that names none, and of the days of an age. A time that a clock shows
        twice is the earlier one, unless its `fold` is 1; one that is skipped is the end of what is skipped.
    now : datetime, optional
        From when an age or a timedelta counts back, with a time zone; by default the time by this machine's
        clock.

    Returns
    -------
    datetime or None
        In UTC, from 1970 to 9999.

    Raises
    ------
    SalesmateError
        If it is anything else; the message says how to write it.

    Examples
    --------
    >>> parse_time("created_since", "2026-01-31", "Europe/Berlin").isoformat()
    '2026-01-30T23:00:00+00:00'
    >>> parse_time("created_since", 2026, "UTC")
    Traceback (most recent call last):
    salesmate_nb.errors.SalesmateError: created_since=2026 is not a date or time. Give a datetime, a date, a
    timedelta, an age such as '7d' or '4w', or text in ISO 8601, such as '2026-01-31' or '2026-01-31T09:00'.
    """
    if _is_missing(given):
        return None
    return _in_utc(_read(name, given, timezone, now), timezone)


def parse_end(
    name: str, given: DatetimeLike, timezone: str, now: dt.datetime | None = None
) -> dt.datetime | None:
    """Read a time up to which something is asked for, itself included.

    A day without a time of day means its end, and so does a week, a month or a year. A datetime is exact: for
    midnight, with which people also write a day, a warning says so. Parameters, result and errors are those
    of :func:`parse_time`.

    Examples
    --------
    >>> parse_end("as_of", "2026-01-31", "Europe/Berlin").isoformat()
    '2026-01-31T22:59:59.999999+00:00'
    >>> parse_end("as_of", "2026-01", "UTC").isoformat()
    '2026-01-31T23:59:59.999999+00:00'
    >>> parse_end("as_of", "2026-01-31T09:00", "Europe/Berlin").isoformat()
    '2026-01-31T08:00:00+00:00'
    """
    span = parse_span(name, given, timezone, now)
    if span is None:
        return None
    if isinstance(given, dt.datetime | np.datetime64) and span[0] == span[1]:
        _warn_of_midnight(name, _read(name, given, timezone, now))
    return span[1]


def parse_span(
    name: str, given: DatetimeLike, timezone: str, now: dt.datetime | None = None
) -> tuple[dt.datetime, dt.datetime] | None:
    """Read the first and the last time that something stands for: of a day, its start and its end.

    Parameters and errors are those of :func:`parse_time`.

    Examples
    --------
    >>> start, end = parse_span("created_at", "2026-01-31", "UTC")
    >>> end - start + dt.timedelta(microseconds=1) == dt.timedelta(days=1)
    True
    """
    if _is_missing(given):
        return None
    start, period = _read(name, given, timezone, now), _period(given)
    if period is None:
        return (_in_utc(start, timezone),) * 2
    end = _in_utc(_after(start, period), timezone) - dt.timedelta(microseconds=1)
    return _in_utc(start, timezone), end


def parse_age(text: str) -> dt.timedelta | None:
    """Return an age that is written as days or weeks; ``None`` if the text is something else.

    Examples
    --------
    >>> parse_age("7d") == parse_age(" 1W "), parse_age("2026-01-31")
    (True, None)
    """
    found = _AGE.fullmatch(text.strip().upper())
    return dt.timedelta(days=int(found[1]) * _DAYS[found[2]]) if found else None


def in_calendar(timestamp: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """Return a time in a zone, or the end of the calendar if it is in no year from 1 to 9999 there.

    Examples
    --------
    >>> in_calendar(dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.UTC), ZoneInfo("Asia/Tokyo")).isoformat()
    '9999-12-31T23:59:59.999999+09:00'
    """
    try:
        return timestamp.astimezone(zone)
    except OverflowError:
        end = _FIRST if timestamp.year == dt.MINYEAR else _LAST
        return end.replace(tzinfo=zone)


def shift(timestamp: dt.datetime, by: dt.timedelta) -> dt.datetime:
    """Return a time that is earlier or later, but not beyond the end of the calendar.

    Examples
    --------
    >>> shift(dt.datetime(1, 1, 1), -dt.timedelta(days=1)).isoformat()
    '0001-01-01T00:00:00'
    """
    try:
        return timestamp + by
    except OverflowError:
        end = _FIRST if by < dt.timedelta() else _LAST
        return end.replace(tzinfo=timestamp.tzinfo)


def _warn_of_midnight(name: str, time: dt.datetime) -> None:
    if time.time() == dt.time():
        warn(
            f"{name} is midnight, at the start of {time.date()}, so the rest of that day does not count. For "
            f"all of it, write '{time.date()}'; if midnight is meant, '{time.isoformat(timespec='minutes')}'."
        )


def _is_missing(given: object) -> bool:
    if isinstance(given, np.datetime64 | np.timedelta64):
        return bool(np.isnat(given))
    return given is None or given is pd.NaT


def _read(name: str, given: object, timezone: str, now: dt.datetime | None) -> dt.datetime:
    """Return what was given as a datetime, in its own zone if it has one."""
    try:
        return _datetime(given, timezone, now or dt.datetime.now(dt.UTC))
    except (ValueError, OverflowError) as err:
        raise SalesmateError(
            f"{name}={reprlib.repr(given)} is not a date or time. Give a datetime, a date, a timedelta, an "
            "age such as '7d' or '4w', or text in ISO 8601, such as '2026-01-31' or '2026-01-31T09:00'."
        ) from err


def _datetime(given: object, timezone: str, now: dt.datetime) -> dt.datetime:
    """Return what was given as a datetime; raise ``ValueError`` if it is none."""
    value = given.astype("datetime64[us]").item() if isinstance(given, np.datetime64) else given
    if isinstance(value, str):
        return _datetime_of(value.strip().upper(), timezone, now)
    if isinstance(value, np.timedelta64):
        value = pd.Timedelta(value)
    if isinstance(value, dt.timedelta) and value >= dt.timedelta():
        age = dt.timedelta(value.days, value.seconds, value.microseconds)  # that of pandas has other limits
        return shift(now, -age)
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime(warn=False)
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    raise ValueError(given)


def _datetime_of(text: str, timezone: str, now: dt.datetime) -> dt.datetime:
    if (age := parse_age(text)) is not None:
        today = now.astimezone(ZoneInfo(timezone)).date()
        return dt.datetime.combine(today - age, dt.time())
    if _YEAR_OR_MONTH.fullmatch(text):
        return dt.datetime.fromisoformat(f"{text}-01-01"[:10])
    if _ISO_8601.fullmatch(text):
        return dt.datetime.fromisoformat(text)
    raise ValueError(text)


def _period(given: object) -> str | None:
    """Return what something without a time of day names, as numpy writes it: a year, month, week or day."""
    if isinstance(given, str):
        text = given.strip().upper()
        return next((unit for pattern, unit in _PERIODS if pattern.fullmatch(text)), None)
    if isinstance(given, np.datetime64):
        unit = np.datetime_data(given.dtype)[0]
        return unit if unit in _DAYS else None
    return "D" if isinstance(given, dt.date) and not isinstance(given, dt.datetime) else None


def _after(start: dt.datetime, period: str) -> dt.datetime:
    """Return the start of the next period, or the end of the calendar."""
    end = shift(start, dt.timedelta(days=_DAYS[period]))
    if end == _LAST:
        return end
    return end.replace(day=1, month=1 if period == "Y" else end.month) if period in "YM" else end


def _in_utc(local: dt.datetime, timezone: str) -> dt.datetime:
    if local.tzinfo is None:
        local = _localize(local, ZoneInfo(timezone))
    return max(in_calendar(local, dt.UTC), EARLIEST)


def _localize(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    if not EARLIEST.year <= local.year < dt.MAXYEAR:
        return local.replace(tzinfo=zone)  # pandas has no room for a zone at the ends of the calendar
    clock = pd.Timestamp(local.replace(fold=0))
    timestamp = clock.tz_localize(zone, ambiguous=not local.fold, nonexistent="shift_forward")
    return timestamp.to_pydatetime(warn=False)
