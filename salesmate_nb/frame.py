"""Records to typed Arrow, page by page, to a DataFrame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb import values
from salesmate_nb.schema import DEAL_FIELDS, Field, Kind, custom_field, is_custom

_TYPES: dict[Kind, pa.DataType] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "text": pa.string(),
    "category": pa.string(),
    "moment": pa.timestamp("us", tz="UTC"),
    "flag": pa.bool_(),
}
_PANDAS = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


class PageReader:
    """Reads pages of records into typed rows, and counts what did not fit."""

    def __init__(
        self, fields: Sequence[Field] = DEAL_FIELDS, *, timezone: str = "UTC", discover: bool = True
    ) -> None:
        self.fields = list(fields)
        self.unreadable: Counter[str] = Counter()
        self._timezone = timezone
        self._discover = discover

    def read(self, records: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
        """Type one page."""
        if self._discover:
            known = {field.path for field in self.fields}
            new = {key for record in records for key in record if is_custom(key)} - known
            self.fields += [custom_field(key) for key in sorted(new)]
        columns = [self._column(field, records) for field in self.fields]
        return pa.RecordBatch.from_arrays(columns, schema=_schema(self.fields))

    def _column(self, field: Field, records: Sequence[Mapping[str, Any]]) -> pa.Array:
        parent, _, child = field.path.partition(".")
        found = (
            [_related(record, parent, child) for record in records]
            if child
            else [r.get(parent) for r in records]
        )
        read = values.reader(field.kind, self._timezone)
        typed = []
        for value in found:
            try:
                typed.append(None if value in values.MISSING else read(value))
            except (ValueError, OverflowError):
                self.unreadable[field.name] += 1
                typed.append(None)
        return pa.array(typed, _TYPES[field.kind])


def assemble(reader: PageReader, pages: Iterable[pa.RecordBatch]) -> pa.Table:
    """Put pages together, by id, custom columns last and by name."""
    standard = [field for field in reader.fields if not is_custom(field.path)]
    custom = sorted((field for field in reader.fields if is_custom(field.path)), key=lambda field: field.name)
    fields = standard + custom
    tables = [pa.Table.from_batches([page]) for page in pages]
    table = pa.concat_tables([_schema(fields).empty_table(), *tables], promote_options="default")
    table = table.select([field.name for field in fields]).sort_by("id")
    for index, field in enumerate(fields):
        if field.kind == "category":
            table = table.set_column(index, field.name, _categories(table.column(index)))
    return table


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Turn typed columns into a frame."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=_PANDAS.get)
    return frame


def _categories(column: pa.ChunkedArray) -> pa.DictionaryArray:
    names = pc.unique(column.drop_null()).sort()
    indices = pc.index_in(column.combine_chunks(), names)
    return pa.DictionaryArray.from_arrays(indices, names)


def _schema(fields: Sequence[Field]) -> pa.Schema:
    return pa.schema([(field.name, _TYPES[field.kind]) for field in fields])


def _related(record: Mapping[str, Any], parent: str, child: str) -> Any:
    for key in (parent, parent[0].upper() + parent[1:]):
        relation = record.get(key)
        if isinstance(relation, Mapping) and relation:
            return relation.get(child)
    return record.get(f"{parent}.{child}")
