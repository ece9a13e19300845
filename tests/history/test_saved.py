"""Saved frames: typed by the schema again, whatever a file made of their values and columns."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from salesmate_nb.errors import SalesmateError
from salesmate_nb.history._saved import fields_of, named, order_of, tables_of

MONDAY, TUESDAY = (dt.datetime(2026, 3, day, tzinfo=dt.UTC) for day in (2, 3))


def read(*frames, timezone="UTC"):
    """Return the rows of frames that were saved on Monday and Tuesday."""
    saved = [named(pd.DataFrame(frame), at) for frame, at in zip(frames, (MONDAY, TUESDAY), strict=False)]
    return [table.to_pylist() for table in tables_of(saved, fields_of(saved), timezone)]


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("deal_value", ["50", None, "1e3"], [50.0, None, 1000.0]),
        ("dealValue", [50, float("nan"), 7], [50.0, None, 7.0]),
        ("Owner ID", [7.0, None, 8.0], None),
        ("status", pd.Categorical(["Won", None, "Open"]), ["Won", None, "Open"]),
        ("title", [7.0, None, 8.5], ["7", None, "8.5"]),
        ("created_at", ["2026-01-31 09:00:00+00:00", None, "2026-01-31"], None),
        ("createdAt", pd.to_datetime(["2026-01-31 14:30", None, "2026-01-31 05:30"]), None),
        ("flag", [True, False, True], [True, False, True]),
        ("size", [1, 2, 3], [1, 2, 3]),
    ],
)
def test_values(name, values, expected):
    """Values are typed by the schema, others by their dtype; columns have its names."""
    rows = {"ID": ["1", "2", "3"], name: values}
    (table,) = read(rows, timezone="Asia/Kolkata")
    assert [row["id"] for row in table] == [1, 2, 3]
    column = {"dealValue": "deal_value", "createdAt": "created_at", "Owner ID": "owner_id"}.get(name, name)
    found = [row[column] for row in table]
    if column == "created_at":
        nine, midnight = (dt.datetime(2026, 1, day, hour, tzinfo=dt.UTC) for day, hour in ((31, 9), (30, 18)))
        third = midnight.replace(minute=30) if name == "created_at" else midnight.replace(day=31, hour=0)
        assert found == [nine, None, third]
    else:
        assert found == (expected or [7, None, 8])


def test_saved_index():
    """An index that to_csv() wrote is left out, and one of ids is a column."""
    (table,) = read({"Unnamed: 0": [0], "id": [7]})
    assert "Unnamed: 0" not in table[0]
    (by_id,) = read(pd.DataFrame({"title": ["A"]}, index=pd.Index([7], name="id")))
    assert (by_id[0]["id"], by_id[0]["title"]) == (7, "A")


def test_column_of_several_types():
    """A column of your own that has another type in another frame is numbers if all are, or else text."""
    first, second = read({"id": [1], "size": [1], "mark": [5]}, {"id": [1], "size": [1.5], "mark": ["a"]})
    assert (first[0]["size"], second[0]["size"]) == (1.0, 1.5)
    assert (first[0]["mark"], second[0]["mark"]) == ("5", "a")


def test_missing_column():
    """A column that a frame lacks is taken from the one before, deal by deal, with a warning."""
    with pytest.warns(UserWarning, match=r"^The frame of 2026-03-03 has no column 'stage'\."):
        _, second = read(
            {"id": [1, 3], "stage": ["Demo", "Offer"]}, {"id": [3, 2, 4], "title": ["C", "B", "D"]}
        )
    assert [(row["id"], row["stage"], row["title"]) for row in second] == [
        (2, None, "B"),
        (3, "Offer", "C"),
        (4, None, "D"),
    ]


def test_unreadable_values():
    """What is no value of its column is missing, and a warning counts it."""
    with pytest.warns(UserWarning, match=r"^Values that could not be read are missing: 1 in deal_value\.$"):
        (table,) = read({"id": [1, 2], "deal_value": ["5", "n/a"]})
    assert [row["deal_value"] for row in table] == [5.0, None]


def test_order_of_categories():
    """The order of stages is that of the last frame that has it."""
    stage = pd.Categorical(["Demo"], ["Offer", "Demo"])
    frames = [{"id": [1], "stage": stage}, {"id": [1], "status": ["Open"]}]
    saved = [named(pd.DataFrame(frame), MONDAY) for frame in frames]
    assert order_of(saved, fields_of(saved)) == {"stage": ["Offer", "Demo"]}
    assert order_of(saved[1:], fields_of(saved)) == {}


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"title": ["A"], "Id of deal": [1]}, r"no column 'id'.* Rename 'Id of deal' if that is it"),
        ({"title": ["A"]}, r"no column 'id', by which deals are recognized\.$"),
        ({"id": [1, None]}, r"1 row without an id"),
        ({"id": ["1", "x", 2.5]}, r"2 rows without an id, or with one that is not a whole number"),
        ({"id": [3, 2, 3, 2]}, r"deals more than once: 2, 3\. Pass one row for each deal"),
        ({"id": [1], "deal_value": [1], "Deal Value": [1]}, r"the column 'deal_value' twice"),
    ],
)
@pytest.mark.filterwarnings("ignore:Values that could not be read")
def test_refused(frame, message):
    """A frame whose deals cannot be recognized is an error that names its day."""
    with pytest.raises(SalesmateError, match=f"^The frame of 2026-03-02 has .*{message}"):
        read(frame)


def test_no_frame():
    """A path in place of a frame is an error that says what to pass."""
    with pytest.raises(SalesmateError, match="The frame of 2026-03-02 is a str"):
        named("deals.csv", MONDAY)
