"""Which groups have a place of their own."""

from __future__ import annotations

import pandas as pd

from salesmate_nb._wording.ranking import distinct, keeps_order, places_of


def test_forty_owners():
    """Of forty names, the twelve largest have a place, and one is for the other 28."""
    column = pd.Series([f"owner {number}" for number in range(40)])
    places, names = places_of(column, pd.Series(range(40)))
    assert names == [*(f"owner {number}" for number in range(39, 27, -1)), "others (28)"]
    assert list(places) == [*[12] * 28, *range(11, -1, -1)]


def test_thirteen_names():
    """One other name is not hidden behind others."""
    _, names = places_of(pd.Series([f"{number:02}" for number in range(13)]), pd.Series([1] * 13))
    assert names == [f"{number:02}" for number in range(13)]


def test_own_order():
    """Ordered categories, and stages, keep their order; a missing value is last."""
    sizes = pd.CategoricalDtype(["small", "large"], ordered=True)
    column = pd.Series([None, "large", "small"], dtype=sizes)
    assert keeps_order(column)
    assert places_of(column, pd.Series([9, 9, 1]))[1] == ["small", "large", "(none)"]
    stages = pd.Series(["Offer", "Demo"], dtype=pd.CategoricalDtype(["Demo", "Offer"]), name="stage")
    assert places_of(stages, pd.Series([9, 1]))[1] == ["Demo", "Offer"]


def test_missing_sizes():
    """A group whose size is missing counts as nothing."""
    assert places_of(pd.Series(["a", "b"]), pd.Series([None, 1.0]))[1] == ["b", "a"]


def test_distinct():
    """The groups of a category are in its order, without those that have no row."""
    column = pd.Series(["EUR", None, "USD"], dtype=pd.CategoricalDtype(["USD", "GBP", "EUR"]))
    assert [(name, list(mask)) for name, mask in distinct(column)] == [
        ("USD", [False, False, True]),
        ("EUR", [True, False, False]),
        ("(none)", [False, True, False]),
    ]
