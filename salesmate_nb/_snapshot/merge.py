"""Rows of a snapshot: combined, replaced, removed and selected, without any file or request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from salesmate_nb._frames.arrow import assemble, concat
from salesmate_nb._reading.query import Filters
from salesmate_nb._snapshot.store import UNREADABLE, Snapshot
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources.base import Field, custom_path


def rows_of(fields: Iterable[Field], pages: Iterable[pa.RecordBatch | pa.Table] = ()) -> pa.Table:
    """Concatenate pages into a table with the columns of a snapshot."""
    return concat([*fields, UNREADABLE], pages)


def upsert(table: pa.Table, rows: pa.Table) -> pa.Table:
    """Return the table, sorted by id, with rows replaced where the id exists and added where it does not."""
    if not rows.num_rows:
        return table
    kept = without(table, rows.column("id").to_pylist())
    return pa.concat_tables([kept, rows], promote_options="default").sort_by("id")


def without(table: pa.Table, ids: Iterable[int]) -> pa.Table:
    """Return the table without the rows of these ids."""
    removed = set(ids)
    keep = [record_id not in removed for record_id in table.column("id").to_pylist()]
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


def wanted(
    snapshot: Snapshot, filters: Filters, columns: Sequence[str] | None, limit: int | None
) -> tuple[pa.Table, dict[str, int]]:
    """Return the selected rows and columns, typed as a live read is, and the unreadable values in them.

    In a column that is filtered on, the unreadable values of all rows count: they can exclude a row.
    """
    table = snapshot.table
    filtered_on = {name: count for name, count in count_unreadable(table).items() if name in filters.columns}
    if filters.columns:
        rows = table.combine_chunks().to_batches()
        keep = [is_wanted for batch in rows for is_wanted in filters.mask(batch)]
        table = table.filter(pa.array(keep, pa.bool_()))
    if limit is not None:
        table = table.slice(0, limit)
    unreadable = count_unreadable(table) | filtered_on
    selected = assemble(snapshot.fields, [table], order=snapshot.order)
    if columns is None:
        return selected, unreadable
    fields = _columns(columns, snapshot.fields)
    shown = {name: unreadable[field.name] for name, field in fields.items() if field.name in unreadable}
    return pa.table(
        {name: selected.column(field.name) for name, field in fields.items()}
    ), filtered_on | shown


def _columns(names: Sequence[str], fields: Sequence[Field]) -> dict[str, Field]:
    chosen = {name: _field_named(name, fields) for name in names}
    if unknown := [name for name, field in chosen.items() if field is None]:
        raise SalesmateError(
            f"columns: there is no column {unknown[0]!r}. There are: {', '.join(one.name for one in fields)}."
        )
    return {name: field for name, field in chosen.items() if field is not None}


def _field_named(name: str, fields: Sequence[Field]) -> Field | None:
    """Return the field of a column, by its name, or for custom ones by the API's."""
    path = custom_path(name)
    return next((one for one in fields if one.name == name or one.path == path), None)
