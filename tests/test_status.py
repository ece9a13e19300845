"""The status of a connection, in words."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from salesmate_nb._status import Status

STATUS = Status(
    authorized=True,
    profile="default",
    who="client my-app",
    host="https://acme.salesmate.io",
    api="v4",
    expires_at=pd.Timestamp("2026-11-25 15:10", tz="UTC"),
    token_location="memory",
    calls_made=2,
    calls_left=1498,
)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "expires    2026-11-25 15:10 UTC, refreshed automatically"),
        ({"expires_at": None}, "expires    not known\n"),
        (
            {"expires_at": None, "who": "Ann Weber (Session Key)"},
            "expires    not known; Session Keys last some weeks\n",
        ),
        ({"who": "Ann Weber (Session Key)"}, "login      Ann Weber (Session Key)"),
        ({"authorized": False}, "expires    not logged in: run connect() or `salesmate-nb login`"),
        (
            {"authorized": False, "token_location": "the settings"},
            "expires    the Session Key was refused: replace it where it is set",
        ),
        ({}, "host       https://acme.salesmate.io (v4)"),
        ({}, "API calls  1,498 left this hour (2 made from this machine)"),
        ({}, "stored in  memory"),
    ],
)
def test_lines(changes, line):
    """Each fact has a line."""
    shown = repr(dataclasses.replace(STATUS, **changes))
    assert f"\n  {line}" in shown
    state = "not logged in" if changes.get("authorized") is False else "connected"
    assert shown.startswith(f"Salesmate: {state}")


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "Connected to Salesmate"),
        ({"is_untried": True}, "Session Key not tried yet"),
        ({"authorized": False}, "Not logged in to Salesmate"),
    ],
)
def test_card(changes, state):
    """In a notebook it is a card with the same lines; names are shown as text."""
    status = dataclasses.replace(STATUS, who="<b>Ann</b> (client my-app)", **changes)
    html = status._repr_html_()
    assert state in html
    assert "&lt;b&gt;Ann&lt;/b&gt; (client my-app)" in html
    assert "<b>" not in html
    assert all(f">{name}</th>" in html for name in status.lines())


def test_server():
    """What is known of the server stands below, by resource; a long line goes on under its beginning."""
    known = "read by offsets, learned today; not supported: " + " / ".join(["ranges, two rules"] * 4)
    shown = repr(dataclasses.replace(STATUS, server={"activities": known})).splitlines()
    assert shown[-2].startswith("  activities read by offsets, learned today; not supported: ranges")
    assert shown[-1].startswith(" " * 13)
    assert max(map(len, shown)) <= 100
