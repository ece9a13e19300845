"""Filters: what they take, and which rows they keep."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from salesmate_nb import SalesmateError
from salesmate_nb._reading.query import Filters

UTC = dt.UTC
ROWS = pa.RecordBatch.from_pydict(
    {
        "status": pa.array(["Won", "lost", None, "Open"]),
        "stage": pa.array(["Won", "Lost", "Demo", "Straße"]),
        "pipeline": pa.array(["Sales", "Sales", "Renewals", None]),
        "owner_id": pa.array([1, 2, None, 2], pa.int64()),
        "owner_name": pa.array(["Ann", "Bo", None, "Ann"]),
        "created_at": pa.array(
            [dt.datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)] + [None], pa.timestamp("us", "UTC")
        ),
        "last_modified_at": pa.array([dt.datetime(2026, 2, 1, tzinfo=UTC)] * 4, pa.timestamp("us", "UTC")),
    }
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, [0, 1, 2, 3]),
        ({"status": "Won"}, [0]),
        ({"status": "LOST"}, [1]),
        ({"status": ["won", "open"]}, [0, 3]),
        ({"status": ("Won", "Nothing")}, [0]),
        ({"stage": "STRASSE"}, [3]),
        ({"pipeline": "Sales", "status": "Won"}, [0]),
        ({"owner": "ann"}, [0, 3]),
        ({"owner": 2}, [1, 3]),
        ({"owner": "2"}, [1, 3]),
        ({"owner": ["Bo", 1]}, [0, 1]),
        ({"owner": np.int64(2)}, [1, 3]),
        ({"owner": pd.Series([1, 2])}, [0, 1, 3]),
        ({"created_since": "2026-01-02"}, [1, 2]),
        ({"created_since": dt.date(2026, 1, 3)}, [2]),
        ({"created_since": "2026-01-02T01:00+01:00"}, [1, 2]),
        ({"modified_since": "2026-02-01T00:00:01"}, []),
        ({"modified_since": pd.Timestamp("2026-02-01", tz="UTC")}, [0, 1, 2, 3]),
    ],
)
def test_rows_are_kept_that_have_all_that_is_asked_for(given, kept):
    """Several values mean any of them, several filters mean all; case does not matter; missing never fits."""
    mask = Filters.make(**given).mask(ROWS)
    assert [number for number, keep in enumerate(mask) if keep] == kept


@pytest.mark.parametrize(
    "moment", ["2026-01-02", dt.datetime(2026, 1, 2), dt.date(2026, 1, 2), pd.Timestamp("2026-01-02")]
)
def test_a_naive_moment_is_in_the_settings_time_zone(moment):
    """Midnight in Kolkata is 18:30 UTC of the day before."""
    filters = Filters.make(created_since=moment, timezone="Asia/Kolkata")
    assert filters.created_since == dt.datetime(2026, 1, 1, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    [
        {"status": 1.5},
        {"status": [None]},
        {"status": []},
        {"status": True},
        {"owner": object()},
        {"created_since": "soon"},
        {"created_since": pd.NaT},
        {"created_since": []},
        {"modified_since": "9999999-01-01"},
    ],
)
def test_what_cannot_be_filtered_on_is_named(given):
    """The error names the argument and what it takes."""
    with pytest.raises(SalesmateError, match=next(iter(given))):
        Filters.make(**given)


def test_only_the_columns_that_are_checked_have_to_be_read():
    """A filter names the columns it looks at."""
    assert Filters.make(owner="Ann", created_since="2026-01-01").columns == (
        "owner_name",
        "owner_id",
        "created_at",
    )
