"""Queries: what filters take and keep, which columns there are, and every other argument."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from salesmate_nb import SalesmateError
from salesmate_nb._search.query import Filters, Query, choose_columns
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


def parse(**arguments):
    """Parse arguments as a public method hands them on."""
    return Query.parse(arguments, timezone="UTC", is_watched=True)


def test_query_of_arguments():
    """Filters are separated from what shapes the read; progress=None means: if somebody watches."""
    query = parse(status="Won", columns=["id", "title", "id"], limit=np.int64(7), progress=None, wait=False)
    assert query.filters.status == ("Won",)
    assert (query.columns, query.limit, query.progress) == (("id", "title"), 7, True)
    assert (query.wait, query.refresh) == (False, "live")
    assert parse(progress=False).progress is False


def test_query_is_frozen():
    """A query cannot be changed behind the door."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        parse().limit = 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"limit": -1}, "limit=-1 is not valid"),
        ({"limit": 1.5}, "limit=1.5 is not valid"),
        ({"limit": True}, "limit=True is not valid"),
        ({"refresh": "always"}, "refresh='always' is not valid. Use 'auto', 'full', 'never' or 'live'"),
        ({"refresh": "live", "as_of": "2026-01-31"}, "as_of reads the history on this computer"),
        ({"columns": 7}, "columns=7 is not valid"),
        ({"columns": [7]}, "columns: 7 is not a column name"),
    ],
)
def test_invalid_argument(arguments, message):
    """The error names the argument and what it takes."""
    with pytest.raises(SalesmateError, match=re.escape(message)):
        parse(**arguments)


FIELDS = (
    *DEALS.fields,
    dataclasses.replace(custom_field("textCustomField1"), name="contract_length"),
)


def test_choose_columns_by_label_or_api_name():
    """A custom field is found by its label and by the API's name, and has the name that was given."""
    chosen = choose_columns(["contract_length", "text_custom_field_1", "id", "id"], FIELDS)
    assert {name: field.path for name, field in chosen.items()} == {
        "contract_length": "textCustomField1",
        "text_custom_field_1": "textCustomField1",
        "id": "id",
    }
    assert [field.name for field in chosen.values()] == ["contract_length", "text_custom_field_1", "id"]


@pytest.mark.parametrize("name", ["gro\u0308ße", "Größe", " größe "])
def test_choose_column_as_a_reader_sees_it(name):
    """A column is found in any case and normal form; the frame has it as it was given, without spaces."""
    fields = [dataclasses.replace(custom_field("textCustomField1"), name="größe")]
    (given,) = parse(columns=[name]).columns
    assert given == name.strip()
    assert choose_columns([given], fields)[given].path == "textCustomField1"


def test_choose_unlisted_column():
    """A custom field that is not listed is accepted only if there is no list."""
    assert choose_columns(["int_custom_field_9"], FIELDS, unlisted=True)["int_custom_field_9"].kind == "int"
    with pytest.raises(SalesmateError, match="no column 'int_custom_field_9'"):
        choose_columns(["int_custom_field_9"], FIELDS)


def test_choose_misspelt_column():
    """The error names the closest column, or all of them."""
    with pytest.raises(SalesmateError, match=r"Did you mean 'contract_length'\?"):
        choose_columns(["contract_lenght"], FIELDS)
    with pytest.raises(SalesmateError, match=r"There are: id, title, .*, contract_length"):
        choose_columns(["x"], FIELDS)
