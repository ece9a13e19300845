"""Periods on an axis: those without data are there too, and of many, those that matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from salesmate_nb._wording.numbers import period_name, period_noun

AHEAD, PAST = 12, 24  # how many periods are shown
_FIRST, _LATER, _LAST = "overdue", "later", "undated"
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The columns of a chart of periods.

    Parameters
    ----------
    names : list of str
        Their names, in order.
    places : pandas.Series
        In which column each row of the table is; missing if in none of them.
    left_out : int
        How many earlier periods have no column.
    """

    names: list[str]
    places: pd.Series
    left_out: int

    @property
    def noun(self) -> str:
        """What the periods are, in a title: months, if there are none."""
        return next((noun for name in self.names if (noun := period_noun(name))), "month")


def calendar_of(periods: pd.Series, *, ahead: bool = False) -> Calendar:
    """Return the columns for a series of periods.

    Parameters
    ----------
    periods : pandas.Series
        The names of periods, as the analysis gives them.
    ahead : bool
        Whether they are to come: of many, the first are shown, and the sum of those later. Of many past
        ones, the last are shown.

    Examples
    --------
    >>> calendar = calendar_of(pd.Series(["overdue", "2026-11", "2027-01"]))
    >>> calendar.names, list(calendar.places)
    (['overdue', '2026-11', '2026-12', '2027-01'], [0, 1, 3])
    """
    given = periods.astype("str")
    present = set(given)
    every = every_period(given)
    shown = every[:AHEAD] if ahead else every[-PAST:]
    is_later = ahead and len(every) > AHEAD
    ends = [name for name in (_FIRST, _LATER, _LAST) if name in present or (name == _LATER and is_later)]
    names = [*ends[: ends.count(_FIRST)], *shown, *ends[ends.count(_FIRST) :]]
    places = {name: place for place, name in enumerate(names)}
    if is_later:
        places |= dict.fromkeys(every[AHEAD:], places[_LATER])
    return Calendar(names=names, places=given.map(places), left_out=0 if ahead else len(every) - len(shown))


def every_period(names: Iterable[str]) -> list[str]:
    """Return the periods from the first to the last, also those in between that have no row.

    Examples
    --------
    >>> every_period(["overdue", "2026-11", "2027-01", "undated"])
    ['2026-11', '2026-12', '2027-01']
    """
    periods = sorted({_period(name) for name in names if name not in (_FIRST, _LAST)})
    if not periods:
        return []
    return [str(each) for each in pd.period_range(periods[0], periods[-1], freq=periods[0].freq)]


def tick_names(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what stands below each column, and below that the year, only where it begins.

    Examples
    --------
    >>> tick_names(["overdue", "2026-11", "2026-12", "2027-01"])
    (['overdue', 'Nov', 'Dec', 'Jan'], ['', '2026', '', '2027'])
    """
    shown, years, last_year = [], [], ""
    for name in names:
        period, _, year = period_name(name).rpartition(" ")
        if not (period and year.isdecimal()):  # a year, or no period
            period, year = name, last_year
        shown.append(period)
        years.append("" if year == last_year else year)
        last_year = year
    return shown, years


def _period(name: str) -> pd.Period:
    """Return a period by the name that pandas gives it."""
    first, _, last = name.partition("/")
    if not last:
        return pd.Period(name)
    return pd.Period(first, freq=f"W-{_DAYS[pd.Timestamp(last).weekday()]}")
