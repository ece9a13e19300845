"""Groups of rows: their values, and how many rows each has."""

from __future__ import annotations

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
    taken = names.columns.intersection(table.columns)
    if len(taken):
        raise SalesmateError(
            f"The result has a column {taken[0]!r} of its own. Rename that of the frame to group by it."
        )
    return names.loc[table.index].reset_index(drop=True).join(table.reset_index(drop=True))


def count(flags: pd.Series, group: pd.Series) -> pd.Series[int]:
    """Return how many rows of each group have the flag set."""
    return flags.astype("int64").groupby(group).sum()
