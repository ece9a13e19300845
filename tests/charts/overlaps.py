"""Texts of a figure that lie on each other, or outside of it."""

from __future__ import annotations

from itertools import combinations
from unittest import mock

from matplotlib.text import Text

_SLACK = 0.5  # pixels


def overlaps(figure):
    """Return a line for each pair of texts whose boxes intersect, and for each text outside the figure."""
    boxes = list(_drawn(figure))
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


def _drawn(figure):
    """Draw a figure, and yield its texts with their boxes in pixels."""
    boxes = []

    def note(text, renderer):
        if text.get_visible() and text.get_text().strip():
            boxes.append((text.get_text(), Text.get_window_extent(text, renderer)))

    with mock.patch.object(Text, "draw", note):
        figure.canvas.draw()
    return boxes
