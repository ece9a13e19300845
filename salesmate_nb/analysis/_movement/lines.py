"""The lines of a movement, with the deals of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from salesmate_nb.analysis._movement.sides import EXISTS, IS_LOST, IS_OPEN, IS_WITHIN, IS_WON, Sides

LINES = pd.CategoricalDtype(
    [
        "opening",
        "created",
        "restored",
        "reopened",
        "raised",
        "lowered",
        "won",
        "lost",
        "slipped",
        "pulled in",
        "moved in",
        "moved out",
        "deleted",
        "other status",
        "closing",
    ],
    ordered=True,
)
AMOUNTS = ["deals", "value", "without_value"]


def lines(sides: Sides, keys: Sequence[str]) -> pd.DataFrame:
    """Return a row for each deal and line: all columns of its side, ``line``, and what it adds.

    Parameters
    ----------
    sides : Sides
        The deals then and now.
    keys : sequence of str
        The columns that make up a group, ``currency`` among them.
    """
    table = pd.concat([*_entering(sides), *_staying(sides, keys), *_leaving(sides)])
    return table.astype({"line": LINES})


def _was_and_is(sides: Sides) -> tuple[pd.Series[bool], pd.Series[bool]]:
    """Return which deals were part of the pipeline then, and which are now."""
    return sides.then[IS_OPEN] & sides.then[IS_WITHIN], sides.now[IS_OPEN] & sides.now[IS_WITHIN]


def _came_and_went(sides: Sides) -> pd.Series[bool]:
    """Return which deals came into the pipeline after `then`, and were won or lost before `now`."""
    then, now = sides.then, sides.now
    was, _ = _was_and_is(sides)
    won, lost = now[IS_WON] & ~then[IS_WON], now[IS_LOST] & ~then[IS_LOST]
    is_back = ~then[EXISTS] & sides.is_older  # restored, and won or lost long ago
    return ~was & (won | lost) & now[IS_WITHIN] & ~is_back


def _entering(sides: Sides) -> Iterator[pd.DataFrame]:
    then, now = sides.then, sides.now
    was, is_now = _was_and_is(sides)
    enters = ~was & (is_now | _came_and_went(sides))
    is_new = enters & ~then[EXISTS]
    yield _line("opening", then[was], 1)
    yield _line("created", now[is_new & ~sides.is_older], 1)
    yield _line("restored", now[is_new & sides.is_older], 1)
    yield _line("reopened", now[enters & then[EXISTS] & ~then[IS_OPEN]], 1)
    yield _line("pulled in", now[enters & then[IS_OPEN]], 1)


def _staying(sides: Sides, keys: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield what changed in deals of the opening pipeline: first their group, then their value."""
    then, now = sides.then, sides.now
    remains = _was_and_is(sides)[0] & now[EXISTS]
    is_same_currency = sides.same(["currency"])
    moved = remains & ~sides.same(keys)
    yield _line("moved out", then[moved], -1)
    amounts = ["value", "without_value"]
    arriving = now.assign(**then[amounts].where(is_same_currency, now[amounts]))
    yield _line("moved in", arriving[moved], 1)

    change = now[amounts] - then[amounts]
    changed = remains & is_same_currency & change.any(axis=1)
    raised = (change["value"] > 0) | ((change["value"] == 0) & (change["without_value"] < 0))
    changing = now.assign(**change)
    yield _line("raised", changing[changed & raised], 1).assign(deals=0)
    yield _line("lowered", changing[changed & ~raised], 1).assign(deals=0)


def _leaving(sides: Sides) -> Iterator[pd.DataFrame]:
    then, now = sides.then, sides.now
    was, is_now = _was_and_is(sides)
    leaves = (was & ~is_now) | _came_and_went(sides)
    ended = now[IS_WON] | now[IS_LOST] | now[IS_OPEN]
    yield _line("won", now[leaves & now[IS_WON]], -1)
    yield _line("lost", now[leaves & now[IS_LOST]], -1)
    yield _line("slipped", now[leaves & now[IS_OPEN]], -1)
    yield _line("deleted", then[leaves & ~now[EXISTS]], -1)
    yield _line("other status", now[leaves & now[EXISTS] & ~ended], -1)
    yield _line("closing", now[is_now], 1)


def _line(name: str, deals: pd.DataFrame, factor: int) -> pd.DataFrame:
    """Return a line that adds the deals, or takes them away."""
    return deals.assign(
        line=name,
        deals=factor,
        value=factor * deals["value"] + 0.0,  # not -0.0
        without_value=factor * deals["without_value"],
    )
