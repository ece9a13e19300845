"""The figures of the notebooks are those of plain pandas."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from tests.notebooks import cells

pytestmark = pytest.mark.slow


def names_of(name):
    """Run a notebook on its made-up account, and return its variables."""
    return SimpleNamespace(**cells.run(name).names)


def open_of(deals):
    return deals[deals["status"] == "Open"]


def sums(deals, by):
    """Return the values of deals, added up by plain pandas."""
    return deals.groupby(by, observed=True)["deal_value"].sum()


def test_quickstart():
    """Won deals are those of the chosen pipeline, which has the most deals."""
    nb = names_of("quickstart")
    assert nb.pipeline == nb.deals["pipeline"].value_counts().idxmax()
    by_hand = nb.deals.query("status == 'Won' and pipeline == @nb.pipeline")
    assert list(nb.won["id"]) == list(by_hand["id"])
    assert len(by_hand)


def test_pipeline_review():
    """Every open deal is in one stage, owner and month; overdue, stuck and new deals are as by hand."""
    nb = names_of("pipeline_review")
    now_open = open_of(nb.deals)
    assert 0 < len(now_open) == nb.by_stage["deals"].sum() == nb.by_owner["deals"].sum()
    assert nb.months["deals"].sum() == len(now_open)
    found = nb.by_stage.set_index(["stage", "currency"])["value"]
    pd.testing.assert_series_equal(found, sums(now_open, ["stage", "currency"]), check_names=False)
    weighted = (now_open["deal_value"] * now_open["win_probability"] / 100).sum()
    assert nb.by_owner["weighted"].sum() == pytest.approx(weighted)
    first = nb.now.tz_localize(None).to_period("M").start_time.tz_localize(nb.now.tz)
    is_overdue = nb.months["period"] == "overdue"
    assert nb.months.loc[is_overdue, "deals"].sum() == (now_open["estimated_close_date"] < first).sum()
    late = now_open[now_open["estimated_close_date"] < nb.now.normalize()]
    assert set(nb.late["id"]) == set(late["id"])
    limit = nb.now - pd.Timedelta(days=60)
    last = now_open[["created_at", "last_activity_at", "last_modified_at"]].max(axis=1)
    assert set(nb.stuck["id"]) == set(now_open.loc[last <= limit, "id"])
    recent = nb.deals[nb.deals["closed_date"] >= nb.since]
    assert (nb.news["what"] == "won").sum() == (recent["status"] == "Won").sum()
    assert (nb.news["what"] == "lost").sum() == (recent["status"] == "Lost").sum()
    assert (nb.news["what"] == "new").sum() == (nb.deals["created_at"] >= nb.since).sum() > 0


def test_pipeline_movement():
    """All bars add up to the open pipeline of now, and stays, slips and wins are as by hand."""
    nb = names_of("pipeline_movement")
    signed = nb.lines["value"].where(nb.lines["line"] != "closing", -nb.lines["value"])
    assert signed.groupby(nb.lines["currency"], observed=True).sum().abs().max() < 0.01
    closing = nb.lines[nb.lines["line"] == "closing"].set_index("currency")["value"]
    by_hand = sums(open_of(nb.deals), "currency")
    pd.testing.assert_series_equal(closing[by_hand.index], by_hand, check_names=False)
    assert len(nb.moved) == nb.lines.loc[~nb.lines["line"].isin(["opening", "closing"]), "listed"].sum() > 0
    dates = [
        nb.slipped[name].dt.tz_localize(None).dt.to_period("Q")
        for name in ("planned", "estimated_close_date")
    ]
    assert (dates[0] == nb.current).all()
    assert (dates[1] > nb.current).all()
    assert len(nb.waiting) == len(open_of(nb.deals))
    assert nb.waiting["days"].between(0, (nb.now - nb.began).days + 1).all()
    won = nb.deals[nb.deals["status"].isin(["Won", "Close"])]
    month = won["closed_date"].dt.tz_localize(None).dt.to_period("M").astype("str")
    by_hand = sums(won, [month, won["currency"]])
    found = nb.accuracy.set_index(["period", "currency"])["won_value"]
    assert len(found)
    assert all(value == pytest.approx(by_hand.get(key, 0)) for key, value in found.items())


def test_win_rates():
    """Rates, steps, cohorts and sums are those of plain pandas."""
    nb = names_of("win_rates")
    assert nb.steps["deals"].iloc[0] == nb.deals["stage"].notna().sum() > 0
    assert nb.steps["deals"].is_monotonic_decreasing
    decided = nb.deals[nb.deals["status"].isin(["Won", "Close", "Lost"])]
    is_won = decided["status"] != "Lost"
    rates = nb.analysis.win_rate(nb.deals, "owner_name").dropna(subset="owner_name").set_index("owner_name")
    by_hand = is_won.groupby(decided["owner_name"], observed=True).mean()
    pd.testing.assert_series_equal(rates["rate"], by_hand[rates.index], check_names=False)
    assert nb.rates["decided"].sum() == len(decided)  # by size
    assert nb.cohorts["deals"].sum() == len(nb.deals)
    assert nb.cohorts["won"].sum() == is_won.sum()
    won = nb.won.groupby("currency", observed=True)["value"].sum()
    pd.testing.assert_series_equal(won, sums(decided[is_won], "currency"), check_names=False)
    at_half = nb.curves[nb.curves["still_open"] <= 0.5 + 1e-9]["day"].iloc[0]
    assert at_half == nb.cycles["median_days"].iloc[0]


def test_joining_contacts():
    """No deal is lost or doubled by a join, and no activity is after the decision."""
    nb = names_of("joining_contacts")
    assert len(nb.joined) == len(nb.deals)
    assert nb.joined["company_id"].notna().sum() == nb.deals["primary_company_id"].notna().sum() > 0
    assert nb.won["deal_value"].sum() == pytest.approx(
        nb.deals.loc[nb.deals["status"].isin(["Won", "Close"]), "deal_value"].sum()
    )
    assert (nb.prior["due_date"] <= nb.prior["deal_closed_date"]).all()
    assert nb.per_deal.to_numpy().sum() == len(nb.prior) > 0
    assert len(nb.per_deal) == len(nb.decided) == nb.rates["decided"].sum()
