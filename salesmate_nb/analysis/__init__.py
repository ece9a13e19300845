"""Sales analysis of deals: as they are, what moved between two reads, and what a history knows.

Every function takes frames as ``deals_df()`` and ``history_df()`` return them and returns a new one with a
row for each group; its input is not changed. A missing value in a column that is grouped by is a group of
its own, groups come in the order of their categories, and values in different currencies are never added up.
"""

from salesmate_nb.analysis._changes.days_in_stage import days_in_stage
from salesmate_nb.analysis._changes.forecast_accuracy import forecast_accuracy
from salesmate_nb.analysis._changes.slippage import slippage
from salesmate_nb.analysis._changes.slipped import slipped
from salesmate_nb.analysis._changes.stage_conversion import stage_conversion
from salesmate_nb.analysis._changes.time_in_stage import time_in_stage
from salesmate_nb.analysis._deals.by_period import cohorts, won_value
from salesmate_nb.analysis._deals.choice import choose, choose_history, largest_pipeline
from salesmate_nb.analysis._deals.cycle_times import cycle_time, survival
from salesmate_nb.analysis._deals.funnel import funnel
from salesmate_nb.analysis._deals.meeting import last_meeting, news, overdue, quiet
from salesmate_nb.analysis._deals.open_deals import forecast, pipeline
from salesmate_nb.analysis._deals.win_rates import win_rate
from salesmate_nb.analysis._movement.movement import movement, movement_deals
from salesmate_nb.analysis._zones import in_zone

__all__ = [
    "choose",
    "choose_history",
    "cohorts",
    "cycle_time",
    "days_in_stage",
    "forecast",
    "forecast_accuracy",
    "funnel",
    "in_zone",
    "largest_pipeline",
    "last_meeting",
    "movement",
    "movement_deals",
    "news",
    "overdue",
    "pipeline",
    "quiet",
    "slippage",
    "slipped",
    "stage_conversion",
    "survival",
    "time_in_stage",
    "win_rate",
    "won_value",
]
