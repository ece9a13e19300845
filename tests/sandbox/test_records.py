"""Reading fields of records in all their spellings."""

from __future__ import annotations

import pytest

from salesmate_nb.sandbox.records import getter, projection


@pytest.mark.parametrize(
    ("path", "record", "expected"),
    [
        ("title", {"title": "A"}, "A"),
        ("title", {"Title": "A"}, "A"),
        ("title", {"title": None, "Title": "A"}, "A"),
        ("owner.id", {"owner": {"id": 7}}, 7),
        ("owner.id", {"Owner": {"id": 7}}, 7),
        ("owner.id", {"owner.id": 7}, 7),
        ("owner.id", {"Owner.id": 7}, 7),
        ("owner.id", {"owner": None}, None),
    ],
)
def test_getter(path, record, expected):
    """Fields are found nested, flat with dots, and capitalized."""
    assert getter(path)(record) == expected


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([], {"id": 1}),
        (["owner"], {"id": 1, "owner": {"id": 7, "name": "Ann"}}),
        (["owner.id"], {"id": 1, "owner": {"id": 7}, "ownerId": 7}),
        (["owner", "owner.id"], {"id": 1, "owner": {"id": 7, "name": "Ann"}, "ownerId": 7}),
    ],
)
def test_projection(paths, expected):
    """Only the given fields remain, and the id."""
    record = {"id": 1, "title": "A", "owner": {"id": 7, "name": "Ann"}, "ownerId": 7}
    assert projection(paths)(record) == expected
