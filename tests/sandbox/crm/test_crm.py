"""The stores, users and field catalog of an account."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from salesmate_nb.sandbox import make_deals
from salesmate_nb.sandbox._crm.crm import Crm

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
