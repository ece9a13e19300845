"""Rows with a name each: bars from the left, each with its number at its end."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.text import Annotation

from salesmate_nb.charts._drawing.glyphs import drawable

BAR = 0.64  # of the height of a row
_HEIGHT = 0.28  # inches, of a row
_GAP = 4.0
_SIZE = 9  # points, of numbers
_MARK = "the number of a row"


def height_of(rows: int) -> float:
    """Return the height in inches of a panel with this number of rows."""
    return _HEIGHT * max(rows, 2) + 0.1


def name_rows(ax: Axes, names: Sequence[str], *, shown: bool = True) -> None:
    """Give each row its name, the first on top."""
    ax.set_yticks(range(len(names)), [drawable(name) for name in names])
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.tick_params(axis="y", labelleft=shown)
    ax.spines.bottom.set_visible(False)


def number_rows(
    ax: Axes, ends: Sequence[float], texts: Sequence[str], *, gap: float = _GAP, start: float = 0.0
) -> None:
    """Write a text at the end of each row, with a gap in points before it; the axis begins at `start`."""
    ax.set_xlim(left=start)
    for place, (end, text) in enumerate(zip(ends, texts, strict=True)):
        ax.annotate(
            text,
            (end, place),
            (gap, 0),
            textcoords="offset points",
            va="center",
            fontsize=_SIZE,
            bbox={"facecolor": ax.get_facecolor(), "linewidth": 0, "pad": 1},  # hides the lines behind it
            in_layout=False,
            gid=_MARK,
        )


def fit_numbers(axes: Sequence[Axes], *, same_scale: bool = False) -> None:
    """Choose the limits of the x-axes so that each number ends within its panel."""
    for ax in axes:
        _fit(ax)
    if same_scale:
        reach = max(ax.get_xlim()[1] for ax in axes)
        for ax in axes:
            ax.set_xlim(right=reach)


def _fit(ax: Axes) -> None:
    notes = [each for each in ax.texts if isinstance(each, Annotation) and each.get_gid() == _MARK]
    if not notes:
        return
    start = ax.get_xlim()[0]
    width = ax.get_window_extent().width
    points = ax.figure.dpi / 72
    reach = max(ax.dataLim.x1 - start, 0.0)
    for note in notes:
        rest = width - note.get_window_extent().width - (note.xyann[0] + 2) * points
        reach = max(reach, (note.xy[0] - start) * width / max(rest, width / 5))
    ax.set_xlim(start, start + (reach or 1.0))
