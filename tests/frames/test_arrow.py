"""Records to frames: every shape a record comes in, and the types that come out."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from salesmate_nb._frames.arrow import BatchBuilder, assemble, concat, to_pandas
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import custom_field

DTYPES = {
    "int": "Int64",
    "string": "str",
    "category": "category",
    "float": "float64",
    "datetime": "datetime64[us, UTC]",
    "bool": "boolean",
}
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

CUSTOM = ["checkboxCustomField1", "intCustomField2", "textCustomField1"]
FIELDS = [*DEALS.fields, *map(custom_field, CUSTOM)]
ODD = [
    *("", " ", "x", "\ud800", "0", "007", "1.50", "1e5", "NaN", "true", "no", "1709583300000"),
    *(None, True, False, 0, 0.0, 1.5, -1, 2**53 + 1, 2**63, 10**400, 1e300, float("nan"), float("inf")),
    *({}, [], {"id": 1}, ["a", "b"], [None], [["a"]]),
    *("2024-03-04", "2024-03-04T20:15:00", "2024-03-04T20:15:00Z", "2024-03-04 20:15:00+0530"),
    *("2024-03-04T20:15:00.123456789Z", "Mar 04, 2024 09:15 PM", "2024-02-30T00:00:00Z"),
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"),
]


def frame_of(*pages, timezone="UTC", order=None):
    reader = BatchBuilder(timezone=timezone)
    return to_pandas(
        assemble(reader.fields, [reader.build(page) for page in pages], order=order)
    ), reader.unreadable


def check(frame):
    assert list(frame.columns[:24]) == [field.name for field in DEALS.fields]
    assert [str(dtype) for dtype in frame.dtypes.iloc[:24]] == [DTYPES[field.kind] for field in DEALS.fields]


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
def test_a_relation_is_read_in_any_form(relation):
    """Nested, capitalised or flat: the columns are the same."""
    frame, unreadable = frame_of([{"id": 1, **relation}])
    assert (frame["owner_id"][0], frame["owner_name"][0], unreadable) == (1, "Ann", {})


@pytest.mark.parametrize("empty", [{}, {"owner": {}}, {"owner": None}, {"owner": ""}, {"Owner": {}}])
def test_an_empty_relation_is_missing(empty):
    """No owner is no owner, and nothing unreadable."""
    frame, unreadable = frame_of([{"id": 1, **empty}])
    assert (frame["owner_id"].isna()[0], frame["owner_name"].isna()[0], unreadable) == (True, True, {})


@pytest.mark.parametrize("strange", ["Ann", 11, [{"id": 1, "name": "Ann"}], True])
def test_a_relation_in_a_form_nobody_saw_is_counted(strange):
    """An owner that is neither nested nor flat is missing, and said to be."""
    frame, unreadable = frame_of([{"id": 1, "owner": strange}, {"id": 2, "owner": {"id": 7, "name": "Bo"}}])
    assert list(frame["owner_id"].fillna(0)) == [0, 7]
    assert unreadable == {"owner_id": 1, "owner_name": 1}


@pytest.mark.parametrize("missing", [None, "", {}, []])
def test_missing_values_are_missing_in_every_column(missing):
    """null, "", {} and [] are missing; so is an absent key; none of them counts as unreadable."""
    frame, unreadable = frame_of([{field.path: missing for field in DEALS.fields} | {"id": 1}, {"id": 2}])
    check(frame)
    assert frame.drop(columns="id").isna().all().all()
    assert unreadable == {}


def test_a_value_that_does_not_fit_is_missing_and_counted():
    """What cannot be read does not stop the page, or change its column's type."""
    good = {"id": 1, "dealValue": 5, "createdAt": "2024-01-01T00:00:00Z"}
    bad = {"id": 2, "dealValue": "5 EUR", "createdAt": "soon", "owner": {"id": 1.5}}
    frame, unreadable = frame_of([good, bad], [{**bad, "id": 3}])
    check(frame)
    assert unreadable == {"deal_value": 2, "created_at": 2, "owner_id": 2}
    assert list(frame["deal_value"].isna()) == [False, True, True]


def test_big_ids_stay_exact_beside_odd_ones():
    """An id over 2**53 never goes through a float, not even where its neighbours are text or missing."""
    big = 2**62 + 1
    frame, _ = frame_of([{"id": big}, {"id": str(big + 1)}, {"id": 7.0}, {"primaryCompany": {"id": big}}])
    assert list(frame["id"].dropna()) == [7, big, big + 1]
    assert list(frame["primary_company_id"].dropna()) == [big]


@pytest.mark.parametrize("values", [[1, 1.5], [1, True], [1.0, 2], [2**63, 1], ["7", 7]])
def test_an_integer_column_never_truncates(values):
    """Arrow would silently cut 1.5 to 1; here it is missing."""
    frame, unreadable = frame_of([{"id": n, "owner": {"id": value}} for n, value in enumerate(values)])
    fits = [
        value
        for value in values
        if not isinstance(value, bool) and float(value).is_integer() and int(value) < 2**63
    ]
    assert list(frame["owner_id"].dropna()) == [int(value) for value in fits]
    assert unreadable.get("owner_id", 0) == len(values) - len(fits)


def test_the_clean_and_the_careful_way_agree():
    """A page that is taken over as a whole gives what reading value by value gives."""
    clean = [
        {
            "id": n,
            "title": f"Deal {n}" if n % 3 else "",
            "status": ["Won", "Lost", None][n % 3],
            "dealValue": n / 4,
            "createdAt": f"2024-03-{n % 28 + 1:02d}T09:15:00.{n:03d}Z",
            "closedDate": "2024-03-04T09:15:00+05:30",
            "checkboxCustomField1": n % 2 == 0,
        }
        for n in range(200)
    ]
    dirty = {
        "id": "200",
        "title": 7,
        "status": 1,
        "dealValue": "1.5",
        "createdAt": 0,
        "closedDate": "2024-03-04",
    }
    dirty["checkboxCustomField1"] = "yes"
    one, _ = frame_of(clean)
    two, _ = frame_of([*clean, dirty])
    two = two.iloc[:200]
    for name in one.columns:
        assert list(one[name].dropna().astype("object")) == list(two[name].dropna().astype("object")), name


def test_custom_fields_join_as_they_come():
    """A field that shows up on the second page is missing on the first; columns are by name."""
    frame, _ = frame_of([{"id": 1, "textCustomField2": "b"}], [{"id": 2, "intCustomField1": "5", "other": 1}])
    check(frame)
    assert list(frame.columns[24:]) == ["int_custom_field_1", "text_custom_field_2"]
    assert list(frame.dtypes.iloc[24:].astype(str)) == ["Int64", "str"]
    assert list(frame["text_custom_field_2"].isna()) == [False, True]


def test_rows_are_by_id_whatever_the_pages():
    """The order of pages and rows on the wire does not show."""
    frame, _ = frame_of([{"id": 3}, {"id": 1}], [{"id": 2}])
    assert list(frame["id"]) == [1, 2, 3]


def test_categories_are_the_same_whatever_the_pages():
    """Categories are by name, or in the order that was given, with others after it."""
    one, _ = frame_of([{"id": 1, "stage": "b"}], [{"id": 2, "stage": "a"}, {"id": 3, "stage": "c"}])
    assert list(one["stage"].cat.categories) == ["a", "b", "c"]
    two, _ = frame_of([{"id": 1, "stage": "b"}, {"id": 2, "stage": "x"}], order={"stage": ["c", "b", "a"]})
    assert list(two["stage"].cat.categories) == ["c", "b", "a", "x"]
    assert list(two["stage"]) == ["b", "x"]


def test_an_empty_frame_is_like_a_full_one():
    """No page, an empty page and a full one: the same columns and dtypes."""
    full, _ = frame_of([{"id": 1, "status": "Won", "createdAt": "2024-01-01T00:00:00Z"}])
    for pages in ([], [[]]):
        frame, _ = frame_of(*pages)
        check(frame)
        assert list(frame.dtypes.astype(str)) == list(full.dtypes.astype(str))


def test_parquet_keeps_the_types(tmp_path):
    """A frame that is written and read again is the same, empty or not."""
    full, _ = frame_of([{"id": 1, "status": "Won", "tags": ["a", "b"], "checkboxCustomField1": True}])
    for frame in (full, full.iloc[:0]):
        frame.to_parquet(tmp_path / "deals.parquet")
        again = pd.read_parquet(tmp_path / "deals.parquet")
        assert list(again.dtypes.astype(str)) == list(frame.dtypes.astype(str))
        pd.testing.assert_frame_equal(again, frame, check_dtype=False, check_categorical=False)


def test_arrow_types_are_plain():
    """The table is int64, string, double, bool, timestamp[us, UTC] and dictionaries of string."""
    reader = BatchBuilder()
    table = assemble(reader.fields, [reader.build([{"id": 1}])])
    kinds = {field.kind: table.schema.field(field.name).type for field in DEALS.fields}
    assert kinds["datetime"] == pa.timestamp("us", tz="UTC")
    assert pa.types.is_dictionary(kinds["category"])
    assert (kinds["int"], kinds["string"], kinds["float"]) == (pa.int64(), pa.string(), pa.float64())


def test_moments_are_utc_to_the_microsecond():
    """A moment in the account's zone and the same in UTC are equal."""
    record = {"id": 1, "createdAt": "Mar 04, 2024 09:15 PM", "closedDate": "2024-03-04T20:15:00.000001Z"}
    frame, _ = frame_of([record], timezone="Europe/Berlin")
    assert frame["created_at"][0] == pd.Timestamp("2024-03-04T20:15Z")
    assert frame["closed_date"][0] - frame["created_at"][0] == dt.timedelta(microseconds=1)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.dictionaries(KEYS, JSON, max_size=12), max_size=4), max_size=3))
def test_any_json_records_give_a_frame_of_the_schema(pages):
    """Whatever the records hold, there is a row for each, the schema is kept, and nothing raises."""
    frame, unreadable = frame_of(*pages)
    check(frame)
    assert len(frame) == sum(map(len, pages))
    assert all(count > 0 for count in unreadable.values())


@settings(max_examples=400, deadline=None)
@example("title", ["", 0, False, []], "UTC")
@example("createdAt", [0, "9999-12-31T23:59:59-05:00", "0000-01-01T00:00:00Z"], "UTC")
@given(
    st.sampled_from([*CUSTOM, "id", "title", "dealValue", "createdAt", "status", "tags"]),
    st.lists(
        st.sampled_from(ODD) | st.text(max_size=5) | st.integers() | st.floats(), min_size=2, max_size=5
    ),
    st.sampled_from(["UTC", "Asia/Kolkata"]),
)
def test_a_value_is_read_alike_whatever_stands_beside_it(path, values, timezone):
    """A page gives what its rows give one by one: no neighbour turns 0, False or a date into nothing."""
    together, alone = (BatchBuilder(FIELDS, timezone=timezone, discover=False) for _ in range(2))
    records = [{path: value} for value in values]
    page = concat(FIELDS, [together.build(records)])
    assert page.equals(concat(FIELDS, [alone.build([record]) for record in records]))
    assert together.unreadable == alone.unreadable
