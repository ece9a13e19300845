"""Deals by the week, month, quarter or year in which they were created or closed."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.analysis._columns import (
    LOST,
    OPEN,
    WON,
    datetimes,
    frequency,
    is_among,
    select,
    with_status,
)
from salesmate_nb.analysis._groups import count, groups, with_names


def cohorts(deals: pd.DataFrame, *, freq: str = "M") -> pd.DataFrame:
    """Count what became of the deals that were created in each month.

    Recent months still have open deals, so their share of won deals may still grow.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status`` and ``created_at``.
    freq : str
        The length of a period, as a pandas frequency: ``"W"``, ``"M"``, ``"Q"`` or ``"Y"``.

    Returns
    -------
    pandas.DataFrame
        ``period``, an ordered category, whose last value is ``"undated"``; then ``deals``, and how many of
        them are ``won``, ``lost``, ``open``, or ``other``, which is none of these. Periods start and end in
        the time zone of ``created_at``: see :func:`in_zone`. A period without deals is left out.

    Raises
    ------
    SalesmateError
        If a column is missing, or `freq` is not the length of a period.

    Examples
    --------
    >>> created = pd.to_datetime(["2026-05-04", "2026-05-11", "2026-06-01"], utc=True)
    >>> cohorts(pd.DataFrame({"status": ["Won", "Lost", "Open"], "created_at": created}))
        period  deals  won  lost  open  other
    0  2026-05      2    1     1     0      0
    1  2026-06      1    0     0     1      0
    """
    rows = select(deals, "status", "created_at")
    rows = rows.assign(period=_periods(rows["created_at"], freq))
    group, names = groups(rows, ["period"])
    states = {"won": WON, "lost": LOST, "open": OPEN}
    flags = {name: is_among(rows["status"], words) for name, words in states.items()}
    flags["other"] = ~(flags["won"] | flags["lost"] | flags["open"])
    table = pd.DataFrame({"deals": rows["status"].groupby(group).size()})
    return with_names(names, table.assign(**{name: count(each, group) for name, each in flags.items()}))


def won_value(deals: pd.DataFrame, *, freq: str = "M") -> pd.DataFrame:
    """Summarise the won deals by currency and by the month in which they were closed.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status``, ``currency``, ``deal_value`` and ``closed_date``.
    freq : str
        The length of a period, as a pandas frequency: ``"W"``, ``"M"``, ``"Q"`` or ``"Y"``.

    Returns
    -------
    pandas.DataFrame
        ``period``, an ordered category, whose last value is ``"undated"``, and ``currency``; then ``deals``;
        ``without_value``, how many of them have no value; and ``value``, the sum of the others. Periods
        start and end in the time zone of ``closed_date``: see :func:`in_zone`. A period without deals is
        left out. A deal is won if its status is ``Won`` or ``Close``: :func:`cohorts` counts others.

    Raises
    ------
    SalesmateError
        If a column is missing, or `freq` is not the length of a period.

    Examples
    --------
    >>> deals = pd.DataFrame(
    ...     {
    ...         "status": ["Won", "Close", "Lost"],
    ...         "currency": "EUR",
    ...         "deal_value": [100.0, 50.0, 30.0],
    ...         "closed_date": pd.to_datetime(["2026-05-04", "2026-05-11", "2026-06-01"], utc=True),
    ...     }
    ... )
    >>> won_value(deals)
        period currency  deals  without_value  value
    0  2026-05      EUR      2              0  150.0
    """
    rows = with_status(select(deals, "status", "currency", "deal_value", "closed_date"), WON)
    rows = rows.assign(period=_periods(rows["closed_date"], freq))
    group, names = groups(rows, ["period", "currency"])
    value = rows["deal_value"]
    sums = {"deals": value.groupby(group).size(), "without_value": count(value.isna(), group)}
    return with_names(names, pd.DataFrame({**sums, "value": value.groupby(group).sum()}))


def _periods(column: pd.Series, freq: str) -> pd.Series:
    """Return the names of the periods in which datetimes are, in their order."""
    periods = datetimes(column).dt.tz_localize(None).dt.to_period(frequency(freq))
    order = pd.CategoricalDtype([*map(str, sorted(periods.dropna().unique())), "undated"], ordered=True)
    names: pd.Series = periods.astype("str").mask(periods.isna(), "undated").astype(order)
    return names
