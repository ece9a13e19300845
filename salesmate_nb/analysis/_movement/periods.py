"""Periods in which deals should close."""

from __future__ import annotations

import contextlib
import datetime as dt

import pandas as pd

from salesmate_nb.analysis._columns import datetimes
from salesmate_nb.errors import SalesmateError

Period = pd.Period | tuple[dt.date | str, dt.date | str]
_FIRST_AND_LAST = 2


def is_within(column: pd.Series, period: Period) -> pd.Series[bool]:
    """Return which datetimes are in a period, in the time zone of their column; missing ones are not."""
    start, end = _bounds(period)
    local = datetimes(column).dt.tz_localize(None)
    inside: pd.Series[bool] = (local >= start) & (local < end)
    return inside


def _bounds(period: object) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the start of a period, and the end, which is not part of it."""
    if isinstance(period, pd.Period):
        return period.start_time, (period + 1).start_time
    if isinstance(period, tuple | list) and len(period) == _FIRST_AND_LAST:
        with contextlib.suppress(TypeError, ValueError):  # not dates
            first, last = (pd.Timestamp(day).tz_localize(None) for day in period)
            if first <= last:
                return first.normalize(), last.normalize() + pd.Timedelta(days=1)
    raise SalesmateError(
        f"period={period!r} is not a period. Write it as pd.Period('2026Q2'), or as its first and last day: "
        "('2026-04-01', '2026-06-30')."
    )
