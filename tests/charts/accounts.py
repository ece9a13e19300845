"""Deals that are hard to draw: long names, several currencies, other scripts, odd values."""

from __future__ import annotations

import numpy as np
import pandas as pd

NOW = pd.Timestamp("2026-06-30T18:00Z")
CURRENCIES = ["EUR", "USD", "GBP", "JPY"]
OWNERS = [
    f"{'A very long name of an owner, in eighty letters with spaces and more in it ':<78}{n}"
    for n in range(40)
]
OWNERS[:4] = ["שם של אדם", "\U0001f680 Rocket", "US$5 and $6", "\u5f20\u4f1f"]
STAGES = ["Demo", f"Stage {'w' * 74}", "\U0001f389"]
PIPELINES = [f"Pipeline {'x' * 71}", "Renewals"]


def hard_deals(number=200):
    """Return deals of forty owners in four currencies and two pipelines, one of them of a million."""
    chance = np.random.default_rng(1)

    def some(values):
        return pd.Categorical(chance.choice(values, number), values)

    def days(least, most):
        return pd.to_timedelta(chance.integers(least, most, number), "D")

    created = NOW - days(1, 1200)
    status = some(["Open", "Won", "Lost", "Close"])
    deals = pd.DataFrame(
        {
            "id": np.arange(number),
            "status": status,
            "stage": some(STAGES),
            "pipeline": some(PIPELINES),
            "currency": some(CURRENCIES),
            "owner_name": some(OWNERS),
            "deal_value": np.where(chance.random(number) < 0.1, np.nan, chance.lognormal(8, 2, number)),
            "win_probability": chance.choice([10.0, 90.0, np.nan], number),
            "created_at": created,
            "estimated_close_date": created + days(1, 1500),
            "closed_date": pd.Series(created + days(0, 200)).mask(pd.Series(status) == "Open"),
        }
    )
    deals.loc[0, ["status", "deal_value"]] = ["Open", 1e6]
    deals.loc[1:9, ["owner_name", "currency"]] = None
    return deals
