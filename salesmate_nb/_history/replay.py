"""Replay: the state of a table at some time, from its first state and the events since."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from salesmate_nb._history.events import DELETED, EXISTENCE, Ids, from_text, to_text


def replay(first: pa.Table, events: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the state after some events.

    Parameters
    ----------
    first : pyarrow.Table
        The first state, its rows ascending by ``id``.
    events : pyarrow.Table
        As :func:`~salesmate_nb._history.events.compare` returns them, one refresh after the other.
    schema : pyarrow.Schema
        The columns to return. A column that neither the first state nor an event has is missing.

    Returns
    -------
    pyarrow.Table
        Its rows ascending by ``id``.

    Examples
    --------
    >>> first = pa.table({"id": [1, 2], "stage": ["Demo", "Demo"]})
    >>> events = pa.table({"id": [1, 2], "field": ["stage", "deleted"], "new": ["Offer", None]})
    >>> replay(first, events, first.schema).to_pylist()
    [{'id': 1, 'stage': 'Offer'}]
    """
    changes = dict(_last_by_field(events))
    ids = first.column("id").to_numpy()
    existing = _existing(ids, changes)
    position = np.searchsorted(ids, existing)
    position[position == len(ids)] = 0
    is_first = ids[position] == existing if len(ids) else np.zeros(len(existing), dtype=bool)
    start = pa.array(position, mask=~is_first)
    columns = [
        pa.array(existing)
        if field.name == "id"
        else _changed(existing, _start(first, field, start), changes.get(field.name))
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def last_of_each(ids: Ids) -> Ids:
    """Return the position of the last occurrence of each id, in the order of the ids."""
    _, from_end = np.unique(ids[::-1], return_index=True)
    return len(ids) - 1 - from_end


def _last_by_field(events: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yield each field with the last event of each id; ``created`` stands for all three of existence."""
    encoded = events.column("field").combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    ids = events.column("id").to_numpy()
    groups: dict[str, list[int]] = {}
    for code, name in enumerate(names):
        groups.setdefault(EXISTENCE[0] if name in EXISTENCE else name, []).append(code)
    columns = events.select(["id", "field", "new"]).combine_chunks()
    for name, members in groups.items():
        rows = np.flatnonzero(np.isin(codes, members) if len(members) > 1 else codes == members[0])
        yield name, columns.take(rows[last_of_each(ids[rows])])


def _existing(ids: Ids, changes: dict[str, pa.Table]) -> Ids:
    if EXISTENCE[0] not in changes:
        return ids
    events = changes[EXISTENCE[0]]
    changed = events.column("id").to_numpy()
    is_gone = np.asarray(events.column("field")) == DELETED
    return np.union1d(np.setdiff1d(ids, changed[is_gone], assume_unique=True), changed[~is_gone])


def _start(first: pa.Table, field: pa.Field, rows: pa.Array) -> pa.Array:
    """Return a column of the first state, missing for rows that came later."""
    if field.name not in first.column_names:
        return pa.nulls(len(rows), field.type)
    values = first.column(field.name).combine_chunks()
    return (values if values.type == field.type else from_text(to_text(values), field.type)).take(rows)


def _changed(existing: Ids, values: pa.Array, events: pa.Table | None) -> pa.Array:
    """Return a column with the new values of the events of existing rows."""
    if events is None:
        return values
    ids = events.column("id").to_numpy()
    row = np.searchsorted(existing, ids)
    is_there = row < len(existing)
    is_there[is_there] = existing[row[is_there]] == ids[is_there]
    new = from_text(events.column("new").combine_chunks().filter(pa.array(is_there)), values.type)
    source = np.arange(len(existing))
    source[row[is_there]] = len(existing) + np.arange(len(new))
    return pa.concat_arrays([values, new]).take(pa.array(source))
