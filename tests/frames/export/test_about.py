"""What a file says about where its rows are from."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb._frames.export.about import about, sheet_name, timezone_of
from salesmate_nb.analysis import in_zone

READ = {
    "host": "https://acme.salesmate.io",
    "api": "v4",
    "resource": "deals",
    "read_at": "2026-11-26T23:30:00+00:00",
    "timezone": "Europe/Berlin",
    "filters": {"status": ["Won", "Close"], "created_since": "2026-01-01T00:00:00+00:00"},
    "unreadable": {"deal_value": 1200, "closed_date": 1},
    "complete": False,
    "read": 499,
    "total": 1500,
}


def lines(report):
    frame = pd.DataFrame({"id": [1, 2]})
    frame.attrs["salesmate"] = report
    return dict(about(frame, timezone_of(frame) or "UTC"))


def test_about():
    """It says what was read, when, by which filters, and what is missing."""
    found = lines(READ)
    assert found["Read at"] == "2026-11-27 00:30:00 CET"
    assert found["Filters"] == "status: Won, Close; created_since: 2026-01-01T00:00:00+00:00"
    assert found["Complete"] == "no: 499 were read, of 1,500"
    assert found["Unreadable values"] == "1 in closed_date, 1,200 in deal_value; these cells are empty"
    assert (found["Rows in this file"], found["Records"]) == ("2", "deals")


def test_times_without_a_zone():
    """It does not say a zone of times that the frame has without one, as in_zone(naive=True) makes them."""
    times = pd.to_datetime(["2026-06-30T22:30Z"])
    frame = in_zone(pd.DataFrame({"created_at": times, "go live": times}), "Asia/Tokyo", naive=True)
    said = dict(about(frame.assign(read=times), "Europe/Berlin"))["Time zone"]
    assert said.startswith("Europe/Berlin: all dates and times are as a clock there shows them, except in ")
    assert " created_at, go live:" in said


def test_limit():
    """A frame of so many rows as were asked for does not claim to be all that there is."""
    assert lines({**READ, "complete": True})["Complete"].startswith("yes: every record")
    assert lines({**READ, "complete": True, "limit": 1000})["Complete"].startswith("no more than 1,000 were")


def test_about_says_nothing_else():
    """Whatever else somebody puts into attrs is not written."""
    assert "s3cret" not in str(lines({**READ, "session_key": "s3cret"}))


@pytest.mark.parametrize("report", [{}, None, "text", {"filters": None, "read_at": ""}])
def test_unknown_frame(report):
    """A frame that does not say where it is from has the rest of the lines, in UTC."""
    found = lines(report)
    assert list(found)[:2] == ["Rows in this file", "Columns in this file"]
    assert found["Time zone"].startswith("UTC")


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ("deals", "Deals"),
        (None, "Rows"),
        ("history", "Deal history"),
        ("about", "Rows"),
        ("a/b:c" + "d" * 40, "A b c" + "d" * 26),
        ("[]", "Rows"),
    ],
)
def test_sheet_name(resource, name):
    """The sheet has the name of what is read, as far as Excel allows."""
    frame = pd.DataFrame()
    frame.attrs["salesmate"] = {"resource": resource}
    assert sheet_name(frame) == name
