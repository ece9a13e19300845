"""A history of two deals: one moves on, one is deleted; a third one appears."""

import datetime as dt

import pyarrow as pa
import pytest

from salesmate_nb._history.events import SCHEMA, TIMESTAMP, compare
from salesmate_nb._history.history import History

KINDS = pa.schema(
    [
        ("id", pa.int64()),
        ("title", pa.string()),
        ("stage", pa.string()),
        ("pipeline", pa.string()),
        ("status", pa.string()),
        ("owner_id", pa.int64()),
        ("owner_name", pa.string()),
        ("deal_value", pa.float64()),
        ("currency", pa.string()),
        ("created_at", TIMESTAMP),
        ("last_modified_at", TIMESTAMP),
    ]
)
MONDAY, TUESDAY, WEDNESDAY = (dt.datetime(2026, 3, day, 6, tzinfo=dt.UTC) for day in (2, 3, 4))


def state(*deals):
    """Return deals with an owner who is the same in all."""
    rows = [{"owner_id": 7, "owner_name": "Ann", "last_modified_at": MONDAY, **deal} for deal in deals]
    return pa.Table.from_pylist(rows, KINDS)


@pytest.fixture(scope="session", name="deals")
def history_of_deals():
    """Return the history of two deals: one moves on, one is deleted; a third one appears."""
    states = [
        state({"id": 1, "title": "A", "stage": "Demo", "deal_value": 5.0}, {"id": 2, "stage": "Demo"}),
        state({"id": 1, "title": "B", "stage": "Offer", "deal_value": 5.0}, {"id": 2, "stage": "Offer"}),
        state({"id": 1, "title": "B", "stage": "Signed", "deal_value": 9.0}, {"id": 3, "stage": "Demo"}),
    ]
    times = (MONDAY, TUESDAY, WEDNESDAY)
    events = [
        compare(states[number - 1], states[number], times[number], times[number - 1]) for number in (1, 2)
    ]
    return History(first=states[0], events=pa.concat_tables([SCHEMA.empty_table(), *events]), refreshes=times)
