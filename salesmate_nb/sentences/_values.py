"""Sentences about values: the largest, the open pipeline, the forecast, what was won."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from salesmate_nb._wording.columns import is_count, needed
from salesmate_nb._wording.names import MISSING, words_of
from salesmate_nb._wording.numbers import counted, number, percent, period_name, period_noun
from salesmate_nb._wording.shown import Sentence
from salesmate_nb.sentences._text import in_groups, lines, money, person


def largest(table: pd.DataFrame, by: str, value: str = "value", what: str | None = None) -> Sentence:
    """Say which name has the largest value, and which part of the whole that is, in each currency.

    Of more than three currencies, those with the most deals are spoken of.

    Parameters
    ----------
    table : pandas.DataFrame
        With `by` and `value`, and ``currency`` if the values are amounts. Rows of the same name are added
        up, so that a frame of deals will do.
    by : str
        The column of names.
    value : str
        The column of values. One of whole numbers is a count, which is added up over all currencies;
        ``"deals"`` counts the rows if there is no such column.
    what : str, optional
        What the values are, such as ``"open value"``; by default the name of the column.

    Returns
    -------
    Sentence
        It names all who share the first place. It is empty if nothing is larger than 0.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"owner_name": ["Ann", "Bo"], "currency": "EUR", "value": [300.0, 100.0]})
    >>> largest(table, "owner_name", what="open value")
    Ann has the largest open value in EUR: 300 of 400 (75 %).
    """
    if "deals" not in table.columns:
        table = table.assign(deals=1)
    rows = needed(table, by, value)
    rows = rows.assign(weight=rows["deals"])
    what = what or words_of(value)
    if is_count(rows[value]):
        return lines([[_first(rows, by, value, f"the most {what}")]])
    groups = in_groups(rows, ["currency"])
    return lines(
        [_first(part, by, value, f"the largest {what}{_in(names.get('currency'))}")] for names, part in groups
    )


def _first(rows: pd.DataFrame, by: str, value: str, what: str) -> str:
    """Return who has the most, and how much of all that is."""
    sums = rows.groupby(by, observed=True, dropna=False)[value].sum()
    most, total = sums.max(), sums.sum()
    if not most > 0:
        return ""
    names = [person(name, by) for name in sums.index[sums == most]]
    part = f" of {number(total)} ({percent(most / total)})" if (sums >= 0).all() and len(sums) > 1 else ""
    if len(names) == 1:
        has = "have" if names[0].startswith("deals without ") else "has"
        return f"{names[0]} {has} {what}: {number(most)}{part}."
    share = f"{' and '.join(names)} share" if len(names) == 2 else f"{len(names)} share"  # noqa: PLR2004 - a pair
    return f"{share} {what}: {number(most)} each."


def _in(currency: str | None) -> str:
    if currency is None:
        return ""
    return " without currency" if currency == MISSING else f" in {currency}"


def pipeline(table: pd.DataFrame, by: str) -> Sentence:
    """Say how much is open in each currency, and which name has the largest part of it.

    Of more than three currencies, those with the most deals are spoken of.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.pipeline` returns.
    by : str
        The column of names, such as ``"stage"``.

    Returns
    -------
    Sentence
        It is empty if no deal is open.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"stage": ["Demo", "Offer"], "currency": "EUR", "deals": [3, 1]})
    >>> table = table.assign(value=[900.0, 100.0], weighted=[90.0, 50.0], without_value=[1, 0])
    >>> pipeline(table, "stage")
    4 deals worth 1,000 EUR are open, 140 EUR weighted by win probability; 1 has no value. Demo has the
    largest open value in EUR: 900 of 1,000 (90 %).
    """
    rows = needed(table, by, "currency", "deals", "value", "weighted", "without_value")
    groups = in_groups(rows.assign(weight=rows["deals"]), ["currency"])
    return lines(_open(names["currency"], part, by) for names, part in groups)


def _open(currency: str, rows: pd.DataFrame, by: str) -> Iterator[str]:
    deals, without = int(rows["deals"].sum()), int(rows["without_value"].sum())
    are = "is" if deals == 1 else "are"
    if without == deals:
        yield f"{counted(deals, 'deal')} {are} open{_in(currency)}, without a value."
        return
    value, weighted = (money(rows[name].sum(), currency) for name in ("value", "weighted"))
    missing = f"; {number(without)} {'has' if without == 1 else 'have'} no value" if without else ""
    rest = f"{weighted} weighted by win probability{missing}"
    yield f"{counted(deals, 'deal')} worth {value} {are} open, {rest}."
    if len(rows[by].unique()) > 1:
        yield _first(rows, by, "value", f"the largest open value{_in(currency)}")


def forecast(table: pd.DataFrame) -> Sentence:
    """Say how much should have closed already, for which period most is planned, and what has no date.

    Of more than three currencies, those with the most deals are spoken of.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.forecast` returns.

    Returns
    -------
    Sentence
        It is empty if no deal is open.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"period": ["overdue", "2026-07", "2026-08"], "currency": "EUR"})
    >>> forecast(table.assign(deals=[1, 2, 1], value=[50.0, 100.0, 50.0]))
    1 deal worth 50 EUR is overdue: 25 % of the open value. The most in one month is planned for Jul 2026:
    100 EUR.
    """
    rows = needed(table, "period", "currency", "deals", "value")
    groups = in_groups(rows.assign(weight=rows["deals"]), ["currency"])
    return lines(_planned(names["currency"], part) for names, part in groups)


def _planned(currency: str, rows: pd.DataFrame) -> Iterator[str]:
    period = rows["period"].astype("str")
    late, undated = rows[period == "overdue"], rows[period == "undated"]
    if count := int(late["deals"].sum()):
        value, total = late["value"].sum(), rows["value"].sum()
        share = f": {percent(value / total)} of the open value" if 0 <= value <= total and total > 0 else ""
        are = "is" if count == 1 else "are"
        worth = f" worth {money(value, currency)}"
        if late.get("without_value", late["deals"] * 0).sum() == count:
            worth, share = f"{_in(currency)}, without a value,", ""
        yield f"{counted(count, 'deal')}{worth} {are} overdue{share}."
    else:
        yield f"no deal{_in(currency)} is overdue."
    ahead = rows[~period.isin(["overdue", "undated"])].set_index("period")["value"]
    most = ahead[ahead == ahead.max()]
    if len(ahead) > 1 and len(most) == 1 and most.iloc[0] > 0:
        name = str(most.index[0])
        yield (
            f"the most in one {period_noun(name)} is planned for {period_name(name)}: "
            f"{money(most.iloc[0], currency)}."
        )
    if count := int(undated["deals"].sum()):
        yield f"{counted(count, 'deal')}{_in(currency)} {'has' if count == 1 else 'have'} no close date."


def won_value(table: pd.DataFrame) -> Sentence:
    """Say how much was won in the last period, and in the best one.

    Of more than three currencies, those with the most deals are spoken of.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`salesmate_nb.analysis.won_value` returns.

    Returns
    -------
    Sentence
        It is empty if no deal was won.

    Raises
    ------
    SalesmateError
        If a column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"period": ["2026-05", "2026-06"], "currency": "EUR", "deals": [2, 1]})
    >>> won_value(table.assign(value=[150.0, 90.0]))
    In Jun 2026, the last month with a won deal, 90 EUR was won. The best month was May 2026: 150 EUR.
    """
    rows = needed(table, "period", "currency", "deals", "value")
    rows = rows[rows["period"].astype("str") != "undated"]
    groups = in_groups(rows.assign(weight=rows["deals"]), ["currency"])
    return lines(_won(names["currency"], part) for names, part in groups)


def _won(currency: str, rows: pd.DataFrame) -> Iterator[str]:
    value = rows.sort_values("period").set_index("period")["value"]
    last = str(value.index[-1])
    noun = period_noun(last)
    won = money(value.iloc[-1], currency)
    yield f"in {period_name(last)}, the last {noun} with a won deal, {won} was won."
    best = value[value == value.max()]
    if len(value) > 1 and len(best) == 1 and str(best.index[0]) != last:
        yield f"the best {noun} was {period_name(str(best.index[0]))}: {money(best.iloc[0], currency)}."
