"""Sentences about values."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb import sentences

OWNERS = pd.DataFrame({"owner_name": ["Ann", "Bo", None], "currency": "EUR", "value": [300.0, 100.0, 100.0]})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([300.0, 100.0, 100.0], "Ann has the largest value in EUR: 300 of 500 (60 %)."),
        ([100.0, 100.0, None], "Ann and Bo share the largest value in EUR: 100 each."),
        ([5.0, 5.0, 5.0], "3 share the largest value in EUR: 5 each."),
        ([1.0, 1.0, 7.0], "Deals without owner have the largest value in EUR: 7 of 9 (78 %)."),
        ([9.0, -4.0, 0.0], "Ann has the largest value in EUR: 9."),
        ([0.0, None, 0.0], ""),
        ([None, None, None], ""),
    ],
)
def test_largest(values, expected):
    """The largest is named with its part of the whole, and all who share it; nothing is said of nothing."""
    assert sentences.largest(OWNERS.assign(value=values), "owner_name") == expected


def test_largest_of_one():
    """A single name has no part of the whole."""
    assert (
        sentences.largest(OWNERS[:1], "owner_name", what="won value")
        == "Ann has the largest won value in EUR: 300."
    )
    assert sentences.largest(OWNERS[:0], "owner_name") == ""


def test_largest_count():
    """Deals are counted over all currencies."""
    deals = pd.DataFrame({"source": ["Web", "Web", "Fair"], "currency": ["EUR", "USD", None]})
    assert sentences.largest(deals, "source", "deals") == "Web has the most deals: 2 of 3 (67 %)."


def test_currencies_apart():
    """Each currency has a line of its own, one without currency too."""
    text = sentences.largest(OWNERS.assign(currency=["EUR", None, "EUR"]), "owner_name")
    assert text.splitlines() == [
        "Ann has the largest value in EUR: 300 of 400 (75 %).",
        "Bo has the largest value without currency: 100.",
    ]


def test_pipeline():
    """What is open is summed up, with what has no value."""
    table = OWNERS.assign(deals=[1, 1, 2], weighted=10.0, without_value=[0, 0, 2])
    assert sentences.pipeline(table, "owner_name") == (
        "4 deals worth 500 EUR are open, 30 EUR weighted by win probability; 2 have no value. "
        "Ann has the largest open value in EUR: 300 of 500 (60 %)."
    )
    assert sentences.pipeline(table[:1], "owner_name") == (
        "1 deal worth 300 EUR is open, 10 EUR weighted by win probability."
    )
    assert sentences.pipeline(table[2:], "owner_name") == "2 deals are open in EUR, without a value."
    assert sentences.pipeline(table[:0], "owner_name") == ""


@pytest.mark.parametrize(
    ("periods", "values", "expected"),
    [
        (["overdue", "2026-07"], [50.0, 150.0], "1 deal worth 50 EUR is overdue: 25 % of the open value."),
        (["2026-07", "undated"], [5.0, 5.0], "No deal in EUR is overdue. 1 deal in EUR has no close date."),
        (["2026-07", "2026-08"], [5.0, 5.0], "No deal in EUR is overdue."),
        (
            ["2026Q3", "2026Q4"],
            [5.0, 6.0],
            "No deal in EUR is overdue. The most in one quarter is planned for Q4 2026: 6 EUR.",
        ),
        (["overdue"], [0.0], "1 deal worth 0 EUR is overdue."),
        ([], [], ""),
    ],
)
def test_forecast(periods, values, expected):
    """What is overdue, the period with the most if there is one, and what has no date."""
    table = pd.DataFrame({"period": periods, "currency": "EUR", "deals": 1, "value": values})
    assert sentences.forecast(table) == expected


def test_forecast_without_values():
    """Overdue deals of which none has a value are not worth 0."""
    table = pd.DataFrame(
        {"period": ["overdue"], "currency": "EUR", "deals": 2, "without_value": 2, "value": 0.0}
    )
    assert sentences.forecast(table) == "2 deals in EUR, without a value, are overdue."


def test_won_value():
    """The last period and the best one; of a tie nothing is said, and undated wins are in no period."""
    table = pd.DataFrame({"period": ["2026-05", "2026-06", "undated"], "currency": "EUR", "deals": 1})
    assert sentences.won_value(table.assign(value=[9.0, 5.0, 99.0])) == (
        "In Jun 2026, the last month with a won deal, 5 EUR was won. The best month was May 2026: 9 EUR."
    )
    last = "In Jun 2026, the last month with a won deal, 9 EUR was won."
    assert sentences.won_value(table.assign(value=[9.0, 9.0, 1.0])) == last
    assert sentences.won_value(table[2:].assign(value=1.0)) == ""
