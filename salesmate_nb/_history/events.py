"""Events: what differs between two states of a table, one row for each value that changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ids = npt.NDArray[np.int64]

TIMESTAMP = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("field", pa.string()),
        ("old", pa.string()),
        ("new", pa.string()),
        ("changed_at", TIMESTAMP),
        ("seen_at", TIMESTAMP),
    ]
)
CREATED, DELETED, RESTORED = EXISTENCE = ("created", "deleted", "restored")
_DAY = dt.timedelta(days=1)  # by which the clocks and the index of a server may be late
_ISO = "%Y-%m-%dT%H:%M:%SZ"


def compare(before: pa.Table, after: pa.Table, seen_at: dt.datetime, previous: dt.datetime) -> pa.Table:
    """Return an event for each value that differs between two states.

    A row that appeared gives an event ``created`` and one for each of its values; a row that disappeared
    gives ``deleted`` and one for each value that it had. A row that appeared although it was created more
    than a day before `previous` gives ``restored`` in place of ``created``: it was deleted then, or hidden.
    A column that one state lacks counts as missing there.

    Parameters
    ----------
    before, after : pyarrow.Table
        With ``id``, each once and ascending, ``created_at`` and ``last_modified_at``.
    seen_at, previous : datetime
        When `after` and `before` were read.

    Returns
    -------
    pyarrow.Table
        ``id``; ``field``, a column's name or one of ``created``, ``deleted`` and ``restored``; ``old`` and
        ``new``, the values as text (see :func:`to_text`); ``changed_at``, the row's ``last_modified_at``,
        missing for deletions, whose time the API does not give; and ``seen_at``.

    Examples
    --------
    >>> monday, tuesday = (dt.datetime(2026, 3, day, tzinfo=dt.UTC) for day in (2, 3))
    >>> times = pa.array([monday], TIMESTAMP)
    >>> before = pa.table({"id": [1], "stage": ["Demo"], "created_at": times, "last_modified_at": times})
    >>> after = before.set_column(1, "stage", pa.array(["Offer"]))
    >>> events = compare(before, after, tuesday, monday)
    >>> events.select(["id", "field", "old", "new"]).to_pylist()
    [{'id': 1, 'field': 'stage', 'old': 'Demo', 'new': 'Offer'}]
    """
    ids: list[Ids] = [table.column("id").to_numpy() for table in (before, after)]
    both, rows_before, rows_after = np.intersect1d(ids[0], ids[1], assume_unique=True, return_indices=True)
    is_gone, is_new = (~np.isin(each, both, assume_unique=True) for each in ids)
    modified = after.column("last_modified_at").combine_chunks()
    times, new_times = _take(modified, rows_after), modified.filter(pa.array(is_new))
    gone, new = ids[0][is_gone], ids[1][is_new]
    created = _column(after, "created_at").filter(pa.array(is_new))
    is_back = np.asarray(pc.less(created, pa.scalar(previous - _DAY, TIMESTAMP)).fill_null(False))
    found = [
        _events(new[~is_back], CREATED, None, None, new_times.filter(pa.array(~is_back))),
        _events(new[is_back], RESTORED, None, None, new_times.filter(pa.array(is_back))),
        _events(gone, DELETED, None, None, None),
    ]
    for name in dict.fromkeys((*after.column_names, *before.column_names)):
        if name == "id":
            continue
        old, now = _column(before, name), _column(after, name)
        left, right = _take(old, rows_before), _take(now, rows_after)
        differs = _differs(left, right)
        found.append(
            _events(
                both[np.asarray(differs)],
                name,
                to_text(left.filter(differs)),
                to_text(right.filter(differs)),
                times.filter(differs),
            )
        )
        found += [_values(gone, name, old.filter(pa.array(is_gone)), None)] * bool(len(gone))
        found += [_values(new, name, now.filter(pa.array(is_new)), new_times)] * bool(len(new))
    events = pa.concat_tables(each for each in found if each.num_rows or each is found[0])
    return events.append_column("seen_at", pa.array([seen_at] * events.num_rows, TIMESTAMP))


def names_today(fields: Mapping[str, str], today: Mapping[str, str]) -> dict[str, str]:
    """Return the name that each column has today, by its API name.

    A column that the account removed keeps its name, or gets the API's if another column took it.

    Parameters
    ----------
    fields, today : mapping of str to str
        The API's names of the columns then and now, by their own.

    Examples
    --------
    >>> names_today({"size": "textCustomField1"}, {"length": "textCustomField1"})
    {'size': 'length'}
    >>> names_today({"size": "textCustomField1"}, {"size": "textCustomField2"})
    {'size': 'textCustomField1'}
    """
    names = {path: name for name, path in today.items()}
    return {name: names.get(path, path if name in today else name) for name, path in fields.items()}


def to_text(values: pa.Array) -> pa.Array:
    """Return values as text that :func:`from_text` reads back exactly.

    Timestamps are ISO 8601 in UTC with microseconds, numbers the shortest text of the same value, and
    booleans ``true`` and ``false``.

    Examples
    --------
    >>> to_text(pa.array([1250.5, None])).to_pylist()
    ['1250.5', None]
    >>> to_text(pa.array([dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)], TIMESTAMP)).to_pylist()
    ['2026-03-02T09:00:00.000000Z']
    """
    if pa.types.is_timestamp(values.type):
        return pc.strftime(values, _ISO)
    return values.cast(pa.string())


def from_text(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return text as values of an Arrow type; what is no such value is missing.

    Examples
    --------
    >>> from_text(pa.array(["1250.5", "n/a"]), pa.float64()).to_pylist()
    [1250.5, None]
    """
    try:
        return values.cast(kind)
    except pa.ArrowInvalid:  # the account gave the field another type since
        return pa.concat_arrays([_one_from_text(value, kind) for value in values])


def _one_from_text(value: pa.Scalar, kind: pa.DataType) -> pa.Array:
    try:
        return pa.array([value.as_py()], pa.string()).cast(kind)
    except pa.ArrowInvalid:
        return pa.nulls(1, kind)


def _column(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return table.column(name).combine_chunks()


def _take(values: pa.Array, rows: npt.NDArray[np.intp]) -> pa.Array:
    """Return these rows of a column, without a copy if they are all."""
    return values if len(rows) == len(values) else values.take(pa.array(rows))


def _differs(left: pa.Array, right: pa.Array) -> pa.Array:
    if left.type != right.type:
        left, right = to_text(left), to_text(right)
    is_known = pc.and_(left.is_valid(), right.is_valid())
    return pc.if_else(is_known, pc.not_equal(left, right), pc.not_equal(left.is_valid(), right.is_valid()))


def _values(ids: Ids, name: str, values: pa.Array, times: pa.Array | None) -> pa.Table:
    """Return an event for each value of rows that appeared at these times, or else disappeared."""
    is_known = values.is_valid()
    text, known = to_text(values.filter(is_known)), ids[np.asarray(is_known)]
    if times is None:
        return _events(known, name, text, None, None)
    return _events(known, name, None, text, times.filter(is_known))


def _events(
    ids: Ids, name: str, old: pa.Array | None, new: pa.Array | None, times: pa.Array | None
) -> pa.Table:
    """Return events without ``seen_at``."""
    missing, count = pa.nulls(len(ids), pa.string()), len(ids)
    columns = [
        pa.array(ids, pa.int64()),
        pa.array([name] * count, pa.string()),
        missing if old is None else old,
        missing if new is None else new,
        pa.nulls(count, TIMESTAMP) if times is None else times,
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(list(SCHEMA)[:-1]))
