"""What frames say about themselves in ``attrs["salesmate"]``."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.analysis._columns import with_zone


def read_at(frame: pd.DataFrame) -> pd.Timestamp | None:
    """Return when a frame was read, or ``None`` if it does not say."""
    return _time_in_attrs(frame, "read_at")


def since(history: pd.DataFrame) -> pd.Timestamp | None:
    """Return when a history began, or ``None`` if it does not say."""
    return _time_in_attrs(history, "since")


def with_since(history: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that says in its attrs when the history began that it was calculated from."""
    began = since(history)
    table.attrs["salesmate"] = {"since": None if began is None else began.isoformat()}
    return table


def _time_in_attrs(frame: pd.DataFrame, name: str) -> pd.Timestamp | None:
    text = frame.attrs.get("salesmate", {}).get(name)
    return None if text is None else with_zone(pd.Timestamp(text)).tz_convert("UTC")
