"""The deals of one pipeline or currency."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.analysis import choose, choose_history, largest_pipeline
from salesmate_nb.errors import SalesmateError
from tests.analysis.frames import frame_of

DEALS = frame_of(
    {"pipeline": pipeline, "currency": currency}
    for pipeline, currency in [("Sales", "EUR"), ("Renewals", "USD"), ("Sales", "USD"), (None, "USD")]
)


def test_largest_pipeline():
    """It has the most deals; without any pipeline, all deals are chosen."""
    assert largest_pipeline(DEALS) == "Sales"
    assert largest_pipeline(DEALS[DEALS["pipeline"] == "Renewals"]) == "Renewals"
    assert largest_pipeline(DEALS[DEALS["pipeline"].isna()]) == largest_pipeline(DEALS[:0]) == "all"


def test_choose():
    """Names count without regard to case, both conditions hold, and "all" and None leave all rows."""
    assert list(choose(DEALS, pipeline="sales ").index) == [0, 2]
    assert list(choose(DEALS, pipeline="Sales", currency="usd").index) == [2]
    assert len(choose(DEALS)) == len(choose(DEALS, pipeline="all", currency="all")) == 4


def test_choose_history():
    """A deal counts with all its past for the pipeline that it has now, a deleted one for its last."""
    now = frame_of([{"pipeline": "Sales"}, {"pipeline": "Renewals"}])
    places = [(0, "Renewals"), (0, "Sales"), (1, "Sales"), (2, "Renewals"), (2, "Sales"), (3, "Renewals")]
    history = pd.DataFrame(places, columns=["id", "pipeline"]).assign(currency="EUR")
    assert list(choose_history(history, now, pipeline="Sales").index) == [0, 1, 3, 4]
    assert len(choose_history(history, now, pipeline="all")) == len(history)


def test_unknown_name():
    """A misspelt name is an error that says which was meant and which there are; no rows have no names."""
    with pytest.raises(SalesmateError, match=r"'Sale'\. Did you mean 'Sales'\? There are: Renewals, Sales\."):
        choose(DEALS, pipeline="Sale")
    with pytest.raises(SalesmateError, match="No row has a currency"):
        choose(frame_of([{"pipeline": "Sales"}]), currency="EUR")
    assert choose(frame_of([]), pipeline="Sale").empty
