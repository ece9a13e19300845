"""Sales analysis of a frame of deals: pipeline, forecast, win rate and time to close.

Every function takes a frame as ``deals_df()`` returns it and returns a new one with a row for each group;
its input is not changed. A missing value in a column that is grouped by is a group of its own, groups come
in the order of their categories, and values in different currencies are never added up.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from statistics import NormalDist

import pandas as pd

from salesmate_nb._values.text import comparable
from salesmate_nb._values.times import in_calendar, parse_time
from salesmate_nb.errors import SalesmateError

_OPEN = ("Open",)
_WON = ("Won", "Close")  # the API sends either
_LOST = ("Lost",)
_DAY = 24 * 60 * 60  # seconds
_ROUNDING = 1e-9  # error of a product of many shares


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
    columns = list(dict.fromkeys([*_columns(deals, by), "currency"]))
    rows = _rows(deals, "status", *columns, "deal_value", "win_probability", "created_at")
    rows = _with_status(rows, _OPEN)
    group, names = _groups(rows, columns)
    created = _datetimes(rows["created_at"])
    age = _days(created, _timestamp(now, created))
    return _with_names(names, _sums(rows, group).assign(median_age_days=age.groupby(group).median()))


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
        If a column is missing.

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
    rows = _with_status(_rows(deals, *columns), _OPEN)
    expected = _datetimes(rows["estimated_close_date"])
    close = expected.dt.tz_localize(None).dt.to_period(freq)
    current = _timestamp(now, expected).tz_localize(None).to_period(freq)
    ahead = sorted(close[close >= current].unique())
    period = close.astype("str").mask(close < current, "overdue").mask(close.isna(), "undated")
    order = pd.CategoricalDtype(["overdue", *map(str, ahead), "undated"], ordered=True)
    group, names = _groups(rows.assign(period=period.astype(order)), ["period", "currency"])
    if stages is None:
        return _with_names(names, _sums(rows, group))
    own = rows["win_probability"]
    weight = own.fillna(_stage_probability(rows, stages))
    taken = own.isna() & weight.notna()
    sums = _sums(rows.assign(win_probability=weight), group)
    return _with_names(names, sums.assign(weight_from_stage=_count(taken, group)))


def win_rate(deals: pd.DataFrame, by: str | Sequence[str] = (), *, confidence: float = 0.95) -> pd.DataFrame:
    """Estimate the share of decided deals that were won, with a confidence interval.

    The interval is Wilson's score interval, which stays within 0 and 1 and suits small numbers:
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209-212.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status`` and `by`.
    by : str or sequence of str
        The columns to group by; if empty, all deals are one group.
    confidence : float
        The share of such intervals that contain the true rate, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        `by`, then ``won``, ``lost``, ``decided`` (their sum), ``rate`` (won / decided), ``low`` and
        ``high``. If nothing is decided, these three are missing.

    Raises
    ------
    SalesmateError
        If a column is missing, one of `by` has the name of one of the result, or `confidence` is not
        between 0 and 1.

    Examples
    --------
    >>> deals = pd.DataFrame({"status": ["Won", "Close", "Won", "Lost", "Open"]})
    >>> win_rate(deals).round(3)
       won  lost  decided  rate    low   high
    0    3     1        4  0.75  0.301  0.954
    """
    if not 0 < confidence < 1:
        raise SalesmateError(f"confidence is {confidence}; it must be between 0 and 1, such as 0.95.")
    columns = _columns(deals, by)
    rows = _rows(deals, "status", *columns)
    group, names = _groups(rows, columns)
    won = _count(_is_among(rows["status"], _WON), group)
    lost = _count(_is_among(rows["status"], _LOST), group)
    decided = won + lost
    rate = won / decided  # missing for 0 / 0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (rate + z**2 / (2 * decided)) / (1 + z**2 / decided)
    half = z * (rate * (1 - rate) / decided + z**2 / (4 * decided**2)) ** 0.5 / (1 + z**2 / decided)
    counts = {"won": won, "lost": lost, "decided": decided, "rate": rate}
    # Rounding may put an end slightly beyond 0, 1 or the rate itself.
    low, high = (centre - half).clip(0, rate), (centre + half).clip(rate, 1)
    return _with_names(names, pd.DataFrame({**counts, "low": low, "high": high}))


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
    rows, group, names = _lifetimes(deals, _columns(deals, by), now)
    known = rows["day"].notna()
    curve = _kaplan_meier(rows[known], group[known])
    table = pd.DataFrame({"deals": _count(known, group), "closed": _count(rows["closed"] & known, group)})
    for name, share in {"quarter_days": 0.25, "median_days": 0.5, "three_quarters_days": 0.75}.items():
        reached = curve[curve["still_open"] <= 1 - share + _ROUNDING]
        table[name] = reached.groupby("group")["day"].min().reindex(table.index)
    return _with_names(names, table.assign(left_out=_count(~known, group)))


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
    rows, group, names = _lifetimes(deals, _columns(deals, by), now)
    known = rows["day"].notna()
    curve = _kaplan_meier(rows[known], group[known]).set_index("group")
    return _with_names(names, curve)


def in_zone(frame: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Convert datetime columns to a time zone.

    Days, weeks and months are then those of that zone. ``deals_df()`` returns UTC, in which the 1st of July
    in Berlin starts on the 30th of June. Each value remains the same point in time, except one that would be
    after the year 9999 or before the year 1 there: it becomes the last, or the first, that can be shown.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame; datetime columns without a time zone are left as they are.
    timezone : str
        IANA name of the time zone, such as ``"Europe/Berlin"``, or ``connect().timezone``.

    Returns
    -------
    pandas.DataFrame
        A new frame, whose datetime columns have the dtype ``datetime64[us, <timezone>]``.

    Raises
    ------
    SalesmateError
        If `timezone` is not a valid IANA name.

    Examples
    --------
    >>> frame = pd.DataFrame({"estimated_close_date": pd.to_datetime(["2026-06-30T22:00Z"])})
    >>> in_zone(frame, "Europe/Berlin")["estimated_close_date"].dt.month_name()[0]
    'July'
    """
    try:
        zone = zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise SalesmateError(
            f"timezone={timezone!r} is not an IANA time zone. Write it as 'Europe/Berlin'."
        ) from err
    datetimes = frame.select_dtypes("datetimetz").columns
    return frame.assign(
        **{name: _within_calendar(frame[name], zone).dt.tz_convert(zone) for name in datetimes}
    )


def _within_calendar(column: pd.Series, zone: zoneinfo.ZoneInfo) -> pd.Series:
    """Return a column without times that are in no year from 1 to 9999 in a zone: pandas cannot show them."""
    if column.dt.unit == "ns":  # from 1677 to 2262
        return column
    first, last = dt.datetime.min, dt.datetime.max  # noqa: DTZ901 - in this zone
    ends = [in_calendar(end.replace(tzinfo=zone), dt.UTC) for end in (first, last)]
    clipped: pd.Series = column.dt.as_unit("us").clip(*map(pd.Timestamp, ends))
    return clipped


def _columns(deals: pd.DataFrame, by: str | Sequence[str]) -> list[str]:
    """Return the names of columns to group by, as the frame has them, if it has them."""
    named = {comparable(str(name)): name for name in reversed(deals.columns)}
    given = [by] if isinstance(by, str) else by
    found = [name if name in deals.columns else named.get(comparable(name), name) for name in given]
    return list(dict.fromkeys(found))


def _rows(deals: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return these columns of a frame, its rows numbered from 0."""
    missing = [name for name in dict.fromkeys(columns) if name not in deals.columns]
    if missing:
        raise SalesmateError(
            f"The frame has no column {', '.join(map(repr, missing))}. "
            "Read it with deals_df(), or add the column to deals_df(columns=[...])."
        )
    return deals[list(dict.fromkeys(columns))].reset_index(drop=True)


def _with_status(rows: pd.DataFrame, status: Sequence[str]) -> pd.DataFrame:
    return rows[_is_among(rows["status"], status)].reset_index(drop=True)


def _is_among(column: pd.Series, texts: Sequence[str]) -> pd.Series[bool]:
    """Return for each value whether it is the same to a reader as one of the texts."""
    wanted = set(map(comparable, texts))
    return column.isin([value for value in column.dropna().unique() if comparable(str(value)) in wanted])


def _datetimes(column: pd.Series) -> pd.Series:
    """Return a datetime column with a time zone, which is UTC unless it has one."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column
    if column.dtype.kind != "M" and column.notna().any():
        raise SalesmateError(
            f"Column {column.name!r} holds {column.dtype}, not datetimes. Read it with deals_df() or, if it "
            "comes from a CSV file, convert it with pd.to_datetime(..., utc=True)."
        )
    return pd.to_datetime(column, utc=True)


def _timestamp(now: str | dt.date | None, like: pd.Series) -> pd.Timestamp:
    """Return `now` in the time zone of a column, so that the two can be compared."""
    given = parse_time("now", now, "UTC") or dt.datetime.now(dt.UTC)
    return pd.Timestamp(in_calendar(given, like.dt.tz))


def _days(start: pd.Series, end: pd.Series | pd.Timestamp) -> pd.Series:
    elapsed: pd.Series = end - start
    days: pd.Series = elapsed.dt.total_seconds() / _DAY
    return days


def _groups(rows: pd.DataFrame, by: list[str]) -> tuple[pd.Series, pd.DataFrame]:
    """Return the group number of each row, and a frame of the values that make up each group."""
    if not by:
        return pd.Series(0, index=rows.index), pd.DataFrame(index=rows.index[:1])
    group = rows.groupby(by, observed=True, dropna=False).ngroup()
    first = ~group.duplicated()
    return group, rows.loc[first, by].set_index(group[first]).sort_index()


def _with_names(names: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Put the values of each group before its rows in a table that is indexed by group number."""
    taken = names.columns.intersection(table.columns)
    if len(taken):
        raise SalesmateError(
            f"The result has a column {taken[0]!r} of its own. Rename that of the frame to group by it."
        )
    return names.loc[table.index].reset_index(drop=True).join(table.reset_index(drop=True))


def _count(flags: pd.Series, group: pd.Series) -> pd.Series[int]:
    """Return how many rows of each group have the flag set."""
    return flags.astype("int64").groupby(group).sum()


def _sums(rows: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Return the number of deals in each group, and their value."""
    value = rows["deal_value"]
    weighted = value * rows["win_probability"] / 100
    return pd.DataFrame(
        {
            "deals": value.groupby(group).size(),
            "without_value": _count(value.isna(), group),
            "value": value.groupby(group).sum(),
            "without_weight": _count(weighted.isna(), group),
            "weighted": weighted.groupby(group).sum(),
        }
    )


def _stage_probability(rows: pd.DataFrame, stages: pd.DataFrame) -> pd.Series:
    """Return the win probability of each row's stage in its pipeline; missing if that is not known."""
    keys = ["pipeline", "stage"]
    missing = [name for name in (*keys, "win_probability") if name not in stages.columns]
    if missing:
        raise SalesmateError(
            f"stages has no column {', '.join(map(repr, missing))}. Read it with pipelines_df()."
        )
    known = stages.dropna(subset=keys).drop_duplicates(keys)
    pairs, weights = list(zip(known["pipeline"], known["stage"], strict=True)), known["win_probability"]
    by_stage = dict(zip(pairs, weights, strict=True))
    alike = dict(zip(map(_comparable, reversed(pairs)), reversed(weights.to_list()), strict=True))
    wanted = zip(rows["pipeline"], rows["stage"], strict=True)
    found = [by_stage.get(pair, alike.get(_comparable(pair))) for pair in wanted]
    return pd.Series(found, index=rows.index, dtype="float64")


def _comparable(pair: tuple[object, object]) -> tuple[str | None, str | None]:
    pipeline_name, stage = (comparable(value) if isinstance(value, str) else None for value in pair)
    return pipeline_name, stage


def _lifetimes(
    deals: pd.DataFrame, by: list[str], now: str | dt.date | None
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """Return how many days each deal was open, missing if unknown, and whether it closed."""
    rows = _rows(deals, "status", "created_at", "closed_date", *by)
    group, names = _groups(rows, by)
    closed = _is_among(rows["status"], _WON + _LOST)
    end = _datetimes(rows["closed_date"])
    day = _days(_datetimes(rows["created_at"]), end.where(closed, _timestamp(now, end)))
    known = (closed | _is_among(rows["status"], _OPEN)) & (day >= 0)
    return pd.DataFrame({"day": day.where(known), "closed": closed}), group, names


def _kaplan_meier(lifetimes: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Return the steps of each group's Kaplan-Meier estimate, by day."""
    ended = lifetimes["closed"].groupby([group.rename("group"), lifetimes["day"]])
    start = pd.MultiIndex.from_product([group.unique(), [0.0]], names=["group", "day"])
    steps = pd.DataFrame({"ended": ended.size(), "closed": ended.sum()})
    steps = steps.reindex(steps.index.union(start), fill_value=0).sort_index().reset_index()
    by_group = steps.groupby("group")
    at_risk = by_group["ended"].transform("sum") - by_group["ended"].cumsum() + steps["ended"]
    still_open = (1 - steps["closed"] / at_risk).groupby(steps["group"]).cumprod()
    return steps.assign(at_risk=at_risk, still_open=still_open)[
        ["group", "day", "at_risk", "closed", "still_open"]
    ]
