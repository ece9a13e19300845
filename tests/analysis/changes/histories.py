"""Histories as `history_df()` returns them, from the states that refreshes found."""

from __future__ import annotations

import itertools

import pandas as pd
import pyarrow as pa

from salesmate_nb._history.events import compare
from tests.analysis.frames import STAGES, frame_of
from tests.analysis.movement.states import any_record

FIELDS = ["stage", "pipeline", "status", "deal_value", "currency", "owner_id", "win_probability"]
FIELDS += ["estimated_close_date"]
KEPT = {*FIELDS, "created", "deleted", "restored"}
CONTEXT = ["title", "stage", "pipeline", "status", "owner_id", "owner_name", "deal_value", "currency"]
COLUMNS = ["id", "title", "field", "old", "new", "changed_at", "seen_at", *CONTEXT[1:]]


def day(number):
    """Return a day of June 2026, when a refresh was made."""
    return pd.Timestamp("2026-06-01T06:00Z") + pd.Timedelta(days=number - 1)


def state(records, read_at):
    """Return a frame of records by id, which says when it was read."""
    frame = frame_of([{"id": number, "title": f"Deal {number}", **each} for number, each in records.items()])
    frame.attrs["salesmate"] = {"read_at": read_at.isoformat()}
    return frame


def arrow(frame):
    """Return the columns that a history keeps as an Arrow table."""
    table = pa.Table.from_pandas(
        frame[["id", *FIELDS, "created_at", "last_modified_at"]], preserve_index=False
    )
    plain = [pa.string() if pa.types.is_dictionary(field.type) else field.type for field in table.schema]
    names = table.column_names
    return table.cast(pa.schema(list(zip(names, plain, strict=True)))).replace_schema_metadata(None)


def events_of(states):
    """Return the events of states, as the refreshes of a snapshot found them, in one table for each."""
    found = []
    for before, after in itertools.pairwise(states):
        previous, seen_at = (
            pd.Timestamp(each.attrs["salesmate"]["read_at"]).to_pydatetime() for each in (before, after)
        )
        events = compare(arrow(before), arrow(after), seen_at, previous)
        found.append(
            events.filter(pa.array([name in KEPT for name in events["field"].to_pylist()], pa.bool_()))
        )
    return found


def history_of(*states):
    """Return the history that these states leave."""
    parts = [
        events.to_pandas().astype({"id": "Int64"}).merge(after[["id", *CONTEXT]], how="left", on="id")
        for events, after in zip(events_of(states), states[1:], strict=True)
    ]
    history = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    order = pd.CategoricalDtype(dict.fromkeys([*STAGES, *history["stage"].dropna()]))
    history = history[COLUMNS].astype({"field": "category", "stage": order, "pipeline": "category"})
    history.attrs["salesmate"] = {"since": states[0].attrs["salesmate"]["read_at"]}
    return history


def days_of(*lives):
    """Return the states of deals by day: each life holds the values from some days on, or `None`."""
    last = max(number for life in lives for number in life)
    states = []
    for number in range(1, last + 1):
        records = {}
        for deal, life in enumerate(lives):
            until = [each for each in life if each <= number]
            if until and life[max(until)] is not None:
                records[deal] = record_at(life, number, max(until))
        states.append(state(records, day(number)))
    return states


def record_at(life, number, changed):
    """Return the record of a life at a day."""
    record = {"status": "Open", "pipeline": "Sales", "currency": "EUR", "createdAt": "2026-01-01"}
    for each in sorted(life):
        if each <= number:
            record |= life[each] or {}
    return record | {"lastModifiedAt": (day(changed) - pd.Timedelta(hours=6)).isoformat()}


def any_states(random, refreshes, count):
    """Return the random states of an account, a week apart."""
    records, states = {}, []
    for number in range(refreshes):
        at = pd.Timestamp("2026-05-04T06:00Z") + pd.Timedelta(weeks=number)
        for deal in range(count):
            chance = random.random()
            if chance < 0.1:
                records.pop(deal, None)
            elif chance < 0.3 or (deal in records and chance < 0.5):
                values = {name: value for name, value in any_record(random).items() if random.random() < 0.5}
                values |= {
                    "pipeline": random.choice(["Sales", "Renewals"]),
                    "winProbability": random.choice([None, 20, 50]),
                }
                modified = at - pd.Timedelta(hours=random.randrange(24 * 7))
                records[deal] = records.get(deal, {}) | values | {"lastModifiedAt": modified.isoformat()}
        states.append(state(dict(sorted(records.items())), at))
    return states
