"""How likely the made-up sales team is to win, and for how long a deal stays where it is."""

from __future__ import annotations

import datetime as dt
import math
from functools import lru_cache
from typing import Any, NamedTuple

from salesmate_nb.sandbox.records import Record, getter
from salesmate_nb.sandbox.timestamps import DAY

FORGOTTEN_AFTER = 60
"""Days after its close date from which nobody works on a deal any more, until somebody clears it up."""

CLEAR_UP = 0.04
"""The chance that somebody does, on a weekday. The deal is lost."""


class Stage(NamedTuple):
    """What happens to a deal in one stage.

    Parameters
    ----------
    work : float
        The mean number of weekdays until it goes on or is lost.
    share : float
        The share of deals that go on; from the last of these stages, those that are won.
    opens : int, optional
        How many days before the close date this can begin; None: at any time.
    """

    work: float
    share: float
    opens: int | None = None


STAGES = {
    "New business": (Stage(17, 0.70), Stage(18, 0.66), Stage(36, 0.68), Stage(20, 0.80)),
    "Renewals": (Stage(8, 0.93, 50), Stage(7, 0.91, 25), Stage(6, 0.93, 8)),
}
"""The stages of each pipeline in which a deal is open. Proposals are where new business gets stuck."""

WIN_RATES = {name: math.prod(stage.share for stage in stages) for name, stages in STAGES.items()}
"""The share of closed deals that are won, by an average colleague in an average quarter."""

_OWNERS = {11: 1.15, 13: 2.0, 14: 0.7}  # Maya Lindqvist, Priya Raman, Owen Gallagher
_SOURCES = {"Referral": 1.8, "Cold call": 0.65}
_QUARTERS = {(2026, 1): 1.8, (2026, 2): 0.55}  # the odds in a good and a weak one
_POSTPONE = 0.06  # the chance on a weekday that a close date that has passed is postponed
_CARELESS = {14: 0.035}

owner_of = getter("owner.id")


def postpone_chance(owner: Any) -> float:
    """Return how likely an owner is to postpone a deal on a weekday, once its close date has passed."""
    return _CARELESS.get(owner, _POSTPONE)


def odds(deal: Record) -> float:
    """Return how much better than on average the odds of a deal are, at each of its stages."""
    factor = _OWNERS.get(owner_of(deal), 1.0)
    is_new = deal.get("pipeline") == "New business"
    return factor * (_SOURCES.get(str(deal.get("source")), 1.0) if is_new else 1.0)


def share_at(stage: Stage, factor: float, time: int) -> float:
    """Return the share of deals that go on from a stage at a time, in milliseconds since 1970.

    Examples
    --------
    >>> february, may = 1_770_000_000_000, 1_778_000_000_000  # of 2026
    >>> [round(share_at(Stage(20, 0.5), 1.0, time), 2) for time in (february, may)]
    [0.64, 0.35]
    """
    factor *= _quarter_odds(time // DAY)
    return factor * stage.share / (factor * stage.share + 1 - stage.share)


@lru_cache(maxsize=4096)
def _quarter_odds(day: int) -> float:
    date = dt.date(1970, 1, 1) + dt.timedelta(days=day)
    return _QUARTERS.get((date.year, (date.month + 2) // 3), 1.0)
