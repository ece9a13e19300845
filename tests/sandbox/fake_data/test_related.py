"""Made-up contacts, companies and activities of given deals."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from salesmate_nb.sandbox import make_deals
from salesmate_nb.sandbox._fake_data import related

UTC = ZoneInfo("UTC")


@pytest.fixture(scope="module")
def deals():
    """Return 80 made-up deals."""
    return make_deals(80, seed=0, zone=UTC)


def make(name, deals):
    records = related.MAKERS[name](deals, seed=0, zone=UTC)
    assert records == related.MAKERS[name](deals, seed=0, zone=UTC)
    return records


@pytest.mark.parametrize("name", ["contact", "company"])
def test_relations_exist(deals, name):
    """There is a record for each id that deals refer to, and no other; the same seed makes the same."""
    relation = f"primary{name.capitalize()}"
    expected = {deal[relation]["id"] for deal in deals if deal.get(relation)}
    assert {record["id"] for record in make(name, deals)} == expected


def test_activities_belong_to_deals(deals):
    """Activities belong to the deals that count them, and one to each contact."""
    related_ids = {"Deal": [], "Contact": []}
    for record in make("activity", deals):
        related_id = record.get("relatedToId") or record["relatedTo"]["id"]
        related_ids[record["relatedToModule"]].append(related_id)
    expected = [
        deal["id"] for deal in deals for _ in range(deal["closedActivities"] + deal["openActivities"])
    ]
    assert related_ids["Deal"] == expected
    assert related_ids["Contact"] == sorted(
        {deal["primaryContact"]["id"] for deal in deals if deal.get("primaryContact")}
    )


def test_sums(deals):
    """Companies and contacts count their deals by status, and companies add up the values."""
    for name, relation in (("company", "primaryCompany"), ("contact", "primaryContact")):
        for record in make(name, deals):
            own = [deal for deal in deals if (deal.get(relation) or {}).get("id") == record["id"]]
            counts = [sum(deal["status"] == status for deal in own) for status in ("Open", "Won")]
            assert [record["openDealCount"], record["wonDealCount"]] == counts
            assert (record["lastCommunicationAt"] or "") == max(
                str(deal.get("lastCommunicationAt") or "") for deal in own
            )
            if name == "company":
                won = [float(deal.get("dealValue") or 0) for deal in own if deal["status"] == "Won"]
                assert record["totalAmountOfWonDeal"] == pytest.approx(sum(won))


def test_completed_activities(deals):
    """An activity has a time of completion if it is completed."""
    flags = {(record["isCompleted"], "completedAt" in record) for record in make("activity", deals)}
    assert flags == {(1, True), (0, False)}


def test_measured_links(deals):
    """The links under their measured names are those under the names of the web app."""
    for record in make("activity", deals):
        renamed = related.with_measured_links(record)
        assert renamed["contact"] == record["primaryContact"]
        assert renamed["company"] == record["primaryCompany"]
        if record["relatedToModule"] == "Deal":
            assert renamed["deal"]["id"] == (record.get("relatedToId") or record["relatedTo"]["id"])
        else:
            assert renamed["deal"] == {}
        assert not any(name.startswith(("primary", "related")) for name in renamed)


def test_spellings_of_relations():
    """Relations may be capitalized or flat; nothing is made up that deals do not refer to."""
    deals = [
        {"id": 1, "PrimaryCompany": {"id": "31", "name": "Elm"}, "primaryContact": {}},
        {"id": 2, "primaryCompany.id": 32, "primaryCompany.name": "Fir", "closedActivities": "2"},
    ]
    assert [company["name"] for company in make("company", deals)] == ["Elm", "Fir"]
    assert make("contact", deals) == []
    activities = make("activity", deals)
    assert [record.get("relatedToId") or record["relatedTo"]["id"] for record in activities] == [2, 2]
