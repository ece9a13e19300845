"""The card of a sandbox, which imports nothing of the package."""

from __future__ import annotations

import pytest

from salesmate_nb._display import cards
from salesmate_nb.sandbox._http.card import card


@pytest.mark.parametrize("is_on", [True, False])
def test_same_card(is_on):
    """It is the same as the package's own cards."""
    facts = {"address": "http://127.0.0.1:1", "<b>&\"'": "<script>", "deals": 3}
    assert card("Sandbox & more", facts, is_on=is_on) == cards.card("Sandbox & more", facts, is_on=is_on)
