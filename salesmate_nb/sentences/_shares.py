"""Sentences about shares of deals: win rates, the funnel, cohorts, and how long deals take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from salesmate_nb._wording.columns import groups_of, needed, rows_of
from salesmate_nb._wording.names import name_of, words_of
from salesmate_nb._wording.numbers import counted, number, percent, period_name, period_noun
from salesmate_nb._wording.shown import Sentence
from salesmate_nb.sentences._comparison import FEW, compare
from salesmate_nb.sentences._text import NAME, in_groups, lines, person

_CLOSE = 0.1  # numbers that differ by less look the same with one decimal place
_YOUNG = 0.05  # of deals that are still open: a cohort with more is not comparable yet


def win_rate(table: pd.DataFrame, by: str | None = None) -> Sentence:
    """Say which win rates differ by more than chance explains, in each pipeline.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.win_rate` returns.
    by : str, optional
        The column of names; by default the last one before ``won``.

    Returns
    -------
    Sentence
        It is empty if no deal is decided. Names with fewer than ten decided deals are not compared.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"source": ["Web", "Fair"], "won": [20, 60], "lost": [80, 40]})
    >>> win_rate(table.assign(decided=100))
    80 of 200 decided deals were won (40 %). Fair (60 % of 100) has a higher win rate than Web (20 % of 100),
    by more than chance explains.
    """
    groups = groups_of(table, "won")
    rows = needed(table, "won", "lost", "decided", *([by] if by else []))
    by = by or (groups[-1] if groups else None)
    panels = ["pipeline"] if by != "pipeline" and "pipeline" in groups else []
    parts = in_groups(rows.assign(weight=rows["decided"]), panels)
    return lines(_rates(names.get("pipeline"), part, by) for names, part in parts)


def _rates(pipeline: str | None, rows: pd.DataFrame, by: str | None) -> Iterator[str]:
    decided, won = int(rows["decided"].sum()), int(rows["won"].sum())
    if not decided:
        return
    where = f"{pipeline}: " if pipeline else ""
    were = f"{'was' if won == 1 else 'were'} won ({percent(won / decided)})"
    yield f"{where}{number(won)} of {number(decided)} decided deals {were}."
    if by is not None:
        sums = rows.groupby(by, observed=True, dropna=False)[["won", "decided"]].sum()
        named = sums.assign(name=[person(name, by) for name in sums.index]).reset_index(drop=True)
        yield compare(named[named["decided"] > 0], _plural(words_of(by)))


def _plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def funnel(table: pd.DataFrame) -> Sentence:
    """Say in each pipeline which share of deals is won, and after which stage the fewest go on.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.funnel` returns.

    Returns
    -------
    Sentence
        It is empty if no deal has a stage. Stages that fewer than ten deals reached are not compared.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"pipeline": "Sales", "stage": ["Demo", "Offer", "Signed"], "won": 12})
    >>> funnel(table.assign(deals=[80, 60, 15], step=[None, 0.75, 0.25]))
    Sales: 12 of 80 deals are won until now (15 %). The smallest share goes on from Offer to Signed: 25 %
    of 60.
    """
    rows = needed(table, "pipeline", "stage", "deals", "won", "step")
    groups = in_groups(rows.assign(weight=rows["deals"]), ["pipeline"])
    return lines(_steps(names["pipeline"], part.reset_index(drop=True)) for names, part in groups)


def _steps(pipeline: str, stages: pd.DataFrame) -> Iterator[str]:
    deals, won = int(stages["deals"].max()), int(stages["won"].max())
    if not deals:
        return
    are = f"{'is' if won == 1 else 'are'} won until now ({percent(won / deals)})"
    yield f"{pipeline}: {number(won)} of {number(deals)} deals {are}."
    before = stages["deals"].shift()
    steps = stages.loc[before >= FEW, "step"]
    least = steps[steps == steps.min()]
    if len(steps) > 1 and len(least) == 1:
        place = int(least.index[0])
        start, end = (name_of(stages.loc[at, "stage"], NAME) for at in (place - 1, place))
        share = f"{percent(least.iloc[0])} of {number(before[place])}"
        yield f"the smallest share goes on from {start} to {end}: {share}."


def cohorts(table: pd.DataFrame) -> Sentence:
    """Say how far the last period is decided, and whether the win rates of earlier ones differ.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.cohorts` returns.

    Returns
    -------
    Sentence
        It is empty if there are no deals. Periods are compared if at most 5 % of their deals are open.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"period": ["2026-05", "2026-06"], "deals": [40, 20], "open": [0, 15]})
    >>> cohorts(table.assign(won=[10, 3], lost=[30, 2]))
    Of 20 deals created in Jun 2026, 15 are still open (75 %): its win rate is not final.
    """
    rows = needed(table, "period", "deals", "won", "lost", "open")
    rows = rows[(rows["period"].astype("str") != "undated") & (rows["deals"] > 0)].sort_values("period")
    if rows.empty:
        return lines([])
    last = rows.iloc[-1]
    noun = period_noun(str(last["period"])) or "period"
    deals, still = counted(int(last["deals"]), "deal"), int(last["open"])
    parts = []
    if still:
        parts.append(
            f"of {deals} created in {period_name(str(last['period']))}, {number(still)} "
            f"{'is' if still == 1 else 'are'} still open ({percent(still / last['deals'])}): "
            "its win rate is not final."
        )
    old = rows[rows["open"] <= _YOUNG * rows["deals"]]
    if len(old) > 1:
        names = [period_name(str(period)) for period in old["period"]]
        rates = old.assign(name=names, decided=old["won"] + old["lost"]).reset_index(drop=True)
        parts.append(compare(rates, f"{noun}s"))
    return lines([parts])


def cycle_time(table: pd.DataFrame) -> Sentence:
    """Say within how many days half and three quarters of the deals close.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.cycle_time` returns, by one column such as ``pipeline`` or by none.

    Returns
    -------
    Sentence
        It speaks of the three groups with the most deals, and is empty if there are no deals. Of fewer than
        ten it says that they are too few.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"pipeline": ["Sales"], "deals": [50], "closed": [40]})
    >>> cycle_time(table.assign(median_days=[47.2], three_quarters_days=[80.0]))
    Sales: half of 50 deals close within 47 days, three quarters within 80 days.
    """
    rows = needed(table, "deals", "median_days", "three_quarters_days")
    columns = groups_of(table, "deals")[-1:]
    groups = in_groups(rows.assign(weight=rows["deals"]), columns)
    return lines([_cycle(" ".join(names.values()), row)] for names, part in groups for row in rows_of(part))


def _cycle(name: str, row: Any) -> str:
    if not row.deals:
        return ""
    where = f"{name}: " if name else ""
    deals = counted(row.deals, "deal")
    if row.deals < FEW:
        return f"{where}{deals}: too few to say how long deals take."
    if pd.isna(row.median_days):
        return f"{where}fewer than half of {deals} have closed."
    half, rest = counted(round(row.median_days), "day"), row.three_quarters_days
    more = "" if pd.isna(rest) else f", three quarters within {counted(round(rest), 'day')}"
    return f"{where}half of {deals} close within {half}{more}."


def outcomes(table: pd.DataFrame, by: str) -> Sentence:
    """Say in what won and lost deals differ most.

    Parameters
    ----------
    table : pandas.DataFrame
        `by`, ``won`` and ``lost``: any number of won and of lost deals, such as the mean number of meetings.
    by : str
        The column of names.

    Returns
    -------
    Sentence
        It is empty if nothing differs, or two differ alike.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"type": ["Call", "Meeting"], "won": [2.5, 3.0], "lost": [2.4, 1.0]})
    >>> outcomes(table, "type")
    Won and lost deals differ most in Meeting: 3.0 against 1.0. That may be chance, and does not show a cause.
    """
    rows = needed(table, by, "won", "lost").dropna(subset=["won", "lost"])
    apart = (rows["won"] - rows["lost"]).abs()
    most = rows[apart == apart.max()]
    if len(most) != 1 or not apart.max() > 0:
        return lines([])
    row = most.iloc[0]
    digits = 1 if apart.max() >= _CLOSE else 2
    name, won, lost = name_of(row[by], NAME), number(row["won"], digits), number(row["lost"], digits)
    if won == lost:
        return lines([])
    difference = f"won and lost deals differ most in {name}: {won} against {lost}."
    return lines([[difference, "that may be chance, and does not show a cause."]])
