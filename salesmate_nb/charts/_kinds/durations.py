"""How long deals stay open, and how long in each stage."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from salesmate_nb._wording.columns import groups_of, needed, rows_of
from salesmate_nb._wording.names import name_of
from salesmate_nb._wording.numbers import counted, number
from salesmate_nb._wording.ranking import LIMIT, distinct
from salesmate_nb.charts._drawing.glyphs import drawable
from salesmate_nb.charts._drawing.panels import Panels, figure_of, finish, nothing, patch, subject
from salesmate_nb.charts._drawing.rows import BAR, height_of, name_rows, number_rows
from salesmate_nb.charts._drawing.style import current, styled

_FEW = 5  # deals: a curve of fewer says little
_LEVEL = 0.01  # of all deals: what a curve may still fall when it counts as level
_ROUNDING = 1e-9


def survival(
    table: pd.DataFrame,
    by: str | None = None,
    *,
    title: str = "How long deals stay open",
    now: pd.Timestamp | None = None,
    empty: str = "No deal has a date of creation.",
) -> Panels:
    """Draw the share of deals that are still open after each number of days, in a panel for each group.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.survival` returns, by one column such as ``pipeline`` or by none.
    by : str, optional
        The column of groups; by default the last one before ``day``. Of more than twelve groups, those with
        the most deals are drawn.
    title : str
        The title.
    now : pandas.Timestamp, optional
        When the deals were read; the title ends in its day.
    empty : str
        The sentence that is shown if `table` has no rows.

    Returns
    -------
    Panels
        The Axes of the panels, with shares from 0 to 1 on the y-axis. A curve ends where fewer than five
        deals are left, or where it does not fall any more.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"pipeline": "Sales", "day": [0.0, 4.0, 9.0], "at_risk": [9, 9, 6], "still_open": [1.0, 0.7, 0.4]}
    ... )
    >>> axes = survival(table)
    >>> axes[0].get_title(loc="left")
    'Sales: half closed within 9 days'
    """
    rows = needed(table, "day", "at_risk", "still_open", *([by] if by else []))
    if rows.empty:
        return nothing(empty)
    column = by or next(iter(groups_of(table, "day")[-1:]), None)
    groups = distinct(rows[column]) if column else [("", pd.Series(True, index=rows.index))]
    sizes = [float(rows.loc[mask, "at_risk"].max()) for _, mask in groups]
    largest = sorted(range(len(groups)), key=lambda place: -sizes[place])[:LIMIT]
    panels = [(groups[place][0], rows[groups[place][1]]) for place in sorted(largest)]
    notes = (
        "share of deals still open, by days since creation; open deals count as at least as long as their age"
    )
    if len(groups) > len(panels):
        notes += f"; the {len(panels)} largest of {number(len(groups))} groups"
    with styled():
        figure, grid = figure_of(subject(title, now), notes, [1.5] * len(panels))
        axes = [line[0] for line in grid]
        curves = [_reliable(curve) for _, curve in panels]
        longest = max(float(curve["day"].max()) for curve in curves) or 1.0
        for ax, (name, curve), shown in zip(axes, panels, curves, strict=True):
            half = _half(curve)
            _draw_curve(ax, shown, half)
            ax.set_xlim(0, longest * 1.02)
            text = (
                "fewer than half have closed"
                if half is None
                else f"half closed within {counted(round(half), 'day')}"
            )
            ax.set_title(drawable(f"{name}: {text}" if name else text.capitalize()))
        axes[-1].set_xlabel("days since creation")
        return finish(figure, axes)


def _reliable(curve: pd.DataFrame) -> pd.DataFrame:
    """Return a curve without its end, where it is that of a few deals, or does not fall any more."""
    enough = curve[curve["at_risk"] >= _FEW]
    shown = enough if len(enough) else curve
    level = float(shown.loc[shown["still_open"] <= shown["still_open"].min() + _LEVEL, "day"].min())
    return shown[shown["day"] <= level * 1.2] if level else shown  # no deal has closed


def _half(curve: pd.DataFrame) -> float | None:
    """Return the day by which half of the deals have closed."""
    days = curve.loc[curve["still_open"] <= 0.5 + _ROUNDING, "day"]
    return float(days.min()) if len(days) else None


def _draw_curve(ax: Axes, curve: pd.DataFrame, half: float | None) -> None:
    style = current()
    ax.fill_between(curve["day"], curve["still_open"], step="post", color=style.color("open", 0.45))
    ax.step(curve["day"], curve["still_open"], where="post", color=style.color("open"), linewidth=1.8)
    if half is not None and half <= curve["day"].max():
        ax.plot([0, half, half], [0.5, 0.5, 0], color=style.text, linewidth=1, linestyle=(0, (4, 2)))
        ax.plot(half, 0.5, "o", color=style.text, markersize=5)
    ax.set_ylim(0, 1.03)
    ax.set_yticks([0, 0.5, 1])
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    ax.tick_params(axis="y", labelcolor=style.muted)
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    ax.xaxis.set_major_formatter("{x:,.0f}")


def time_in_stage(
    stays: pd.DataFrame,
    deals: pd.DataFrame,
    *,
    title: str = "How long deals stay in each stage",
    now: pd.Timestamp | None = None,
    empty: str = "No deal has left its stage since the history began.",
) -> Panels:
    """Draw how long deals stay in each stage, and how long each open deal has been there.

    The bar holds the middle half of all stays, with the median. A dot is an open deal; it has the color of
    late deals if it stays longer than three quarters of all stays. A triangle stands for the deals that were
    in their stage before the history began, and have been there for at least as long.

    Parameters
    ----------
    stays : pandas.DataFrame
        What :func:`salesmate_nb.analysis.time_in_stage` returns.
    deals : pandas.DataFrame
        What :func:`salesmate_nb.analysis.days_in_stage` returns.
    title : str
        The title.
    now : pandas.Timestamp, optional
        When the deals were read; the title ends in its day.
    empty : str
        The sentence that is shown if no stay has ended.

    Returns
    -------
    Panels
        The Axes of the panels, one for each pipeline.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> place = {"pipeline": "Sales", "stage": "Demo"}
    >>> quartiles = {"quarter_days": [3.0], "median_days": [7.0], "three_quarters_days": [12.0]}
    >>> stays = pd.DataFrame({**place, "stays": [9], **quartiles})
    >>> deals = pd.DataFrame({**place, "id": [1], "days": [20.0], "at_least": [False], "too_long": [True]})
    >>> time_in_stage(stays, deals)
    How long deals stay in each stage
    """
    rows = needed(stays, "pipeline", "stage", "stays", "quarter_days", "median_days", "three_quarters_days")
    here = needed(deals, "pipeline", "stage", "id", "days", "at_least", "too_long")
    rows = rows[rows["stays"] > 0]
    panels = [(name, rows[mask]) for name, mask in distinct(rows["pipeline"])]
    panels = [(name, stages) for name, stages in panels if stages["median_days"].notna().any()]
    if not panels:
        return nothing(empty)
    style = current()
    handles = [
        patch(style.color("open", 0.45), "middle half of all stays"),
        Line2D([], [], color=style.text, linewidth=2, label="median"),
        Line2D([], [], color=style.color("open"), marker="o", markersize=4.5, linewidth=0, label="open deal"),
        Line2D(
            [], [], color=style.color("slipped"), marker="o", markersize=4.5, linewidth=0, label="too long"
        ),
        Line2D(
            [], [], color=style.muted, marker=">", markersize=6, linewidth=0, label="since before the history"
        ),
    ]
    longest = max(float(here["days"].max()) if len(here) else 0.0, float(rows["three_quarters_days"].max()))
    with styled():
        heights = [height_of(len(stages)) * 1.35 for _, stages in panels]
        figure, grid = figure_of(subject(title, now), "days", heights, handles=handles)
        axes = [line[0] for line in grid]
        for ax, (name, stages) in zip(axes, panels, strict=True):
            _draw_stays(ax, stages, here, longest)
            ax.set_title(drawable(name))
        return finish(figure, axes, same_scale=True)


def _draw_stays(ax: Axes, stages: pd.DataFrame, deals: pd.DataFrame, longest: float) -> None:
    style = current()
    ends, texts = [], []
    for place, row in enumerate(rows_of(stages)):
        start = 0.0 if pd.isna(row.quarter_days) else row.quarter_days
        end = longest if pd.isna(row.three_quarters_days) else row.three_quarters_days
        ax.barh(place, end - start, left=start, height=BAR, color=style.color("open", 0.45))
        if pd.notna(row.median_days):
            ax.plot([row.median_days] * 2, [place - BAR / 2, place + BAR / 2], color=style.text, linewidth=2)
        same = _same(deals["pipeline"], row.pipeline) & _same(deals["stage"], row.stage)
        seen, older = deals[same & ~deals["at_least"]], deals[same & deals["at_least"]]
        spread = (seen["id"].astype("float64") * 0.618 % 1 - 0.5) * 0.5  # so that dots do not hide each other
        for is_late, color in ((False, "open"), (True, "slipped")):
            some = seen["too_long"] == is_late
            ax.plot(
                seen.loc[some, "days"],
                place + spread[some],
                "o",
                color=style.color(color),
                markersize=4.5,
                markeredgecolor=style.background,
                markeredgewidth=0.5,
            )
        if len(older):
            ax.plot(
                older["days"].max(),
                place,
                ">",
                color=style.color("slipped") if older["too_long"].any() else style.muted,
                markersize=6,
            )
        ends.append(float(older["days"].max()) if len(older) else 0.0)
        texts.append(counted(len(older), "deal") if len(older) else "")
    name_rows(ax, [name_of(stage) for stage in stages["stage"]])
    number_rows(ax, ends, texts, gap=7, start=-0.012 * longest)
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    ax.grid(axis="x")


def _same(column: pd.Series, value: Any) -> pd.Series[bool]:
    missing = column.isna()
    return missing if pd.isna(value) else column.eq(value) & ~missing
