"""Records to tables and frames: every form of a record, and the types of the columns."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb._frames.arrow import BatchBuilder, assemble
from salesmate_nb._frames.dataframe import to_pandas
from salesmate_nb.resources import ACTIVITIES, DEALS
from salesmate_nb.resources.base import custom_columns
from tests.helpers import DTYPES

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["", "2024-01-01T00:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name"]), inner, max_size=2)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [field.path for field in DEALS.fields]
    + ["owner", "Owner", "primaryCompany", "PrimaryContact", "textCustomField1", "intCustomField2", "other"]
)

STANDARD = len(DEALS.fields)
LOOKUP = "SingleLookupCustomField1"


def frame_of(*pages, timezone="UTC", order=None):
    builder = BatchBuilder(DEALS.fields, timezone=timezone)
    table = assemble(builder.fields, [builder.build(page) for page in pages], order=order)
    return to_pandas(table), builder.unreadable


def check_schema(frame):
    assert list(frame.columns[:STANDARD]) == [field.name for field in DEALS.fields]
    dtypes = frame.dtypes.iloc[:STANDARD].astype(str)
    assert list(dtypes) == [DTYPES[field.kind] for field in DEALS.fields]


@pytest.mark.parametrize(
    "relation",
    [
        {"owner": {"id": 1, "name": "Ann"}},
        {"Owner": {"id": 1, "name": "Ann"}},
        {"owner.id": 1, "owner.name": "Ann"},
        {"ownerId": 1, "ownerName": "Ann"},
        {"owner": "Ann", "OwnerId": "1", "OwnerName": "Ann"},
        {"owner": {}, "owner.id": 1, "owner.name": "Ann"},
        {"owner": None, "Owner": {"id": "1", "name": "Ann"}},
        {"owner": "", "owner.id": "1", "owner.name": "Ann"},
    ],
)
def test_forms_of_a_relation(relation):
    """Nested, capitalised or flat, a relation gives the same columns."""
    frame, unreadable = frame_of([{"id": 1, **relation}])
    assert (frame["owner_id"][0], frame["owner_name"][0], unreadable) == (1, "Ann", {})


@pytest.mark.parametrize("empty", [{}, {"owner": {}}, {"owner": None}, {"owner": ""}, {"Owner": {}}])
def test_empty_relation(empty):
    """A deal without an owner has missing values, and none that count as unreadable."""
    frame, unreadable = frame_of([{"id": 1, **empty}])
    assert (frame["owner_id"].isna()[0], frame["owner_name"].isna()[0], unreadable) == (True, True, {})


@pytest.mark.parametrize("number", [7, 7.0, "7"])
@pytest.mark.parametrize("key", ["owner", "Owner"])
def test_relation_as_its_id(key, number):
    """A bare number in place of a relation is its id; the name is missing, and not counted as unreadable."""
    frame, unreadable = frame_of([{"id": 1, key: number}, {"id": 2, "owner": {"id": 8, "name": "Bo"}}])
    assert list(frame["owner_id"]) == [7, 8]
    assert list(frame["owner_name"].astype("str").fillna("")) == ["", "Bo"]
    assert unreadable == {}


def test_lower_case_relation():
    """A relation's key is also read in lower case."""
    frame, _ = frame_of([{"id": 1, "primarycompany": {"id": 7, "name": "Acme"}}])
    assert (frame["primary_company_id"][0], frame["primary_company_name"][0]) == (7, "Acme")


@pytest.mark.parametrize("unknown", ["Ann", [{"id": 1, "name": "Ann"}], True])
def test_unknown_form_of_a_relation(unknown):
    """An owner that is neither nested nor flat is missing, and counted as unreadable."""
    frame, unreadable = frame_of([{"id": 1, "owner": unknown}, {"id": 2, "owner": {"id": 7, "name": "Bo"}}])
    assert list(frame["owner_id"].fillna(0)) == [0, 7]
    assert unreadable == {"owner_id": 1, "owner_name": 1}


@pytest.mark.parametrize("missing", [None, "", {}, []])
def test_missing_values(missing):
    """null, "", {}, [] and an absent key are missing in every column, and none counts as unreadable."""
    frame, unreadable = frame_of([{field.path: missing for field in DEALS.fields} | {"id": 1}, {"id": 2}])
    check_schema(frame)
    assert frame.drop(columns="id").isna().all().all()
    assert unreadable == {}


def test_unreadable_values_are_counted():
    """A value that does not fit is missing; it neither stops the page nor changes the column's type."""
    good = {"id": 1, "dealValue": 5, "createdAt": "2024-01-01T00:00:00Z"}
    bad = {"id": 2, "dealValue": "5 EUR", "createdAt": "soon", "owner": {"id": 1.5}}
    frame, unreadable = frame_of([good, bad], [{**bad, "id": 3}])
    check_schema(frame)
    assert unreadable == {"deal_value": 2, "created_at": 2, "owner_id": 2}
    assert list(frame["deal_value"].isna()) == [False, True, True]


@pytest.mark.parametrize(
    "links",
    [
        {
            "relatedToModule": "Deal",
            "relatedTo": {"id": 7, "name": "Big"},
            "primaryContact": {"id": 8, "name": "Ann"},
            "primaryCompany": {"id": 9, "name": "Acme"},
        },
        {
            "deal": {"id": 7, "title": "Big"},
            "contact": {"id": 8, "name": "Ann"},
            "company": {"id": 9, "name": "Acme"},
        },
        {
            "Deal": {"id": 7, "name": "Big"},
            "contact": {"id": 8, "name": "Ann"},
            "companyId": 9,
            "companyName": "Acme",
        },
        {"relatedTo": {}, "deal.id": 7, "deal.title": "Big", "primaryContact": None, "contactId": 8}
        | {"contactName": "Ann", "primaryCompany": "", "company": {"id": 9, "name": "Acme"}},
    ],
)
def test_links_of_activities(links):
    """Both forms of the links of an activity give the same columns."""
    builder = BatchBuilder(ACTIVITIES.fields)
    rows = builder.build([{"id": 1, **links}, {"id": 2}]).to_pylist()
    expected = {
        "related_to_module": "Deal",
        "related_to_id": 7,
        "related_to_title": "Big",
        "primary_contact_id": 8,
        "primary_contact_name": "Ann",
        "primary_company_id": 9,
        "primary_company_name": "Acme",
    }
    assert {name: rows[0][name] for name in expected} == expected
    assert {rows[1][name] for name in expected} == {None}
    assert builder.unreadable == {}


def test_first_form_of_a_link_is_used():
    """An activity with both forms has the related record that is named as such."""
    links = {"relatedToModule": "Contact", "relatedTo": {"id": 3}, "deal": {"id": 7}}
    [row] = BatchBuilder(ACTIVITIES.fields).build([{"id": 1, **links}]).to_pylist()
    assert (row["related_to_module"], row["related_to_id"]) == ("Contact", 3)


@pytest.mark.parametrize(
    "value",
    [
        {"companySingleLookupCustomField2": {"id": 7, "name": "Acme"}},
        {"companySingleLookupCustomField2.id": 7, "companySingleLookupCustomField2.name": "Acme"},
    ],
)
def test_custom_lookup(value):
    """A custom lookup that is discovered has two columns, however it is sent."""
    frame, unreadable = frame_of([{"id": 1, **value}], [{"id": 2, "companySingleLookupCustomField2": 8}])
    names = [f"company_single_lookup_custom_field_2_{part}" for part in ("id", "name")]
    assert list(frame.columns[STANDARD:]) == names
    assert [frame[name][0] for name in names] == [7, "Acme"]
    assert list(frame[names[0]]) == [7, 8]
    assert unreadable == {}


def test_known_lookup_is_not_discovered_again():
    """A lookup whose columns are known from the field catalog gets no others."""
    known = [dataclasses.replace(column, name=column.path) for column in custom_columns(f"user{LOOKUP}")]
    builder = BatchBuilder([*DEALS.fields, *known])
    builder.build([{"id": 1, f"user{LOOKUP}": {"id": 7}}, {"id": 2, f"user{LOOKUP}.name": "Ann"}])
    assert builder.fields[STANDARD:] == known


def test_currency_object():
    """A currency that is sent as an object gives its code, beside others that are text."""
    frame, unreadable = frame_of(
        [{"id": 1, "currency": {"code": "EUR", "rate": 1}}, {"id": 2, "currency": "USD"}]
    )
    assert (list(frame["currency"]), unreadable) == (["EUR", "USD"], {})


@pytest.mark.parametrize("odd", [10**18, -(2**63), "soon"])
def test_unix_timestamps(odd):
    """Seconds and milliseconds in one column are converted together, as they are one by one."""
    values = [1_709_543_700, None, 1_709_543_700_000, 0, -86_400]
    whole, _ = frame_of([{"id": n, "createdAt": value} for n, value in enumerate(values)])
    parsed, unreadable = frame_of([{"id": n, "createdAt": value} for n, value in enumerate([*values, odd])])
    assert whole["created_at"].equals(parsed["created_at"].iloc[: len(values)])
    assert list(whole["created_at"].dropna().astype(str)) == [
        *["2024-03-04 09:15:00+00:00"] * 2,
        "1970-01-01 00:00:00+00:00",
        "1969-12-31 00:00:00+00:00",
    ]
    assert unreadable == {"created_at": 1}


def test_big_ids_stay_exact():
    """An id over 2**53 never passes through a float, not even if other rows hold text or nothing."""
    big = 2**62 + 1
    frame, _ = frame_of([{"id": big}, {"id": str(big + 1)}, {"id": 7.0}, {"primaryCompany": {"id": big}}])
    assert list(frame["id"].dropna()) == [7, big, big + 1]
    assert list(frame["primary_company_id"].dropna()) == [big]


@pytest.mark.parametrize("values", [[1, 1.5], [1, True], [1.0, 2], [2**63, 1], ["7", 7]])
def test_integers_are_never_truncated(values):
    """Arrow would silently truncate 1.5 to 1; here it is missing."""
    frame, unreadable = frame_of([{"id": n, "owner": {"id": value}} for n, value in enumerate(values)])
    fits = [
        value
        for value in values
        if not isinstance(value, bool) and float(value).is_integer() and int(value) < 2**63
    ]
    assert list(frame["owner_id"].dropna()) == [int(value) for value in fits]
    assert unreadable.get("owner_id", 0) == len(values) - len(fits)


def test_custom_fields_are_discovered():
    """A field found on the second page is missing on the first; custom columns are sorted by name."""
    frame, _ = frame_of([{"id": 1, "textCustomField2": "b"}], [{"id": 2, "intCustomField1": "5", "other": 1}])
    check_schema(frame)
    assert list(frame.columns[STANDARD:]) == ["int_custom_field_1", "text_custom_field_2"]
    assert list(frame.dtypes.iloc[STANDARD:].astype(str)) == ["Int64", "str"]
    assert list(frame["text_custom_field_2"].isna()) == [False, True]


def test_rows_are_sorted_by_id():
    """The order of the pages, and of the rows in them, has no effect."""
    frame, _ = frame_of([{"id": 3}, {"id": 1}], [{"id": 2}])
    assert list(frame["id"]) == [1, 2, 3]


def test_order_of_categories():
    """Categories are sorted by name, or come in the given order, with others after them."""
    by_name, _ = frame_of([{"id": 1, "stage": "b"}], [{"id": 2, "stage": "a"}, {"id": 3, "stage": "c"}])
    assert list(by_name["stage"].cat.categories) == ["a", "b", "c"]
    ordered, _ = frame_of(
        [{"id": 1, "stage": "b"}, {"id": 2, "stage": "x"}], order={"stage": ["c", "b", "a"]}
    )
    assert list(ordered["stage"].cat.categories) == ["c", "b", "a", "x"]
    assert list(ordered["stage"]) == ["b", "x"]


def test_order_of_other_spellings():
    """Another spelling of a listed category, such as with a space at its end, comes right after it."""
    records = [{"id": number, "stage": name} for number, name in enumerate(["x", "C ", "c", "b"])]
    frame, _ = frame_of(records, order={"stage": ["c", "b", "a"]})
    assert list(frame["stage"].cat.categories) == ["c", "C ", "b", "a", "x"]
    assert list(frame["stage"]) == ["x", "C ", "c", "b"]


def test_half_an_emoji_in_the_order():
    """A category that no column can hold is left out of the order, and the others stay."""
    order = {"stage": ("x\ud83d", "New", "\udfff")}
    rows = BatchBuilder(DEALS.fields).build([{"id": 1, "stage": "Demo"}, {"id": 2, "stage": "New"}])
    stage = to_pandas(assemble(DEALS.fields, [rows], order=order))["stage"]
    assert list(stage.cat.categories) == ["New", "Demo"]


def test_arrow_types():
    """The table has int64, string, double, bool, timestamp[us, UTC] and dictionaries of string."""
    builder = BatchBuilder(DEALS.fields)
    table = assemble(builder.fields, [builder.build([{"id": 1}])])
    kinds = {field.kind: table.schema.field(field.name).type for field in DEALS.fields}
    assert kinds["datetime"] == pa.timestamp("us", tz="UTC")
    assert pa.types.is_dictionary(kinds["category"])
    assert (kinds["int"], kinds["string"], kinds["float"]) == (pa.int64(), pa.string(), pa.float64())


def test_datetimes_are_utc():
    """A datetime in the account's time zone is converted to UTC, exact to the microsecond."""
    record = {"id": 1, "createdAt": "Mar 04, 2024 09:15 PM", "closedDate": "2024-03-04T20:15:00.000001Z"}
    frame, _ = frame_of([record], timezone="Europe/Berlin")
    assert frame["created_at"][0] == pd.Timestamp("2024-03-04T20:15Z")
    assert frame["closed_date"][0] - frame["created_at"][0] == dt.timedelta(microseconds=1)


ANY_PAGES = given(st.lists(st.lists(st.dictionaries(KEYS, JSON, max_size=12), max_size=4), max_size=3))


def check_any_records(pages):
    frame, unreadable = frame_of(*pages)
    check_schema(frame)
    assert len(frame) == sum(map(len, pages))
    assert all(count > 0 for count in unreadable.values())


@settings(max_examples=20)
@ANY_PAGES
def test_any_json_records(pages):
    """Any record has a row, the schema is kept, and nothing is raised."""
    check_any_records(pages)


@pytest.mark.slow
@settings(max_examples=50)
@ANY_PAGES
def test_many_json_records(pages):
    """The same for many more records."""
    check_any_records(pages)
