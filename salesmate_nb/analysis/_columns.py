"""The columns of a frame, checked before they are used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from salesmate_nb._values.columns import meant_columns
from salesmate_nb._values.frames import check_frame
from salesmate_nb._values.text import comparable
from salesmate_nb._values.times import in_calendar, parse_time
from salesmate_nb.errors import SalesmateError

OPEN = ("Open",)
WON = ("Won", "Close")  # the API sends either
LOST = ("Lost",)
_DAY = 24 * 60 * 60  # seconds


def column_names(frame: pd.DataFrame, by: str | Sequence[str]) -> list[str]:
    """Return the names of columns to group by, as the frame has them.

    Raises
    ------
    SalesmateError
        If the frame has none of a name, but one that was probably meant.
    """
    check_frame(frame, "The analysis")
    named = {comparable(str(name)): name for name in reversed(frame.columns)}
    given = [by] if isinstance(by, str) else by
    found = [name if name in frame.columns else named.get(comparable(name), name) for name in given]
    for name in found:
        if name not in frame.columns and (meant := meant_columns(str(name), map(str, frame.columns))):
            near = " or ".join(map(repr, meant))
            raise SalesmateError(f"The frame has no column {name!r}. Did you mean {near}?")
    return list(dict.fromkeys(found))


def select(
    frame: pd.DataFrame,
    *columns: str,
    name: str = "The frame",
    remedy: str = "Read it with deals_df(), or add the column to deals_df(columns=[...]).",
) -> pd.DataFrame:
    """Return these columns of a frame, its rows numbered from 0."""
    check_frame(frame, "The analysis")
    missing = [column for column in dict.fromkeys(columns) if column not in frame.columns]
    if missing:
        raise SalesmateError(f"{name} has no column {', '.join(map(repr, missing))}. {remedy}")
    return frame[list(dict.fromkeys(columns))].reset_index(drop=True)


def by_id(deals: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return ``id`` and these columns of a frame, with the ids as its index too.

    Raises
    ------
    SalesmateError
        If a column is missing, or an id is missing or occurs twice.
    """
    rows = select(deals, "id", *columns)
    if rows["id"].isna().any() or rows["id"].duplicated().any():
        raise SalesmateError("An id is missing or occurs twice in a frame. Pass one row for each deal.")
    return rows.set_index(pd.Index(rows["id"].astype("Int64"), name="the id of the row"))


def select_events(history: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return these columns of a history, ordered by the refresh that saw each event."""
    rows = select(history, *columns, "seen_at", name="The history", remedy="Read it with history_df().")
    rows.attrs = {}  # pandas copies them at each step, and those of a history are long
    return rows.assign(seen_at=utc(rows["seen_at"])).sort_values("seen_at", kind="stable", ignore_index=True)


def select_stages(stages: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return these columns of a frame of stages."""
    return select(stages, *columns, name="stages", remedy="Read it with pipelines_df().")


def with_status(rows: pd.DataFrame, status: Sequence[str]) -> pd.DataFrame:
    return rows[is_among(rows["status"], status)].reset_index(drop=True)


def is_among(column: pd.Series, texts: Sequence[str]) -> pd.Series[bool]:
    """Return for each value whether it is the same to a reader as one of the texts."""
    wanted = set(map(comparable, texts))
    return column.isin([value for value in column.dropna().unique() if comparable(str(value)) in wanted])


def datetimes(column: pd.Series) -> pd.Series:
    """Return a datetime column with a time zone, which is UTC unless it has one."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column
    if column.dtype.kind != "M" and column.notna().any():
        raise SalesmateError(
            f"Column {column.name!r} holds {column.dtype}, not datetimes. Read it with deals_df() or, if it "
            "comes from a CSV file, convert it with pd.to_datetime(..., utc=True)."
        )
    return pd.to_datetime(column, utc=True)


def utc(column: pd.Series) -> pd.Series:
    """Return a datetime column as ``datetime64[us, UTC]``."""
    times: pd.Series = datetimes(column).dt.tz_convert("UTC").dt.as_unit("us")
    return times


def timestamp(now: str | dt.date | None, like: pd.Series) -> pd.Timestamp:
    """Return `now` in the time zone of a column, so that the two can be compared."""
    given = parse_time("now", now, "UTC") or dt.datetime.now(dt.UTC)
    return pd.Timestamp(in_calendar(given, like.dt.tz))


def frequency(freq: str) -> str:
    """Return the length of a period as pandas names it, if it is one."""
    try:
        pd.Period("2026-01-01", freq=freq)
    except (TypeError, ValueError):
        raise SalesmateError(
            f"{freq!r} is not the length of a period. Use 'W', 'M', 'Q' or 'Y'; letters after it, as in "
            "'Q-MAR', are the last month of the year."
        ) from None
    return freq


def look_up(values: pd.Series, ids: pd.Series) -> pd.Series:
    """Return the values of these ids, by which they are indexed; missing if there are none."""
    return values.reindex(pd.Index(ids)).set_axis(ids.index)


def same_categories(*columns: pd.Series) -> list[pd.Series]:
    """Return columns with the same categories, in the order of their first occurrence."""
    dtypes = [column.dtype for column in columns if isinstance(column.dtype, pd.CategoricalDtype)]
    if len(dtypes) < len(columns):
        return list(columns)
    names = pd.Index([], dtype="str").append([dtype.categories for dtype in dtypes]).unique()
    dtype = pd.CategoricalDtype(names, ordered=dtypes[0].ordered)
    return [column.astype(dtype) for column in columns]


def days(start: pd.Series, end: pd.Series | pd.Timestamp) -> pd.Series:
    elapsed: pd.Series = end - start
    days: pd.Series = elapsed.dt.total_seconds() / _DAY
    return days


def with_zone(time: pd.Timestamp) -> pd.Timestamp:
    """Return a time with its time zone, which is UTC unless it has one."""
    return time.tz_localize("UTC") if time.tz is None else time
