"""Measure pages to frames, reads over sockets, and snapshots, each in fresh processes: medians and ratios."""

from __future__ import annotations

import argparse
import math
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from salesmate_nb._snapshot.incremental import pages_read_again
from tests.benchmarks import work

_FRESH = multiprocessing.get_context("spawn")
Measure = tuple[float, float, Any]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.reading", description=__doc__)
    parser.add_argument("--deals", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.05, metavar="S", help="seconds a request takes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(f"{options.deals:,} deals, median of {options.runs}\n")
        _row("measure", "baseline", "ours", "ratio", "goal")
        work.make_pages(options.deals, Path(folder))
        _frames(Path(folder), options.runs)
        _sockets(Path(folder), options)


def _frames(folder: Path, runs: int) -> None:
    jobs = (work.normalized, "clean"), (work.ours, "clean"), (work.ours, "dirty"), (work.parse_only, "clean")
    rounds = [[_alone(work.on_pages, job, folder / kind) for job, kind in jobs] for _ in range(runs)]
    base, ours, dirty, parsing = (_median(measures) for measures in zip(*rounds, strict=True))
    # A third of it is parsing, and much of the rest takes 34 values of each record out of its dict.
    _compare("pages to frame, CPU time", base[0], ours[0], "s", "<= 0.30")
    _compare("the same, peak memory", base[1], ours[1], "MB", "<= 0.20")
    _compare("5 dirty columns, 1/4 of pages", ours[0], dirty[0], "s", "<= 1.6")
    _compare("parsing alone", ours[0], parsing[0], "s", "lower bound")


def _sockets(folder: Path, options: argparse.Namespace) -> None:
    pipe, server_end = _FRESH.Pipe()
    arguments = (options.deals, options.latency, folder, server_end)
    server = _FRESH.Process(target=work.serve, args=arguments, daemon=True)
    server.start()
    try:
        account = pipe.recv()
        base = _median([_alone(work.timed, work.loop, account) for _ in range(options.runs)])
        ours = _median([_alone(work.timed, work.deals_df, account) for _ in range(options.runs)])
        _alone(work.timed, work.snapshot, account)
        again = _alone(work.timed, work.snapshot, account)
        pipe.send(0.01)
        changed = pipe.recv()
        later = _alone(work.timed, work.snapshot, account)
        reloaded = _median([_alone(work.timed, work.offline, account) for _ in range(options.runs)])
    finally:
        server.kill()
        server.join()
    _compare(f"{options.latency * 1000:.0f} ms a request, socket to frame", base[0], ours[0], "s", "<= 0.30")
    pages = math.ceil(options.deals / work.PAGE)
    _row("requests of a full read", f"{pages}", f"{ours[2][1]}", f"+{ours[2][1] - pages}", "<= +8")
    # Two list fields and stages, which a new kernel does not know; one lists changes. The others read rows
    # again in turn, whose changes the server may not have reported: a request has one sort and 250 rows.
    fewest = 2 + 1 + pages_read_again(options.deals)
    _row("requests of a refresh, no changes", "", f"{again[2][1]}", "", f"<= {fewest}")
    # A page more shows that no change follows, and the first one again what changed while they were read.
    most = fewest + math.ceil(changed / work.PAGE) + 1
    _row(f"the same, {changed:,} changed", "", f"{later[2][1]}", "", f"<= {most}")
    _compare("offline reload, to a live read", ours[0], reloaded[0], "s", "<= 0.05")
    if base[2][0] != options.deals or ours[2][0] != options.deals:
        sys.exit(f"read {base[2][0]} and {ours[2][0]} deals")


def _alone(job: Callable[..., Measure], *arguments: Any) -> Measure:
    """Run a job in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=_FRESH) as pool:
        return pool.submit(job, *arguments).result()


def _median(measures: Sequence[Measure]) -> Measure:
    seconds, megabytes, results = zip(*measures, strict=True)
    return statistics.median(seconds), statistics.median(megabytes), results[0]


def _compare(name: str, base: float, ours: float, unit: str, goal: str) -> None:
    _row(name, f"{base:.2f} {unit}", f"{ours:.2f} {unit}", f"{ours / base:.2f}", goal)


def _row(*cells: str) -> None:
    print("{:<34}{:>12}{:>12}{:>8}  {}".format(*cells), flush=True)


if __name__ == "__main__":
    main()
