"""Frames that people saved, typed by the schema again: whatever a file made of them."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._base.warn import warn
from salesmate_nb._frames.arrow import BatchBuilder, arrow_schema
from salesmate_nb._history.events import TIMESTAMP
from salesmate_nb._values.text import closest, comparable
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import Field, Kind

_UNNAMED = "unnamed:"  # how pandas reads the index that to_csv() wrote
_SHOWN = 5  # ids in an error
_DAY = "%Y-%m-%d"


@dataclass(frozen=True, kw_only=True)
class SavedFrame:
    """A frame of deals, with the names of the schema, and when it was saved.

    Parameters
    ----------
    rows : pandas.DataFrame
        With ``id``; of any dtypes.
    saved_at : datetime
        In UTC.
    """

    rows: pd.DataFrame
    saved_at: dt.datetime

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return f"The frame of {self.saved_at:{_DAY}}"


def named(frame: object, saved_at: dt.datetime) -> SavedFrame:
    """Return a frame with the names of the schema, whether it has those, the API's or the labels.

    Raises
    ------
    SalesmateError
        If it is not a frame, has no ids, or two columns that are the same one.
    """
    title = SavedFrame(rows=pd.DataFrame(), saved_at=saved_at).title
    if not isinstance(frame, pd.DataFrame):
        raise SalesmateError(
            f"{title} is a {type(frame).__name__}. Pass DataFrames, as deals_df() returns them."
        )
    rows = frame if frame.index.name is None or frame.index.name in frame.columns else frame.reset_index()
    rows = rows.loc[:, [not str(name).lower().startswith(_UNNAMED) for name in rows.columns]]
    known = {_key(name): field.name for field in DEALS.fields for name in (field.path, field.name)}
    names = [known.get(_key(name), str(name)) for name in rows.columns]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise SalesmateError(f"{title} has the column {twice[0]!r} twice. Remove one of the two.")
    if "id" not in names:
        near = closest("id", names)[:1]
        hint = f" Rename {near[0]!r} if that is it." if near else ""
        raise SalesmateError(f"{title} has no column 'id', by which deals are recognized.{hint}")
    return SavedFrame(rows=rows.set_axis(names, axis="columns"), saved_at=saved_at)


def fields_of(frames: Sequence[SavedFrame]) -> tuple[Field, ...]:
    """Return the standard fields, and a field for each other column, typed by what all frames hold."""
    standard = {field.name for field in DEALS.fields}
    others = sorted({name for frame in frames for name in frame.rows.columns} - standard)
    return (
        *DEALS.fields,
        *(Field(name=name, path=name, kind=_kind(_columns(frames, name))) for name in others),
    )


def order_of(frames: Sequence[SavedFrame], fields: Iterable[Field]) -> dict[str, list[str]]:
    """Return the order of the values of categories, where the last frame that has the column knows it."""
    order = {}
    for field in fields:
        columns = _columns(frames, field.name)
        if field.kind == "category" and columns and isinstance(columns[-1].dtype, pd.CategoricalDtype):
            order[field.name] = [str(value) for value in columns[-1].cat.categories]
    return order


def tables_of(frames: Sequence[SavedFrame], fields: Sequence[Field], timezone: str) -> list[pa.Table]:
    """Return typed rows of each frame, ascending by id.

    A column that a frame lacks is taken from the frame before, deal by deal, with a warning: it is not known
    to have changed. Values that cannot be read are missing, with a warning that counts them.

    Raises
    ------
    SalesmateError
        If an id is missing, not a whole number, or occurs twice.
    """
    builder = BatchBuilder(fields, timezone=timezone, discover=False)
    kinds, tables = {field.name: field.kind for field in fields}, list[pa.Table]()
    for frame in frames:
        columns = {name: _values(frame.rows[name], kinds[name], timezone) for name in frame.rows.columns}
        table = pa.Table.from_batches([builder.convert(columns, len(frame.rows))])
        _check_ids(frame, table.column("id").to_pylist())
        table = table.sort_by("id")
        tables.append(_with_columns_of(tables[-1], table, frame) if tables else table)
    if builder.unreadable:
        counts = ", ".join(f"{count:,} in {name}" for name, count in sorted(builder.unreadable.items()))
        warn(f"Values that could not be read are missing: {counts}.")
    return [table.select(arrow_schema(fields).names) for table in tables]


def _with_columns_of(before: pa.Table, table: pa.Table, frame: SavedFrame) -> pa.Table:
    """Return the rows with the columns that their frame lacks, but the one before had, from that one."""
    has_values = [name for name in before.column_names if before.column(name).null_count < before.num_rows]
    lacking = [name for name in has_values if name not in frame.rows.columns]
    if not lacking:
        return table
    ids, known = table.column("id").to_numpy(), before.column("id").to_numpy()
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    rows = pa.array(place, mask=known[place] != ids)
    for name in lacking:
        column = before.column(name).combine_chunks().take(rows)
        table = table.set_column(table.column_names.index(name), name, column)
    warn(
        f"{frame.title} has no column {', '.join(map(repr, lacking))}. The values of the frame before are "
        "used, as if none had changed."
    )
    return table


def _check_ids(frame: SavedFrame, ids: Sequence[int | None]) -> None:
    if missing := sum(each is None for each in ids):
        rows = f"{missing:,} row{'s' if missing != 1 else ''}"
        raise SalesmateError(
            f"{frame.title} has {rows} without an id, or with one that is not a whole number."
        )
    if twice := sorted(number for number, count in Counter(ids).items() if count > 1):  # type: ignore[type-var] # none is None
        shown = ", ".join(map(str, twice[:_SHOWN])) + (" ..." if len(twice) > _SHOWN else "")
        raise SalesmateError(f"{frame.title} has deals more than once: {shown}. Pass one row for each deal.")


def _columns(frames: Sequence[SavedFrame], name: str) -> list[pd.Series]:
    return [frame.rows[name] for frame in frames if name in frame.rows.columns]


def _kind(columns: Iterable[pd.Series]) -> Kind:
    """Return the kind of a column that the schema does not have, by the dtypes of all frames with values."""
    kinds: set[Kind] = {_kind_of(column) for column in columns if column.notna().any()}
    if kinds == {"int", "float"}:
        return "float"
    return kinds.pop() if len(kinds) == 1 else "string"


def _kind_of(column: pd.Series) -> Kind:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if pd.api.types.is_bool_dtype(dtype):
        return "bool"
    if pd.api.types.is_integer_dtype(dtype):
        return "int"
    if pd.api.types.is_float_dtype(dtype):
        return "float"
    return "datetime" if pd.api.types.is_datetime64_any_dtype(dtype) else "string"


def _values(column: pd.Series, kind: Kind, timezone: str) -> list[Any] | pa.Array:
    """Return the values of a column: typed if its dtype is that of the kind, or else as JSON has them."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        if column.dt.tz is None:
            column = column.dt.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward")
        column = column.dt.tz_convert("UTC").dt.as_unit("us")
        if kind == "datetime":
            return pa.array(column, TIMESTAMP, from_pandas=True)
        column = column.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if kind in {"string", "category"} and isinstance(column.dtype, pd.StringDtype):
        text = pa.array(column.astype("object"), pa.string(), from_pandas=True)
        return pc.if_else(pc.equal(text, ""), None, text)
    values = zip(column.astype("object"), column.isna(), strict=True)
    return [None if is_missing else _value(value) for value, is_missing in values]


def _value(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)  # of whole numbers with gaps, pandas makes 7.0
    return value.isoformat() if isinstance(value, dt.date) else value


def _key(name: object) -> str:
    """Return what a column's name, its label and its API name have in common."""
    return "".join(itertools.filterfalse(" _.-".__contains__, comparable(str(name))))
