"""Time to close: which deals are used, and real deals."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings

from salesmate_nb.analysis import cycle_time, survival
from tests.analysis.frames import NOW, RECORDS, closed_after, few, frame_of, open_since


def test_left_out_deals():
    """Counted but not used: no creation date, closed without a date or before creation, unknown status."""
    odd = [
        {"status": "Won", "closedDate": "2026-01-01"},
        {"status": "Lost", "createdAt": "2026-01-01"},
        {"status": "Won", "createdAt": "2026-01-02", "closedDate": "2026-01-01"},
        {"status": None, "createdAt": "2026-01-01"},
        *open_since(-1),
    ]
    row = cycle_time(frame_of([*closed_after(3), *odd]), now=NOW).iloc[0]
    assert (row["deals"], row["closed"], row["median_days"], row["left_out"]) == (1, 1, 3, 5)
    none = cycle_time(frame_of(odd), now=NOW).iloc[0]
    assert (none["deals"], none["closed"], none["left_out"]) == (0, 0, 5)
    assert pd.isna(none["median_days"])
    assert survival(frame_of(odd), now=NOW).empty


def test_reopened_deal():
    """An open deal that still has a closing date is counted as open until now."""
    (record,) = closed_after(3)
    assert list(survival(frame_of([{**record, "status": "Open"}]), now=NOW)["day"]) == [0, 400]


def check_all_counted(records):
    deals = frame_of(records)
    table, curve = cycle_time(deals, "stage", now=NOW), survival(deals, "stage", now=NOW)
    assert (table["deals"] + table["left_out"]).sum() == len(deals)
    assert curve["closed"].sum() == table["closed"].sum()
    assert curve["still_open"].between(0, 1).all()
    for _, steps in curve.groupby("stage", observed=True, dropna=False):
        assert steps["day"].is_monotonic_increasing
        assert steps["at_risk"].is_monotonic_decreasing
        assert steps["still_open"].is_monotonic_decreasing


@few
@given(RECORDS)
def test_every_deal_is_counted_or_left_out(records):
    """Deals counted and left out are all deals; the curve falls from 1 and never below 0."""
    check_all_counted(records)


@pytest.mark.slow
@settings(max_examples=12)
@given(RECORDS)
def test_every_deal_of_many_is_counted(records):
    """The same for many more deals."""
    check_all_counted(records)


def test_real_cycles(real):
    """Without open deals the median equals that of pandas; with them it is longer."""
    decided = real[real["status"] != "Open"]
    days = (decided["closed_date"] - decided["created_at"]).dt.days
    row = cycle_time(decided, now=NOW).iloc[0]
    assert (row["closed"], row["left_out"]) == (6711, 0)
    assert [row[f"{name}_days"] for name in ("quarter", "median", "three_quarters")] == list(
        days.quantile([0.25, 0.5, 0.75], interpolation="higher")
    )
    with_open = cycle_time(real, now=pd.Timestamp("2017-12-31", tz="UTC")).iloc[0]
    assert (with_open["deals"], with_open["closed"]) == (8800, 6711)
    assert with_open["median_days"] > row["median_days"]
    curve = survival(decided, now=NOW).set_index("day")["still_open"]
    assert curve[30.0] == pytest.approx((days > 30).mean())
