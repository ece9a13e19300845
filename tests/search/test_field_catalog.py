"""Field catalog: labels, types and the order of options, in any form of the response."""

from __future__ import annotations

import json
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb import sandbox
from salesmate_nb._search.field_catalog import FieldCatalog, list_fields, parse_catalog
from salesmate_nb.errors import ApiError, BadResponse, ConnectionFailed, SalesmateError
from salesmate_nb.resources import ACTIVITIES, COMPANIES, CONTACTS, DEALS, RESOURCES
from salesmate_nb.resources.base import requested_paths
from tests.helpers import reach

PATH = "apis/v3/fields/getAllVisibleFields"
V4_PATH, V1_PATH = "apis/module/v4/4/fields", "apis/v1/modules/4/fields"


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
    assert fields.of(CONTACTS, api).fields == ()
    assert fields.of(DEALS, api) is fields.of(DEALS, api)
    assert fields.payload(DEALS, api) is fields.payload(CONTACTS, api) is api.responses[PATH]
    assert api.paths == [PATH]


REFUSED = ApiError("no", status=404)
LIST = [entry("deal.textCustomField1", "Region"), entry("intCustomField1", "Seats", "Int")]
SECTIONS = [{"Name": "Basic", "Fields": LIST[:1]}, {"Name": "Details", "Fields": LIST[1:]}]


@pytest.mark.parametrize(
    "first", [REFUSED, {}, {"Data": {"contact": LIST}}, {"Status": "success", "Data": []}]
)
@pytest.mark.parametrize(
    "others",
    [
        {V4_PATH: {"Status": "success", "Data": LIST}},
        {V4_PATH: LIST},
        {V4_PATH: REFUSED, V1_PATH: {"Status": "success", "Data": SECTIONS}},
        {V4_PATH: {"Status": "success", "Data": []}, V1_PATH: {"Data": SECTIONS}},
        {V4_PATH: {"Data": None}, V1_PATH: {"Data": LIST}},
    ],
)
def test_other_paths(first, others):
    """Without v3, the fields of each resource are read from v4, or v1; v3 is requested once."""
    api = Api({PATH: first, **others})
    fields = FieldCatalog()
    assert [field.name for field in fields.of(DEALS, api).fields] == ["region", "seats"]
    assert fields.of(DEALS, api).is_complete
    assert api.paths == [PATH, *others]
    rows = list_fields(fields.payload(DEALS, api), DEALS)
    assert [row["column"] for row in rows] == ["region", "seats"]
    api.responses["apis/module/v4/2/fields"] = {"Data": [entry("dueDate", "Due date")]}
    assert fields.of(ACTIVITIES, api).fields == ()
    assert api.paths.count(PATH) == 1


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
            V4_PATH: ApiError("HTTP 404", status=404),
            V1_PATH: {"Status": "success", "Data": []},
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


def test_known_fields_of_newest_record():
    """Without a catalog, fields that the newest record lacks are not requested, since they may be refused."""
    lookup = "userSingleLookupCustomField1"
    record = {"Status": "success", "Data": {"id": 7, "CreatedBy": {"id": 1}, lookup: {"id": 2}}}
    api = Api({PATH: REFUSED, V4_PATH: REFUSED, V1_PATH: REFUSED})
    api.responses |= {"apis/deal/v4/search": NEWEST, "apis/deal/v4/7": record}
    with pytest.warns(UserWarning, match="field catalog cannot be read"):
        found = FieldCatalog().of(DEALS, api)
    assert [field.path for field in found.fields] == [f"{lookup}.id", f"{lookup}.name"]
    assert {"createdBy.id", "createdBy.name"} <= set(requested_paths(found.standard))
    assert "rottenDate" not in requested_paths(found.standard)


@pytest.mark.parametrize("path", [PATH, V4_PATH, V1_PATH, "apis/deal/v4/7"])
@pytest.mark.parametrize("error", [ConnectionFailed("no network"), ApiError("busy", status=503)])
def test_transient_error(path, error):
    """A transient error is raised, because column names must not change from read to read."""
    error.is_transient = True
    responses = {
        PATH: REFUSED,
        V4_PATH: REFUSED,
        V1_PATH: REFUSED,
        "apis/deal/v4/search": NEWEST,
        path: error,
    }
    with pytest.raises(type(error)) as caught:
        FieldCatalog().of(DEALS, Api(responses))
    assert caught.value is error


@pytest.fixture
def box():
    with sandbox.start(deals=60, behavior="kind") as running:
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
    unlisted = {field.name for field in DEALS.fields if field.request == "if listed"}
    assert set(deals) - unlisted <= listed
    assert deals["rotten_date"].isna().all()


def test_fields_df_without_catalog(box):
    """If no resource has a readable catalog, the error of the server is raised."""
    box.script(f"/{PATH}", sandbox.ScriptedResponse(status=404))
    with pytest.raises(ApiError, match="404"):
        reach(box).fields_df()


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
