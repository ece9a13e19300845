"""The day of the last sales meeting, and the deals that the next one talks about."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from salesmate_nb._values.times import parse_time
from salesmate_nb.analysis._columns import LOST, OPEN, WON, datetimes, days, select, timestamp, with_status
from salesmate_nb.errors import SalesmateError

_WEEK = 7  # days


def last_meeting(now: pd.Timestamp, since: str | dt.date | None = None) -> pd.Timestamp:
    """Return since when to list what is new: the start of a day, by default of last Monday.

    Parameters
    ----------
    now : pandas.Timestamp
        When the deals were read, in the time zone of the days.
    since : date, datetime or ISO 8601 text, optional
        The day of the last meeting, such as ``"2026-11-16"``.

    Returns
    -------
    pandas.Timestamp
        In the time zone of `now`. On a Monday, the default is the Monday before.

    Raises
    ------
    SalesmateError
        If `since` is not a date, or is later than `now`.

    Examples
    --------
    >>> now = pd.Timestamp("2026-11-26T09:00", tz="Europe/Berlin")
    >>> last_meeting(now)
    Timestamp('2026-11-23 00:00:00+0100', tz='Europe/Berlin')
    >>> last_meeting(now, "2026-11-16")
    Timestamp('2026-11-16 00:00:00+0100', tz='Europe/Berlin')
    """
    given = parse_time("since", since, str(now.tz or "UTC"))
    if given is None:
        return now.normalize() - pd.DateOffset(days=now.weekday() or _WEEK)
    start = pd.Timestamp(given).tz_convert(now.tz or "UTC").normalize()
    if start > now:
        raise SalesmateError(f"since={str(since)!r} is after the day of the deals, {now:%Y-%m-%d}.")
    return start


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


def news(deals: pd.DataFrame, since: str | dt.date, *, now: str | dt.date | None = None) -> pd.DataFrame:
    """List the deals that were created, won or lost since a day.

    Parameters
    ----------
    deals : pandas.DataFrame
        With ``status``, ``created_at`` and ``closed_date``.
    since : datetime, date or ISO 8601 text
        Since when, this time included. Without a time zone it is in UTC.
    now : datetime, date or ISO 8601 text, optional
        Until when, this time included; by default without an end.

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
    ended = rows[_is_between(closed, since, now)]
    found = {
        "new": rows[_is_between(created, since, now)],
        "won": with_status(ended, WON),
        "lost": with_status(ended, LOST),
    }
    what = pd.CategoricalDtype(list(found), ordered=True)
    parts = [each.assign(what=pd.Series(name, each.index, dtype=what)) for name, each in found.items()]
    return pd.concat(parts, ignore_index=True)[["what", *deals.columns]]


def _is_between(column: pd.Series, since: str | dt.date, now: str | dt.date | None) -> pd.Series[bool]:
    """Return which datetimes are from `since` to `now`."""
    is_later = column >= timestamp(since, column)
    return is_later if now is None else is_later & (column <= timestamp(now, column))


def _most(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    return rows.sort_values(column, ascending=False, kind="stable", ignore_index=True)
