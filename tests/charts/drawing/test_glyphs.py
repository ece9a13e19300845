"""Characters that no font has."""

from __future__ import annotations

from salesmate_nb.charts._drawing.glyphs import drawable, families


def test_families():
    """Matplotlib's own font comes first; all others are installed."""
    from matplotlib import font_manager

    assert families()[0] == "DejaVu Sans"
    assert set(families()) <= {font.name for font in font_manager.fontManager.ttflist}


def test_drawable():
    """Names of many alphabets stay; a character that no font has is a square; lines stay lines."""
    assert drawable("Łódź\nשנה") == "Łódź\nשנה"
    assert drawable("\U0010fffdA") == "□A"


def test_joiners(monkeypatch):
    """A joiner that no font has leaves nothing behind."""
    monkeypatch.setattr("salesmate_nb.charts._drawing.glyphs._characters", lambda: frozenset(map(ord, "ab")))
    assert drawable("a\u200db") == "ab"
