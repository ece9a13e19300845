"""What a sales team asks of its deals: what is open, what will close, what is won, and how long it takes.

Every function takes a frame as ``deals_df()`` returns it and returns a new one, a row for each group; the
frame that is given is not changed. A missing value in a column that is grouped by is a group of its own,
groups come in the order of their categories, and values in different currencies are never added up.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from statistics import NormalDist

import pandas as pd

from salesmate_nb.errors import SalesmateError

_OPEN = ("Open",)
_WON = ("Won", "Close")  # the API writes either
_LOST = ("Lost",)
_DAY = 24 * 60 * 60  # seconds
_ROUNDING = 1e-9  # of a product of many shares


def pipeline(
    deals: pd.DataFrame, by: str | Sequence[str] = ("stage",), *, now: dt.datetime | None = None
) -> pd.DataFrame:
    """Sum up the open deals, by any columns and always by currency.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status``, ``currency``, ``deal_value``, ``win_probability``, ``created_at`` and `by`.
    by : str or sequence of str
        The columns to group by, before ``currency``.
    now : datetime, optional
        When the frame was read; the present moment unless told. Without a zone it is in UTC.

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
    columns = list(dict.fromkeys([*_listed(by), "currency"]))
    rows = _rows(deals, "status", *columns, "deal_value", "win_probability", "created_at")
    rows = _with_status(rows, _OPEN)
    group, names = _groups(rows, columns)
    created = _moments(rows["created_at"])
    age = _days(created, _moment(now, created))
    return _named(names, _sums(rows, group).assign(median_age_days=age.groupby(group).median()))


def forecast(deals: pd.DataFrame, *, freq: str = "M", now: dt.datetime | None = None) -> pd.DataFrame:
    """Sum up the open deals by the month in which they should close, and by currency.

    No open deal is dropped: the sums over all rows are those over all open deals.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status``, ``currency``, ``deal_value``, ``win_probability`` and ``estimated_close_date``.
    freq : str
        How long a period is, as pandas names it: ``"W"``, ``"M"``, ``"Q"`` or ``"Y"``.
    now : datetime, optional
        When the frame was read; the present moment unless told. Without a zone it is in UTC.

    Returns
    -------
    pandas.DataFrame
        ``period``, an ordered category, and ``currency``; then ``deals``, ``without_value``, ``value``,
        ``without_weight`` and ``weighted`` as of :func:`pipeline`. The first period is ``"overdue"``,
        for deals that should have closed before the period of `now`, and the last ``"undated"``. Periods
        begin and end in the time zone of ``estimated_close_date``: see :func:`in_zone`.

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
    """
    rows = _rows(deals, "status", "currency", "deal_value", "win_probability", "estimated_close_date")
    rows = _with_status(rows, _OPEN)
    expected = _moments(rows["estimated_close_date"])
    close = expected.dt.tz_localize(None).dt.to_period(freq)
    present = _moment(now, expected).tz_localize(None).to_period(freq)
    ahead = sorted(close[close >= present].unique())
    period = close.astype("str").mask(close < present, "overdue").mask(close.isna(), "undated")
    order = pd.CategoricalDtype(["overdue", *map(str, ahead), "undated"], ordered=True)
    group, names = _groups(rows.assign(period=period.astype(order)), ["period", "currency"])
    return _named(names, _sums(rows, group))


def win_rate(deals: pd.DataFrame, by: str | Sequence[str] = (), *, confidence: float = 0.95) -> pd.DataFrame:
    """Tell which share of the decided deals was won, and how sure that is.

    The interval is Wilson's score interval, which stays within 0 and 1 and is fit for small numbers:
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209-212.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status`` and `by`.
    by : str or sequence of str
        The columns to group by; without any, all deals are one group.
    confidence : float
        How often intervals made like this hold the true rate, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        `by`, then ``won``, ``lost``, ``decided`` (their sum), ``rate`` (won / decided), ``low`` and
        ``high``. Where nothing is decided these three are missing.

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
        raise SalesmateError(f"confidence is {confidence}; it has to be between 0 and 1, such as 0.95")
    by = _listed(by)
    rows = _rows(deals, "status", *by)
    group, names = _groups(rows, by)
    won = _count(rows["status"].isin(_WON), group)
    lost = _count(rows["status"].isin(_LOST), group)
    decided = won + lost
    rate = won / decided  # missing for 0 / 0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (rate + z**2 / (2 * decided)) / (1 + z**2 / decided)
    half = z * (rate * (1 - rate) / decided + z**2 / (4 * decided**2)) ** 0.5 / (1 + z**2 / decided)
    counts = {"won": won, "lost": lost, "decided": decided, "rate": rate}
    # Rounding may put an end a hair beyond 0, 1 or the rate itself.
    low, high = (centre - half).clip(0, rate), (centre + half).clip(rate, 1)
    return _named(names, pd.DataFrame({**counts, "low": low, "high": high}))


def cycle_time(
    deals: pd.DataFrame, by: str | Sequence[str] = (), *, now: dt.datetime | None = None
) -> pd.DataFrame:
    """Estimate how many days deals take from creation to won or lost, open deals taken into account.

    To look at closed deals alone would make the cycle too short, since long deals are the ones still open.
    The Kaplan-Meier estimate counts an open deal as one that took at least as long as it is old:
    E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", Journal of the
    American Statistical Association 53 (1958), 457-481.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status``, ``created_at``, ``closed_date`` and `by`.
    by : str or sequence of str
        The columns to group by; without any, all deals are one group.
    now : datetime, optional
        When the frame was read; the present moment unless told. Without a zone it is in UTC.

    Returns
    -------
    pandas.DataFrame
        `by`, then ``deals`` and how many of them are ``closed``; ``quarter_days``, ``median_days`` and
        ``three_quarters_days``, the first day by which that share has closed, missing where so many have
        not yet; and ``left_out``, further deals of the group that tell nothing: without a creation, closed
        without a closing, closed before they were created, or neither open, won nor lost.

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
    rows, group, names = _lives(deals, _listed(by), now)
    known = rows["day"].notna()
    curve = _curve(rows[known], group[known])
    table = pd.DataFrame({"deals": _count(known, group), "closed": _count(rows["closed"] & known, group)})
    for name, share in {"quarter_days": 0.25, "median_days": 0.5, "three_quarters_days": 0.75}.items():
        reached = curve[curve["still_open"] <= 1 - share + _ROUNDING]
        table[name] = reached.groupby("group")["day"].min().reindex(table.index)
    return _named(names, table.assign(left_out=_count(~known, group)))


def survival(
    deals: pd.DataFrame, by: str | Sequence[str] = (), *, now: dt.datetime | None = None
) -> pd.DataFrame:
    """Return the share of deals that are still open after so many days, as :func:`cycle_time` estimates it.

    Parameters
    ----------
    deals, by, now
        As of :func:`cycle_time`.

    Returns
    -------
    pandas.DataFrame
        `by`, then a row for day 0 and each ``day`` after its creation on which a deal closed, or was still
        open when the frame was read: ``at_risk``, the deals that were open until then; ``closed``, how many
        closed then; and ``still_open``, the share open afterwards, from 1 down to 0.

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
    rows, group, names = _lives(deals, _listed(by), now)
    known = rows["day"].notna()
    curve = _curve(rows[known], group[known]).set_index("group")
    return _named(names, curve)


def in_zone(frame: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Tell a frame's moments in a time zone, so that its days, weeks and months are those of that zone.

    ``deals_df()`` tells them in UTC, where the 1st of July in Berlin begins on the 30th of June. The
    moments themselves stay what they are.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame; its columns of moments are those with a time zone.
    timezone : str
        IANA name of the zone, such as ``"Europe/Berlin"``, or ``connect().settings.timezone``.

    Returns
    -------
    pandas.DataFrame
        A new frame, of dtype ``datetime64[us, <timezone>]`` where that of `frame` was of another zone.

    Raises
    ------
    SalesmateError
        If there is no such zone.

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
            f"timezone={timezone!r} is no IANA time zone; write it as 'Europe/Berlin'"
        ) from err
    moments = frame.select_dtypes("datetimetz").columns
    return frame.assign(**{name: frame[name].dt.tz_convert(zone) for name in moments})


def _listed(by: str | Sequence[str]) -> list[str]:
    return [by] if isinstance(by, str) else list(dict.fromkeys(by))


def _rows(deals: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return these columns of a frame, its rows numbered from 0."""
    missing = [name for name in dict.fromkeys(columns) if name not in deals.columns]
    if missing:
        raise SalesmateError(
            f"this frame has no column {', '.join(map(repr, missing))}; "
            "read it with deals_df(), or name the column in deals_df(columns=[...])"
        )
    return deals[list(dict.fromkeys(columns))].reset_index(drop=True)


def _with_status(rows: pd.DataFrame, status: Sequence[str]) -> pd.DataFrame:
    return rows[rows["status"].isin(status)].reset_index(drop=True)


def _moments(column: pd.Series) -> pd.Series:
    """Return a column of moments with a time zone, which is UTC unless it has one."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column
    if column.dtype.kind != "M" and column.notna().any():
        raise SalesmateError(
            f"column {column.name!r} holds {column.dtype}, not moments; read it with deals_df() or, where it "
            "comes from a CSV file, put it through pd.to_datetime(..., utc=True)"
        )
    return pd.to_datetime(column, utc=True)


def _moment(now: dt.datetime | None, like: pd.Series) -> pd.Timestamp:
    """Return `now` in the time zone of a column, so that the two can be compared."""
    moment = pd.Timestamp.now("UTC") if now is None else pd.Timestamp(now)
    moment = moment.tz_localize("UTC") if moment.tz is None else moment
    return moment.tz_convert(like.dt.tz)


def _days(start: pd.Series, end: pd.Series | pd.Timestamp) -> pd.Series:
    spent: pd.Series = end - start
    days: pd.Series = spent.dt.total_seconds() / _DAY
    return days


def _groups(rows: pd.DataFrame, by: list[str]) -> tuple[pd.Series, pd.DataFrame]:
    """Return the number of each row's group, and a frame of what each number stands for."""
    if not by:
        return pd.Series(0, index=rows.index), pd.DataFrame(index=rows.index[:1])
    group = rows.groupby(by, observed=True, dropna=False).ngroup()
    first = ~group.duplicated()
    return group, rows.loc[first, by].set_index(group[first]).sort_index()


def _named(names: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Put what a group's number stands for before each row of a table that is indexed by it."""
    taken = names.columns.intersection(table.columns)
    if len(taken):
        raise SalesmateError(
            f"the result has a column {taken[0]!r} of its own; rename that of the frame to group by it"
        )
    return names.loc[table.index].reset_index(drop=True).join(table.reset_index(drop=True))


def _count(flags: pd.Series, group: pd.Series) -> pd.Series[int]:
    """Return how many rows of each group are flagged."""
    return flags.astype("int64").groupby(group).sum()


def _sums(rows: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Return how many deals each group has and what they are worth."""
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


def _lives(
    deals: pd.DataFrame, by: list[str], now: dt.datetime | None
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """Return how many days each deal was open, missing where that is not known, and whether it closed."""
    rows = _rows(deals, "status", "created_at", "closed_date", *by)
    group, names = _groups(rows, by)
    closed = rows["status"].isin(_WON + _LOST)
    end = _moments(rows["closed_date"])
    day = _days(_moments(rows["created_at"]), end.where(closed, _moment(now, end)))
    known = (closed | rows["status"].isin(_OPEN)) & (day >= 0)
    return pd.DataFrame({"day": day.where(known), "closed": closed}), group, names


def _curve(lives: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Return the Kaplan-Meier steps of each group, in the order of its days."""
    ended = lives["closed"].groupby([group.rename("group"), lives["day"]])
    start = pd.MultiIndex.from_product([group.unique(), [0.0]], names=["group", "day"])
    steps = pd.DataFrame({"ended": ended.size(), "closed": ended.sum()})
    steps = steps.reindex(steps.index.union(start), fill_value=0).sort_index().reset_index()
    by_group = steps.groupby("group")
    at_risk = by_group["ended"].transform("sum") - by_group["ended"].cumsum() + steps["ended"]
    still_open = (1 - steps["closed"] / at_risk).groupby(steps["group"]).cumprod()
    return steps.assign(at_risk=at_risk, still_open=still_open)[
        ["group", "day", "at_risk", "closed", "still_open"]
    ]
