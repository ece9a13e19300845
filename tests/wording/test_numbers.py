"""Numbers, amounts, shares and dates as text."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from salesmate_nb._wording.numbers import (
    Unit,
    counted,
    day,
    number,
    percent,
    period_name,
    period_noun,
    short_day,
)


@pytest.mark.parametrize(
    ("largest", "name", "text"),
    [
        (9_999, "EUR", "9,999"),
        (10_000, "thousand EUR", "10"),
        (1e8, "million EUR", "100"),
        (1e12, "billion EUR", "1,000"),
        (0, "EUR", "0"),
    ],
)
def test_unit_of_largest(largest, name, text):
    """The largest number decides whether all of them are in units, thousands or millions."""
    unit = Unit.of([largest, float("nan")], "EUR")
    assert (unit.name, unit.text(largest)) == (name, text)


def test_unit_without_currency():
    """A missing currency is named in words."""
    assert Unit.of([2e4], "(none)").name == "thousand without currency"


def test_unit_of_small_numbers():
    """A number that would be 0.0 in the unit says that it is not 0, also if it is negative; 0 is 0."""
    unit = Unit.of([50_000], "EUR")
    texts = [unit.text(value) for value in (np.float64(50), -40, 0, 400, -25_000)]
    assert texts == ["<0.1", ">\N{MINUS SIGN}0.1", "0", "0.4", "\N{MINUS SIGN}25"]
    assert unit.text(2_000, signed=True) == "+2"


def test_number():
    """Thousands have separators, a minus is a minus, and what rounds to 0 has no sign of its own."""
    assert [number(-1234.5), number(-0.3), number(7, signed=True), number(0, signed=True)] == [
        "\N{MINUS SIGN}1,234",
        "0",
        "+7",
        "0",
    ]


def test_percent():
    """Only nothing is 0 %, and only all of it is 100 %."""
    shares = [percent(share) for share in (0, 0.001, 0.5, 0.999, 1)]
    assert shares == ["0 %", "<1 %", "50 %", ">99 %", "100 %"]


def test_counted():
    """One thing is singular; other numbers are plural, by the noun's own plural if it has one."""
    assert [counted(1, "deal"), counted(0, "deal"), counted(2, "company", "companies")] == [
        "1 deal",
        "0 deals",
        "2 companies",
    ]


def test_days():
    """A day has the name of its month in English, in full or short, whatever the locale is."""
    assert (day(dt.date(2026, 3, 9)), short_day(pd.Timestamp("2026-03-09"))) == ("9 March 2026", "9 Mar 2026")


@pytest.mark.parametrize(
    ("freq", "name", "noun"),
    [
        ("M", "Nov 2026", "month"),
        ("Q", "Q4 2026", "quarter"),
        ("Y", "2026", "year"),
        ("W", "16 Nov 2026", "week"),
    ],
)
def test_periods(freq, name, noun):
    """Periods of each length have a short name and a noun."""
    period = str(pd.Timestamp("2026-11-20").to_period(freq))
    assert (period_name(period), period_noun(period)) == (name, noun)


@pytest.mark.parametrize("text", ["overdue", "undated", ""])
def test_no_period(text):
    """Other text stays as it is, and has no noun."""
    assert (period_name(text), period_noun(text)) == (text, "")
