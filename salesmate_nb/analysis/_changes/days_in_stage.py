"""How long each open deal has been in its stage."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.analysis._attrs import since, with_since
from salesmate_nb.analysis._changes.stays import stays
from salesmate_nb.analysis._changes.time_in_stage import time_in_stage
from salesmate_nb.analysis._columns import days, select
from salesmate_nb.errors import SalesmateError


def days_in_stage(history: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """List how many days each open deal has been in its stage, and how many days are usual there.

    Parameters
    ----------
    history : pandas.DataFrame
        What ``history_df()`` returns, with all fields.
    now : pandas.DataFrame
        The deals at the end of the history, with the columns that :func:`time_in_stage` takes.

    Returns
    -------
    pandas.DataFrame
        All columns of `now`, for each open deal; then ``days`` in its stage; ``at_least``, whether it was
        there before the history began, so that it has been there for longer; ``quarter_days``,
        ``median_days`` and ``three_quarters_days`` of the stage, as :func:`time_in_stage` estimates them;
        and ``too_long``, whether ``days`` is more than the last of these. It is false where that is not
        known. ``attrs["salesmate"]["since"]`` is when the history began.

    Raises
    ------
    SalesmateError
        If a column is missing, or `history` does not say since when it knows.

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
    >>> history.attrs["salesmate"] = {"since": "2026-05-25T06:00:00Z"}
    >>> now = pd.DataFrame({"id": [1], "pipeline": "Sales", "stage": "Offer", "status": "Open"})
    >>> now["created_at"] = pd.Timestamp("2026-06-01", tz="UTC")
    >>> now.attrs["salesmate"] = {"read_at": "2026-06-10T00:00:00Z"}
    >>> days_in_stage(history, now)[["id", "stage", "days", "at_least", "too_long"]]
       id  stage  days  at_least  too_long
    0   1  Offer   2.0     False     False
    """
    began = since(history)
    if began is None:
        raise SalesmateError(
            'The history has no attrs["salesmate"]["since"], the time when it began. Use the frame that '
            "history_df() returned, or copy its attrs."
        )
    rows = stays(history, now)
    rows = rows[rows["outcome"] == "open"]
    current = pd.DataFrame(
        {
            "id": rows["id"],
            "days": days(rows["start"].fillna(began), rows["end"]),
            "at_least": rows["start"].isna(),
        }
    )
    usual = time_in_stage(history, now).drop(columns=["stays", "ended", "left_out"])
    deals = select(now, *now.columns).merge(current, on="id")
    table = deals.merge(usual, on=["pipeline", "stage"], how="left")
    table = table.assign(**{name: deals[name] for name in ("pipeline", "stage")})  # their own categories
    return with_since(history, table.assign(too_long=table["days"] > table["three_quarters_days"]))
