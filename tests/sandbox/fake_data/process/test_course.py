"""The course of a made-up deal."""

from __future__ import annotations

import random

import pytest

from salesmate_nb.sandbox._fake_data.deals import END, FIRST_DAY, LAST_DAY
from salesmate_nb.sandbox._fake_data.process import course
from salesmate_nb.sandbox._fake_data.process.chances import FORGOTTEN_AFTER, STAGES
from salesmate_nb.sandbox.timestamps import DAY


def courses(pipeline, days, count=300):
    """Return the courses of deals that were created some days ago."""
    maker = course.Courses(random.Random(1), FIRST_DAY, LAST_DAY + 365)
    created = END - days * DAY
    return [maker.of({"pipeline": pipeline}, created, END) for _ in range(count)]


def test_new_deal():
    """A deal that was just created is in the first stage, and its close date is still to come."""
    for each in courses("New business", 0):
        assert (each.place, each.status, each.worked_until) == (0, "Open", END)
        assert each.estimate > END


@pytest.mark.parametrize("pipeline", STAGES)
def test_outcomes(pipeline):
    """After a year nearly all deals are closed, the won ones in the last stage, after they were created."""
    made = courses(pipeline, 365)
    assert sum(each.status == "Open" for each in made) < 0.05 * len(made)
    for each in made:
        assert (each.status == "Won") == (each.place == len(STAGES[pipeline]))
        assert END - 365 * DAY <= each.entered <= each.worked_until <= END


def test_renewals_close_around_their_date():
    """Renewals are won within some weeks of their date."""
    won = [each for each in courses("Renewals", 200) if each.status == "Won"]
    days = sorted((each.worked_until - each.estimate) / DAY for each in won)
    assert -10 < days[len(days) // 10] < days[len(days) // 2] < days[-len(days) // 10] < 30


def test_forgotten():
    """Nobody works on a deal that is two months late; its last work was before its close date."""
    late = [each for each in courses("New business", 150, count=3000) if each.status == "Open"]
    forgotten = [each for each in late if END - each.estimate > FORGOTTEN_AFTER * DAY]
    assert forgotten
    assert all(each.worked_until == each.estimate for each in forgotten)
