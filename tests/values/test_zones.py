"""Datetime columns in a time zone."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb._values.zones import column_in_zone, zone_of
from salesmate_nb.errors import SalesmateError


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_naive(unit):
    """Without its zone, a column has the dates and times of a clock there."""
    column = pd.Series(pd.to_datetime(["2026-03-29T00:59Z", "2026-03-29T01:00Z", None])).dt.as_unit(unit)
    shown = column_in_zone(column, zone_of("Europe/Berlin"), naive=True)
    assert shown.dt.tz is None
    assert shown.astype("str").str.slice(0, 16).to_list()[:2] == ["2026-03-29 01:59", "2026-03-29 03:00"]
    assert shown.isna().to_list() == [False, False, True]


@pytest.mark.parametrize("timezone", ["Berlin", "", None, 7])
def test_unknown_zone(timezone):
    """What is not the name of a time zone is an error."""
    with pytest.raises(SalesmateError, match="is not an IANA time zone"):
        zone_of(timezone)
