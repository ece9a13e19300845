"""The deals as they stood: the same as the refresh found, for any history."""

from __future__ import annotations

import random

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb._history.replay import replay
from salesmate_nb.analysis._changes.past_state import past_state
from tests.analysis.changes.histories import FIELDS, any_states, arrow, day, days_of, events_of, history_of

SHOWN = ["id", *FIELDS]


def as_text(frame):
    """Return a frame with its categories as text, so that their order has no part in a comparison."""
    shown = frame[SHOWN]
    return shown.astype(dict.fromkeys(shown.columns[shown.dtypes == "category"], "str"))


def check_past(states):
    """Assert that each past state is what was read then, and what a replay of the events gives."""
    history, now = history_of(*states), states[-1]
    events, first = events_of(states), arrow(states[0])
    for number, then in enumerate(states):
        at = pd.Timestamp(then.attrs["salesmate"]["read_at"])
        for time in (at, at + pd.Timedelta(days=3)):
            found = past_state(history, now, time, FIELDS)
            pd.testing.assert_frame_equal(as_text(found), as_text(then))
        replayed = replay(first, pa.concat_tables([events[0].slice(0, 0), *events[:number]]), first.schema)
        assert replayed.select(SHOWN).equals(
            arrow(found.assign(created_at=pd.NaT, last_modified_at=pd.NaT)).select(SHOWN)
        )


def test_past_states():
    """Each week, the state from now and the history is the one that was read, and that of a replay."""
    check_past(any_states(random.Random(3), 4, 40))


@pytest.mark.slow
@settings(max_examples=4)
@given(st.randoms(use_true_random=False))
def test_any_past_states(random):
    """The same for any history."""
    check_past(any_states(random, random.randrange(2, 6), random.randrange(30)))


def test_deals_that_are_all_gone():
    """If no deal is left, those of then come by id, in whatever order they were deleted."""
    states = days_of({1: {"stage": "Demo"}, 4: None}, {1: {"stage": "Demo"}, 3: None})
    assert list(past_state(history_of(*states), states[-1], day(1), ["stage"])["id"]) == [0, 1]


def test_types_of_columns():
    """Values are of the dtype of the column now; an old stage that is no longer there is added at the end."""
    states = days_of(
        {1: {"stage": "Old", "dealValue": 5}, 2: None}, {1: {"stage": "Demo"}, 2: {"stage": "Signed"}}
    )
    now = states[1].assign(stage=states[1]["stage"].cat.remove_unused_categories(), flag=True)
    now["flag"] = now["flag"].astype("boolean")
    then = past_state(history_of(*states), now, day(1), ["stage", "deal_value", "flag", "title"])
    assert list(then["stage"]) == ["Old", "Demo"]
    assert list(then["stage"].cat.categories) == ["Signed", "Demo", "Old"]
    assert list(then.dtypes.astype(str)) == ["Int64", "category", "float64", "boolean", "str"]
    assert pd.isna(then["flag"][0])
