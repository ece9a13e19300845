"""Sentences about what a history knows: movement, slippage, stays, and forecasts against outcomes."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from salesmate_nb._wording.columns import groups_of, needed, rows_of
from salesmate_nb._wording.numbers import counted, number, percent, period_noun
from salesmate_nb._wording.shown import Sentence
from salesmate_nb.sentences._text import in_groups, lines, money, person

_TOTALS = ["opening", "closing"]
_CENT = 0.005  # amounts that differ by less are equal


def movement(table: pd.DataFrame) -> Sentence:
    """Say how the open pipeline changed, and which line changed it most.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.movement` returns by one column, such as ``pipeline``, or by none.

    Returns
    -------
    Sentence
        It speaks of the three groups in which the most deals moved, and is empty if no deal was open.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"currency": "EUR", "line": ["opening", "created", "won", "closing"]})
    >>> movement(table.assign(value=[150.0, 70.0, -100.0, 120.0], listed=[2, 1, 1, 2]))
    The open pipeline fell by 30 EUR (20 %) to 120 EUR. The largest part of what moved was won: 100 EUR in
    1 deal.
    """
    rows = needed(table, "currency", "line", "value", "listed")
    by = [name for name in groups_of(table, "line") if name != "currency"][:1]
    groups = in_groups(rows.assign(weight=rows["listed"]), [*by, "currency"])
    return lines(_moves(names, part) for names, part in groups)


def _moves(names: dict[str, str], rows: pd.DataFrame) -> Iterator[str]:
    if not rows["listed"].sum():
        return
    currency = names["currency"]
    line = rows["line"].astype("str")
    start, end = (rows.loc[line == name, "value"].sum() for name in _TOTALS)
    where = " of ".join(["open pipeline", *(name for key, name in names.items() if key != "currency")])
    change, moved = end - start, rows[~line.isin(_TOTALS)]
    if abs(change) < _CENT:
        same = ", as before" if moved["listed"].any() else "; nothing moved"
        yield f"the {where} stands at {money(end, currency)}{same}."
    else:
        moves = f"{'rose' if change > 0 else 'fell'} by {money(abs(change), currency)}"
        share = f" ({percent(abs(change) / start)})" if start > 0 else ""
        yield f"the {where} {moves}{share} to {money(end, currency)}."
    size = moved["value"].abs()
    most = moved[(size == size.max()) & (size > 0)]
    for row in rows_of(most) if len(most) == 1 else []:
        value, deals = money(abs(row.value), currency), counted(row.listed, "deal")
        yield f"the largest part of what moved was {row.line}: {value} in {deals}."


def slippage(table: pd.DataFrame) -> Sentence:
    """Say how often close dates were moved, and whose moved most often to a later date.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.slippage` returns, by one column.

    Returns
    -------
    Sentence
        It is empty if no close date was moved.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"owner_name": ["Ann", "Bo"], "later": [5, 1], "later_days": [90.0, 7.0]})
    >>> slippage(table.assign(earlier=[0, 2]))
    Close dates were moved 6 times to a later day, and 2 times to an earlier one. Most often later with Ann:
    5 times, 90 days in all.
    """
    rows = needed(table, "later", "later_days", "earlier")
    later, earlier = int(rows["later"].sum()), int(rows["earlier"].sum())
    if not later + earlier:
        return lines([])
    if later:
        moves = f"{_times(later)} to a later day, and {_times(earlier)} to an earlier one"
    else:
        moves = f"{_times(earlier)} to an earlier day, and never to a later one"
    parts = [f"close dates were moved {moves}."]
    by = groups_of(table, "deals") or groups_of(table, "later")
    most = rows[(rows["later"] == rows["later"].max()) & (rows["later"] > 0)]
    if by and len(rows) > 1 and len(most) == 1:
        row = most.iloc[0]
        parts.append(
            f"most often later with {person(row[by[0]], by[0])}: {_times(int(row['later']))}, "
            f"{counted(round(row['later_days']), 'day')} in all."
        )
    return lines([parts])


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{number(count)} times")


def time_in_stage(deals: pd.DataFrame) -> Sentence:
    """Say how many open deals stay in their stage for too long, and in which stage most of them are.

    Parameters
    ----------
    deals : pandas.DataFrame
        What :func:`salesmate_nb.analysis.days_in_stage` returns.

    Returns
    -------
    Sentence
        It is empty if no deal is open, or if it is known of no stage how long three quarters of all stays
        last. Deals in stages of which that is not known are counted apart.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> deals = pd.DataFrame({"stage": ["Demo", "Demo", "Offer"], "too_long": [True, True, False]})
    >>> time_in_stage(deals.assign(three_quarters_days=[9.0, 9.0, None]))
    2 of 2 open deals have been in their stage for longer than three quarters of all stays; of 1 more, that
    is not known. All of them are in Demo.
    """
    rows = needed(deals, "stage", "too_long", "three_quarters_days")
    known = rows[rows["three_quarters_days"].notna()]
    if known.empty:
        return lines([])
    late = known[known["too_long"]]
    have = "has been in its stage" if len(late) == 1 else "have been in their stage"
    unknown = len(rows) - len(known)
    rest = f"; of {number(unknown)} more, that is not known" if unknown else ""
    of_all = f"{number(len(late))} of {counted(len(known), 'open deal')} {have}"
    parts = [f"{of_all} for longer than three quarters of all stays{rest}."]
    counts = late["stage"].value_counts(dropna=False)
    counts = counts[counts > 0]
    if len(late) > 1 and (counts == counts.max()).sum() == 1:
        stage = person(counts.index[0], "stage")
        whole = "all of them are" if len(counts) == 1 else f"{number(counts.max())} of them are"
        parts.append(f"{whole} in {stage}.")
    return lines([parts])


def forecast_accuracy(table: pd.DataFrame) -> Sentence:
    """Say how much was forecast in all past periods, and how much was won in them.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.forecast_accuracy` returns.

    Returns
    -------
    Sentence
        It is empty if no period has passed. Of more than three currencies, those with the most won deals
        are spoken of.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"period": ["2026-05", "2026-06"], "currency": "EUR", "won": [1, 2]})
    >>> forecast_accuracy(table.assign(weighted=[100.0, 60.0], won_value=[80.0, 80.0]))
    Over 2 months, 160 EUR was forecast, weighted by win probability, and 160 EUR was won (100 %). The
    forecast was above what was won in 1 of them, below in 1.
    """
    rows = needed(table, "period", "currency", "won", "weighted", "won_value")
    groups = in_groups(rows.assign(weight=rows["won"]), ["currency"])
    return lines(_against(names["currency"], part) for names, part in groups)


def _against(currency: str, rows: pd.DataFrame) -> Iterator[str]:
    said, won = (rows[name].sum() for name in ("weighted", "won_value"))
    if not said and not won:
        return  # no deal had a value
    periods = counted(len(rows), period_noun(str(rows["period"].iloc[0])) or "period")
    share = f" ({percent(won / said)})" if said > 0 else ""
    yield (
        f"over {periods}, {money(said, currency)} was forecast, weighted by win probability, "
        f"and {money(won, currency)} was won{share}."
    )
    above = int((rows["weighted"] > rows["won_value"]).sum())
    below = int((rows["weighted"] < rows["won_value"]).sum())
    if len(rows) > 1:
        yield f"the forecast was above what was won in {number(above)} of them, below in {number(below)}."
