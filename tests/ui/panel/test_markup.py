"""Pieces of HTML: escaped, announced, and safe to open."""

from __future__ import annotations

from salesmate_nb._ui.panel import markup


def test_text_is_escaped():
    """Text from servers and settings cannot become HTML."""
    pieces = [
        markup.title("<x>"),
        markup.status("<x>"),
        markup.alert("<x>"),
        markup.caution("<x>"),
        markup.link("https://h/'\"<x>", "<x>"),
    ]
    assert "<x>" not in "".join(pieces)


def test_nothing_for_nothing():
    """Without text there is no empty box."""
    assert [markup.alert(""), markup.caution(""), markup.paragraph(""), markup.card("")] == [""] * 4


def test_roles():
    """Screen readers announce states politely and errors at once."""
    assert 'role="status"' in markup.status("x")
    assert 'role="alert"' in markup.alert("x")
