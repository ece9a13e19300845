"""The value of deals, alone and times their win probability."""

from __future__ import annotations

import pandas as pd

from salesmate_nb.analysis._groups import count
from salesmate_nb.errors import SalesmateError


def value_sums(rows: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Return the number of deals in each group, and their value."""
    value = rows["deal_value"]
    weighted = value * rows["win_probability"] / 100
    return pd.DataFrame(
        {
            "deals": value.groupby(group).size(),
            "without_value": count(value.isna(), group),
            "value": value.groupby(group).sum(),
            "without_weight": count(weighted.isna(), group),
            "weighted": weighted.groupby(group).sum(),
        }
    )


def stage_probability(rows: pd.DataFrame, stages: pd.DataFrame) -> pd.Series:
    """Return the win probability of each row's stage in its pipeline; missing if that is not known."""
    keys = ["pipeline", "stage"]
    missing = [name for name in (*keys, "win_probability") if name not in stages.columns]
    if missing:
        raise SalesmateError(
            f"stages has no column {', '.join(map(repr, missing))}. Read it with pipelines_df()."
        )
    known = stages.dropna(subset=keys).drop_duplicates(keys)
    by_stage = dict(
        zip(zip(known["pipeline"], known["stage"], strict=True), known["win_probability"], strict=True)
    )
    pairs = zip(rows["pipeline"], rows["stage"], strict=True)
    return pd.Series([by_stage.get(pair) for pair in pairs], index=rows.index, dtype="float64")
