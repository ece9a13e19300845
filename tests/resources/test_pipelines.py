"""Pipelines: a row for each stage, read by one request."""

from __future__ import annotations

import json

import pytest

from salesmate_nb import BadResponse, SettingsError, connect
from salesmate_nb.resources.pipelines import PIPELINES_PATH
from salesmate_nb.sandbox import ScriptedResponse
from tests.helpers import reach

PATH = f"/{PIPELINES_PATH}"
DTYPES = {
    "pipeline": "category",
    "stage": "category",
    "position": "Int64",
    "win_probability": "float64",
    "rotten_after_days": "Int64",
    "is_probability_manual": "boolean",
}


def script(box, *pipelines):
    body = json.dumps({"Status": "success", "Data": pipelines}).encode()
    box.script(PATH, ScriptedResponse(body=body))


def test_pipelines_df(box):
    """One request returns every stage in order, with its probability in percent."""
    stages = reach(box, "key-v4").pipelines_df()
    assert [call.path for call in box.log] == [PATH]
    assert {name: str(dtype) for name, dtype in stages.dtypes.items()} == DTYPES
    assert list(stages.columns) == list(DTYPES)
    assert list(stages["stage"].cat.categories) == list(stages["stage"])  # not by name
    assert list(stages["pipeline"].cat.categories) == ["New business", "Renewals"]
    assert list(stages["position"]) == [1, 2, 3, 4, 5, 1, 2, 3, 4]
    row = stages.iloc[1]
    assert (row["stage"], row["win_probability"], row["rotten_after_days"]) == ("Demo", 25.0, 30)
    assert not stages["is_probability_manual"].any()


def test_stages_of_deals(box):
    """Every stage of a deal is one of its pipeline, and their order is the same in both frames."""
    connection = reach(box, "key-v4")
    stages, deals = connection.pipelines_df(), connection.deals_df()
    pairs = set(zip(stages["pipeline"], stages["stage"], strict=True))
    assert set(zip(deals["pipeline"], deals["stage"], strict=True)) <= pairs
    assert list(deals["stage"].cat.categories) == list(stages["stage"].cat.categories)


@pytest.mark.parametrize("data", [[], [{"pipeline": "Sales"}], [{"pipeline": "Sales", "stages": None}]])
def test_no_stages(box, data):
    """Without stages the frame is empty, with the same columns and dtypes."""
    script(box, *data)
    stages = reach(box, "key-v4").pipelines_df()
    assert len(stages) == 0
    assert {name: str(dtype) for name, dtype in stages.dtypes.items()} == DTYPES


def test_numbers_as_text(box):
    """Numbers and flags may come as text, or as 1 and 0."""
    stage = {"stage": "New", "winProbability": "12.5", "rottenPeriod": "30"}
    script(box, {"pipeline": "Sales", "isWinProbabilityEnabledManually": 1, "stages": [stage]})
    [row] = reach(box, "key-v4").pipelines_df().to_dict("records")
    assert row == {
        "pipeline": "Sales",
        "stage": "New",
        "position": 1,
        "win_probability": 12.5,
        "rotten_after_days": 30,
        "is_probability_manual": True,
    }


def test_unreadable_values(box):
    """Values that cannot be parsed are missing, and a warning counts them."""
    stages = [{"stage": "New", "winProbability": "likely", "rottenPeriod": 1.5}, {"stage": {"id": 1}}]
    script(
        box,
        {"pipeline": "Sales", "isWinProbabilityEnabledManually": "maybe", "stages": stages},
        {"pipeline": "Odd", "stages": {"stage": "New"}},
    )
    counts = "2 in is_probability_manual, 1 in rotten_after_days, 2 in stage, 1 in win_probability"
    with pytest.warns(UserWarning, match=f"missing: {counts}"):
        frame = reach(box, "key-v4").pipelines_df()
    assert list(frame["position"]) == [1, 2, 1]
    assert frame["stage"].isna().tolist() == [False, True, True]


def test_no_percentage(box):
    """A probability outside of 0 to 100 percent is missing, and counted with those that cannot be read."""
    stages = [{"stage": str(value), "winProbability": value} for value in (0, "100", 150, -5, 1e308, "10%")]
    script(box, {"pipeline": "Sales", "stages": stages})
    with pytest.warns(UserWarning, match="missing: 4 in win_probability"):
        frame = reach(box, "key-v4").pipelines_df()
    assert frame["win_probability"].tolist()[:2] == [0, 100]
    assert frame["win_probability"].isna().tolist() == [False, False, True, True, True, True]


@pytest.mark.parametrize("payload", [{}, {"Status": "success", "Data": {}}, {"Data": ["x"]}])
def test_bad_response(box, payload):
    """A response without a list of pipelines is an error, not an empty frame."""
    box.script(PATH, ScriptedResponse(body=json.dumps(payload).encode()))
    with pytest.raises(BadResponse, match="pipelines"):
        reach(box, "key-v4").pipelines_df()


def test_v1(box):
    """Without a linkname the error names the setting, and no request is made."""
    connection = connect(box)
    before = len(box.log)
    with pytest.raises(SettingsError, match="SALESMATE_LINKNAME"):
        connection.pipelines_df()
    assert len(box.log) == before
