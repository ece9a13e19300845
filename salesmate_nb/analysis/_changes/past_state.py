"""The deals as they stood at some time, from those of now and what changed since."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesmate_nb.analysis._columns import by_id, same_categories, select_events

CREATED, DELETED, RESTORED = EXISTENCE = ("created", "deleted", "restored")


def past_state(
    history: pd.DataFrame, now: pd.DataFrame, at: pd.Timestamp | None, columns: Sequence[str]
) -> pd.DataFrame:
    """Return ``id`` and these columns of the deals that the last refresh until `at` found.

    Without a time, it is the state in which the history began.

    Each value is the old one of the first event after that time or, if there was none, that of now. Deals
    created or restored since are left out, and those deleted since are there.
    """
    events = select_events(history, "id", "field", "old")
    events = events if at is None else events[events["seen_at"] > at]
    first = events[events["field"].isin(EXISTENCE)].drop_duplicates("id")
    was_there = first["field"].eq(DELETED)
    gone, new = pd.Index(first.loc[was_there, "id"]), pd.Index(first.loc[~was_there, "id"])
    present = by_id(now, *columns)
    ids = present.index.difference(new).union(gone).sort_values()
    state = present.reindex(ids).assign(id=ids)
    for name in columns:
        changed = events[events["field"].eq(name) & events["id"].isin(ids)].drop_duplicates("id")
        old = changed.set_index("id")["old"]
        state[name] = _replaced(state[name], old)
    return state.reset_index(drop=True)


def _replaced(values: pd.Series, old: pd.Series) -> pd.Series:
    """Return a column with old values, given as text by id."""
    known = from_text(old, values)
    kept, known = same_categories(values[~values.index.isin(old.index)], known)
    replaced: pd.Series = pd.concat([kept, known]).reindex(values.index)
    return replaced


def from_text(text: pd.Series, like: pd.Series) -> pd.Series:
    """Return the text of a history as values of the dtype of a column; what is no such value is missing."""
    dtype = like.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        others = pd.Index(text.dropna().unique()).difference(dtype.categories)
        return text.astype(pd.CategoricalDtype(dtype.categories.append(others), ordered=dtype.ordered))
    if isinstance(dtype, pd.DatetimeTZDtype):
        times = pd.to_datetime(text, utc=True, format="ISO8601", errors="coerce")
        return times.dt.tz_convert(dtype.tz).astype(dtype)
    if isinstance(dtype, pd.BooleanDtype):
        return text.map({"true": True, "false": False}).astype(dtype)
    if pd.api.types.is_numeric_dtype(dtype):
        return pd.to_numeric(text, errors="coerce", dtype_backend="numpy_nullable").astype(dtype)
    return text.astype(dtype)
