"""Texts of a figure that lie on each other, or outside of it."""

from __future__ import annotations

from itertools import combinations

from matplotlib.figure import Figure
from matplotlib.text import Text

_SLACK = 0.5  # pixels


def overlaps(figure: Figure) -> list[str]:
    """Return a line for each pair of texts whose boxes intersect, and for each text outside the figure."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    shown = [text for text in figure.findobj(Text) if text.get_text().strip() and _is_drawn(text)]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in shown]
    page = figure.bbox
    outside = [
        f"{text!r} is outside the figure"
        for text, box in boxes
        if min(box.x0, box.y0) < -_SLACK or box.x1 > page.x1 + _SLACK or box.y1 > page.y1 + _SLACK
    ]
    pairs = [
        f"{one!r} lies on {other!r}"
        for (one, first), (other, second) in combinations(boxes, 2)
        if min(first.x1, second.x1) - max(first.x0, second.x0) > _SLACK
        and min(first.y1, second.y1) - max(first.y0, second.y0) > _SLACK
    ]
    return outside + pairs


def _is_drawn(text: Text) -> bool:
    """Return whether a text is part of the picture: labels of ticks outside the limits of an axis are not."""
    axes = text.axes
    if not text.get_visible() or (axes is not None and not axes.get_visible()):
        return False
    if axes is None:
        return True
    ticks = {id(label): axis for axis in (axes.xaxis, axes.yaxis) for label in axis.get_ticklabels()}
    drawn = {id(label) for axis in (axes.xaxis, axes.yaxis) for tick in axis._update_ticks() for label in (tick.label1, tick.label2) if label.get_visible()}
    return id(text) in drawn or not _is_tick(text, axes)


def _is_tick(text: Text, axes) -> bool:
    return any(text in (tick.label1, tick.label2) for axis in (axes.xaxis, axes.yaxis) for tick in [*axis.majorTicks, *axis.minorTicks])
