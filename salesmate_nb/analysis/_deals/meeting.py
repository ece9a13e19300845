"""The deals that a sales meeting talks about: overdue, quiet, and new, won or lost."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from salesmate_nb.analysis._columns import LOST, OPEN, WON, datetimes, days, select, timestamp, with_status


def overdue(deals: pd.DataFrame, *, now: str | dt.date | None = None) -> pd.DataFrame:
    """List the open deals whose estimated close date has passed, the latest first.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status`` and ``estimated_close_date``.
    now : datetime, date or ISO 8601 text, optional
        When the frame was read; by default the current time. Without a time zone it is in UTC.

    Returns
    -------
    pandas.DataFrame
        These deals with all their columns, then ``days_late``, whole days since the close date. A deal that
        should close today is not late. Days are those of the time zone of ``estimated_close_date``: see
        :func:`in_zone`.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> planned = pd.to_datetime(["2026-06-05", "2026-06-09", "2026-06-10"], utc=True)
    >>> deals = pd.DataFrame({"id": [1, 2, 3], "status": "Open", "estimated_close_date": planned})
    >>> overdue(deals, now="2026-06-10T08:00")[["id", "days_late"]]
       id  days_late
    0   1          5
    1   2          1
    """
    rows = with_status(select(deals, "status", "estimated_close_date", *deals.columns), OPEN)
    planned = datetimes(rows["estimated_close_date"])
    today = timestamp(now, planned).tz_localize(None).normalize()
    late = (today - planned.dt.tz_localize(None).dt.normalize()).dt.days
    rows = rows[list(deals.columns)].assign(days_late=late.astype("Int64"))
    return _most(rows[late > 0], "days_late")


def quiet(deals: pd.DataFrame, *, for_days: float = 60, now: str | dt.date | None = None) -> pd.DataFrame:
    """List the open deals that had no activity and no change for some time, the quietest first.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status``, ``created_at``, ``last_activity_at`` and ``last_modified_at``.
    for_days : float
        For how many days at least.
    now : datetime, date or ISO 8601 text, optional
        When the frame was read; by default the current time. Without a time zone it is in UTC.

    Returns
    -------
    pandas.DataFrame
        These deals with all their columns, then ``days_quiet``, whole days since the last of the three
        timestamps. A deal that has none of them is left out.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> last = pd.to_datetime(["2026-03-01", "2026-06-09"], utc=True)
    >>> deals = pd.DataFrame({"id": [1, 2], "status": "Open", "created_at": last, "last_activity_at": last})
    >>> quiet(deals.assign(last_modified_at=last), now="2026-06-10")[["id", "days_quiet"]]
       id  days_quiet
    0   1         101
    """
    times = ["created_at", "last_activity_at", "last_modified_at"]
    rows = with_status(select(deals, "status", *times, *deals.columns), OPEN)
    for name in times:
        rows[name] = datetimes(rows[name])
    last = rows[times].max(axis=1)
    elapsed = days(last, timestamp(now, last))
    rows = rows[list(deals.columns)].assign(days_quiet=elapsed.floordiv(1).astype("Int64"))
    return _most(rows[elapsed >= for_days], "days_quiet")


def news(deals: pd.DataFrame, since: str | dt.date) -> pd.DataFrame:
    """List the deals that were created, won or lost since a day.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status``, ``created_at`` and ``closed_date``.
    since : datetime, date or ISO 8601 text
        Since when, this time included. Without a time zone it is in UTC.

    Returns
    -------
    pandas.DataFrame
        ``what``, an ordered category: ``new``, ``won`` or ``lost``; then all columns of `deals`. A deal that
        was created and closed since then has two rows.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> at = pd.to_datetime(["2026-06-01", "2026-06-09"], utc=True)
    >>> closed = pd.to_datetime(["2026-06-09", None], utc=True)
    >>> deals = pd.DataFrame(
    ...     {"id": [1, 2], "status": ["Won", "Open"], "created_at": at, "closed_date": closed}
    ... )
    >>> news(deals, "2026-06-08")[["what", "id"]]
      what  id
    0  new   2
    1  won   1
    """
    rows = select(deals, "status", "created_at", "closed_date", *deals.columns)
    created, closed = datetimes(rows["created_at"]), datetimes(rows["closed_date"])
    ended = rows[closed >= timestamp(since, closed)]
    found = {
        "new": rows[created >= timestamp(since, created)],
        "won": with_status(ended, WON),
        "lost": with_status(ended, LOST),
    }
    what = pd.CategoricalDtype(list(found), ordered=True)
    parts = [each.assign(what=pd.Series(name, each.index, dtype=what)) for name, each in found.items()]
    return pd.concat(parts, ignore_index=True)[["what", *deals.columns]]


def _most(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    return rows.sort_values(column, ascending=False, kind="stable", ignore_index=True)
