"""The deals that a sales meeting talks about: worked examples."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.analysis import in_zone, news, overdue, quiet
from tests.analysis.frames import NOW, frame_of


def before(days):
    return (NOW - pd.Timedelta(days=days)).isoformat()


def test_overdue():
    """Open deals whose close date is before today are listed, the latest first, with whole days."""
    days = [1, 9, 0, -3, None]
    deals = frame_of(
        {"status": "Open", "estimatedCloseDate": day if day is None else before(day)} for day in days
    )
    table = overdue(pd.concat([deals, deals.assign(status="Won")]), now=NOW)
    assert dict(zip(table["id"], table["days_late"], strict=True)) == {1: 9, 0: 1}
    assert list(table.columns) == [*deals.columns, "days_late"]


def test_overdue_in_a_zone():
    """Whether a day has passed is decided in the frame's time zone."""
    deals = frame_of([{"status": "Open", "estimatedCloseDate": "2026-06-30T12:00Z"}])
    assert overdue(deals, now="2026-06-30T22:30Z").empty
    assert len(overdue(in_zone(deals, "Europe/Berlin"), now="2026-06-30T22:30Z")) == 1


def test_quiet():
    """The last of creation, activity and change counts; a deal without any of them is left out."""
    records = [
        {"createdAt": before(200), "lastActivityAt": before(70), "lastModifiedAt": before(90.5)},
        {"createdAt": before(200), "lastActivityAt": before(70), "lastModifiedAt": before(59)},
        {"createdAt": before(61.5)},
        {},
    ]
    table = quiet(frame_of({"status": "Open", **record} for record in records), now=NOW)
    assert dict(zip(table["id"], table["days_quiet"], strict=True)) == {0: 70, 2: 61}


def test_news():
    """A deal that was created and won since then is in both lists; older ones are in none."""
    records = [
        {"status": "Close", "createdAt": before(2), "closedDate": before(1)},
        {"status": "Lost", "createdAt": before(30), "closedDate": before(3)},
        {"status": "Won", "createdAt": before(30), "closedDate": before(8)},
        {"status": "Open", "createdAt": None},
    ]
    table = news(frame_of(records), NOW - pd.Timedelta(days=7))
    assert list(zip(table["what"], table["id"], strict=True)) == [("new", 0), ("won", 0), ("lost", 1)]


def test_no_deals():
    """Without deals there are no rows, and all columns."""
    empty = frame_of([])
    for table in (overdue(empty), quiet(empty), news(empty, NOW)):
        assert table.empty
        assert set(empty.columns) < set(table.columns)
