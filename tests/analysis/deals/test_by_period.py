"""Deals by period: what became of them, and what was won."""

from __future__ import annotations

import pytest

from salesmate_nb.analysis import cohorts, in_zone, won_value
from tests.analysis.frames import frame_of

DEALS = frame_of(
    [
        {
            "status": "Won",
            "createdAt": "2026-05-31T22:30Z",
            "closedDate": "2026-06-30T22:30Z",
            "dealValue": 70,
        },
        {
            "status": "Close",
            "createdAt": "2026-05-02T10:00Z",
            "closedDate": "2026-05-09T10:00Z",
            "currency": "EUR",
        },
        {
            "status": "Lost",
            "createdAt": "2026-05-02T10:00Z",
            "closedDate": "2026-05-09T10:00Z",
            "dealValue": 9,
        },
        {"status": "Archived", "createdAt": "2026-05-02T10:00Z"},
        {"status": "Open"},
    ]
)


def test_cohorts():
    """Each deal counts once, by when it was created; other statuses, and no date, are counted apart."""
    table = cohorts(DEALS)
    counts = table.set_index("period")[["deals", "won", "lost", "open", "other"]]
    assert counts.T.to_dict("list") == {"2026-05": [4, 2, 1, 0, 1], "undated": [1, 0, 0, 1, 0]}
    assert table["period"].dtype.ordered


def test_periods_of_a_zone():
    """Periods are those of the zone of the dates."""
    table = cohorts(in_zone(DEALS, "Europe/Berlin"))
    assert list(table["period"]) == ["2026-05", "2026-06", "undated"]


@pytest.mark.parametrize(("freq", "expected"), [("Q", ["2026Q2"]), ("Y", ["2026"])])
def test_longer_periods(freq, expected):
    """Periods have the length that was asked for."""
    assert list(won_value(DEALS[:2], freq=freq)["period"].unique()) == expected


def test_won_value():
    """Values are summed up by currency, or without one; missing values are counted."""
    table = won_value(DEALS)
    rows = [(row.period, row.deals, row.without_value, row.value) for row in table.itertuples()]
    assert rows == [("2026-05", 1, 1, 0.0), ("2026-06", 1, 0, 70.0)]
    assert table["currency"].isna().tolist() == [False, True]


def test_empty():
    """Without deals there are no rows, but all columns."""
    assert list(cohorts(DEALS[:0]).columns) == ["period", "deals", "won", "lost", "open", "other"]
    assert list(won_value(DEALS[:0]).columns) == ["period", "currency", "deals", "without_value", "value"]


def test_real_periods(real):
    """The real deals by month: the sums equal those of plain pandas."""
    table = cohorts(real)
    assert (table["deals"].sum(), table["won"].sum(), table["lost"].sum()) == (8800, 4238, 2473)
    won = real[real["status"] == "Won"]
    by_hand = won["deal_value"].groupby(won["closed_date"].dt.tz_localize(None).dt.to_period("M")).sum()
    found = won_value(real).groupby("period", observed=True)["value"].sum()
    assert dict(zip(found.index, found, strict=True)) == dict(
        zip(by_hand.index.astype("str"), by_hand, strict=True)
    )
