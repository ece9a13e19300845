"""Whether win rates differ by more than chance explains."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesmate_nb.sentences._comparison import compare


def rates(*counts):
    return pd.DataFrame(counts, columns=["name", "won", "decided"])


def test_clear_difference():
    """Rates far apart, of many deals, are compared."""
    text = compare(rates(("Web", 20, 100), ("Fair", 60, 100)), "sources")
    assert (
        text
        == "Fair (60 % of 100) has a higher win rate than Web (20 % of 100), by more than chance explains."
    )


def test_chance():
    """If the intervals overlap, no name is put above another; a tie is one."""
    text = compare(rates(("Web", 5, 10), ("Fair", 8, 10)), "sources")
    assert text == (
        "the win rates of 2 sources with at least 10 decided deals are between 50 % and 80 %; "
        "such differences may be chance."
    )
    same = compare(rates(("Web", 50, 100), ("Fair", 50, 100)), "sources")
    assert same == "all 2 sources with at least 10 decided deals have a win rate of 50 %."


def test_few():
    """Names with fewer than ten decided deals are not compared; a single name is not either."""
    few = compare(rates(("Web", 9, 9), ("Fair", 50, 100)), "sources")
    assert few == "too few sources have 10 decided deals to compare their win rates."
    assert compare(rates(("Fair", 50, 100)), "sources") == ""


def test_many_equal_names():
    """Of forty names with the same true rate, a difference is claimed in at most 5 % of accounts."""
    chance = np.random.default_rng(3)
    claims = [
        "more than chance"
        in compare(pd.DataFrame({"name": "x", "won": chance.binomial(30, 0.4, 40), "decided": 30}), "")
        for _ in range(40)
    ]
    assert sum(claims) <= 2
