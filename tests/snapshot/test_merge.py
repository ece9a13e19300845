"""Rows of a snapshot: upserted, removed, and selected as a live read would."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb import SalesmateError
from salesmate_nb._search.filters.filters import Filters
from salesmate_nb._search.query import Query
from salesmate_nb._snapshot.merge import count_unreadable, rows_of, select, upsert, without
from salesmate_nb._snapshot.store import Snapshot
from salesmate_nb.resources.base import custom_field

IDS = st.lists(st.integers(0, 50), unique=True)


@pytest.fixture
def snapshot(fields, table_of):
    """Return a snapshot with an unreadable timestamp in two of its four rows."""
    table = table_of(
        {"id": 1, "status": "Won", "lastModifiedAt": "2026-01-01T00:00:00Z"},
        {"id": 2, "status": "Lost", "lastModifiedAt": "soon"},
        {"id": 3, "status": "won", "lastModifiedAt": "2026-03-01T00:00:00Z"},
        {"id": 4, "status": "Won", "lastModifiedAt": "later"},
    )
    return Snapshot(table=table, fields=fields, order={"status": ["Lost", "Won"]})


def test_upsert_replaces_and_adds(table_of):
    """A row with a known id replaces the old one, a new row is added, and rows are sorted by id."""
    old = table_of({"id": 1, "title": "a"}, {"id": 3, "title": "c"})
    new = table_of({"id": 3, "title": "C"}, {"id": 2, "title": "b"})
    merged = upsert(old, new)
    assert merged.select(["id", "title"]).to_pydict() == {"id": [1, 2, 3], "title": ["a", "b", "C"]}
    assert merged.schema == old.schema


def test_upsert_of_nothing(table_of):
    """No rows change nothing, in an empty table too."""
    table = table_of({"id": 1})
    assert upsert(table, table_of()) is table
    assert upsert(table_of(), table).equals(table)


@settings(max_examples=40)
@given(IDS, IDS)
def test_upsert_keeps_every_id_once(table_of, old, new):
    """Each id is there once, with the newer value."""
    before = table_of(*({"id": number, "title": "old"} for number in sorted(old)))
    rows = table_of(*({"id": number, "title": "new"} for number in new))
    merged = upsert(before, rows)
    expected = dict.fromkeys(old, "old") | dict.fromkeys(new, "new")
    assert list(zip(*merged.select(["id", "title"]).to_pydict().values(), strict=True)) == sorted(
        expected.items()
    )


@settings(max_examples=40)
@given(IDS, IDS)
def test_without_removes_rows(table_of, ids, removed):
    """The rows of the given ids are gone, known or not, and the others keep their order."""
    table = without(table_of(*({"id": number} for number in ids)), removed)
    assert table.column("id").to_pylist() == [number for number in ids if number not in removed]


def test_rows_of_no_pages(fields):
    """Without pages there are all columns and no rows."""
    table = rows_of(fields)
    assert table.num_rows == 0
    assert table.column_names == ["id", "title", "status", "last_modified_at", "_unreadable"]


def test_parse_errors_are_kept_per_row(table_of):
    """`_unreadable` lists the columns of each row whose value could not be read, and they are counted."""
    table = table_of(
        {"id": 1}, {"id": 2, "title": {"a": 1}, "lastModifiedAt": "soon"}, {"id": 3, "lastModifiedAt": "x"}
    )
    assert [set((mark or "").split(",")) for mark in table.column("_unreadable").to_pylist()] == [
        {""},
        {"title", "last_modified_at"},
        {"last_modified_at"},
    ]
    assert count_unreadable(table) == {"title": 1, "last_modified_at": 2}
    assert count_unreadable(without(table, [2, 3])) == {}


def test_everything_is_selected(snapshot):
    """Without filters, all rows and columns but `_unreadable` come, categories in the server's order."""
    table, unreadable = select(snapshot, Query())
    assert table.column_names == ["id", "title", "status", "last_modified_at"]
    assert unreadable == {"last_modified_at": 2}
    assert pa.types.is_dictionary(table.schema.field("status").type)
    assert table.column("status").chunk(0).dictionary.to_pylist() == ["Lost", "Won", "won"]


def test_filter_and_limit(snapshot):
    """Filters apply before the limit; only the unreadable values of the selected rows count."""
    table, unreadable = select(snapshot, Query(filters=Filters.parse(status="won"), limit=2))
    assert table.column("id").to_pylist() == [1, 3]
    assert unreadable == {}
    assert select(snapshot, Query(limit=0))[0].num_rows == 0


def test_unreadable_values_of_a_filter_column(snapshot):
    """In a column that is filtered on, those of all rows count, though the column is not selected."""
    table, unreadable = select(
        snapshot, Query(filters=Filters.parse(modified_since="2026-02-01"), columns=("id",))
    )
    assert table.to_pydict() == {"id": [3]}
    assert unreadable == {"last_modified_at": 2}


def test_unreadable_values_of_a_filter(snapshot):
    """Without columns too, the unreadable values of all rows count in a column that is filtered on."""
    table, unreadable = select(snapshot, Query(filters=Filters.parse(modified_since="2026-02-01")))
    assert table.column("id").to_pylist() == [3]
    assert unreadable == {"last_modified_at": 2}


def test_no_columns(snapshot):
    """No column at all still has all rows."""
    table, _ = select(snapshot, Query(columns=()))
    assert (table.num_rows, table.num_columns) == (snapshot.table.num_rows, 0)


def test_selected_columns(snapshot, table_of, fields):
    """Columns come in the given order, a custom one by its label or its API name."""
    table, unreadable = select(snapshot, Query(columns=("title", "id")))
    assert table.column_names == ["title", "id"]
    assert unreadable == {}
    label = custom_field("textCustomField1")
    labelled = Snapshot(
        table=rows_of([*fields, label], [snapshot.table]),
        fields=(*fields, label.__class__(name="contract", path=label.path, kind=label.kind)),
    )
    renamed = labelled.table.rename_columns({"text_custom_field_1": "contract"})
    labelled = Snapshot(table=renamed, fields=labelled.fields)
    for name in ("contract", "text_custom_field_1"):
        assert select(labelled, Query(columns=(name,)))[0].column_names == [name]


def test_unknown_column(snapshot):
    """The error names the columns there are."""
    with pytest.raises(SalesmateError, match=r"no column 'x'\. There are: id, title, status"):
        select(snapshot, Query(columns=("x",)))
