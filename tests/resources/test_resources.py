"""Contacts, companies, activities, users and fields: read as exactly as deals, and joined to them by ids."""

from __future__ import annotations

import dataclasses
import json
import random
import warnings

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesmate_nb import BadResponse, Salesmate, SalesmateError, Settings, SettingsError, connect, sandbox
from salesmate_nb.resources import RESOURCES
from salesmate_nb.sandbox import Answer

SIBLINGS = {"contacts": "contact", "companies": "company", "activities": "activity"}
CUSTOM = {"contacts": ["newsletter"], "companies": ["employees"], "activities": []}
FIELDS = "/apis/v3/fields/getAllVisibleFields"
USERS = "/apis/core/v4/users"


@pytest.fixture(scope="module")
def whole():
    """Serve an account that no test changes."""
    with sandbox.start(deals=700, seed=4) as running:
        yield running


@pytest.fixture
def box():
    """Serve an account that a test may change."""
    with sandbox.start(deals=60) as running:
        yield running


def reach(box, **changes):
    """Connect over v4; each time anew, as the next kernel does."""
    told = {**dataclasses.replace(box.settings, linkname=box.linkname), **changes}
    connection = Salesmate(Settings(**told))
    if not connection.authorized:
        box.visit(connection.login_url)
    return connection


def read(connection, name, **how):
    return getattr(connection, f"{name}_df")(**how)


def same(left, right):
    """Compare two frames, but for what is told of the reading."""
    pd.testing.assert_frame_equal(left.reset_index(drop=True), right.reset_index(drop=True))


@pytest.mark.parametrize("name", SIBLINGS)
def test_all_rows_come_once_in_the_order_of_ids(whole, name):
    """What the account holds, no more and no less, under the columns of the schema and the custom ones."""
    frame = read(reach(whole), name)
    assert list(frame["id"]) == getattr(whole, name).ids()
    assert len(frame) > 100
    assert list(frame.columns) == [one.name for one in RESOURCES[name].fields] + CUSTOM[name]
    assert frame.attrs["salesmate"]["strategy"] == "keyset"
    assert frame.attrs["salesmate"]["unreadable"] == {}


@pytest.mark.parametrize("name", SIBLINGS)
def test_values_are_those_of_the_account(whole, name):
    """Typed, each where it belongs; what is missing there is missing here."""
    frame = read(reach(whole), name).set_index("id")
    record = getattr(whole, name).get(frame.index[3])
    row = frame.loc[record["id"]]
    assert row["owner_id"] == record["owner"]["id"] if record["owner"] else pd.isna(row["owner_id"])
    assert row["created_at"] == pd.Timestamp(record["createdAt"])
    for path, column in {
        "name": "name",
        "title": "title",
        "type": "type",
        "billingCity": "billing_city",
    }.items():
        if column in frame:
            assert row[column] == record[path] if record.get(path) else pd.isna(row[column])
    kinds = {"created_at": "datetime64[us, UTC]", "owner_id": "Int64", "owner_name": "category"}
    assert {column: str(frame[column].dtype) for column in kinds} == kinds


def test_the_ids_that_deals_carry_join(whole):
    """Each finds its company, its contact, its activities and its owner, under the same name."""
    connection = reach(whole)
    deals = connection.deals_df()
    for left, right in {"primary_company": "companies", "primary_contact": "contacts"}.items():
        known = read(connection, right).set_index("id")["name"]
        named = deals.dropna(subset=[f"{left}_id"])
        assert len(named) > 500
        assert list(known.loc[named[f"{left}_id"]]) == list(named[f"{left}_name"])
    activities = connection.activities_df()
    about_deals = activities[activities["related_to_module"] == "Deal"]
    done = about_deals[about_deals["is_completed"]].groupby("related_to_id").size()
    contacts = activities.loc[activities["related_to_module"] == "Contact", "related_to_id"]
    assert set(contacts) == set(deals["primary_contact_id"].dropna())
    told = pd.Series({one["id"]: one["closedActivities"] for one in whole.deals.records()})
    assert done.to_dict() == told[told > 0].to_dict()
    users = connection.users_df().set_index("id")
    owners = deals.dropna(subset=["owner_id"]).drop_duplicates("owner_id")
    assert list(users.loc[owners["owner_id"], "last_name"]) == [
        name.split(" ", 1)[1] for name in owners["owner_name"]
    ]


def test_each_is_asked_for_as_the_reference_says(box):
    """Path, moduleId, the rules' module and what else the query says."""
    connection = reach(box)
    for name, one in SIBLINGS.items():
        read(connection, name)
        call = next(call for call in box.log if call.path == f"/apis/{one}/v4/search")
        module = RESOURCES[name]
        assert call.json["moduleId"] == {"contacts": 1, "companies": 5, "activities": 2}[name]
        assert call.query.get("viewType") == {"activities": "list"}.get(name)
        rules = call.json["filterQuery"]["group"]["rules"]
        assert {rule["moduleName"] for rule in rules} == {module.rule_name}
        assert all(field.startswith(f"{one}.") for field in call.json["displayingFields"])


@pytest.mark.parametrize("name", SIBLINGS)
def test_filters_columns_and_limit(whole, name):
    """Those of deals_df, as far as the records have what they are about."""
    connection = reach(whole)
    frame = read(connection, name)
    middle = frame["last_modified_at"].quantile(0.5, interpolation="nearest")
    same(read(connection, name, modified_since=middle), cut(frame, frame["last_modified_at"] >= middle))
    same(read(connection, name, owner="maya lindqvist"), cut(frame, frame["owner_id"] == 11))
    same(read(connection, name, created_since=middle), cut(frame, frame["created_at"] >= middle))
    few = read(connection, name, columns=["owner_id", "id"], limit=7)
    same(few, frame[["owner_id", "id"]].head(7))
    with pytest.raises(SalesmateError, match="no column 'x'"):
        read(connection, name, columns=["x"])


def cut(frame, wanted):
    """Return some rows, with those categories only that they have and the server does not order."""
    rows = frame[wanted]
    for column in rows.select_dtypes("category"):
        if not {"type", "outcome", "industry", "related_to_module"} & {column}:
            rows = rows.assign(**{column: rows[column].cat.remove_unused_categories()})
    return rows


@pytest.mark.parametrize("name", SIBLINGS)
def test_an_empty_account_has_the_same_columns_and_dtypes(whole, name):
    """Nothing to read is a frame without rows."""
    with sandbox.start(deals=0) as empty:
        none = read(reach(empty), name)
    full = read(reach(whole), name)
    assert len(none) == 0
    assert list(none.columns) == list(full.columns)
    for column, dtype in none.dtypes.items():
        assert str(dtype) == str(full[column].dtype)


@pytest.mark.parametrize("name", SIBLINGS)
def test_rows_that_change_while_they_are_read(whole, name):
    """Colleagues create, edit and delete between pages: what was there throughout is there once."""
    with sandbox.start(deals=300 if name == "activities" else 4000, seed=9) as box:
        store, chance, touched = getattr(box, name), random.Random(2), set()
        before = store.ids()

        def change():
            ids = store.ids()
            touched.update(gone := set(chance.sample(ids, 2)))
            for number in gone:
                store.delete(number)
            store.edit(chance.choice(store.ids()), description="busy")
            store.create(name="new", title="new")

        store.before_search = change
        frame = read(reach(box), name)
    assert frame["id"].is_unique
    assert set(before) - touched <= set(frame["id"])
    assert len(touched) >= 4


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(SIBLINGS)),
    st.lists(
        st.tuples(st.sampled_from(["create", "edit", "delete", "refresh"]), st.integers(0, 10**6)),
        max_size=12,
    ),
)
def test_a_snapshot_is_what_a_live_read_gives(name, history):
    """Whatever happens to the records, refreshed in between or not."""
    with sandbox.start(deals=15) as box:
        store = getattr(box, name)
        for verb, number in history:
            ids = store.ids()
            if verb == "create":
                store.create(name=f"new {number}", title=f"new {number}")
            elif verb == "refresh":
                read(reach(box), name, refresh="auto")
            elif ids and verb == "delete":
                store.delete(ids[number % len(ids)])
            elif ids:
                store.edit(ids[number % len(ids)], description=f"edited {number}")
        same(read(reach(box), name, refresh="auto"), read(reach(box), name))


def test_snapshots_of_each_kind_are_files_of_their_own(box):
    """Unchanged, each costs a call once the catalogue is known; offline none; logout removes all."""
    connection = reach(box)
    live = {name: read(connection, name, refresh="auto") for name in RESOURCES}
    folder = box.settings.token_cache / "snapshots"
    assert {path.stem for path in folder.rglob("*.parquet")} == set(RESOURCES)
    before = len(box.log)
    for name, frame in live.items():
        same(read(connection, name, refresh="auto"), frame)
    assert len(box.log) - before == len(RESOURCES)
    for name, frame in live.items():
        same(read(connection, name, refresh="never"), frame)
    assert len(box.log) - before == len(RESOURCES)
    connection.logout()
    assert not list(folder.rglob("*.parquet"))


@pytest.mark.parametrize("name", [*SIBLINGS, "users", "fields"])
def test_v1_says_that_it_does_not_know_them(box, name):
    """OAuth without a linkname reaches deals only; the error says what to set, and no call is made."""
    connection = connect(box)
    before = len(box.log)
    with pytest.raises(SettingsError, match="SALESMATE_LINKNAME"):
        read(connection, name)
    assert len(box.log) == before


def test_users(box):
    """One call: who there is, and who has left."""
    connection = reach(box)
    before = len(box.log)
    users = connection.users_df()
    assert [call.path for call in box.log[before:]] == [USERS]
    assert {name: str(dtype) for name, dtype in users.dtypes.items()} == {
        "id": "Int64",
        "first_name": "str",
        "last_name": "str",
        "email": "str",
        "is_active": "boolean",
        "role_id": "Int64",
        "role_name": "category",
    }
    assert users.set_index("id").loc[11, "first_name"] == "Maya"
    assert list(users.loc[~users["is_active"], "last_name"]) == ["Benali"]
    assert users["id"].is_monotonic_increasing


def test_what_cannot_be_read_of_users_is_told(box):
    """A colleague without a readable state is neither here nor gone, and said to be so."""
    odd = {"id": 11, "firstName": "Maya", "isActive": "on leave"}
    box.script(USERS, Answer(body=json.dumps({"Status": "success", "Data": [odd]}).encode()))
    with pytest.warns(UserWarning, match=r"missing: 1 in is_active\."):
        users = reach(box).users_df()
    assert users["is_active"].isna().all()


@pytest.mark.parametrize(
    "payload", [{}, {"Status": "success", "Data": {}}, {"Data": {"data": ["x"]}}, {"Data": "none"}, []]
)
def test_an_answer_without_users_is_no_empty_frame(box, payload):
    """Nothing that looks like users is an error; an empty list is a team without users."""
    box.script(USERS, Answer(body=json.dumps(payload).encode()))
    if payload == []:
        assert len(reach(box).users_df()) == 0
        return
    with pytest.raises(BadResponse, match="users"):
        reach(box).users_df()


def test_fields(whole):
    """What each column is called where: a row for each field, by one call."""
    connection = reach(whole)
    before = len(whole.log)
    fields = connection.fields_df()
    assert [call.path for call in whole.log[before:]] == [FIELDS]
    assert set(fields["resource"]) == set(RESOURCES)
    one = fields.set_index(["resource", "path"])
    assert one.loc[("deals", "textCustomField1"), "column"] == "contract_length"
    assert one.loc[("deals", "textCustomField1"), "is_custom"]
    assert one.loc[("companies", "intCustomField1"), "label"] == "Employees"
    assert one.loc[("activities", "type"), "options"] == "Call, Meeting, Email, Task"
    assert list(fields.dtypes.astype(str)) == ["str"] * 5 + ["bool", "str"]
    deals = connection.deals_df(limit=1)
    listed = set(fields.loc[fields["resource"] == "deals", "column"].dropna())
    assert {column for column in deals if not column.startswith(("owner", "primary"))} <= listed


def test_a_catalogue_without_a_module_leaves_it_out(box):
    """It says so, once; the others are there."""
    body = {"Data": {"deal": [{"fieldName": "title", "displayName": "Title", "type": "Text"}]}}
    box.script(FIELDS, Answer(body=json.dumps(body).encode()))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fields = reach(box).fields_df()
    assert list(fields["resource"]) == ["deals"]
    assert sorted(str(one.message).split("list of ")[1].split()[0] for one in told) == [
        "activity",
        "company",
        "contact",
    ]
