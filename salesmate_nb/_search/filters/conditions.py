"""Conditions on any column, as ``where=`` gives them: values, missing ones, or a range."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from salesmate_nb._frames.parsing import parse_bool, parse_float, parse_int
from salesmate_nb._search.filters.column_tests import ColumnTest, Span
from salesmate_nb._values.times import parse_span
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources.base import Field, Kind, has_items

Where = Mapping[str, object] | None
"""By column: a value, a list of them, ``None`` for rows without one, or ``{"min": ..., "max": ...}``."""

_ENDS = {"min", "max"}
_MOST_SHOWN = 100  # values in a report
_NOUNS: dict[Kind, str] = {
    "int": "a whole number",
    "float": "a number",
    "bool": "True or False",
    "datetime": "a date or time",
    "string": "a text",
    "category": "a text",
}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a caller says of one column, before it is known what the column holds.

    Parameters
    ----------
    name : str
        The column, as the caller named it.
    values : tuple
        The values to keep; a missing one keeps rows without a value.
    low, high : object
        In place of values: the ends of the range to keep, both included; ``None`` for no end.
    timezone : str
        IANA name of the zone of times without one.
    now : datetime, optional
        From when ages count back; by default the time by this machine's clock.

    Examples
    --------
    >>> Condition.parse("deal_value", {"min": 1000}, "UTC").describe()
    'from 1000'
    """

    name: str
    values: tuple[Any, ...] = ()
    low: Any = None
    high: Any = None
    timezone: str = "UTC"
    now: dt.datetime | None = None

    @classmethod
    def parse(cls, name: str, given: Any, timezone: str, now: dt.datetime | None = None) -> Self:
        """Read what was given for one column.

        Raises
        ------
        SalesmateError
            If nothing could match it, or it is another kind of object than values or a range.
        """
        if not isinstance(given, Mapping):
            values = _values(given)
            if not values:
                raise SalesmateError(
                    f"where: {name}=[] would match nothing. Give a value, or leave the column out."
                )
            return cls(name=name, values=values, timezone=timezone, now=now)
        low, high = (None if _is_missing(given.get(end)) else given[end] for end in ("min", "max"))
        if not given.keys() <= _ENDS or (low is None and high is None):
            raise SalesmateError(
                f"where: {name}={dict(given)!r} is not a range. Give {{'min': ..., 'max': ...}}, or one of "
                "them."
            )
        return cls(name=name, low=low, high=high, timezone=timezone, now=now)

    def test(self, field: Field) -> ColumnTest:
        """Return the condition as a test of a column.

        Raises
        ------
        SalesmateError
            If a value is not of the column's kind, or nothing could match.
        """
        if not self.values:
            return ColumnTest(column=field.name, kind=field.kind, spans=(self._range(field.kind),))
        spans = [self._span(field.kind, value) for value in self.values if not _is_missing(value)]
        is_time = field.kind == "datetime"
        return ColumnTest(
            column=field.name,
            kind=field.kind,
            wanted=() if is_time else tuple(value for value, _ in spans),
            spans=tuple(spans) if is_time else (),
            keeps_missing=len(spans) < len(self.values),
            has_items=has_items(field.path),
        )

    def describe(self) -> str:
        """Return it in words; of many values, the first."""
        if self.values:
            shown = ["missing" if _is_missing(value) else str(value) for value in self.values[:_MOST_SHOWN]]
            more = len(self.values) - len(shown)
            return ", ".join(shown) + (f" and {more:,} more" if more else "")
        ends = {"from": self.low, "to": self.high}
        return " ".join(f"{word} {end}" for word, end in ends.items() if end is not None)

    def _range(self, kind: Kind) -> Span:
        if kind not in {"int", "float", "datetime"}:
            raise SalesmateError(
                f"where: {self.name} is {_NOUNS[kind]}, which has no min and max. Give a value, or a list of "
                "values."
            )
        low = None if self.low is None else self._span(kind, self.low, math.ceil)[0]
        high = None if self.high is None else self._span(kind, self.high, math.floor)[1]
        if low is not None and high is not None and low > high:
            raise SalesmateError(
                f"where: the min of {self.name}, {self.low}, is above its max, {self.high}, so nothing would "
                "match."
            )
        return low, high

    def _span(self, kind: Kind, value: Any, whole: Callable[[float], int] | None = None) -> Span:
        """Return the first and the last that one value stands for; a day is more than one time.

        An end of a range of whole numbers may have a fraction, which `whole` removes.
        """
        if kind == "datetime":
            name = f"where: {self.name}"
            return parse_span(name, value, self.timezone, self.now) or (None, None)
        try:
            found = _PARSERS[kind](_plain(value, whole if kind == "int" else None))
        except (ValueError, OverflowError) as err:
            advice = " A range is {'min': ..., 'max': ...}." if kind in {"int", "float"} else ""
            raise SalesmateError(
                f"where: {self.name} is {_NOUNS[kind]}, and {value!r} is not.{advice}"
            ) from err
        return found, found


def _plain(value: Any, whole: Callable[[float], int] | None) -> Any:
    """Return a value as one of Python's, without a fraction if it is to have none."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, decimal.Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    return whole(value) if whole is not None and isinstance(value, float) else value


def _parse_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(value)  # noqa: TRY004 - one kind of error for whatever does not fit
    return str(value)


_PARSERS: dict[Kind, Callable[[Any], Any]] = {
    "int": parse_int,
    "float": parse_float,
    "bool": parse_bool,
    "string": _parse_text,
    "category": _parse_text,
}


def _values(given: Any) -> tuple[Any, ...]:
    """Return one value or several as a tuple."""
    if not isinstance(given, str | bytes):
        with contextlib.suppress(TypeError):
            return tuple(given)
    return (given,)


def _is_missing(value: Any) -> bool:
    """Return whether a value is one that pandas takes for missing."""
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))
