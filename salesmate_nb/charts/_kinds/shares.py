"""Shares of deals: win rates with their interval, the funnel, and what won and lost deals had."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from salesmate_nb._wording.columns import groups_of, needed, rows_of
from salesmate_nb._wording.names import name_of, words_of
from salesmate_nb._wording.numbers import number, percent
from salesmate_nb._wording.ranking import LIMIT, distinct, keeps_order, places_of
from salesmate_nb.analysis._statistics import wilson
from salesmate_nb.charts._drawing.glyphs import drawable
from salesmate_nb.charts._drawing.panels import Panels, figure_of, finish, nothing, patch, subject
from salesmate_nb.charts._drawing.rows import BAR, height_of, name_rows, number_rows
from salesmate_nb.charts._drawing.style import current, styled

_FEW = 10  # decided deals: fewer say little


def win_rate(
    table: pd.DataFrame,
    by: str | None = None,
    *,
    confidence: float = 0.95,
    limit: int = LIMIT,
    title: str | None = None,
    now: pd.Timestamp | None = None,
    empty: str = "No deal is won or lost.",
) -> Panels:
    """Draw win rates as dots with their interval, the highest first, in a panel for each pipeline.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.win_rate` returns. A column ``pipeline`` beside `by` makes the
        panels, since renewals are easier to win than new business.
    by : str, optional
        The column of names; by default the last one before ``won``.
    confidence : float
        That of the intervals in `table`.
    limit : int
        How many names have a row of their own: those with the most decided deals. The last row has the rate
        of all others. Ordered categories, and stages, keep their order.
    title : str, optional
        The title, in place of one made of the name of the column.
    now : pandas.Timestamp, optional
        When the deals were read; the title ends in its day.
    empty : str
        The sentence that is shown if no deal is decided.

    Returns
    -------
    Panels
        The Axes of the panels, with shares from 0 to 1 on the x-axis.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> from salesmate_nb.analysis import win_rate as rates
    >>> deals = pd.DataFrame({"status": ["Won", "Lost", "Won"], "source": ["Fair", "Fair", "Web"]})
    >>> axes = win_rate(rates(deals, "source"))
    >>> axes
    Win rate by source
    >>> [label.get_text() for label in axes[0].get_yticklabels()]
    ['Web (1)', 'Fair (2)']
    """
    groups = groups_of(table, "won")
    rows = needed(table, "won", "lost", "decided", *([by] if by else []))
    rows = rows[rows["decided"] > 0]
    if rows.empty:
        return nothing(empty)
    by = by or (groups[-1] if groups else None)
    rows = rows.assign(name=rows[by] if by else "all deals")
    in_panels = by != "pipeline" and "pipeline" in groups
    panels = [
        (name, _rates(rows[mask], by, confidence, limit))
        for name, mask in distinct(rows["pipeline"] if in_panels else rows["name"].map(lambda _: ""))
    ]
    heading = subject(title or ("Win rate" if by is None else f"Win rate by {words_of(by)}"), now)
    notes = (
        f"won / (won + lost) with its {percent(confidence)} interval; decided deals in brackets, "
        f"hollow if fewer than {_FEW}; dashed: all"
    )
    with styled():
        figure, grid = figure_of(heading, notes, [height_of(len(rates)) + 0.15 for _, rates in panels])
        axes = [line[0] for line in grid]
        for ax, (name, rates) in zip(axes, panels, strict=True):
            _draw_rates(ax, rates)
            if in_panels:
                ax.set_title(drawable(name))
        return finish(figure, axes, same_scale=True)


def _rates(rows: pd.DataFrame, by: str | None, confidence: float, limit: int) -> pd.DataFrame:
    """Return name, rate and interval of each row, the highest first."""
    places, names = places_of(rows["name"].rename(by), rows["decided"], limit)
    sums = rows[["won", "decided"]].groupby(places).sum()
    rates = sums.join(wilson(sums["won"], sums["decided"], confidence)).assign(name=names)
    if keeps_order(rows["name"].rename(by)):
        return rates
    is_others = rates["name"].str.startswith("others (") & (rates.index == limit)
    return pd.concat(
        [rates[~is_others].sort_values("rate", ascending=False, kind="stable"), rates[is_others]]
    )


def _draw_rates(ax: Axes, rates: pd.DataFrame) -> None:
    style = current()
    won = style.color("won")
    overall = rates["won"].sum() / rates["decided"].sum()
    ax.axvline(overall, color=style.muted, linewidth=1.2, linestyle=(0, (4, 2)), zorder=0)
    for place, row in enumerate(rows_of(rates)):
        ax.plot([row.low, row.high], [place, place], color=style.color("open"), linewidth=2, zorder=1)
        is_few = row.decided < _FEW
        ax.plot(
            row.rate,
            place,
            "o",
            color=won,
            markersize=7,
            markeredgewidth=1.6,
            zorder=2,
            markerfacecolor=style.background if is_few else won,
        )
    name_rows(ax, [f"{row.name} ({number(row.decided)})" for row in rows_of(rates)])
    number_rows(ax, list(rates["high"]), [percent(rate) for rate in rates["rate"]], gap=7)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    ax.grid(axis="x")


def funnel(
    table: pd.DataFrame,
    *,
    title: str = "How far deals get",
    now: pd.Timestamp | None = None,
    empty: str = "No deal has a stage.",
) -> Panels:
    """Draw how many deals reached each stage, and which share went on to it, in a panel for each pipeline.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.funnel` returns.
    title : str
        The title.
    now : pandas.Timestamp, optional
        When the deals were read; the title ends in its day.
    empty : str
        The sentence that is shown if `table` has no deals.

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
    ...         "pipeline": "Sales",
    ...         "stage": ["Demo", "Offer"],
    ...         "deals": [4, 1],
    ...         "won": [1, 1],
    ...         "step": [None, 0.25],
    ...     }
    ... )
    >>> axes = funnel(table)
    >>> [text.get_text() for text in axes[0].texts]
    ['4', '1 (25 %)']
    """
    rows = needed(table, "pipeline", "stage", "deals", "won", "step")
    if not rows["deals"].sum():
        return nothing(empty)
    style = current()
    parts = {"deals": style.color("open", 0.55), "won": style.color("won")}
    handles = [patch(parts["deals"], "reached the stage"), patch(parts["won"], "of these, won until now")]
    panels = [(name, rows[mask]) for name, mask in distinct(rows["pipeline"])]
    panels = [(name, stages) for name, stages in panels if stages["deals"].sum()]
    notes = "number of deals; in brackets the share of the deals in the stage before that came to this one"
    with styled():
        heights = [height_of(len(stages)) for _, stages in panels]
        figure, grid = figure_of(subject(title, now), notes, heights, handles=handles)
        axes = [line[0] for line in grid]
        for ax, (name, stages) in zip(axes, panels, strict=True):
            for part, color in parts.items():
                ax.barh(range(len(stages)), stages[part], height=BAR, color=color)
            name_rows(ax, [name_of(stage) for stage in stages["stage"]])
            texts = [
                number(row.deals) + ("" if pd.isna(row.step) else f" ({percent(row.step)})")
                for row in rows_of(stages)
            ]
            number_rows(ax, list(stages["deals"]), texts)
            ax.set_xticks([])
            ax.set_title(drawable(name))
        return finish(figure, axes)


def outcomes(
    table: pd.DataFrame,
    by: str,
    *,
    unit: str,
    limit: int = LIMIT,
    title: str | None = None,
    now: pd.Timestamp | None = None,
    empty: str = "No deal is won or lost.",
) -> Panels:
    """Draw what won deals had and what lost deals had, as two dots in each row.

    Parameters
    ----------
    table : pandas.DataFrame
        `by`, ``won`` and ``lost``: any number of won and of lost deals, such as the mean number of meetings.
    by : str
        The column of names.
    unit : str
        What the numbers are, such as ``"activities per deal"``.
    limit : int
        How many rows are drawn: those with the largest numbers.
    title : str, optional
        The title, in place of one made of `unit` and `by`.
    now : pandas.Timestamp, optional
        When the deals were read; the title ends in its day.
    empty : str
        The sentence that is shown if `table` has no rows.

    Returns
    -------
    Panels
        The Axes of the only panel.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"type": ["Call", "Meeting"], "won": [2.5, 3.0], "lost": [2.4, 1.0]})
    >>> outcomes(table, "type", unit="activities per deal")
    Activities per deal by type, won and lost deals
    """
    rows = needed(table, by, "won", "lost")
    rows = rows[rows[["won", "lost"]].notna().any(axis=1)]
    if rows.empty:
        return nothing(empty)
    largest = rows[["won", "lost"]].max(axis=1)
    rows = rows.loc[largest.sort_values(ascending=False, kind="stable").index[:limit]]
    style = current()
    marks = {"won": "o", "lost": "D"}  # also apart without colors
    handles = [
        Line2D([], [], color=style.color(name), marker=mark, linewidth=0, label=f"{name} deals")
        for name, mark in marks.items()
    ]
    heading = title or f"{unit} by {words_of(by)}, won and lost deals"
    with styled():
        figure, grid = figure_of(
            subject(heading[:1].upper() + heading[1:], now), unit, [height_of(len(rows))], handles=handles
        )
        ax = grid[0][0]
        for place, row in enumerate(rows_of(rows[["won", "lost"]])):
            ax.plot(
                [row.won, row.lost], [place, place], color=style.color("open", 0.55), linewidth=3, zorder=1
            )
            for name, mark in marks.items():
                ax.plot(getattr(row, name), place, mark, color=style.color(name), markersize=7.5, zorder=2)
        name_rows(ax, [name_of(name) for name in rows[by]])
        texts = [f"{row.won:,.1f} won, {row.lost:,.1f} lost" for row in rows_of(rows[["won", "lost"]])]
        number_rows(ax, list(rows[["won", "lost"]].max(axis=1)), texts, gap=8)
        ax.grid(axis="x")
        return finish(figure, [ax])
