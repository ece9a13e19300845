"""Wilson's interval and Kaplan-Meier's estimate, against their textbook definitions."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmate_nb.analysis import cycle_time, survival, win_rate
from salesmate_nb.errors import SalesmateError
from tests.analysis.frames import NOW, closed_after, few, frame_of, many, open_since


def test_wilson_interval():
    """For 95 %, z = 1.959964: for none of ten it ends at z**2 / (10 + z**2) = 0.2775."""
    groups = {"Ann": (0, 10), "Bo": (10, 0), "Cy": (5, 5)}
    deals = frame_of(
        {"status": status, "owner": {"id": 1, "name": name}}
        for name, (won, lost) in groups.items()
        for status in ["Won"] * won + ["Lost"] * lost
    )
    table = win_rate(deals, "owner_name")
    assert list(table["low"]) == pytest.approx([0, 0.7224672, 0.2365931], abs=1e-6)
    assert list(table["high"]) == pytest.approx([0.2775328, 1, 0.7634069], abs=1e-6)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 95])
def test_invalid_confidence(confidence):
    """95 instead of 0.95 is an error that shows the right form."""
    with pytest.raises(SalesmateError, match=r"between 0 and 1, such as 0\.95"):
        win_rate(frame_of([]), confidence=confidence)


ANY_COUNTS = given(st.integers(0, 3000), st.integers(0, 3000), st.floats(0.01, 0.999))


def check_wilson(won, lost, confidence):
    deals = pd.DataFrame({"status": ["Won"] * won + ["Lost"] * lost})
    table = win_rate(deals, confidence=confidence)
    assert len(table) == (won + lost > 0)
    for row in table.itertuples():
        assert 0 <= row.low <= row.rate <= row.high <= 1
        errors = [
            (row.rate - p) ** 2 * row.decided - z2(confidence) * p * (1 - p) for p in (row.low, row.high)
        ]
        assert errors == pytest.approx([0, 0], abs=1e-6)


@few
@ANY_COUNTS
def test_wilson_equation(won, lost, confidence):
    """The ends are within 0 and 1, around the rate, and solve |rate - p| = z * sqrt(p * (1 - p) / n)."""
    check_wilson(won, lost, confidence)


@pytest.mark.slow
@many
@ANY_COUNTS
def test_wilson_equation_of_many(won, lost, confidence):
    """The same for many more counts."""
    check_wilson(won, lost, confidence)


def z2(confidence):
    """Return the square of the normal quantile, by bisection of the error function."""
    low, high = 0.0, 10.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle / 2**0.5) < confidence else (low, middle)
    return low**2


def test_kaplan_meier_with_open_deals():
    """The textbook estimate, calculated by hand: shares 3/4, then 3/4 * 1/2."""
    deals = frame_of([*closed_after(2), *open_since(3), *closed_after(5, status="Lost"), *open_since(7)])
    curve = survival(deals, now=NOW)
    assert list(curve["day"]) == [0, 2, 3, 5, 7]
    assert list(curve["at_risk"]) == [4, 4, 3, 2, 1]
    assert list(curve["closed"]) == [0, 1, 0, 1, 0]
    assert list(curve["still_open"]) == pytest.approx([1, 0.75, 0.75, 0.375, 0.375])
    row = cycle_time(deals, now=NOW).iloc[0]
    assert (row["deals"], row["closed"], row["left_out"]) == (4, 2, 0)
    assert (row["quarter_days"], row["median_days"]) == (2, 5)
    assert pd.isna(row["three_quarters_days"])


def test_open_deal_of_the_same_age_is_at_risk():
    """If a deal closed at the age an open one has now, the open one counts among those at risk."""
    curve = survival(frame_of([*closed_after(4), *open_since(4)]), now=NOW)
    assert list(curve["at_risk"]) == [2, 2]
    assert list(curve["still_open"]) == [1, 0.5]


ANY_DAYS = given(st.lists(st.integers(0, 300), min_size=1, max_size=60))


def check_kaplan_meier(days):
    deals = frame_of(closed_after(*days))
    curve = survival(deals, now=NOW)
    assert list(curve["still_open"]) == pytest.approx(
        [sum(other > day for other in days) / len(days) for day in curve["day"]]
    )
    row = cycle_time(deals, now=NOW).iloc[0]
    expected = [sorted(days)[math.ceil(len(days) * share) - 1] for share in (0.25, 0.5, 0.75)]
    assert list(row[["quarter_days", "median_days", "three_quarters_days"]]) == expected


@few
@ANY_DAYS
def test_kaplan_meier_without_open_deals(days):
    """Without censoring, the curve is 1 minus the empirical distribution; quartiles agree."""
    check_kaplan_meier(days)


@pytest.mark.slow
@many
@ANY_DAYS
def test_kaplan_meier_of_many(days):
    """The same for many more closed deals."""
    check_kaplan_meier(days)
