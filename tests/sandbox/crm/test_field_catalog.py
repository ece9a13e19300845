"""The field catalog."""

from __future__ import annotations

import json

from salesmate_nb.sandbox._crm.field_catalog import FieldCatalog
from salesmate_nb.sandbox._crm.resources import DEALS


def test_custom_fields():
    """Custom fields of the records are listed, with the type that their name shows."""
    catalog = FieldCatalog(DEALS, ["id", "textCustomField2", "dateTimeCustomField7", "ownerId", "Owner"])
    custom = {
        field["fieldName"]: (field["displayName"], field["type"])
        for field in catalog.as_json({})
        if field["isCustom"]
    }
    assert custom == {
        "textCustomField2": ("Text custom field 2", "Text"),
        "dateTimeCustomField7": ("Date time custom field 7", "DateTime"),
    }
    assert len(catalog.fields) == len(DEALS.fields) + 2


def test_kinds():
    """A field's kind follows from its type; a relation is compared by its id."""
    catalog = FieldCatalog(DEALS, ["checkboxCustomField1"])
    paths = ("id", "createdAt", "checkboxCustomField1", "tags", "title", "owner", "owner.name", "color")
    assert [catalog.kind(path) for path in paths] == [
        "number", "datetime", "bool", "tags", "text", "number", "text", None,
    ]  # fmt: skip


def test_pick_lists():
    """The options of a field are those of the account if it has any, else the standard ones."""
    fields = {field["fieldName"]: field for field in FieldCatalog(DEALS, []).as_json({"stage": ["Demo"]})}
    options = {
        name: [option["value"] for option in json.loads(fields[name]["fieldOptions"])["values"]]
        for name in ("stage", "status")
    }
    assert options == {"stage": ["Demo"], "status": ["Open", "Won", "Lost"]}
