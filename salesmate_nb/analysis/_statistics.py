"""Estimates from few or unfinished observations: Kaplan-Meier's and Wilson's."""

from __future__ import annotations

from statistics import NormalDist

import pandas as pd

from salesmate_nb.errors import SalesmateError

_QUARTILES = {"quarter_days": 0.25, "median_days": 0.5, "three_quarters_days": 0.75}
_ROUNDING = 1e-9  # error of a product of many shares


def kaplan_meier(lifetimes: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Return the steps of each group's Kaplan-Meier estimate, by day."""
    ended = lifetimes["closed"].groupby([group.rename("group"), lifetimes["day"]])
    start = pd.MultiIndex.from_product([group.unique(), [0.0]], names=["group", "day"])
    steps = pd.DataFrame({"ended": ended.size(), "closed": ended.sum()})
    steps = steps.reindex(steps.index.union(start), fill_value=0).sort_index().reset_index()
    by_group = steps.groupby("group")
    at_risk = by_group["ended"].transform("sum") - by_group["ended"].cumsum() + steps["ended"]
    still_open = (1 - steps["closed"] / at_risk).groupby(steps["group"]).cumprod()
    return steps.assign(at_risk=at_risk, still_open=still_open)[
        ["group", "day", "at_risk", "closed", "still_open"]
    ]


def quartiles(lifetimes: pd.DataFrame, group: pd.Series, index: pd.Index) -> pd.DataFrame:
    """Return the first day by which a quarter, half and three quarters have closed; missing if fewer have."""
    curve = kaplan_meier(lifetimes, group)
    table = pd.DataFrame(index=index)
    for name, share in _QUARTILES.items():
        reached = curve[curve["still_open"] <= 1 - share + _ROUNDING]
        table[name] = reached.groupby("group")["day"].min().reindex(index)
    return table


def wilson(successes: pd.Series[int], trials: pd.Series[int], confidence: float) -> pd.DataFrame:
    """Return the share of successes as ``rate``, with Wilson's score interval from ``low`` to ``high``.

    All three are missing without trials.

    Raises
    ------
    SalesmateError
        If `confidence` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise SalesmateError(f"confidence is {confidence}; it must be between 0 and 1, such as 0.95.")
    rate = successes / trials  # missing for 0 / 0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (rate + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * (rate * (1 - rate) / trials + z**2 / (4 * trials**2)) ** 0.5 / (1 + z**2 / trials)
    # Rounding may put an end slightly beyond 0, 1 or the rate itself.
    low, high = (centre - half).clip(0, rate), (centre + half).clip(rate, 1)
    return pd.DataFrame({"rate": rate, "low": low, "high": high})
