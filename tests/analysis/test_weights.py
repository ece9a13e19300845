"""Win probabilities: those of deals, and of their stages."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.analysis import forecast, win_rate
from salesmate_nb.errors import SalesmateError
from tests.analysis.frames import NOW, frame_of

STAGE_TABLE = pd.DataFrame(
    {
        "pipeline": ["Sales", "Sales", "Renewals", "Renewals", None],
        "stage": ["Demo", "Signed", "Demo", None, "Demo"],
        "win_probability": [20.0, None, 80.0, 99.0, 99.0],
    }
)


def test_stage_probability():
    """A deal without a win probability takes that of its stage in its pipeline; 0 is a probability."""
    places = [("Sales", "Demo"), ("Renewals", "Demo"), ("Sales", "Signed"), (None, "Demo"), ("Sales", "Demo")]
    weights = [None, None, None, None, 0]
    deals = frame_of(
        {
            "status": "Open",
            "pipeline": p,
            "stage": s,
            "currency": "EUR",
            "dealValue": 100,
            "winProbability": w,
        }
        for (p, s), w in zip(places, weights, strict=True)
    )
    [row] = forecast(deals, now=NOW, stages=STAGE_TABLE).to_dict("records")
    assert (row["deals"], row["value"], row["weighted"]) == (5, 500, 100)
    assert (row["weight_from_stage"], row["without_weight"]) == (2, 2)
    assert "weight_from_stage" not in forecast(deals, now=NOW)


def test_stages_as_categories():
    """Stages that come as categories in another order than those of the deals mean the same."""
    table = STAGE_TABLE.astype({"pipeline": "category", "stage": "category"})
    deals = frame_of([{"status": "Open", "pipeline": "Renewals", "stage": "Demo", "dealValue": 10}])
    assert forecast(deals, now=NOW, stages=table)["weighted"].tolist() == [8]


@pytest.mark.parametrize("name", ["pipeline", "stage", "win_probability"])
def test_stages_without_column(name):
    """The error names the column and the function that reads it."""
    deals = frame_of([{"status": "Open"}])
    with pytest.raises(SalesmateError, match=f"no column '{name}'.*pipelines_df"):
        forecast(deals, now=NOW, stages=STAGE_TABLE.drop(columns=name))


def test_deals_without_stage():
    """With `stages`, deals need their stage and pipeline."""
    deals = frame_of([{"status": "Open"}]).drop(columns="pipeline")
    assert len(forecast(deals, now=NOW)) == 1
    with pytest.raises(SalesmateError, match="no column 'pipeline'"):
        forecast(deals, now=NOW, stages=STAGE_TABLE)


def test_text_of_statuses_and_stages_as_a_reader_sees_it():
    """A status or stage that ends in a space, or is in another normal form, counts as what it shows."""
    deals = frame_of(
        [
            {"status": "won "},
            {"status": "LOST"},
            {"status": " open", "dealValue": 100, "stage": "Jose\u0301 ", "pipeline": "Sales"},
        ]
    )
    assert win_rate(deals)[["won", "lost"]].iloc[0].tolist() == [1, 1]
    stages = pd.DataFrame({"pipeline": ["sales"], "stage": ["José"], "win_probability": [20.0]})
    assert forecast(deals, now=NOW, stages=stages)["weighted"].tolist() == [20]
