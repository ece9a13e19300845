"""Reading one value, in every form that was seen."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmate_nb._frames.parsing import parser

UTC = dt.UTC
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def at(*parts):
    return dt.datetime(*parts, tzinfo=UTC)


READ = [
    ("int", 7, 7),
    ("int", "7410000", 7410000),
    ("int", " 7 ", 7),
    ("int", "-7", -7),
    ("int", 3.0, 3),
    ("int", "3.000", 3),
    ("int", 2**53 + 1, 2**53 + 1),
    ("int", str(2**53 + 1), 2**53 + 1),
    ("int", 2**63 - 1, 2**63 - 1),
    ("float", 1.5, 1.5),
    ("float", 7, 7.0),
    ("float", "12.500000000", 12.5),
    ("float", "1e3", 1000.0),
    ("float", ".5", 0.5),
    ("string", "007", "007"),
    ("string", " a ", " a "),
    ("string", 7, "7"),
    ("string", 2**70, str(2**70)),
    ("string", 1.5, "1.5"),
    ("string", ["a", "b c", 3], "a,b c,3"),
    ("string", [], ""),
    ("string", True, "true"),
    ("category", "Won", "Won"),
    ("bool", True, True),
    ("bool", "TRUE", True),
    ("bool", "no", False),
    ("bool", 1, True),
    ("bool", "0", False),
    ("datetime", "2024-03-04T09:15:00Z", at(2024, 3, 4, 9, 15)),
    ("datetime", "2024-03-04T09:15:00.250Z", at(2024, 3, 4, 9, 15, 0, 250_000)),
    ("datetime", "2024-03-04T09:15:00+05:30", at(2024, 3, 4, 3, 45)),
    ("datetime", "2024-03-04T09:15:00", at(2024, 3, 4, 3, 45)),
    ("datetime", "2024-03-04 09:15:00", at(2024, 3, 4, 3, 45)),
    ("datetime", "2024-03-04", at(2024, 3, 3, 18, 30)),
    ("datetime", "Mar 04, 2024 09:15 PM", at(2024, 3, 4, 15, 45)),
    ("datetime", "Mar 04, 2024 09:15 AM", at(2024, 3, 4, 3, 45)),
    ("datetime", "mar 4, 2024 12:00 am", at(2024, 3, 3, 18, 30)),
    ("datetime", "Mar 04, 2024 12:30 PM", at(2024, 3, 4, 7, 0)),
    ("datetime", 1_709_543_700_000, at(2024, 3, 4, 9, 15)),
    ("datetime", "1709543700000", at(2024, 3, 4, 9, 15)),
    ("datetime", 1_709_543_700_000.0, at(2024, 3, 4, 9, 15)),
]


@pytest.mark.parametrize(("kind", "value", "expected"), READ)
def test_every_form_that_was_seen_is_read(kind, value, expected):
    """Numbers as text, moments in four forms (those without a zone are in the account's), tags as a list."""
    read = parser(kind, "Asia/Kolkata")(value)
    assert (read, type(read)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", 1.5),
        ("int", "1.5"),
        ("int", "1e3"),
        ("int", True),
        ("int", "seven"),
        ("int", 2**63),
        ("int", "9" * 30),
        ("int", "9" * 5000),
        ("int", float("nan")),
        ("int", [1]),
        ("int", "٣"),
        ("float", True),
        ("float", float("nan")),
        ("float", float("inf")),
        ("float", "inf"),
        ("float", "1,234.5"),
        ("float", "12 EUR"),
        ("float", 10**400),
        ("string", {"a": 1}),
        ("string", [{"a": 1}]),
        ("string", "\ud800"),
        ("bool", 2),
        ("bool", 1.0),
        ("bool", "maybe"),
        ("datetime", True),
        ("datetime", "soon"),
        ("datetime", "Feb 30, 2024 09:15 AM"),
        ("datetime", "Xyz 04, 2024 09:15 AM"),
        ("datetime", "Mar 04, 2024 13:15 PM"),
        ("datetime", 10**18),
        ("datetime", float("inf")),
        ("datetime", "2024-13-01T00:00:00Z"),
        ("datetime", "0001-01-01"),
        ("datetime", {}),
    ],
)
def test_what_does_not_fit_is_refused(kind, value):
    """Nothing is truncated, rounded or guessed at."""
    with pytest.raises((ValueError, OverflowError)):
        parser(kind, "Asia/Kolkata")(value)


@given(st.sampled_from(["int", "float", "string", "category", "bool", "datetime"]), JSON)
def test_any_json_value_is_read_or_refused(kind, value):
    """No value ends in another error, and what is read is of the kind."""
    kinds = {
        "int": int,
        "float": float,
        "string": str,
        "category": str,
        "bool": bool,
        "datetime": dt.datetime,
    }
    try:
        read = parser(kind, "UTC")(value)
    except (ValueError, OverflowError):
        return
    assert type(read) is kinds[kind]
