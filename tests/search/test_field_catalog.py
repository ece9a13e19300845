"""Field catalog: which path lists the fields, requested once, and what is done if none does."""

from __future__ import annotations

import json
import warnings

import pytest

from salesmate_nb import Salesmate, Settings, sandbox
from salesmate_nb._search.field_catalog import FieldCatalog
from salesmate_nb._search.field_entries import list_fields
from salesmate_nb.errors import ApiError, ConnectionFailed
from salesmate_nb.resources import ACTIVITIES, CONTACTS, DEALS, RESOURCES
from salesmate_nb.resources.base import requested_paths
from tests.helpers import reach
from tests.live_account import LiveAccount, made
from tests.live_account.writing import Writer

PATH = "apis/v3/fields/getAllVisibleFields"
V4_PATH, V1_PATH = "apis/module/v4/4/fields", "apis/v1/modules/4/fields"


def entry(path, label, kind="Text"):
    """Return a field as other connectors receive it."""
    return {"fieldName": path, "displayName": label, "type": kind}


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


@pytest.mark.parametrize(("known", "first"), [("v3", PATH), ("v4", V4_PATH), ("v1", V1_PATH)])
def test_known_path(known, first):
    """The path that listed the fields last time is tried first; if it no longer does, the others follow."""
    lists = {PATH: {"Data": {"deal": LIST}}, V4_PATH: LIST, V1_PATH: SECTIONS}
    api = Api(lists)
    found = FieldCatalog().of(DEALS, api, path=known)
    assert ([field.name for field in found.fields], found.path) == (["region", "seats"], known)
    assert api.paths == [first]
    api = Api({**lists, first: REFUSED})
    found = FieldCatalog().of(DEALS, api, path=known)
    assert ([field.name for field in found.fields], len(api.paths)) == (["region", "seats"], 2)
    assert found.path != known


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


def test_known_newest_record():
    """If no path listed fields last time, v3 is asked once more; else the record known then will do."""
    api = Api({PATH: REFUSED})
    with pytest.warns(UserWarning, match="field catalog cannot be read"):
        found = FieldCatalog().of(DEALS, api, path="none", record_fields=["title", "intCustomField1"])
    assert api.paths == [PATH]
    assert [field.name for field in found.fields] == ["int_custom_field_1"]
    assert (found.path, found.record_fields) == ("none", ("title", "intCustomField1"))
    api = Api({PATH: {"Data": {"deal": LIST}}})
    assert FieldCatalog().of(DEALS, api, path="none", record_fields=["title"]).path == "v3"


@pytest.mark.parametrize(("needs_epoch", "rules"), [(False, [0, 1]), (True, [1])])
def test_newest_record_by_epoch(needs_epoch, rules):
    """Where an empty list of rules is refused, the newest record is found by the rule that means all."""
    api = Api({PATH: REFUSED, V4_PATH: REFUSED, V1_PATH: REFUSED, "apis/deal/v4/7": RECORD})
    sent = []

    def call(method, path, **options):
        if path != "apis/deal/v4/search":
            return api(method, path, **options)
        sent.append(options["json"]["filterQuery"]["group"]["rules"])
        if not sent[-1]:
            raise ApiError("no rules", status=400)
        return NEWEST

    with pytest.warns(UserWarning, match="field catalog cannot be read"):
        found = FieldCatalog().of(DEALS, call, needs_epoch=needs_epoch)
    assert [len(each) for each in sent] == rules
    assert found.needs_epoch
    assert len(found.fields) == 2


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


def test_requested_again_after_an_hour():
    """A kernel that lives long notices a field that was added or renamed: each hour, pipelines too."""
    now = [0.0]
    api = Api({PATH: {"Data": {"deal": [entry("textCustomField1", "Region")]}}})
    fields = FieldCatalog(clock=lambda: now[0])
    assert [field.name for field in fields.of(DEALS, api).fields] == ["region"]
    api.responses[PATH] = {"Data": {"deal": [entry("textCustomField1", "Area")]}}
    pipelines, now[0] = fields.pipelines, 3600
    assert [field.name for field in fields.of(DEALS, api).fields] == ["region"]
    now[0] = 3601
    assert [field.name for field in fields.of(DEALS, api).fields] == ["area"]
    assert (api.paths, fields.pipelines is pipelines) == ([PATH, PATH], False)


def test_record_shows_a_field_that_is_not_listed():
    """Then the catalog is requested again, but not for a field that it lacks again."""
    api = Api({PATH: {"Data": {"deal": [entry("textCustomField1", "Region")]}}})
    fields = FieldCatalog()
    for _ in range(2):
        fields.of(DEALS, api)
        fields.notice(DEALS, [{"id": 1, "textCustomField1": "x"}, {"intCustomField2": 7}])
        renewed = fields.renew()
        assert renewed is (len(api.paths) == 1)
    assert fields.of(DEALS, api).fields
    assert api.paths == [PATH, PATH]


@pytest.mark.parametrize("refresh", [None, "auto"])
def test_new_field_in_a_long_kernel(monkeypatch, refresh, tmp_path):
    """A field that a record shows is read under its label, though the catalog was requested before it."""
    write = Writer.row

    def row(self, module, record, asked):
        return {**write(self, module, record, asked), "textCustomField9": record.get("textCustomField9")}

    with LiveAccount(deals=made("deals", 3)) as account:
        login = {"linkname": account.linkname, "session_key": account.session_key, "api_url": account.url}
        connection = Salesmate(Settings(**login, token_cache=tmp_path))
        assert "colour" not in connection.deals_df(refresh=refresh).columns
        account.labels["textCustomField9"] = "Colour"
        first = account.truth("deals")[0]["id"]
        account.edit("deals", first, textCustomField9="red")
        monkeypatch.setattr(Writer, "row", row)
        assert connection.deals_df(refresh=refresh)["colour"][0] == "red"
