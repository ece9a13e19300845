"""Groups: the same result for rows in any order, and for each group alone."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb.errors import SalesmateError
from tests.analysis.frames import BY_ANY, FUNCTIONS, RECORDS, closed_after, frame_of, open_since


@pytest.mark.parametrize("name", FUNCTIONS)
def test_empty_frame(name):
    """An empty frame gives an empty result of the same columns and dtypes, grouped or not."""
    full = frame_of(
        [*closed_after(3), {"status": "Open", "stage": "Demo", "owner": {"id": 1, "name": "Ann"}}]
    )
    for options in [{}, {"by": ["stage", "owner_id"]}] if name in BY_ANY else [{}]:
        result, empty = (FUNCTIONS[name](frame, **options) for frame in (full, full.iloc[:0]))
        assert len(result) > 0
        assert len(empty) == 0
        assert list(empty.columns) == list(result.columns)
        assert list(empty.dtypes.astype(str)) == list(result.dtypes.astype(str))


@pytest.mark.parametrize("name", BY_ANY)
def test_invalid_column_to_group_by(name):
    """If the column is missing, or has the name of one of the result, the error names it."""
    deals = frame_of([*closed_after(3), *open_since(2)])
    with pytest.raises(SalesmateError, match="no column 'team'"):
        FUNCTIONS[name](deals, by="team")
    own = FUNCTIONS[name](deals, by=()).columns[-1]
    with pytest.raises(SalesmateError, match=f"'{own}' of its own"):
        FUNCTIONS[name](deals.assign(**{own: "x"}), by=own)


def check_row_order(name, records, random):
    deals = frame_of(records)
    order = list(range(len(deals)))
    random.shuffle(order)
    shuffled = deals.iloc[order].set_axis([0] * len(deals), axis=0)
    before = shuffled.copy()
    for options in [{}, {"by": ["owner_name", "stage"]}] if name in BY_ANY else [{}]:
        expected, result = (FUNCTIONS[name](frame, **options) for frame in (deals, shuffled))
        pd.testing.assert_frame_equal(result, expected)
    pd.testing.assert_frame_equal(shuffled, before)


ANY_ORDER = given(RECORDS, st.randoms(use_true_random=False))


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=3)
@ANY_ORDER
def test_row_order_and_index_have_no_effect(name, records, random):
    """Rows in any order, with any index, give the same result; the input is not changed."""
    check_row_order(name, records, random)


def check_groups(records):
    deals = frame_of(records)
    for name in ("win_rate", "cycle_time"):
        table = FUNCTIONS[name](deals, by="owner_name")
        parts = [deals[deals["owner_name"] == owner] for owner in table["owner_name"].dropna()]
        parts += [deals[deals["owner_name"].isna()]] if table["owner_name"].isna().any() else []
        assert sum(map(len, parts)) == len(deals)
        alone = pd.concat([FUNCTIONS[name](part) for part in parts]) if parts else table
        pd.testing.assert_frame_equal(
            table.drop(columns="owner_name"),
            alone[table.columns.drop("owner_name")].reset_index(drop=True),
        )


@settings(max_examples=4)
@given(RECORDS)
def test_each_group_equals_its_own_analysis(records):
    """A row of a grouped result is the result for the deals of that group, a missing name included."""
    check_groups(records)


@pytest.mark.slow
@settings(max_examples=6)
@given(RECORDS, st.randoms(use_true_random=False))
def test_many_deals(records, random):
    """Groups and independence of row order hold for many more deals."""
    check_groups(records)
    for name in FUNCTIONS:
        check_row_order(name, records, random)
