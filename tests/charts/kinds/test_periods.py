"""Columns for periods."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb import charts
from salesmate_nb.charts._drawing.style import STYLES
from tests.charts.overlaps import overlaps


def texts(ax):
    return [text.get_text() for text in ax.texts]


def ticks(ax):
    return [label.get_text() for label in ax.get_xticklabels()]


FORECAST = pd.DataFrame(
    {
        "period": ["overdue", "2026-07", "2026-09", "undated", "2026-07"],
        "currency": ["EUR"] * 4 + ["USD"],
        "value": [50_000.0, 100_000.0, 9_000.0, 400.0, 7.0],
        "weighted": [25_000.0, 40_000.0, 900.0, 40.0, 3.5],
    }
)


def test_forecast():
    """Each currency has all periods; a column has its value, and in brackets the weighted one."""
    eur, usd = charts.forecast(FORECAST, now=pd.Timestamp("2026-06-30"))
    assert ticks(eur) == ticks(usd) == ["overdue", "Jul", "Aug", "Sep", "undated"]
    assert texts(eur) == ["50\n(25)", "100\n(40)", "", "9\n(0.9)", "0.4\n(<0.1)"]
    assert texts(usd) == ["", "7\n(3.5)", "", "", ""]
    assert [label.get_text() for label in eur.get_xticklabels(minor=True)] == ["2026"]
    assert [ax.get_title(loc="left") for ax in (eur, usd)] == ["thousand EUR", "USD"]
    assert eur.figure.get_suptitle() == "Expected value by closing month, as of 30 June 2026"
    assert overlaps(eur.figure) == []


def test_overdue_color():
    """What is overdue has the color of late deals; without it, nothing has."""
    amber = STYLES["light"].color("slipped")
    late = [
        [bar for bar in charts.forecast(table)[0].patches if _hex(bar) == amber]
        for table in (FORECAST, FORECAST[1:])
    ]
    assert [len(bars) for bars in late] == [1, 0]


def _hex(bar):
    return "#" + "".join(f"{round(255 * part):02x}" for part in bar.get_facecolor()[:3])


def test_won_value():
    """Each period has its value; of more than 24 the last are drawn, and the others are mentioned."""
    months = [str(each) for each in pd.period_range("2024-01", periods=26, freq="M")]
    table = pd.DataFrame({"period": months, "currency": "EUR", "value": [float(each) for each in range(26)]})
    (ax,) = charts.won_value(table)
    assert texts(ax)[0] == "2"
    assert len(ticks(ax)) == 24
    assert "without 2 earlier months, before Mar 2024" in [text.get_text() for text in ax.figure.texts]


def test_forecast_accuracy():
    """Each period has three columns with their numbers: the forecast, weighted, and what was won."""
    table = pd.DataFrame({"period": ["2026Q2"], "currency": "EUR", "value": [150.0], "weighted": [90.0]})
    (ax,) = charts.forecast_accuracy(table.assign(won_value=80.0))
    assert (texts(ax), [bar.get_height() for bar in ax.patches]) == (["150", "90", "80"], [150, 90, 80])
    assert ax.figure.get_suptitle() == "Forecast at the start of each quarter, and what was won in it"


def test_cohorts():
    """Shares add up to all deals, won at the foot; a period without deals is empty."""
    table = pd.DataFrame({"period": ["2026-05", "2026-07"], "deals": [4, 2], "won": [1, 0], "lost": [2, 0]})
    (ax,) = charts.cohorts(table.assign(open=[1, 1], other=[0, 1]))
    assert texts(ax) == ["4", "", "2"]
    heights = [[bar.get_height() for bar in bars] for bars in ax.containers]
    assert heights == [[0.25, 0, 0], [0.25, 0, 0.5], [0.5, 0, 0], [0, 0, 0.5]]
    assert overlaps(ax.figure) == []


@pytest.mark.parametrize(
    "draw", [charts.forecast, charts.won_value, charts.forecast_accuracy, charts.cohorts]
)
def test_empty(draw):
    """Without rows a sentence says so."""
    columns = [
        "period",
        "currency",
        "deals",
        "value",
        "weighted",
        "won_value",
        "won",
        "lost",
        "open",
        "other",
    ]
    panels = draw(pd.DataFrame(columns=columns), empty="Nothing yet.")
    assert (list(panels), repr(panels)) == ([], "Nothing yet.")


def test_no_values():
    """If no deal has a value, a sentence says so in place of columns without height."""
    assert repr(charts.forecast(FORECAST.assign(value=0.0))) == "No open deal has a value."
    assert repr(charts.won_value(FORECAST.assign(value=0.0))) == "No won deal has a value."


@pytest.mark.parametrize("draw", [charts.forecast, charts.forecast_accuracy])
def test_currency_without_values(draw):
    """A currency in which nothing has a value has no panel."""
    table = FORECAST[:1].assign(won_value=0.0)
    panels = draw(pd.concat([table, table.assign(currency="GBP", value=0.0, weighted=0.0)]))
    assert [ax.get_title(loc="left") for ax in panels] == ["thousand EUR"]


def test_large_forecasts():
    """Numbers of three columns side by side do not lie on each other, even for few periods."""
    table = pd.DataFrame({"period": ["2026-05"], "currency": "EUR", "value": [2e15], "weighted": [1e15]})
    assert overlaps(charts.forecast_accuracy(table.assign(won_value=1e15)).figure) == []
