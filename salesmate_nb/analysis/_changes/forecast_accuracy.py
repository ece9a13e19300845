"""What the forecast of each past month said, against what was won in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import pandas as pd

from salesmate_nb.analysis._attrs import check_whole, read_at, refreshes, since, with_since
from salesmate_nb.analysis._changes.past_state import EXISTENCE, past_state
from salesmate_nb.analysis._columns import (
    OPEN,
    WON,
    datetimes,
    frequency,
    is_among,
    look_up,
    same_categories,
    select,
    select_events,
    timestamp,
    utc,
    with_status,
)
from salesmate_nb.analysis._groups import groups, with_names
from salesmate_nb.analysis._weights import value_sums, weigh_by_stage
from salesmate_nb.errors import SalesmateError

_HOUR = pd.Timedelta(hours=1)
_SECOND = pd.Timedelta(seconds=1)  # in whole ones attrs say when a frame was read


def forecast_accuracy(
    history: pd.DataFrame, now: pd.DataFrame, *, freq: str = "M", stages: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Compare the forecast of each past month, as it was at its start, with what was won in that month.

    The forecast is that of :func:`forecast` for this month: the deals that were open at its start and
    should have closed within it. What was won includes deals that were not in the forecast.

    Parameters
    ----------
    history : pandas.DataFrame
        What ``history_df()`` returns, with all fields.
    now : pandas.DataFrame
        The deals at the end of the history, as ``deals_df()`` returns them, with ``id``, ``status``,
        ``currency``, ``deal_value``, ``win_probability``, ``estimated_close_date`` and ``closed_date``. It
        was read at ``attrs["salesmate"]["read_at"]``, or else just now.
    freq : str
        The length of a period, as a pandas frequency: ``"W"``, ``"M"``, ``"Q"`` or ``"Y"``.
    stages : pandas.DataFrame, optional
        What ``pipelines_df()`` returns: a deal without a win probability takes that of its stage, as in
        :func:`forecast`.

    Returns
    -------
    pandas.DataFrame
        ``period``, an ordered category, and ``currency``; of the forecast ``deals``, ``without_value``,
        ``value``, ``without_weight`` and ``weighted``, as in :func:`pipeline`; ``won``, the number of deals
        that were won in this period, ``won_without_value`` and ``won_value``; ``error``, which is value -
        won_value, and ``weighted_error``, weighted - won_value. A period is listed if it began after the
        history, has ended, and has any such deal. It starts and ends in the time zone of
        ``estimated_close_date``: see :func:`in_zone`. The state at its start is the one that the last
        refresh before found; ``stale_hours`` are the hours between the two, in which changes are not known.
        ``attrs["salesmate"]["since"]`` is when the history began.

    Raises
    ------
    SalesmateError
        If a column is missing, or `history` does not say since when it knows, or was not read whole.

    Examples
    --------
    >>> history = pd.DataFrame(
    ...     {
    ...         "id": [1],
    ...         "field": ["status"],
    ...         "old": ["Open"],
    ...         "new": ["Won"],
    ...         "changed_at": pd.to_datetime(["2026-06-20"], utc=True),
    ...         "seen_at": pd.to_datetime(["2026-06-22"], utc=True),
    ...     }
    ... )
    >>> history.attrs["salesmate"] = {"since": "2026-05-25T06:00:00Z"}
    >>> now = pd.DataFrame(
    ...     {
    ...         "id": [1, 2],
    ...         "status": ["Won", "Open"],
    ...         "currency": "EUR",
    ...         "deal_value": [100.0, 60.0],
    ...         "win_probability": [40.0, 50.0],
    ...         "estimated_close_date": pd.to_datetime(["2026-06-30", "2026-06-30"], utc=True),
    ...         "closed_date": pd.to_datetime(["2026-06-20", None], utc=True),
    ...     }
    ... )
    >>> now.attrs["salesmate"] = {"read_at": "2026-07-06T06:00:00Z"}
    >>> table = forecast_accuracy(history, now)
    >>> table[["period", "value", "weighted", "won_value", "error", "weighted_error"]]
        period  value  weighted  won_value  error  weighted_error
    0  2026-06  160.0      70.0      100.0   60.0           -30.0
    """
    began = since(history)
    if began is None:
        raise SalesmateError(
            'The history has no attrs["salesmate"]["since"], the time when it began. Use the frame that '
            "history_df() returned, or copy its attrs."
        )
    places = () if stages is None else ("pipeline", "stage")
    columns = ["status", "currency", "deal_value", "win_probability", "estimated_close_date", *places]
    deals = select(now, "id", *columns, "closed_date")
    check_whole(history, deals, [*columns, *EXISTENCE])
    planned = datetimes(deals["estimated_close_date"])
    periods = _past_periods(
        began.tz_convert(planned.dt.tz), timestamp(read_at(now), planned), frequency(freq)
    )

    won = _won(history, deals, planned.dt.tz, freq)
    parts = [won[won["period"].isin(periods)].assign(is_won=True)]
    events = history[history["field"].isin([*columns, *EXISTENCE])]
    starts = {}
    for period in periods:
        start = period.start_time.tz_localize(planned.dt.tz, ambiguous=True, nonexistent="shift_forward")
        starts[str(period)] = start
        rows = with_status(past_state(events, deals, start, columns), OPEN)
        rows = rows.assign(period=_period_of(rows["estimated_close_date"], freq), is_won=False)
        parts.append(rows[rows["period"] == period])
    currencies = same_categories(*(part["currency"] for part in parts))
    parts = [part.assign(currency=each) for part, each in zip(parts, currencies, strict=True)]
    table = _compared(pd.concat(parts, ignore_index=True), periods, stages)
    return with_since(history, table.assign(stale_hours=_stale_hours(history, table["period"], starts)))


def _stale_hours(
    history: pd.DataFrame, periods: pd.Series, starts: Mapping[str, pd.Timestamp]
) -> pd.Series[float]:
    """Return how many hours before the start of each period the deals had last been read."""
    known = refreshes(history)
    hours = {name: (start - known[known <= start].max()) / _HOUR for name, start in starts.items()}
    return periods.astype("str").map(hours).astype("float64").round(2)


def _past_periods(began: pd.Timestamp, until: pd.Timestamp, freq: str) -> list[pd.Period]:
    """Return the periods that began after the history, and have ended, as on a day that means its end."""
    local_began, local_until = began.tz_localize(None), until.tz_localize(None) + _SECOND
    first, current = local_began.to_period(freq), local_until.to_period(freq)
    return [
        each
        for each in pd.period_range(first, current, freq=freq)
        if each.start_time >= local_began and each < current
    ]


def _period_of(column: pd.Series, freq: str) -> pd.Series:
    periods: pd.Series = datetimes(column).dt.tz_localize(None).dt.to_period(freq)
    return periods


def _won(history: pd.DataFrame, deals: pd.DataFrame, zone: dt.tzinfo, freq: str) -> pd.DataFrame:
    """Return the won deals with their period; without a closing date, it is when they were seen to be won."""
    won = with_status(deals, WON)
    events = select_events(history, "id", "field", "new", "changed_at")
    events = events[events["field"].eq("status") & is_among(events["new"], WON)].drop_duplicates(
        "id", keep="last"
    )
    changed = utc(events["changed_at"]).fillna(events["seen_at"]).set_axis(pd.Index(events["id"]))
    closed = utc(won["closed_date"]).fillna(look_up(changed, won["id"]))
    return won.assign(period=_period_of(closed.dt.tz_convert(zone), freq))


def _compared(rows: pd.DataFrame, periods: Sequence[pd.Period], stages: pd.DataFrame | None) -> pd.DataFrame:
    """Return the sums of forecast and won deals by period and currency, and their differences."""
    order = pd.CategoricalDtype([str(period) for period in periods], ordered=True)
    rows = rows.assign(period=rows["period"].astype("str").astype(order))
    if stages is not None:
        rows = weigh_by_stage(rows, stages)
    group, names = groups(rows, ["period", "currency"])
    said, came = (
        value_sums(rows[each], group[each]).reindex(names.index, fill_value=0)
        for each in (~rows["is_won"], rows["is_won"])
    )
    table = said.assign(
        won=came["deals"],
        won_without_value=came["without_value"],
        won_value=came["value"],
        error=said["value"] - came["value"],
        weighted_error=said["weighted"] - came["value"],
    )
    return with_names(names, table)
