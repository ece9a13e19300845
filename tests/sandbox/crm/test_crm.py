"""The stores, users and field catalog of an account."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from salesmate_nb.sandbox import make_deals
from salesmate_nb.sandbox._crm.crm import Crm
from salesmate_nb.sandbox._fake_data import related
from salesmate_nb.sandbox._fake_data.deals import END
from salesmate_nb.sandbox.timestamps import DAY

UTC = ZoneInfo("UTC")


@pytest.fixture
def crm():
    """Return the CRM of an account with 80 made-up deals."""
    return Crm(make_deals(80, seed=0, zone=UTC), seed=0, zone=UTC)


def test_catalog_is_stable(crm):
    """The catalog of each resource is the same before and after its records are made up."""
    before = crm.field_catalog()
    assert {name: len(fields) > 10 for name, fields in before.items()} == dict.fromkeys(
        ["deal", "contact", "company", "activity"], True
    )
    for name in ("contact", "company", "activity"):
        assert len(crm[name]) > 10
    assert crm.field_catalog() == before


def test_catalog_lists_new_fields(crm):
    """A custom field of a new record is in the catalog."""
    before = {field["fieldName"] for field in crm.field_catalog()["company"]}
    crm["company"].create(name="New", textCustomField9="x")
    after = {field["fieldName"] for field in crm.field_catalog()["company"]}
    assert after - before == {"textCustomField9"}


def test_users_own_deals(crm):
    """The users are the owners of the deals."""
    owners = {deal["owner"]["id"] for deal in crm.deals.records() if deal.get("owner")}
    assert {user["id"] for user in crm.users()} == owners


def records_of(crm):
    """Return all records of all resources."""
    return {name: crm[name].records() for name in ("deal", "contact", "company", "activity")}


def test_days_pass_alike_in_one_call_or_several():
    """The same days give the same records, in one call or several, whatever the time between the calls."""
    at_once, by_week = (Crm(make_deals(80, seed=4, zone=UTC), seed=4, zone=UTC) for _ in range(2))
    at_once.pass_days(21)
    for days in (0, 7, 14):
        by_week.pass_days(days)
    assert records_of(at_once) == records_of(by_week)
    assert records_of(at_once)["deal"] != make_deals(80, seed=4, zone=UTC)
    assert at_once.clock.passed == by_week.clock.passed == END + 21 * DAY


def test_counts_of_deals_are_kept():
    """Contacts and companies count their deals again after some days, and nothing else of them changes."""
    crm = Crm(make_deals(200, seed=0, zone=UTC), seed=0, zone=UTC)
    before = records_of(crm)
    crm.pass_days(60)
    for name in related.COUNTS:
        keys = (*related.COUNTS[name], *related.LATEST[name])
        made = related.MAKERS[name](crm.deals.records(), seed=0, zone=UTC)
        expected = {record["id"]: [record[key] for key in keys] for record in made}
        found = {record["id"]: [record[key] for key in keys] for record in crm[name].records()}
        assert expected.items() <= found.items()
        changed = 0
        for record in before[name]:
            after = crm[name].get(record["id"])
            differing = {key for key in record if record[key] != after[key]}
            assert differing <= {*keys, "lastModifiedAt"}
            assert ("lastModifiedAt" in differing) == bool(differing & {*keys})
            changed += bool(differing)
        assert changed > 3
    assert crm["activity"].records() == before["activity"]


def test_deals_are_not_counted_once_deleted(crm):
    """A company whose only deals were deleted stays, and counts none."""
    [deal, *others] = [deal for deal in crm.deals.records() if deal.get("primaryCompany")]
    company = deal["primaryCompany"]["id"]
    assert crm["company"].get(company)["name"]
    for other in [deal, *others]:
        if other["primaryCompany"]["id"] == company:
            crm.deals.delete(other["id"])
    crm.pass_days(0)
    assert {crm["company"].get(company)[key] for key in related.COUNTS["company"]} == {0}


def test_changes_by_hand_have_the_accounts_time(crm):
    """After some days, what a test creates or edits has the account's time, and a new id."""
    crm.pass_days(3)
    new = crm.deals.create(title="B")
    assert crm.deals.get(new)["createdAt"].startswith("2026-07-03T18:00:0")
    crm.pass_days(1)
    assert len(crm.deals.ids()) == len(crm.deals)
    assert crm.deals.get(new)["title"] == "B"
