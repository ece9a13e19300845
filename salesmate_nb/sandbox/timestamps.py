"""Parse and format timestamps as Salesmate reads and writes them."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = 60_000  # milliseconds
DAY = 24 * 60 * MINUTE

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TEXT = re.compile(r"([A-Z][a-z]{2}) (\d\d), (\d{4}) (0[1-9]|1[0-2]):(\d\d) ([AP]M)", re.ASCII)
_NUMBER = re.compile(r"-?\d{9,}", re.ASCII)
_SECONDS_BELOW = 1e11  # in milliseconds that is 1973, in seconds the year 5138
_EPOCH = dt.date(1970, 1, 1)


def format_iso(milliseconds: int) -> str:
    """Format milliseconds since 1970 as ISO 8601 in UTC.

    Examples
    --------
    >>> format_iso(1_709_543_700_000)
    '2024-03-04T09:15:00.000Z'
    """
    day, rest = divmod(milliseconds, DAY)
    minutes, rest = divmod(rest, MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{_format_day(day)}T{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}Z"


@lru_cache(maxsize=4096)
def _format_day(day: int) -> str:
    return (_EPOCH + dt.timedelta(days=day)).isoformat()


def format_text(milliseconds: int, zone: ZoneInfo) -> str:
    """Format milliseconds since 1970 as search rules do, to the minute, in English in every locale.

    Examples
    --------
    >>> format_text(1_709_543_700_000, ZoneInfo("Asia/Kolkata"))
    'Mar 04, 2024 02:45 PM'
    """
    timestamp = dt.datetime.fromtimestamp(milliseconds // 1000, zone)
    half = "AM" if timestamp.hour < 12 else "PM"  # noqa: PLR2004 - noon
    return f"{_MONTHS[timestamp.month - 1]} {timestamp:%d, %Y %I:%M} {half}"


def format_v3(milliseconds: int, zone: ZoneInfo) -> str | None:
    """Format milliseconds since 1970 as the v3 API does: to the minute, with 24 hours, and yet AM or PM.

    Returns
    -------
    str or None
        None in an hour that occurs twice, as at the end of summer time, since the text names no zone.

    Examples
    --------
    >>> format_v3(1_709_586_900_000, ZoneInfo("UTC"))
    'Mar 04, 2024 21:15 PM'
    """
    timestamp = dt.datetime.fromtimestamp(milliseconds // 1000, zone)
    if timestamp.replace(fold=0).utcoffset() != timestamp.replace(fold=1).utcoffset():
        return None
    half = "AM" if timestamp.hour < 12 else "PM"  # noqa: PLR2004 - noon
    return f"{_MONTHS[timestamp.month - 1]} {timestamp:%d, %Y %H:%M} {half}"


def parse_text(text: str, zone: ZoneInfo) -> int | None:
    """Parse a timestamp in the format of search rules; return None if it has another format.

    Returns
    -------
    int or None
        Milliseconds since 1970.

    Examples
    --------
    >>> (
    ...     parse_text("Mar 04, 2024 02:45 PM", ZoneInfo("Asia/Kolkata")),
    ...     parse_text("2024-03-04", ZoneInfo("UTC")),
    ... )
    (1709543700000, None)
    """
    match = _TEXT.fullmatch(text)
    if not match or match[1] not in _MONTHS:
        return None
    hour = int(match[4]) % 12 + (12 if match[6] == "PM" else 0)
    try:
        timestamp = dt.datetime(
            int(match[3]), _MONTHS.index(match[1]) + 1, int(match[2]), hour, int(match[5]), tzinfo=zone
        )
    except ValueError:
        return None
    return _milliseconds(timestamp)


def parse(value: object, zone: ZoneInfo) -> int | None:
    """Parse a timestamp in any format that records contain; return None if it is not a timestamp.

    Parameters
    ----------
    value : object
        A number of milliseconds or, below 1e11, seconds, that number as text, ISO 8601, or the text format of
        search rules.
    zone : zoneinfo.ZoneInfo
        The time zone of values that name none.

    Returns
    -------
    int or None
        Milliseconds since 1970.

    Examples
    --------
    >>> [parse(value, ZoneInfo("UTC")) for value in ("2024-03-04T09:15:00Z", "1709543700000", 1709543700, {})]
    [1709543700000, 1709543700000, 1709543700000, None]
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    if not isinstance(value, str) or not value:
        return None
    try:
        timestamp = dt.datetime.fromisoformat(value)
    except ValueError:
        return _from_number(int(value)) if _NUMBER.fullmatch(value) else parse_text(value, zone)
    return _milliseconds(timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=zone))


def _from_number(number: float) -> int:
    return int(number * 1000 if abs(number) < _SECONDS_BELOW else number)


def _milliseconds(timestamp: dt.datetime) -> int:
    return round(timestamp.timestamp() * 1000)
