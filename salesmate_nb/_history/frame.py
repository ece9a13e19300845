"""The frame of a history, as `history_df` returns it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from salesmate_nb._frames.arrow import categories
from salesmate_nb._frames.dataframe import to_pandas

_CATEGORIES = ("field", "stage", "pipeline", "status", "owner_name", "currency")


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
        As :func:`~salesmate_nb._history.timeline.timeline` returns them.
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
