"""Points in time that a person gives, and conversions of time zones at the ends of the calendar."""

from __future__ import annotations

import datetime as dt
import re
import reprlib
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from salesmate_nb.errors import SalesmateError

DatetimeLike = str | dt.date | pd.Timestamp | np.datetime64 | None
"""A time as an argument: ISO 8601 text, or a date, datetime or timestamp of any library."""

EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""What a time before it counts as, since no record is older."""

_FIRST, _LAST = dt.datetime.min, dt.datetime.max  # noqa: DTZ901 - of the calendar, in any zone
_YEAR_OR_MONTH = re.compile(r"[0-9]{4}(-[0-9]{2})?")
_ISO_8601 = re.compile(r"[0-9]{4}[0-9W-]+([T ][0-9:.,]+(Z|[+-][0-9:]+)?)?")  # any other character is refused


def parse_time(name: str, given: DatetimeLike, timezone: str) -> dt.datetime | None:
    """Read a time that was given as an argument.

    Text is ISO 8601 only, because ``"01/02/2026"`` means two days, and a number could be a year, seconds
    or milliseconds. A time before 1970 counts as the beginning of 1970, since no record is older.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    given : str, date, datetime, Timestamp, datetime64 or None
        What was given; ``NaT`` is as ``None``.
    timezone : str
        IANA name of the zone of a time that names none. A time that a clock shows twice is the earlier one,
        and one that is skipped is the end of what is skipped.

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
    salesmate_nb.errors.SalesmateError: created_since=2026 is not a date or time. Give a datetime, a date, or
    text in ISO 8601, such as '2026-01-31' or '2026-01-31T09:00'.
    """
    if _is_missing(given):
        return None
    try:
        local = _datetime(given)
    except ValueError as err:
        raise SalesmateError(
            f"{name}={reprlib.repr(given)} is not a date or time. Give a datetime, a date, or text in ISO "
            "8601, such as '2026-01-31' or '2026-01-31T09:00'."
        ) from err
    if local.tzinfo is None:
        local = _localize(local, ZoneInfo(timezone))
    return max(in_calendar(local, dt.UTC), EARLIEST)


def parse_end(name: str, given: DatetimeLike, timezone: str) -> dt.datetime | None:
    """Read a time up to which something is asked for: a day without a time of day means its end.

    Parameters, result and errors are those of :func:`parse_time`.

    Examples
    --------
    >>> parse_end("as_of", "2026-01-31", "Europe/Berlin").isoformat()
    '2026-01-31T22:59:59.999999+00:00'
    >>> parse_end("as_of", "2026-01-31T09:00", "Europe/Berlin").isoformat()
    '2026-01-31T08:00:00+00:00'
    """
    start = parse_time(name, given, timezone)
    if start is None or not _is_day(given):
        return start
    next_day = shift(_datetime(given), dt.timedelta(days=1)).date()
    end = parse_time(name, next_day, timezone)
    return None if end is None else end - dt.timedelta(microseconds=1)


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


def _is_day(given: object) -> bool:
    """Return whether something names a day without a time of day."""
    if isinstance(given, str):
        return not any(mark in given.strip().upper() for mark in ("T", " "))
    is_timestamp = isinstance(given, dt.datetime)
    return (isinstance(given, dt.date) and not is_timestamp) or (
        isinstance(given, np.datetime64) and np.datetime_data(given.dtype)[0] == "D"
    )


def _is_missing(given: object) -> bool:
    return given is None or given is pd.NaT or (isinstance(given, np.datetime64) and bool(np.isnat(given)))


def _datetime(given: object) -> dt.datetime:
    """Return what was given as a datetime, in its own zone if it has one; raise ``ValueError`` otherwise."""
    value = given.astype("datetime64[us]").item() if isinstance(given, np.datetime64) else given
    if isinstance(value, str):
        text = value.strip().upper()
        if _YEAR_OR_MONTH.fullmatch(text):
            return dt.datetime.fromisoformat(f"{text}-01-01"[:10])
        if _ISO_8601.fullmatch(text):
            return dt.datetime.fromisoformat(text)
    elif isinstance(value, pd.Timestamp):
        return value.to_pydatetime(warn=False)
    elif isinstance(value, dt.datetime):
        return value
    elif isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    raise ValueError(given)


def _localize(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    if not EARLIEST.year <= local.year < dt.MAXYEAR:
        return local.replace(tzinfo=zone)  # pandas has no room for a zone at the ends of the calendar
    timestamp = pd.Timestamp(local).tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    return timestamp.to_pydatetime(warn=False)
