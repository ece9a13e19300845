"""Schemas: column names, custom fields and paths."""

from __future__ import annotations

import pytest

from salesmate_nb.resources.base import (
    Resource,
    column_name,
    custom_field,
    custom_path,
    is_custom,
    standard_field,
)

CUSTOM = [
    ("textCustomField1", "text_custom_field_1", "string"),
    ("intCustomField12", "int_custom_field_12", "int"),
    ("decimalCustomField1", "decimal_custom_field_1", "float"),
    ("checkboxCustomField1", "checkbox_custom_field_1", "bool"),
    ("dateTimeCustomField3", "date_time_custom_field_3", "datetime"),
    ("dateCustomField3", "date_custom_field_3", "datetime"),
    ("multiSelectCustomField2", "multi_select_custom_field_2", "string"),
]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("id", "id"),
        ("dealValue", "deal_value"),
        ("primaryCompany.name", "primary_company_name"),
        ("billingZipCode", "billing_zip_code"),
    ],
)
def test_column_name(path, name):
    """Words of the API's name are separated by underscores."""
    assert column_name(path) == name
    assert standard_field(path, "int").name == name


@pytest.mark.parametrize(("path", "name", "kind"), CUSTOM)
def test_custom_field(path, name, kind):
    """The API's name of a custom field determines its kind."""
    field = custom_field(path)
    assert is_custom(path)
    assert (field.path, field.name, field.kind) == (path, name, kind)


@pytest.mark.parametrize(("path", "name", "kind"), CUSTOM)
def test_custom_path(path, name, kind):
    """The column name of a custom field leads back to the API's name."""
    assert custom_path(name) == path


@pytest.mark.parametrize(
    "name", ["title", "custom_field_1", "text_custom_field", "text_custom_field1", "", "_"]
)
def test_no_custom_path(name):
    """Names of other columns, or those that only resemble a custom field's, have no API name."""
    assert custom_path(name) is None


@pytest.mark.parametrize(
    "path", ["title", "CustomField1", "textCustomField", "textCustomField1x", "", "owner.id"]
)
def test_not_custom(path):
    """An API name that only resembles a custom field's is not one."""
    assert not is_custom(path)


def test_path():
    """The API's path of a resource contains its singular."""
    resource = Resource(name="tickets", singular="ticket", rule_name="Ticket", number=9, fields=())
    assert resource.path == "apis/ticket/v4"
