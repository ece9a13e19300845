"""Sales analysis of a frame of deals: pipeline, forecast, win rate and time to close.

Every function takes a frame as ``deals_df()`` returns it and returns a new one with a row for each group;
its input is not changed. A missing value in a column that is grouped by is a group of its own, groups come
in the order of their categories, and values in different currencies are never added up.
"""

from salesmate_nb.analysis._deals.cycle_times import cycle_time, survival
from salesmate_nb.analysis._deals.open_deals import forecast, pipeline
from salesmate_nb.analysis._deals.win_rates import win_rate
from salesmate_nb.analysis._movement.movement import movement, movement_deals
from salesmate_nb.analysis._zones import in_zone

__all__ = [
    "cycle_time",
    "forecast",
    "in_zone",
    "movement",
    "movement_deals",
    "pipeline",
    "survival",
    "win_rate",
]
