"""Contacts, companies and activities: they belong to the deals, and are searched as these are."""

from __future__ import annotations

import pytest

NUMBERS = {"contact": 1, "company": 5, "activity": 2}


def search(visitor, module, rows=250, offset=0, **body):
    query = {"rows": rows, "from": offset} | ({"viewType": "list"} if module == "activity" else {})
    body.setdefault("getRecordsCount", True)
    address = f"{visitor.box.url}/apis/{module}/v4/search"
    return visitor.http.post(address, params=query, json=body, headers=visitor.key)


@pytest.mark.parametrize("module", NUMBERS)
def test_records_belong_to_the_deals(visit, module):
    """Every id that a deal names has a record, and there are no others; the same seed makes the same."""
    visitor, again = visit(deals=80), visit(deals=80)
    store = {"contact": "contacts", "company": "companies", "activity": "activities"}[module]
    records = getattr(visitor.box, store).records()
    assert records == getattr(again.box, store).records()
    deals = visitor.box.deals.records()
    if module == "activity":
        named = {deal["id"] for deal in deals if deal["closedActivities"] or deal["openActivities"]}
        about = {"Deal": set(), "Contact": set()}
        for one in records:
            about[one["relatedToModule"]].add(one.get("relatedToId") or one["relatedTo"]["id"])
        assert about["Deal"] == named
        assert about["Contact"] == {
            deal["primaryContact"]["id"] for deal in deals if deal.get("primaryContact")
        }
    else:
        relation = f"primary{module.capitalize()}"
        named = {deal[relation]["id"] for deal in deals if deal.get(relation)}
        assert {one["id"] for one in records} == named


@pytest.mark.parametrize("module", NUMBERS)
def test_they_are_searched_as_deals_are(visit, module):
    """Pages, totals, fields, and rules on their own fields."""
    visitor = visit(deals=40)
    answer = search(visitor, module, rows=10, moduleId=NUMBERS[module]).json()["Data"]
    assert len(answer["data"]) == 10
    everything = search(visitor, module).json()["Data"]
    assert answer["totalRows"] == everything["totalRows"]
    ids = [one["id"] for one in everything["data"]]
    assert ids == sorted(ids)
    rule = {"condition": "GREATER_THAN", "field": {"fieldName": f"{module}.id"}, "data": ids[5]}
    group = {"group": {"operator": "AND", "rules": [rule]}}
    more = [one["id"] for one in search(visitor, module, offset=250).json()["Data"]["data"]]
    found = search(visitor, module, filterQuery=group, displayingFields=[f"{module}.createdAt"])
    assert [one["id"] for one in found.json()["Data"]["data"]] == [*ids[6:], *more][:250]
    assert set(found.json()["Data"]["data"][0]) == {"id", "createdAt"}
    one = visitor.get(f"/apis/{module}/v4/{ids[0]}").json()["Data"]
    assert one["id"] == ids[0]
    assert visitor.get(f"/apis/{module}/v4/1").status_code == 404


@pytest.mark.parametrize("module", NUMBERS)
def test_what_is_another_modules_is_refused(visitor, module):
    """moduleId, moduleName and field names have to fit the path."""
    assert search(visitor, module, moduleId=4).status_code == 400
    for rule in (
        {"condition": "EMPTY", "field": {"fieldName": "deal.title"}},
        {"condition": "EMPTY", "moduleName": "Deal", "field": {"fieldName": f"{module}.id"}},
    ):
        group = {"group": {"operator": "AND", "rules": [rule]}}
        assert search(visitor, module, filterQuery=group).status_code == 400


def test_activities_are_listed_by_name(visitor):
    """Their search wants to be told how they are viewed."""
    address = f"{visitor.box.url}/apis/activity/v4/search"
    answer = visitor.http.post(address, params={"rows": 5}, json={}, headers=visitor.key)
    assert answer.status_code == 400
    assert "viewType=list" in answer.text


def test_the_catalogue_tells_of_all(visitor):
    """Standard and custom fields of each, before and after anybody has read its records."""
    before = visitor.get("/apis/v3/fields/getAllVisibleFields").json()["Data"]
    assert {name: len(listed) > 10 for name, listed in before.items()} == dict.fromkeys(
        ["deal", "contact", "company", "activity"], True
    )
    for module in NUMBERS:
        search(visitor, module)
    assert visitor.get("/apis/v3/fields/getAllVisibleFields").json()["Data"] == before
    visitor.box.companies.create(name="New", textCustomField9="x")
    after = visitor.get("/apis/v3/fields/getAllVisibleFields").json()["Data"]
    assert {one["fieldName"] for one in after["company"]} - {
        one["fieldName"] for one in before["company"]
    } == {"textCustomField9"}


def test_deals_of_a_file_have_what_they_name(visit, data_file):
    """Relations may be capitalised or flat; what a deal does not name is not made up."""
    visitor = visit(
        data=data_file(
            {"id": 1, "PrimaryCompany": {"id": "31", "name": "Elm"}, "primaryContact": {}},
            {"id": 2, "primaryCompany.id": 32, "primaryCompany.name": "Fir", "closedActivities": "2"},
        )
    )
    assert [one["name"] for one in visitor.box.companies.records()] == ["Elm", "Fir"]
    assert len(visitor.box.contacts) == 0
    activities = visitor.box.activities.records()
    assert [one.get("relatedToId") or one["relatedTo"]["id"] for one in activities] == [2, 2]
