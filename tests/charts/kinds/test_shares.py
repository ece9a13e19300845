"""Win rates, the funnel, and what won and lost deals had."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb import analysis, charts
from tests.charts.overlaps import overlaps


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def rates(**counts):
    """Return a table of win rates, from the numbers of won and lost deals of each source."""
    deals = [
        {"source": source, "status": status}
        for source, (won, lost) in counts.items()
        for status in ["Won"] * won + ["Lost"] * lost
    ]
    return analysis.win_rate(pd.DataFrame(deals, columns=["source", "status"]), "source")


def test_win_rates():
    """The highest rate is on top, with its number of deals; whiskers are the interval of the table."""
    table = rates(Web=(10, 30), Fair=(6, 2))
    (ax,) = charts.win_rate(table)
    assert (names(ax), texts(ax)) == (["Fair (8)", "Web (40)"], ["75 %", "25 %"])
    fair = table.set_index("source").loc["Fair"]
    whiskers = [list(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2]
    assert [fair["low"], fair["high"]] in whiskers
    assert overlaps(ax.figure) == []


def test_few_deals():
    """A rate of fewer than ten deals has a hollow dot."""
    (ax,) = charts.win_rate(rates(Web=(10, 30), Fair=(6, 2)))
    fair, web = [line for line in ax.lines if line.get_marker() == "o"]
    assert (fair.get_markerfacecolor(), web.get_markerfacecolor()) == ("#ffffff".upper(), web.get_color())


def test_other_rates():
    """The last row has the rate of all other deals together, whatever it is."""
    table = rates(
        **{f"source {number}": (9 - number, number) for number in range(9)}, rest=(1, 0), more=(0, 2)
    )
    (ax,) = charts.win_rate(table, limit=9)
    assert (names(ax)[-1], texts(ax)[-1]) == ("others (2) (3)", "33 %")


def test_nothing_decided():
    """Names without a decided deal have no row; without any, a sentence says so."""
    table = rates(Web=(1, 1)).assign(source="Web")
    none = table.assign(source="Fair", won=0, lost=0, decided=0)
    (ax,) = charts.win_rate(pd.concat([table, none]))
    assert names(ax) == ["Web (2)"]
    assert repr(charts.win_rate(none)) == "No deal is won or lost."


def test_pipelines_apart():
    """Each pipeline has its panel, and all panels the same scale; by pipeline there is one panel."""
    deals = pd.DataFrame(
        {"pipeline": ["Sales", "Renewals"] * 2, "source": ["Web", "Fair"] * 2, "status": "Won"}
    )
    sales, renewals = charts.win_rate(analysis.win_rate(deals, ["pipeline", "source"]))
    assert sales.get_xlim() == renewals.get_xlim()
    assert len(charts.win_rate(analysis.win_rate(deals, "pipeline"))) == 1
    assert names(charts.win_rate(analysis.win_rate(deals))[0]) == ["all deals (4)"]


def test_own_order():
    """Sizes are in their order, not in that of their rates."""
    sizes = pd.CategoricalDtype(["small", "large"], ordered=True)
    deals = pd.DataFrame({"size": pd.Series(["small", "large"], dtype=sizes), "status": ["Lost", "Won"]})
    assert names(charts.win_rate(analysis.win_rate(deals, "size"))[0]) == ["small (1)", "large (1)"]


def test_funnel():
    """Each stage has the number of deals that reached it, and the share of the stage before."""
    stage = pd.Categorical(["Demo"] * 1200 + ["Offer"] * 300, ["Demo", "Offer"])
    deals = pd.DataFrame({"pipeline": "Sales", "stage": stage, "status": ["Lost"] * 1450 + ["Won"] * 50})
    (ax,) = charts.funnel(analysis.funnel(deals))
    assert (names(ax), texts(ax)) == (["Demo", "Offer"], ["1,500", "300 (20 %)"])
    assert [bar.get_width() for bar in ax.patches] == [1500, 300, 50, 50]
    assert overlaps(ax.figure) == []
    assert repr(charts.funnel(analysis.funnel(deals[:0]))) == "No deal has a stage."


def test_outcomes():
    """Won and lost deals have a mark each, which differ also without colors, and their numbers."""
    table = pd.DataFrame(
        {"type": ["Call", "Meeting", "Mail"], "won": [1.0, 4.0, None], "lost": [3.0, 1.0, None]}
    )
    (ax,) = charts.outcomes(table, "type", unit="activities per deal")
    assert (names(ax), texts(ax)) == (["Meeting", "Call"], ["4.0 won, 1.0 lost", "1.0 won, 3.0 lost"])
    assert {line.get_marker() for line in ax.lines} == {"o", "D", "None"}
    assert repr(charts.outcomes(table[2:], "type", unit="calls")) == "No deal is won or lost."


@pytest.mark.parametrize("limit", [1, 2])
def test_largest_outcomes(limit):
    """The rows with the largest numbers are drawn."""
    table = pd.DataFrame({"type": ["Call", "Meeting", "Mail"], "won": [1.0, 4.0, 2.0], "lost": 0.0})
    (ax,) = charts.outcomes(table, "type", unit="calls", limit=limit)
    assert names(ax) == ["Meeting", "Mail"][:limit]
