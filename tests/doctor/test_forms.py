"""Forms of values: each has a name, and the values themselves are never in it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb._doctor.forms import flag_forms, list_forms


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (1709586900, "Unix seconds"),
        (1709586900.5, "Unix seconds"),
        (1709586900000, "Unix milliseconds"),
        ("1709586900", "Unix seconds, as text"),
        ("1709586900000", "Unix milliseconds, as text"),
        ("2024-03-04T21:15:00Z", "ISO 8601 with a zone"),
        ("2024-03-04T21:15:00.000+05:30", "ISO 8601 with a zone"),
        ("2024-03-04 21:15", "ISO 8601 without a zone"),
        ("2024-03-04T21:15:00.123", "ISO 8601 without a zone"),
        ("2024-03-04", "ISO date"),
        ("Mar 04, 2024 21:15 PM", "'Mar 04, 2024 21:15 PM'"),
        ("Mar 04, 2024 00:15 AM", "'Mar 04, 2024 21:15 PM'"),
        ("Mar 04, 2024 09:15 PM", "'Mar 04, 2024 09:15 PM'"),
        ("tomorrow", "text of another form"),
        (True, "neither number nor text"),
        ({"at": 1}, "neither number nor text"),
        (None, "not seen"),
        ("", "not seen"),
    ],
)
def test_timestamps(value, form):
    """Numbers are in seconds or milliseconds, by their size; texts have one of the forms that were seen."""
    assert list_forms([{"createdAt": value}, {}])["timestamps"] == form


def test_most_frequent_first():
    """Several forms in one column are all named."""
    records = [{"estimatedCloseDate": value} for value in ("2024-03-04", 1709586900, "2024-03-05")]
    assert list_forms(records)["dates"] == "ISO date; Unix seconds"


@pytest.mark.parametrize(
    ("record", "form"),
    [
        ({"owner": {"id": 1}}, "nested"),
        ({"Owner": {"id": 1}}, "nested, capitalised"),
        ({"primarycontact": {"id": 1}}, "nested, in lower case"),
        ({"owner": 7}, "an id alone"),
        ({"owner.id": 7}, "flat"),
        ({"ownerId": 7}, "flat"),
        ({"owner": {}, "primaryContact": None}, "not seen"),
    ],
)
def test_relations(record, form):
    """A relation is nested, flat, or an id alone, under any spelling."""
    assert list_forms([record])["relations"] == form


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("EUR", "text"),
        ({"code": "EUR"}, "object with code"),
        ({"rate": 1}, "object without code"),
        (7, "neither text nor object"),
    ],
)
def test_currency(value, form):
    """A currency is text, or an object."""
    assert list_forms([{"currency": value}])["currency"] == form


@pytest.mark.parametrize(
    ("value", "form"), [(1, "1 and 0"), (False, "true and false"), ("yes", "text"), (1.5, "other")]
)
def test_flags(value, form):
    """True and false are written in one of three forms."""
    assert flag_forms([{"isActive": value}], "isActive") == form


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (7, "Unix seconds"),
        ("1709586900", "Unix seconds, as text"),
        ("20240304", "text of another form"),
        (True, "neither number nor text"),
    ],
)
def test_numbers(value, form):
    """Only long texts are numbers; short ones are dates or years."""
    assert list_forms([{"createdAt": value}])["timestamps"] == form


PRIVATE = "Secret Ltd"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just(PRIVATE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
NAMES = ["id", "createdAt", "estimatedCloseDate", "currency", "owner", "owner.id", "Owner", "primarycontact"]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), json_values, max_size=8), max_size=5))
def test_any_records(records):
    """Whatever the server sends: a name of each form, and no value."""
    forms = list_forms(records)
    assert all(forms.values())
    assert PRIVATE not in repr(forms)
