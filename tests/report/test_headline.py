"""The headline numbers."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb import report
from salesmate_nb.analysis import in_zone

NOW = pd.Timestamp("2026-05-15T12:00Z")


def deal(status, value, closed=None, currency="EUR", probability=50.0):
    return {
        "status": status,
        "currency": currency,
        "deal_value": value,
        "win_probability": probability,
        "closed_date": closed,
    }


def frame_of(*deals):
    frame = pd.DataFrame(deals, columns=list(deal("Open", 1.0)))
    return frame.assign(
        closed_date=pd.to_datetime(frame["closed_date"], utc=True),
        estimated_close_date=NOW,
        pipeline="Sales",
        stage="Demo",
    )


DEALS = frame_of(
    deal("Open", 1000.0),
    deal("Won", 500.0, "2026-04-02"),
    deal("Close", 70.0, "2026-05-15"),
    deal("Lost", 20.0, "2026-05-01"),
    deal("Won", 300.0, "2026-02-10"),
    deal("Won", 9000.0, "2026-03-20"),  # later in the quarter before than now in this one
    deal("Open", 5.0, currency=None),
)


def figures(headline, line=0):
    return [(figure.value, figure.change) for figure in headline.lines[line][1]]


def test_without_history():
    """Won value and win rate are of the quarter until now, beside the quarter before until the same day."""
    headline = report.headline(DEALS, now=NOW)
    assert [currency for currency, _ in headline.lines] == ["EUR", "(none)"]
    assert figures(headline) == [
        ("1,000", ""),
        ("500", ""),
        ("570", "+270 against Q1 2026 by the same day"),
        ("67 % of 3", "100 % of 1 in Q1 2026 by the same day"),
    ]


def test_with_history():
    """With an earlier state, open and weighted value have their change since it was read."""
    then = frame_of(deal("Open", 1200.0), deal("Open", 7.0, currency="USD"))
    then.attrs["salesmate"] = {"read_at": "2026-05-11T06:00:00Z"}
    headline = report.headline(DEALS, then, now=NOW, currency="EUR")
    minus = "\N{MINUS SIGN}"
    assert figures(headline)[:2] == [
        ("1,000", f"{minus}200 since 11 May 2026"),
        ("500", f"{minus}100 since 11 May 2026"),
    ]


def test_nothing_decided():
    """Without a decided deal there is no win rate; nothing won before is said, not compared."""
    headline = report.headline(frame_of(deal("Open", 5.0)), now=NOW)
    assert figures(headline)[2:] == [("0", "none in Q1 2026 by the same day"), ("none decided", "")]


def test_months_of_a_zone():
    """The period is one of the zone of the dates, and of the chosen length."""
    deals = in_zone(frame_of(deal("Won", 80.0, "2026-04-30T22:30Z")), "Europe/Berlin")
    may = report.headline(deals, now=NOW, freq="M").lines[0][1][2]
    assert (may.name, may.value) == ("won in May 2026", "80")


def test_probability_of_stage():
    """A deal without a win probability takes that of its stage."""
    stages = pd.DataFrame({"pipeline": ["Sales"], "stage": ["Demo"], "win_probability": [20.0]})
    headline = report.headline(frame_of(deal("Open", 100.0, probability=None)), now=NOW, stages=stages)
    assert figures(headline)[1] == ("20", "")


@pytest.mark.parametrize("currency", [None, "CHF"])
def test_no_deals(currency):
    """Without deals, or deals in a currency, a sentence says so."""
    headline = report.headline(DEALS[:0] if currency is None else DEALS, now=NOW, currency=currency)
    assert headline._repr_html_() == f"<p>{headline}</p>" == "<p>There are no deals.</p>"


def test_html():
    """The HTML is a table with a row for each currency, and what comes from the account is escaped."""
    html = report.headline(frame_of(deal("Open", 1.0, currency="<b>")), now=NOW)._repr_html_()
    assert "<th>&lt;b&gt;</th>" in html
    assert html.count("<tr>") == 2


def test_other_status():
    """Deals with a status that the account made up, or none, are named with their value, in each line."""
    others = frame_of(deal("On hold", 40.0), deal("On hold", None), deal(None, 2.0))
    headline = report.headline(pd.concat([DEALS, others], ignore_index=True), now=NOW)
    assert figures(headline)[-1] == ("42", "On hold: 2 deals, (none): 1 deal")
    assert figures(headline, 1)[-1] == ("0", "no deal")
    assert "other status" not in str(report.headline(DEALS, now=NOW))
