"""The waterfall."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb import charts
from tests.charts.overlaps import overlaps

LINES = ["opening", "created", "raised", "won", "closing"]


def table_of(*values, listed=(2, 1, 0, 1, 2), **columns):
    return pd.DataFrame({**columns, "currency": "EUR", "line": LINES, "value": values, "listed": listed})


def spans(ax):
    """Return from where to where each bar goes."""
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    return [tuple(sorted(map(round, end))) for end in ends]


def test_waterfall():
    """Each line starts where the one before ended; lines without deals are left out."""
    (ax,) = charts.movement(table_of(150.0, 70.0, 0.0, -100.0, 120.0))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["opening", "created", "won", "closing"]
    assert spans(ax) == [(0, 150), (150, 220), (120, 220), (0, 120)]
    assert [text.get_text() for text in ax.texts] == [
        "150 (2 deals)",
        "+70 (1 deal)",
        "\N{MINUS SIGN}100 (1 deal)",
        "120 (2 deals)",
    ]
    assert overlaps(ax.figure) == []


def test_small_changes():
    """Changes too small to see move the start of the axis, and a gap in the first and last bar shows it."""
    (ax,) = charts.movement(table_of(1_000_000.0, 70.0, 0.0, -100.0, 999_970.0))
    assert ax.get_xlim()[0] > 999_000
    assert len(ax.patches) == 6  # four bars and two gaps


def test_dates_and_groups():
    """The title has both days, and each pipeline a panel."""
    days = {"then": pd.Timestamp("2026-06-22"), "now": pd.Timestamp("2026-06-29")}
    table = pd.concat([table_of(*[1.0] * 5, pipeline=name) for name in ("Sales", "Renewals")])
    sales, renewals = charts.movement(table, **days)
    assert sales.figure.get_suptitle() == "What moved in the open pipeline from 22 June 2026 to 29 June 2026"
    assert renewals.get_title(loc="left") == "Renewals, EUR"


@pytest.mark.parametrize("rows", [0, 5])
def test_nothing_open(rows):
    """If no deal was open, a sentence says so."""
    table = table_of(*[0.0] * 5, listed=[0] * 5)[:rows]
    assert repr(charts.movement(table)) == "No deal was open then or is open now."
