"""Panels: the Axes of one chart, and what a notebook shows of them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from matplotlib.text import Text

from salesmate_nb._wording.names import name_of
from salesmate_nb._wording.numbers import day
from salesmate_nb._wording.shown import Sentence
from salesmate_nb.charts._drawing.glyphs import drawable
from salesmate_nb.charts._drawing.rows import fit_numbers
from salesmate_nb.charts._drawing.style import current

WIDTH = 9.0  # inches, of every figure
_TITLE_LETTERS, _SUBTITLE_LETTERS = 84, 118  # on one line
_AROUND = 0.62  # inches: the title of a panel, its labels and the space in between
_INLINE = {"inline", "module://matplotlib_inline.backend_inline"}


class Panels(list[Axes]):
    """The panels of a chart: a list of Axes, which is empty if there is nothing to draw.

    As the last line of a cell, a notebook shows the picture, or a sentence if there is none.

    Parameters
    ----------
    axes : sequence of matplotlib.axes.Axes
        A panel for each pipeline, currency or group.
    text : str
        The title of the chart, or why there is none.

    Examples
    --------
    >>> Panels([], "No deal is open.")
    No deal is open.
    """

    def __init__(self, axes: Iterable[Axes], text: str) -> None:
        super().__init__(axes)
        self.text = Sentence(text)

    @property
    def figure(self) -> Figure | None:
        """The figure of the panels, or ``None`` if there are none."""
        figure = self[0].figure if self else None
        return figure if isinstance(figure, Figure) else None

    def __repr__(self) -> str:
        return str(self.text)

    def _repr_html_(self) -> str | None:
        return None if self else self.text._repr_html_()

    def _ipython_display_(self) -> None:
        from IPython.core.formatters import format_display_data  # noqa: PLC0415 - only notebooks ask
        from IPython.display import display  # noqa: PLC0415

        figure = self.figure
        if figure is None:
            self.text._ipython_display_()
        elif mpl.get_backend() in _INLINE:
            text = str(self.text)
            data, metadata = format_display_data(figure)
            metadata["image/png"] = {**metadata.get("image/png", {}), "alt": text}  # for screen readers
            display(data | {"text/plain": text}, metadata=metadata, raw=True)
            plt.close(figure)  # or it would be shown again at the end of the cell


def nothing(text: str) -> Panels:
    """Return no panel, but a sentence that says why."""
    return Panels([], text)


def subject(title: str, now: pd.Timestamp | None) -> str:
    """Return a title with the date of its data."""
    return title if now is None else f"{title}, as of {day(now)}"


def figure_of(
    title: str,
    subtitle: str,
    heights: Sequence[float],
    columns: int = 1,
    *,
    handles: Sequence[Artist] = (),
    share_names: bool = False,
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure with rows of panels, as high as they need to be.

    Parameters
    ----------
    title, subtitle : str
        What the chart is about, and in which units; above all panels, wrapped if they are long.
    heights : sequence of float
        The height of each row of panels in inches, without titles and labels.
    columns : int
        The number of panels in a row.
    handles : sequence of matplotlib.artist.Artist
        What the legend between title and panels explains.
    share_names : bool
        Whether the panels of a row have the same names on their y-axis.
    """
    style = current()
    titles, subtitles = (
        textwrap.wrap(drawable(text), letters)
        for text, letters in ((title, _TITLE_LETTERS), (subtitle, _SUBTITLE_LETTERS))
    )
    legend = _legend_rows(handles)
    head = 0.12 + 0.23 * len(titles) + 0.19 * len(subtitles) + 0.22 * len(legend) + 0.08
    height = head + sum(heights) + _AROUND * len(heights)
    figure = plt.figure(figsize=(WIDTH, height))
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - head / height))
    left, top = 0.1 / WIDTH, 0.12
    figure.suptitle("\n".join(titles), x=left, y=1 - top / height, ha="left", va="top", linespacing=1.25)
    top += 0.23 * len(titles)
    figure.text(
        left,
        1 - top / height,
        "\n".join(subtitles),
        va="top",
        fontsize=9,
        color=style.muted,
        linespacing=1.25,
    )
    top += 0.19 * len(subtitles)
    for line in legend:
        figure.add_artist(
            Legend(
                figure,
                line,
                [drawable(str(handle.get_label())) for handle in line],
                loc="upper left",
                bbox_to_anchor=(0.06 / WIDTH, 1 - top / height),
                bbox_transform=figure.transFigure,
                ncols=len(line),
                borderaxespad=0,
                handlelength=1.1,
                handletextpad=0.5,
                columnspacing=1.4,
            )
        )
        top += 0.22
    grid = figure.subplots(
        len(heights),
        columns,
        squeeze=False,
        height_ratios=list(heights),
        sharey="row" if share_names else False,
    )
    return figure, [list(row) for row in grid]


def _legend_rows(handles: Sequence[Artist]) -> list[list[Artist]]:
    """Return what stands in each line of a legend, so that no line is too long."""
    rows: list[list[Artist]] = []
    letters = 0
    for handle in handles:
        letters += len(str(handle.get_label())) + 6
        if not rows or letters > _SUBTITLE_LETTERS:
            rows.append([])
            letters = len(str(handle.get_label())) + 6
        rows[-1].append(handle)
    return rows


def patch(color: str, label: str) -> Artist:
    """Return the entry of a legend for bars of a color."""
    return Patch(color=color, label=label)


def finish(figure: Figure, axes: Sequence[Axes], *, same_scale: bool = False) -> Panels:
    """Make room for the numbers of rows, and return the panels."""
    figure.draw_without_rendering()  # makes all ticks, in the style in use, and measures all texts
    for ax in axes:
        _fit_title(ax)
    fit_numbers(axes, same_scale=same_scale)
    return Panels(axes, figure.get_suptitle().replace("\n", " "))


def _fit_title(ax: Axes) -> None:
    """Shorten the first line of a title that has no room: as wide as its panel, or as the figure if alone."""
    box, spec = ax.get_window_extent(), ax.get_subplotspec()
    is_alone = spec is None or spec.get_geometry()[1] == 1
    room = (ax.figure.bbox.x1 if is_alone else box.x1) - box.x0
    title = next(text for text in ax.findobj(Text) if text.get_text() == ax.get_title(loc="left"))
    first, *rest = title.get_text().split("\n")
    width = title.get_window_extent().width
    while width > room and len(first) > 1:
        first = name_of(first.rstrip("…"), max(int(len(first) * room / width) - 1, 1))
        title.set_text("\n".join([first, *rest]))
        width = title.get_window_extent().width
