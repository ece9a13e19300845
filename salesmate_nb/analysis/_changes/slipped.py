"""The open deals whose close date was moved out of a period."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.analysis._columns import OPEN, by_id, datetimes, select_events, with_status
from salesmate_nb.errors import SalesmateError


def slipped(history: pd.DataFrame, now: pd.DataFrame, period: pd.Period) -> pd.DataFrame:
    """List the open deals that should have closed in a period, and are now planned for after its end.

    Parameters
    ----------
    history : pandas.DataFrame
        What ``history_df()`` returns, with all fields or with ``field="estimated_close_date"``.
    now : pandas.DataFrame
        The deals at the end of the history, with ``id``, ``status`` and ``estimated_close_date``.
    period : pandas.Period
        Such as ``pd.Period("2026Q2")``. Its days are those of the time zone of ``estimated_close_date`` in
        `now`: see :func:`in_zone`.

    Returns
    -------
    pandas.DataFrame
        These deals with all columns of `now`, in their order; then ``planned``, the first close date in the
        period that is known; ``times_moved``, how often a close date in the period was replaced since that
        period began; and ``last_moved``, when the deal was last modified so.

    Raises
    ------
    SalesmateError
        If a column is missing, or `period` is not a period.

    Examples
    --------
    >>> history = pd.DataFrame(
    ...     {
    ...         "id": [1],
    ...         "field": "estimated_close_date",
    ...         "old": "2026-06-20T00:00:00Z",
    ...         "new": "2026-07-31T00:00:00Z",
    ...         "changed_at": pd.to_datetime(["2026-06-19"], utc=True),
    ...         "seen_at": pd.to_datetime(["2026-06-20"], utc=True),
    ...     }
    ... )
    >>> now = pd.DataFrame({"id": [1], "status": "Open"})
    >>> now["estimated_close_date"] = pd.Timestamp("2026-07-31", tz="UTC")
    >>> slipped(history, now, pd.Period("2026Q2"))[["id", "planned", "times_moved"]]
       id                   planned  times_moved
    0   1 2026-06-20 00:00:00+00:00            1
    """
    if not isinstance(period, pd.Period):
        raise SalesmateError(f'period={period!r} is not a period. Use one such as pd.Period("2026Q2").')
    planned = datetimes(by_id(now, "status", "estimated_close_date")["estimated_close_date"])
    zone = planned.dt.tz
    events = select_events(history, "id", "field", "old", "changed_at")
    is_date = events["field"].eq("estimated_close_date") & events["old"].notna()
    events = events[is_date & (events["seen_at"] >= period.start_time.tz_localize(zone))]
    old = pd.to_datetime(events["old"].astype("str"), utc=True, format="ISO8601").dt.tz_convert(zone)
    left = events.assign(old=old)[old.dt.tz_localize(None).between(period.start_time, period.end_time)]
    moves = left.groupby("id", as_index=False).agg(
        planned=("old", "first"), times_moved=("old", "size"), last_moved=("changed_at", "last")
    )
    is_later = planned.dt.tz_localize(None) > period.end_time
    return with_status(now[is_later.to_numpy()], OPEN).merge(moves.astype({"id": "Int64"}), on="id")
