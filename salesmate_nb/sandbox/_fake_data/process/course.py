"""The course of a made-up deal until now: its stages, its outcome, and its close date."""

from __future__ import annotations

import calendar
import datetime as dt
from random import Random
from typing import Any, NamedTuple

from salesmate_nb.sandbox._fake_data.process import chances, season
from salesmate_nb.sandbox._fake_data.process.chances import CLEAR_UP, FORGOTTEN_AFTER, STAGES, Stage
from salesmate_nb.sandbox.records import Record
from salesmate_nb.sandbox.timestamps import DAY

_REVISE = 0.4  # the chance that a deal gets another close date when it goes on
_MONTH_END = 0.25  # the share of close dates at the end of a month
_POSTPONED = (7, 7, 14, 14, 21, 30)  # days
_WEEK = 7 / 5  # days for each weekday
_SATURDAY = 5


class Course(NamedTuple):
    """Where a deal stands and since when; times are in milliseconds since 1970.

    Parameters
    ----------
    place : int
        The number of its stage in the pipeline, from 0.
    status : {"Open", "Won", "Lost"}
        Its status.
    entered : int
        Since when it is in this stage.
    worked_until : int
        Until when somebody worked on it; when it was closed, if it is closed.
    estimate : int
        Its close date.
    """

    place: int
    status: str
    entered: int
    worked_until: int
    estimate: int


class Courses:
    """Makes up the courses of deals.

    Parameters
    ----------
    random : random.Random
        The source of randomness.
    first, last : int
        The first and last day in which deals are worked on, in days since 1970.
    """

    def __init__(self, random: Random, first: int, last: int) -> None:
        self._random = random
        self._calendar = season.working_days(first, last)

    def of(self, deal: Record, created: int, until: int) -> Course:
        """Return the course of a deal until a time; from then on, nobody works on it.

        Parameters
        ----------
        deal : dict
            The deal, with its pipeline, owner and source.
        created, until : int
            When it was created, and the time, in milliseconds since 1970.
        """
        pipeline, owner, odds = deal["pipeline"], chances.owner_of(deal), chances.odds(deal)
        entered, estimate = created, first_estimate(self._random, pipeline, created)
        for place, stage in enumerate(STAGES[pipeline]):
            if place:
                estimate = revised(self._random, pipeline, place, entered) or estimate
            opens = entered if stage.opens is None else max(entered, estimate - stage.opens * DAY)
            end = self._calendar.after(opens, self._random.expovariate(1 / stage.work))
            estimate, forgotten = self._postponed(owner, estimate, entered, min(end, until))
            if forgotten:
                end = forgotten + int(self._random.expovariate(CLEAR_UP) * _WEEK * DAY)
            if end > until:
                return Course(place, "Open", entered, estimate if forgotten else until, estimate)
            if forgotten or self._random.random() >= chances.share_at(stage, odds, end):
                return Course(place, "Lost", entered, end, estimate)
            entered = end
        return Course(len(STAGES[pipeline]), "Won", entered, entered, estimate)

    def _postponed(self, owner: Any, estimate: int, entered: int, until: int) -> tuple[int, int | None]:
        """Return the close date after all that were missed, and when the deal was forgotten, if ever."""
        chance = chances.postpone_chance(owner)
        while estimate < until:
            late = self._random.expovariate(chance) * _WEEK
            moved, forgotten = max(estimate, entered) + int(late * DAY), estimate + FORGOTTEN_AFTER * DAY
            if min(moved, forgotten) >= until:
                break
            if moved >= forgotten:
                return estimate, forgotten
            estimate = postponed(self._random, moved)
        return estimate, None


def first_estimate(random: Random, pipeline: str, created: int) -> int:
    """Return the close date of a new deal: of a renewal its date, or else what the owner hopes."""
    if pipeline == "Renewals":
        return created + int(random.uniform(75, 105) * DAY)
    return _hoped(random, STAGES[pipeline], created)


def revised(random: Random, pipeline: str, place: int, now: int) -> int | None:
    """Return the close date that is set when a deal goes on to a stage; None if it stays as it is."""
    if pipeline == "Renewals" or random.random() >= _REVISE:
        return None
    return _hoped(random, STAGES[pipeline][place:], now)


def postponed(random: Random, now: int) -> int:
    """Return the close date that takes the place of one that has passed."""
    return _on_weekday(now + _POSTPONED[int(random.random() * len(_POSTPONED))] * DAY)


def _hoped(random: Random, stages: tuple[Stage, ...], now: int) -> int:
    days = sum(stage.work for stage in stages) * _WEEK * random.uniform(0.3, 0.8)
    time = now + int(days * DAY)
    if random.random() < _MONTH_END:
        day = dt.datetime.fromtimestamp(time // 1000, dt.UTC).date()
        time += (calendar.monthrange(day.year, day.month)[1] - day.day) * DAY
    return _on_weekday(time)


def _on_weekday(time: int) -> int:
    """Return a time, moved to Monday from a weekend; 1970 began on a Thursday."""
    weekday = (time // DAY + 3) % 7
    return time + max(7 - weekday, 0) * DAY if weekday >= _SATURDAY else time
