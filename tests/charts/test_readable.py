"""Every chart can be read: no text on another, none outside, none too pale, whatever the account holds."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.text import Text

from salesmate_nb import analysis, charts
from salesmate_nb.charts._drawing.style import current
from tests.charts.accounts import NOW, hard_deals
from tests.charts.drawing.test_style import contrast
from tests.charts.overlaps import overlaps

DEALS = hard_deals()
THEN = DEALS.iloc[::2].assign(status="Open", deal_value=DEALS["deal_value"] * 1.3)
ACCURACY = pd.DataFrame({"period": [str(each) for each in pd.period_range("2024-01", periods=30, freq="M")]})
ACCURACY = ACCURACY.assign(currency="EUR", value=1e9, weighted=3e5, won_value=2e6)
WAITING = DEALS[DEALS["status"] == "Open"].assign(
    days=lambda deals: deals["id"],
    at_least=lambda deals: deals["id"] % 3 == 0,
    too_long=lambda deals: deals["id"] > 90,
)
STAYS = WAITING.groupby(["pipeline", "stage"], observed=True).size().rename("stays").reset_index()
STAYS = STAYS.assign(quarter_days=9.0, median_days=20.0, three_quarters_days=[*[90.0] * 5, None])
CHARTS = {
    "bars": lambda: charts.bars(DEALS, "owner_name", "deal_value", now=NOW),
    "bars of counts": lambda: charts.bars(DEALS, "owner_name", "deals", panels="pipeline", now=NOW),
    "pipeline": lambda: charts.pipeline(analysis.pipeline(DEALS, ["pipeline", "stage"], now=NOW)),
    "forecast": lambda: charts.forecast(analysis.forecast(DEALS, now=NOW), now=NOW),
    "forecast of weeks": lambda: charts.forecast(analysis.forecast(DEALS, freq="W", now=NOW)),
    "won value": lambda: charts.won_value(analysis.won_value(DEALS, freq="W"), now=NOW),
    "cohorts": lambda: charts.cohorts(analysis.cohorts(DEALS), now=NOW),
    "forecast accuracy": lambda: charts.forecast_accuracy(ACCURACY),
    "win rates": lambda: charts.win_rate(analysis.win_rate(DEALS, ["pipeline", "owner_name"]), now=NOW),
    "funnel": lambda: charts.funnel(analysis.funnel(DEALS), now=NOW),
    "outcomes": lambda: charts.outcomes(
        pd.DataFrame({"type": ["Call", "x" * 80], "won": [2.0, 1e6], "lost": [None, 9.0]}),
        "type",
        unit="calls",
    ),
    "survival": lambda: charts.survival(analysis.survival(DEALS, "owner_name", now=NOW), now=NOW),
    "movement": lambda: charts.movement(analysis.movement(THEN, DEALS), then=NOW, now=NOW),
    "time in stage": lambda: charts.time_in_stage(STAYS, WAITING, now=NOW),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHARTS)
def test_readable(name):
    """No texts overlap or leave the figure, their contrast is at least 4.5:1, and no glyph is missing."""
    charts.use("dark")
    figure = CHARTS[name]().figure
    assert overlaps(figure) == []
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    assert min(contrast(text.get_color(), current().background) for text in texts) >= 4.5
