"""Fonts for the names of all the world: those that are installed, and which characters they can draw."""

from __future__ import annotations

from functools import cache

from matplotlib import font_manager

_FIRST = "DejaVu Sans"  # comes with Matplotlib, and draws Latin, Greek, Cyrillic, Hebrew and Arabic
_OTHERS = (
    "Noto Sans",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Tamil",
    "Noto Sans Thai",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Noto Sans SC",
    "Noto Emoji",
    "Noto Sans Symbols",
    "Noto Sans Symbols2",
    "Segoe UI",
    "Segoe UI Symbol",
    "Segoe UI Emoji",
    "Nirmala UI",
    "Leelawadee UI",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Arial Unicode MS",
    "Hiragino Sans",
    "PingFang SC",
    "Apple SD Gothic Neo",
    "Apple Symbols",
    "WenQuanYi Zen Hei",
)
_REPLACEMENT = "\N{WHITE SQUARE}"
_JOINERS = "\u200c\u200d"  # without the glyphs that they join, they mean nothing


@cache
def families() -> tuple[str, ...]:
    """Return the font families to draw with, in order: Matplotlib's own, and those of this computer."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return (_FIRST, *(name for name in _OTHERS if name in installed))


def drawable(text: str) -> str:
    r"""Return text without characters that no font can draw: each is a white square.

    Matplotlib would warn of each of them.

    Examples
    --------
    >>> drawable("Łódź, שלום"), drawable("a\U0010ffffb")
    ('Łódź, שלום', 'a□b')
    """
    known = _characters()
    return "".join(
        each if ord(each) in known or each == "\n" else "" if each in _JOINERS else _REPLACEMENT
        for each in text
    )


@cache
def _characters() -> frozenset[int]:
    """Return the characters that the fonts have."""
    found: set[int] = set()
    for family in families():
        path = font_manager.findfont(font_manager.FontProperties(family=family))
        found.update(font_manager.get_font(path).get_charmap())
    return frozenset(found)
