"""The funnel: which deals reached a stage."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.analysis import funnel
from salesmate_nb.errors import SalesmateError
from tests.analysis.frames import frame_of

DEALS = frame_of(
    [
        {"pipeline": "Sales", "stage": "Upcoming", "status": "Open"},
        {"pipeline": "Sales", "stage": "Upcoming", "status": "Lost"},
        {"pipeline": "Sales", "stage": "Signed", "status": "Close"},
        {"pipeline": "Renewals", "stage": "Demo", "status": "Won"},
        {"pipeline": "Sales", "stage": None, "status": "Open"},
    ]
)


def rows(table):
    """Return the counts of each pipeline and stage."""
    return [(row.pipeline, row.stage, row.deals, row.won) for row in table.itertuples()]


def test_reached():
    """A deal reached its stage and all before it, in its own pipeline; without a stage it is left out."""
    table = funnel(DEALS)
    assert rows(table) == [("Renewals", "Demo", 1, 1), ("Sales", "Upcoming", 3, 1), ("Sales", "Signed", 1, 1)]
    assert [None if pd.isna(step) else step for step in table["step"]] == [None, None, 1 / 3]


def test_stages_without_deals():
    """With `stages`, each pipeline has its own stages and order, also those in which no deal is."""
    stages = pd.DataFrame(
        {"pipeline": "Sales", "stage": ["Signed", "Demo", "Upcoming"], "position": [3, 2, 1]}
    )
    table = funnel(DEALS, stages=stages)
    assert rows(table) == [("Sales", "Upcoming", 3, 1), ("Sales", "Demo", 1, 1), ("Sales", "Signed", 1, 1)]
    assert funnel(DEALS[:0], stages=stages)["deals"].sum() == 0


def test_without_pipeline():
    """Deals without a pipeline are a group of their own."""
    table = funnel(DEALS.assign(pipeline=DEALS["pipeline"].where(DEALS["pipeline"] != "Sales")))
    assert list(table["deals"]) == [1, 3, 1]
    assert table["pipeline"].isna().sum() == 2


def test_unknown_order():
    """Stages that are plain text have no order."""
    with pytest.raises(SalesmateError, match="Pass stages=pipelines_df"):
        funnel(DEALS.astype({"stage": "str"}))


def test_empty():
    """Without deals there are no rows, but all columns."""
    assert list(funnel(DEALS[:0]).columns) == ["pipeline", "stage", "deals", "won", "step"]


def test_real_funnel(real):
    """All 8,800 real deals reached the first stage of their pipeline, and 4,238 of them are won."""
    first = funnel(real).groupby("pipeline", observed=True, dropna=False)[["deals", "won"]].max().sum()
    assert (first["deals"], first["won"]) == (8800, 4238)
