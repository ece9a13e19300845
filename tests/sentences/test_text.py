"""Parts of sentences."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.sentences._text import in_groups, lines, money, person, sentence


def test_money():
    """Large amounts are in millions; one without a currency says so."""
    assert [money(9_999_999, "EUR"), money(-25e6, "EUR"), money(3, "(none)")] == [
        "9,999,999 EUR",
        "\N{MINUS SIGN}25.0 million EUR",
        "3 without currency",
    ]


def test_person():
    """What has no name is spoken of as deals without one."""
    assert person(None, "source") == "deals without source"
    assert person("Ann", "source") == "Ann"


def test_lines():
    """Sentences start with a capital letter; each group has its line, and empty ones leave no trace."""
    assert sentence(["one.", "", "two."]) == "One. Two."
    assert lines([["a."], [""], [], ["b."]]) == "A.\nB."


def test_in_groups():
    """The three groups that weigh most are spoken of, in their order; a missing column makes no group."""
    rows = pd.DataFrame({"currency": list("ABCDE"), "weight": [1, 9, 2, 7, 5]})
    assert [names for names, _ in in_groups(rows, ["pipeline", "currency"])] == [
        {"currency": "B"},
        {"currency": "D"},
        {"currency": "E"},
    ]
    assert list(in_groups(rows[:0], ["currency"])) == []
