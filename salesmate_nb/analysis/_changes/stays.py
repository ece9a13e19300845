"""Stays: from when to when a deal was open in a stage."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.analysis._attrs import read_at, refreshes, since
from salesmate_nb.analysis._changes.past_state import CREATED, DELETED, EXISTENCE, RESTORED, past_state
from salesmate_nb.analysis._columns import (
    LOST,
    OPEN,
    WON,
    by_id,
    is_among,
    look_up,
    same_categories,
    select_events,
    timestamp,
    utc,
)

_PLACE = ["pipeline", "stage", "status"]
_BEGUN = "begun"  # the place of a deal when the history began


def stays(history: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each stay of an open deal in a stage, by deal and time.

    Returns
    -------
    pandas.DataFrame
        ``id``, ``pipeline`` and ``stage``; ``start``, missing if the deal was there before the history
        began; ``end``, the time when `now` was read if it is still there; ``outcome``, which is ``"moved"``
        to another stage or pipeline, ``"won"``, ``"lost"``, ``"open"`` or ``"gone"``; and ``final``, the
        outcome of the deal's last stay, or what it became since.
    """
    places = _places(history, now)
    places["state"] = _state(places)
    following = places.groupby("id")[["time", "state"]].shift(-1)
    is_last = following["state"].isna()
    table = places[["id", "pipeline", "stage"]].assign(
        start=_starts(places, history, now),
        end=following["time"].mask(is_last, timestamp(read_at(now), places["time"])),
        outcome=following["state"].replace("open", "moved").mask(is_last, "open"),
        final=places.groupby("id")["state"].transform("last"),
    )
    return table[places["state"] == "open"].reset_index(drop=True)


def _places(history: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return the place of each deal when the history began, and after each refresh that found it changed."""
    changes = _changes(history)
    begun = past_state(history, now, None, _PLACE)
    missing = pd.Series(pd.NaT, index=begun.index, dtype=changes["time"].dtype)
    begun = begun.assign(field=_BEGUN, time=missing, seen_at=missing)
    for name in _PLACE:
        begun[name], changes[name] = same_categories(begun[name], changes[name])
    places = pd.concat([begun, changes[begun.columns]])
    return places.sort_values(["id", "seen_at"], na_position="first", ignore_index=True)


def _changes(history: pd.DataFrame) -> pd.DataFrame:
    """Return an event for each deal and refresh that found its place changed, or found it new or gone."""
    events = select_events(history, "id", "field", "changed_at", *_PLACE)
    events = events[events["field"].isin([*_PLACE, *EXISTENCE])]
    events = events.assign(is_value=~events["field"].isin(EXISTENCE))
    events = events.sort_values(["seen_at", "is_value"], kind="stable").drop_duplicates(["id", "seen_at"])
    seen = events["seen_at"]
    changed = utc(events["changed_at"])
    time = changed.where(changed <= seen, seen)  # also if it is not known
    # That of a deletion is not known, but the refresh before still found the deal.
    known = refreshes(history)
    before = pd.Series(known, index=known).shift()
    earlier = look_up(before, seen).fillna(seen)
    return events.assign(time=time.where(events["field"].ne(DELETED), earlier))


def _state(places: pd.DataFrame) -> pd.Series:
    """Return whether a deal is open, won, lost or neither."""
    status = places["status"]
    state = pd.Series("gone", index=places.index, dtype="str")
    for name, words in {"open": OPEN, "won": WON, "lost": LOST}.items():
        state = state.mask(is_among(status, words), name)
    return state.mask(places["field"].eq(DELETED), "gone")


def _starts(places: pd.DataFrame, history: pd.DataFrame, now: pd.DataFrame) -> pd.Series:
    """Return when a deal came to each place; missing if that is not known."""
    time, began = places["time"], since(history)
    created = look_up(utc(by_id(now, "created_at")["created_at"]), places["id"]).fillna(time)
    if began is not None:  # an older deal that was not visible then
        created = created.mask(created < began)
    start = time.mask(places["field"].eq(CREATED), created)
    return start.mask(places["field"].isin([_BEGUN, RESTORED]))
