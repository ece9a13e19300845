"""A history in memory: since when it knows, and which refresh a time belongs to."""

import datetime as dt

import pyarrow as pa
import pytest

from salesmate_nb._history.events import SCHEMA
from salesmate_nb._history.history import History
from salesmate_nb.errors import SalesmateError

MONDAY, TUESDAY = (dt.datetime(2026, 3, day, 6, tzinfo=dt.UTC) for day in (2, 3))


@pytest.fixture
def history():
    """Return a history of one deal, whose stage changed on Tuesday."""
    event = {"id": 1, "field": "stage", "old": "Demo", "new": "Offer", "changed_at": None, "seen_at": TUESDAY}
    return History(
        first=pa.table({"id": [1], "stage": ["Demo"]}),
        events=pa.Table.from_pylist([event], SCHEMA),
        refreshes=(MONDAY, TUESDAY),
    )


@pytest.mark.parametrize(
    ("hours", "refresh", "stage"),
    [(0, MONDAY, "Demo"), (23, MONDAY, "Demo"), (24, TUESDAY, "Offer"), (999, TUESDAY, "Offer")],
)
def test_time(history, hours, refresh, stage):
    """A time belongs to the last refresh before it, whose state it has."""
    at = MONDAY + dt.timedelta(hours=hours)
    report = history.report(at)
    assert (report["read_at"], report["as_of"]) == (refresh.isoformat(), at.isoformat())
    assert report["stale_hours"] == (at - refresh) / dt.timedelta(hours=1)
    assert history.as_of(at, history.first.schema)["stage"].to_pylist() == [stage]


def test_time_before_the_first_refresh(history):
    """Nothing is known of the time before the first state."""
    assert history.since == MONDAY
    history.check(MONDAY, "deals", "UTC")
    with pytest.raises(SalesmateError, match=r"begins on 2026-03-02 at 11:30 \(Asia/Kolkata\)"):
        history.check(MONDAY - dt.timedelta(seconds=1), "deals", "Asia/Kolkata")


@pytest.mark.parametrize(
    ("since", "expected", "refreshes"),
    [
        (None, MONDAY, [MONDAY, TUESDAY]),
        (MONDAY - dt.timedelta(days=9), MONDAY, [MONDAY, TUESDAY]),
        (TUESDAY - dt.timedelta(hours=1), TUESDAY - dt.timedelta(hours=1), [MONDAY, TUESDAY]),
        (TUESDAY, TUESDAY, [TUESDAY]),
    ],
)
def test_what_is_known(history, since, expected, refreshes):
    """Of the refreshes before a time, only the one is given whose state that time has."""
    known = {"since": expected.isoformat(), "refreshes": [each.isoformat() for each in refreshes]}
    assert history.known(since) == known
