"""The table of a movement on the screen."""

from __future__ import annotations

import pandas as pd

from salesmate_nb._cli.waterfall import waterfall
from salesmate_nb.analysis import movement

THEN = pd.DataFrame(
    {
        "id": [1, 2, 3],
        "status": "Open",
        "currency": ["EUR", "EUR", None],
        "owner_name": ["Bo", "Ann", "Bo"],
        "deal_value": [1234567.891, 50.0, None],
    }
)
NOW = THEN.assign(status=["Open", "Won", "Open"], deal_value=[1234560.0, 60.0, None])


def rows(table):
    """Return the words of each line, without the names of columns and the note."""
    return [line.split() for line in waterfall(table).splitlines()[2:-2]]


def test_lines():
    """Each currency is a block; what did not move is left out, and changes show their direction."""
    assert rows(movement(THEN, NOW)) == [
        ["opening", "2", "1,234,617.89", "1", "0.00"],
        ["raised", "+10.00"],
        ["lowered", "-7.89"],
        ["won", "-1", "-60.00"],
        ["closing", "1", "1,234,560.00", "1", "0.00"],
    ]
    assert waterfall(movement(THEN, NOW)).endswith("\n\nOpen deals without a value, which count as 0: 1")
    assert waterfall(movement(THEN, NOW)).split("\n")[0].split() == ["EUR", "(none)"]


def test_groups():
    """A line stands in its own place in each group, also if the first currency lacks it."""
    created = pd.DataFrame(
        {"id": [4], "status": "Open", "currency": "GBP", "owner_name": "Bo", "deal_value": 7.0}
    )
    text = waterfall(movement(THEN, pd.concat([NOW, created]), "owner_name"))
    names = [word for line in text.splitlines()[2:-2] for word in line.split() if word.isalpha()]
    assert " ".join(names) == "Ann opening raised won closing Bo opening created lowered closing"


def test_nothing():
    """Without any open deal, a sentence says so."""
    assert waterfall(movement(THEN[:0], NOW[:0])) == "There is no deal in the open pipeline, then or now."
