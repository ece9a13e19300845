"""Values in every form the API was seen to send, parsed to a value of one kind."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.resources.base import Kind

MISSING: tuple[Any, ...] = (None, "", {}, [])
MONTHS: tuple[str, ...] = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_MONTH_NUMBERS = {name.lower(): number for number, name in enumerate(MONTHS, 1)}
_US_FORMAT = re.compile(r"([A-Za-z]{3}) (\d{1,2}), (\d{4}) (\d{1,2}):(\d{2}) ([AP]M)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_INT64 = 2**63


def parser(kind: Kind, timezone: str) -> Callable[[Any], Any]:
    """Return the function that parses one value of a kind.

    Parameters
    ----------
    kind : {"int", "float", "string", "category", "datetime", "bool"}
        What the value should be.
    timezone : str
        IANA name of the time zone of datetimes that name none.

    Returns
    -------
    callable
        Raises ``ValueError`` or ``OverflowError`` if the value does not fit the kind.
    """
    zone = ZoneInfo(timezone)
    parsers: dict[Kind, Callable[[Any], Any]] = {
        "int": parse_int,
        "float": parse_float,
        "string": parse_text,
        "category": parse_text,
        "bool": parse_bool,
        "datetime": lambda value: parse_datetime(value, zone),
    }
    return parsers[kind]


def parse_int(value: Any) -> int:
    """Parse a whole number, exactly: ``3.0`` and ``"3.0"`` are 3, ``1.5`` is refused."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()) and len(value) < 40:  # noqa: PLR2004 - longer than any id
        digits, _, rest = value.strip().partition(".")
        if rest.strip("0") or "e" in value.lower():
            raise ValueError(value)
        value = int(digits)
    if type(value) is not int or not -_INT64 <= value < _INT64:
        raise ValueError(value)
    return value


def parse_float(value: Any) -> float:
    """Parse a finite number; ``NaN`` and infinities are refused."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)


def parse_text(value: Any) -> str:
    """Return text unchanged, a number or checkbox as text, and a list joined with commas."""
    if isinstance(value, list):
        return ",".join(map(parse_text, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise ValueError(value)  # noqa: TRY004 - one kind of error for whatever does not fit
    text = str(value)
    text.encode()  # half a surrogate pair cannot be stored
    return text


def parse_bool(value: Any) -> bool:
    """Parse a checkbox: true or false, yes or no, 1 or 0."""
    parsed = _BOOLEANS.get(str(value).strip().lower())
    if parsed is None or isinstance(value, float):
        raise ValueError(value)
    return parsed


def parse_datetime(value: Any, zone: dt.tzinfo) -> dt.datetime:
    """Parse a datetime to UTC: ISO 8601, ``Mar 04, 2024 09:15 PM``, or milliseconds since 1970.

    Parameters
    ----------
    value : str, int or float
        As the API sent it.
    zone : datetime.tzinfo
        The time zone of a text that names none.

    Raises
    ------
    ValueError, OverflowError
        If it is not a datetime, or outside the years 1 to 9999.

    Examples
    --------
    >>> parse_datetime("Mar 04, 2024 09:15 PM", ZoneInfo("Asia/Kolkata")).isoformat()
    '2024-03-04T15:45:00+00:00'
    """
    if isinstance(value, str):
        stripped = value.strip()
        if stripped.isascii() and stripped.isdigit() and len(stripped) > 8:  # noqa: PLR2004 - 8 digits are a date
            value = int(stripped)
        else:
            local = _parse_us_format(stripped) or dt.datetime.fromisoformat(stripped)
            return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(dt.UTC)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(value)
    return _EPOCH + dt.timedelta(milliseconds=value)


def _parse_us_format(value: str) -> dt.datetime | None:
    """Parse ``Mar 04, 2024 09:15 PM``; return ``None`` if the text is of another format."""
    found = _US_FORMAT.fullmatch(value)
    if found is None:
        return None
    month, day, year, hour, minute, half = found.groups()
    if not 1 <= int(hour) <= 12:  # noqa: PLR2004 - a 12-hour clock
        raise ValueError(value)
    hours = int(hour) % 12 + (12 if half.upper() == "PM" else 0)
    return dt.datetime(int(year), _MONTH_NUMBERS.get(month.lower(), 0), int(day), hours, int(minute))  # noqa: DTZ001 - the caller adds the zone
