"""Deals: the columns and their kinds."""

from __future__ import annotations

from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import column_name

COLUMNS = {
    "id": "int",
    "title": "string",
    "status": "category",
    "stage": "category",
    "pipeline": "category",
    "deal_value": "float",
    "currency": "category",
    "owner_id": "int",
    "owner_name": "category",
    "primary_company_id": "int",
    "primary_company_name": "string",
    "primary_contact_id": "int",
    "primary_contact_name": "string",
    "created_at": "datetime",
    "last_modified_at": "datetime",
    "estimated_close_date": "datetime",
    "closed_date": "datetime",
    "last_activity_at": "datetime",
    "win_probability": "float",
    "priority": "category",
    "source": "category",
    "lost_reason": "string",
    "tags": "string",
    "description": "string",
    "last_communication_at": "datetime",
    "last_communication_mode": "category",
    "created_by_id": "int",
    "created_by_name": "category",
    "rotten_date": "datetime",
}


def test_columns():
    """Columns, order and kinds are part of the contract; names follow from the API's names."""
    assert {field.name: field.kind for field in DEALS.fields} == COLUMNS
    assert [field.name for field in DEALS.fields] == list(COLUMNS)
    assert all(field.name == column_name(field.path) for field in DEALS.fields)


def test_api_names():
    """The search of the v4 API knows the resource by these names."""
    assert (DEALS.path, DEALS.rule_name, DEALS.number) == ("apis/deal/v4", "Deal", 4)


def test_statuses():
    """These statuses are filtered by the server; others after reading."""
    assert DEALS.statuses == ("Open", "Won", "Lost")
