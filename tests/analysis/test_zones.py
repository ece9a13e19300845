"""Time zones of a frame."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from salesmate_nb.analysis import forecast, in_zone
from salesmate_nb.errors import SalesmateError
from tests.analysis.frames import FUNCTIONS, NOW, frame_of, open_since

FIRST, LAST = (dt.datetime(*end, tzinfo=dt.UTC) for end in ((1, 1, 1), (9999, 12, 31, 23, 59, 59)))


def test_months_use_the_frame_time_zone():
    """A deal that should close on the 1st of July, Berlin time, is not forecast for June."""
    planned = ["2026-07-01T00:00:00+02:00", "2026-07-31T23:59:00+02:00"]
    deals = frame_of([{"status": "Open", "dealValue": 5, "estimatedCloseDate": day} for day in planned])
    deals.attrs["salesmate"] = {"strategy": "keyset"}
    berlin = in_zone(deals, "Europe/Berlin")
    assert list(forecast(deals, now=NOW)["period"]) == ["2026-06", "2026-07"]
    assert list(forecast(berlin, now=NOW)["period"]) == ["2026-07"]
    assert (berlin["estimated_close_date"] == deals["estimated_close_date"]).all()
    assert berlin.attrs == deals.attrs
    pd.testing.assert_frame_equal(in_zone(berlin, "UTC"), deals)
    assert str(deals["created_at"].dtype) == "datetime64[us, UTC]"


def test_naive(tmp_path):
    """A naive frame has the times of a clock there, and is what pandas writes to Excel."""
    deals = frame_of([{"status": "Open", "dealValue": 5, "createdAt": "2026-06-30T22:30:00+00:00"}])
    in_zone(deals, "Europe/Berlin", naive=True).to_excel(tmp_path / "deals.xlsx")
    assert pd.read_excel(tmp_path / "deals.xlsx")["created_at"][0] == pd.Timestamp("2026-07-01 00:30")


def test_odd_columns():
    """Columns whose names repeat, are numbers or have several levels are converted, and those of Arrow."""
    times = pd.to_datetime(["2026-06-30T22:30Z", None])
    names = [["t", "t"], [1, 2], pd.MultiIndex.from_tuples([("t", "min"), ("t", "max")])]
    for columns in names:
        frame = pd.DataFrame(dict(enumerate([times, times]))).set_axis(columns, axis=1)
        for kind in (frame, frame.convert_dtypes(dtype_backend="pyarrow")):
            naive = in_zone(kind, "Europe/Berlin", naive=True)
            assert set(naive.dtypes.astype("str")) == {"datetime64[us]"}
            assert naive.columns.equals(frame.columns)
            assert naive.iloc[0, 1] == pd.Timestamp("2026-07-01 00:30")


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_labels(backend):
    """The labels of rows and columns are converted too, each level of them; others stay as they are."""
    times = pd.DatetimeIndex(["2026-06-30T22:30Z"], name="created_at").as_unit("us")
    frame = pd.DataFrame({"created_at": times, "owner": ["Ann"], "id": [7]})
    frame = frame.convert_dtypes(dtype_backend=backend)
    by_time = in_zone(frame.set_index("created_at"), "Europe/Berlin")
    assert (by_time.index.name, by_time.index[0].isoformat()) == ("created_at", "2026-07-01T00:30:00+02:00")
    levels = in_zone(frame.set_index(["owner", "created_at"]), "Europe/Berlin", naive=True).index
    assert (levels.names, levels.to_list()) == (
        ["owner", "created_at"],
        [("Ann", pd.Timestamp("2026-07-01 00:30"))],
    )
    wide = in_zone(frame.set_index("created_at").T, "Europe/Berlin", naive=True).columns
    assert wide.to_list() == [pd.Timestamp("2026-07-01 00:30")]
    assert in_zone(frame.set_index(["owner", "id"]), "UTC").index.equals(
        frame.set_index(["owner", "id"]).index
    )


@pytest.mark.parametrize(
    ("timezone", "shown"),
    [
        ("Asia/Tokyo", ["0001-01-01 09:18:59", "9999-12-31 23:59:59"]),
        ("America/New_York", ["0001-01-01 00:00:00", "9999-12-31 18:59:59"]),
    ],
)
def test_ends_of_the_calendar(timezone, shown):
    """A time that would be in no year of the calendar there becomes its end, so that every frame prints."""
    ends = pd.Series([FIRST, LAST]).astype("datetime64[us, UTC]")
    deals = frame_of(open_since(1, 1)).assign(estimated_close_date=ends, created_at=ends)
    moved = in_zone(deals, timezone)
    assert [text[:19] for text in moved["estimated_close_date"].astype("str")] == shown
    assert str(moved["created_at"].dtype) == f"datetime64[us, {timezone}]"
    assert repr(moved)
    assert moved["created_at"].dt.date.notna().all()
    assert all(repr(function(moved)) for function in FUNCTIONS.values())
    nanoseconds = deals[["created_at"]].iloc[:0].astype("datetime64[ns, UTC]")
    assert in_zone(nanoseconds, timezone)["created_at"].dt.unit == "ns"


@pytest.mark.parametrize("timezone", ["Berlin", "", "../etc/passwd", "Europe"])
def test_invalid_time_zone(timezone):
    """The error shows how a time zone is written."""
    with pytest.raises(SalesmateError, match=r"is not an IANA time zone\. Write it as 'Europe/Berlin'"):
        in_zone(pd.DataFrame(), timezone)
