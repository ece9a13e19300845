"""The field catalogue: labels, types and the order of values, in whatever shape it comes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmate_nb._reading.field_catalog import parse_catalog
from salesmate_nb.errors import BadResponse, SalesmateError


def entry(path, label, kind="Text", options=None):
    """Return a field as other connectors saw it."""
    one = {"fieldName": path, "displayName": label, "type": kind}
    return one if options is None else {**one, "fieldOptions": options}


def read(*entries):
    return parse_catalog({"Status": "success", "Data": {"deal": list(entries)}})


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Contract length", "contract_length"),
        ("Go-live date (UTC)", "go_live_date_utc"),
        ("  Größe in m² ", "grosse_in_m2".replace("grosse", "grösse")),
        ("Discount %", "discount"),
        ("契約期間", "契約期間"),
        ("2nd owner", "2nd_owner"),
        ("***", "text_custom_field_1"),
        ("", "text_custom_field_1"),
    ],
)
def test_a_label_becomes_a_column_name(label, name):
    """Words are joined by underscores; a label without words leaves the API's name."""
    assert [one.name for one in read(entry("textCustomField1", label)).fields] == [name]


def test_clashes_get_a_number():
    """Two labels alike, or like a standard column, stay apart; the first by API name keeps the plain one."""
    found = read(
        entry("textCustomField2", "Region"),
        entry("deal.textCustomField1", "region"),
        entry("textCustomField3", "Stage"),
        entry("textCustomField4", "Region 2"),
    )
    assert {one.path: one.name for one in found.fields} == {
        "textCustomField1": "region",
        "textCustomField2": "region_2",
        "textCustomField3": "stage_2",
        "textCustomField4": "region_2_2",
    }
    assert [one.name for one in found.fields] == sorted(one.name for one in found.fields)


@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        ("textCustomField1", "Int", "int"),
        ("textCustomField1", "Currency", "float"),
        ("textCustomField1", "Select", "category"),
        ("textCustomField1", "Date", "datetime"),
        ("intCustomField1", "Something new", "int"),
        ("decimalCustomField1", None, "float"),
    ],
)
def test_the_catalogues_type_counts_before_the_names(path, kind, expected):
    """What a field holds is what the catalogue says, as far as its word is known."""
    assert [one.kind for one in read(entry(path, "Field", kind)).fields] == [expected]


@pytest.mark.parametrize(
    "options",
    [
        json.dumps({"values": [{"value": "New", "text": "New"}, {"value": "Old", "text": "Old"}]}),
        json.dumps([{"text": "New"}, {"text": "Old"}]),
        json.dumps(["New", "Old", "New", "", None, 3]),
        ["New", "Old"],
        {"options": ["New", "Old"]},
    ],
)
def test_options_come_in_the_servers_order(options):
    """Fields that are chosen from a list tell its order, in each shape that was seen or is likely."""
    found = read(entry("stage", "Stage", "Select", options), entry("title", "Title", "Text", options))
    assert found.order == {"stage": ("New", "Old")}


@pytest.mark.parametrize("options", ["", "{", "[" * 100_000, "7", 7, None, {}, {"values": 3}])
def test_options_that_cannot_be_read_are_none(options):
    """A strange list costs the order only."""
    assert read(entry("stage", "Stage", "Select", options)).order == {}


@pytest.mark.parametrize("payload", [[], {}, {"Data": []}, {"Data": {"contact": []}}, {"deal": 3}])
def test_no_catalogue_is_said(payload):
    """What holds no list of deal fields is a bad answer."""
    with pytest.raises(BadResponse):
        parse_catalog(payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
entries = st.dictionaries(
    st.sampled_from(["fieldName", "displayName", "type", "fieldOptions"]),
    json_values | st.sampled_from(["textCustomField1", "deal.intCustomField2", "stage", "Select"]),
)


@given(st.lists(entries | json_values, max_size=8))
def test_any_catalogue_is_read_or_refused(listed):
    """Whatever comes: distinct column names, or a SalesmateError."""
    try:
        found = parse_catalog({"Data": {"deal": listed}})
    except SalesmateError:
        return
    assert len({one.name for one in found.fields}) == len(found.fields)
