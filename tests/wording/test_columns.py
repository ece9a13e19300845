"""The columns that charts, tables and sentences take."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb._wording.columns import groups_of, is_count, needed, rows_of
from salesmate_nb.errors import SalesmateError

TABLE = pd.DataFrame({"pipeline": ["a"], "stage": ["b"], "deals": [1], "value": [2.0]}, index=[7])


def test_missing_column():
    """The error names what is missing, and what there is."""
    with pytest.raises(SalesmateError, match="no column 'won'; it has 'pipeline', 'stage', 'deals', 'value'"):
        needed(TABLE, "deals", "won")
    with pytest.raises(SalesmateError, match="it has none"):
        needed(pd.DataFrame(), "won")


def test_needed():
    """The rows are numbered from 0, and the input keeps its index."""
    assert list(needed(TABLE, "deals").index) == [0]
    assert list(TABLE.index) == [7]


def test_groups_of():
    """The groups of a table are its columns before the first result."""
    assert groups_of(TABLE, "deals") == ["pipeline", "stage"]
    assert groups_of(TABLE, "won") == []


def test_is_count():
    """Whole numbers are counts, also nullable ones; amounts are not."""
    assert [is_count(TABLE["deals"]), is_count(TABLE["deals"].astype("Int64")), is_count(TABLE["value"])] == [
        True,
        True,
        False,
    ]


def test_rows_of():
    """Each row is a named tuple."""
    assert [row.value for row in rows_of(TABLE)] == [2.0]
