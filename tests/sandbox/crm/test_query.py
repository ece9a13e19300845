"""The sort keys of records."""

from __future__ import annotations

import math
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb.sandbox._crm.query import sort_key


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("id", "12", 12),
        ("title", "Été", "été"),
        ("title", None, ""),
        ("createdAt", "1970-01-01T00:00:01Z", 1000),
        ("createdAt", None, -math.inf),
    ],
)
def test_sort_key(field, value, expected):
    """Ids sort as numbers, titles without case, timestamps by time; missing values sort first."""
    assert sort_key(field, ZoneInfo("UTC"))({field: value}) == expected
