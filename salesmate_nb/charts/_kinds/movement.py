"""The waterfall: from the open pipeline then to the open pipeline now."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from salesmate_nb._wording.columns import groups_of, needed, rows_of
from salesmate_nb._wording.numbers import Unit, counted, day
from salesmate_nb._wording.ranking import distinct
from salesmate_nb.charts._drawing.glyphs import drawable
from salesmate_nb.charts._drawing.panels import Panels, figure_of, finish, nothing
from salesmate_nb.charts._drawing.rows import BAR, height_of, name_rows, number_rows
from salesmate_nb.charts._drawing.style import current, styled

_TOTALS = ("opening", "closing")
_MEANINGS = {  # the color of each line
    "opening": "open",
    "created": "new",
    "restored": "new",
    "reopened": "new",
    "raised": "changed",
    "lowered": "changed",
    "won": "won",
    "lost": "lost",
    "slipped": "slipped",
    "pulled in": "new",
    "moved in": "new",
    "moved out": "gone",
    "deleted": "gone",
    "other status": "gone",
    "closing": "open",
}
_NOTES = "number of deals in brackets; a bar with a gap does not begin at 0"
_CUT, _GAP = 0.06, 0.02  # of the axis: the foot of a bar that does not begin at 0, and the gap above it


def movement(
    table: pd.DataFrame,
    *,
    title: str = "What moved in the open pipeline",
    then: pd.Timestamp | None = None,
    now: pd.Timestamp | None = None,
    empty: str = "No deal was open then or is open now.",
) -> Panels:
    """Draw how the open pipeline came from its value then to its value now, currency by currency.

    If the changes would be too small to see, the axis does not start at 0, and the first and the last bar
    have a gap at their foot.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.movement` returns by one column, such as ``pipeline``, or by none.
        Lines without deals are left out.
    title : str
        The title.
    then, now : pandas.Timestamp, optional
        When the two frames were read; the title ends in their days.
    empty : str
        The sentence that is shown if no deal was open.

    Returns
    -------
    Panels
        The Axes of the panels.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "currency": "EUR",
    ...         "line": ["opening", "created", "won", "closing"],
    ...         "deals": [2, 1, -1, 2],
    ...         "value": [150.0, 70.0, -100.0, 120.0],
    ...         "listed": [2, 1, 1, 2],
    ...     }
    ... )
    >>> axes = movement(table)
    >>> [text.get_text() for text in axes[0].texts][:2]
    ['150 (2 deals)', '+70 (1 deal)']
    """
    rows = needed(table, "currency", "line", "value", "listed")
    if not rows["listed"].sum():
        return nothing(empty)
    is_total = rows["line"].isin(_TOTALS)
    rows = rows[is_total | (rows["listed"] > 0)]
    by = [name for name in groups_of(table, "line") if name != "currency"][:1]
    groups = distinct(rows[by[0]]) if by else [("", pd.Series(True, index=rows.index))]
    panels = [
        (group, currency, rows[one & other])
        for group, one in groups
        for currency, other in distinct(rows["currency"])
    ]
    panels = [panel for panel in panels if panel[2]["listed"].sum()]
    days = f" from {day(then)} to {day(now)}" if then is not None and now is not None else ""
    with styled():
        heights = [height_of(len(lines)) for *_, lines in panels]
        figure, grid = figure_of(f"{title}{days}", _NOTES, heights)
        axes = [line[0] for line in grid]
        for ax, (group, currency, lines) in zip(axes, panels, strict=True):
            unit = Unit.of(lines["value"], currency)
            _draw(ax, lines.reset_index(drop=True), unit)
            ax.set_title(drawable(f"{group}, {unit.name}" if group else unit.name))
        return finish(figure, axes)


def _draw(ax: Axes, lines: pd.DataFrame, unit: Unit) -> None:
    is_total, value = lines["line"].isin(_TOTALS), lines["value"]
    after = value[0] + value.mask(is_total, 0).cumsum()
    before = after.shift(fill_value=after[0])
    foot = _foot(after)
    style = current()
    for place, line in enumerate(lines["line"]):
        start = foot if is_total[place] else before[place]
        color = style.color(_MEANINGS.get(str(line), "gone"))
        ax.barh(place, after[place] - start, left=start, height=BAR, color=color)
        if place:
            ax.plot(
                [before[place]] * 2, [place - 1 + BAR / 2, place - BAR / 2], color=style.muted, linewidth=0.8
            )
    ends = pd.concat([before, after], axis=1).max(axis=1)
    texts = [
        f"{unit.text(row.value, signed=row.line not in _TOTALS)} ({counted(row.listed, 'deal')})"
        for row in rows_of(lines)
    ]
    name_rows(ax, [str(line) for line in lines["line"]])
    number_rows(ax, list(ends), texts, start=min(foot, after.min()))
    ax.set_xticks([])
    if foot:
        _cut(ax, foot, after.max(), [place for place in lines.index if is_total[place]])


def _foot(after: pd.Series) -> float:
    """Return where the axis begins: at 0, unless the changes would be too small to see."""
    span = float(after.max() - after.min())
    least = float(after.min())
    return least - 0.5 * span if least > 2 * span > 0 else 0.0


def _cut(ax: Axes, foot: float, largest: float, places: Sequence[int]) -> None:
    """Show that bars do not begin at 0."""
    width = largest - foot
    for place in places:
        ax.barh(
            place,
            _GAP * width,
            left=foot + _CUT * width,
            height=BAR * 1.1,
            color=current().background,
        )
