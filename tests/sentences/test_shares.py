"""Sentences about shares of deals."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb import sentences


def rates(*rows, **columns):
    table = pd.DataFrame(rows, columns=["source", "won", "lost"])
    return pd.DataFrame({**columns, **table, "decided": table["won"] + table["lost"]})


def test_win_rate():
    """The rate of all, and what can be said about the names; without names, only that."""
    table = rates(("Web", 1, 0), (None, 0, 3))
    assert sentences.win_rate(table) == (
        "1 of 4 decided deals was won (25 %). "
        "Too few sources have 10 decided deals to compare their win rates."
    )
    assert sentences.win_rate(table.drop(columns="source")) == "1 of 4 decided deals was won (25 %)."
    assert sentences.win_rate(rates(("Web", 0, 0))) == ""


def test_pipelines_apart():
    """Each pipeline has a line of its own."""
    table = pd.concat([rates(("Web", 2, 0), pipeline=name) for name in ("Sales", "Renewals")])
    assert sentences.win_rate(table).splitlines() == [
        "Sales: 2 of 2 decided deals were won (100 %).",
        "Renewals: 2 of 2 decided deals were won (100 %).",
    ]


@pytest.mark.parametrize(
    ("deals", "steps", "last"),
    [
        ([80, 60, 15], [None, 0.75, 0.25], " The smallest share goes on from Offer to Signed: 25 % of 60."),
        ([80, 40, 20], [None, 0.5, 0.5], ""),
        ([80, 9, 1], [None, 0.1125, 0.111], ""),
    ],
)
def test_funnel(deals, steps, last):
    """The stage after which the fewest go on is named, unless two are alike or few deals were there."""
    table = pd.DataFrame(
        {"pipeline": "Sales", "stage": ["Demo", "Offer", "Signed"], "deals": deals, "step": steps}
    )
    assert sentences.funnel(table.assign(won=1)) == f"Sales: 1 of 80 deals is won until now (1 %).{last}"
    assert sentences.funnel(table.assign(won=0, deals=0)) == ""


def test_cohorts():
    """A period with open deals is not final; others are compared."""
    table = pd.DataFrame(
        {"period": ["2026-04", "2026-05", "2026-06"], "deals": [40, 40, 4], "open": [0, 1, 1]}
    )
    table = table.assign(won=[2, 30, 1], lost=[38, 9, 2])
    assert sentences.cohorts(table) == (
        "Of 4 deals created in Jun 2026, 1 is still open (25 %): its win rate is not final. "
        "May 2026 (77 % of 39) has a higher win rate than Apr 2026 (5 % of 40), by more than chance explains."
    )
    assert sentences.cohorts(table[:1]) == sentences.cohorts(table[:0]) == ""
    only = sentences.cohorts(table[2:].assign(deals=1))
    assert only.startswith("Of 1 deal created in Jun 2026, 1 is still open (100 %)")


@pytest.mark.parametrize(
    ("deals", "half", "rest", "expected"),
    [
        (50, 47.2, 80.0, "Half of 50 deals close within 47 days, three quarters within 80 days."),
        (50, 1.0, None, "Half of 50 deals close within 1 day."),
        (50, None, None, "Fewer than half of 50 deals have closed."),
        (1, 5.0, 5.0, "1 deal: too few to say how long deals take."),
        (0, None, None, ""),
    ],
)
def test_cycle_time(deals, half, rest, expected):
    """Half and three quarters of the deals, if that many have closed; of few deals nothing more is said."""
    table = pd.DataFrame({"deals": [deals], "median_days": [half], "three_quarters_days": [rest]})
    assert sentences.cycle_time(table) == expected


def test_outcomes():
    """The largest difference, and a warning; of a tie, or of equal numbers, nothing is said."""
    table = pd.DataFrame(
        {"type": ["Call", "Meeting", "Mail"], "won": [2.5, 3.0, None], "lost": [2.4, 1.0, 9.0]}
    )
    assert sentences.outcomes(table, "type") == (
        "Won and lost deals differ most in Meeting: 3.0 against 1.0. "
        "That may be chance, and does not show a cause."
    )
    close = sentences.outcomes(table.assign(won=[1.04, 1.0, None], lost=1.0), "type")
    assert close.startswith("Won and lost deals differ most in Call: 1.04 against 1.00.")
    assert sentences.outcomes(table.assign(won=[1.0, 0.0, None], lost=[0.0, 1.0, None]), "type") == ""
    assert (
        sentences.outcomes(table.assign(won=1.0, lost=1.0), "type")
        == sentences.outcomes(table[:0], "type")
        == ""
    )
