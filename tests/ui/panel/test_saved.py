"""What a saved notebook keeps of a login."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from salesmate_nb._ui import texts
from salesmate_nb._ui.panel.saved import connected_card, pending_card


@pytest.mark.parametrize(
    ("user", "workspace", "expected"),
    [
        ("Ann Weber", "acme", "Connected as Ann Weber to acme"),
        ("", "acme", "Connected to acme"),
        ("", "", "Connected to acme.salesmate.io"),
    ],
)
def test_who_and_what(account, user, workspace, expected):
    """The title says who is connected to what, as far as it is known; the plain text is the title."""
    card, text = connected_card(dataclasses.replace(account.status(), user=user, workspace=workspace))
    assert text == f"{expected}."
    assert f"{expected}</div>" in card


def test_home_is_not_named(account, monkeypatch):
    """A saved notebook does not name the home folder, and with it the user's name on this computer."""
    monkeypatch.setattr(Path, "home", lambda: Path("<home>"))
    card, _ = connected_card(account.status())
    assert "~/default.json" in card
    assert "home" not in card


def test_card(account):
    """The card is HTML, escaped, with a tick, the next step and folded details."""
    card, _ = connected_card(account.status())
    assert "✓" in card
    assert "Connected as Ann &lt;Weber&gt; to acme" in card
    assert card.index("deals_df()") < card.index("<details>") < card.index("&lt;home&gt;/default.json")
    assert "<style" not in card  # frontends drop it


def test_pending():
    """Saved before the login, a notebook says what to do, by HTML and by text, without a URL."""
    card, text = pending_card("salesmate-nb-1a2b")
    assert texts.RUN_TO_LOG_IN in card
    assert text.startswith("Not logged in to Salesmate yet. Run this cell to log in.")
    assert "http" not in card + text
    assert card.count("salesmate-nb-1a2b") == 7  # hidden only beside the panel that it belongs to
