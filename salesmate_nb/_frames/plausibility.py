"""Dates that can hardly be right, because the server sends them in an unknown form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container

import pyarrow as pa
import pyarrow.compute as pc

_FIRST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
_FIRST_CUSTOM = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST_CUSTOM = dt.datetime(1971, 1, 1, tzinfo=dt.UTC)
_LAST = dt.datetime(2101, 1, 1, tzinfo=dt.UTC)


def implausible_dates(table: pa.Table, custom: Container[str] = ()) -> dict[str, int]:
    """Count the dates before 1990 or after 2100, in the columns where they are the majority.

    A custom column may hold dates of birth, so only dates in 1970, where a number of an unknown unit ends
    up, and after 2100 count there.

    Parameters
    ----------
    table : pyarrow.Table
        What was read.
    custom : container of str
        Which of its columns are custom fields.

    Returns
    -------
    dict of str to int
        The number of such dates, by column.

    Examples
    --------
    >>> seconds_as_milliseconds = pa.array([1_709_543_700_000], pa.timestamp("us", tz="UTC"))
    >>> implausible_dates(pa.table({"created_at": seconds_as_milliseconds}))
    {'created_at': 1}
    """
    counts = {}
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_timestamp(column.type):
            outside = pc.sum(_is_implausible(column, is_custom=name in custom)).as_py() or 0
            if 2 * outside > len(column) - column.null_count:
                counts[name] = outside
    return counts


def describe(counts: dict[str, int]) -> str:
    """Return the warning about such dates.

    Examples
    --------
    >>> describe({"created_at": 8800}).partition(". ")[0]
    'Most dates in created_at (8,800) are before 1990 or after 2100'
    """
    columns = ", ".join(f"{name} ({count:,})" for name, count in sorted(counts.items()))
    return (
        f"Most dates in {columns} are before 1990 or after 2100. Salesmate probably sends them as numbers "
        "in a unit other than seconds or milliseconds, or in another format: do not rely on these columns, "
        "compare a record with Salesmate, and report what is sent."
    )


def _is_implausible(column: pa.ChunkedArray, *, is_custom: bool) -> pa.ChunkedArray:
    is_late = pc.greater_equal(column, _scalar(_LAST))
    if not is_custom:
        return pc.or_(is_late, pc.less(column, _scalar(_FIRST)))
    in_1970 = pc.and_(
        pc.greater_equal(column, _scalar(_FIRST_CUSTOM)), pc.less(column, _scalar(_LAST_CUSTOM))
    )
    return pc.or_(is_late, in_1970)


def _scalar(timestamp: dt.datetime) -> pa.Scalar:
    return pa.scalar(timestamp, pa.timestamp("us", tz="UTC"))
