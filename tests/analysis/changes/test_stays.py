"""Stays: from when to when a deal was open in a stage."""

from __future__ import annotations

import random

import pandas as pd

from salesmate_nb.analysis._changes.stays import stays
from tests.analysis.changes.histories import any_states, day, days_of, history_of

DEMO, SIGNED = {"stage": "Demo"}, {"stage": "Signed"}
NEW = {"createdAt": "2026-06-01T18:00Z"}
WON, LOST = {"status": "Won"}, {"status": "Lost"}


CASES = [
    (
        {2: DEMO | NEW, 5: SIGNED},
        [("Demo", 1.75, 5, "moved", "open"), ("Signed", 5, 9.25, "open", "open")],
    ),
    ({1: DEMO, 5: SIGNED}, [("Demo", None, 5, "moved", "open"), ("Signed", 5, 9.25, "open", "open")]),
    ({1: DEMO}, [("Demo", None, 9.25, "open", "open")]),
    ({1: DEMO, 4: WON}, [("Demo", None, 4, "won", "won")]),
    ({1: DEMO | WON, 4: LOST}, []),
    ({1: DEMO | LOST, 4: {"status": "Open"}, 6: LOST}, [("Demo", 4, 6, "lost", "lost")]),
    ({1: DEMO, 4: {"status": "Archived"}}, [("Demo", None, 4, "gone", "gone")]),
    ({2: DEMO | NEW, 4: None}, [("Demo", 2, 3.25, "gone", "gone")]),
    ({2: DEMO, 4: SIGNED}, [("Demo", None, 4, "moved", "open"), ("Signed", 4, 9.25, "open", "open")]),
    (
        {1: DEMO, 3: None, 5: {}},
        [("Demo", None, 2.25, "gone", "open"), ("Demo", None, 9.25, "open", "open")],
    ),
    (
        {1: DEMO, 5: {"pipeline": "Renewals"}},
        [("Demo", None, 5, "moved", "open"), ("Demo", 5, 9.25, "open", "open")],
    ),
    ({1: DEMO, 2: None}, [("Demo", None, 1.25, "gone", "gone")]),
    ({1: DEMO, 4: {"dealValue": 5}}, [("Demo", None, 9.25, "open", "open")]),
    (
        {2: {"stage": None} | NEW, 4: DEMO},
        [(None, 1.75, 4, "moved", "open"), ("Demo", 4, 9.25, "open", "open")],
    ),
]


def test_stays_of_lives():
    """A stay starts with the change that led to it, if it was seen, and ends with the next one, or now."""
    states = days_of(*(life for life, _ in CASES), {9: None})
    table = stays(history_of(*states), states[-1])
    for name in ("start", "end"):  # as days of June
        table[name] = (table[name] - day(1).normalize()) / pd.Timedelta(days=1) + 1
    table = table.astype("object").where(table.notna(), None)
    columns = ["stage", "start", "end", "outcome", "final"]
    found = {number: [tuple(row) for row in rows[columns].to_numpy()] for number, rows in table.groupby("id")}
    assert [found.get(number, []) for number in range(len(CASES))] == [expected for _, expected in CASES]


def test_open_stays_are_the_open_deals():
    """Each deal that is open now has one stay that goes on, in its stage; the others have none."""
    states = any_states(random.Random(7), 5, 60)
    history = history_of(*states)
    table = stays(history, states[-1])
    pd.testing.assert_frame_equal(stays(history[::-1], states[-1]), table)  # in any order of events
    going_on = table[table["outcome"] == "open"]
    expected = states[-1][states[-1]["status"] == "Open"]
    assert len(expected) > 5
    for name in ("id", "stage", "pipeline"):
        assert list(going_on[name].astype("object")) == list(expected[name].astype("object"))
    assert set(table.loc[table["final"] == "open", "id"]) == set(expected["id"])


def test_changes_without_a_time_of_their_own():
    """A change without a time, or with one in the future, is as of the refresh that saw it."""
    states = days_of({1: DEMO, 2: SIGNED}, {1: DEMO, 2: SIGNED})
    history = history_of(*states)
    history["changed_at"] = [pd.NaT, day(30)]
    starts = stays(history, states[-1])["start"]
    assert starts[[1, 3]].tolist() == [day(2)] * 2


def test_deletion_after_a_refresh_that_found_nothing():
    """A stay of a deleted deal lasts until the last refresh that still found it, changed or not."""
    states = days_of({1: DEMO, 9: None}, {1: DEMO, 9: SIGNED})
    history = history_of(*states)
    history.attrs["salesmate"]["refreshes"] = [day(number).isoformat() for number in (1, 8)]
    assert stays(history, states[-1])["end"][0] == day(8)


def test_now_in_another_time_zone():
    """Time zones of the frames have no effect on the stays."""
    states = days_of({1: DEMO, 2: SIGNED, 5: WON})
    history, now = history_of(*states), states[-1]
    berlin = [
        frame.assign(
            **{name: frame[name].dt.tz_convert("Europe/Berlin") for name in frame.select_dtypes("datetimetz")}
        )
        for frame in (history, now)
    ]
    pd.testing.assert_frame_equal(stays(*berlin), stays(history, now))
