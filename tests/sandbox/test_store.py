"""The deals themselves: colleagues change them while pages are read."""

from __future__ import annotations

import random
import threading

import pytest

from salesmate_nb import sandbox


def test_a_new_deal_is_served(visitor):
    """A deal that a colleague creates gets the next id, the server's moments, and is found at once."""
    box = visitor.box
    before = box.deals.ids()
    visitor.found()
    deal = box.deals.create(title="New", dealValue=5)
    assert deal > max(before)
    assert visitor.found() == [*before, deal]
    record = visitor.get(f"/apis/deal/v4/{deal}").json()["Data"]
    assert (record["title"], record["dealValue"], record["status"]) == ("New", 5, "Open")
    assert record["createdAt"] == record["lastModifiedAt"]
    assert record["createdAt"].endswith("Z")


def test_a_change_moves_a_deal(visitor):
    """An edited deal keeps createdAt, gets a new lastModifiedAt, and moves where that is sorted by."""
    deals = visitor.box.deals
    sort = {"fieldName": "deal.lastModifiedAt", "order": "desc"}
    last = visitor.found(sort=sort)[-1]
    old = deals.get(last)
    deals.edit(last, title="Changed")
    assert visitor.found(sort=sort)[0] == last
    new = deals.get(last)
    assert (new["title"], new["createdAt"]) == ("Changed", old["createdAt"])
    assert new["lastModifiedAt"] > old["lastModifiedAt"]


def test_a_deleted_deal_is_gone(visitor):
    """It is neither found nor counted, and its id is never given again."""
    deals = visitor.box.deals
    last = deals.ids()[-1]
    visitor.found()
    deals.delete(last)
    assert last not in visitor.found()
    assert visitor.search().json()["Data"]["totalRows"] == len(deals) == 4
    assert visitor.get(f"/apis/deal/v4/{last}").status_code == 404
    assert deals.create() > last


def test_what_is_not_there_cannot_be_changed(visitor):
    """An unknown id is a KeyError, for all who name one."""
    deals = visitor.box.deals
    for change in (deals.get, deals.edit, deals.delete):
        with pytest.raises(KeyError):
            change(7)


def test_a_deal_that_stops_fitting_leaves(visitor, rule):
    """Rules are checked again when a deal changes."""
    deals = visitor.box.deals
    one = deals.create(status="Open", title="fits")
    fits = rule("EQUALS", "title", "fits")
    assert visitor.found(fits) == [one]
    deals.edit(one, title="no more")
    assert visitor.found(fits) == []
    deals.edit(one, title="Fits")
    assert visitor.found(fits) == [one]


def test_moments_never_stand_still(visitor):
    """Each change has a later moment than the one before, and than what was there."""
    deals = visitor.box.deals
    latest = max(record["lastModifiedAt"] for record in deals.records())
    made = [deals.get(deals.create())["createdAt"] for _ in range(20)]
    assert made == sorted(set(made))
    assert made[0] > latest


def test_a_test_may_set_the_moments(visitor):
    """Many deals of one minute can be made on purpose."""
    deal = visitor.box.deals.create(createdAt="2024-01-01T00:00:00Z")
    assert visitor.box.deals.get(deal)["createdAt"] == "2024-01-01T00:00:00Z"


def test_what_get_returns_is_a_copy(visitor):
    """Changing it changes nothing on the server."""
    deals = visitor.box.deals
    deals.get(deals.ids()[0])["createdBy"]["name"] = "x"
    assert deals.get(deals.ids()[0])["createdBy"]["name"] != "x"


def test_a_new_custom_field_is_in_the_catalogue(visitor, rule):
    """A field that comes with a new deal can be asked for and filtered on."""
    deal = visitor.box.deals.create(textCustomField9="blue")
    assert visitor.found(
        rule("EQUALS", "textCustomField9", "blue"), displayingFields=["deal.textCustomField9"]
    ) == [deal]


def test_colleagues_act_between_pages(visit):
    """The hook runs before each page: a deal deleted in front of an offset makes the next page miss one."""
    visitor = visit(deals=20)
    ids = visitor.box.deals.ids()
    pages = []

    def hook():
        if pages:
            visitor.box.deals.delete(ids[0])

    visitor.box.before_search = hook
    pages.append(visitor.found(rows=10))
    pages.append(visitor.found(rows=10, offset=10))
    assert set(ids) - {deal for page in pages for deal in page} == {ids[10]}
    assert visitor.box.before_search is visitor.box.deals.before_search is hook


def test_the_hook_runs_for_every_list(visitor):
    """Search and v1 call it, other endpoints do not."""
    calls = []
    visitor.box.deals.before_search = lambda: calls.append(1)
    visitor.search()
    visitor.get("/v1/deals")
    visitor.get("/apis/core/v4/users")
    assert len(calls) == 2


def test_many_change_and_read_at_once(visit):
    """Changes from many threads lose nothing, and each page is whole."""
    box = visit(deals=50).box

    def change(seed):
        choose = random.Random(seed)
        for _ in range(50):
            box.deals.edit(choose.choice(kept), title=str(seed))
            box.deals.delete(box.deals.create())

    kept = box.deals.ids()
    threads = [threading.Thread(target=change, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert box.deals.ids() == kept


def test_views_agree_with_a_fresh_sort(visit):
    """A view that followed many changes is the same as one made now."""
    visitor = visit(deals=40)
    deals, choose = visitor.box.deals, random.Random(7)
    sort = {"fieldName": "deal.title", "order": "asc"}
    for _ in range(60):
        visitor.found(sort=sort)
        deals.edit(choose.choice(deals.ids()), title=choose.choice(["a", "B", "c", ""]))
        if choose.random() < 0.3:
            deals.delete(choose.choice(deals.ids()))
        if choose.random() < 0.3:
            deals.create(title="Zeta")
    titles = [deals.get(deal)["title"].casefold() for deal in visitor.found(sort=sort)]
    assert titles == sorted(record["title"].casefold() for record in deals.records())


def test_deals_of_a_file_are_served_as_they_are(visit, data_file):
    """Shapes, texts and odd values come through untouched."""
    odd = {"id": "12", "Owner": {"id": 1}, "dealValue": "12.500000000", "tags": ["a"], "x y": None}
    assert visit(data=data_file(odd)).search().json()["Data"]["data"] == [odd]


@pytest.mark.parametrize(
    "content", ["{}", "[1]", "[{}]", '[{"id": "x"}]', '[{"id": 1}, {"id": "1"}]', "nothing"]
)
def test_a_file_that_cannot_be_is_refused(tmp_path, content):
    """Only a list of objects with distinct ids is a file of deals."""
    path = tmp_path / "deals.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"deals|id|Expecting"):
        sandbox.start(data=path)


def test_the_real_deals_are_served(visit, real_deals):
    """8,800 real opportunities come out as they went in."""
    visitor = visit(data=real_deals)
    page = visitor.search(rows=1, offset=8799).json()["Data"]
    assert (page["totalRows"], page["data"][0]["id"]) == (8800, 9800)
