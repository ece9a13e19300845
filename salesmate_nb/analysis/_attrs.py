"""What frames say about themselves in ``attrs["salesmate"]``."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from salesmate_nb.analysis._columns import utc, with_zone
from salesmate_nb.errors import SalesmateError


def read_at(frame: pd.DataFrame) -> pd.Timestamp | None:
    """Return when a frame was read, or ``None`` if it does not say."""
    return _time_in_attrs(frame, "read_at")


def since(history: pd.DataFrame) -> pd.Timestamp | None:
    """Return when a history began, or ``None`` if it does not say."""
    return _time_in_attrs(history, "since")


def refreshes(history: pd.DataFrame) -> pd.DatetimeIndex:
    """Return when the deals of a history were read: as far as it says, and by its events; ascending."""
    known = [*history.attrs.get("salesmate", {}).get("refreshes", []), since(history)]
    times = pd.Series(pd.to_datetime(known, utc=True, format="ISO8601")).dt.as_unit("us")
    return pd.DatetimeIndex(pd.concat([times, utc(history["seen_at"])]).dropna().unique()).sort_values()


def check_whole(history: pd.DataFrame, now: pd.DataFrame, fields: Collection[str]) -> None:
    """Check that a history was not read without these fields, or for other deals than those of now.

    Raises
    ------
    SalesmateError
        If its attrs say that it was: what it lacks would count as not changed.
    """
    filters = history.attrs.get("salesmate", {}).get("filters", {})
    ids = filters.get("id")
    lacking = sorted(set(fields).difference(filters.get("field", fields)))
    if lacking or (ids is not None and not now["id"].isin(ids).all()):
        what = (
            f"field has no {', '.join(map(repr, lacking))}" if lacking else "id names only some of the deals"
        )
        raise SalesmateError(f"The history is not whole: its {what}. Read all of it, by history_df().")


def with_since(history: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that says in its attrs when the history began that it was calculated from."""
    began = since(history)
    table.attrs["salesmate"] = {"since": None if began is None else began.isoformat()}
    return table


def _time_in_attrs(frame: pd.DataFrame, name: str) -> pd.Timestamp | None:
    text = frame.attrs.get("salesmate", {}).get(name)
    return None if text is None else with_zone(pd.Timestamp(text)).tz_convert("UTC")
