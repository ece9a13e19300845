"""How long deals stay in each stage."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.analysis._attrs import with_since
from salesmate_nb.analysis._changes.stays import stays
from salesmate_nb.analysis._columns import days
from salesmate_nb.analysis._groups import count, groups, with_names
from salesmate_nb.analysis._statistics import quartiles


def time_in_stage(history: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Estimate how many days deals stay in each stage before they move on or close.

    Stays that go on are taken into account as in :func:`cycle_time`: they take at least as long as until
    now, and stays of deleted deals at least until the last refresh that found them. A stay begins when the
    deal was created or came into the stage, by the time of the change that the history holds. Stages that
    a deal came to and left between two refreshes are not seen.

    Parameters
    ----------
    history : pandas.DataFrame
        What ``history_df()`` returns, with all fields.
    now : pandas.DataFrame
        The deals at the end of the history, as ``deals_df()`` returns them, with ``id``, ``status``,
        ``pipeline``, ``stage`` and ``created_at``. Open stays last until
        ``now.attrs["salesmate"]["read_at"]``, or else until the current time.

    Returns
    -------
    pandas.DataFrame
        ``pipeline`` and ``stage``; ``stays``, and how many of them have ``ended``; ``quarter_days``,
        ``median_days`` and ``three_quarters_days``, the days by which that share has ended, missing if
        fewer have; and ``left_out``, the number of other stays, whose start lies before the history or is
        not known. ``attrs["salesmate"]["since"]`` is when the history began.

    Raises
    ------
    SalesmateError
        If a column is missing, or `history` was not read whole.

    Examples
    --------
    >>> at = pd.to_datetime(["2026-06-02", "2026-06-08"], utc=True)
    >>> history = pd.DataFrame(
    ...     {
    ...         "id": 1,
    ...         "field": ["created", "stage"],
    ...         "old": [None, "Demo"],
    ...         "changed_at": at,
    ...         "seen_at": at,
    ...         "pipeline": "Sales",
    ...         "stage": ["Demo", "Offer"],
    ...         "status": "Open",
    ...     }
    ... )
    >>> now = pd.DataFrame({"id": [1], "pipeline": "Sales", "stage": "Offer", "status": "Open"})
    >>> now["created_at"] = pd.Timestamp("2026-06-01", tz="UTC")
    >>> time_in_stage(history, now)[["stage", "stays", "ended", "median_days"]]
       stage  stays  ended  median_days
    0   Demo      1      1          7.0
    1  Offer      1      0          NaN
    """
    rows = stays(history, now)
    rows = rows.assign(
        day=days(rows["start"], rows["end"]), closed=rows["outcome"].isin(["moved", "won", "lost"])
    )
    group, names = groups(rows, ["pipeline", "stage"])
    known = rows["day"] >= 0
    table = pd.DataFrame({"stays": count(known, group), "ended": count(rows["closed"] & known, group)})
    table = table.join(quartiles(rows[known], group[known], table.index))
    return with_since(history, with_names(names, table.assign(left_out=count(~known, group))))
