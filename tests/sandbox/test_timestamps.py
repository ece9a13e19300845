"""Parsing and formatting timestamps."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from salesmate_nb.sandbox import timestamps

UTC = ZoneInfo("UTC")
NINE = 1_709_543_700_000  # 2024-03-04T09:15:00Z


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2024-03-04T09:15:00Z", "UTC", NINE),
        ("2024-03-04T09:15:00", "UTC", NINE),
        ("2024-03-04T14:45:00", "Asia/Kolkata", NINE),
        ("2024-03-04T14:45:00+05:30", "UTC", NINE),
        ("Mar 04, 2024 02:45 PM", "Asia/Kolkata", NINE),
        (NINE, "UTC", NINE),
        (float(NINE), "UTC", NINE),
        (NINE // 1000, "UTC", NINE),
        (str(NINE // 1000), "UTC", NINE),
        (str(NINE), "Asia/Kolkata", NINE),
        ("", "UTC", None),
        ("soon", "UTC", None),
        (True, "UTC", None),
        (None, "UTC", None),
        ({}, "UTC", None),
    ],
)
def test_parse(value, zone, expected):
    """Every format of records is parsed; dates without a time zone are in the account's."""
    assert timestamps.parse(value, ZoneInfo(zone)) == expected


@pytest.mark.parametrize(
    "text",
    ["Foo 01, 2024 10:00 AM", "Feb 31, 2024 10:00 AM", "Jan 01, 2024 13:00 AM", "2024-03-04T09:15:00Z"],
)
def test_parse_invalid_text(text):
    """Text that is not a date in the format of search rules is None."""
    assert timestamps.parse_text(text, UTC) is None


@pytest.mark.parametrize("text", ["Jan 01, 2024 12:00 AM", "Jan 01, 2024 12:30 PM", "Dec 31, 2024 11:59 PM"])
def test_text_round_trip(text):
    """Midnight and noon are 12 AM and 12 PM."""
    assert timestamps.format_text(timestamps.parse_text(text, UTC), UTC) == text
