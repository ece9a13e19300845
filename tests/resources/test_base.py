"""Schemas: column names, custom fields and paths."""

from __future__ import annotations

import dataclasses
import json

import pytest

from salesmate_nb.resources.base import (
    Field,
    Resource,
    column_name,
    custom_columns,
    custom_field,
    custom_order,
    custom_path,
    is_custom,
    is_lookup,
    listed_field,
    lookup_paths,
    requested_paths,
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
    ("companySingleLookupCustomField2.id", "company_single_lookup_custom_field_2_id", "int"),
    ("companySingleLookupCustomField2.name", "company_single_lookup_custom_field_2_name", "string"),
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
    "path",
    [
        *("title", "CustomField1", "textCustomField", "textCustomField1x", "", "owner.id"),
        *("textCustomField1.email", "textCustomField1."),
    ],
)
def test_not_custom(path):
    """An API name that only resembles a custom field's is not one."""
    assert not is_custom(path)


def test_path():
    """The API's path of a resource contains its singular."""
    resource = Resource(name="tickets", singular="ticket", rule_name="Ticket", number=9, fields=())
    assert resource.path == "apis/ticket/v4"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("userSingleLookupCustomField1", True),
        ("userSingleLookupCustomField1.id", True),
        ("textCustomField1", False),
        ("owner", False),
    ],
)
def test_is_lookup(path, expected):
    """The API's name of a custom field shows whether it refers to another record."""
    assert is_lookup(path) is expected


def test_custom_columns():
    """A lookup has two columns, its id and its name; every other field has one, and so has a sub-field."""
    path = "userSingleLookupCustomField1"
    both = lookup_paths(path)
    assert both == (f"{path}.id", f"{path}.name")
    assert [(column.path, column.kind) for column in custom_columns(path)] == list(
        zip(both, ("int", "string"), strict=True)
    )
    assert custom_columns("textCustomField1") == (custom_field("textCustomField1"),)
    assert custom_columns(both[0]) == (custom_field(both[0]),)


def test_custom_order():
    """Custom fields are in the order of their numbers, not of the digits as text."""
    paths = ["textCustomField10", "textCustomField9", "intCustomField9", "textCustomField100"]
    assert sorted(paths, key=custom_order) == [paths[2], paths[1], paths[0], paths[3]]


def test_requested_paths():
    """A field is requested by all its names, but one for each relation; one to request never is not."""
    fields = [
        standard_field("relatedTo.id", "int", aliases=("deal.id",)),
        standard_field("relatedToModule", "category", aliases=("deal.id",), alias_value="Deal"),
        standard_field("relatedTo.title", "string", aliases=("relatedTo.name", "deal.title")),
        listed_field("rottenDate", "datetime"),
        standard_field("closedDate", "datetime", request="never"),
    ]
    assert requested_paths(fields) == (
        *("relatedTo.id", "deal.id", "relatedToModule", "relatedTo.title", "deal.title"),
        "rottenDate",
    )


def test_field_from_json():
    """A field that was stored as JSON is equal to the one that was stored."""
    field = standard_field("relatedTo.id", "int", aliases=("deal.id",))
    assert Field(**json.loads(json.dumps(dataclasses.asdict(field)))) == field
