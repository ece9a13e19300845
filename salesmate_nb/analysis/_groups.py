"""Groups of rows: their values, and how many rows each has."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from salesmate_nb.errors import SalesmateError


def groups(rows: pd.DataFrame, by: list[str]) -> tuple[pd.Series, pd.DataFrame]:
    """Return the group number of each row, and a frame of the values that make up each group."""
    if not by:
        return pd.Series(0, index=rows.index), pd.DataFrame(index=rows.index[:1])
    group = rows.groupby(by, observed=True, dropna=False).ngroup()
    first = ~group.duplicated()
    return group, rows.loc[first, by].set_index(group[first]).sort_index()


def with_names(names: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Put the values of each group before its rows in a table that is indexed by group number."""
    refuse_own(names.columns, table.columns)
    return names.loc[table.index].reset_index(drop=True).join(table.reset_index(drop=True))


def refuse_own(by: Iterable[str], own: Iterable[str]) -> None:
    """Refuse to group by a column with the name of one that the result has of its own."""
    taken = set(own)
    for name in by:
        if name in taken:
            raise SalesmateError(
                f"The result has a column {name!r} of its own. Rename that of the frame to group by it."
            )


def count(flags: pd.Series, group: pd.Series) -> pd.Series[int]:
    """Return how many rows of each group have the flag set."""
    return flags.astype("int64").groupby(group).sum()
