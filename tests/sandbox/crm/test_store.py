"""Records that change while they are read."""

from __future__ import annotations

import random
import threading
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb import sandbox
from salesmate_nb.sandbox import Store, make_deals
from salesmate_nb.sandbox._crm.query import Query
from salesmate_nb.sandbox._crm.resources import DEALS

UTC = ZoneInfo("UTC")


@pytest.fixture
def deals():
    """Return a store of five made-up deals."""
    return Store(make_deals(5, seed=0, zone=UTC), DEALS, UTC)


def ids(store, **query):
    """Return the ids on the first page of a query."""
    return [record["id"] for record in store.page(Query(**query), 0, 250)[0]]


def test_create(deals):
    """A new deal gets the next id and the server's timestamps, and is found immediately."""
    before = ids(deals)
    new = deals.create(title="New", dealValue=5)
    assert new > max(before)
    assert ids(deals) == [*before, new]
    record = deals.get(new)
    assert (record["title"], record["dealValue"], record["status"]) == ("New", 5, "Open")
    assert record["createdAt"] == record["lastModifiedAt"]
    assert record["createdAt"].endswith("Z")


def test_edit(deals):
    """An edited deal keeps createdAt, gets a new lastModifiedAt, and moves in that order."""
    query = {"key": "modified", "sort": "lastModifiedAt", "descending": True}
    last = ids(deals, **query)[-1]
    old = deals.get(last)
    deals.edit(last, title="Changed")
    assert ids(deals, **query)[0] == last
    new = deals.get(last)
    assert (new["title"], new["createdAt"]) == ("Changed", old["createdAt"])
    assert new["lastModifiedAt"] > old["lastModifiedAt"]


def test_delete(deals):
    """A deleted deal is neither found nor counted, and its id is not used again."""
    last = ids(deals)[-1]
    deals.delete(last)
    records, total = deals.page(Query(), 0, 250)
    assert last not in [record["id"] for record in records]
    assert total == len(records) == len(deals) == 4
    assert deals.create() > last


def test_put_restores(deals):
    """put() restores a deleted deal without any change."""
    deal = deals.get(deals.ids()[2])
    before = deals.records()
    ids(deals)
    deals.delete(deal["id"])
    assert deal["id"] not in ids(deals)
    deals.put(deal)
    assert deal["id"] in ids(deals)
    assert sorted(deals.records(), key=lambda record: record["id"]) == before


def test_put_replaces(deals):
    """put() replaces a deal with exactly the given one, and accepts a new id."""
    first = deals.ids()[0]
    deals.put({"id": first, "title": "A"})
    deals.put({"id": 9000, "title": "B"})
    assert deals.get(first) == {"id": first, "title": "A"}
    assert deals.create() == 9001
    with pytest.raises(ValueError, match="whole number"):
        deals.put({"title": "no id"})


def test_unknown_id(deals):
    """An unknown id is a KeyError."""
    for method in (deals.get, deals.edit, deals.delete):
        with pytest.raises(KeyError):
            method(7)


def test_predicate_after_change(deals):
    """An edited deal is matched again."""
    query = {"key": "fits", "predicate": lambda record: record["title"] == "fits"}
    new = deals.create(title="fits")
    assert ids(deals, **query) == [new]
    deals.edit(new, title="no more")
    assert ids(deals, **query) == []
    deals.edit(new, title="fits")
    assert ids(deals, **query) == [new]


def test_timestamps_advance(deals):
    """Each change has a later timestamp than all changes before."""
    latest = max(record["lastModifiedAt"] for record in deals.records())
    created = [deals.get(deals.create())["createdAt"] for _ in range(20)]
    assert created == sorted(set(created))
    assert created[0] > latest


def test_timestamps_can_be_set(deals):
    """A test can create deals with a given timestamp."""
    new = deals.create(createdAt="2024-01-01T00:00:00Z")
    assert deals.get(new)["createdAt"] == "2024-01-01T00:00:00Z"


def test_get_returns_copy(deals):
    """Changing what get() returned does not change the store."""
    first = deals.ids()[0]
    deals.get(first)["createdBy"]["name"] = "x"
    assert deals.get(first)["createdBy"]["name"] != "x"


def test_new_field(client, rule):
    """A custom field of a new deal can be requested, and used in rules."""
    new = client.sandbox.deals.create(textCustomField9="blue")
    blue = rule("EQUALS", "textCustomField9", "blue")
    assert client.ids(blue, displayingFields=["deal.textCustomField9"]) == [new]


def test_threads(deals):
    """Changes from many threads lose nothing."""
    expected = deals.ids()

    def change(seed):
        choose = random.Random(seed)
        for _ in range(50):
            deals.edit(choose.choice(expected), title=str(seed))
            deals.delete(deals.create())
            ids(deals)

    threads = [threading.Thread(target=change, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert deals.ids() == expected


def test_index_matches_fresh_sort():
    """A page after many changes is the same as one sorted from scratch."""
    deals, choose = Store(make_deals(40, seed=0, zone=UTC), DEALS, UTC), random.Random(7)
    query = {"key": "title", "sort": "title"}
    for _ in range(60):
        ids(deals, **query)
        deals.edit(choose.choice(deals.ids()), title=choose.choice(["a", "B", "c", ""]))
        if choose.random() < 0.3:
            deals.delete(choose.choice(deals.ids()))
        if choose.random() < 0.3:
            deals.create(title="Zeta")
    titles = [deals.get(deal_id)["title"].casefold() for deal_id in ids(deals, **query)]
    assert titles == sorted(record["title"].casefold() for record in deals.records())


def test_cut(deals):
    """A page holds what a cut takes out of all ids, which come in the order of the query."""
    asked = []

    def cut(ordered, offset, rows):
        asked.append((list(ordered), offset, rows))
        return list(ordered)[:2]

    records, total = deals.page(Query(descending=True), 3, 7, cut)
    assert [record["id"] for record in records] == deals.ids()[:-3:-1]
    assert total == 5
    assert asked == [(deals.ids()[::-1], 3, 7)]


def test_many_queries(deals):
    """Only the newest indexes are kept, and an old query is built again."""
    first = ids(deals, key="0")
    for number in range(1, 20):
        ids(deals, key=str(number))
    assert ids(deals, key="0") == first


def test_file_is_served_unchanged(make_client, data_file):
    """A kind account serves the shapes, texts and unusual values of a file unchanged."""
    odd = {"id": "12", "Owner": {"id": 1}, "dealValue": "12.500000000", "tags": ["a"], "x y": None}
    assert make_client(data=data_file(odd), behavior="kind").search().json()["Data"]["data"] == [odd]


@pytest.mark.parametrize(
    "content", ["{}", "[1]", "[{}]", '[{"id": "x"}]', '[{"id": 1}, {"id": "1"}]', "nothing"]
)
def test_invalid_file(tmp_path, content):
    """A file of deals must be a JSON list of objects with distinct ids."""
    path = tmp_path / "deals.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"deals|id|Expecting"):
        sandbox.start(data=path)
