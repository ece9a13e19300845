"""Columns that a caller names: by label, by API name, or misspelt."""

from __future__ import annotations

import dataclasses

import pytest

from salesmate_nb import SalesmateError
from salesmate_nb._search.columns import choose_columns
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import custom_field

FIELDS = (
    *DEALS.fields,
    dataclasses.replace(custom_field("textCustomField1"), name="contract_length"),
)


def test_choose_columns_by_label_or_api_name():
    """A custom field is found by its label and by the API's name, and has the name that was given."""
    chosen = choose_columns(["contract_length", "text_custom_field_1", "id", "id"], FIELDS)
    assert {name: field.path for name, field in chosen.items()} == {
        "contract_length": "textCustomField1",
        "text_custom_field_1": "textCustomField1",
        "id": "id",
    }
    assert [field.name for field in chosen.values()] == ["contract_length", "text_custom_field_1", "id"]


@pytest.mark.parametrize("name", ["gro\u0308ße", "Größe", " größe "])
def test_choose_column_as_a_reader_sees_it(name):
    """A column is found in any case and normal form; the frame has it as it was given, without spaces."""
    fields = [dataclasses.replace(custom_field("textCustomField1"), name="größe")]
    given = name.strip()
    assert choose_columns([given], fields)[given].path == "textCustomField1"


def test_choose_unlisted_column():
    """A custom field that is not listed is accepted only if there is no list."""
    assert choose_columns(["int_custom_field_9"], FIELDS, unlisted=True)["int_custom_field_9"].kind == "int"
    with pytest.raises(SalesmateError, match="no column 'int_custom_field_9'"):
        choose_columns(["int_custom_field_9"], FIELDS)


def test_choose_misspelt_column():
    """The error names the closest column, or all of them."""
    with pytest.raises(SalesmateError, match=r"Did you mean 'contract_length'\?"):
        choose_columns(["contract_lenght"], FIELDS)
    with pytest.raises(SalesmateError, match=r"'deal_url' is made here, by deals_df\(url=True\)"):
        choose_columns(["deal_url"], FIELDS)
    with pytest.raises(SalesmateError, match=r"There are: id, title, .*, contract_length"):
        choose_columns(["x"], FIELDS)
