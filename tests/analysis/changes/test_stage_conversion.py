"""Conversion from stage to stage: which deals went on, back, or were lost."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.analysis import stage_conversion, win_rate
from salesmate_nb.errors import SalesmateError
from tests.analysis.changes.histories import day, days_of, history_of

UPCOMING, DEMO, SIGNED = ({"stage": stage} for stage in ("Upcoming", "Demo", "Signed"))
WON, LOST = {"status": "Won"}, {"status": "Lost"}
LIVES = [
    {1: UPCOMING, 2: DEMO, 3: SIGNED, 4: WON},
    {1: UPCOMING, 2: SIGNED, 3: LOST},
    {1: DEMO, 2: UPCOMING, 3: LOST},
    {1: DEMO, 2: UPCOMING, 3: DEMO, 4: SIGNED},
    {1: DEMO, 3: {"pipeline": "Renewals"} | UPCOMING},
    {1: DEMO, 4: None},
]
COUNTS = ["deals", "went_on", "lost", "undecided", "moved_back"]


def conversions(*lives, **options):
    """Return the counts of each pipeline and stage."""
    states = days_of(*lives, {5: None})
    table = stage_conversion(history_of(*states), states[-1], **options)
    keys = zip(table["pipeline"], table["stage"], strict=True)
    return dict(zip(keys, map(tuple, table[COUNTS].to_numpy().tolist()), strict=True))


def test_deals_that_went_on():
    """A deal went on if it came to a later stage of its pipeline, or was won; others are lost or open."""
    assert conversions(*LIVES) == {
        ("Sales", "Upcoming"): (4, 3, 1, 0, 0),
        ("Sales", "Demo"): (5, 2, 1, 2, 2),
        ("Sales", "Signed"): (3, 1, 1, 1, 0),
        ("Renewals", "Upcoming"): (1, 0, 0, 1, 0),
    }


def test_interval():
    """The share is of the decided deals, and its interval that of win rates."""
    states = days_of(*LIVES)
    table = stage_conversion(history_of(*states), states[-1], confidence=0.8)
    expected = win_rate(pd.DataFrame({"status": ["Won"] * 2 + ["Lost"]}), confidence=0.8)
    demo = table[table["stage"] == "Demo"]
    assert (
        demo[["rate", "low", "high"]].to_numpy().tolist()
        == expected[["rate", "low", "high"]].to_numpy().tolist()
    )
    assert table.attrs["salesmate"] == {"since": day(1).isoformat()}


def test_order_of_a_pipeline():
    """With `stages`, each pipeline has its own order, in which an unlisted stage has no place."""
    stages = pd.DataFrame({"pipeline": "Sales", "stage": ["Signed", "Upcoming"], "position": [1, 2]})
    lives = [{1: SIGNED, 2: UPCOMING}, {1: UPCOMING, 2: SIGNED}, {1: DEMO, 2: UPCOMING}]
    assert conversions(*lives, stages=stages) == {
        ("Sales", "Upcoming"): (3, 0, 0, 3, 1),
        ("Sales", "Demo"): (1, 0, 0, 1, 0),
        ("Sales", "Signed"): (2, 1, 0, 1, 0),
    }
    with pytest.raises(SalesmateError, match=r"stages has no column 'position'.*pipelines_df\(\)"):
        conversions(*lives, stages=stages.drop(columns="position"))


def test_unknown_order():
    """Stages as text have no order: the error says what to pass."""
    states = days_of(*LIVES)
    with pytest.raises(SalesmateError, match=r"Pass stages=pipelines_df\(\)"):
        stage_conversion(history_of(*states), states[-1].astype({"stage": "str"}))
