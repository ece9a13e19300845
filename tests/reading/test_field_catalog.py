"""Field catalog: labels, types and the order of options, in any form of the response."""

from __future__ import annotations

import json
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb import sandbox
from salesmate_nb._reading.field_catalog import FieldCatalog, ResourceFields, list_fields, parse_catalog
from salesmate_nb.errors import ApiError, BadResponse, ConnectionFailed, SalesmateError
from salesmate_nb.resources import CONTACTS, DEALS, RESOURCES
from tests.helpers import reach

PATH = "apis/v3/fields/getAllVisibleFields"


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
        ("2nd owner", "2nd_owner"),
        ("***", "text_custom_field_1"),
        ("", "text_custom_field_1"),
    ],
)
def test_column_name(label, name):
    """Words are joined by underscores; a label without words leaves the API's name."""
    assert [field.name for field in read(entry("textCustomField1", label)).fields] == [name]


def test_equal_labels():
    """Two equal labels, or one equal to a standard column, get numbers; the first by API name gets none."""
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
    ],
)
def test_order_of_options(options):
    """Category columns get the server's order, from each shape that was seen or is likely."""
    found = read(entry("stage", "Stage", "Select", options), entry("title", "Title", "Text", options))
    assert found.order == {"stage": ("New", "Old")}


@pytest.mark.parametrize("options", ["", "{", "[" * 100_000, "7", 7, None, {}, {"values": 3}])
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
@settings(max_examples=500)
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
    ]


class Api:
    """Returns or raises what a test names for each path, and records the requests."""

    def __init__(self, responses):
        self.responses = responses
        self.paths = []

    def __call__(self, method, path, **options):
        self.paths.append(path)
        response = self.responses[path]
        if isinstance(response, Exception):
            raise response
        return response


def test_one_request():
    """One request serves all resources and all reads."""
    api = Api({PATH: {"Data": {"deal": [entry("textCustomField1", "Region")], "contact": []}}})
    fields = FieldCatalog()
    assert [field.name for field in fields.of(DEALS, api).fields] == ["region"]
    assert fields.of(CONTACTS, api) == ResourceFields()
    assert fields.of(DEALS, api) is fields.of(DEALS, api)
    assert fields.payload(api) is api.responses[PATH]
    assert api.paths == [PATH]


NEWEST = {"Status": "success", "Data": {"data": [{"id": 7}], "totalRows": 9}}
RECORD = {"Status": "success", "Data": {"textCustomField2": "x", "intCustomField1": 1, "title": "y"}}


@pytest.mark.parametrize(
    ("newest", "record", "names"),
    [
        (NEWEST, RECORD, ["int_custom_field_1", "text_custom_field_2"]),
        (NEWEST, {"Status": "success", "Data": []}, []),
        (NEWEST, ApiError("no", status=404), []),
        ({"Data": {"data": [], "totalRows": 0}}, None, []),
    ],
)
def test_newest_record(newest, record, names):
    """Without a catalog, the newest record's custom fields are used; the warning names the caller's line."""
    api = Api(
        {
            PATH: ApiError("HTTP 403", status=403),
            "apis/deal/v4/search": newest,
            "apis/deal/v4/7": record,
        }
    )
    with pytest.warns(
        UserWarning, match="use the API's field names, and .* cannot be read: HTTP 403"
    ) as caught:
        found = FieldCatalog().of(DEALS, api)
    assert [warning.filename for warning in caught] == [__file__]
    assert [field.name for field in found.fields] == names


@pytest.mark.parametrize("path", [PATH, "apis/deal/v4/7"])
@pytest.mark.parametrize("error", [ConnectionFailed("no network"), ApiError("busy", status=503)])
def test_transient_error(path, error):
    """A transient error is raised, because column names must not change from read to read."""
    error.is_transient = True
    responses = {PATH: ApiError("no", status=404), "apis/deal/v4/search": NEWEST, path: error}
    with pytest.raises(type(error)) as caught:
        FieldCatalog().of(DEALS, Api(responses))
    assert caught.value is error


@pytest.fixture
def box():
    with sandbox.start(deals=60) as running:
        yield running


def test_fields_df(box):
    """fields_df() returns a row for each field, by one request; frames have the columns it names."""
    connection = reach(box, "key-v4")
    fields = connection.fields_df()
    assert [call.path for call in box.log] == [f"/{PATH}"]
    assert set(fields["resource"]) == set(RESOURCES)
    row = fields.set_index(["resource", "path"]).loc
    assert row[("deals", "textCustomField1"), "column"] == "contract_length"
    assert row[("deals", "textCustomField1"), "is_custom"]
    assert row[("companies", "intCustomField1"), "label"] == "Employees"
    assert row[("activities", "type"), "options"] == "Call, Meeting, Email, Task"
    assert list(fields.dtypes.astype(str)) == ["str"] * 5 + ["bool", "str"]
    deals = connection.deals_df(limit=1)
    listed = set(fields.loc[fields["resource"] == "deals", "column"].dropna())
    assert {column for column in deals if not column.startswith(("owner", "primary"))} <= listed


def test_fields_df_of_some_resources(box):
    """Resources that the catalog lacks are left out, with one warning each."""
    body = {"Data": {"deal": [entry("title", "Title")]}}
    box.script(f"/{PATH}", sandbox.ScriptedResponse(body=json.dumps(body).encode()))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fields = reach(box, "key-v4").fields_df()
    assert list(fields["resource"]) == ["deals"]
    assert sorted(str(warning.message).split("list of ")[1].split()[0] for warning in caught) == [
        "activity",
        "company",
        "contact",
    ]
