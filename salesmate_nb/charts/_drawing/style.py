"""The light and the dark style: colors, each of which means one thing in all charts, and text."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.colors import to_hex, to_rgb

from salesmate_nb.charts._drawing.glyphs import families
from salesmate_nb.errors import SalesmateError


@dataclass(frozen=True, kw_only=True)
class Style:
    """The colors of a style.

    Parameters
    ----------
    background, text, muted, line : str
        Of the figure, of titles and names, of other text, and of thin lines.
    colors : mapping of str to str
        The color of each meaning. Also people who are color-blind see a difference between any two of them.
    """

    background: str
    text: str
    muted: str
    line: str
    colors: Mapping[str, str]

    def color(self, meaning: str, strength: float = 1.0) -> str:
        """Return the color of a meaning, mixed with that of the background if it is less strong.

        Raises
        ------
        SalesmateError
            If no color has this meaning.
        """
        if meaning not in self.colors:
            raise SalesmateError(f"color={meaning!r} has no meaning. There are: {', '.join(self.colors)}.")
        pairs = zip(to_rgb(self.colors[meaning]), to_rgb(self.background), strict=True)
        red, green, blue = (strength * one + (1 - strength) * other for one, other in pairs)
        return to_hex((red, green, blue))


STYLES = {
    "light": Style(
        background="#FFFFFF",
        text="#1F2328",
        muted="#59636E",
        line="#C4CAD1",
        colors={
            "won": "#0B7A5A",
            "lost": "#C93C12",
            "open": "#939DA8",
            "new": "#4A97E6",
            "slipped": "#E0AB2E",
            "changed": "#65358F",
            "gone": "#2B3037",
        },
    ),
    "dark": Style(
        background="#15191E",
        text="#E9EDF1",
        muted="#A3ADB8",
        line="#4A535D",
        colors={
            "won": "#2FBF86",
            "lost": "#E8552B",
            "open": "#BAC3CB",
            "new": "#3F7CC9",
            "slipped": "#FFD84F",
            "changed": "#E890F0",
            "gone": "#707A85",
        },
    ),
}
_current = "light"


def use(style: str) -> None:
    """Choose the style of all charts that are drawn from now on.

    Parameters
    ----------
    style : {"light", "dark"}
        ``"light"``, the default, is for pages with a white background, ``"dark"`` for dark ones.

    Raises
    ------
    SalesmateError
        If there is no such style.

    Examples
    --------
    >>> use("dark")
    >>> use("light")
    """
    global _current  # noqa: PLW0603 - it is the setting
    if style not in STYLES:
        raise SalesmateError(f"style={style!r} is not a style of charts. Use 'light' or 'dark'.")
    _current = style


def current() -> Style:
    """Return the style that is in use."""
    return STYLES[_current]


@contextlib.contextmanager
def styled() -> Iterator[Style]:
    """Draw in the current style, whatever the user's own settings of Matplotlib are."""
    style = current()
    own: dict[Any, Any] = {
        "axes.axisbelow": True,
        "axes.edgecolor": style.line,
        "axes.facecolor": style.background,
        "axes.formatter.use_mathtext": False,
        "axes.grid": False,
        "axes.labelcolor": style.muted,
        "axes.labelsize": 9,
        "axes.spines.left": False,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlecolor": style.text,
        "axes.titlelocation": "left",
        "axes.titlepad": 6,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.unicode_minus": True,
        "figure.constrained_layout.use": True,
        "figure.constrained_layout.h_pad": 0.06,
        "figure.constrained_layout.w_pad": 0.06,
        "figure.dpi": 100,
        "figure.max_open_warning": 0,
        "figure.edgecolor": style.background,
        "figure.facecolor": style.background,
        "figure.titlesize": 12,
        "figure.titleweight": "bold",
        "font.family": list(families()),
        "font.size": 9.5,
        "grid.color": style.line,
        "grid.linewidth": 0.6,
        "legend.fontsize": 9,
        "legend.frameon": False,
        "lines.solid_capstyle": "butt",
        "patch.linewidth": 0,
        "savefig.facecolor": "auto",
        "text.color": style.text,
        "text.parse_math": False,  # a name may hold dollar signs
        "xtick.bottom": False,
        "xtick.color": style.line,
        "xtick.labelcolor": style.muted,
        "xtick.labelsize": 9,
        "ytick.color": style.line,
        "ytick.labelcolor": style.text,
        "ytick.labelsize": 9.5,
        "ytick.left": False,
    }
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(own)
        yield style
        is_interactive = mpl.is_interactive()  # the first figure of a kernel switches it on
    mpl.interactive(is_interactive)
