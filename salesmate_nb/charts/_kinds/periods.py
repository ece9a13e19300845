"""Columns for periods: what should close, what was forecast, what was won, and what became of deals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from salesmate_nb._wording.columns import needed, rows_of
from salesmate_nb._wording.numbers import Unit, counted, number, period_name
from salesmate_nb._wording.ranking import distinct
from salesmate_nb.charts._drawing.bar_panels import Part
from salesmate_nb.charts._drawing.calendar import Calendar, calendar_of
from salesmate_nb.charts._drawing.columns import APART, finish_columns, name_columns, number_columns
from salesmate_nb.charts._drawing.panels import Panels, figure_of, finish, nothing, patch, subject
from salesmate_nb.charts._drawing.style import current, styled

_HEIGHT = 1.7  # inches, of a panel
Labels = dict[float, tuple[pd.Series, list[str]]]  # by the shift of the columns: their heights and numbers


def forecast(
    table: pd.DataFrame,
    *,
    title: str | None = None,
    now: pd.Timestamp | None = None,
    empty: str = "No deal is open.",
) -> Panels:
    r"""Draw the value of open deals by the period in which they should close, in a panel for each currency.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.forecast` returns.
    title : str, optional
        The title, in place of one that names the length of the periods.
    now : pandas.Timestamp, optional
        When the deals were read; the title ends in its day.
    empty : str
        The sentence that is shown if `table` has no rows.

    Returns
    -------
    Panels
        The Axes of the panels. After twelve periods, all later ones share a column.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "period": ["overdue", "2026-07"],
    ...         "currency": "EUR",
    ...         "value": [50.0, 100.0],
    ...         "weighted": [25.0, 40.0],
    ...     }
    ... )
    >>> axes = forecast(table)
    >>> [label.get_text() for label in axes[0].get_xticklabels()]
    ['overdue', 'Jul']
    """
    rows = needed(table, "period", "currency", "value", "weighted")
    if not rows["value"].any():
        return nothing("No open deal has a value." if len(rows) else empty)
    style = current()
    parts = [
        Part(column="value", color=style.color("open", 0.45), label="open value"),
        Part(column="weighted", color=style.color("open"), label="weighted by win probability"),
    ]
    late = {"value": style.color("slipped", 0.45), "weighted": style.color("slipped")}
    calendar = calendar_of(rows["period"], ahead=True)
    handles = [patch(part.color, part.label) for part in parts]
    if "overdue" in calendar.names:
        handles.append(patch(late["weighted"], "should have closed before"))

    def draw(ax: Axes, sums: pd.DataFrame, unit: Unit) -> Labels:
        for part in parts:
            drawn = ax.bar(sums.index, sums[part.column], width=0.7, color=part.color)
            if "overdue" in calendar.names:
                drawn[0].set_facecolor(late[part.column])
        texts = [
            f"{unit.text(row.value)}\n({unit.text(row.weighted)})" if row.value else ""
            for row in rows_of(sums[["value", "weighted"]])
        ]
        return {0.0: (sums["value"], texts)}

    heading = subject(title or f"Expected value by closing {calendar.noun}", now)
    notes = "of open deals; the weighted value in brackets"
    return _currencies(_sums(rows, calendar, parts), calendar, draw, heading, notes, handles=handles)


def won_value(
    table: pd.DataFrame,
    *,
    title: str | None = None,
    now: pd.Timestamp | None = None,
    empty: str = "No deal is won.",
) -> Panels:
    r"""Draw the value of won deals by period, in a panel for each currency.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.won_value` returns.
    title : str, optional
        The title, in place of one that names the length of the periods.
    now : pandas.Timestamp, optional
        When the deals were read; the title ends in its day.
    empty : str
        The sentence that is shown if `table` has no rows.

    Returns
    -------
    Panels
        The Axes of the panels. Of more than 24 periods, the last 24 are drawn.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"period": ["2026-05", "2026-07"], "currency": "EUR", "value": [150.0, 90.0]})
    >>> axes = won_value(table)
    >>> [label.get_text() for label in axes[0].get_xticklabels()]
    ['May', 'Jun', 'Jul']
    """
    rows = needed(table, "period", "currency", "value")
    if not rows["value"].any():
        return nothing("No won deal has a value." if len(rows) else empty)
    part = Part(column="value", color=current().color("won"))
    calendar = calendar_of(rows["period"])

    def draw(ax: Axes, sums: pd.DataFrame, unit: Unit) -> Labels:
        ax.bar(sums.index, sums["value"], width=0.7, color=part.color)
        return {0.0: (sums["value"], [unit.text(value) if value else "" for value in sums["value"]])}

    heading = subject(title or f"Won value by closing {calendar.noun}", now)
    return _currencies(_sums(rows, calendar, [part]), calendar, draw, heading, _left_out(calendar))


def forecast_accuracy(
    table: pd.DataFrame,
    *,
    title: str | None = None,
    now: pd.Timestamp | None = None,
    empty: str = "No period has passed from its first to its last day since the history began.",
) -> Panels:
    """Draw the forecast of each past period beside what was won in it, in a panel for each currency.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.forecast_accuracy` returns.
    title : str, optional
        The title, in place of one that names the length of the periods.
    now : pandas.Timestamp, optional
        When the deals were read; the title ends in its day.
    empty : str
        The sentence that is shown if `table` has no rows.

    Returns
    -------
    Panels
        The Axes of the panels. Of more than 24 periods, the last 24 are drawn.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "period": ["2026-05"],
    ...         "currency": "EUR",
    ...         "value": [150.0],
    ...         "weighted": [90.0],
    ...         "won_value": [80.0],
    ...     }
    ... )
    >>> forecast_accuracy(table)
    Forecast at the start of each month, and what was won in it
    """
    rows = needed(table, "period", "currency", "value", "weighted", "won_value")
    if not rows[["value", "won_value"]].any(axis=None):
        return nothing("No deal that was forecast or won has a value." if len(rows) else empty)
    style = current()
    parts = [
        Part(column="value", color=style.color("open", 0.45), label="forecast"),
        Part(column="weighted", color=style.color("open"), label="forecast, weighted by win probability"),
        Part(column="won_value", color=style.color("won"), label="won"),
    ]
    calendar = calendar_of(rows["period"])
    handles = [patch(part.color, part.label) for part in parts]

    def draw(ax: Axes, sums: pd.DataFrame, unit: Unit) -> Labels:
        labels = {}
        for place, part in enumerate(parts):
            shift = APART * (place - 1)
            ax.bar(sums.index + shift, sums[part.column], width=APART - 0.02, color=part.color)
            labels[shift] = (sums[part.column], [unit.text(value) for value in sums[part.column]])
        return labels

    heading = subject(title or f"Forecast at the start of each {calendar.noun}, and what was won in it", now)
    return _currencies(
        _sums(rows, calendar, parts), calendar, draw, heading, _left_out(calendar), handles=handles
    )


def cohorts(
    table: pd.DataFrame,
    *,
    title: str | None = None,
    now: pd.Timestamp | None = None,
    empty: str = "There are no deals.",
) -> Panels:
    """Draw the shares of won, open and lost deals by the period in which they were created.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.cohorts` returns.
    title : str, optional
        The title, in place of one that names the length of the periods.
    now : pandas.Timestamp, optional
        When the deals were read; the title ends in its day.
    empty : str
        The sentence that is shown if `table` has no rows.

    Returns
    -------
    Panels
        The Axes of the only panel. Of more than 24 periods, the last 24 are drawn.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"period": ["2026-05"], "deals": [4], "won": [1], "lost": [2], "open": [1], "other": [0]}
    ... )
    >>> cohorts(table, now=pd.Timestamp("2026-06-30"))
    Outcome of deals by month of creation, as of 30 June 2026
    """
    states = {"won": "won", "open": "open", "lost": "lost", "other": "gone"}
    rows = needed(table, "period", "deals", *states)
    if not rows["deals"].sum():
        return nothing(empty)
    style = current()
    calendar = calendar_of(rows["period"])
    sums = rows[["deals", *states]].groupby(calendar.places).sum()
    sums = sums.reindex(range(len(calendar.names)), fill_value=0)
    there = [state for state in states if sums[state].any()]
    handles = [patch(style.color(states[state]), state) for state in there]
    notes = "share of deals; above each column their number" + _left_out(calendar, "; ")
    with styled():
        figure, grid = figure_of(
            subject(title or f"Outcome of deals by {calendar.noun} of creation", now),
            notes,
            [2.3],
            handles=handles,
        )
        ax = grid[0][0]
        foot = np.zeros(len(sums))
        for state in there:
            share = (sums[state] / sums["deals"].where(sums["deals"] > 0)).fillna(0).to_numpy()
            ax.bar(sums.index, share, width=0.8, bottom=foot, color=style.color(states[state]))
            foot += share
        name_columns(ax, calendar)
        texts = [number(deals) if deals else "" for deals in sums["deals"]]
        number_columns(ax, {0.0: (pd.Series(foot), texts)}, max(len(sums), 4))
        ax.set_ylim(0, 1.1)
        ax.tick_params(axis="y", labelcolor=style.muted)
        ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        return finish(figure, [ax])


def _currencies(
    plan: Sequence[tuple[str, pd.DataFrame]],
    calendar: Calendar,
    draw: Callable[[Axes, pd.DataFrame, Unit], Labels],
    heading: str,
    notes: str,
    *,
    handles: Sequence[Artist] = (),
) -> Panels:
    """Draw a panel for each currency; `draw` draws its columns, and returns their numbers."""
    with styled():
        figure, grid = figure_of(heading, notes, [_HEIGHT] * len(plan), handles=handles)
        axes = [line[0] for line in grid]
        for ax, (currency, sums) in zip(axes, plan, strict=True):
            unit = Unit.of(sums.abs().max(axis=1), currency)
            finish_columns(ax, calendar, unit, draw(ax, sums, unit))
        return finish(figure, axes)


def _sums(rows: pd.DataFrame, calendar: Calendar, parts: Sequence[Part]) -> list[tuple[str, pd.DataFrame]]:
    """Return the sums of each column, for each currency with a value."""
    columns = [part.column for part in parts]
    every = range(len(calendar.names))
    sums = [
        (name, rows.loc[mask, columns].groupby(calendar.places[mask]).sum().reindex(every, fill_value=0.0))
        for name, mask in distinct(rows["currency"])
    ]
    return [(name, each) for name, each in sums if each.any(axis=None)]


def _left_out(calendar: Calendar, before: str = "") -> str:
    """Return a note on the earlier periods that are not drawn."""
    if not calendar.left_out:
        return ""
    earlier = counted(calendar.left_out, f"earlier {calendar.noun}")
    return f"{before}without {earlier}, before {period_name(calendar.names[0])}"
