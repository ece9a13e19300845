"""The value of deals, alone and times their win probability."""

from __future__ import annotations

import pandas as pd

from salesmate_nb._values.text import comparable
from salesmate_nb.analysis._columns import select_stages
from salesmate_nb.analysis._groups import count


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


def weigh_by_stage(rows: pd.DataFrame, stages: pd.DataFrame) -> pd.DataFrame:
    """Give rows without a win probability that of their stage, and mark them as ``from_stage``."""
    own = rows["win_probability"]
    weight = own.fillna(_stage_probability(rows, stages))
    return rows.assign(win_probability=weight, from_stage=own.isna() & weight.notna())


def _stage_probability(rows: pd.DataFrame, stages: pd.DataFrame) -> pd.Series:
    """Return the win probability of each row's stage in its pipeline; missing if that is not known."""
    keys = ["pipeline", "stage"]
    known = select_stages(stages, *keys, "win_probability").dropna(subset=keys).drop_duplicates(keys)
    pairs, weights = list(zip(known["pipeline"], known["stage"], strict=True)), known["win_probability"]
    by_stage = dict(zip(pairs, weights, strict=True))
    alike = dict(zip(map(_comparable, reversed(pairs)), reversed(weights.to_list()), strict=True))
    wanted = zip(rows["pipeline"], rows["stage"], strict=True)
    found = [by_stage.get(pair, alike.get(_comparable(pair))) for pair in wanted]
    return pd.Series(found, index=rows.index, dtype="float64")


def _comparable(pair: tuple[object, object]) -> tuple[str | None, str | None]:
    pipeline_name, stage = (comparable(value) if isinstance(value, str) else None for value in pair)
    return pipeline_name, stage
