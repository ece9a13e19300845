"""Names below columns, and numbers above them."""

from __future__ import annotations

import pandas as pd

from salesmate_nb import charts
from tests.charts.overlaps import overlaps


def texts(ax):
    return [text.get_text() for text in ax.texts]


def ticks(ax):
    return [label.get_text() for label in ax.get_xticklabels()]


def test_no_room_for_numbers():
    """Numbers that would lie on each other are on the axis instead."""
    months = [str(each) for each in pd.period_range("2024-01", periods=24, freq="M")]
    table = pd.DataFrame({"period": months, "currency": "EUR", "value": 5_000_000.0})
    (ax,) = charts.won_value(table)
    assert texts(ax) == []
    assert "4,500" in [label.get_text() for label in ax.get_yticklabels()]
    assert overlaps(ax.figure) == []


def test_weeks():
    """Every other week has its name, and those without a date too."""
    weeks = [*(str(each) for each in pd.period_range("2026-01-05", periods=24, freq="W")), "undated"]
    (ax,) = charts.won_value(pd.DataFrame({"period": weeks, "currency": "EUR", "value": 5.0}))
    assert [*ticks(ax)[:2], *ticks(ax)[-2:]] == ["5 Jan", "19 Jan", "8 Jun", "undated"]
    assert overlaps(ax.figure) == []


def test_columns_below_zero():
    """Columns that all are negative have their numbers below the title."""
    (ax,) = charts.won_value(pd.DataFrame({"period": ["2026-05"], "currency": "EUR", "value": [-9.0]}))
    assert texts(ax) == ["\N{MINUS SIGN}9"]
    assert overlaps(ax.figure) == []
