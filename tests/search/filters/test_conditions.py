"""Conditions on any column: what is given, and what it means for a column of each kind."""

from __future__ import annotations

import datetime as dt
import decimal
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from salesmate_nb import SalesmateError
from salesmate_nb._search.filters.conditions import Condition
from salesmate_nb.resources.base import Field

UTC = dt.UTC
NEXT = dt.datetime(2026, 3, 1, tzinfo=UTC)
COLUMNS = {
    "text": pa.array(["Web", "web ", "Fair", None]),
    "int": pa.array([1, 2, 2**60, None], pa.int64()),
    "float": pa.array([-1.5, 0.0, 1000.0, None]),
    "bool": pa.array([True, False, True, None]),
    "datetime": pa.array(
        [*(dt.datetime(2026, 1, 31, 18, minute, tzinfo=UTC) for minute in (29, 30)), NEXT, None],
        pa.timestamp("us", "UTC"),
    ),
}


def test_of(kind, given):
    field = Field(name="column", path="column", kind="category" if kind == "text" else kind)
    return Condition.parse("column", given, "Asia/Kolkata").test(field)


test_of.__test__ = False


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("text", "WEB", [0, 1]),
        ("text", ("Fair", "Mail"), [2]),
        ("text", None, [3]),
        ("text", ["Fair", np.nan], [2, 3]),
        ("text", pd.Series(["Fair"]), [2]),
        ("int", 1, [0]),
        ("int", "2", [1]),
        ("int", [np.int64(1), 2.0], [0, 1]),
        ("int", range(3), [0, 1]),
        ("int", [decimal.Decimal(1), decimal.Decimal("2.0")], [0, 1]),
        ("int", 2**60, [2]),
        ("int", {"min": 2}, [1, 2]),
        ("int", {"min": 1.5, "max": 2**60}, [1, 2]),
        ("int", {"min": 2**60, "max": None}, [2]),
        ("int", {"max": 2**60 - 1}, [0, 1]),
        ("float", 0, [1]),
        ("float", {"max": decimal.Decimal("0.5")}, [0, 1]),
        ("float", {"min": "-1.5", "max": 0}, [0, 1]),
        ("float", pd.NA, [3]),
        ("bool", True, [0, 2]),
        ("bool", [False, None], [1, 3]),
        ("bool", "yes", [0, 2]),
        ("datetime", "2026-01-31", [0]),
        ("datetime", ["2026-01-31", dt.date(2026, 2, 1)], [0, 1]),
        ("datetime", "2026-02", [1]),
        ("datetime", {"min": "2026-02-01"}, [1, 2]),
        ("datetime", {"min": "2026-01-31", "max": "2026-01-31"}, [0]),
        ("datetime", {"max": pd.Timestamp("2026-01-31T18:29Z")}, [0]),
        ("datetime", pd.NaT, [3]),
    ],
)
def test_kept(kind, given, kept):
    """A value, several, a missing one or a range keep what fits, both ends included, and nothing else."""
    mask = test_of(kind, given).mask(COLUMNS[kind]).to_pylist()
    assert [place for place, keep in enumerate(mask) if keep] == kept


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("text", 1.5, "where: column is a text, and 1.5 is not."),
        ("text", True, "where: column is a text, and True is not."),
        ("text", {"min": "A"}, "where: column is a text, which has no min and max."),
        (
            "int",
            "many",
            "where: column is a whole number, and 'many' is not. A range is {'min': ..., 'max': ...}.",
        ),
        ("int", 1.5, "where: column is a whole number, and 1.5 is not."),
        ("int", True, "where: column is a whole number, and True is not."),
        ("float", {"min": "much"}, "where: column is a number, and 'much' is not."),
        (
            "float",
            {"min": 2, "max": 1},
            "where: the min of column, 2, is above its max, 1, so nothing would match.",
        ),
        ("float", {"max": float("inf")}, "where: column is a number, and inf is not."),
        ("bool", "maybe", "where: column is True or False, and 'maybe' is not."),
        ("bool", {"min": 0}, "where: column is True or False, which has no min and max."),
        ("datetime", "01/02/2026", "where: column='01/02/2026' is not a date or time."),
        ("datetime", {"min": "2026-02", "max": "2026-01"}, "where: the min of column, 2026-02, is above"),
        ("text", [], "where: column=[] would match nothing."),
        ("text", {}, "where: column={} is not a range. Give {'min': ..., 'max': ...}"),
        ("int", {"from": 1}, "where: column={'from': 1} is not a range."),
        ("int", {"min": None}, "where: column={'min': None} is not a range."),
        ("text", b"Web", "where: column is a text, and b'Web' is not."),
    ],
)
def test_refused(kind, given, message):
    """What does not fit the column is an error that names both, and what could be given."""
    with pytest.raises(SalesmateError, match="^" + re.escape(message)):
        test_of(kind, given)


def test_describe_many():
    """A report names the first of many values, and counts the others."""
    assert Condition.parse("id", range(5_000), "UTC").describe().endswith("98, 99 and 4,900 more")
