"""Companies: the columns and their kinds."""

from __future__ import annotations

from salesmate_nb.resources import COMPANIES
from salesmate_nb.resources.base import column_name

COLUMNS = {
    "id": "int",
    "name": "string",
    "type": "category",
    "website": "string",
    "phone": "string",
    "billing_city": "string",
    "billing_state": "string",
    "billing_country": "category",
    "billing_zip_code": "string",
    "owner_id": "int",
    "owner_name": "category",
    "created_at": "datetime",
    "last_modified_at": "datetime",
    "tags": "string",
    "description": "string",
    "last_communication_at": "datetime",
    "open_deal_count": "int",
    "won_deal_count": "int",
    "lost_deal_count": "int",
    "total_amount_of_open_deal": "float",
    "total_amount_of_won_deal": "float",
    "total_amount_of_lost_deal": "float",
    "annual_revenue": "float",
    "number_of_employees": "int",
}


def test_columns():
    """Columns, order and kinds are part of the contract; names follow from the API's names."""
    assert {field.name: field.kind for field in COMPANIES.fields} == COLUMNS
    assert [field.name for field in COMPANIES.fields] == list(COLUMNS)
    assert all(field.name == column_name(field.path) for field in COMPANIES.fields)


def test_api_names():
    """The search of the v4 API knows the resource by these names."""
    assert (COMPANIES.path, COMPANIES.rule_name, COMPANIES.number) == ("apis/company/v4", "Company", 5)


def test_industry():
    """The industry is a column of those accounts only that have the field."""
    assert [(field.name, field.kind) for field in COMPANIES.optional] == [("industry", "category")]
