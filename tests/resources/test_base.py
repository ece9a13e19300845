"""The columns, as data."""

from __future__ import annotations

import pytest

from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import column_name, custom_field, is_custom

NAMES = """id, title, status, stage, pipeline, deal_value, currency, owner_id, owner_name, primary_company_id,
primary_company_name, primary_contact_id, primary_contact_name, created_at, last_modified_at,
estimated_close_date, closed_date, last_activity_at, win_probability, priority,
source, lost_reason, tags, description"""
KINDS = {
    "int": "id owner_id primary_contact_id primary_company_id",
    "string": "title primary_contact_name primary_company_name lost_reason description tags",
    "category": "status stage pipeline currency source priority owner_name",
    "float": "deal_value win_probability",
    "datetime": "created_at last_modified_at estimated_close_date closed_date last_activity_at",
}


def test_the_columns_are_those_of_the_contract_in_its_order():
    """24 columns, named mechanically from the API's names."""
    assert [field.name for field in DEALS.fields] == NAMES.replace("\n", " ").split(", ")
    assert all(field.name == column_name(field.path) for field in DEALS.fields)


def test_the_kinds_are_those_of_the_contract():
    """Each column has its kind."""
    assert {field.name: field.kind for field in DEALS.fields} == {
        name: kind for kind, names in KINDS.items() for name in names.split()
    }


@pytest.mark.parametrize(
    ("key", "name", "kind"),
    [
        ("textCustomField1", "text_custom_field_1", "string"),
        ("intCustomField12", "int_custom_field_12", "int"),
        ("decimalCustomField1", "decimal_custom_field_1", "float"),
        ("checkboxCustomField1", "checkbox_custom_field_1", "bool"),
        ("dateTimeCustomField3", "date_time_custom_field_3", "datetime"),
        ("dateCustomField3", "date_custom_field_3", "datetime"),
        ("multiSelectCustomField2", "multi_select_custom_field_2", "string"),
    ],
)
def test_a_custom_field_is_typed_by_its_name(key, name, kind):
    """What an account made itself is known by what its name begins with."""
    field = custom_field(key)
    assert (is_custom(key), field.path, field.name, field.kind) == (True, key, name, kind)


@pytest.mark.parametrize(
    "key", ["title", "CustomField1", "textCustomField", "textCustomField1x", "", "owner.id"]
)
def test_other_keys_are_not_custom_fields(key):
    """A key that only resembles one is left alone."""
    assert not is_custom(key)
