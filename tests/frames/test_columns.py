"""Columns that are converted as a whole: exactly as value by value, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from salesmate_nb._frames.arrow import BatchBuilder, concat
from salesmate_nb._frames.columns import ARROW_TYPES, convert_column, convert_datetimes
from salesmate_nb._frames.parsing import MISSING, parser
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import custom_field

CUSTOM = ["checkboxCustomField1", "intCustomField2", "textCustomField1"]
FIELDS = [*DEALS.fields, *map(custom_field, CUSTOM)]
ODD = [
    *("", " ", "x", "\ud800", "0", "007", "1.50", "1e5", "NaN", "true", "no", "1709583300000"),
    *(None, True, False, 0, 0.0, 1.5, -1, 2**53 + 1, 2**63, 10**400, 1e300, float("nan"), float("inf")),
    *({}, [], {"id": 1}, ["a", "b"], [None], [["a"]]),
    *("2024-03-04", "2024-03-04T20:15:00", "2024-03-04T20:15:00Z", "2024-03-04 20:15:00+0530"),
    *("2024-03-04T20:15:00.123456789Z", "Mar 04, 2024 09:15 PM", "2024-02-30T00:00:00Z"),
    *(1_709_543_700, 1_709_543_700_000, -(10**11), "1709543700", "20240304", "Mar 04, 2024 21:15 PM"),
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"),
]
USUAL = {
    "int": [7, 2**62 + 1, None],
    "float": [1.5, 7, 0, None],
    "bool": [True, False, None],
    "string": ["a", "", "\u00e9", None],
    "category": ["a", "", "\u00e9", None],
    "datetime": ["2024-03-05T20:15:00.250Z", "2024-03-05T20:15:00+05:30", "", None],
}
UNIX = [1_709_543_700, 1_709_543_700_000, 0, -86_400, "", None]


def parsed(kind, values):
    """Return what parsing gives value by value."""
    parse = parser(kind, "Asia/Kolkata")
    return [None if value in MISSING else parse(value) for value in values]


@pytest.mark.parametrize(("kind", "values"), [*USUAL.items(), ("datetime", UNIX)])
def test_usual_forms(kind, values):
    """A column of usual values is converted as a whole, and so is one without any."""
    for column in (values, [None] * 3, []):
        whole = convert_column(kind, column)
        assert (whole.type, whole.to_pylist()) == (ARROW_TYPES[kind], parsed(kind, column))


@pytest.mark.parametrize(("kind", "values"), [*USUAL.items(), ("datetime", UNIX)])
def test_odd_values(kind, values):
    """Beside any other value, a column gives what parsing gives, or has to be parsed."""
    for odd in ODD:
        whole = convert_column(kind, [*values, odd])
        assert whole is None or whole.to_pylist() == parsed(kind, [*values, odd]), odd


@pytest.mark.parametrize("values", [USUAL["datetime"], UNIX])
def test_datetimes_together(values):
    """Columns of datetimes give together what each gives alone, or have to be converted alone."""
    missing = [None] * len(values)
    columns = {"a": values, "b": missing, "c": values[::-1]}
    together = convert_datetimes(columns)
    assert {name: column.to_pylist() for name, column in together.items()} == {
        name: parsed("datetime", column) for name, column in columns.items()
    }
    for odd in ODD:
        columns["b"] = [*missing[1:], odd]
        for name, column in convert_datetimes(columns).items():
            assert column.to_pylist() == parsed("datetime", columns[name]), (name, odd)


def test_no_datetimes():
    """A page may have no rows, or no column of datetimes."""
    assert convert_datetimes({}) == {}
    assert [len(column) for column in convert_datetimes({"a": [], "b": []}).values()] == [0, 0]


ANY_COLUMN = given(
    st.sampled_from([*CUSTOM, "id", "title", "dealValue", "createdAt", "status", "tags"]),
    st.lists(
        st.sampled_from(ODD) | st.text(max_size=5) | st.integers() | st.floats(), min_size=2, max_size=5
    ),
    st.sampled_from(["UTC", "Asia/Kolkata"]),
)


def check_column(path, values, timezone):
    together, alone = (BatchBuilder(FIELDS, timezone=timezone, discover=False) for _ in range(2))
    records = [{path: value} for value in values]
    page = concat(FIELDS, [together.build(records)])
    assert page.equals(concat(FIELDS, [alone.build([record]) for record in records]))
    assert together.unreadable == alone.unreadable


@settings(max_examples=25)
@example("title", ["", 0, False, []], "UTC")
@example("createdAt", [1_709_543_700, 1_709_543_700_000, None, -1, 10**11], "UTC")
@example("createdAt", [0, 10**18], "UTC")
@example("createdAt", [0, "9999-12-31T23:59:59-05:00", "0000-01-01T00:00:00Z"], "UTC")
@ANY_COLUMN
def test_values_do_not_depend_on_other_rows(path, values, timezone):
    """A page gives what its rows give one by one: no other row turns 0, False or a date into nothing."""
    check_column(path, values, timezone)


@pytest.mark.slow
@settings(max_examples=100)
@ANY_COLUMN
def test_many_values_do_not_depend_on_other_rows(path, values, timezone):
    """The same for many more columns."""
    check_column(path, values, timezone)
