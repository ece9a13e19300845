"""Field entries: labels, types and the order of options, in any form of the response."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb._search.field_entries import list_fields, parse_catalog
from salesmate_nb.errors import BadResponse, SalesmateError
from salesmate_nb.resources import ACTIVITIES, COMPANIES, DEALS
from salesmate_nb.resources.base import requested_paths


def entry(path, label, kind="Text", options=None):
    """Return a field as other connectors receive it."""
    fields = {"fieldName": path, "displayName": label, "type": kind}
    return fields if options is None else {**fields, "fieldOptions": options}


def catalog(*entries):
    return {"Status": "success", "Data": {"deal": list(entries)}}


def read(*entries):
    return parse_catalog(catalog(*entries), DEALS)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Contract length", "contract_length"),
        ("Go-live date (UTC)", "go_live_date_utc"),
        ("  Größe in m² ", "grösse_in_m2"),
        ("Discount %", "discount"),
        ("契約期間", "契約期間"),
        ("अनुबंध की अवधि", "अनुबंध_की_अवधि"),
        ("કરારની મુદત", "કરારની_મુદત"),
        ("ஒப்பந்த காலம்", "ஒப்பந்த_காலம்"),
        ("চুক্তির মেয়াদ", "চুক্তির_ম\u09c7\u09af\u09bc\u09be\u09a6"),  # in normal form C
        ("น้ำหนัก (กก.)", "น้ำหนัก_กก"),
        ("Gro\u0308ße", "grösse"),
        ("क्\u200dष", "क्ष"),  # an invisible character inside of a word
        ("Rating ❤\ufe0f", "rating"),
        ("2nd owner", "2nd_owner"),
        ("***", "text_custom_field_1"),
        ("", "text_custom_field_1"),
    ],
)
def test_column_name(label, name):
    """Words are joined by underscores; a label without words leaves the API's name."""
    assert [field.name for field in read(entry("textCustomField1", label)).fields] == [name]


def test_labels_that_differ_in_vowels():
    """Two words of the same consonants are two columns under their own names."""
    fields = read(entry("textCustomField1", "की"), entry("textCustomField2", "का")).fields
    assert {field.name: field.path for field in fields} == {
        "की": "textCustomField1",
        "का": "textCustomField2",
    }


def test_equal_labels():
    """Two equal labels, or one equal to a standard column, get numbers; the lowest API name gets none."""
    found = read(
        entry("textCustomField2", "Region"),
        entry("deal.textCustomField1", "region"),
        entry("textCustomField3", "Stage"),
        entry("textCustomField4", "Region 2"),
    )
    assert {field.path: field.name for field in found.fields} == {
        "textCustomField1": "region",
        "textCustomField2": "region_2",
        "textCustomField3": "stage_2",
        "textCustomField4": "region_2_2",
    }
    assert [field.name for field in found.fields] == sorted(field.name for field in found.fields)


def test_column_name_is_kept():
    """A field keeps its column when another one with the same label and a higher number appears."""
    before = {field.path: field.name for field in read(entry("textCustomField2", "Region")).fields}
    found = read(*(entry(f"textCustomField{number}", "Region") for number in (10, 2, 100)))
    after = {field.path: field.name for field in found.fields}
    assert before.items() <= after.items()
    assert after == {
        "textCustomField2": "region",
        "textCustomField10": "region_2",
        "textCustomField100": "region_3",
    }


def test_lookup():
    """A lookup has two columns, named by its label; both change if one of the names is taken."""
    path = "companySingleLookupCustomField2"
    found = read(
        entry(path, "Reseller", "lookup"),
        entry("textCustomField1", "Reseller name"),
        entry("userCustomField3", "Coach", "Lookup"),
        entry("contactSingleLookupCustomField4.name", "", "Text"),
    )
    assert {field.path: (field.name, field.kind) for field in found.fields} == {
        f"{path}.id": ("reseller_2_id", "int"),
        f"{path}.name": ("reseller_2_name", "string"),
        "textCustomField1": ("reseller_name", "string"),
        "userCustomField3.id": ("coach_id", "int"),
        "userCustomField3.name": ("coach_name", "string"),
        "contactSingleLookupCustomField4.id": ("contact_single_lookup_custom_field_4_id", "int"),
        "contactSingleLookupCustomField4.name": ("contact_single_lookup_custom_field_4_name", "string"),
    }


def test_optional_field():
    """A field that few accounts have is a column if the catalog lists it, before the custom ones."""
    entries = [entry("textCustomField1", "Area"), entry("company.industry", "Industry", "Select", ["IT"])]
    found = parse_catalog({"Data": {"company": entries}}, COMPANIES)
    assert [field.name for field in found.fields] == ["industry", "area"]
    assert found.order == {"industry": ("IT",)}
    custom = parse_catalog({"Data": {"company": [entry("textCustomField1", "Industry")]}}, COMPANIES)
    assert [(field.name, field.path) for field in custom.fields] == [("industry", "textCustomField1")]


def test_unlisted_fields():
    """What the server may not know is a column, but not requested if the catalog lacks it."""
    found = read(entry("title", "Title"), entry("createdBy", "Created by", "Lookup"))
    assert [field.name for field in found.standard] == [field.name for field in DEALS.fields]
    paths = requested_paths(found.standard)
    assert set(requested_paths(DEALS.fields)) - set(paths) == {
        "lastCommunicationAt",
        "lastCommunicationMode",
        "rottenDate",
    }


@pytest.mark.parametrize(
    ("listed", "forms"),
    [
        (["primaryContact", "title"], {"primaryContact"}),
        (["contact"], {"primaryContact", "contact"}),
        ([], {"primaryContact", "contact"}),
    ],
)
def test_unlisted_aliases(listed, forms):
    """Both forms of a link are requested, unless the catalog lists the first form alone."""
    entries = [entry(path, path.title()) for path in listed]
    found = parse_catalog({"Data": {"activity": entries}}, ACTIVITIES)
    parents = {path.partition(".")[0] for path in requested_paths(found.standard)}
    assert parents & {"primaryContact", "contact"} == forms


@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        ("textCustomField1", "number", "float"),
        ("intCustomField1", "number", "int"),
        ("textCustomField1", "date", "datetime"),
        ("textCustomField1", "Date Time", "datetime"),
        ("multiSelectCustomField1", "multi-select", "string"),
        ("intCustomField1", "Multi Select", "string"),
        ("textCustomField1", "Int", "int"),
        ("textCustomField1", "Currency", "float"),
        ("textCustomField1", "Select", "category"),
        ("textCustomField1", "Date", "datetime"),
        ("intCustomField1", "Something new", "int"),
        ("decimalCustomField1", None, "float"),
    ],
)
def test_kind(path, kind, expected):
    """The type in the catalog determines the kind, or the API's name if that type is unknown."""
    assert [field.kind for field in read(entry(path, "Field", kind)).fields] == [expected]


@pytest.mark.parametrize(
    "options",
    [
        json.dumps({"values": [{"value": "New", "text": "New"}, {"value": "Old", "text": "Old"}]}),
        json.dumps([{"text": "New"}, {"text": "Old"}]),
        json.dumps(["New", "Old", "New", "", None, 3]),
        ["New", "Old"],
        {"options": ["New", "Old"]},
        {"valuesMeta": [{"label": "Brand new", "value": "New"}, {"label": "Old"}]},
        {"values": [], "valuesMeta": [{"label": "New", "value": "New"}, {"label": "Old", "value": "Old"}]},
        {"mappedDependency": [{"rules": {"Sales": ["New"], "Renewals": ["New", "Old"]}}]},
        json.dumps({"mappedDependency": [{"rules": {"Sales": [{"value": "New"}, {"value": "Old"}]}}]}),
    ],
)
def test_order_of_options(options):
    """Category columns get the server's order, from each shape that was seen or is likely."""
    found = read(entry("stage", "Stage", "Select", options), entry("title", "Title", "Text", options))
    assert found.order == {"stage": ("New", "Old")}


@pytest.mark.parametrize(
    "options",
    [
        *("", "{", "[" * 100_000, "7", 7, None, {}, {"values": 3}, {"url": "/apis/v3/lookups/active/stage"}),
        *({"mappedDependency": value} for value in (3, [3], [{"rules": []}], [{"rules": {"Sales": 3}}])),
    ],
)
def test_unreadable_options(options):
    """Options that cannot be parsed cost the order only."""
    assert read(entry("stage", "Stage", "Select", options)).order == {}


@pytest.mark.parametrize("payload", [[], {}, {"Data": []}, {"Data": {"contact": []}}, {"deal": 3}])
def test_missing_resource(payload):
    """A catalog without a list of the resource's fields is a bad response."""
    with pytest.raises(BadResponse, match="no list of deal fields"):
        parse_catalog(payload, DEALS)
    with pytest.raises(BadResponse, match="no list of deal fields"):
        list_fields(payload, DEALS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
any_entries = given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["fieldName", "displayName", "type", "fieldOptions"]),
            json_values | st.sampled_from(["textCustomField1", "deal.intCustomField2", "stage", "Select"]),
        )
        | json_values,
        max_size=8,
    )
)


def check_any(entries):
    """Assert that column names are distinct, or a SalesmateError is raised."""
    try:
        found = read(*entries)
    except SalesmateError:
        return
    assert len({field.name for field in found.fields}) == len(found.fields)


@settings(max_examples=20)
@any_entries
def test_any_catalog(entries):
    """Any response gives distinct column names, or a SalesmateError."""
    check_any(entries)


@pytest.mark.slow
@settings(max_examples=150)
@any_entries
def test_any_catalog_long(entries):
    """As above, with more catalogs."""
    check_any(entries)


def test_list_fields():
    """Each field of the catalog is a row, with its column if frames have one."""
    payload = catalog(
        entry("deal.stage", "Stage", "Select", ["New", "Old"]),
        entry("intCustomField1", "Seats", "Int"),
        entry("followers", "", None),
        entry("owner", "Owner", "Lookup"),
    )
    assert list_fields(payload, DEALS) == [
        {
            "resource": "deals",
            "column": "stage",
            "label": "Stage",
            "path": "stage",
            "type": "Select",
            "is_custom": False,
            "options": "New, Old",
        },
        {
            "resource": "deals",
            "column": "seats",
            "label": "Seats",
            "path": "intCustomField1",
            "type": "Int",
            "is_custom": True,
            "options": None,
        },
        {
            "resource": "deals",
            "column": None,
            "label": None,
            "path": "followers",
            "type": None,
            "is_custom": False,
            "options": None,
        },
        *(
            {
                "resource": "deals",
                "column": f"owner_{part}",
                "label": "Owner",
                "path": f"owner.{part}",
                "type": "Lookup",
                "is_custom": False,
                "options": None,
            }
            for part in ("id", "name")
        ),
    ]


def test_list_links_of_activities():
    """Both forms of a link lead to the same columns."""
    names = ("deal", "contact", "primaryContact")
    payload = {"Data": {"activity": [entry(name, name.title(), "lookup") for name in names]}}
    assert {row["path"]: row["column"] for row in list_fields(payload, ACTIVITIES)} == {
        "deal.id": "related_to_id",
        "deal.name": "related_to_title",
        "contact.id": "primary_contact_id",
        "contact.name": "primary_contact_name",
        "primaryContact.id": "primary_contact_id",
        "primaryContact.name": "primary_contact_name",
    }


def test_many_fields_of_one_label():
    """Each gets a number of its own, in a time that grows with their number; too many are refused."""
    entries = [
        {"fieldName": f"textCustomField{number}", "displayName": "Label", "type": "Text"}
        for number in range(1, 10_002)
    ]
    names = [field.name for field in parse_catalog(entries[:5000], DEALS).fields]
    assert sorted(names) == sorted(["label", *(f"label_{number}" for number in range(2, 5001))])
    with pytest.raises(BadResponse, match="10,001 deal fields"):
        parse_catalog(entries, DEALS)
