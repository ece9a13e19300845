"""The day of the last sales meeting, and the deals that the next one talks about: worked examples."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.analysis import in_zone, last_meeting, news, overdue, quiet
from salesmate_nb.errors import SalesmateError
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


def test_news_until():
    """What was created or closed after a time is left out."""
    records = [{"status": "Won", "createdAt": before(2), "closedDate": before(1)}]
    table = news(frame_of(records), NOW - pd.Timedelta(days=7), now=NOW - pd.Timedelta(days=1.5))
    assert list(table["what"]) == ["new"]


@pytest.mark.parametrize(
    ("since", "expected"),
    [(None, "2026-11-16"), ("2026-10-05", "2026-10-05"), ("2026-10-05T22:30Z", "2026-10-06")],
)
def test_last_meeting(since, expected):
    """It is the start of the day that is given, or of the Monday before today."""
    monday = pd.Timestamp("2026-11-23T08:00", tz="Europe/Berlin")
    assert last_meeting(monday, since) == pd.Timestamp(expected, tz="Europe/Berlin")


@pytest.mark.parametrize("since", ["2027-06-01", "01/02/2026", "last week"])
def test_last_meeting_refused(since):
    """A day after the read, or one that could mean two days, is refused."""
    with pytest.raises(SalesmateError, match=f"^since='{since}' is"):
        last_meeting(NOW, since)


def test_no_deals():
    """Without deals there are no rows, and all columns."""
    empty = frame_of([])
    for table in (overdue(empty), quiet(empty), news(empty, NOW)):
        assert table.empty
        assert set(empty.columns) < set(table.columns)
