"""The timeline: the events of a history as `history_df` returns them, each with the deal it belongs to."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._frames.arrow import categories
from salesmate_nb._frames.dataframe import to_pandas
from salesmate_nb._history.events import DELETED, EXISTENCE, SCHEMA, TIMESTAMP, from_text
from salesmate_nb._history.history import History
from salesmate_nb._values.columns import meant_columns
from salesmate_nb.errors import SalesmateError

TRACKED = (
    "stage",
    "pipeline",
    "status",
    "deal_value",
    "currency",
    "estimated_close_date",
    "owner_id",
    "win_probability",
    *EXISTENCE,
)
"""The fields whose events are shown by default."""

_POSSIBLE_IDS = range(-(2**63), 2**63)

CONTEXT = ("stage", "pipeline", "status", "owner_id", "owner_name", "deal_value", "currency")
_CATEGORIES = ("field", "stage", "pipeline", "status", "owner_name", "currency")
_COLUMNS = ("id", "title", "field", "old", "new", "changed_at", "seen_at", *CONTEXT)


def field_names(given: str | Iterable[str] | None) -> list[str] | None:
    """Return the fields that an argument names, which are one, several or the usual ones.

    Raises
    ------
    SalesmateError
        If it is anything else, or names none.

    Examples
    --------
    >>> field_names("stage"), field_names(["stage", "status "]), field_names(None)
    (['stage'], ['stage', 'status'], None)
    """
    if given is None:
        return None
    names = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    if not names:
        raise SalesmateError("field=[] would be an empty frame. Name a field, or leave it out for the usual.")
    for name in names:
        if not isinstance(name, str):
            raise SalesmateError(f"field: {name!r} is not a field's name. Give a name or a list of names.")
    return list(dict.fromkeys(name.strip() for name in names))


def deal_ids(given: int | Sequence[int] | None) -> list[int] | None:
    """Return the ids that an argument names, which are one, several or all.

    Raises
    ------
    SalesmateError
        If it is anything else.

    Examples
    --------
    >>> deal_ids(7), deal_ids(range(7, 9)), deal_ids(None)
    ([7], [7, 8], None)
    """
    if given is None:
        return None
    try:
        ids = [operator.index(each) for each in ([given] if hasattr(given, "__index__") else given)]
    except TypeError as err:
        raise SalesmateError(f"id={given!r} is not valid. Give an id, or a list of ids.") from err
    return [each for each in ids if each in _POSSIBLE_IDS]


def timeline(
    history: History,
    kinds: pa.Schema,
    *,
    since: dt.datetime | None = None,
    names: Collection[str] | None = None,
    ids: Collection[int] | None = None,
) -> pa.Table:
    """Return the events of some fields and deals, the oldest first.

    Parameters
    ----------
    history : History
        Of deals.
    kinds : pyarrow.Schema
        The types of their columns today.
    since : datetime, optional
        Leave out what refreshes before this time found.
    names : collection of str, optional
        The fields; by default `TRACKED`.
    ids : collection of int, optional
        The deals; by default all.

    Returns
    -------
    pyarrow.Table
        ``id``, ``title``, ``field``, ``old``, ``new``, ``changed_at`` and ``seen_at``; then the deal's
        ``stage``, ``pipeline``, ``status``, ``owner_id``, ``owner_name``, ``deal_value`` and ``currency``
        as that refresh found them, or for a deleted deal as the one before did. ``old`` and ``new`` are
        text, or of the field's own type if `names` has one name only.

    Raises
    ------
    SalesmateError
        If nothing has one of the names.
    """
    events, names = history.events, TRACKED if names is None else names
    for name in names:
        _check_name(name, [*TRACKED, *kinds.names, *events.column("field").unique().to_pylist()])
    if ids is not None:
        events = events.filter(pc.is_in(events.column("id"), pa.array(ids, pa.int64())))
    shown = events.filter(pc.is_in(events.column("field"), pa.array(names, pa.string())))
    if since is not None:
        shown = shown.filter(pc.greater_equal(shown.column("seen_at"), pa.scalar(since, TIMESTAMP)))
    shown = shown.take(np.lexsort([shown.column(name).to_numpy() for name in ("id", "seen_at")]))
    columns = {name: shown.column(name) for name in SCHEMA.names}
    if len(names) == 1 and (only := next(iter(names))) in kinds.names:
        kind = kinds.field(only).type
        columns |= {name: from_text(columns[name].combine_chunks(), kind) for name in ("old", "new")}
    times = _times_of_context(shown, events)
    for name in ("title", *CONTEXT):
        columns[name] = _values_at(history.first, events, name, kinds.field(name).type, times)
    return pa.table({name: columns[name] for name in _COLUMNS})


def history_filters(names: Sequence[str] | None, ids: Sequence[int] | None) -> dict[str, list[Any]]:
    """Return the fields and deals that a history is read for, by argument; without those for all."""
    asked = {"field": names, "id": ids}
    return {argument: list(values) for argument, values in asked.items() if values is not None}


def history_frame(
    events: pa.Table, order: Mapping[str, Sequence[str]], attrs: Mapping[str, Any]
) -> pd.DataFrame:
    """Convert events to a frame, with repeated values as categories.

    Parameters
    ----------
    events : pyarrow.Table
        As :func:`timeline` returns them.
    order : mapping of str to sequence of str
        For columns whose values are chosen from a list: the values, in the server's order.
    attrs : mapping of str to object
        What the frame says about itself: plain values.
    """
    table = events
    for name in _CATEGORIES:
        place = table.column_names.index(name)
        table = table.set_column(place, name, categories(table.column(name), order.get(name, ())))
    frame = to_pandas(table)
    frame.attrs["salesmate"] = dict(attrs)
    return frame


def _check_name(name: str, known: Sequence[str]) -> None:
    if name not in known:
        near = " or ".join(map(repr, meant_columns(str(name), known)))
        hint = f"Did you mean {near}?" if near else "Use a column of deals_df()."
        raise SalesmateError(f"field: there is no field {name!r}. {hint}")


def _times_of_context(shown: pa.Table, events: pa.Table) -> pd.DataFrame:
    """Return for each event the deal and the time whose values are shown: for a deletion, just before it."""
    deletions = events.filter(pc.equal(events.column("field"), DELETED))
    gone, pairs = (
        pd.MultiIndex.from_frame(each.select(["id", "seen_at"]).to_pandas()) for each in (deletions, shown)
    )
    ids, seen = shown.column("id").to_pandas(), shown.column("seen_at").to_pandas()
    earlier = seen - pd.Timedelta(microseconds=1)
    return pd.DataFrame(
        {"id": ids, "at": seen.mask(pairs.isin(gone), earlier), "row": np.arange(shown.num_rows)}
    )


def _values_at(
    first: pa.Table, events: pa.Table, name: str, kind: pa.DataType, times: pd.DataFrame
) -> pa.Array:
    """Return the value of a column of some deals, each at its time."""
    own = events.filter(pc.equal(events.column("field"), name))
    changes = pd.DataFrame(
        {
            "id": own.column("id").to_pandas(),
            "at": own.column("seen_at").to_pandas(),
            "event": np.arange(own.num_rows),
        }
    )
    found = pd.merge_asof(times.sort_values("at", kind="stable"), changes, on="at", by="id")
    event = found.sort_values("row")["event"].to_numpy()
    ids = first.column("id").to_numpy()
    place = np.searchsorted(ids, times["id"].to_numpy())
    place[place == len(ids)] = 0
    is_first = (ids[place] == times["id"].to_numpy()) if len(ids) else np.zeros(len(times), dtype=bool)
    values = _start(first, name, kind)
    sources = pa.concat_arrays([values, from_text(own.column("new").combine_chunks(), kind)])
    row = np.where(np.isnan(event), place, np.nan_to_num(event) + len(values)).astype(np.int64)
    return sources.take(pa.array(row, mask=np.isnan(event) & ~is_first))


def _start(first: pa.Table, name: str, kind: pa.DataType) -> pa.Array:
    if name not in first.column_names:
        return pa.nulls(first.num_rows, kind)
    return first.column(name).combine_chunks().cast(kind)
