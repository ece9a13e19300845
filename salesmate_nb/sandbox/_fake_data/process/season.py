"""When the made-up sales team is busy: few deals in summer and December, haste at the end of a quarter."""

from __future__ import annotations

import datetime as dt
import itertools
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache

from salesmate_nb.sandbox.timestamps import DAY, MINUTE

WORKDAY = 600 * MINUTE
"""The working hours of a weekday: 8:00 to 18:00 UTC."""

_OPENS = 480 * MINUTE
_SATURDAY = 5
_DEMAND = (1.0, 1.05, 1.15, 1.1, 1.1, 1.05, 0.75, 0.6, 1.15, 1.2, 1.15, 0.65)  # January to December
_HOLIDAYS = {7: 0.9, 8: 0.75}  # the pace in July and August
_CHRISTMAS = 23  # of December, from when nearly nobody decides
_QUARTER_END = 14  # days
_QUARTERS = {(2026, 1): 1.3, (2026, 2): 0.85}  # the pace in a good and a weak one
_ORDINAL = dt.date(1970, 1, 1).toordinal()


def demand(day: int) -> float:
    """Return how many new deals a day brings, in those of an average weekday.

    Parameters
    ----------
    day : int
        Days since 1970 in UTC.

    Examples
    --------
    >>> friday, august = 20_630, 20_671
    >>> demand(friday), demand(friday + 1), demand(august)
    (1.05, 0.0, 0.6)
    """
    date = dt.date.fromordinal(_ORDINAL + day)
    return 0.0 if date.weekday() >= _SATURDAY else _DEMAND[date.month - 1]


@lru_cache(maxsize=4096)
def pace(day: int) -> float:
    """Return how fast deals go on or end on a day, compared with an average weekday.

    Parameters
    ----------
    day : int
        Days since 1970 in UTC.

    Examples
    --------
    >>> quarter_end, august = 20_630, 20_671
    >>> round(pace(quarter_end), 2), pace(quarter_end + 1), pace(august)
    (1.37, 0.0, 0.75)
    """
    date = dt.date.fromordinal(_ORDINAL + day)
    if date.weekday() >= _SATURDAY:
        return 0.0
    if date.month == 12 and date.day >= _CHRISTMAS:  # noqa: PLR2004 - December
        return 0.35
    usual = _QUARTERS.get((date.year, (date.month + 2) // 3), 1.0) * _HOLIDAYS.get(date.month, 0.95)
    soon = date + dt.timedelta(days=_QUARTER_END)
    if (soon.month - 1) // 3 != (date.month - 1) // 3:
        return 1.7 * usual
    return usual


class Calendar:
    """The working days of some years, each as long as its weight.

    Parameters
    ----------
    weight : callable
        Returns the weight of a day: `demand` or `pace`.
    first, last : int
        The days, in days since 1970.

    Examples
    --------
    >>> friday, calendar = 20_630, Calendar(demand, 20_600, 20_700)
    >>> calendar.after(friday * DAY, work=1.5) // DAY - friday  # on Monday
    3
    """

    def __init__(self, weight: Callable[[int], float], first: int, last: int) -> None:
        self._first = first
        self._sums = [0.0, *itertools.accumulate(weight(day) for day in range(first, last + 1))]

    @property
    def total(self) -> float:
        """The sum of all weights."""
        return self._sums[-1]

    def at(self, work: float) -> int:
        """Return when so much of the total is done, in milliseconds since 1970; at most the end."""
        day = min(bisect_right(self._sums, work), len(self._sums) - 1) - 1
        share = min((work - self._sums[day]) / ((self._sums[day + 1] - self._sums[day]) or 1.0), 1.0)
        return (self._first + day) * DAY + _OPENS + int(share * WORKDAY)

    def after(self, time: int, work: float) -> int:
        """Return the time at which so much more work is done than at a time; it is always later."""
        day, rest = divmod(time, DAY)
        day = min(max(day - self._first, 0), len(self._sums) - 2)
        share = min(max(rest - _OPENS, 0) / WORKDAY, 1.0)
        done = self._sums[day] + share * (self._sums[day + 1] - self._sums[day])
        return max(self.at(done + work), time + 1)


@lru_cache
def selling_days(first: int, last: int) -> Calendar:
    """Return a calendar of the days in which new deals come."""
    return Calendar(demand, first, last)


@lru_cache
def working_days(first: int, last: int) -> Calendar:
    """Return a calendar of the days in which deals go on or end."""
    return Calendar(pace, first, last)
