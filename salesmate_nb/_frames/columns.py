"""Columns of values to Arrow as a whole, if all of their values have the expected form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import chain
from typing import Any

import pyarrow as pa

from salesmate_nb._frames.parsing import MILLISECONDS_FROM
from salesmate_nb.resources.base import Kind

# Of each kind of field: the Arrow type, and beside it the pandas dtype that dataframe.py makes of it.
ARROW_TYPES: dict[Kind, pa.DataType] = {
    "int": pa.int64(),  # Int64
    "float": pa.float64(),  # float64
    "string": pa.string(),  # str
    "category": pa.string(),  # category, once assemble() has made it a dictionary
    "datetime": pa.timestamp("us", tz="UTC"),  # datetime64[us, UTC]
    "bool": pa.bool_(),  # boolean
}
# Python types that Arrow converts without loss; others it may silently change: 1.5 to 1, True to 1.0.
_LOSSLESS: dict[Kind, frozenset[type]] = {
    "int": frozenset({int, type(None)}),
    "float": frozenset({int, float, type(None)}),
    "bool": frozenset({bool, type(None)}),
}
# Holds 1677 to 2262. Datetimes outside are parsed one by one, since Arrow accepts years that no calendar has.
_NANOSECONDS = pa.timestamp("ns", tz="UTC")
_FIRST_MICROSECOND, _LAST_MICROSECOND = -62_135_596_800_000_000, 253_402_300_799_999_999  # years 1 and 9999


def convert_column(kind: Kind, values: list[Any]) -> pa.Array | None:
    """Convert a column at once; return ``None`` if a value must be parsed, since it has another form.

    Examples
    --------
    >>> convert_column("int", [7, None]).to_pylist(), convert_column("int", [7, "7"])
    ([7, None], None)
    """
    try:
        return _converted(kind, values)
    except (pa.ArrowInvalid, TypeError, OverflowError, UnicodeError):
        return None


def convert_datetimes(columns: Mapping[str, list[Any]]) -> dict[str, pa.Array]:
    """Convert columns of datetimes, all of one length, at once; return none if a value must be parsed.

    Of a page of 250 rows, the calls of Arrow for each column would take longer than the conversion.

    Examples
    --------
    >>> list(convert_datetimes({"created_at": [1709543700], "closed_date": [None]}))
    ['created_at', 'closed_date']
    >>> convert_datetimes({"created_at": [1709543700], "closed_date": ["2024-03-04T09:15:00Z"]})
    {}
    """
    together = convert_column("datetime", list(chain.from_iterable(columns.values())))
    if together is None:
        return {}
    rows = len(together) // max(len(columns), 1)
    return {name: together.slice(number * rows, rows) for number, name in enumerate(columns)}


def _converted(kind: Kind, values: list[Any]) -> pa.Array:
    if kind in _LOSSLESS:
        if not _LOSSLESS[kind].issuperset(map(type, values)):
            raise TypeError
        if kind == "float" and not math.isfinite(sum(filter(None, values))):
            raise OverflowError
        return pa.array(values, ARROW_TYPES[kind])
    filled = [None if value == "" else value for value in values] if "" in values else values
    if kind == "datetime" and {int, type(None)}.issuperset(map(type, filled)):
        return _timestamps(filled)
    column = pa.array(filled, pa.string())
    return column.cast(_NANOSECONDS).cast(ARROW_TYPES[kind]) if kind == "datetime" else column


def _timestamps(values: list[int | None]) -> pa.Array:
    """Convert Unix seconds and milliseconds; raises if one is outside the years 1 to 9999."""
    microseconds = [
        value and value * (1_000_000 if abs(value) < MILLISECONDS_FROM else 1_000) for value in values
    ]
    known = list(filter(None, microseconds))
    if known and not _FIRST_MICROSECOND <= min(known) <= max(known) <= _LAST_MICROSECOND:
        raise OverflowError
    return pa.array(microseconds, ARROW_TYPES["datetime"])
