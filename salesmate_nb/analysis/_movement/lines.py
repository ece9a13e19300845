"""The lines of a movement, with the deals of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from salesmate_nb.analysis._movement.sides import Sides

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
    return sides.then["open"] & sides.then["within"], sides.now["open"] & sides.now["within"]


def _came_and_went(sides: Sides) -> pd.Series[bool]:
    """Return which deals came into the pipeline after `then`, and were won or lost before `now`."""
    then, now = sides.then, sides.now
    was, _ = _was_and_is(sides)
    won, lost = now["won"] & ~then["won"], now["lost"] & ~then["lost"]
    is_back = ~then["exists"] & sides.is_older  # restored, and won or lost long ago
    return ~was & (won | lost) & now["within"] & ~is_back


def _entering(sides: Sides) -> Iterator[pd.DataFrame]:
    then, now = sides.then, sides.now
    was, is_now = _was_and_is(sides)
    enters = ~was & (is_now | _came_and_went(sides))
    is_new = enters & ~then["exists"]
    yield _line("opening", then[was], 1)
    yield _line("created", now[is_new & ~sides.is_older], 1)
    yield _line("restored", now[is_new & sides.is_older], 1)
    yield _line("reopened", now[enters & then["exists"] & ~then["open"]], 1)
    yield _line("pulled in", now[enters & then["open"]], 1)


def _staying(sides: Sides, keys: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield what changed in deals of the opening pipeline: first their group, then their value."""
    then, now = sides.then, sides.now
    remains = _was_and_is(sides)[0] & now["exists"]
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
    ended = now["won"] | now["lost"] | now["open"]
    yield _line("won", now[leaves & now["won"]], -1)
    yield _line("lost", now[leaves & now["lost"]], -1)
    yield _line("slipped", now[leaves & now["open"]], -1)
    yield _line("deleted", then[leaves & ~now["exists"]], -1)
    yield _line("deleted", now[leaves & now["exists"] & ~ended], -1)
    yield _line("closing", now[is_now], 1)


def _line(name: str, deals: pd.DataFrame, factor: int) -> pd.DataFrame:
    """Return a line that adds the deals, or takes them away."""
    return deals.assign(
        line=name,
        deals=factor,
        value=factor * deals["value"],
        without_value=factor * deals["without_value"],
    )
