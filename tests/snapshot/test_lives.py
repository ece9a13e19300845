"""The history of random lives of an account, refreshed on random days, against the live reads taken then."""

from __future__ import annotations

import datetime as dt
import itertools
import random

import duckdb
import pandas as pd
import polars as pl
import pytest

from salesmate_nb import sandbox
from salesmate_nb.analysis import movement
from tests.helpers import reach, same

BEHAVIORS = ["measured", "kind", "no-totals", "newest-first", "created-ranges", "refuses-rules"]


def edit_by_hand(box, chance):
    """Edit, create, delete and restore some deals, as colleagues do, with values that are hard to keep."""
    ids = box.deals.ids()
    for number in chance.sample(ids, chance.randrange(6)):
        value = chance.choice([0, 0.1, 1_234_567.89, 1e11, None, "n/a"])
        box.deals.edit(number, dealValue=value, title=chance.choice(["", "Ä\n,'", None]))
    if chance.random() < 0.5:
        box.deals.create(title="new", status="Open", dealValue=chance.randrange(10**6) / 100, currency="USD")
    gone = [box.deals.get(number) for number in chance.sample(ids, 2)]
    for deal in gone:
        box.deals.delete(deal["id"])
    box.deals.put(gone[0])


def check_life(seed, refreshes, deals, pairs=None):
    """Refresh an account on random days of a random life, and compare its history with what was read live."""
    chance = random.Random(f"life {seed}")
    behavior = chance.choice(BEHAVIORS)
    with sandbox.start(deals=deals, seed=seed, behavior=behavior) as box:
        box.pass_days(0)
        connection, frames = reach(box, "key-v4"), []
        for _ in range(refreshes):
            box.pass_days(chance.choice([0, 1, 1, 3, 7, 20]))
            edit_by_hand(box, chance)
            live = connection.deals_df()
            frames.append(connection.deals_df(refresh=chance.choice(["auto", "auto", "full"])))
            same(frames[-1], live)
        times = connection.history_df(field="stage").attrs["salesmate"]["refreshes"]
        past = [connection.deals_df(as_of=at) for at in times]
        same(connection.deals_df(as_of=dt.date.max), connection.deals_df(refresh="never"))
    assert len(past) == refreshes
    for found, frame in zip(past, frames, strict=True):
        same(found, frame)
    every = list(itertools.combinations(range(refreshes), 2))
    for then, now in every if pairs is None else chance.sample(every, pairs):
        table = movement(past[then], past[now], "owner_name")
        check_end(table[table["line"] == "opening"], frames[then])
        check_end(table[table["line"] == "closing"], frames[now])
        for _, rows in table.groupby(["owner_name", "currency"], dropna=False, observed=True):
            sums = rows.set_index("line")[["deals", "value", "without_value"]]
            assert (sums.drop("closing").sum() - sums.loc["closing"]).abs().max() < 0.005
    return behavior


def check_end(rows, frame):
    """Compare one end of a movement with the open deals of the frame, currency by currency."""
    deals = frame[frame["status"] == "Open"]
    expected = deals.groupby(currency_of(deals))["deal_value"].agg(["size", "sum"])
    found = rows.groupby(currency_of(rows))[["deals", "value"]].sum()
    found = found[found["deals"] > 0]
    assert found["deals"].to_dict() == expected["size"].to_dict()
    assert found["value"].to_dict() == pytest.approx(expected["sum"].to_dict(), abs=0.005)


def currency_of(rows):
    return rows["currency"].astype("object").fillna("none")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:refresh='auto' reads all:UserWarning")
@pytest.mark.filterwarnings("ignore:Values that could not be read:UserWarning")
@pytest.mark.parametrize(("seed", "deals"), [(1, 120), (2, 520)])
def test_life(seed, deals):
    """Each refreshed day is as it was read live then, and movement closes to the cent between any two."""
    check_life(seed, 5, deals, pairs=3)


SQL = """
    WITH changes AS (FROM '{folder}/0*.parquet' WHERE seen_at <= '{at}'),
    lives AS (SELECT id, arg_max(field, seen_at) AS field FROM changes
              WHERE field IN ('created', 'deleted', 'restored') GROUP BY id),
    stages AS (SELECT id, arg_max(new, seen_at) AS stage FROM changes WHERE field = 'stage' GROUP BY id)
    SELECT id, coalesce(stages.stage, first.stage)
    FROM '{folder}/baseline.parquet' AS first FULL JOIN lives USING (id) LEFT JOIN stages USING (id)
    WHERE lives.field IS DISTINCT FROM 'deleted'
"""


def test_other_programs():
    """DuckDB and Polars read the stage that each deal had at a time from the files, without this package."""
    with sandbox.start(deals=80) as box:
        box.pass_days(0)
        connection = reach(box, "key-v4")
        for _ in range(3):
            connection.deals_df(refresh="auto")
            box.pass_days(15)
        at = connection.history_df().attrs["salesmate"]["refreshes"][1]
        expected = connection.deals_df(as_of=at).set_index("id")["stage"].astype("str").to_dict()
        (folder,) = box.settings.token_cache.rglob("deals.history")
        assert dict(duckdb.sql(SQL.format(folder=folder, at=at)).fetchall()) == expected
        events = pl.read_parquet(f"{folder}/0*.parquet")
    stages = events.filter((pl.col("seen_at") <= pd.Timestamp(at)) & (pl.col("field") == "stage"))
    last = dict(stages.sort("seen_at").group_by("id").agg(pl.col("new").last()).iter_rows())
    kept = {number: stage for number, stage in last.items() if number in expected}
    assert len(kept) > 2
    assert kept.items() <= expected.items()
