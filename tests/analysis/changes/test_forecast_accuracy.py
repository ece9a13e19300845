"""Accuracy of forecasts: what each month's forecast said at its start, against what was won in it."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from salesmate_nb.analysis import forecast, forecast_accuracy, in_zone
from salesmate_nb.errors import SalesmateError
from tests.analysis.changes.histories import any_states, history_of, state

READS = [pd.Timestamp(f"2026-{month}T06:00Z") for month in ("05-25", "06-01", "06-29", "07-06")]
DEAL = {"status": "Open", "currency": "EUR", "dealValue": 100, "winProbability": 40}
JUNE = DEAL | {"estimatedCloseDate": "2026-06-30"}


def months(*lives, **options):
    """Return the accuracy for deals with these changes, one at each read, or `None` if they are not there."""
    states, records = [], {}
    for read, changes in zip(READS, zip(*lives, strict=True), strict=True):
        for number, change in enumerate(changes):
            if change is None:
                records.pop(number, None)
            else:
                records[number] = records.get(number, {}) | change
        states.append(state(records, read))
    history = history_of(*states)
    return forecast_accuracy(history, states[-1], **options)


def test_forecast_and_outcome():
    """The forecast is that of the deals at the month's start, with their values then; won is what was won."""
    won = {"status": "Won", "closedDate": "2026-06-20"}
    table = months(
        [JUNE, {}, won | {"dealValue": 90}, {}],
        [JUNE, {}, {"estimatedCloseDate": "2026-07-31"}, {}],
        [JUNE, {}, None, None],
        [JUNE, {"status": "Lost"}, {}, {}],
        [None, JUNE | {"dealValue": 7}, won, {}],
        [DEAL, {}, won | {"closedDate": "2026-07-01"}, {}],
        [JUNE | {"currency": "USD", "dealValue": None, "winProbability": None}, {}, {}, {}],
    )
    assert list(table["period"].cat.categories) == ["2026-06"]
    euro, dollar = table.to_dict("records")
    assert (euro["period"], euro["currency"], dollar["currency"]) == ("2026-06", "EUR", "USD")
    assert (euro["deals"], euro["value"], euro["weighted"]) == (4, 400, 160)
    assert (euro["won"], euro["won_value"], euro["error"], euro["weighted_error"]) == (2, 97, 303, 63)
    assert (dollar["deals"], dollar["without_value"], dollar["without_weight"], dollar["won"]) == (1, 1, 1, 0)
    assert table.attrs["salesmate"] == {"since": READS[0].isoformat()}
    assert list(table["stale_hours"]) == [6 * 24 + 18.0] * 2  # the read of June 1 came later


def test_won_deal_without_a_closing_date():
    """It was won when the last change to won was made, and not before the history began."""
    seen = {"status": "Close", "lastModifiedAt": "2026-06-20T00:00Z"}
    again = [
        {"status": status, "lastModifiedAt": f"2026-{date}"}
        for status, date in [("Won", "05-28"), ("Open", "06-02"), ("Won", "06-30")]
    ]
    table = months([JUNE, {}, seen, {}], [DEAL | {"status": "Won"}, {}, {}, {}], [DEAL, *again])
    assert table[["won", "won_value"]].to_numpy().tolist() == [[2, 200]]


def test_refresh_that_found_nothing():
    """How stale a month's start is counts from the last refresh before, though that found no change."""
    states = [state({0: JUNE}, read) for read in (READS[0], READS[3])]
    history = history_of(*states)
    history.attrs["salesmate"]["refreshes"] = [READS[0].isoformat(), "2026-05-31T22:30:00+00:00"]
    assert list(forecast_accuracy(history, states[-1])["stale_hours"]) == [1.5]
    berlin = in_zone(states[-1], "Europe/Berlin")  # where June begins half an hour before that refresh
    assert list(forecast_accuracy(history, berlin)["stale_hours"]) == [6 * 24 + 16.0]


def test_past_periods():
    """Only periods are listed that began after the history and have ended, in the frame's time zone."""
    assert list(months([JUNE, {}, {}, {}], freq="W")["period"]) == ["2026-06-29/2026-07-05"]
    assert months([JUNE, {}, {}, {}], freq="Q").empty
    states = [state({0: JUNE}, READS[0]), state({0: JUNE}, READS[3])]
    history, now = history_of(*states), in_zone(states[-1], "America/New_York")
    now.attrs["salesmate"]["read_at"] = "2026-07-01T03:59:00+00:00"
    assert forecast_accuracy(history, now).empty
    now.attrs["salesmate"]["read_at"] = "2026-07-01T04:00:00+00:00"
    assert list(forecast_accuracy(history, now)["period"]) == ["2026-06"]


def test_probability_of_the_stage():
    """With `stages`, deals without a win probability take that of the stage they then were in."""
    deal = JUNE | {"winProbability": None, "pipeline": "Sales", "stage": "Demo"}
    stages = pd.DataFrame({"pipeline": ["Sales"], "stage": ["Demo"], "win_probability": [25.0]})
    table = months([deal, {}, {"stage": "Signed"}, {}], stages=stages)
    assert table[["weighted", "without_weight"]].to_numpy().tolist() == [[25, 0]]


def test_history_without_since():
    """The error says what is missing."""
    states = [state({0: JUNE}, read) for read in READS]
    history = history_of(*states)
    history.attrs = {}
    with pytest.raises(SalesmateError, match=r'no attrs\["salesmate"\]\["since"\]'):
        forecast_accuracy(history, states[-1])


def test_forecasts_of_then():
    """What it says of each month is what forecast() says of the frame that was read at its start."""
    states = any_states(random.Random(5), 19, 90)
    reads = [pd.Timestamp(each.attrs["salesmate"]["read_at"]) for each in states]
    table = forecast_accuracy(history_of(*states), states[-1])
    assert list(table["period"].cat.categories) == ["2026-06", "2026-07", "2026-08"]
    assert len(table) > 5
    sums = ["deals", "without_value", "value", "without_weight", "weighted"]
    for period, rows in table.groupby("period", observed=True):
        start = pd.Timestamp(period, tz="UTC")
        then = max(number for number, read in enumerate(reads) if read <= start)
        said = forecast(states[then], now=start)
        said = said[said["period"] == period]
        expected = {str(row["currency"]): [row[name] for name in sums] for _, row in said.iterrows()}
        found = {
            str(row["currency"]): [row[name] for name in sums] for _, row in rows.iterrows() if row["deals"]
        }
        assert {key: pytest.approx(value) for key, value in expected.items()} == found
