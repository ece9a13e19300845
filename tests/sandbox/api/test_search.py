"""The body of a v4 search: sort order, pages, fields and totals."""

from __future__ import annotations

import pytest

from salesmate_nb.sandbox import make_deals
from salesmate_nb.sandbox.options import Behavior


@pytest.mark.parametrize(
    "body",
    [
        {"filterQuery": [1]},
        {"filterQuery": "x"},
        {"filterQuery": {"group": "x"}},
        {"filterQuery": {"group": {"operator": "XOR", "rules": []}}},
        {"filterQuery": {"group": {"operator": "AND", "rules": {}}}},
        {"filterQuery": {"group": {"operator": "AND", "rules": ["x"]}}},
        {"filterQuery": {"group": {"operator": "AND", "rules": [{"condition": "EQUALS"}]}}},
        {"moduleId": 1},
        {"sort": "id"},
        {"sort": ["id"]},
        {"sort": {"fieldName": "deal.dealValue", "order": "asc"}},
        {"sort": {"fieldName": "deal.id", "order": "up"}},
        {"displayingFields": "deal.id"},
        {"displayingFields": ["deal.colour"]},
        {"displayingFields": ["title"]},
        {"displayingFields": [7]},
    ],
)
def test_invalid_body(four, body):
    """Every part of the body is validated."""
    assert four.refusal(body)


@pytest.mark.parametrize("body", [None, [1], "x", 7])
def test_body_not_object(four, body):
    """A body that is not an object is refused."""
    assert "object" in four.refusal(body)


@pytest.mark.parametrize(
    ("field", "ascending"),
    [
        ("id", [1, 2, 3, 4]),
        ("title", [1, 4, 2, 3]),
        ("createdAt", [4, 1, 2, 3]),
        ("lastModifiedAt", [3, 4, 2, 1]),
    ],
)
@pytest.mark.parametrize("key", ["order", "orderType"])
def test_sort(four, field, ascending, key):
    """Four fields sort in both directions, with either spelling; missing values sort first."""
    up = four.ids(sort={"fieldName": f"deal.{field}", key: "asc"})
    down = four.ids(sort={"fieldName": f"deal.{field}", key: "desc"})
    if field == "lastModifiedAt":  # two have none
        assert set(up[:2]) == {3, 4}
        up = [3, 4, *up[2:]]
        down = [*down[:2], 4, 3]
    assert (up, down) == (ascending, ascending[::-1])


def test_sort_list(four):
    """A list of sorts is accepted, as Salesmate's web app sends it; the first one counts."""
    by_time = {"fieldName": "deal.createdAt", "order": "asc"}
    by_id = {"fieldName": "deal.id", "order": "desc"}
    assert four.ids(sort=[by_time, by_id]) == four.ids(sort=by_time) == [4, 1, 2, 3]


def test_newest_first(four, search_of):
    """An account may ignore the sort, and send the newest first."""
    search = search_of(four.store.records(), order="newest first")
    assert search.ids(sort={"fieldName": "deal.id", "order": "asc"}) == [3, 2, 1, 4]


@pytest.mark.parametrize("module_id", [0, 4, "4", None])
def test_module_id(four, module_id):
    """The module id may be left out, or 0, which was sent to the measured account."""
    assert four.ids(moduleId=module_id) == [1, 2, 3, 4]


def test_default_sort(four):
    """Without a sort, deals are sorted by id."""
    assert four.ids() == [1, 2, 3, 4]


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_pages(search_of, rule, direction):
    """Pages contain every deal once in either direction, with a range and without."""
    search = search_of(make_deals(57, seed=0, zone=Behavior().zone))
    sort = {"fieldName": "deal.createdAt", "order": direction}
    for rules in ([], [rule("IS_AFTER", "createdAt", "Mar 01, 2025 12:00 AM")]):
        whole = search.ids(*rules, sort=sort)
        pages = [search.ids(*rules, sort=sort, rows=10, offset=offset) for offset in range(0, 70, 10)]
        assert [deal_id for page in pages for deal_id in page] == whole
        assert len(set(whole)) == len(whole) > 20
        assert pages[-1] == []


def test_ties(search_of):
    """Deals with equal timestamps are in an arbitrary order, not sorted by id, that is always the same."""
    search = search_of([{"id": number, "createdAt": "2024-01-01T00:00:00Z"} for number in range(1, 41)])
    sort = {"fieldName": "deal.createdAt", "order": "asc"}
    ids = search.ids(sort=sort)
    assert sorted(ids) == list(range(1, 41))
    assert ids not in (sorted(ids), sorted(ids)[::-1])
    assert search.ids(sort=sort) == ids


def test_displaying_fields(four):
    """Only the requested fields are sent, and the id; relations stay objects."""
    records, _ = four.page(displayingFields=["deal.title", "deal.owner.name", "deal.lastNote"])
    assert records == [
        {"id": 1, "title": "Alpha", "owner": {"name": "Ann Lee"}},
        {"id": 2, "title": "beta", "Owner": {"name": "Bo"}},
        {"id": 3, "title": "Été", "owner": {}},
        {"id": 4, "title": "alphabet"},
    ]
    records, _ = four.page(displayingFields=["deal.owner", "deal.owner.id"])
    assert records[0]["owner"] == {"id": 7, "name": "Ann Lee"}
    assert records[3] == {"id": 4, "owner.id": 9}


def test_all_fields(four):
    """Without displayingFields whole records are sent."""
    assert four.page()[0] == four.store.records()


def test_relations_by_sub_fields(four, search_of):
    """A measured account sends only those sub-fields of a relation that are requested by name."""
    search = search_of(four.store.records(), relations="sub-fields")
    names = ["deal.title", "deal.owner", "deal.owner.name"]
    assert search.page(displayingFields=names)[0][0] == {
        "id": 1,
        "title": "Alpha",
        "owner": {"name": "Ann Lee"},
    }
    assert search.page(displayingFields=["deal.title", "deal.owner"])[0][0] == {"id": 1, "title": "Alpha"}
    everything = search.page()[0][0]
    assert everything == {key: value for key, value in four.store.get(1).items() if key != "owner"}


@pytest.mark.parametrize("name", ["deal.colour", "deal.owner.shoes", "title", 7])
def test_unknown_fields(four, search_of, name):
    """A measured account ignores names of fields that it does not have."""
    search = search_of(four.store.records(), unknown_fields="ignored")
    assert search.page(displayingFields=["deal.status", name])[0][0]["status"] == "Open"
    assert "no field" in four.refusal({"displayingFields": ["deal.status", name]})
