"""Bars for names: from tables of the analysis, and from deals."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb import analysis, charts
from salesmate_nb.errors import SalesmateError
from tests.charts.overlaps import overlaps

DEALS = pd.DataFrame(
    {
        "owner_name": ["Ann", "Ann", "Bo", None],
        "pipeline": ["Sales", "Renewals", "Sales", "Sales"],
        "stage": pd.Categorical(["Demo", "Offer", "Demo", "Offer"], ["Demo", "Offer"]),
        "status": "Open",
        "currency": ["EUR", "EUR", "USD", "EUR"],
        "deal_value": [100.0, 50.0, None, 70.0],
        "win_probability": [50.0, 10.0, 20.0, None],
        "created_at": pd.Timestamp("2026-06-01", tz="UTC"),
    }
)
NOW = pd.Timestamp("2026-06-30", tz="UTC")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_bars_of_deals():
    """Deals of one owner are added up, in each currency apart; a missing owner is (none)."""
    eur, usd = charts.bars(DEALS, "owner_name", "deal_value", now=NOW)
    assert names(eur) == ["Ann", "Bo", "(none)"]
    assert (texts(eur), texts(usd)) == (["150 (2)", "", "70 (1)"], ["", "no value (1)", ""])
    assert eur.figure.get_suptitle() == "Value by owner, as of 30 June 2026"
    assert overlaps(eur.figure) == []


def test_bars_of_counts():
    """Deals are counted over all currencies, in one panel."""
    (ax,) = charts.bars(DEALS, "owner_name", "deals")
    assert (names(ax), texts(ax)) == (["Ann", "Bo", "(none)"], ["2", "1", "1"])


def test_meaning():
    """A bar has the color of what it means, and there is no other color."""
    (ax,) = charts.bars(DEALS, "owner_name", "deals", color="slipped")
    assert {bar.get_facecolor()[:3] for bar in ax.patches} == {(0xE0 / 255, 0xAB / 255, 0x2E / 255)}
    with pytest.raises(SalesmateError, match="color='yellow' has no meaning"):
        charts.bars(DEALS, "owner_name", "deals", color="yellow")


def test_stages():
    """Stages are in their order, in panels for each pipeline; the weighted value is inside the open one."""
    table = analysis.pipeline(DEALS[DEALS["currency"] == "EUR"], ["pipeline", "stage"], now=NOW)
    renewals, sales = charts.pipeline(table)
    assert (names(renewals), names(sales)) == (["Offer"], ["Demo", "Offer"])
    assert [bar.get_width() for bar in sales.patches] == [100, 70, 50, 0]
    assert [renewals.get_title(loc="left"), sales.get_title(loc="left")] == ["Renewals\nEUR", "Sales\nEUR"]


def test_no_values():
    """If no deal has a value, bars are sorted by numbers of deals, and the pipeline is drawn as these."""
    deals = DEALS.assign(deal_value=None, currency="EUR", owner_name=["Ann", "Bo", "Bo", "Bo"])
    (ax,) = charts.bars(deals, "owner_name", "deal_value")
    assert (names(ax), texts(ax)) == (["Bo", "Ann"], ["no value (3)", "no value (1)"])
    (ax,) = charts.pipeline(analysis.pipeline(deals, "owner_name", now=NOW), "owner_name", now=NOW)
    assert (names(ax), texts(ax)) == (["Bo", "Ann"], ["3", "1"])
    assert ax.figure.get_suptitle() == "Open pipeline by owner, as of 30 June 2026: no deal has a value"


def test_negative_value():
    """A negative value has a bar to the left, and its number inside the panel."""
    (ax,) = charts.bars(
        DEALS.assign(currency="EUR", deal_value=[-5e6, 9.0, 1.0, 1.0]), "owner_name", "deal_value"
    )
    assert ax.get_xlim()[0] == pytest.approx(-5e6, rel=0.1)
    assert overlaps(ax.figure) == []


@pytest.mark.parametrize("draw", [charts.bars, charts.pipeline])
def test_empty(draw):
    """Without rows a sentence says so."""
    table = analysis.pipeline(DEALS[:0], "owner_name", now=NOW)
    assert repr(draw(table, "owner_name", empty="No deal is open.")) == "No deal is open."


def test_missing_column():
    """The error says which column is missing."""
    with pytest.raises(SalesmateError, match="no column 'region'"):
        charts.bars(DEALS, "region", "deal_value")
