"""Which of several win rates differ by more than chance explains."""

from __future__ import annotations

import pandas as pd

from salesmate_nb._wording.numbers import number, percent
from salesmate_nb.analysis._statistics import wilson

FEW = 10  # decided deals: fewer say little
_CHANCE = 0.05


def compare(rates: pd.DataFrame, names: str) -> str:
    """Return a sentence on the highest and the lowest of several win rates.

    They differ by more than chance explains if their intervals do not overlap, each of which is so wide that
    with 95 % confidence all of them hold the true rates (Bonferroni: O. J. Dunn, "Multiple comparisons among
    means", Journal of the American Statistical Association 56 (1961), 52-64).

    Parameters
    ----------
    rates : pandas.DataFrame
        ``name``, ``won`` and ``decided``. Names with fewer than ten decided deals are not compared.
    names : str
        What the names are, such as ``"sources"``.
    """
    rows = rates[rates["decided"] >= FEW]
    if len(rows) < 2:  # noqa: PLR2004 - a pair
        return (
            f"too few {names} have {FEW} decided deals to compare their win rates." if len(rates) > 1 else ""
        )
    rows = rows.join(wilson(rows["won"], rows["decided"], 1 - _CHANCE / len(rows)))
    rows = rows.sort_values("rate", kind="stable")
    low, high = rows.iloc[0], rows.iloc[-1]
    if high["low"] > low["high"]:
        return f"{_rate(high)} has a higher win rate than {_rate(low)}, by more than chance explains."
    those = f"{number(len(rows))} {names} with at least {FEW} decided deals"
    if percent(low["rate"]) == percent(high["rate"]):
        return f"all {those} have a win rate of {percent(low['rate'])}."
    between = f"between {percent(low['rate'])} and {percent(high['rate'])}"
    return f"the win rates of {those} are {between}; such differences may be chance."


def _rate(row: pd.Series) -> str:
    return f"{row['name']} ({percent(row['rate'])} of {number(row['decided'])})"
