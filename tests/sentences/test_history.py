"""Sentences about what a history knows."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb import sentences

MOST = " The largest part of what moved was created: 60 EUR in 1 deal."
LINES = ["opening", "created", "lost", "closing"]


def moves(*values, **columns):
    listed = [int(value != 0) for value in values]
    return pd.DataFrame({**columns, "currency": "EUR", "line": LINES, "value": values, "listed": listed})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            [100.0, 60.0, -10.0, 150.0],
            "The open pipeline rose by 50 EUR (50 %) to 150 EUR." + MOST,
        ),
        ([100.0, 10.0, -10.0, 100.0], "The open pipeline stands at 100 EUR, as before."),
        ([100.0, 0.0, 0.0, 100.0], "The open pipeline stands at 100 EUR; nothing moved."),
        (
            [0.0, 60.0, 0.0, 60.0],
            "The open pipeline rose by 60 EUR to 60 EUR." + MOST,
        ),
        ([0.0, 0.0, 0.0, 0.0], ""),
    ],
)
def test_movement(values, expected):
    """The change, in percent of what was open, and the largest line unless two are alike."""
    assert sentences.movement(moves(*values)) == expected


def test_movement_of_pipelines():
    """Each pipeline has a line that names it."""
    text = sentences.movement(moves(9.0, 0.0, -9.0, 0.0, pipeline="Sales"))
    assert text.startswith("The open pipeline of Sales fell by 9 EUR (100 %) to 0 EUR.")


def test_slippage():
    """How often dates were moved, and with whom most often, unless two are alike."""
    table = pd.DataFrame(
        {"owner_name": ["Ann", None], "deals": 1, "later": [1, 4], "later_days": [1.0, 30.0]}
    )
    assert sentences.slippage(table.assign(earlier=[1, 0])) == (
        "Close dates were moved 5 times to a later day, and once to an earlier one. "
        "Most often later with deals without owner: 4 times, 30 days in all."
    )
    even = "Close dates were moved 2 times to a later day, and never to an earlier one."
    assert sentences.slippage(table.assign(later=1, earlier=0)) == even
    back = "Close dates were moved 2 times to an earlier day, and never to a later one."
    assert sentences.slippage(table.assign(later=0, earlier=1)) == back
    assert sentences.slippage(table[:0].assign(earlier=0)) == ""


@pytest.mark.parametrize(
    ("stages", "too_long", "last"),
    [
        (["Demo", "Demo", "Offer"], [True, True, True], " 2 of them are in Demo."),
        (["Demo", "Demo", "Offer"], [True, True, False], " All of them are in Demo."),
        (["Demo", "Demo", "Offer"], [True, False, True], ""),
        (["Demo", "Demo", "Offer"], [False, False, False], ""),
    ],
)
def test_time_in_stage(stages, too_long, last):
    """How many deals wait for too long, and in which stage most of them are, unless two are alike."""
    deals = pd.DataFrame({"stage": stages, "too_long": too_long, "three_quarters_days": 9.0})
    count = sum(too_long)
    start = f"{count} of 3 open deals have been in their stage for longer than three quarters of all stays."
    assert sentences.time_in_stage(deals) == start + last
    assert sentences.time_in_stage(deals[:0]) == ""


def test_time_in_unknown_stage():
    """Nothing is said of deals in a stage of which it is not known how long stays last."""
    deals = pd.DataFrame({"stage": ["Demo", "Offer", "Offer"], "too_long": [True, False, False]})
    assert sentences.time_in_stage(deals.assign(three_quarters_days=[5.0, None, None])) == (
        "1 of 1 open deal has been in its stage for longer than three quarters of all stays; "
        "of 2 more, that is not known."
    )
    assert sentences.time_in_stage(deals.assign(three_quarters_days=float("nan"))) == ""


def test_forecast_accuracy():
    """The sums over all periods, and in how many the forecast was too high or too low."""
    table = pd.DataFrame({"period": ["2026-05", "2026-06"], "currency": "EUR", "won": 1})
    table = table.assign(weighted=[100.0, 0.0], won_value=[60.0, 0.0])
    assert sentences.forecast_accuracy(table) == (
        "Over 2 months, 100 EUR was forecast, weighted by win probability, and 60 EUR was won (60 %). "
        "The forecast was above what was won in 1 of them, below in 0."
    )
    assert sentences.forecast_accuracy(table[1:]) == ""  # no deal has a value
    assert sentences.forecast_accuracy(table[:0]) == ""
