"""Filters: what they take, and which rows they keep."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from salesmate_nb import SalesmateError
from salesmate_nb._search.filters.filters import Filters
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import custom_field

UTC = dt.UTC
ROWS = pa.RecordBatch.from_pydict(
    {
        "status": pa.array(["Won", "lost", None, "Open"]),
        "stage": pa.array(["Won", "Lost", "Demo", "Straße"]),
        "pipeline": pa.array(["Sales", "Sales", "Renewals", None]),
        "owner_id": pa.array([1, 2, None, 2], pa.int64()),
        "owner_name": pa.array(["Ann", "Bo", None, "Ann"]),
        "created_at": pa.array(
            [dt.datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)] + [None], pa.timestamp("us", "UTC")
        ),
        "last_modified_at": pa.array([dt.datetime(2026, 2, 1, tzinfo=UTC)] * 4, pa.timestamp("us", "UTC")),
        "closed_date": pa.array(
            [None, dt.datetime(2026, 1, 31, 23, 59, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC")
        ),
    }
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, [0, 1, 2, 3]),
        ({"status": "Won"}, [0]),
        ({"status": "LOST"}, [1]),
        ({"status": ["won", "open"]}, [0, 3]),
        ({"status": ("Won", "Nothing")}, [0]),
        ({"stage": "STRASSE"}, [3]),
        ({"stage": " demo"}, [2]),
        ({"owner": " 2 "}, [1, 3]),
        ({"created_since": dt.date.min}, [0, 1, 2]),
        ({"created_since": pd.NaT}, [0, 1, 2, 3]),
        ({"pipeline": "Sales", "status": "Won"}, [0]),
        ({"owner": "ann"}, [0, 3]),
        ({"owner": 2}, [1, 3]),
        ({"owner": "2"}, [1, 3]),
        ({"owner": ["Bo", 1]}, [0, 1]),
        ({"owner": np.int64(2)}, [1, 3]),
        ({"owner": pd.Series([1, 2])}, [0, 1, 3]),
        ({"owner": [10**30, "99999999999999999999", 1]}, [0]),
        ({"created_since": "2026-01-02"}, [1, 2]),
        ({"created_since": dt.date(2026, 1, 3)}, [2]),
        ({"created_since": "2026-01-02T01:00+01:00"}, [1, 2]),
        ({"modified_since": "2026-02-01T00:00:01"}, []),
        ({"modified_since": pd.Timestamp("2026-02-01", tz="UTC")}, [0, 1, 2, 3]),
        ({"created_until": "2026-01-02"}, [0, 1]),
        ({"created_until": "2026-01-01T23:59"}, [0]),
        ({"created_since": "2026-01-02", "created_until": "2026-01"}, [1, 2]),
        ({"modified_until": dt.date(2026, 1, 31)}, []),
        ({"closed_since": "2026-01-31"}, [1, 3]),
        ({"closed_until": "2026-01-31"}, [1, 3]),
        ({"closed_until": "2026-01-31T23:58"}, []),
    ],
)
def test_mask(given, kept):
    """Several values mean any, several filters mean all; case does not matter; missing never matches."""
    mask = Filters.parse(**given).mask(ROWS)
    assert [number for number, keep in enumerate(mask.to_pylist()) if keep] == kept


@pytest.mark.parametrize("column", ["status", "stage", "pipeline", "owner"])
@pytest.mark.parametrize(
    ("sent", "given"),
    [
        ("Negotiation ", "Negotiation "),
        ("Negotiation ", "negotiation"),
        ("Jose\u0301 N", "José N"),
        ("José N", "Jose\u0301 N"),
    ],
)
def test_text_as_a_reader_sees_it(column, sent, given):
    """A space at the end, or an accent stored as a character of its own, is no difference on either side."""
    names = {"owner": "owner_name"}
    rows = pa.RecordBatch.from_pydict({names.get(column, column): [sent, "Other"], "owner_id": [1, 2]})
    assert Filters.parse(**{column: given}).mask(rows).to_pylist() == [True, False]


@pytest.mark.parametrize(
    "value", ["2026-01-02", dt.datetime(2026, 1, 2), dt.date(2026, 1, 2), pd.Timestamp("2026-01-02")]
)
def test_datetime_without_zone(value):
    """Midnight in Kolkata is 18:30 UTC of the day before."""
    filters = Filters.parse(created_since=value, timezone="Asia/Kolkata")
    assert filters.created_since == dt.datetime(2026, 1, 1, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    [
        {"status": 1.5},
        {"status": [None]},
        {"status": []},
        {"status": True},
        {"status": b"Won"},
        {"owner": object()},
        {"owner": {"7": 1}},
        {"status": {"Won": True}},
        {"created_since": "soon"},
        {"created_since": 2026},
        {"created_since": []},
        {"created_since": "2026-02", "created_until": "2026-01"},
        {"closed_until": "7"},
        {"where": "stage"},
        {"where": {7: "Won"}},
        {"where": {"stage": []}},
        {"modified_since": "9999999-01-01"},
    ],
)
def test_invalid_filter(given):
    """The error names the argument and what it takes."""
    with pytest.raises(SalesmateError, match=next(iter(given))):
        Filters.parse(**given)


@pytest.mark.parametrize("owner", ["7", " 7", "7\u200b", "\u202a7\u202c"])
def test_owner_id_as_text(owner):
    """An id may be text, with invisible characters from where it was copied."""
    assert Filters.parse(owner=owner).owner_ids == (7,)


@pytest.mark.parametrize("owner", [7.0, [7.0]])
def test_owner_id_with_a_fraction(owner):
    """An id that pandas has made a float, as a merge does, is refused with what to give."""
    with pytest.raises(SalesmateError, match=r"owner=7\.0 .* an id as a whole number"):
        Filters.parse(owner=owner)


def test_very_long_owner():
    """A number that is longer than any id is a name that nobody has, not an error of Python."""
    assert Filters.parse(owner="7" * 5_000).owner_ids == ()


def test_columns_of_filters():
    """Filters name the columns they check."""
    assert Filters.parse(owner="Ann", created_since="2026-01-01").columns == (
        "owner_name",
        "owner_id",
        "created_at",
    )


FIELDS = (*DEALS.fields, dataclasses.replace(custom_field("textCustomField1"), name="contract_length"))


def bound(**where):
    return Filters.parse(where=where, timezone="Asia/Kolkata").bound(FIELDS)


def test_where():
    """A condition on any column counts beside the other filters; all must fit."""
    filters = Filters.parse(pipeline="sales", where={"stage": ["Lost", "Demo"]}).bound(FIELDS)
    assert filters.mask(ROWS).to_pylist() == [False, True, False, False]
    assert filters.columns == ("pipeline", "stage")


def test_where_by_another_name():
    """A custom field is found by its API name and in any case, and checked in the column that it has."""
    for name in ("text_custom_field_1", " Contract_Length "):
        assert bound(**{name: "12"}).columns == ("contract_length",)


def test_where_of_no_column():
    """A misspelt column is an error that names the closest one."""
    with pytest.raises(SalesmateError, match=r"^where: there is no column 'stag'\. Did you mean 'stage'\?"):
        bound(stag="Demo")


def test_where_before_it_is_bound():
    """A condition is never passed over because nobody asked what its column holds."""
    with pytest.raises(ValueError, match="not bound"):
        Filters.parse(where={"stage": "Demo"}).mask(ROWS)


def test_what_the_server_may_be_asked():
    """A time or status that where= demands is known, unless rows without a value are kept too."""
    filters = Filters.parse(
        created_since="2026-01-01",
        where={"created_at": {"min": "2026-02"}, "status": "Won", "last_modified_at": ["2026-03-01", None]},
    ).bound(FIELDS)
    assert filters.since("created_at") == dt.datetime(2026, 2, 1, tzinfo=UTC)
    assert filters.since("last_modified_at") is None
    assert filters.wanted("status") == ("Won",)
    assert bound(status=["Won", None]).wanted("status") == ()


def test_describe():
    """Reports have the filters as plain values."""
    filters = Filters.parse(
        status="Won",
        owner=[7, "Ann"],
        closed_until="2026-01",
        where={"source": ["Web", None], "deal_value": {"min": 1, "max": 5}},
    )
    assert json.loads(json.dumps(filters.describe())) == {
        "status": ["Won"],
        "owner": ["Ann", "7"],
        "closed_until": "2026-01-31T23:59:59.999999+00:00",
        "where": {"source": "Web, missing", "deal_value": "from 1 to 5"},
    }
