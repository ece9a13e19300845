"""Win rates: which deals count, and real deals."""

from __future__ import annotations

import pytest

from salesmate_nb.analysis import win_rate
from tests.analysis.frames import frame_of


def test_decided_statuses():
    """`Won` and `Close` count as won, `Lost` as lost; a deal of any other status is not decided."""
    deals = frame_of({"status": status} for status in ["Won", "Close", "Lost", "Open", None, "Archived"])
    row = win_rate(deals).iloc[0]
    assert (row["won"], row["lost"], row["decided"], row["rate"]) == (2, 1, 3, 2 / 3)


def test_rate_of_nothing_decided():
    """0 of 0 is not 0 %: the rate and its interval are missing."""
    row = win_rate(frame_of([{"status": "Open"}])).iloc[0]
    assert (row["won"], row["lost"], row["decided"]) == (0, 0, 0)
    assert row[["rate", "low", "high"]].isna().all()


def test_real_win_rate(real):
    """4,238 of 6,711 decided deals were won, 63.15 %; by owner, the rates equal those of plain pandas."""
    row = win_rate(real).iloc[0]
    assert (row["won"], row["lost"], row["decided"]) == (4238, 2473, 6711)
    assert round(row["rate"], 4) == 0.6315
    assert row["low"] < 0.6315 < row["high"] < row["low"] + 0.025
    table = win_rate(real, "owner_name").set_index("owner_name")
    decided = real[real["status"] != "Open"]
    by_hand = decided["status"].eq("Won").groupby(decided["owner_name"], observed=True).mean()
    assert len(table) == 30
    assert list(table["rate"]) == pytest.approx(list(by_hand))
