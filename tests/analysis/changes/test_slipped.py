"""The deals that slipped out of a period."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.analysis import in_zone, slipped
from salesmate_nb.errors import SalesmateError
from tests.analysis.changes.histories import days_of, history_of


def due(date, **values):
    return {"estimatedCloseDate": date, **values}


STATES = days_of(
    {1: due("2026-06-10"), 3: due("2026-06-25"), 5: due("2026-07-10")},  # twice, and out of June
    {1: due("2026-06-10"), 3: due("2026-06-25")},  # still in June
    {1: due("2026-07-02"), 3: due("2026-08-01")},  # never in June
    {1: due("2026-06-10"), 3: due("2026-07-10"), 5: {"status": "Lost"}},  # not open any more
    {2: due("2026-06-30T22:30Z"), 4: due("2026-09-30")},  # created in June, with a date in its last hours
)


def test_slipped():
    """An open deal whose date left the period is listed with its first date there and its moves."""
    table = slipped(history_of(*STATES), STATES[-1], pd.Period("2026-06"))
    assert dict(zip(table["id"], table["times_moved"], strict=True)) == {0: 2, 4: 1}
    assert [str(date.date()) for date in table["planned"]] == ["2026-06-10", "2026-06-30"]
    assert list(table.columns) == [*STATES[-1].columns, "planned", "times_moved", "last_moved"]


def test_zone():
    """Whether a date is in the period is decided in the frame's time zone."""
    berlin = in_zone(STATES[-1], "Europe/Berlin")
    assert list(slipped(history_of(*STATES), berlin, pd.Period("2026-06"))["id"]) == [0]


def test_nothing_slipped():
    """Without events or deals there are no rows; what is no period is refused."""
    history, now = history_of(*STATES), STATES[-1]
    assert slipped(history[:0], now, pd.Period("2026-06")).empty
    assert slipped(history, now[:0], pd.Period("2026-06")).empty
    with pytest.raises(SalesmateError, match="not a period"):
        slipped(history, now, "2026-06")
