"""Values as the API sends them, in every odd form that was seen, to values of one kind."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.resources.base import Kind

MISSING: tuple[Any, ...] = (None, "", {}, [])
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_WRITTEN = re.compile(r"([A-Za-z]{3}) (\d{1,2}), (\d{4}) (\d{1,2}):(\d{2}) ([AP]M)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_INT64 = 2**63


def parser(kind: Kind, timezone: str) -> Callable[[Any], Any]:
    """Return what reads one value of a kind; it raises ``ValueError`` where the value does not fit."""
    zone = ZoneInfo(timezone)
    readers: dict[Kind, Callable[[Any], Any]] = {
        "int": parse_int,
        "float": parse_float,
        "string": parse_text,
        "category": parse_text,
        "bool": parse_bool,
        "datetime": lambda value: parse_datetime(value, zone),
    }
    return readers[kind]


def parse_int(value: Any) -> int:
    """Read a whole number, exactly; ``3.0`` and ``"3.0"`` are 3, ``1.5`` is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()) and len(value) < 40:  # noqa: PLR2004 - beyond any id
        digits, _, rest = value.strip().partition(".")
        if rest.strip("0") or "e" in value.lower():
            raise ValueError(value)
        value = int(digits)
    if type(value) is not int or not -_INT64 <= value < _INT64:
        raise ValueError(value)
    return value


def parse_float(value: Any) -> float:
    """Read a number; ``NaN`` and infinities are none."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)


def parse_text(value: Any) -> str:
    """Read a text as it stands; numbers become their text, and a list of texts one with commas."""
    if isinstance(value, list):
        return ",".join(parse_text(one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise ValueError(value)  # noqa: TRY004 - one kind of error for whatever does not fit
    written = str(value)
    written.encode()  # half a surrogate pair is no text
    return written


def parse_bool(value: Any) -> bool:
    """Read a checkbox."""
    known = _FLAGS.get(str(value).strip().lower())
    if known is None or isinstance(value, float):
        raise ValueError(value)
    return known


def parse_datetime(value: Any, zone: dt.tzinfo) -> dt.datetime:
    """Read a moment, as UTC: ISO 8601, ``Mar 04, 2024 09:15 PM``, or milliseconds since 1970."""
    if isinstance(value, str):
        stripped = value.strip()
        if stripped.isascii() and stripped.isdigit() and len(stripped) > 8:  # noqa: PLR2004 - 8 digits are a date
            value = int(stripped)
        else:
            local = _written(stripped) or dt.datetime.fromisoformat(stripped)
            return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(dt.UTC)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(value)
    return _EPOCH + dt.timedelta(milliseconds=value)


def _written(value: str) -> dt.datetime | None:
    found = _WRITTEN.fullmatch(value)
    if found is None:
        return None
    month, day, year, hour, minute, half = found.groups()
    if not 1 <= int(hour) <= 12:  # noqa: PLR2004 - a clock face
        raise ValueError(value)
    hours = int(hour) % 12 + (12 if half.upper() == "PM" else 0)
    return dt.datetime(int(year), _MONTHS.get(month.lower(), 0), int(day), hours, int(minute))  # noqa: DTZ001 - read in its zone next
