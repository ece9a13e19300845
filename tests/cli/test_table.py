"""A frame as a table for the screen."""

from __future__ import annotations

import pandas as pd
import pytest
from prompt_toolkit.utils import get_cwidth

from salesmate_nb._cli import table
from salesmate_nb._cli.table import as_table


def test_missing_values():
    """A missing value is blank, whatever the dtype of its column."""
    frame = pd.DataFrame(
        {
            "id": pd.array([1, None], "Int64"),
            "title": pd.array(["a", None], "str"),
            "value": [1.0, None],
            "at": pd.to_datetime(["2026-01-31T09:00Z", None]),
            "done": pd.array([True, None], "boolean"),
            "stage": pd.Categorical(["Demo", None]),
        }
    )
    text, left_out = as_table(frame)
    assert text.splitlines()[1].split() == ["1", "a", "1", "2026-01-31", "09:00", "True", "Demo"]
    assert (text.split("\n")[2], left_out) == ("", [])


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1234.0, 5.0], ["1,234", "5"]),
        ([1234.5, 5.0], ["1,234.50", "5.00"]),
        ([0.12345, 10.0], ["0.123450", "10.000000"]),
        ([1e15, -0.25], ["1,000,000,000,000,000.00", "-0.25"]),
    ],
)
def test_numbers(values, shown):
    """Numbers have separators, are aligned at the point, and are not rounded unless they are very long."""
    assert as_table(pd.DataFrame({"value": values}))[0].split()[1:] == shown


def test_codes_for_terminals():
    """A line break, or a code that a terminal would obey, is a space."""
    text, _ = as_table(pd.DataFrame({"title": ["a\nb\x1b[31mc\u202e"]}))
    assert text.splitlines()[1] == "a b [31mc"


def test_wide_characters():
    """Columns are aligned if characters take two places, and long texts are cut by the places they take."""
    text, _ = as_table(pd.DataFrame({"title": ["東京" * 20, "Łódź"], "id": [1, 2]}))
    lines = text.splitlines()
    assert len({get_cwidth(line) for line in lines}) == 1
    assert lines[1].split()[0] == "東京" * 7 + "..."


def test_link():
    """A link is not cut, since half of one leads nowhere."""
    link = f"https://acme.salesmate.io/{'x' * 40}"
    assert as_table(pd.DataFrame({"deal_url": [link]}))[0].split() == ["deal_url", link]


def test_many_rows():
    """Of more than 20 rows, the first and last ten are shown, with a mark in between."""
    lines = as_table(pd.DataFrame({"id": range(100)}))[0].split()
    assert lines == ["id", *map(str, range(10)), "...", *map(str, range(90, 100))]


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (3, ["c"]),
        (7, ["b", "c"]),
        (8, ["b", "c"]),
        (13, ["a", "b", "c"]),
        (100, ["a", "b", "c", "empty"]),
    ],
)
def test_columns_that_fit(width, shown):
    """The columns that matter come first, empty ones last, and one is shown however narrow the screen is."""
    frame = pd.DataFrame({"a": ["a000"], "empty": [None], "b": ["b0"], "c": ["c00"]})
    text, left_out = as_table(frame, width=width, first=["c", "empty", "b"])
    assert sorted(text.splitlines()[0].split()) == sorted(shown)
    assert set(left_out) == set(frame) - set(shown)


def test_no_filling():
    """A small column that does not matter is not shown in place of a wide one that does."""
    frame = pd.DataFrame({"a": ["1"], "wide": ["x" * 20], "b": ["22"]})
    assert as_table(frame, width=10, first=["b", "wide"])[1] == ["a", "wide"]


def test_long_text(monkeypatch):
    """Of a text of any length, such as a mail, no more is measured than is shown."""
    measured = []
    monkeypatch.setattr(table, "get_cwidth", lambda text: measured.append(text) or get_cwidth(text))
    text, _ = as_table(pd.DataFrame({"note": ["漢" * 10_000]}))
    assert text.splitlines()[1] == "漢" * 14 + "..."
    assert sum(map(len, measured)) < 200


def test_no_rows():
    """A frame without rows is its header."""
    assert as_table(pd.DataFrame({"id": [], "title": []}), width=20) == ("id  title", [])
