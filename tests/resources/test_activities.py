"""Activities: the columns and their kinds."""

from __future__ import annotations

from salesmate_nb.resources import ACTIVITIES
from salesmate_nb.resources.base import column_name

COLUMNS = {
    "id": "int",
    "title": "string",
    "type": "category",
    "is_completed": "bool",
    "due_date": "datetime",
    "end_date": "datetime",
    "duration": "float",
    "outcome": "category",
    "related_to_module": "category",
    "related_to_id": "int",
    "related_to_title": "string",
    "primary_contact_id": "int",
    "primary_contact_name": "string",
    "primary_company_id": "int",
    "primary_company_name": "string",
    "owner_id": "int",
    "owner_name": "category",
    "created_at": "datetime",
    "last_modified_at": "datetime",
    "tags": "string",
    "description": "string",
    "completed_at": "datetime",
}


def test_columns():
    """Columns, order and kinds are part of the contract; names follow from the API's names."""
    assert {field.name: field.kind for field in ACTIVITIES.fields} == COLUMNS
    assert [field.name for field in ACTIVITIES.fields] == list(COLUMNS)
    assert all(field.name == column_name(field.path) for field in ACTIVITIES.fields)


def test_api_names():
    """The search of the v4 API knows the resource by these names."""
    assert (ACTIVITIES.path, ACTIVITIES.rule_name, ACTIVITIES.number) == ("apis/activity/v4", "Task", 2)


def test_params():
    """Activities are searched as a list, not as a calendar (v4 reference)."""
    assert ACTIVITIES.params == {"viewType": "list"}
