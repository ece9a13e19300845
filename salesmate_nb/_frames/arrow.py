"""Records to typed Arrow tables, page by page, by a schema and never by guessing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._frames.columns import ARROW_TYPES, convert_column, convert_datetimes
from salesmate_nb._frames.parsing import MISSING, parser
from salesmate_nb._values.text import comparable, is_unicode
from salesmate_nb.resources.base import Field, custom_columns, is_custom

_UNKNOWN_FORM = object()


class BatchBuilder:
    """Converts pages of records to typed rows.

    A column is converted as a whole if all its values in a page have the expected form, and value by value
    if not. Input records are not retained.

    Parameters
    ----------
    fields : sequence of Field
        The columns to build.
    timezone : str
        IANA name of the time zone of datetimes that name none.
    discover : bool
        Whether to add a column for each custom field found in the records.

    Attributes
    ----------
    fields : list of Field
        The columns, with the custom fields found so far.
    unreadable : dict of str to int
        For each column with values that did not fit its kind: how many, in all pages. They are missing.
    parse_errors : dict of str to list of int
        For each such column of the last page: the row numbers within that page.

    Examples
    --------
    >>> from salesmate_nb.resources import DEALS
    >>> builder = BatchBuilder(DEALS.fields, timezone="Europe/Berlin")
    >>> rows = builder.build(
    ...     [{"id": "7", "dealValue": "12.50", "Owner": {"id": 1, "name": "Ann"}, "status": ""}]
    ... )
    >>> rows.select(["id", "deal_value", "owner_name", "status"]).to_pylist()
    [{'id': 7, 'deal_value': 12.5, 'owner_name': 'Ann', 'status': None}]
    """

    def __init__(self, fields: Sequence[Field], *, timezone: str = "UTC", discover: bool = True) -> None:
        self.fields = list(fields)
        self.unreadable: dict[str, int] = {}
        self.parse_errors: dict[str, list[int]] = {}
        self._timezone = timezone
        self._discover = discover
        self._known_paths = {field.path for field in fields}

    def build(self, records: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
        """Convert one page.

        Parameters
        ----------
        records : sequence of mapping
            As the server sent them: relations nested, capitalised or flat with dots; keys may be absent.

        Returns
        -------
        pyarrow.RecordBatch
            A row for each record, a column for each field.
        """
        if self._discover:
            self._add_custom_fields(set().union(*records) - self._known_paths)
        relations = {parent: _relations(parent, records) for parent in _parents(self.fields)}
        columns = {field.name: _field_values(field, records, relations) for field in self.fields}
        datetimes = {field.name: columns[field.name] for field in self.fields if field.kind == "datetime"}
        return self.convert({**columns, **convert_datetimes(datetimes)}, len(records))

    def convert(self, columns: Mapping[str, list[Any] | pa.Array], rows: int) -> pa.RecordBatch:
        """Convert columns of values instead of records.

        Parameters
        ----------
        columns : mapping of str to list or pyarrow.Array
            The values by the name of the field, or an array of its type; a field without any is missing in
            each row.
        rows : int
            How many there are.
        """
        self.parse_errors = {}
        arrays = [
            values if isinstance(values, pa.Array) else self._column(field, values)
            for field, values in ((field, columns.get(field.name, [None] * rows)) for field in self.fields)
        ]
        return pa.RecordBatch.from_arrays(arrays, names=[field.name for field in self.fields])

    def _add_custom_fields(self, paths: set[str]) -> None:
        self._known_paths |= paths
        found = {
            field.path: field for path in sorted(paths) if is_custom(path) for field in custom_columns(path)
        }
        if found:
            known = {field.path for field in self.fields} | _parents(self.fields)
            self.fields += [
                field
                for path, field in found.items()
                if path not in known and (path in paths or path.partition(".")[0] not in known)
            ]

    def _column(self, field: Field, values: list[Any]) -> pa.Array:
        column = convert_column(field.kind, values)
        if column is not None:
            return column
        parse = parser(field.kind, self._timezone)
        parsed = [self._parse(field, parse, row, value) for row, value in enumerate(values)]
        return pa.array(parsed, ARROW_TYPES[field.kind])

    def _parse(self, field: Field, parse: Callable[[Any], Any], row: int, value: Any) -> Any:
        if value in MISSING:
            return None
        try:
            return parse(value)
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
    """Combine pages into one table: rows by id, standard columns first, then custom ones by name.

    Parameters
    ----------
    fields : iterable of Field
        The columns. A custom field that was found late is missing in the rows of earlier pages.
    pages : iterable of pyarrow.RecordBatch or pyarrow.Table
        In any order.
    order : mapping of str to sequence of str, optional
        For categories with an order of their own, such as stages: their values in that order. Values that
        are not listed follow by name.

    Returns
    -------
    pyarrow.Table
        Categories are dictionaries, datetimes ``timestamp[us, UTC]``.
    """
    fields = sorted(fields, key=lambda field: field.name if is_custom(field.path) else "")
    table = concat(fields, pages)
    if "id" in table.column_names and not _is_sorted(table.column("id")):
        table = table.sort_by("id")
    for index, field in enumerate(fields):
        if field.kind == "category":
            names = (order or {}).get(field.name, ())
            table = table.set_column(index, field.name, categories(table.column(index), names))
    return table


def concat(fields: Iterable[Field], pages: Iterable[pa.RecordBatch | pa.Table]) -> pa.Table:
    """Concatenate pages into a table with a column for each field, categories as plain strings."""
    schema = arrow_schema(fields)
    tables = [page if isinstance(page, pa.Table) else pa.Table.from_batches([page]) for page in pages]
    return pa.concat_tables([schema.empty_table(), *tables], promote_options="default").select(schema.names)


def arrow_schema(fields: Iterable[Field]) -> pa.Schema:
    """Return the Arrow schema of a page of these fields."""
    return pa.schema([(field.name, ARROW_TYPES[field.kind]) for field in fields])


def _is_sorted(column: pa.ChunkedArray) -> bool:
    ascending = pc.all(pc.less_equal(column[:-1], column[1:])).as_py()  # None without rows
    return column.null_count == 0 and ascending is not False


def categories(column: pa.ChunkedArray, order: Sequence[str]) -> pa.DictionaryArray:
    """Return the column as a dictionary: the given categories first, in their order, then others by name.

    Another spelling of a given category, such as with a space at its end, comes right after it. One that no
    column can hold, with half of a surrogate pair, is left out: no row has it.
    """
    encoded = column.combine_chunks().dictionary_encode()
    known = list(filter(is_unicode, dict.fromkeys(order)))
    places = {comparable(name): place for place, name in reversed(list(enumerate(known)))}
    others = sorted(set(encoded.dictionary.to_pylist()).difference(known))
    numbered = [*enumerate(known), *((places.get(comparable(name), len(known)), name) for name in others)]
    names = pa.array([name for _, name in sorted(numbered, key=itemgetter(0))], pa.string())
    return pa.DictionaryArray.from_arrays(pc.index_in(encoded.dictionary, names).take(encoded.indices), names)


def _parents(fields: Iterable[Field]) -> set[str]:
    paths = (path for field in fields for path in (field.path, *field.aliases))
    return {parent for parent, dot, _ in (path.partition(".") for path in paths) if dot}


def _relations(parent: str, records: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return what each record has under a relation's name, as it is, capitalised, or in lower case."""
    capitalised, lower = parent[0].upper() + parent[1:], parent.lower()
    return [record.get(parent) or record.get(capitalised) or record.get(lower) or None for record in records]


def _field_values(
    field: Field, records: Sequence[Mapping[str, Any]], relations: Mapping[str, Sequence[Any]]
) -> list[Any]:
    """Return the values of a field, each under the first of its names that has one."""
    values = _values(field.path, records, relations)
    for alias in field.aliases:
        others = _values(alias, records, relations)
        if field.alias_value:
            others = [None if other in MISSING else field.alias_value for other in others]
        values = [other if value in MISSING else value for value, other in zip(values, others, strict=True)]
    return values


def _values(
    path: str, records: Sequence[Mapping[str, Any]], relations: Mapping[str, Sequence[Any]]
) -> list[Any]:
    """Return what is under one name; a relation is nested, flat (``owner.id``, ``ownerId``), or its id alone.

    A relation in any other form, such as a list of several, gives a value that no parser accepts.
    """
    parent, _, child = path.partition(".")
    if not child:
        return [record.get(path) for record in records]
    flat = f"{parent}{child.capitalize()}"
    capitalised = flat[0].upper() + flat[1:]
    return [
        relation.get(child)
        if isinstance(relation, dict)
        else record.get(path, record.get(flat, record.get(capitalised, _of_id(relation, child))))
        for relation, record in zip(relations[parent], records, strict=True)
    ]


def _of_id(relation: Any, child: str) -> Any:
    """Return a sub-field of a relation that is not an object: of a bare number, the id is known."""
    if not relation:
        return None
    if isinstance(relation, bool) or not (isinstance(relation, int | float) or _is_digits(relation)):
        return _UNKNOWN_FORM
    return relation if child == "id" else None


def _is_digits(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.strip().isdigit()
