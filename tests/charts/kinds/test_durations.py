"""How long deals stay open, and in each stage."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb import charts
from salesmate_nb.charts._drawing.style import STYLES
from tests.charts.overlaps import overlaps

CURVE = pd.DataFrame(
    {"day": [0.0, 4.0, 9.0, 30.0], "at_risk": [9, 9, 6, 2], "still_open": [1.0, 0.7, 0.4, 0.4]}
)


def grouped(curve, **group):
    """Return a curve with the column of its group."""
    return pd.DataFrame({**group, **curve})


def test_survival():
    """A curve has the day by which half have closed in its title, and ends where few deals are left."""
    (ax,) = charts.survival(CURVE)
    assert ax.get_title(loc="left") == "Half closed within 9 days"
    assert ax.get_xlim() == (0, pytest.approx(9.18))
    assert overlaps(ax.figure) == []


def test_slow_deals():
    """If fewer than half have closed, the title says so."""
    (ax,) = charts.survival(grouped(CURVE[:2], pipeline="Sales"))
    assert ax.get_title(loc="left") == "Sales: fewer than half have closed"


def test_none_closed():
    """If no deal has closed, the curve stays at the top for as long as the deals are open."""
    (ax,) = charts.survival(CURVE.assign(still_open=1.0))
    assert ax.get_xlim()[1] > 9


def test_few_deals():
    """A curve of few deals is drawn too; without any, a sentence says so."""
    (ax,) = charts.survival(CURVE.assign(at_risk=1))
    assert ax.get_xlim()[1] > 9
    assert repr(charts.survival(CURVE[:0])) == "No deal has a date of creation."


def test_many_groups():
    """Of many groups the twelve with the most deals are drawn, and the chart says of how many."""
    curves = [
        grouped(CURVE[:2], owner_name=f"owner {number:02}").assign(at_risk=number) for number in range(1, 15)
    ]
    panels = charts.survival(pd.concat(curves))
    assert [ax.get_title(loc="left")[:8] for ax in panels] == [
        f"owner {number:02}" for number in range(3, 15)
    ]
    assert any(
        "12 largest of 14 groups" in text.get_text().replace("\n", " ") for text in panels.figure.texts
    )


STAYS = pd.DataFrame({"pipeline": "Sales", "stage": ["Demo", "Offer"], "stays": [9, 4]})
STAYS = STAYS.assign(quarter_days=[3.0, 5.0], median_days=[7.0, None], three_quarters_days=[12.0, None])
DEALS = pd.DataFrame({"pipeline": "Sales", "stage": ["Demo", "Demo", "Offer", "Offer"], "id": range(4)})
DEALS = DEALS.assign(
    days=[20.0, 2.0, 40.0, 40.0], at_least=[False, False, True, True], too_long=[True, False] * 2
)


def test_time_in_stage():
    """A dot is an open deal, amber if it stays too long; a triangle counts those from before the history."""
    (ax,) = charts.time_in_stage(STAYS, DEALS)
    style = STYLES["light"]
    demo = [line for line in ax.lines if line.get_marker() == "o" and len(line.get_xdata())]
    assert {line.get_color(): list(line.get_xdata()) for line in demo} == {
        style.color("open"): [2.0],
        style.color("slipped"): [20.0],
    }
    assert [text.get_text() for text in ax.texts] == ["", "2 deals"]
    assert overlaps(ax.figure) == []


def test_unfinished_stays():
    """If fewer than three quarters of the stays have ended, the bar goes on to the longest stay."""
    (ax,) = charts.time_in_stage(STAYS, DEALS)
    assert [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches] == [(3, 12), (5, 40)]


def test_no_stay_ended():
    """If no deal has left its stage, a sentence says so."""
    panels = charts.time_in_stage(STAYS.assign(median_days=None), DEALS)
    assert repr(panels) == "No deal has left its stage since the history began."
