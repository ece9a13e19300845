"""Rows of a snapshot: combined, replaced, removed and selected, without any file or request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._frames.arrow import BatchBuilder, assemble, concat
from salesmate_nb._search.columns import choose_columns
from salesmate_nb._search.query import Query
from salesmate_nb._search.search import Record, record_id
from salesmate_nb._snapshot.store import UNREADABLE, Snapshot
from salesmate_nb.resources.base import Field


def rows_of(fields: Iterable[Field], pages: Iterable[pa.RecordBatch | pa.Table] = ()) -> pa.Table:
    """Concatenate pages into a table with the columns of a snapshot."""
    return concat([*fields, UNREADABLE], pages)


def rows_from(builder: BatchBuilder, records: Iterable[Record]) -> pa.Table:
    """Convert records to rows of a snapshot; of several with one id, the last one counts."""
    unique = {record_id(record): record for record in records}
    rows = builder.build(list(unique.values()))
    return rows_of(builder.fields, [with_parse_errors(rows, builder.parse_errors)])


def minutes(table: pa.Table) -> dict[int, int | None]:
    """Return for each id the minute of its last change, in microseconds since 1970; ``None`` if unknown.

    Some servers write pages in several formats, some of which have no seconds.
    """
    floored = pc.floor_temporal(table.column("last_modified_at"), unit="minute").cast(pa.int64())
    return dict(zip(table.column("id").to_pylist(), floored.to_pylist(), strict=True))


def upsert(table: pa.Table, rows: pa.Table) -> pa.Table:
    """Return the table, sorted by id, with rows replaced where the id exists and added where it does not."""
    if not rows.num_rows:
        return table
    kept = without(table, rows.column("id").to_pylist())
    return pa.concat_tables([kept, rows], promote_options="default").sort_by("id")


def without(table: pa.Table, ids: Iterable[int]) -> pa.Table:
    """Return the table without the rows of these ids."""
    removed = set(ids)
    keep = [number not in removed for number in table.column("id").to_pylist()]
    return table.filter(pa.array(keep, pa.bool_()))


def with_parse_errors(rows: pa.RecordBatch, parse_errors: Mapping[str, Sequence[int]]) -> pa.RecordBatch:
    """Return a page with the column ``_unreadable``.

    Parameters
    ----------
    rows : pyarrow.RecordBatch
        As ``BatchBuilder.build`` returned it.
    parse_errors : mapping of str to sequence of int
        For each column with unreadable values: their row numbers, as ``BatchBuilder.parse_errors`` has them.
    """
    names: dict[int, list[str]] = {}
    for name, numbers in parse_errors.items():
        for number in numbers:
            names.setdefault(number, []).append(name)
    marks = [",".join(names[number]) if number in names else None for number in range(rows.num_rows)]
    return rows.append_column(UNREADABLE.name, pa.array(marks, pa.string()))


def count_unreadable(table: pa.Table) -> dict[str, int]:
    """Return for each column with unreadable values how many there are."""
    marks = table.column(UNREADABLE.name).drop_null().to_pylist()
    return dict(Counter(name for mark in marks for name in mark.split(",")))


def select(snapshot: Snapshot, query: Query) -> tuple[pa.Table, dict[str, int]]:
    """Return the queried rows and columns, typed as a live read is, and the unreadable values in them.

    In a column that is filtered on, the unreadable values of all rows count: they can exclude a row.
    """
    shown = None if query.columns is None else choose_columns(query.columns, snapshot.fields)
    filters, table = query.filters, snapshot.table
    filtered_on = {name: count for name, count in count_unreadable(table).items() if name in filters.columns}
    if filters.columns:
        batches = table.combine_chunks().to_batches()
        table = pa.Table.from_batches([rows.filter(filters.mask(rows)) for rows in batches], table.schema)
    if query.limit is not None:
        table = table.slice(0, query.limit)
    unreadable = count_unreadable(table) | filtered_on
    selected = assemble(snapshot.fields, [table], order=snapshot.order)
    if shown is None:
        return selected, unreadable
    by_path = {field.path: field.name for field in snapshot.fields}
    stored = {name: by_path[field.path] for name, field in shown.items()}
    counts = {name: unreadable[column] for name, column in stored.items() if column in unreadable}
    return selected.select(list(stored.values())).rename_columns(list(stored)), filtered_on | counts
