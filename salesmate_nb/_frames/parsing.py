"""Values in every form the API was seen to send, parsed to a value of one kind."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.resources.base import Kind

MISSING: tuple[Any, ...] = (None, "", {}, [])
MONTHS: tuple[str, ...] = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_MONTH_NUMBERS = {name.lower(): number for number, name in enumerate(MONTHS, 1)}
_V3_FORMAT = re.compile(r"([A-Za-z]{3}) (\d{1,2}), (\d{4}) (\d{1,2}):(\d{2}) ([AP]M)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TIMESTAMP = re.compile(r"[+-]?[0-9]{1,19}(\.[0-9]{1,9})?")
_COMPACT_DATE = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NOON = 12
_INT64 = 2**63
MILLISECONDS_FROM = 100_000_000_000
"""Numbers from here on are Unix milliseconds (from 1973), those below are Unix seconds (until 5138)."""


_zoneless: ContextVar[list[Any] | None] = ContextVar("_zoneless", default=None)


@contextlib.contextmanager
def collect_zoneless() -> Iterator[list[Any]]:
    """Collect the first datetime without a time zone that is parsed in this block, as the API sent it.

    Examples
    --------
    >>> with collect_zoneless() as found:
    ...     _ = parse_datetime("2024-03-04T09:15:00Z", dt.UTC), parse_datetime("2024-03-04", dt.UTC)
    >>> found
    ['2024-03-04']
    """
    found: list[Any] = []
    token = _zoneless.set(found)
    try:
        yield found
    finally:
        _zoneless.reset(token)


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
        "category": parse_category,
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


def parse_category(value: Any) -> str:
    """Parse text, or an object with a ``code``, as the API sends a currency in some responses."""
    return parse_text(value["code"] if isinstance(value, dict) and "code" in value else value)


def parse_bool(value: Any) -> bool:
    """Parse a checkbox: true or false, yes or no, 1 or 0."""
    parsed = _BOOLEANS.get(str(value).strip().lower())
    if parsed is None or isinstance(value, float):
        raise ValueError(value)
    return parsed


def parse_datetime(value: Any, zone: dt.tzinfo) -> dt.datetime:
    """Parse a datetime to UTC, in each form that the API was seen to send.

    These are Unix seconds (measured on a live account) or milliseconds, as a number or as text; ISO 8601,
    where a date without a time is the start of that day; and the text of the v3 API, with a 12-hour or a
    24-hour clock: ``Mar 04, 2024 09:15 PM`` or ``Mar 04, 2024 21:15 PM``. A text of 8 digits that is a date
    from 1900 to 2099, such as ``20240304``, is that date, not a number: as seconds it would be in 1970.

    Parameters
    ----------
    value : str, int or float
        As the API sent it.
    zone : datetime.tzinfo
        The account's time zone, in which a text is that names none.

    Raises
    ------
    ValueError, OverflowError
        If it is not a datetime, or outside the years 1 to 9999.

    Examples
    --------
    >>> parse_datetime("Mar 04, 2024 09:15 PM", ZoneInfo("Asia/Kolkata")).isoformat()
    '2024-03-04T15:45:00+00:00'
    >>> parse_datetime(1709543700, dt.UTC) == parse_datetime("1709543700000", dt.UTC)
    True
    """
    if isinstance(value, str):
        text = value.strip()
        if not _TIMESTAMP.fullmatch(text) or _COMPACT_DATE.fullmatch(text):
            local = _parse_v3_format(text) or dt.datetime.fromisoformat(text)
            if local.tzinfo is None:
                local = local.replace(tzinfo=zone)
                if (found := _zoneless.get()) == []:
                    found.append(value)
            return local.astimezone(dt.UTC)
        value = float(text) if "." in text else int(text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(value)
    if abs(value) < MILLISECONDS_FROM:
        return _EPOCH + dt.timedelta(seconds=value)
    return _EPOCH + dt.timedelta(milliseconds=value)


def _parse_v3_format(value: str) -> dt.datetime | None:
    """Parse ``Mar 04, 2024 09:15 PM``; return ``None`` if the text is of another format.

    The v3 API was seen to write a 24-hour clock with AM or PM after it. No text can be read in two ways: up
    to 12 both clocks agree, since 12 AM is midnight on the one and impossible on the other.
    """
    found = _V3_FORMAT.fullmatch(value)
    if found is None:
        return None
    month, day, year, hour_text, minute, half = found.groups()
    hour, is_afternoon = int(hour_text), half.upper() == "PM"
    if 1 <= hour <= _NOON:
        hour = hour % _NOON + (_NOON if is_afternoon else 0)
    elif is_afternoon != (hour > _NOON):
        raise ValueError(value)
    return dt.datetime(int(year), _MONTH_NUMBERS.get(month.lower(), 0), int(day), hour, int(minute))  # noqa: DTZ001 - the caller adds the zone
