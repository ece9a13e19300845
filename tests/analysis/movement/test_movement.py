"""Movement: it closes to the cent for any deals, and real deals move as plain pandas says."""

from __future__ import annotations

import itertools
import random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb.analysis import movement, movement_deals
from salesmate_nb.errors import SalesmateError
from tests.analysis.movement.states import any_lives, one, state_of_real

AMOUNTS = ["deals", "value", "without_value"]
WAYS = [
    ((), None),
    ("owner_name", pd.Period("2026-07")),
    (["stage", "owner_id"], (pd.Timestamp("2026-06-15"), "2026-08-01")),
]


def check_movement(then, now, by, period):
    """Assert that every group closes, that its ends are the open deals, and that rows add up to lines."""
    before = then.copy(), now.copy()
    table = movement(then, now, by, period=period)
    pd.testing.assert_frame_equal(then, before[0])
    pd.testing.assert_frame_equal(now, before[1])
    keys = [*([by] if isinstance(by, str) else by), "currency"]
    for frame, line in ((then, "opening"), (now, "closing")):
        deals = frame[frame["status"] == "Open"]
        if period is not None:
            days = deals["estimated_close_date"].dt.tz_localize(None)
            span = period if isinstance(period, tuple) else (period.start_time, period.end_time)
            deals = deals[days.between(*map(pd.Timestamp, span))]
        expected = {
            tuple(map(str, key)): (
                len(rows),
                round(rows["deal_value"].sum(), 2),
                rows["deal_value"].isna().sum(),
            )
            for key, rows in deals.groupby(keys, dropna=False, observed=True)
        }
        rows = table[(table["line"] == line) & (table["listed"] > 0)]
        found = {
            tuple(map(str, row[: len(keys)])): (row[-3], round(row[-2], 2), row[-1])
            for row in rows[[*keys, *AMOUNTS]].itertuples(index=False)
        }
        assert found == expected
    for _, rows in table.groupby(keys, dropna=False, observed=True):
        sums = rows.set_index("line")[AMOUNTS]
        assert (sums.drop("closing").sum() - sums.loc["closing"]).abs().max() < 0.005
    listed = movement_deals(then, now, by, period=period)
    counted = listed.groupby([*keys, "line"], dropna=False, observed=True)[AMOUNTS].sum().reset_index()
    shown = table[table["listed"] > 0].drop(columns="listed").reset_index(drop=True)
    pd.testing.assert_frame_equal(counted, shown)
    assert table["listed"].sum() == len(listed)
    assert not listed.duplicated(["id", "line"]).any()
    assert (table["listed"] >= table["deals"].abs()).all()


@pytest.mark.parametrize(("by", "period"), WAYS)
def test_movement_closes(by, period):
    """In every currency and group, opening plus lines is closing, and all are sums of their deals."""
    check_movement(*any_lives(random.Random(1), 150), by, period)


@pytest.mark.slow
@settings(max_examples=5)
@given(st.randoms(use_true_random=False), st.integers(0, 200), st.sampled_from(WAYS))
def test_movement_of_many_closes(random, count, way):
    """The same for any deals."""
    check_movement(*any_lives(random, count), *way)


def test_moved_to_another_owner():
    """What a deal takes out of one group it brings to the other; the new one gets the change in value."""
    then, now = one({}, {"owner": {"id": 2, "name": "Bo"}, "dealValue": 130.0})
    table = movement(then, now, "owner_name").set_index(["owner_name", "line"])["value"]
    found = {key: value for key, value in table.items() if value}
    assert found == {
        ("Ann", "opening"): 100,
        ("Ann", "moved out"): -100,
        ("Bo", "moved in"): 100,
        ("Bo", "raised"): 30,
        ("Bo", "closing"): 130,
    }


def test_another_currency():
    """A deal whose currency changed is not raised: it leaves one group and arrives with its new value."""
    then, now = one({}, {"currency": "USD", "dealValue": 110.0})
    table = movement(then, now).set_index(["currency", "line"])["value"]
    assert table["EUR", "moved out"] == -100
    assert table["USD", "moved in"] == 110
    assert table["USD", "raised"] == 0


def test_groups_and_lines_of_the_result():
    """Each group has all thirteen lines, with a period all fifteen, in order and with the same dtypes."""
    then, now = one({"estimatedCloseDate": "2026-06-03"}, {"estimatedCloseDate": "2026-06-03"})
    plain, within = movement(then, now), movement(then, now, period=pd.Period("2026-06"))
    assert len(plain) == 13
    assert list(within["line"]) == list(within["line"].cat.categories)
    assert not plain["line"].isin(["slipped", "pulled in"]).any()
    empty = movement(then[:0], now[:0])
    pd.testing.assert_series_equal(empty.dtypes, plain.dtypes)
    assert empty.empty
    pd.testing.assert_series_equal(movement_deals(then[:0], now[:0]).dtypes, movement_deals(then, now).dtypes)


def test_listed_deal():
    """A deal is shown as it is now, but as it was then if it was deleted or moved out."""
    then, now = one({}, {"owner": {"id": 2, "name": "Bo"}, "dealValue": None})
    table = movement_deals(then, now).set_index("line")
    assert table.loc["opening", ["id", "title", "owner_name", "value"]].tolist() == [0, "Deal 0", "Ann", 100]
    lowered = table.loc["lowered"]
    assert lowered[["owner_name", "deals", "value", "without_value", "old_value"]].tolist() == [
        "Bo",
        0,
        -100,
        1,
        100,
    ]
    assert pd.isna(lowered["new_value"])
    assert movement_deals(then, now[:0])["owner_name"].tolist() == ["Ann", "Ann"]


@pytest.mark.parametrize("name", ["id", "status", "open", "group", "won"])
def test_group_by_any_column(name):
    """A column of any other name can be grouped by, also a custom field."""
    then, now = one({}, {"status": "Won"})
    then, now = (each.assign(open="x", won="x", group="x") for each in (then, now))
    table = movement(then, now, name)
    assert list(table.columns[:3]) == [name, "currency", "line"]
    assert table.loc[table["line"] == "won", "deals"].sum() == -1
    assert movement_deals(then, now, name)["deals"].sum() == table["deals"].sum()


@pytest.mark.parametrize("name", ["line", "value"])
def test_group_by_a_column_of_the_result(name):
    """The error names it."""
    then, now = (each.assign(**{name: "x"}) for each in one({}, {}))
    for function in (movement, movement_deals):
        with pytest.raises(SalesmateError, match=f"'{name}' of its own"):
            function(then, now, name)


@pytest.mark.slow
def test_real_months(real):
    """Each month of 2017 equals what plain pandas sums up by date of creation and of closing."""
    times = pd.date_range("2016-12-31T12:00", "2017-12-31T12:00", freq="ME", tz="UTC")
    assert len(times) == 13
    total = {}
    created, closed, value = real["created_at"], real["closed_date"], real["deal_value"].fillna(0)
    for start, end in itertools.pairwise(times):
        table = movement(state_of_real(real, start), state_of_real(real, end)).set_index("line")
        is_closed = (closed > start) & (closed <= end)
        expected = {
            "opening": value[(created <= start) & ~(closed <= start)].sum(),
            "created": value[(created > start) & (created <= end)].sum(),
            "won": -value[is_closed & (real["status"] == "Won")].sum(),
            "lost": -value[is_closed & (real["status"] == "Lost")].sum(),
            "closing": value[(created <= end) & ~(closed <= end)].sum(),
        }
        assert table["value"][list(expected)].to_dict() == expected
        assert table["value"].sum() - expected["closing"] == expected["closing"]
        total = {name: total.get(name, 0) + amount for name, amount in expected.items()}
    assert (total["won"], times[0].year) == (-10_005_534, 2016)
