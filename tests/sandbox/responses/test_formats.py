"""The formats of values."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb.sandbox import Behavior, make_deals, timestamps
from salesmate_nb.sandbox._crm.field_catalog import FieldCatalog
from salesmate_nb.sandbox._crm.resources import DEALS
from salesmate_nb.sandbox._responses.formats import RecordWriter

NINE = 1_709_543_700  # 2024-03-04T09:15:00Z, in seconds
BERLIN = "Europe/Berlin"


def written(record, form, method="row", zone=BERLIN):
    catalog = FieldCatalog(DEALS, ["dateTimeCustomField1"])
    writer = RecordWriter(Behavior(timestamps=form, time_zone=zone), catalog)
    return getattr(writer, method)(record)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("seconds", NINE),
        ("milliseconds", NINE * 1000 + 999),
        ("ISO", "2024-03-04T09:15:00.999Z"),
        ("text", "Mar 04, 2024 10:15 AM"),
        ("stored", "2024-03-04T09:15:00.999Z"),
    ],
)
@pytest.mark.parametrize("name", ["createdAt", "closedDate", "dateTimeCustomField1"])
def test_times(name, form, expected):
    """Times, also those of custom fields, are in the account's format."""
    assert written({"id": 1, name: "2024-03-04T09:15:00.999Z"}, form) == {"id": 1, name: expected}


@pytest.mark.parametrize(
    "value", [NINE, str(NINE), NINE * 1000, "2024-03-04T10:15:00", "Mar 04, 2024 10:15 AM"]
)
def test_stored_forms(value):
    """A time may be stored in any form; without a zone it is in the account's."""
    assert written({"createdAt": value}, "seconds") == {"createdAt": NINE}


@pytest.mark.parametrize("form", ["seconds", "milliseconds", "ISO", "text", "mixed"])
@pytest.mark.parametrize(("zone", "stored"), [(BERLIN, "2024-03-03T23:00:00Z"), ("UTC", "2024-03-04")])
def test_dates(form, zone, stored):
    """A date without a time is ISO text in every format, the day in the account's zone."""
    assert written({"estimatedCloseDate": stored}, form, zone=zone) == {"estimatedCloseDate": "2024-03-04"}


@pytest.mark.parametrize("value", ["soon", "", None, {}, True, []])
def test_other_values(value):
    """What is no time stays as it is, in fields of times and in others."""
    record = {"createdAt": value, "title": NINE, "x y": "2024-03-04T09:15:00Z"}
    assert written(record, "seconds") == record


def test_mixed():
    """Values of one page are in several formats, the same in each response."""
    deals = make_deals(60, seed=0, zone=ZoneInfo(BERLIN))
    rows = [written(deal, "mixed") for deal in deals]
    assert rows == [written(deal, "mixed") for deal in deals]
    forms = {type(row["createdAt"]) for row in rows}
    assert forms == {int, str}
    assert {len(str(row["createdAt"])) for row in rows} == {10, 13, 21, 24}


def test_single():
    """A record alone has its times as text and its currency as an object, in every format but "stored"."""
    record = {"id": 1, "createdAt": NINE, "currency": "EUR"}
    shown = {"code": "EUR", "rate": 1, "symbol": "€"}
    assert written(record, "seconds", "single") == {
        **record,
        "createdAt": "Mar 04, 2024 10:15 AM",
        "currency": shown,
    }
    assert written({"currency": ""}, "seconds", "single") == {"currency": ""}
    assert written(record, "stored", "single") == record


def test_hour_that_occurs_twice():
    """Text that could mean two times is not written: the time is in ISO 8601 then."""
    twice = int(dt.datetime(2024, 10, 27, 0, 30, tzinfo=dt.UTC).timestamp())
    assert written({"createdAt": twice}, "text") == {"createdAt": "2024-10-27T00:30:00.000Z"}
    assert timestamps.format_v3(twice * 1000, ZoneInfo(BERLIN)) is None
