"""How often and how far close dates were moved."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesmate_nb.analysis._attrs import check_whole, with_since
from salesmate_nb.analysis._columns import OPEN, column_names, days, is_among, select_events
from salesmate_nb.analysis._groups import count, groups, with_names


def slippage(history: pd.DataFrame, by: str | Sequence[str] = ("owner_name", "stage")) -> pd.DataFrame:
    """Summarise how often and how far the close dates of open deals were moved, later and earlier apart.

    A date that is set for the first time or removed is not a move, and neither is one that changed as the
    deal was closed. Of several moves between two refreshes, only their sum is seen.

    Parameters
    ----------
    history : pandas.DataFrame
        What ``history_df()`` returns.
    by : str or sequence of str
        The columns of `history` to group by, as they were just after the move; ``["id", "title"]`` gives
        a row for each deal. If empty, all deals are one group.

    Returns
    -------
    pandas.DataFrame
        `by`; ``deals``, the number of deals whose date was moved; ``later``, how often to a later date,
        ``later_days`` in all, and ``median_later_days``, missing if never; and the same for ``earlier``.
        Days are positive. ``attrs["salesmate"]["since"]`` is when the history began.

    Raises
    ------
    SalesmateError
        If a column is missing, `history` was read without close dates, or one of `by` has the name of one of
        the result.

    Examples
    --------
    >>> history = pd.DataFrame(
    ...     {
    ...         "id": [1, 1, 2],
    ...         "field": "estimated_close_date",
    ...         "old": ["2026-06-30T00:00:00Z", "2026-07-31T00:00:00Z", "2026-09-30T00:00:00Z"],
    ...         "new": ["2026-07-31T00:00:00Z", "2026-08-31T00:00:00Z", "2026-09-15T00:00:00Z"],
    ...         "seen_at": pd.to_datetime(["2026-06-29", "2026-07-27", "2026-07-27"], utc=True),
    ...         "status": "Open",
    ...         "owner_name": "Ann",
    ...     }
    ... )
    >>> slippage(history, "owner_name").iloc[0].to_dict()
    {'owner_name': 'Ann', 'deals': 2, 'later': 2, 'later_days': 62.0, 'median_later_days': 31.0,
     'earlier': 1, 'earlier_days': 15.0, 'median_earlier_days': 15.0}
    """
    columns = column_names(history, by)
    rows = select_events(history, "id", "field", "old", "new", "status", *columns)
    check_whole(history, rows, ["estimated_close_date"])
    is_move = rows["field"].eq("estimated_close_date") & rows["old"].notna() & rows["new"].notna()
    rows = rows[is_move & is_among(rows["status"], OPEN)].reset_index(drop=True)
    old, new = (pd.to_datetime(rows[name], utc=True, format="ISO8601") for name in ("old", "new"))
    moved = days(old, new)
    group, names = groups(rows, columns)
    table = pd.DataFrame({"deals": rows["id"].groupby(group).nunique()})
    for name, far in {"later": moved.where(moved > 0), "earlier": (-moved).where(moved < 0)}.items():
        table[name] = count(far.notna(), group)
        table[f"{name}_days"] = far.groupby(group).sum()
        table[f"median_{name}_days"] = far.groupby(group).median()
    return with_since(history, with_names(names, table))
