"""The registry of strategies."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from salesmate_nb._pagination.strategies import strategies_for

UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("api", "names"),
    [
        (
            "v4",
            [
                "offsets",
                "offsets, list sort",
                "offsets by createdAt",
                "ranges",
                "ranges, two rules",
                "offsets by createdAt, newest first",
                "offsets, newest first",
                "keyset",
                "windows",
            ],
        ),
        ("v1", ["offsets"]),
    ],
)
def test_strategies_for(api, names):
    """Each API has its strategies, the best one first, and each read its own list."""
    assert [each.name for each in strategies_for(api, UTC)] == names
    assert strategies_for(api, UTC) is not strategies_for(api, UTC)


def test_deep_rows():
    """Only rules find rows that lie deeper than the server returns any by their offset."""
    deep = [each.name for each in strategies_for("v4", UTC) if not each.needs_offsets]
    assert deep == ["ranges", "ranges, two rules", "keyset", "windows"]
