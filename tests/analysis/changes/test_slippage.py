"""Slippage: how often and how far close dates were moved."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.analysis import slippage
from tests.analysis.changes.histories import day, days_of, history_of

ANN, BO = {"owner": {"id": 1, "name": "Ann"}}, {"owner": {"id": 2, "name": "Bo"}}


def due(date):
    """Return a close date, in June 2026 if it is a number."""
    return {"estimatedCloseDate": date if date is None else f"2026-06-{date:02}"}


LIVES = [
    {1: ANN | due(10) | {"stage": "Demo"}, 2: due(20), 3: due(24) | BO | {"stage": "Signed"}, 4: due(22)},
    {1: ANN | due(10) | {"stage": "Demo"}, 2: due(12)},
    {1: ANN, 2: due(5), 3: due(None), 4: due(6)},
    {1: ANN | due(10), 2: due(2) | {"status": "Won"}},
    {1: ANN | due(10), 2: None, 3: due(12)},
    {2: ANN | due(10)},
]


def history():
    return history_of(*days_of(*LIVES))


def test_moves_by_owner_and_stage():
    """Moves count for owner and stage just after them, later and earlier apart; first dates do not."""
    table = slippage(history())
    assert table.astype("object").where(table.notna(), None).to_dict("records") == [
        {
            "owner_name": "Ann",
            "stage": "Demo",
            "deals": 2,
            "later": 2,
            "later_days": 12,
            "median_later_days": 6,
            "earlier": 0,
            "earlier_days": 0,
            "median_earlier_days": None,
        },
        {
            "owner_name": "Bo",
            "stage": "Signed",
            "deals": 1,
            "later": 1,
            "later_days": 4,
            "median_later_days": 4,
            "earlier": 1,
            "earlier_days": 2,
            "median_earlier_days": 2,
        },
    ]
    assert table.attrs["salesmate"] == {"since": day(1).isoformat()}


def test_moves_of_each_deal():
    """By id and title, each deal that was moved has a row; in all, a deal is counted once."""
    table = slippage(history(), ["id", "title"])
    assert table[["id", "title", "later", "later_days"]].to_numpy().tolist() == [
        [0, "Deal 0", 2, 14],
        [1, "Deal 1", 1, 2],
    ]
    assert slippage(history(), ()).loc[0, ["deals", "later", "earlier"]].tolist() == [2, 3, 1]


def test_no_moves():
    """Without moves, the columns and dtypes are the same."""
    table, empty = slippage(history()), slippage(history()[:0])
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, table.dtypes)
