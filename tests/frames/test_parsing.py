"""Parsing of single values, in every form that was seen."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb._frames.parsing import MONTHS, parser

UTC = dt.UTC
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def at(*parts):
    return dt.datetime(*parts, tzinfo=UTC)


PARSED = [
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
    ("category", {"code": "EUR", "rate": 1.0, "symbol": "€"}, "EUR"),
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
    ("datetime", "Mar 04, 2024 21:15 PM", at(2024, 3, 4, 15, 45)),
    ("datetime", "Mar 04, 2024 13:00 PM", at(2024, 3, 4, 7, 30)),
    ("datetime", "Mar 04, 2024 00:15 AM", at(2024, 3, 3, 18, 45)),
    ("datetime", "20240304", at(2024, 3, 3, 18, 30)),
    ("datetime", "20240304T091500", at(2024, 3, 4, 3, 45)),
    ("datetime", 1_709_543_700, at(2024, 3, 4, 9, 15)),
    ("datetime", "1709543700", at(2024, 3, 4, 9, 15)),
    ("datetime", " 1709543700.25 ", at(2024, 3, 4, 9, 15, 0, 250_000)),
    ("datetime", 1_709_543_700.25, at(2024, 3, 4, 9, 15, 0, 250_000)),
    ("datetime", 0, at(1970, 1, 1)),
    ("datetime", "86400", at(1970, 1, 2)),
    ("datetime", "99999999", at(1973, 3, 3, 9, 46, 39)),
    ("datetime", -86_400, at(1969, 12, 31)),
    ("datetime", "-86400", at(1969, 12, 31)),
    ("datetime", 10**11 - 1, at(5138, 11, 16, 9, 46, 39)),
    ("datetime", 10**11, at(1973, 3, 3, 9, 46, 40)),
    ("datetime", -(10**11), at(1966, 10, 31, 14, 13, 20)),
    ("datetime", 1_709_543_700_000, at(2024, 3, 4, 9, 15)),
    ("datetime", "1709543700000", at(2024, 3, 4, 9, 15)),
    ("datetime", 1_709_543_700_000.0, at(2024, 3, 4, 9, 15)),
]


@pytest.mark.parametrize(("kind", "value", "expected"), PARSED)
def test_known_forms(kind, value, expected):
    """Numbers as text, datetimes in each form (without a zone, in the account's), and tags as a list."""
    parsed = parser(kind, "Asia/Kolkata")(value)
    assert (parsed, type(parsed)) == (expected, type(expected))


@pytest.mark.parametrize(("number", "name"), list(enumerate(MONTHS, 1)))
def test_month_names(number, name):
    """Each month's English abbreviation is parsed in every locale."""
    assert parser("datetime", "UTC")(f"{name} 04, 2024 09:15 AM") == at(2024, number, 4, 9, 15)


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
        ("datetime", "Mar 04, 2024 13:15 AM"),
        ("datetime", "Mar 04, 2024 00:15 PM"),
        ("datetime", "Mar 04, 2024 24:15 PM"),
        ("datetime", "9" * 30),
        ("datetime", -(10**11) + 1),
        ("category", {"rate": 1.0}),
        ("category", {"code": {"code": "EUR"}}),
        ("datetime", 10**18),
        ("datetime", float("inf")),
        ("datetime", "2024-13-01T00:00:00Z"),
        ("datetime", "0001-01-01"),
        ("datetime", {}),
    ],
)
def test_unfit_values(kind, value):
    """A value that does not fit is refused; nothing is truncated, rounded or guessed."""
    with pytest.raises((ValueError, OverflowError)):
        parser(kind, "Asia/Kolkata")(value)


ANY_VALUE = given(st.sampled_from(["int", "float", "string", "category", "bool", "datetime"]), JSON)
TYPES = {"int": int, "float": float, "string": str, "category": str, "bool": bool, "datetime": dt.datetime}


def check_value(kind, value):
    try:
        parsed = parser(kind, "UTC")(value)
    except (ValueError, OverflowError):
        return
    assert type(parsed) is TYPES[kind]


@settings(max_examples=40)
@ANY_VALUE
def test_any_json_value(kind, value):
    """Any JSON value is parsed to the kind's type, or refused with the expected errors."""
    check_value(kind, value)


@pytest.mark.slow
@settings(max_examples=400)
@ANY_VALUE
def test_many_json_values(kind, value):
    """The same for many more values."""
    check_value(kind, value)
