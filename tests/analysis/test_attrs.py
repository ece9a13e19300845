"""What frames say about themselves."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmate_nb.analysis._attrs import check_whole, read_at, refreshes, since, with_since
from salesmate_nb.errors import SalesmateError


@pytest.mark.parametrize("text", ["2026-06-01T06:00:00Z", "2026-06-01T08:00:00+02:00", "2026-06-01T06:00"])
def test_times_in_attrs(text):
    """Times are in UTC, whatever their zone, and without one they are taken for UTC; others are `None`."""
    frame = pd.DataFrame()
    assert (read_at(frame), since(frame)) == (None, None)
    frame.attrs["salesmate"] = {"read_at": text}
    assert str(read_at(frame)) == "2026-06-01 06:00:00+00:00"
    assert with_since(frame, pd.DataFrame()).attrs["salesmate"] == {"since": None}


def test_refreshes():
    """A history was read when it says so, when it began, and when a refresh found one of its events."""
    history = pd.DataFrame({"seen_at": pd.to_datetime(["2026-06-03", "2026-06-02"], utc=True)})
    assert list(refreshes(history).day) == [2, 3]
    history.attrs["salesmate"] = {
        "since": "2026-06-01T00:00:00+00:00",
        "refreshes": ["2026-06-02T00:00:00+00:00", "2026-06-09T06:00:00.000001+00:00"],
    }
    assert list(refreshes(history).day) == [1, 2, 3, 9]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"field": ["stage"]}, "its field has no 'created', 'status'. Read all of it, by history_df"),
        ({"id": [1]}, "its id names only some of the deals"),
        ({"field": ["stage", "status", "created"]}, None),
        ({"id": [1, 2, 3]}, None),
        ({}, None),
    ],
)
def test_history_of_some_fields(asked, words):
    """A history without some fields or deals is an error: they would count as not changed."""
    history, now = pd.DataFrame(), pd.DataFrame({"id": [1, 2]})
    history.attrs["salesmate"] = {"filters": asked}
    if words is None:
        check_whole(history, now, ["stage", "status", "created"])
    else:
        with pytest.raises(SalesmateError, match=words):
            check_whole(history, now, ["stage", "status", "created"])
