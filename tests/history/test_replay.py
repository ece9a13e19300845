"""Replay: the state after events equals the state that they were made of."""

import datetime as dt
import itertools

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb._history.events import SCHEMA, TIMESTAMP, compare
from salesmate_nb._history.replay import replay

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ROW = st.tuples(
    st.sampled_from(["Demo", "Offer", "", None]),
    st.sampled_from([0.0, 0.1, 1e9, None]),
    st.sampled_from([1, 2**60, None]),
    st.sampled_from([True, False, None]),
    st.sampled_from([START, START + dt.timedelta(microseconds=1), None]),
    st.sampled_from([START, START - dt.timedelta(days=9), None]),
)
STATES = st.lists(st.dictionaries(st.integers(1, 6), ROW, max_size=6), min_size=1, max_size=6)
KINDS = {
    "stage": pa.string(),
    "deal_value": pa.float64(),
    "owner_id": pa.int64(),
    "flag": pa.bool_(),
    "last_modified_at": TIMESTAMP,
    "created_at": TIMESTAMP,
}


def table(rows):
    """Return a state as a table."""
    ids = sorted(rows)
    columns = zip(*(rows[number] for number in ids), strict=True) if ids else [()] * len(KINDS)
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            **{
                name: pa.array(list(values), kind)
                for (name, kind), values in zip(KINDS.items(), columns, strict=True)
            },
        }
    )


def check(states):
    """Compare each state with what the first one and the events since give."""
    tables = [table(rows) for rows in states]
    events = [SCHEMA.empty_table()]
    for day, (before, after) in enumerate(itertools.pairwise(tables)):
        events.append(compare(before, after, START + dt.timedelta(days=day), START))
        assert replay(tables[0], pa.concat_tables(events), after.schema).equals(after)


@settings(max_examples=30)
@given(STATES)
def test_any_states(states):
    """Rows that are edited, deleted, restored and created replay to each state in turn."""
    check(states)


@pytest.mark.slow
@settings(max_examples=100)
@given(STATES)
def test_many_states(states):
    """The same for more of them."""
    check(states)


def test_columns_of_today():
    """A column that the account retyped since is read as it is now; one without values is missing."""
    first = pa.table({"id": [1, 2], "size": pa.array(["7", "big"]), "gone": ["x", "y"]})
    schema = pa.schema([("id", pa.int64()), ("size", pa.int64()), ("added", pa.string())])
    assert replay(first, SCHEMA.empty_table(), schema).to_pylist() == [
        {"id": 1, "size": 7, "added": None},
        {"id": 2, "size": None, "added": None},
    ]
