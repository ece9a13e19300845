"""Events: what differs between two states."""

import datetime as dt

import pyarrow as pa
import pytest

from salesmate_nb._history.events import TIMESTAMP, compare, from_text, to_text

MODIFIED = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
PREVIOUS, SEEN = (dt.datetime(2026, 3, day, tzinfo=dt.UTC) for day in (2, 3))


def state(rows):
    """Return a table of deals by id."""
    times = pa.array([MODIFIED] * len(rows), TIMESTAMP)
    return pa.table(
        {
            "id": pa.array(list(rows), pa.int64()),
            "stage": pa.array([stage for stage, _ in rows.values()], pa.string()),
            "deal_value": pa.array([value for _, value in rows.values()], pa.float64()),
            "created_at": pa.array(
                [MODIFIED if number < 100 else SEEN - dt.timedelta(days=9) for number in rows], TIMESTAMP
            ),
            "last_modified_at": times,
        }
    )


def events(before, after):
    """Return (id, field, old, new) of each event, but those of timestamps."""
    found = compare(state(before), state(after), SEEN, PREVIOUS).to_pylist()
    assert {each["seen_at"] for each in found} <= {SEEN}
    assert all((each["changed_at"] == MODIFIED) != _is_deletion(each, after) for each in found)
    return [
        (each["id"], each["field"], each["old"], each["new"])
        for each in found
        if not each["field"].endswith("_at")
    ]


def _is_deletion(event, after):
    return event["id"] not in after


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({1: ("Demo", 5.0)}, {1: ("Demo", 5.0)}, []),
        ({}, {}, []),
        ({1: ("Demo", 5.0)}, {1: ("Offer", 5.0)}, [(1, "stage", "Demo", "Offer")]),
        ({1: (None, 5.0)}, {1: ("Offer", None)}, [(1, "stage", None, "Offer"), (1, "deal_value", "5", None)]),
        ({1: ("Demo", 0.1 + 0.2)}, {1: ("Demo", 0.3)}, [(1, "deal_value", "0.30000000000000004", "0.3")]),
        ({}, {2: ("Demo", None)}, [(2, "created", None, None), (2, "stage", None, "Demo")]),
        ({2: ("Demo", None)}, {}, [(2, "deleted", None, None), (2, "stage", "Demo", None)]),
    ],
)
def test_what_differs(before, after, expected):
    """Each value that differs is one event; a row that came or went is one, and one for each value."""
    assert events(before, after) == expected


def test_restored():
    """A row that appears though it was created long before the refresh before is restored."""
    found = events({}, {2: (None, None), 100: (None, None)})
    assert found == [(2, "created", None, None), (100, "restored", None, None)]


def test_column_that_appears_and_goes():
    """A column that one state lacks counts as missing there."""
    table = state({1: ("Demo", 5.0)})
    without = table.drop_columns(["deal_value"])
    assert compare(without, table, SEEN, PREVIOUS).select(["field", "old", "new"]).to_pylist() == [
        {"field": "deal_value", "old": None, "new": "5"}
    ]
    assert compare(table, without, SEEN, PREVIOUS).select(["field", "old", "new"]).to_pylist() == [
        {"field": "deal_value", "old": "5", "new": None}
    ]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, -(2**63), 2**63 - 1, None]),
        pa.array([0.1, 1e300, 5e-324, -1234567.89, None]),
        pa.array([True, False, None]),
        pa.array(["", "ÄÖ,\n'", None]),
        pa.array([-62_135_596_800_000_000, 253_402_300_799_999_999, 1, None], TIMESTAMP),
    ],
    ids=lambda values: str(values.type),
)
def test_text_of_a_value(values):
    """Text is read back exactly."""
    assert from_text(to_text(values), values.type).equals(values)
