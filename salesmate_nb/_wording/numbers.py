"""Numbers, amounts of money, shares and dates as text."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from salesmate_nb._wording.names import MISSING

_MINUS = "\N{MINUS SIGN}"
_SCALES = (
    (1e11, 1e9, "billion "),
    (1e8, 1e6, "million "),
    (1e4, 1e3, "thousand "),
)  # from which amount on, divided by what, its name
# Of strftime, the names depend on the locale of the process.
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_LEAST = 0.05  # what is 0.0, rounded to even
_FEW = 9.95  # what is 10 or more, rounded to one decimal place


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The unit of several numbers: by what they are divided, and what it is called.

    Examples
    --------
    >>> unit = Unit.of([1_234_567, 400, 0], "EUR")
    >>> unit.name, unit.text(1_234_567), unit.text(400), unit.text(12), unit.text(0), unit.text(-5e4)
    ('thousand EUR', '1,235', '0.4', '<0.1', '0', '\N{MINUS SIGN}50')
    """

    factor: float
    name: str

    @classmethod
    def of(cls, values: Iterable[float], name: str) -> Unit:
        """Return the unit in which the largest of some numbers is easy to read."""
        largest = max((abs(value) for value in values if not math.isnan(value)), default=0.0)
        name = "without currency" if name == MISSING else name
        for least, factor, prefix in _SCALES:
            if largest >= least:
                return cls(factor=factor, name=prefix + name)
        return cls(factor=1.0, name=name)

    def text(self, value: float, *, signed: bool = False) -> str:
        """Return a number in this unit."""
        scaled = value / self.factor
        if 0 < abs(scaled) <= _LEAST:
            return f"{'<' if scaled > 0 else f'>{_MINUS}'}0.1"
        digits = 0 if scaled == round(scaled) or abs(scaled) >= _FEW else 1
        return number(scaled, digits, signed=signed)


def number(value: float, digits: int = 0, *, signed: bool = False) -> str:
    """Return a number with thousand separators.

    Examples
    --------
    >>> number(1234567.4), number(-1.25, 1), number(20, signed=True), number(-0.2)
    ('1,234,567', '\N{MINUS SIGN}1.2', '+20', '0')
    """
    rounded = round(float(value), digits) + 0.0  # not as NumPy rounds, nor -0.0
    return f"{rounded:{'+' if signed and rounded else ''},.{digits}f}".replace("-", _MINUS)


def percent(share: float) -> str:
    """Return a share from 0 to 1 in percent; what is not quite nothing, or not quite everything, says so.

    Examples
    --------
    >>> percent(0.256), percent(0), percent(0.004), percent(0.996), percent(1)
    ('26 %', '0 %', '<1 %', '>99 %', '100 %')
    """
    rounded = round(share * 100)
    if rounded == 0 and share > 0:
        return "<1 %"
    if rounded == 100 and share < 1:  # noqa: PLR2004 - percent
        return ">99 %"
    return f"{number(rounded)} %"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "deal"), counted(1200, "deal")
    ('1 deal', '1,200 deals')
    """
    return f"{number(count)} {noun if count == 1 else plural or f'{noun}s'}"


def day(date: dt.date | pd.Timestamp) -> str:
    """Return a date.

    Examples
    --------
    >>> day(pd.Timestamp("2026-11-06 18:30"))
    '6 November 2026'
    """
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


def period_name(period: str) -> str:
    """Return the name of a period, as pandas writes it, in words; other text as it is.

    Examples
    --------
    >>> period_name("2026-11"), period_name("2026Q4"), period_name("2026"), period_name("overdue")
    ('Nov 2026', 'Q4 2026', '2026', 'overdue')
    >>> period_name("2026-11-02/2026-11-08")
    '2 Nov 2026'
    """
    year, _, rest = period.partition("-")
    if "/" in period:
        first = pd.Timestamp(period.partition("/")[0])
        return f"{first.day} {_MONTHS[first.month - 1][:3]} {first.year}"
    if year.isdecimal() and rest.isdecimal():
        return f"{_MONTHS[int(rest) - 1][:3]} {year}"
    year, found, quarter = period.partition("Q")
    return f"Q{quarter} {year}" if found and year.isdecimal() else period


def period_noun(period: str) -> str:
    """Return what a period is, as pandas writes it; empty for other text.

    Examples
    --------
    >>> period_noun("2026-11"), period_noun("2026Q4"), period_noun("2026"), period_noun("overdue")
    ('month', 'quarter', 'year', '')
    """
    if "/" in period:
        return "week"
    if not period[:4].isdecimal():
        return ""
    return {"-": "month", "Q": "quarter", "": "year"}.get(period[4:5], "day")


def short_day(date: dt.date | pd.Timestamp) -> str:
    """Return a date as it is written in a table.

    Examples
    --------
    >>> short_day(pd.Timestamp("2026-11-06 18:30"))
    '6 Nov 2026'
    """
    return f"{date.day} {_MONTHS[date.month - 1][:3]} {date.year}"
