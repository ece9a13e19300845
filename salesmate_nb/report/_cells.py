"""The cells of a table as text, by what their column holds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import pandas as pd

from salesmate_nb._wording.names import MISSING, name_of
from salesmate_nb._wording.numbers import number, percent, period_name, short_day

_LETTERS = 60  # of a text
_SHARES = frozenset({"rate", "low", "high", "step", "still_open"})  # from 0 to 1, as the analysis names them
_FEW = 10


def is_right(column: pd.Series) -> bool:
    """Return whether the cells of a column belong to the right: numbers."""
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def cells_of(column: pd.Series, *, percents: Collection[str], digits: int | None) -> list[str]:
    """Return the values of a column as text; a missing one is one word.

    Parameters
    ----------
    column : pandas.Series
        A column of any dtype.
    percents : collection of str
        The names of columns of shares from 0 to 1, besides those that the analysis returns.
    digits : int, optional
        The number of decimal places.

    Examples
    --------
    >>> cells_of(pd.Series([1200.5, None], name="value"), percents=(), digits=None)
    ['1,200', '(none)']
    """
    write = _writer(column, percents, digits)
    return [
        MISSING if value is None or value is pd.NaT or _is_missing(value) else write(value)
        for value in column
    ]


def _is_missing(value: Any) -> bool:
    return pd.api.types.is_scalar(value) and bool(pd.isna(value))


def _writer(column: pd.Series, percents: Collection[str], digits: int | None) -> Callable[[Any], str]:
    """Return what writes a value of a column: by its name, or else by its dtype."""
    name, dtype = str(column.name), column.dtype
    by_name: dict[str, Callable[[Any], str]] = {
        **dict.fromkeys([*percents, *_SHARES], percent),
        "win_probability": lambda value: percent(value / 100),
        "period": lambda value: period_name(str(value)),
        "id": str,
    }
    if name in by_name or name.endswith("_id"):
        return by_name.get(name, str)
    if pd.api.types.is_bool_dtype(dtype):
        return lambda value: "yes" if value else "no"
    if is_right(column):
        places = _digits(column) if digits is None else digits
        return lambda value: number(value, 0 if pd.api.types.is_integer_dtype(dtype) else places)
    return short_day if dtype.kind == "M" else lambda value: name_of(value, _LETTERS)


def _digits(column: pd.Series) -> int:
    """Return how many decimal places are worth showing: one for small numbers, none for large ones."""
    known = column.dropna()
    return int(len(known) > 0 and known.abs().max() < _FEW and bool((known % 1 != 0).any()))
