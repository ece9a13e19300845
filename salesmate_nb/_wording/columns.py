"""The columns that a chart takes from a frame."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesmate_nb.errors import SalesmateError


def needed(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return a frame with its rows numbered from 0, if it has these columns.

    Raises
    ------
    SalesmateError
        If a column is missing.
    """
    missing = [column for column in dict.fromkeys(columns) if column not in table.columns]
    if missing:
        there = ", ".join(map(repr, table.columns))
        raise SalesmateError(
            f"The frame has no column {', '.join(map(repr, missing))}; it has {there or 'none'}."
        )
    return table.reset_index(drop=True)


def is_count(column: pd.Series) -> bool:
    """Return whether a column counts things: whole numbers have no currency."""
    return pd.api.types.is_integer_dtype(column.dtype)


def groups_of(table: pd.DataFrame, first: str) -> list[str]:
    """Return the names of the columns before `first`, by which a table of the analysis is grouped."""
    columns = list(table.columns)
    return columns[: columns.index(first)] if first in columns else []


def rows_of(table: pd.DataFrame) -> list[Any]:
    """Return the rows of a frame as named tuples."""
    return list(table.itertuples(index=False))
