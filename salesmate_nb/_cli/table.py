"""A frame as a table for the screen: as many columns as fit, the ones that matter first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from prompt_toolkit.utils import get_cwidth

_ROWS = 20
_WIDEST = 32  # characters of a text
_GAP = "  "
_CUT = "..."
_DIGITS = (0, 2, 4, 6)  # after the point


@dataclass(frozen=True)
class _Column:
    name: str
    cells: list[str]
    is_number: bool

    @property
    def width(self) -> int:
        return max(map(get_cwidth, [self.name, *self.cells]))

    @property
    def is_empty(self) -> bool:
        return not any(self.cells)

    def lines(self) -> list[str]:
        """Return its name and cells, each as wide as the column."""
        filled = []
        for text in (self.name, *self.cells):
            space = " " * (self.width - get_cwidth(text))
            filled.append(space + text if self.is_number else text + space)
        return filled


def as_table(
    frame: pd.DataFrame, *, width: int | None = None, first: Sequence[str] = ()
) -> tuple[str, list[str]]:
    """Return a frame as text, at most 20 rows of it, and the columns that are left out.

    A missing value is blank in every column. Times are in their own zone, to the minute. A number has as many
    digits as the column needs, up to six after the point. A long text is cut, and what is not printable, such
    as a line break or a code that terminals obey, is a space.

    Parameters
    ----------
    frame : pandas.DataFrame
        What to show.
    width : int, optional
        Characters of a line. By default every column is shown.
    first : sequence of str
        The columns that matter, most important first. Others follow in their order if all of these fit, and
        those that are empty come last. All that are shown keep the order of the frame.

    Examples
    --------
    >>> deals = pd.DataFrame({"id": [1, 2], "title": ["Fleet", None], "note": ["", ""], "value": [0.5, 1e6]})
    >>> text, left_out = as_table(deals, width=25, first=["id", "value"])
    >>> print(text)
    id  title         value
     1  Fleet          0.50
     2         1,000,000.00
    >>> left_out
    ['note']
    """
    half = _ROWS // 2
    is_cut = len(frame) > _ROWS
    rows = pd.concat([frame.head(half), frame.tail(half)]) if is_cut else frame
    columns = [_column(str(name), values, after=half if is_cut else None) for name, values in rows.items()]
    kept = set(range(len(columns))) if width is None else _that_fit(columns, width, first)
    shown = [column for position, column in enumerate(columns) if position in kept]
    lines = zip(*(column.lines() for column in shown), strict=True)
    text = "\n".join(_GAP.join(cells).rstrip() for cells in lines)
    return text, [column.name for position, column in enumerate(columns) if position not in kept]


def _that_fit(columns: Sequence[_Column], width: int, first: Sequence[str]) -> set[int]:
    """Return the positions of the most important columns that fit into a line; one does in any case."""

    def rank(position: int) -> tuple[bool, int]:
        column = columns[position]
        return column.is_empty, first.index(column.name) if column.name in first else len(first)

    kept: set[int] = set()
    room, last = width, (True, len(first))
    for position in sorted(range(len(columns)), key=rank):
        needed = columns[position].width + (len(_GAP) if kept else 0)
        if rank(position) > last:
            break  # others do not fill the room of one that matters
        if needed <= room or not kept:
            kept.add(position)
            room -= needed
        else:
            last = (False, len(first) - 1)
    return kept


def _column(name: str, values: pd.Series, *, after: int | None) -> _Column:
    """Return a column as text; after so many rows, a mark shows that others are left out."""
    is_number = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    digits = _digits(values) if pd.api.types.is_float_dtype(values.dtype) else None
    is_missing = values.isna()
    cells = ["" if none else _text(value, digits) for value, none in zip(values, is_missing, strict=True)]
    if after is not None:
        cells.insert(after, _CUT)
    return _Column(name, cells, is_number)


def _digits(values: pd.Series) -> int:
    """Return how many digits after the point show every number as it is, or as many as there may be."""
    numbers = values.dropna().to_numpy("float64")
    exact = (
        digits for digits in _DIGITS if np.allclose(np.round(numbers, digits), numbers, rtol=0, atol=1e-9)
    )
    return next(exact, _DIGITS[-1])


def _text(value: object, digits: int | None) -> str:
    if digits is not None:
        return f"{value:,.{digits}f}"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M}"
    text = "".join(each if each.isprintable() else " " for each in str(value))
    return text if text.startswith(("https://", "http://")) else _cut(text)  # half a link leads nowhere


def _cut(text: str) -> str:
    """Return a text cut to the widest that a column may be, without a look at what follows."""
    width, end = 0, 0
    for position, each in enumerate(text):
        width += get_cwidth(each)
        if width <= _WIDEST - len(_CUT):
            end = position + 1
        elif width > _WIDEST:
            return text[:end] + _CUT
    return text
