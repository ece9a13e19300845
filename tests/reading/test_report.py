"""The report on a read."""

from __future__ import annotations

import datetime as dt
import json

from salesmate_nb._reading.report import ReadReport


def test_attrs_are_plain_values():
    """What attrs hold survives JSON, with every key that README names."""
    attrs = ReadReport(strategy="keyset", totals=(3, 4), unreadable={"title": 1}).as_attrs()
    assert json.loads(json.dumps(attrs)) == attrs
    assert attrs.keys() == {
        "strategy", "passes", "totals", "unreadable", "fields", "read_at", "host", "api", "calls",
        "calls_left", "complete", "checked_since", "checked_within", "as_of", "history_since",
        "resource", "filters", "limit", "timezone",
    }  # fmt: skip
    assert attrs["totals"] == [3, 4]


def test_read_at_is_now_in_utc():
    """The time of the read is ISO 8601 in UTC."""
    read_at = dt.datetime.fromisoformat(ReadReport(strategy="keyset").read_at)
    assert read_at.utcoffset() == dt.timedelta(0)
    assert abs(dt.datetime.now(dt.UTC) - read_at) < dt.timedelta(minutes=1)
