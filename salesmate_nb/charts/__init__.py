"""Charts of sales: tables of the analysis in, Matplotlib Axes out.

Each function takes the table that the function of the same name in :mod:`salesmate_nb.analysis` returns.
Pipelines and currencies have a panel each. One color means one thing in all charts: green is won, red-orange
lost, grey open, blue new, amber late, violet changed. If there is nothing to draw, a sentence says so.

It needs the extra ``lab``.
"""

try:
    import matplotlib as _mpl  # noqa: F401, ICN001 - only to check that it is installed
except ImportError:
    raise ImportError('The charts need matplotlib. Run: pip install "salesmate-nb[lab]"') from None

from salesmate_nb.charts._drawing.panels import Panels
from salesmate_nb.charts._drawing.style import use
from salesmate_nb.charts._kinds.bars import bars, pipeline
from salesmate_nb.charts._kinds.durations import survival, time_in_stage
from salesmate_nb.charts._kinds.movement import movement
from salesmate_nb.charts._kinds.periods import cohorts, forecast, forecast_accuracy, won_value
from salesmate_nb.charts._kinds.shares import funnel, outcomes, win_rate

__all__ = [
    "Panels",
    "bars",
    "cohorts",
    "forecast",
    "forecast_accuracy",
    "funnel",
    "movement",
    "outcomes",
    "pipeline",
    "survival",
    "time_in_stage",
    "use",
    "win_rate",
    "won_value",
]
