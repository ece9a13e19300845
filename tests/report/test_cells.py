"""The cells of a table, by what their column holds."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.report._cells import cells_of, is_right


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series([1234567.8], name="value"), ["1,234,568"]),
        (pd.Series([1.25, None], name="mean"), ["1.2", "(none)"]),
        (pd.Series([0.256], name="rate"), ["26 %"]),
        (pd.Series([40.0], name="win_probability"), ["40 %"]),
        (pd.Series([12345], name="owner_id", dtype="Int64"), ["12345"]),
        (pd.Series([12345, None], name="deals", dtype="Int64"), ["12,345", "(none)"]),
        (pd.Series(["2026-11", "overdue"], name="period"), ["Nov 2026", "overdue"]),
        (pd.Series([True, None], name="is_open", dtype="boolean"), ["yes", "(none)"]),
        (pd.Series(pd.to_datetime(["2026-11-06", None], utc=True), name="at"), ["6 Nov 2026", "(none)"]),
        (pd.Series(["x" * 80, "a\nb"], name="title"), ["x" * 59 + "…", "a b"]),
        (pd.Series([], name="value", dtype="float64"), []),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_cells(column, expected):
    """Numbers have separators, shares are in percent, dates are days; what is missing is (none)."""
    assert cells_of(column, percents=(), digits=None) == expected


def test_chosen():
    """The caller chooses columns in percent, and decimal places."""
    column = pd.Series([0.5], name="share")
    assert cells_of(column, percents=["share"], digits=2) == ["50 %"]
    assert cells_of(column, percents=(), digits=2) == ["0.50"]


def test_side():
    """Numbers stand to the right, text and flags do not."""
    columns = [pd.Series([1]), pd.Series([1.5]), pd.Series(["a"]), pd.Series([True])]
    assert [is_right(column) for column in columns] == [True, True, False, False]
