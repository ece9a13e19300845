"""Columns of periods: their names below, and their numbers above them or else on the axis."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from salesmate_nb._wording.numbers import Unit, period_noun
from salesmate_nb.charts._drawing.calendar import Calendar, tick_names
from salesmate_nb.charts._drawing.glyphs import drawable
from salesmate_nb.charts._drawing.panels import WIDTH
from salesmate_nb.charts._drawing.style import current

APART = 0.27  # columns of the same period
_SIZE = 8.5  # points, of numbers
_NAME_PAD = 13  # points, from the axis to the foot of the names below
_LETTER = 5.6  # points, of a digit with some space


def finish_columns(
    ax: Axes, calendar: Calendar, unit: Unit, labels: dict[float, tuple[pd.Series, list[str]]]
) -> None:
    """Name the columns and their unit, and write their numbers above them, or else on the axis."""
    name_columns(ax, calendar)
    ax.set_title(drawable(unit.name))
    lines = max(text.count("\n") + 1 for _, texts in labels.values() for text in texts)
    if number_columns(ax, labels, max(len(calendar.names), 4) * (1 if len(labels) == 1 else 1 / APART)):
        ax.margins(y=0.05 + 0.12 * lines)
        low, high = ax.get_ylim()
        ax.set_ylim(low, max(high, 0.15 * lines * (high - low)))  # also if all columns are below 0
        ax.set_yticks([])
    else:
        ax.yaxis.set_major_locator(MaxNLocator(4))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: unit.text(value)))
        ax.tick_params(axis="y", labelcolor=current().muted)
        ax.grid(axis="y")


def name_columns(ax: Axes, calendar: Calendar) -> None:
    """Write the name of each period below its column, and the year below the first one of a year."""
    names, years = tick_names(calendar.names)
    is_long = calendar.noun == "week"  # every other has room for its name
    places = [
        place
        for place, name in enumerate(calendar.names)
        if not is_long or not period_noun(name) or (len(names) - place) % 2 == 1
    ]
    ax.set_xticks(places, [names[place] for place in places])
    ax.set_xticks([place for place, year in enumerate(years) if year], list(filter(None, years)), minor=True)
    ax.xaxis.remove_overlapping_locs = False  # a year is below its first period
    ax.tick_params(axis="x", pad=_NAME_PAD)
    ax.tick_params(axis="x", which="minor", pad=_NAME_PAD + 12, bottom=False, labelsize=9)
    for label in [*ax.get_xticklabels(), *ax.get_xticklabels(minor=True)]:
        label.set_verticalalignment("baseline")  # the same height, whatever letters it has
    ax.set_xlim(-0.6, max(len(names), 4) - 0.4)


def number_columns(ax: Axes, labels: dict[float, tuple[pd.Series, list[str]]], columns: float) -> bool:
    """Write the numbers above the columns if there is room for the longest, and return whether."""
    lines = [line for _, texts in labels.values() for text in texts for line in text.split("\n")]
    if max(map(len, lines)) * _LETTER > (WIDTH - 0.6) * 72 / columns:
        return False
    for shift, (heights, texts) in labels.items():
        for place, (height, text) in enumerate(zip(heights, texts, strict=True)):
            ax.annotate(
                text,
                (place + shift, max(height, 0)),
                (0, 2),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=_SIZE,
                in_layout=False,
            )
    return True
