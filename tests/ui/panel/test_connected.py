"""The card that a saved notebook keeps of a login."""

from __future__ import annotations

import dataclasses

import pytest

from salesmate_nb._ui.panel.connected import connected_bundle, connected_text


@pytest.mark.parametrize(
    ("user", "workspace", "expected"),
    [
        ("Ann Weber", "acme", "Connected as Ann Weber to acme"),
        ("", "acme", "Connected to acme"),
        ("", "", "Connected to acme.salesmate.io"),
    ],
)
def test_text(account, user, workspace, expected):
    """The first line says who is connected to what, as far as it is known."""
    status = dataclasses.replace(account.status(), user=user, workspace=workspace)
    assert connected_text(status) == expected


def test_bundle(account):
    """The card is HTML, escaped, with a next step and folded details; a plain text says the same."""
    bundle = connected_bundle(account.status())
    card = bundle["text/html"]
    assert "Connected as Ann &lt;Weber&gt; to acme" in card
    assert "deals_df()" in card
    assert card.index("<details>") < card.index("&lt;home&gt;/default.json")
    assert bundle["text/plain"] == "Connected as Ann <Weber> to acme."
