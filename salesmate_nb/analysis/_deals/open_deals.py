"""Open deals: the pipeline and the forecast."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from salesmate_nb.analysis._columns import (
    OPEN,
    column_names,
    datetimes,
    days,
    frequency,
    select,
    timestamp,
    with_status,
)
from salesmate_nb.analysis._groups import count, groups, with_names
from salesmate_nb.analysis._weights import value_sums, weigh_by_stage


def pipeline(
    deals: pd.DataFrame, by: str | Sequence[str] = ("stage",), *, now: str | dt.date | None = None
) -> pd.DataFrame:
    """Summarise the open deals by currency, and by any other columns.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status``, ``currency``, ``deal_value``, ``win_probability``, ``created_at`` and `by`.
    by : str or sequence of str
        The columns to group by, before ``currency``.
    now : datetime, date or ISO 8601 text, optional
        When the frame was read; by default the current time. Without a time zone it is in UTC.

    Returns
    -------
    pandas.DataFrame
        `by` and ``currency``, then ``deals``; ``without_value``, how many of them have no value;
        ``value``, the sum of the others; ``without_weight``, how many have no value or no win
        probability; ``weighted``, the sum of value times win probability over the others; and
        ``median_age_days`` since they were created.

    Raises
    ------
    SalesmateError
        If a column is missing, or one of `by` has the name of one of the result.

    Examples
    --------
    >>> deals = pd.DataFrame(
    ...     {
    ...         "status": ["Open", "Open", "Won"],
    ...         "stage": "Demo",
    ...         "currency": "EUR",
    ...         "deal_value": [100.0, None, 70.0],
    ...         "win_probability": [40.0, 40.0, 100.0],
    ...         "created_at": pd.to_datetime(["2026-06-01", "2026-06-03", "2026-06-01"], utc=True),
    ...     }
    ... )
    >>> pipeline(deals, now=pd.Timestamp("2026-06-11", tz="UTC")).iloc[0].to_dict()
    {'stage': 'Demo', 'currency': 'EUR', 'deals': 2, 'without_value': 1, 'value': 100.0,
     'without_weight': 1, 'weighted': 40.0, 'median_age_days': 9.0}
    """
    columns = list(dict.fromkeys([*column_names(deals, by), "currency"]))
    rows = select(deals, "status", *columns, "deal_value", "win_probability", "created_at")
    rows = with_status(rows, OPEN)
    group, names = groups(rows, columns)
    created = datetimes(rows["created_at"])
    age = days(created, timestamp(now, created))
    return with_names(names, value_sums(rows, group).assign(median_age_days=age.groupby(group).median()))


def forecast(
    deals: pd.DataFrame,
    *,
    freq: str = "M",
    now: str | dt.date | None = None,
    stages: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Summarise the open deals by currency and by the month in which they should close.

    No open deal is dropped: the sums over all rows equal those over all open deals.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status``, ``currency``, ``deal_value``, ``win_probability`` and ``estimated_close_date``.
    freq : str
        The length of a period, as a pandas frequency: ``"W"``, ``"M"``, ``"Q"`` or ``"Y"``.
    now : datetime, date or ISO 8601 text, optional
        When the frame was read; by default the current time. Without a time zone it is in UTC.
    stages : pandas.DataFrame, optional
        What ``pipelines_df()`` returns, or any frame with ``pipeline``, ``stage`` and ``win_probability``
        in percent. A deal without a win probability takes that of its stage in its pipeline; `deals` then
        needs ``pipeline`` and ``stage`` too.

    Returns
    -------
    pandas.DataFrame
        ``period``, an ordered category, and ``currency``; then ``deals``, ``without_value``, ``value``,
        ``without_weight`` and ``weighted`` as in :func:`pipeline`. The first period is ``"overdue"``,
        for deals that should have closed before the period of `now`, and the last ``"undated"``. Periods
        start and end in the time zone of ``estimated_close_date``: see :func:`in_zone`. With `stages`,
        a last column ``weight_from_stage`` counts the deals that took the win probability of their stage.

    Raises
    ------
    SalesmateError
        If a column is missing, or `freq` is not the length of a period.

    Examples
    --------
    >>> deals = pd.DataFrame(
    ...     {
    ...         "status": "Open",
    ...         "currency": "EUR",
    ...         "deal_value": [100.0, 50.0, 30.0],
    ...         "win_probability": [40.0, 50.0, 10.0],
    ...         "estimated_close_date": pd.to_datetime(["2026-07-09", "2026-05-31", None], utc=True),
    ...     }
    ... )
    >>> forecast(deals, now=pd.Timestamp("2026-06-11", tz="UTC"))[["period", "value", "weighted"]]
        period  value  weighted
    0  overdue   50.0      25.0
    1  2026-07  100.0      40.0
    2  undated   30.0       3.0

    The last deal without a win probability of its own:

    >>> deals.loc[2, "win_probability"] = None
    >>> stages = pd.DataFrame({"pipeline": ["Sales"], "stage": ["Demo"], "win_probability": [20.0]})
    >>> table = forecast(deals.assign(pipeline="Sales", stage="Demo"), stages=stages)
    >>> table[["weighted", "weight_from_stage"]].iloc[-1].to_dict()
    {'weighted': 6.0, 'weight_from_stage': 1.0}
    """
    places = () if stages is None else ("pipeline", "stage")
    columns = ("status", "currency", "deal_value", "win_probability", "estimated_close_date", *places)
    rows = with_status(select(deals, *columns), OPEN)
    expected = datetimes(rows["estimated_close_date"])
    close = expected.dt.tz_localize(None).dt.to_period(frequency(freq))
    current = timestamp(now, expected).tz_localize(None).to_period(freq)
    ahead = sorted(close[close >= current].unique())
    period = close.astype("str").mask(close < current, "overdue").mask(close.isna(), "undated")
    order = pd.CategoricalDtype(["overdue", *map(str, ahead), "undated"], ordered=True)
    rows = rows.assign(period=period.astype(order))
    group, names = groups(rows, ["period", "currency"])
    if stages is None:
        return with_names(names, value_sums(rows, group))
    rows = weigh_by_stage(rows, stages)
    return with_names(
        names, value_sums(rows, group).assign(weight_from_stage=count(rows["from_stage"], group))
    )
