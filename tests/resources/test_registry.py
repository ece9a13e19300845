"""All registered resources: complete schemas, read as exactly as deals, and joined to them by ids."""

from __future__ import annotations

import dataclasses
import random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb import Salesmate, SalesmateError, Settings, SettingsError, connect, sandbox
from salesmate_nb.resources import RESOURCES
from salesmate_nb.resources.base import requested_paths
from tests.helpers import reach

SINGULARS = {"contacts": "contact", "companies": "company", "activities": "activity"}
CUSTOM = {"contacts": ["newsletter"], "companies": ["employees"], "activities": []}
REFERENCES = {"primary_company": "companies", "primary_contact": "contacts"}

each_resource = pytest.mark.parametrize("name", SINGULARS)


def read(connection, name, **options):
    return getattr(connection, f"{name}_df")(**options)


def assert_same(left, right):
    """Compare two frames without their attrs."""
    pd.testing.assert_frame_equal(left.reset_index(drop=True), right.reset_index(drop=True))


@pytest.mark.parametrize("name", RESOURCES)
def test_schema(name):
    """Each resource is registered by its name, and has the columns that filters and refreshes need."""
    resource = RESOURCES[name]
    columns = {field.name: field.kind for field in resource.fields}
    assert resource.name == name
    assert len(columns) == len(resource.fields) == len({field.path for field in resource.fields})
    assert next(iter(columns)) == "id"
    required = {"id": "int", "owner_id": "int", "created_at": "datetime", "last_modified_at": "datetime"}
    assert required.items() <= columns.items()


@pytest.mark.parametrize("attribute", ["singular", "number", "path"])
def test_unique(attribute):
    """No two resources share a name or a number."""
    assert len({getattr(resource, attribute) for resource in RESOURCES.values()}) == len(RESOURCES)


@each_resource
def test_all_rows(whole, name):
    """All rows of the account, once, in the order of ids, with the columns of schema and catalog."""
    frame = read(reach(whole, "key-v4"), name)
    assert list(frame["id"]) == getattr(whole, name).ids()
    assert len(frame) > 40
    assert list(frame.columns) == [field.name for field in RESOURCES[name].fields] + CUSTOM[name]
    assert frame.attrs["salesmate"]["strategy"] == "offsets"
    assert frame.attrs["salesmate"]["unreadable"] == {}


@pytest.mark.parametrize("name", RESOURCES)
def test_relations_by_sub_fields(name):
    """Relations are requested by their sub-fields, never as a whole."""
    paths = requested_paths(RESOURCES[name].fields)
    relations = {path.partition(".")[0] for path in paths if "." in path}
    assert "owner" in relations
    assert relations.isdisjoint(paths)


@each_resource
def test_values(whole, name):
    """Values are those of the account, typed; what is missing there is missing here."""
    frame = read(reach(whole, "key-v4"), name).set_index("id")
    record = getattr(whole, name).get(frame.index[3])
    row = frame.loc[record["id"]]
    assert row["owner_id"] == record["owner"]["id"] if record["owner"] else pd.isna(row["owner_id"])
    assert row["created_at"] == pd.Timestamp(record["createdAt"])
    columns = {"name": "name", "title": "title", "type": "type", "billingCity": "billing_city"}
    for path, column in columns.items():
        if column in frame:
            assert row[column] == record[path] if record.get(path) else pd.isna(row[column])
    kinds = {"created_at": "datetime64[us, UTC]", "owner_id": "Int64", "owner_name": "category"}
    assert {column: str(frame[column].dtype) for column in kinds} == kinds


def test_ids_join(whole):
    """Each deal's ids lead to its company, contact, activities and owner, under the same name."""
    connection = reach(whole, "key-v4")
    deals = connection.deals_df()
    for left, right in REFERENCES.items():
        names = read(connection, right).set_index("id")["name"]
        related = deals.dropna(subset=[f"{left}_id"])
        assert len(related) > 200
        assert list(names.loc[related[f"{left}_id"]]) == list(related[f"{left}_name"])
    activities = connection.activities_df()
    about_deals = activities[activities["related_to_module"] == "Deal"]
    done = about_deals[about_deals["is_completed"]].groupby("related_to_id").size()
    contacts = activities.loc[activities["related_to_module"] == "Contact", "related_to_id"]
    assert set(contacts) == set(deals["primary_contact_id"].dropna())
    counted = pd.Series({deal["id"]: deal["closedActivities"] for deal in whole.deals.records()})
    assert done.to_dict() == counted[counted > 0].to_dict()
    users = connection.users_df().set_index("id")
    owners = deals.dropna(subset=["owner_id"]).drop_duplicates("owner_id")
    assert list(users.loc[owners["owner_id"], "last_name"]) == [
        name.split(" ", 1)[1] for name in owners["owner_name"]
    ]


@each_resource
def test_request(box, name):
    """The server receives the path, moduleId, moduleName and query of the v4 reference."""
    resource = RESOURCES[name]
    read(reach(box, "key-v4"), name, created_since="2020-01-01")
    call = next(call for call in box.log if call.path == f"/apis/{SINGULARS[name]}/v4/search")
    assert call.json["moduleId"] == resource.number
    assert call.query.get("viewType") == resource.params.get("viewType")
    rules = call.json["filterQuery"]["group"]["rules"]
    assert {rule["moduleName"] for rule in rules} == {resource.rule_name}
    assert all(field.startswith(f"{SINGULARS[name]}.") for field in call.json["displayingFields"])


@each_resource
def test_filters_columns_limit(whole, name):
    """Filters, columns and limit work as for deals."""
    connection = reach(whole, "key-v4")
    frame = read(connection, name)
    middle = frame["last_modified_at"].quantile(0.5, interpolation="nearest")
    assert_same(
        read(connection, name, modified_since=middle), selected(frame, frame["last_modified_at"] >= middle)
    )
    assert_same(read(connection, name, owner="maya lindqvist"), selected(frame, frame["owner_id"] == 11))
    assert_same(read(connection, name, created_since=middle), selected(frame, frame["created_at"] >= middle))
    few = read(connection, name, columns=["owner_id", "id"], limit=7)
    assert_same(few, frame[["owner_id", "id"]].head(7))
    with pytest.raises(SalesmateError, match="no column 'x'"):
        read(connection, name, columns=["x"])


def selected(frame, mask):
    """Return some rows; categories without an order of the server are those of these rows."""
    rows = frame[mask]
    for column in rows.select_dtypes("category"):
        if column not in {"type", "outcome", "related_to_module"}:
            rows = rows.assign(**{column: rows[column].cat.remove_unused_categories()})
    return rows


@each_resource
def test_empty_account(whole, name):
    """An account without records gives a frame without rows, with the same columns and dtypes."""
    with sandbox.start(deals=0, behavior="kind") as empty:
        none = read(reach(empty, "key-v4"), name)
    full = read(reach(whole, "key-v4"), name)
    assert len(none) == 0
    assert list(none.columns) == list(full.columns)
    assert none.dtypes.astype(str).to_dict() == full.dtypes.astype(str).to_dict()


@pytest.mark.parametrize(("name", "deals"), [("activities", 100), ("contacts", 4_000), ("companies", 4_000)])
def test_concurrent_changes(name, deals):
    """Records change between pages: what existed throughout is in the frame, once."""
    with sandbox.start(deals=deals, seed=9, behavior="kind") as box:
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
        frame = read(reach(box, "key-v4"), name)
    assert frame["id"].is_unique
    assert set(before) - touched <= set(frame["id"])
    assert len(touched) >= 4


def check_snapshot(name, history):
    """Assert that a snapshot equals a live read after a history of changes and refreshes."""
    with sandbox.start(deals=15, behavior="kind") as box:
        store = getattr(box, name)
        for verb, number in history:
            ids = store.ids()
            if verb == "create":
                store.create(name=f"new {number}", title=f"new {number}")
            elif verb == "refresh":
                read(reach(box, "key-v4"), name, refresh="auto")
            elif ids and verb == "delete":
                store.delete(ids[number % len(ids)])
            elif ids:
                store.edit(ids[number % len(ids)], description=f"edited {number}")
        assert_same(read(reach(box, "key-v4"), name, refresh="auto"), read(reach(box, "key-v4"), name))


@each_resource
def test_snapshot(name):
    """A refreshed snapshot equals a live read."""
    history = [
        ("create", 1),
        ("refresh", 0),
        ("edit", 2),
        ("delete", 3),
        ("create", 4),
        ("refresh", 0),
        ("edit", 5),
    ]
    check_snapshot(name, history)


@pytest.mark.slow
@settings(max_examples=10)
@given(
    name=st.sampled_from(sorted(SINGULARS)),
    history=st.lists(
        st.tuples(st.sampled_from(["create", "edit", "delete", "refresh"]), st.integers(0, 10**6)),
        max_size=12,
    ),
)
def test_snapshot_long(name, history):
    """A snapshot equals a live read after any history, refreshed in between or not."""
    check_snapshot(name, history)


def test_snapshot_files(box):
    """Each resource has a file; one page of it costs few requests, offline none; logout removes all."""
    connection = Salesmate(Settings(**dataclasses.replace(box.settings, linkname=box.linkname)))
    box.visit(connection.login_url)
    live = {name: read(connection, name, refresh="auto") for name in RESOURCES}
    folder = box.settings.token_cache / "snapshots"
    assert {path.stem for path in folder.glob("*/*/*.parquet")} == set(RESOURCES)
    before = len(box.log)
    for name, frame in live.items():
        assert_same(read(connection, name, refresh="auto"), frame)
    after = len(box.log)
    assert after - before <= 3 * len(RESOURCES)
    for name, frame in live.items():
        assert_same(read(connection, name, refresh="never"), frame)
    assert len(box.log) == after
    connection.logout()
    assert not list(folder.rglob("*.parquet"))


@pytest.mark.parametrize("name", [*SINGULARS, "users", "fields"])
def test_v1(box, name):
    """OAuth without a linkname reaches deals only: the error names the setting, and no request is made."""
    connection = connect(box)
    before = len(box.log)
    with pytest.raises(SettingsError, match="SALESMATE_LINKNAME"):
        read(connection, name)
    assert len(box.log) == before
