"""Prepare a kernel, so that what a notebook shows depends on nothing but its code.

Each picture gets a hash of what it shows, which no font and no machine changes.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any

from IPython import get_ipython
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import Collection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.spines import Spine
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter

from salesmate_nb.sandbox._crm.clock import AccountClock

DPI = 100  # of the saved PNG: its pixels are those of the page


def data_of(figure: Figure) -> list[Any]:
    """Return the texts, shapes and colors of a figure, in their own units, to six digits.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Any figure. What its layout decides, such as the ticks of a numeric axis, is left out: it depends on
        the fonts.

    Examples
    --------
    >>> figure = Figure()
    >>> bar = figure.subplots().bar(["a"], [2])
    >>> len(data_of(figure)[1])
    2
    """
    legends = [[text.get_text() for text in legend.get_texts()] for legend in figure.legends]
    texts = [text.get_text() for text in (*figure.texts, *([figure._suptitle] if figure._suptitle else []))]  # noqa: SLF001
    return [texts, *legends, *(list(_axes(ax)) for ax in figure.axes)]


def digest(figure: Figure) -> str:
    """Return the SHA-256 of :func:`data_of` a figure."""
    return hashlib.sha256(json.dumps(data_of(figure)).encode()).hexdigest()


def png(figure: Figure) -> tuple[bytes, dict[str, Any]]:
    """Return a figure as PNG, and the metadata by which a saved notebook is compared with its code."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue(), {"data_sha256": digest(figure)}


def prepare() -> None:
    """Show every figure of this kernel by :func:`png`, and stop the time of sandboxes between their days.

    Their time would go on while the notebook runs, and no two runs would find the same ages of deals.
    """
    real = AccountClock.now
    AccountClock.now = lambda clock: real(clock) if clock._started is None else clock.passed  # noqa: SLF001
    get_ipython().run_line_magic("matplotlib", "inline")  # or the first figure would replace what follows
    formatter = get_ipython().display_formatter.formatters["image/png"]
    formatter.for_type(Figure, png)


def _axes(ax: Axes) -> Iterator[Any]:
    yield [ax.get_title(loc) for loc in ("left", "center", "right")]
    yield from (_axis(axis) for axis in (ax.xaxis, ax.yaxis))
    if legend := ax.get_legend():
        yield [text.get_text() for text in legend.get_texts()]
    artists = [each for each in ax.get_children() if each.get_visible() and not isinstance(each, Spine)]
    yield from map(_artist, artists)


def _axis(axis: Axis) -> list[Any]:
    formatter = axis.get_major_formatter()
    return [axis.get_label_text(), list(formatter.seq) if isinstance(formatter, FixedFormatter) else []]


def _artist(artist: Artist) -> list[Any]:
    if isinstance(artist, Text):
        return [artist.get_text()]
    if isinstance(artist, Line2D):
        return [_numbers(artist.get_xydata()), _color(artist.get_color())]
    if isinstance(artist, Patch):
        path = artist.get_path().transformed(artist.get_patch_transform())
        return [_numbers(path.vertices), _color(artist.get_facecolor())]
    if isinstance(artist, Collection):
        paths = [_numbers(path.vertices) for path in artist.get_paths()]
        return [_numbers(artist.get_offsets()), paths, [_color(color) for color in artist.get_facecolors()]]
    return []


def _numbers(points: Any) -> list[list[str]]:
    return [[f"{number:.6g}" for number in point] for point in points]


def _color(color: Any) -> str:
    return to_hex(color, keep_alpha=True)
