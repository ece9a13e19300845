"""Tests of a typed column: whether each of its values is one that a caller wants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._values.text import comparable
from salesmate_nb.resources.base import Kind

Span = tuple[Any, Any]
"""The first and the last value of a range, both included; ``None`` for no end."""

_UTC = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, kw_only=True)
class ColumnTest:
    """A condition on a column of a known kind.

    Parameters
    ----------
    column : str
        The column of the typed rows.
    kind : {"int", "float", "string", "category", "datetime", "bool"}
        What it holds.
    wanted : tuple
        Values to keep; texts as the caller wrote them.
    spans : tuple of (object, object)
        Ranges to keep.
    keeps_missing : bool
        Whether to keep rows without a value.
    has_items : bool
        Whether a text is several values with commas between them, such as tags: one that is wanted will do.

    Examples
    --------
    >>> test = ColumnTest(column="deal_value", kind="float", spans=((1000.0, None),), keeps_missing=True)
    >>> test.mask(pa.array([999.0, 1000.0, None])).to_pylist()
    [False, True, True]
    """

    column: str
    kind: Kind
    wanted: tuple[Any, ...] = ()
    spans: tuple[Span, ...] = ()
    keeps_missing: bool = False
    has_items: bool = False

    @property
    def is_text(self) -> bool:
        """Whether the column holds texts."""
        return self.kind in {"string", "category"}

    @property
    def successive(self) -> int:
        """How many successive items of a text one wanted value can be; 0 if texts are not divided.

        More than one if it has commas, as an option named ``Food, drinks`` does.
        """
        return 1 + max((value.count(",") for value in self.wanted), default=0) if self.has_items else 0

    @property
    def since(self) -> dt.datetime | None:
        """The earliest time that is kept; ``None`` if any is, or the column holds no times."""
        starts: list[dt.datetime | None] = [start for start, _ in self.spans]
        if self.kind != "datetime" or self.keeps_missing or not starts or None in starts:
            return None
        return min(start for start in starts if start is not None)

    def mask(self, column: pa.Array) -> pa.BooleanArray:
        """Return for each value whether it is kept."""
        fits = pc.is_null(column) if self.keeps_missing else pa.array([False] * len(column), pa.bool_())
        if self.is_text:
            fits = pc.or_(fits, is_among(column, self.wanted, successive=self.successive))
        elif self.wanted:
            fits = pc.or_(fits, pc.is_in(column, value_set=pa.array(self.wanted, column.type)))
        for start, end in self.spans:
            fits = pc.or_(fits, is_within(column, start, end))
        return fits


def is_among(column: pa.Array, values: Iterable[str], *, successive: int = 0) -> pa.BooleanArray:
    """Return for each text whether it, or one of its items, is the same to a reader as one of the values."""
    wanted = set(map(comparable, values))
    encoded = column.dictionary_encode()  # a page repeats few statuses, stages and owners
    texts = encoded.dictionary.to_pylist()
    fits = pa.array([not wanted.isdisjoint(keys_of(text, successive)) for text in texts], pa.bool_())
    return pc.fill_null(fits.take(encoded.indices), False)


def keys_of(text: str, successive: int) -> list[str]:
    """Return what a text is compared by: itself, and its items, alone and up to so many after each other.

    Examples
    --------
    >>> keys_of("Hot, VIP", 0), keys_of("Hot, VIP", 1)
    (['hot, vip'], ['hot, vip', 'hot', 'vip'])
    >>> "food, drinks" in keys_of("Cars,Food, drinks", 2)
    True
    """
    items = text.split(",") if successive else []
    parts = (items[at : at + count] for count in range(1, successive + 1) for at in range(len(items)))
    return [comparable(each) for each in (text, *map(",".join, parts))]


def is_within(column: pa.Array, start: Any, end: Any) -> pa.BooleanArray:
    """Return for each number or time whether it is in a range, both ends included; a missing one is not."""
    fits = pc.is_valid(column)
    if start is not None:
        fits = pc.and_(fits, pc.fill_null(pc.greater_equal(column, _scalar(start)), False))
    if end is not None:
        fits = pc.and_(fits, pc.fill_null(pc.less_equal(column, _scalar(end)), False))
    return fits


def _scalar(value: Any) -> pa.Scalar:
    return pa.scalar(value, _UTC) if isinstance(value, dt.datetime) else pa.scalar(value)
