"""What shows itself in a notebook."""

from __future__ import annotations

import pytest

from salesmate_nb._wording.shown import Sentence


@pytest.fixture
def displayed(monkeypatch):
    """Return what is displayed, as its formats."""
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    return shown


def test_sentence(displayed):
    """A sentence is text without quotation marks, and HTML that is escaped, a line for each line."""
    Sentence("A <b> is\nopen.")._ipython_display_()
    assert displayed == [{"text/plain": "A <b> is\nopen.", "text/html": "<p>A &lt;b&gt; is<br>open.</p>"}]
    assert repr(Sentence("No deal.")) == "No deal."


def test_nothing_to_say(displayed):
    """An empty sentence shows nothing at all."""
    Sentence("")._ipython_display_()
    assert displayed == []
    assert Sentence("")._repr_html_() == ""
