"""Which groups have a row of their own, in which order; the rest is one row of others."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesmate_nb._wording.names import name_of

LIMIT = 12  # groups with a row of their own


def places_of(column: pd.Series, size: pd.Series, limit: int = LIMIT) -> tuple[pd.Series, list[str]]:
    """Return the place of each row among the groups that are shown, and their names.

    The largest groups have a place of their own; all others share the last one. Ordered categories, and
    stages, keep their order.

    Parameters
    ----------
    column : pandas.Series
        The group of each row.
    size : pandas.Series
        What each row adds to the size of its group.
    limit : int
        How many groups have a place of their own.

    Examples
    --------
    >>> places, names = places_of(pd.Series(["b", "a", "c", None]), pd.Series([2, 9, 1, 4]), limit=2)
    >>> list(places), names
    ([2, 0, 2, 1], ['a', '(none)', 'others (2)'])
    """
    codes, values = pd.factorize(column, use_na_sentinel=False)
    sizes = size.fillna(0).astype("float64").groupby(codes).sum()
    ranked = list(sizes.sort_values(ascending=False, kind="stable").index)
    kept = ranked[: limit if len(ranked) > limit + 1 else len(ranked)]  # no row of one other
    if keeps_order(column):
        order = _order(values)
        kept.sort(key=lambda code: order[code])
    others = len(ranked) - len(kept)
    names = [name_of(values[code]) for code in kept] + ([f"others ({others:,})"] if others else [])
    place = {code: place for place, code in enumerate(kept)}
    return pd.Series([place.get(code, len(kept)) for code in codes], index=column.index, dtype="int64"), names


def keeps_order(column: pd.Series) -> bool:
    """Return whether the groups of a column have an order of their own: ordered categories, and stages."""
    is_ordered = isinstance(column.dtype, pd.CategoricalDtype) and bool(column.dtype.ordered)
    return is_ordered or column.name == "stage"


def distinct(column: pd.Series, longest: int = 48) -> list[tuple[str, pd.Series]]:
    """Return the name of each group, and which rows belong to it; categories keep their order.

    Examples
    --------
    >>> [(name, list(rows)) for name, rows in distinct(pd.Series(["b", None, "b"]))]
    [('b', [True, False, True]), ('(none)', [False, True, False])]
    """
    codes, values = pd.factorize(column, use_na_sentinel=False)
    order = _order(values)
    return [
        (name_of(values[code], longest), pd.Series(codes == code, index=column.index))
        for code in sorted(range(len(values)), key=lambda code: order[code])
    ]


def _order(values: Any) -> list[tuple[bool, int]]:
    """Return what to sort distinct values by: their categories, or else where they are; missing ones last."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return [(bool(code < 0), int(code)) for code in pd.Categorical(values).codes]
    return [(False, place) for place in range(len(values))]
