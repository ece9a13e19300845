"""Panels of bars: a row of panels for each group, and in it one for each currency, with the same names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from salesmate_nb._wording.names import words_of
from salesmate_nb._wording.numbers import Unit, number
from salesmate_nb._wording.ranking import distinct, places_of
from salesmate_nb.charts._drawing.glyphs import drawable
from salesmate_nb.charts._drawing.panels import Panels, figure_of, finish, patch
from salesmate_nb.charts._drawing.rows import BAR, height_of, name_rows, number_rows
from salesmate_nb.charts._drawing.style import styled

_IN_A_ROW = 3  # panels
_LETTERS = 66  # of the titles of the panels in a row


@dataclass(frozen=True, kw_only=True)
class Part:
    """A column that is drawn as bars, one behind the other, in a color that the label explains."""

    column: str
    color: str
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A row of panels: the sums of each place, for each currency."""

    name: str
    names: list[str]
    sums: list[tuple[str, pd.DataFrame]]


def bar_panels(rows: pd.DataFrame, by: str, parts: Sequence[Part], heading: str, limit: int) -> Panels:
    """Return panels of bars.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``panel``, ``currency``, ``name``, ``deals``, ``without_value``, and the columns of `parts`.
    by : str
        What the names are.
    parts : sequence of Part
        What is drawn. The first has its number at the end of the bar.
    heading : str
        The title of the chart.
    limit : int
        How many names have a bar of their own.
    """
    plan = _plan(rows, by, parts, limit)
    columns = max(len(row.sums) for row in plan)
    is_alone = len(plan) == columns == 1
    value = parts[0].column
    units = [_unit(row.sums[0][1][value], row.sums[0][0], value) for row in plan[:1]]
    notes = [units[0].name] if is_alone else []
    notes += [] if value == "deals" else ["number of deals in brackets"]
    with styled():
        figure, grid = figure_of(
            heading,
            "; ".join(notes),
            [height_of(len(row.names)) for row in plan],
            columns,
            handles=[patch(part.color, part.label) for part in parts if part.label],
            share_names=True,
        )
        axes = []
        for row, line in zip(plan, grid, strict=True):
            for ax, (currency, sums) in zip(line, row.sums, strict=False):
                unit = _unit(sums[value], currency, value)
                _draw(ax, sums, parts, unit)
                name_rows(ax, row.names, shown=ax is line[0])
                titles = [] if is_alone else [row.name, unit.name]
                ax.set_title(drawable("\n".join(filter(None, titles))))
                axes.append(ax)
            for ax in line[len(row.sums) :]:
                ax.remove()
        return finish(figure, axes)


def _plan(rows: pd.DataFrame, by: str, parts: Sequence[Part], limit: int) -> list[_Row]:
    currencies = distinct(rows["currency"])
    summed = ["deals", "without_value", *(part.column for part in parts if part.column != "deals")]
    plan = []
    for name, mask in distinct(rows["panel"], _LETTERS // min(len(currencies), _IN_A_ROW)):
        here = rows[mask]
        is_alone = len(currencies) == 1 and here[parts[0].column].any()
        size = here[parts[0].column] if is_alone else here["deals"]
        places, names = places_of(here["name"].rename(by), size, limit)
        every = pd.RangeIndex(len(names))
        sums = [
            (
                currency,
                here.loc[own[mask], summed].groupby(places[own[mask]]).sum().reindex(every, fill_value=0),
            )
            for currency, own in currencies
        ]
        starts = range(0, len(sums), _IN_A_ROW)
        plan += [_Row(name=name, names=names, sums=sums[start : start + _IN_A_ROW]) for start in starts]
    return plan


def _unit(values: pd.Series, currency: str, value: str) -> Unit:
    name = "days" if value.endswith("_days") else words_of(value)
    return Unit.of(values, currency or name)


def _draw(ax: Axes, sums: pd.DataFrame, parts: Sequence[Part], unit: Unit) -> None:
    for part in parts:
        ax.barh(sums.index, sums[part.column], height=BAR, color=part.color)
    texts = [_text(row, parts[0].column, unit) for _, row in sums.iterrows()]
    ax.set_xticks([])  # each bar has its number
    values = sums[parts[0].column]
    number_rows(ax, list(values.clip(lower=0)), texts, start=min(0.0, values.min()))


def _text(row: pd.Series, value: str, unit: Unit) -> str:
    """Return the number at the end of a bar: nothing without deals, and words if no deal has a value."""
    deals = int(row["deals"])
    if value == "deals":
        return number(deals) if deals else ""
    amount = "no value" if deals and row["without_value"] == deals else unit.text(row[value])
    return f"{amount} ({number(deals)})" if deals else ""
