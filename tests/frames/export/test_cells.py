"""Values as cells of Excel."""

from __future__ import annotations

import datetime as dt
import decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from salesmate_nb._frames.export.cells import cells_of, local, number_format

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (10**15 - 1, 10**15 - 1),
        (10**15, "1000000000000000"),
        (-(2**63), "-9223372036854775808"),
        (float("inf"), "inf"),
        (float("nan"), None),
        (pd.NA, None),
        (None, None),
        (True, True),
        (np.int64(7), 7),
        (np.bool_(False), False),
        (np.datetime64("2026-01-31", "ns"), dt.datetime(2026, 1, 31)),
        (np.timedelta64(36, "h"), dt.timedelta(hours=36)),
        (decimal.Decimal("1234.50"), 1234.5),
        (decimal.Decimal("1234567890.123456789"), "1234567890.123456789"),
        (dt.date(2026, 1, 31), dt.datetime(2026, 1, 31)),
        (dt.date(1900, 2, 28), "1900-02-28"),
        (dt.datetime(9999, 12, 31, 23, 59, 59), dt.datetime(9999, 12, 31, 23, 59, 59)),
        (dt.datetime(9999, 12, 31, 23, 59, 59, 999_999), "9999-12-31 23:59:59.999999"),
        (pd.Timestamp("1899-12-31 09:00"), "1899-12-31 09:00:00"),
        (pd.Timestamp("2026-01-31T23:30Z"), dt.datetime(2026, 2, 1, 0, 30)),
        (dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC), dt.datetime(2026, 10, 25, 2, 30)),
        (dt.time(9), "09:00:00"),
        (pd.Period("2026-01"), "2026-01"),
        (-dt.timedelta(hours=1), "-1 day, 23:00:00"),
        ([1, "a"], "[1, 'a']"),
        ({"a": 1}, "{'a': 1}"),
        ("half \ud83d", "half ?"),
        ("two\r\nor\rthree\nlines", "two\nor\nthree\nlines"),
        (b"bytes", "b'bytes'"),
    ],
)
def test_cell(value, cell):
    """What Excel has, it gets; anything else becomes text, and nothing is lost."""
    (found,) = cells_of(pd.Series([value], dtype=object), BERLIN)
    assert (found, type(found)) == (cell, type(cell))


def test_days_of_arrow():
    """Times of Arrow are days if they are so in the zone of the sheet."""
    times = pd.Series(pd.to_datetime(["2026-01-31T00:00Z"])).astype(pd.ArrowDtype(pa.timestamp("us", "UTC")))
    assert number_format("day", local(times, ZoneInfo("UTC"))) == "yyyy-mm-dd"
    assert number_format("time", local(times, BERLIN)) == "yyyy-mm-dd hh:mm"


@pytest.mark.parametrize(
    ("name", "values", "pattern"),
    [
        ("deal_value", [1.5], "#,##0.00"),
        ("total_amount_of_won_deal", [1], "#,##0.00"),
        ("deal_value sum", [1.5], "#,##0.00"),
        ("valued", [1.5], ""),
        ("win_probability", [10.0], ""),
        ("value", ["1"], ""),
        ("is_value", [True], ""),
        ("day", pd.to_datetime(["2026-01-31", None]), "yyyy-mm-dd"),
        ("time", pd.to_datetime(["2026-01-31 00:00", "2026-01-31 09:00"]), "yyyy-mm-dd hh:mm"),
        ("age", pd.to_timedelta([36], "h"), "[h]:mm:ss"),
    ],
)
def test_number_format(name, values, pattern):
    """Money is recognised by its name, and days by having no time."""
    assert number_format(name, pd.Series(values)) == pattern
