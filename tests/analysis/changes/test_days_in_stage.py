"""Days in the present stage, and whether they are many."""

from __future__ import annotations

import pytest

from salesmate_nb.analysis import days_in_stage
from salesmate_nb.errors import SalesmateError
from tests.analysis.changes.histories import day, days_of, history_of

NEW = {"stage": "Demo", "createdAt": "2026-06-01T18:00Z"}
SIGNED, LOST = {"stage": "Signed"}, {"status": "Lost"}


def test_days():
    """Days count from when a deal came to its stage; closed deals are left out."""
    states = days_of({2: NEW, 4: SIGNED}, {2: NEW}, {2: NEW, 3: LOST}, {9: None})
    table = days_in_stage(history_of(*states), states[-1])
    assert list(table["stage"]) == ["Signed", "Demo"]
    assert list(table["days"].round(2)) == [5.25, 7.5]
    assert list(table["at_least"]) == [False, False]
    assert table["stage"].dtype == states[-1]["stage"].dtype
    assert table.attrs["salesmate"] == {"since": day(1).isoformat()}


def test_older_than_the_history():
    """A deal that was in its stage before the history began has been there at least since then."""
    states = days_of({1: NEW}, {9: None})
    table = days_in_stage(history_of(*states), states[-1])
    assert (list(table["days"]), list(table["at_least"])) == ([8.0], [True])


def test_too_long():
    """A deal is there for too long if three quarters of all stays were shorter; not if that is not known."""
    quick = [{2: NEW, 3: SIGNED} for _ in range(4)]
    states = days_of(*quick, {2: NEW}, {9: None})
    table = days_in_stage(history_of(*states), states[-1])
    late = table[table["stage"] == "Demo"].iloc[0]
    assert (late["three_quarters_days"], late["too_long"]) == (1.25, True)
    assert not table.loc[table["stage"] == "Signed", "too_long"].any()


def test_no_beginning():
    """A history that does not say when it began cannot be used."""
    states = days_of({2: NEW}, {9: None})
    history = history_of(*states)
    history.attrs.clear()
    with pytest.raises(SalesmateError, match="the time when it began"):
        days_in_stage(history, states[-1])
