"""The report on a read."""

from __future__ import annotations

import json

from salesmate_nb._reading.report import ReadReport


def test_attrs_are_plain_values():
    """What attrs hold survives JSON, with every key that the documentation names."""
    attrs = ReadReport(strategy="keyset", totals=(3, 4), unreadable={"title": 1}).as_attrs()
    assert json.loads(json.dumps(attrs)) == attrs
    assert attrs.keys() == {
        "strategy", "passes", "totals", "unreadable", "fields", "read_at", "host", "api", "calls",
        "calls_left", "complete", "checked_since", "checked_within", "as_of", "history_since",
        "stale_hours",
        "resource", "filters", "limit", "timezone",
    }  # fmt: skip
    assert attrs["totals"] == [3, 4]
