"""Measure what the history adds to a refresh, its size after a year of them, and reading a day of it."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from salesmate_nb import Settings
from salesmate_nb._history.folder import HistoryFolder
from salesmate_nb._history.recorder import NONE, State, record
from salesmate_nb._snapshot import refresh
from salesmate_nb._snapshot.store import Snapshot, SnapshotFile, history_owner
from salesmate_nb.client import Salesmate
from tests.benchmarks import work

STAGES = ["Qualified", "Demo", "Proposal", "Negotiation"]
CHANGED = 0.01  # of all deals, each day
DAYS = 365


def main() -> None:
    """Print what the history adds to refreshes, its size after a year, and how long reading a day takes."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.history", description=__doc__)
    parser.add_argument("--deals", type=int, default=100_000)
    parser.add_argument("--refreshes", type=int, default=5)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        pipe, server_end = context.Pipe()
        arguments = (options.deals, 0.0, Path(folder), server_end)  # any latency makes the share smaller
        server = context.Process(target=work.serve, args=arguments, daemon=True)
        server.start()
        try:
            settings = Settings(**pipe.recv())
            refreshes(settings, options.refreshes, pipe)
            year(settings)
            past(settings)
        finally:
            server.kill()
            server.join()


def refreshes(settings: Settings, count: int, pipe: Any) -> None:
    """Refresh after 1 % of the deals changed, and print which part of the time the history takes."""
    connection = Salesmate(settings)
    connection.deals_df(refresh="auto", progress=False)
    shares, seconds = [], []
    for _ in range(count):
        pipe.send(CHANGED)
        changed = pipe.recv()
        with timed_history() as history:
            start = time.perf_counter()
            connection.deals_df(refresh="auto", progress=False)
            whole = time.perf_counter() - start
        seconds.append(whole)
        shares.append(sum(history) / (whole - sum(history)))
    print(
        f"refresh, {changed:,} changed: {statistics.median(seconds):.2f} s; the history adds "
        f"{statistics.median(shares):.1%} (goal: 10 %)",
        flush=True,
    )


@contextmanager
def timed_history() -> Iterator[list[float]]:
    """Yield a list to which each part of keeping a history adds the seconds that it takes."""
    taken: list[float] = []

    def timed(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return work(*arguments, **options)
            finally:
                taken.append(time.perf_counter() - start)

        return run

    with (
        mock.patch.object(refresh, "record", timed(record)),
        mock.patch.object(HistoryFolder, "compact", timed(HistoryFolder.compact)),
    ):
        yield taken


def year(settings: Settings) -> None:
    """Record a year of daily refreshes, without a server, and print the size of the history."""
    (path,) = settings.token_cache.rglob("deals.parquet")
    bound = json.loads(pq.read_schema(path).metadata[b"salesmate"])["bound"]
    del bound["version"]
    file = SnapshotFile(path.parent, "deals", bound)
    history = HistoryFolder(path.parent, "deals", history_owner(bound))
    snapshot = file.load()
    assert snapshot is not None
    history.remove()
    random = np.random.default_rng(7)
    read_at = dt.datetime.now(dt.UTC) - dt.timedelta(days=DAYS)
    number = record(history, NONE, None, state_of(snapshot, read_at))
    for day in range(DAYS):
        before, read_at = state_of(snapshot, read_at), read_at + dt.timedelta(days=1)
        snapshot = dataclasses.replace(snapshot, table=after_a_day(snapshot.table, read_at, random))
        number = record(history, number, before, state_of(snapshot, read_at))
        history.compact(number, snapshot.paths)
        if day % 100 == 0:
            print(f"  day {day}", file=sys.stderr, flush=True)
    file.save(dataclasses.replace(snapshot, history=number))
    files = list(history.path.iterdir())
    size = sum(each.stat().st_size for each in files) / 1e6
    rows = sum(pq.read_metadata(each).num_rows for each in files if each.name != "baseline.parquet")
    print(f"a year: {rows:,} events, {size:.1f} MB in {len(files)} files (goal: 60 MB)", flush=True)


def state_of(snapshot: Snapshot, read_at: dt.datetime) -> State:
    """Return the rows of a snapshot as a refresh at a time finds them."""
    return State(table=snapshot.table, fields=snapshot.paths, read_at=read_at)


def after_a_day(table: pa.Table, now: dt.datetime, random: np.random.Generator) -> pa.Table:
    """Return deals of which some changed stage, value or close date, a few came, and a few are gone."""
    rows = random.choice(table.num_rows, int(table.num_rows * CHANGED), replace=False)
    table = replaced(table, "last_modified_at", rows, [now] * len(rows))
    days = (now + dt.timedelta(days=int(each)) for each in random.integers(1, 90, len(rows)))
    for name, share, values in (
        ("stage", 0.5, random.choice(STAGES, len(rows)).tolist()),
        ("deal_value", 0.4, np.round(random.lognormal(9, 1, len(rows)), 2).tolist()),
        ("estimated_close_date", 0.3, list(days)),
        ("last_activity_at", 0.9, [now] * len(rows)),
    ):
        some = np.flatnonzero(random.random(len(rows)) < share)
        table = replaced(table, name, rows[some], [values[each] for each in some])
    come, gone = rows[: len(rows) // 25], rows[-len(rows) // 50 :]
    ids = table.column("id").to_numpy()[-1] + 1 + np.arange(len(come))
    new = table.take(come).set_column(0, "id", pa.array(ids))
    new = replaced(new, "created_at", np.arange(len(come)), [now] * len(come))
    kept = np.delete(np.arange(table.num_rows), gone)
    return pa.concat_tables([table.take(kept), new]).combine_chunks()


def replaced(table: pa.Table, name: str, rows: np.ndarray[Any, Any], values: list[Any]) -> pa.Table:
    """Return a table with other values of a column in some rows."""
    column = table.column(name).combine_chunks()
    source = np.arange(len(column))
    source[rows] = len(column) + np.arange(len(rows))
    new = pa.array(values, column.type)
    return table.set_column(
        table.column_names.index(name), name, pa.concat_arrays([column, new]).take(pa.array(source))
    )


def past(settings: Settings) -> None:
    """Read some days of the year, and print how long that takes."""
    connection = Salesmate(settings)
    seconds, cpu = [], []
    for days in (360, 240, 120, 30, 1):
        day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days)
        start, cpu_start = time.perf_counter(), time.process_time()
        frame = connection.deals_df(as_of=day)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
    spread = f"{min(seconds):.2f} to {max(seconds):.2f} s, CPU {min(cpu):.2f} to {max(cpu):.2f} s"
    print(f"deals_df(as_of=...): {len(frame):,} rows, {spread} (goal: 1.5 s)", flush=True)


if __name__ == "__main__":
    main()
