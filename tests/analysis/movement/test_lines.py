"""The lines of a movement: which one counts a deal."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.analysis import movement_deals
from tests.analysis.movement.states import several

NEW = {"createdAt": "2026-06-01T07:00Z"}  # after the first read
LATE = {"createdAt": "2026-05-31T06:00Z"}  # a search may be a day late, or the frame of a day early
OUT, IN = {"estimatedCloseDate": "2026-07-01"}, {"estimatedCloseDate": "2026-06-30"}
PERIOD = pd.Period("2026-06")


CASES = [
    ({}, {}, {}),
    (None, NEW, {"created": (1, 100)}),
    (None, {"createdAt": None}, {"created": (1, 100)}),
    (None, {}, {"restored": (1, 100)}),
    ({"status": "Lost"}, {}, {"reopened": (1, 100)}),
    ({}, {"dealValue": 130}, {"raised": (0, 30)}),
    ({}, {"dealValue": 30}, {"lowered": (0, -70)}),
    ({}, {"status": "Close", "dealValue": 130}, {"raised": (0, 30), "won": (-1, -130)}),
    ({}, {"status": "Lost"}, {"lost": (-1, -100)}),
    ({}, None, {"deleted": (-1, -100)}),
    ({}, {"status": "Archived"}, {"other status": (-1, -100)}),
    ({}, {"status": None, "dealValue": 130}, {"raised": (0, 30), "other status": (-1, -130)}),
    ({"status": "Archived"}, {}, {"reopened": (1, 100)}),
    (None, NEW | {"status": "Won"}, {"created": (1, 100), "won": (-1, -100)}),
    ({"status": "Lost"}, {"status": "Won"}, {"reopened": (1, 100), "won": (-1, -100)}),
    (None, LATE | {"status": "Won"}, {"created": (1, 100), "won": (-1, -100)}),
    (None, {"status": "Won"}, {}),
    ({"status": "Close"}, {"status": "Won", "dealValue": 5}, {}),
    ({"status": "Lost"}, None, {}),
    ({}, {"dealValue": None}, {"lowered": (0, -100)}),
    ({"dealValue": None}, {"dealValue": 0}, {"raised": (0, 0)}),
]
WITHIN = [
    (IN, OUT, {"slipped": (-1, -100)}),
    (IN, {"dealValue": 90}, {"lowered": (0, -10), "slipped": (-1, -90)}),
    (OUT, IN, {"pulled in": (1, 100)}),
    ({}, IN, {"pulled in": (1, 100)}),
    (OUT, OUT | {"dealValue": 9}, {}),
    (IN, OUT | {"status": "Won"}, {"won": (-1, -100)}),
    (OUT, IN | {"status": "Won"}, {"pulled in": (1, 100), "won": (-1, -100)}),
    (None, OUT | NEW | {"status": "Won"}, {}),
    (OUT | {"status": "Lost"}, IN, {"reopened": (1, 100)}),
]


@pytest.mark.parametrize(("cases", "period"), [(CASES, None), (WITHIN, PERIOD)])
def test_lines_of_deals(cases, period):
    """A deal is in the line that says what happened to it, and in two if two things did.

    With a period, deals whose close date left it have slipped, and others were pulled in.
    """
    then, now = several([(old, new) for old, new, _ in cases])
    table = movement_deals(then, now, period=period)
    table = table[~table["line"].isin(["opening", "closing"])]
    found = {
        number: {line: tuple(row) for line, *row in rows[["line", "deals", "value"]].itertuples(index=False)}
        for number, rows in table.groupby("id")
    }
    assert [found.get(number, {}) for number in range(len(cases))] == [expected for *_, expected in cases]
