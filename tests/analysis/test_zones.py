"""Time zones of a frame."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.analysis import forecast, in_zone
from salesmate_nb.errors import SalesmateError
from tests.analysis.frames import NOW, frame_of


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


@pytest.mark.parametrize("timezone", ["Berlin", "", "../etc/passwd", "Europe"])
def test_invalid_time_zone(timezone):
    """The error shows how a time zone is written."""
    with pytest.raises(SalesmateError, match=r"is not an IANA time zone\. Write it as 'Europe/Berlin'"):
        in_zone(pd.DataFrame(), timezone)
