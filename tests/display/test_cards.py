"""Cards: what they hold, and that nothing in them is markup of somebody else."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from salesmate_nb._display.cards import card

TAGS = {"div", "span", "table", "tbody", "tr", "th", "td", "bdi", "details", "summary"}


class Reader(HTMLParser):
    """Collects the tags of a card, and the text of its cells."""

    def __init__(self):
        super().__init__()
        self.tags, self.cells = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"style", "scope", "aria-hidden"}
        if tag in {"th", "td"}:
            self.cells.append("")

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


@given(name=st.text(), value=st.text())
def test_hostile_text(name, value):
    """Whatever a name or value is, it is shown as text: no tag or attribute of its own."""
    reader = read(card(f"Connected {name}", {name: value}, folded={value: name}))
    assert reader.tags <= TAGS
    shown = "".join(reader.cells).replace("Details", "")
    assert shown == (name + value + value + name).replace("\r\n", "\n") or "\r" in name + value


def test_parts():
    """A card has a title, a mark if it is on, its lines, and more behind Details."""
    html = card("Connected", {"login": "Ann"}, is_on=True, folded={"profile": "emea"})
    assert html.index("✓") < html.index("Connected") < html.index("Ann") < html.index("<details>")
    assert html.index("<details>") < html.index("emea")
    plain = card("Settings", {})
    assert "✓" not in plain
    assert "<table" not in plain
    assert "<details" not in plain


def test_no_style_sheet():
    """Cards bring no style sheet, which GitHub and untrusted notebooks drop, and no colors of one theme."""
    html = card("Connected", {"login": "Ann"}, is_on=True)
    assert "<style" not in html
    assert html.count("background:#") == 1  # of the tick, which is white on green in both themes
    assert html.count(";color:#") == 1
