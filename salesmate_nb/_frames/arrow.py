"""Records to typed Arrow, page by page, to a DataFrame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._frames.parsing import MISSING, parser
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import Field, Kind, custom_field, is_custom

_TYPES: dict[Kind, pa.DataType] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "string": pa.string(),
    "category": pa.string(),
    "datetime": pa.timestamp("us", tz="UTC"),
    "bool": pa.bool_(),
}
# What Arrow would bend where another type stands in a column: 1.5 to 1, True to 1.0. Of texts it bends none.
_EXACT: dict[Kind, frozenset[type]] = {
    "int": frozenset({int, type(None)}),
    "float": frozenset({int, float, type(None)}),
    "bool": frozenset({bool, type(None)}),
}
# From 1677 to 2262; moments beyond are read one by one, since Arrow takes years that no calendar has.
_NANO = pa.timestamp("ns", tz="UTC")
_STRANGE = object()
_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


class BatchBuilder:
    """Reads pages of records into typed rows, by a schema and never by guessing.

    A page's columns are taken over as a whole where all their values are as they should be, and value
    by value where one is not. The dictionaries are not kept.

    Parameters
    ----------
    fields : sequence of Field
        What to read.
    timezone : str
        IANA name of the zone of moments that come without one.
    discover : bool
        Whether custom fields that are met in records are read too.

    Attributes
    ----------
    fields : list of Field
        What is read, fields met so far included.
    unreadable : dict of str to int
        For each column that had any: how many values did not fit and so are missing.
    parse_errors : dict of str to list of int
        For each column that had any in the page read last: the rows of that page.

    Examples
    --------
    >>> reader = BatchBuilder(timezone="Europe/Berlin")
    >>> rows = reader.build(
    ...     [{"id": "7", "dealValue": "12.50", "Owner": {"id": 1, "name": "Ann"}, "status": ""}]
    ... )
    >>> rows.select(["id", "deal_value", "owner_name", "status"]).to_pylist()
    [{'id': 7, 'deal_value': 12.5, 'owner_name': 'Ann', 'status': None}]
    """

    def __init__(
        self, fields: Sequence[Field] = DEALS.fields, *, timezone: str = "UTC", discover: bool = True
    ) -> None:
        self.fields = list(fields)
        self.unreadable: dict[str, int] = {}
        self.parse_errors: dict[str, list[int]] = {}
        self._timezone = timezone
        self._discover = discover
        self._met = {field.path for field in fields}

    def build(self, records: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
        """Type one page.

        Parameters
        ----------
        records : sequence of mapping
            As the server sent them: relations nested, capitalised or flat with dots; keys may be absent.

        Returns
        -------
        pyarrow.RecordBatch
            A row for each record, a column for each field.
        """
        self.parse_errors = {}
        if self._discover:
            keys = set().union(*records) - self._met
            self._met |= keys
            self.fields += [custom_field(key) for key in sorted(keys) if is_custom(key)]
        relations = {parent: _relations(parent, records) for parent in _parents(self.fields)}
        columns = [self._column(field, _found(field.path, records, relations)) for field in self.fields]
        return pa.RecordBatch.from_arrays(columns, names=[field.name for field in self.fields])

    def _column(self, field: Field, found: list[Any]) -> pa.Array:
        try:
            return _clean(field.kind, found)
        except (pa.ArrowInvalid, TypeError, OverflowError, UnicodeError):
            pass  # a value is of another type, too large, or another form of moment: read them one by one
        read = parser(field.kind, self._timezone)
        return pa.array(
            [self._value(field, read, row, value) for row, value in enumerate(found)], _TYPES[field.kind]
        )

    def _value(self, field: Field, read: Callable[[Any], Any], row: int, value: Any) -> Any:
        if value in MISSING:
            return None
        try:
            return read(value)
        except (ValueError, OverflowError, RecursionError):
            self.unreadable[field.name] = self.unreadable.get(field.name, 0) + 1
            self.parse_errors.setdefault(field.name, []).append(row)
            return None


def assemble(
    fields: Iterable[Field],
    pages: Iterable[pa.RecordBatch | pa.Table],
    *,
    order: Mapping[str, Sequence[str]] | None = None,
) -> pa.Table:
    """Put pages together into one table: rows by id, standard columns first, custom ones after them by name.

    Parameters
    ----------
    fields : iterable of Field
        What the pages hold. A field that was met late is missing in the pages before.
    pages : iterable of pyarrow.RecordBatch or pyarrow.Table
        In any order.
    order : mapping of str to sequence of str, optional
        For categories of a known order, as stages are: their values in that order. Others follow by name.

    Returns
    -------
    pyarrow.Table
        Categories are dictionaries, moments ``timestamp[us, UTC]``.
    """
    fields = sorted(fields, key=lambda field: field.name if is_custom(field.path) else "")
    table = concat(fields, pages)
    if "id" in table.column_names and not _is_sorted(table.column("id")):
        table = table.sort_by("id")
    for index, field in enumerate(fields):
        if field.kind == "category":
            names = (order or {}).get(field.name, ())
            table = table.set_column(index, field.name, _categories(table.column(index), names))
    return table


def concat(fields: Iterable[Field], pages: Iterable[pa.RecordBatch | pa.Table]) -> pa.Table:
    """Put pages one after another, with a column for each field, categories as plain text."""
    names = arrow_schema(fields)
    tables = [page if isinstance(page, pa.Table) else pa.Table.from_batches([page]) for page in pages]
    return pa.concat_tables([names.empty_table(), *tables], promote_options="default").select(names.names)


def arrow_schema(fields: Iterable[Field]) -> pa.Schema:
    """Return Arrow's schema of a page of these fields."""
    return pa.schema([(field.name, _TYPES[field.kind]) for field in fields])


def _is_sorted(column: pa.ChunkedArray) -> bool:
    ascending = pc.all(pc.less_equal(column[:-1], column[1:])).as_py()  # None without rows
    return column.null_count == 0 and ascending is not False


def to_pandas(table: pa.Table, *, consume: bool = False) -> pd.DataFrame:
    """Turn a table into a frame, with the same dtypes whether it has rows or not.

    Parameters
    ----------
    table : pyarrow.Table
        As :func:`assemble` returns it.
    consume : bool
        Whether to give up the table's memory meanwhile; the table cannot be used afterwards.

    Returns
    -------
    pandas.DataFrame
        ``Int64``, ``float64``, ``str``, ``category``, ``boolean`` and ``datetime64[us, UTC]``.

    Examples
    --------
    >>> reader = BatchBuilder()
    >>> frame = to_pandas(assemble(reader.fields, []))
    >>> len(frame), len(frame.columns), str(frame["id"].dtype), str(frame["status"].dtype)
    (0, 24, 'Int64', 'category')
    """
    frame: pd.DataFrame = table.to_pandas(
        types_mapper=_NULLABLE.get, split_blocks=True, self_destruct=consume
    )
    for name in frame.columns[frame.dtypes == "category"]:
        if frame[name].cat.categories.empty:  # which pandas takes for objects, and Parquet then for nulls
            frame[name] = frame[name].cat.set_categories(pd.Index([], dtype="str"))
    return frame


def _clean(kind: Kind, found: list[Any]) -> pa.Array:
    """Type a column as a whole; raises where one of its values is not as it should be."""
    if kind in _EXACT:
        if not _EXACT[kind].issuperset(map(type, found)):
            raise TypeError
        if kind == "float" and not math.isfinite(sum(filter(None, found))):
            raise OverflowError
        return pa.array(found, _TYPES[kind])
    texts = [None if value == "" else value for value in found] if "" in found else found
    column = pa.array(texts, pa.string())
    return column.cast(_NANO).cast(_TYPES[kind]) if kind == "datetime" else column


def _categories(column: pa.ChunkedArray, order: Sequence[str]) -> pa.DictionaryArray:
    """Return a column with the known categories first, in their order, and what else it holds by name."""
    pages = column.combine_chunks().dictionary_encode()
    known = list(dict.fromkeys(order))
    names = pa.array([*known, *sorted(set(pages.dictionary.to_pylist()).difference(known))], pa.string())
    return pa.DictionaryArray.from_arrays(pc.index_in(pages.dictionary, names).take(pages.indices), names)


def _parents(fields: Iterable[Field]) -> set[str]:
    return {parent for parent, dot, _ in (field.path.partition(".") for field in fields) if dot}


def _relations(parent: str, records: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return what each record has under a relation's name, small or capitalised."""
    capitalised = parent[0].upper() + parent[1:]
    return [record.get(parent) or record.get(capitalised) for record in records]


def _found(
    path: str, records: Sequence[Mapping[str, Any]], relations: Mapping[str, Sequence[Any]]
) -> list[Any]:
    """Return the values of a field; one of a relation is nested, or flat: ``owner.id``, ``ownerId``.

    A relation in any other form, as a list of several would be, gives what cannot be read.
    """
    parent, _, child = path.partition(".")
    if not child:
        return [record.get(path) for record in records]
    flat = f"{parent}{child.capitalize()}"
    capitalised = flat[0].upper() + flat[1:]
    return [
        relation.get(child)
        if isinstance(relation, dict)
        else record.get(path, record.get(flat, record.get(capitalised, _STRANGE if relation else None)))
        for relation, record in zip(relations[parent], records, strict=True)
    ]
