"""A movement of the pipeline as a table for the screen."""

from __future__ import annotations

import math

import pandas as pd

_TOTALS = ("opening", "closing")
_NONE = "(none)"
_GROUP = "its group"  # no column of a user has such a name


def waterfall(table: pd.DataFrame) -> str:
    """Return a movement as text: a row for each line, and for each currency its deals and their value.

    Lines in which nothing moved are left out, but not ``opening`` and ``closing``. These two are amounts,
    and all others show what they add or take away.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.movement` returns.

    Examples
    --------
    >>> lines = ["opening", "created", "raised", "won", "closing"]
    >>> table = pd.DataFrame(
    ...     {
    ...         "currency": "EUR",
    ...         "line": pd.Categorical(lines, lines),
    ...         "deals": [2, 1, 0, -1, 2],
    ...         "value": [1500.0, 70.5, 0.0, -500.0, 1070.5],
    ...         "without_value": 0,
    ...         "listed": [2, 1, 0, 1, 2],
    ...     }
    ... )
    >>> print(waterfall(table))
              EUR
            deals     value
    opening     2  1,500.00
    created    +1    +70.50
    won        -1   -500.00
    closing     2  1,070.50
    """
    shown = table[(table["listed"] > 0) | table["line"].isin(_TOTALS)]
    if shown.empty:
        return "There is no deal in the open pipeline, then or now."
    by = [name for name in table.columns[: table.columns.get_loc("line")] if name != "currency"]
    is_total = shown["line"].isin(_TOTALS)
    cells = shown[[*by, "currency"]].astype("object").fillna(_NONE)
    currencies = cells["currency"].unique()
    cells["line"] = shown["line"]
    for name, digits in {"deals": 0, "value": 2}.items():
        amounts = zip(shown[name], is_total, strict=True)
        cells[name] = [_number(amount, digits, signed=not total) for amount, total in amounts]
    cells[_GROUP] = cells.groupby(by, sort=False).ngroup() if by else 0
    cells = cells.sort_values([_GROUP, "line"]).astype({"line": "object"}).set_index([*by, "line"])
    blocks = {str(name): cells.loc[cells["currency"] == name, ["deals", "value"]] for name in currencies}
    wide = pd.concat(blocks, axis="columns").reindex(cells.index.unique())
    lines = wide.to_string(na_rep="", index_names=False).splitlines()
    return "\n".join(line.rstrip() for line in [*lines, *_without_value(table)])


def _without_value(table: pd.DataFrame) -> list[str]:
    """Return a note on the open deals whose value is not known, if there are any."""
    missing = table.loc[table["line"] == "closing", "without_value"].sum()
    return ["", f"Open deals without a value, which count as 0: {missing:,}"] if missing else []


def _number(number: float, digits: int, *, signed: bool) -> str:
    """Return a number with separators; 0 as empty text, unless it is a total."""
    if signed and math.isclose(number, 0, abs_tol=0.005):
        return ""
    return f"{number:{'+' if signed else ''},.{digits}f}"
