"""Periods in which deals should close."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from salesmate_nb.analysis import in_zone, movement
from salesmate_nb.errors import SalesmateError
from tests.analysis.movement.states import one

QUARTER = [pd.Period("2026Q2"), ("2026-04-01", dt.date(2026, 6, 30)), ("2026-04-01", "2026-06-30T12:00Z")]


@pytest.mark.parametrize("period", QUARTER)
@pytest.mark.parametrize(
    ("date", "deals"),
    [("2026-03-31T23:59", 0), ("2026-04-01", 1), ("2026-06-30T23:59", 1), ("2026-07-01", 0)],
)
def test_days_of_a_period(period, date, deals):
    """The first and the last day are part of it, to their last minute."""
    then, now = one({"estimatedCloseDate": date}, {"estimatedCloseDate": date})
    table = movement(then, now, period=period).set_index("line")
    assert (table["deals"].get("closing", 0)) == deals


def test_days_in_the_time_zone_of_the_frame():
    """Midnight of the 1st of July in Berlin is not in June there; days are those of the newer frame."""
    then, now = one(*[{"estimatedCloseDate": "2026-06-30T22:00Z"}] * 2)
    berlin = in_zone(now, "Europe/Berlin")
    assert movement(then, now, period=pd.Period("2026-06"))["listed"].sum() == 2
    assert movement(then, berlin, period=pd.Period("2026-06")).empty


@pytest.mark.parametrize(
    "period", ["2026Q2", "26", ("2026-06-30", "2026-04-01"), ("2026-04-01",), ("x", "y"), (None, None), 5]
)
def test_invalid_period(period):
    """The error shows both ways to write a period."""
    then, now = one({}, {})
    with pytest.raises(SalesmateError, match=r"is not a period\. Write it as pd\.Period\('2026Q2'\)"):
        movement(then, now, period=period)
