"""Values of a frame as cells of Excel, which has texts, numbers, booleans and dates since 1900."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
import zoneinfo
from typing import Any

import numpy as np
import pandas as pd

from salesmate_nb._values.zones import column_in_zone, has_zone

MOST_CHARACTERS = 32_767
"""Of one text; a character that UTF-16 writes in two units counts as two."""

_MOST_DIGITS = 15  # Excel shows no more of a number
_FIRST = dt.datetime(1900, 3, 1)  # noqa: DTZ001 - before, Excel counts a 29th of February that never was
_LAST = dt.datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 - Excel rounds a fraction up to the year 10000
_MIDNIGHT = dt.time()
_DAY = dt.timedelta(days=1)
_MONEY = re.compile(r"(^|[_ ])(value|amount|revenue|price)([_ ]|$)")  # also "deal_value sum" of a pivot table

Cell = str | int | float | bool | dt.datetime | dt.timedelta | None
"""What a cell can hold."""


def number_format(name: str, column: pd.Series) -> str:
    """Return how Excel shows the numbers or dates of a column; empty for its usual way.

    Parameters
    ----------
    name : str
        The name of the column: what is called a value or an amount is money.
    column : pandas.Series
        Datetimes without a time zone.

    Examples
    --------
    >>> number_format("deal_value", pd.Series([1.5])), number_format("win_probability", pd.Series([10.0]))
    ('#,##0.00', '')
    """
    if column.dtype.kind == "M":
        is_day = (column.dropna() == column.dropna().dt.normalize()).all()
        return "yyyy-mm-dd" if is_day else "yyyy-mm-dd hh:mm"
    if column.dtype.kind == "m":
        return "[h]:mm:ss"
    return "#,##0.00" if column.dtype.kind in "iuf" and _MONEY.search(name.lower()) else ""


def cells_of(column: pd.Series, zone: zoneinfo.ZoneInfo) -> list[Cell]:
    """Return the values of a column as cells; a missing one is ``None``.

    What Excel cannot hold as what it is becomes text: integers of more than 15 digits, infinities, dates
    before March 1900 and in the last second of 9999, and every other kind of object.

    Parameters
    ----------
    column : pandas.Series
        Of any dtype.
    zone : zoneinfo.ZoneInfo
        In which to show datetimes that have a time zone.

    Examples
    --------
    >>> berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    >>> cells_of(pd.Series([7, 2**60, pd.NA], dtype="Int64"), berlin)
    [7, '1152921504606846976', None]
    >>> cells_of(pd.Series(pd.to_datetime(["2026-06-30T22:00Z"])), berlin)
    [datetime.datetime(2026, 7, 1, 0, 0)]
    """
    is_missing = column.isna().to_numpy()
    values = local(column, zone).astype(object).to_numpy()
    return [
        None if missing else _cell(value, zone)
        for value, missing in zip(values.tolist(), is_missing.tolist(), strict=True)
    ]


def local(column: pd.Series, zone: zoneinfo.ZoneInfo) -> pd.Series:
    """Return a column with the dates and times of a zone, if they have a zone at all."""
    if has_zone(column.dtype):
        return column_in_zone(column, zone, naive=True)
    return column


def storable(text: str) -> str:
    r"""Return a text as Excel has it: with line breaks of its own kind, and no half of a surrogate pair.

    Other programs show a carriage return as ``_x000D_``, which is how the file would hold it.

    Examples
    --------
    >>> storable("two\r\nlines")
    'two\nlines'
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return lines.encode(errors="replace").decode()


def utf16_length(text: str) -> int:
    """Return the length of a text as Excel counts it.

    Examples
    --------
    >>> utf16_length("Łódź"), utf16_length("\U0001f600")
    (4, 2)
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cell(value: Any, zone: zoneinfo.ZoneInfo) -> Cell:
    if isinstance(value, np.generic):
        value = _python_object(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | decimal.Decimal):
        return _number(value)
    if isinstance(value, dt.date):
        return _date(value, zone)
    if isinstance(value, dt.timedelta) and value >= dt.timedelta():
        return dt.timedelta(value.days, value.seconds, value.microseconds)
    return storable(str(value))


def _number(value: float | decimal.Decimal) -> Cell:
    if isinstance(value, int):
        return value if abs(value) < 10**_MOST_DIGITS else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    is_exact = value.is_finite() and len(value.as_tuple().digits) <= _MOST_DIGITS
    return float(value) if is_exact else str(value)


def _python_object(value: np.generic) -> Any:
    """Return a value of numpy as one of Python or pandas; of a date, numpy may return a number."""
    if isinstance(value, np.datetime64):
        return pd.Timestamp(value)
    return pd.Timedelta(value) if isinstance(value, np.timedelta64) else value.item()


def _date(value: dt.date, zone: zoneinfo.ZoneInfo) -> Cell:
    time = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, _MIDNIGHT)
    if time.tzinfo is not None:
        time = column_in_zone(pd.Series([time]), zone, naive=True)[0]
    if not _FIRST <= time <= _LAST:
        return time.date().isoformat() if time.time() == _MIDNIGHT else time.isoformat(sep=" ")
    return time.to_pydatetime(warn=False) if isinstance(time, pd.Timestamp) else time
