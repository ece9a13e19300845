"""Horizontal bars for names: owners, stages, sources, countries."""

from __future__ import annotations

import pandas as pd

from salesmate_nb._wording.columns import is_count, needed
from salesmate_nb._wording.names import words_of
from salesmate_nb._wording.ranking import LIMIT
from salesmate_nb.charts._drawing.bar_panels import Part, bar_panels
from salesmate_nb.charts._drawing.panels import Panels, nothing, subject
from salesmate_nb.charts._drawing.style import current


def bars(
    table: pd.DataFrame,
    by: str,
    value: str = "value",
    *,
    color: str = "open",
    limit: int = LIMIT,
    panels: str | None = None,
    title: str | None = None,
    now: pd.Timestamp | None = None,
    empty: str = "There are no deals to compare.",
) -> Panels:
    """Draw a bar for each name, the longest first, in a panel for each currency.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.pipeline` returns, or any frame with `by` and `value`, and
        ``currency`` if the values are amounts. Rows of the same name and currency are added up, so that a
        frame of deals will do.
    by : str
        The column of names.
    value : str
        The column of lengths. One of whole numbers is a count, which is added up over all currencies;
        ``"deals"`` counts the rows if there is no such column.
    color : {"open", "won", "lost", "new", "slipped", "changed", "gone"}
        What the bars mean: each has the same color in all charts.
    limit : int
        How many names have a bar of their own; the last bar is the sum of the others. Ordered categories, and
        stages, keep their order.
    panels : str, optional
        A column with a row of panels for each of its values, such as ``"pipeline"``, which is the default
        for stages.
    title : str, optional
        The title, in place of one made of the names of the columns.
    now : pandas.Timestamp, optional
        When the deals were read; the title ends in its day.
    empty : str
        The sentence that is shown if `table` has no rows.

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
    ...     {"owner_name": ["Ann", "Bo"], "currency": "EUR", "deals": [3, 1], "value": [900.0, 50.0]}
    ... )
    >>> axes = bars(table, "owner_name", now=pd.Timestamp("2026-06-30"))
    >>> axes
    Value by owner, as of 30 June 2026
    >>> [label.get_text() for label in axes[0].get_yticklabels()]
    ['Ann', 'Bo']
    """
    rows = _rows(table, by, [value], panels)
    if rows.empty:
        return nothing(empty)
    heading = subject(title or f"{words_of(value)} by {words_of(by)}".capitalize(), now)
    return bar_panels(rows, by, [Part(column=value, color=current().color(color))], heading, limit)


def pipeline(
    table: pd.DataFrame,
    by: str = "stage",
    *,
    limit: int = LIMIT,
    panels: str | None = None,
    title: str | None = None,
    now: pd.Timestamp | None = None,
    empty: str = "No deal is open.",
) -> Panels:
    """Draw the open value for each name, and the part of it that is expected by win probability.

    If no deal has a value, the bars are numbers of deals.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.pipeline` returns for `by`; for stages, by ``pipeline`` and
        ``stage``.
    by : str
        The column of names.
    limit : int
        How many names have a bar of their own; the last bar is the sum of the others.
    panels : str, optional
        As in :func:`bars`.
    title : str, optional
        The title, in place of one made of the names of the columns.
    now : pandas.Timestamp, optional
        When the deals were read; the title ends in its day.
    empty : str
        The sentence that is shown if `table` has no rows.

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
    ...         "currency": "EUR",
    ...         "deals": [3, 1],
    ...         "value": [900.0, 50.0],
    ...         "weighted": [90.0, 25.0],
    ...     }
    ... )
    >>> pipeline(table)
    Open pipeline by stage
    """
    rows = _rows(table, by, ["value", "weighted"], panels)
    if rows.empty:
        return nothing(empty)
    heading = subject(title or f"Open pipeline by {words_of(by)}", now)
    if not rows["value"].any():
        return bars(table, by, "deals", limit=limit, panels=panels, title=f"{heading}: no deal has a value")
    value = Part(column="value", color=current().color("open", 0.45), label="open value")
    weighted = Part(column="weighted", color=current().color("open"), label="weighted by win probability")
    return bar_panels(rows, by, [value, weighted], heading, limit)


def _rows(table: pd.DataFrame, by: str, values: list[str], panels: str | None) -> pd.DataFrame:
    """Return the columns that bars are made of; an amount has a currency, and a count has none."""
    if "deals" not in table.columns:
        table = table.assign(deals=1)
    if panels is None and by == "stage" and "pipeline" in table.columns:
        panels = "pipeline"
    rows = needed(table, by, *values, *([panels] if panels else []))
    first = rows[values[0]]
    has_currency = "currency" in rows.columns and not is_count(first)
    columns = {
        "panel": rows[panels] if panels else "",
        "currency": rows["currency"] if has_currency else "",
        "name": rows[by],
        "deals": rows["deals"],
        "without_value": rows.get("without_value", first.isna().astype("int64")),
    }
    return pd.DataFrame(columns | {name: rows[name].fillna(0) for name in values}, index=rows.index)
