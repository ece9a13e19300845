"""Sentences about tables of the analysis: the largest, the change, what to look at.

Each function takes the table that the function of the same name in :mod:`salesmate_nb.analysis` returns. A
sentence states what the numbers are. It compares only what differs by more than chance explains, says so
if that is not known, and is empty if there is nothing to say.
"""

from salesmate_nb._wording.shown import Sentence
from salesmate_nb.sentences._history import (
    forecast_accuracy,
    movement,
    slippage,
    time_in_stage,
)
from salesmate_nb.sentences._shares import cohorts, cycle_time, funnel, outcomes, win_rate
from salesmate_nb.sentences._values import forecast, largest, pipeline, won_value

__all__ = [
    "Sentence",
    "cohorts",
    "cycle_time",
    "forecast",
    "forecast_accuracy",
    "funnel",
    "largest",
    "movement",
    "outcomes",
    "pipeline",
    "slippage",
    "time_in_stage",
    "win_rate",
    "won_value",
]
