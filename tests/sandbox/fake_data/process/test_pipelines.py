"""The pipelines of made-up deals."""

from __future__ import annotations

from salesmate_nb.sandbox._fake_data.process.pipelines import pick_lists, pipelines


def test_pick_lists():
    """Pipelines and stages are those that occur, in the order of the sales process."""
    deals = [
        {"pipeline": "New business", "stage": "Proposal"},
        {"pipeline": "New business", "stage": "Demo"},
        {"pipeline": "Other", "stage": None},
    ]
    assert pick_lists(deals) == {"pipeline": ["New business"], "stage": ["Demo", "Proposal"]}


def test_pipelines():
    """Pipelines that occur are listed with all their stages, others not."""
    [renewals] = pipelines([{"pipeline": "Renewals", "stage": "Quoted"}, {"pipeline": "Other"}, {}])
    assert renewals["pipeline"] == "Renewals"
    assert [stage["stage"] for stage in renewals["stages"]] == ["Upcoming", "Quoted", "Verbal yes", "Renewed"]
