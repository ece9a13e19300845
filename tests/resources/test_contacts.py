"""Contacts: the columns and their kinds."""

from __future__ import annotations

from salesmate_nb.resources import CONTACTS
from salesmate_nb.resources.base import column_name

COLUMNS = {
    "id": "int",
    "name": "string",
    "first_name": "string",
    "last_name": "string",
    "email": "string",
    "phone": "string",
    "mobile": "string",
    "designation": "string",
    "type": "category",
    "company_id": "int",
    "company_name": "string",
    "owner_id": "int",
    "owner_name": "category",
    "created_at": "datetime",
    "last_modified_at": "datetime",
    "tags": "string",
    "description": "string",
    "last_communication_at": "datetime",
    "open_deal_count": "int",
    "won_deal_count": "int",
}


def test_columns():
    """Columns, order and kinds are part of the contract; names follow from the API's names."""
    assert {field.name: field.kind for field in CONTACTS.fields} == COLUMNS
    assert [field.name for field in CONTACTS.fields] == list(COLUMNS)
    assert all(field.name == column_name(field.path) for field in CONTACTS.fields)


def test_api_names():
    """The search of the v4 API knows the resource by these names."""
    assert (CONTACTS.path, CONTACTS.rule_name, CONTACTS.number) == ("apis/contact/v4", "Contact", 1)
