"""How long deals take to close."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from salesmate_nb.analysis._columns import (
    LOST,
    OPEN,
    WON,
    column_names,
    datetimes,
    days,
    is_among,
    select,
    timestamp,
)
from salesmate_nb.analysis._groups import count, groups, with_names
from salesmate_nb.analysis._statistics import kaplan_meier, quartiles


def cycle_time(
    deals: pd.DataFrame, by: str | Sequence[str] = (), *, now: str | dt.date | None = None
) -> pd.DataFrame:
    """Estimate how many days deals take from creation to won or lost, taking open deals into account.

    Closed deals alone would make the cycle too short, since the long deals are those still open. The
    Kaplan-Meier estimate counts an open deal as one that takes at least as many days as it is old:
    E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", Journal of the
    American Statistical Association 53 (1958), 457-481.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status``, ``created_at``, ``closed_date`` and `by`.
    by : str or sequence of str
        The columns to group by; if empty, all deals are one group.
    now : datetime, date or ISO 8601 text, optional
        When the frame was read; by default the current time. Without a time zone it is in UTC.

    Returns
    -------
    pandas.DataFrame
        `by`, then ``deals`` and how many of them are ``closed``; ``quarter_days``, ``median_days`` and
        ``three_quarters_days``, the first day by which that share has closed, missing if fewer have; and
        ``left_out``, the number of other deals in the group, which cannot be used: without a creation
        date, closed without a closing date, closed before they were created, or neither open, won nor lost.

    Raises
    ------
    SalesmateError
        If a column is missing, or one of `by` has the name of one of the result.

    Examples
    --------
    >>> deals = pd.DataFrame(
    ...     {
    ...         "status": ["Won", "Lost", "Open", "Won"],
    ...         "created_at": pd.to_datetime(["2026-06-01"] * 3 + [None], utc=True),
    ...         "closed_date": pd.to_datetime(["2026-06-05", "2026-06-09", None, "2026-06-09"], utc=True),
    ...     }
    ... )
    >>> cycle_time(deals, now=pd.Timestamp("2026-07-01", tz="UTC"))
       deals  closed  quarter_days  median_days  three_quarters_days  left_out
    0      3       2           4.0          8.0                  NaN         1
    """
    rows, group, names = _lifetimes(deals, column_names(deals, by), now)
    known = rows["day"].notna()
    counts = {"deals": count(known, group), "closed": count(rows["closed"] & known, group)}
    table = pd.DataFrame(counts)
    days_of_shares = quartiles(rows[known], group[known], table.index)
    return with_names(names, table.join(days_of_shares).assign(left_out=count(~known, group)))


def survival(
    deals: pd.DataFrame, by: str | Sequence[str] = (), *, now: str | dt.date | None = None
) -> pd.DataFrame:
    """Return the share of deals still open after each number of days, as :func:`cycle_time` estimates it.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status``, ``created_at``, ``closed_date`` and `by`.
    by : str or sequence of str
        The columns to group by; if empty, all deals are one group.
    now : datetime, date or ISO 8601 text, optional
        When the frame was read; by default the current time. Without a time zone it is in UTC.

    Returns
    -------
    pandas.DataFrame
        `by`, then a row for day 0 and for each ``day`` after creation at which a deal closed, or was still
        open when the frame was read: ``at_risk``, the deals open until that day; ``closed``, how many of
        them closed on it; and ``still_open``, the share open afterwards, from 1 down to 0.

    Raises
    ------
    SalesmateError
        If a column is missing, or one of `by` has the name of one of the result.

    Examples
    --------
    >>> deals = pd.DataFrame(
    ...     {
    ...         "status": ["Won", "Lost", "Open"],
    ...         "created_at": pd.to_datetime(["2026-06-01"] * 3, utc=True),
    ...         "closed_date": pd.to_datetime(["2026-06-05", "2026-06-09", None], utc=True),
    ...     }
    ... )
    >>> survival(deals, now=pd.Timestamp("2026-06-07", tz="UTC"))
       day  at_risk  closed  still_open
    0  0.0        3       0    1.000000
    1  4.0        3       1    0.666667
    2  6.0        2       0    0.666667
    3  8.0        1       1    0.000000
    """
    rows, group, names = _lifetimes(deals, column_names(deals, by), now)
    known = rows["day"].notna()
    curve = kaplan_meier(rows[known], group[known]).set_index("group")
    return with_names(names, curve)


def _lifetimes(
    deals: pd.DataFrame, by: list[str], now: str | dt.date | None
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """Return how many days each deal was open, missing if unknown, and whether it closed."""
    rows = select(deals, "status", "created_at", "closed_date", *by)
    group, names = groups(rows, by)
    closed = is_among(rows["status"], WON + LOST)
    end = datetimes(rows["closed_date"])
    day = days(datetimes(rows["created_at"]), end.where(closed, timestamp(now, end)))
    known = (closed | is_among(rows["status"], OPEN)) & (day >= 0)
    return pd.DataFrame({"day": day.where(known), "closed": closed}), group, names
