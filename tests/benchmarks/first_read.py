"""Measure the first read of an account against a sequential loop, with a server in a process of its own."""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests

from salesmate_nb import Settings
from salesmate_nb._search.search import PAGE, SearchRequest
from salesmate_nb.client import Salesmate
from salesmate_nb.resources import DEALS
from tests.live_account import BEHAVIOURS, LiveAccount, made


def main() -> None:
    """Print requests, seconds and the ratio of the times."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.first_read", description=__doc__)
    parser.add_argument("--deals", type=int, default=20_000)
    parser.add_argument("--latency", type=float, default=0.2, metavar="S", help="seconds a request takes")
    parser.add_argument("--concurrency", type=int, default=Settings.concurrency)
    parser.add_argument("behaviours", nargs="*", default=["kind"], metavar="behaviour")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    for name in options.behaviours:
        ours, theirs = context.Pipe()
        server = context.Process(target=serve, args=(name, options.deals, options.latency, theirs))
        server.start()
        try:
            compare(name, ours.recv(), options.concurrency)
        finally:
            ours.send("stop")
            server.join()


def serve(name: str, deals: int, latency: float, pipe: Connection) -> None:
    """Serve an account until the pipe says otherwise."""
    behaviour = dataclasses.replace(BEHAVIOURS[name], limit=None, latency=latency)
    with LiveAccount(deals=made("deals", deals), behaviour=behaviour) as account:
        pipe.send({"linkname": account.linkname, "key": account.session_key, "url": account.url})
        pipe.recv()


def compare(name: str, account: dict[str, Any], concurrency: int) -> None:
    """Read once in a loop, then twice with the package."""
    start = time.perf_counter()
    rows = loop(account)
    sequential = time.perf_counter() - start
    print(f"{name}: a sequential loop read {rows:,} rows in {sequential:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            linkname=account["linkname"],
            access_token=account["key"],
            api_url=account["url"],
            token_cache=Path(folder),
            calls_per_hour=100_000,
            concurrency=concurrency,
        )
        for which in ("first", "later"):
            start = time.perf_counter()
            frame = Salesmate(settings).deals_df(progress=False)
            seconds = time.perf_counter() - start
            report = frame.attrs["salesmate"]
            print(
                f"  {which} read: {len(frame):,} rows by {report['strategy']!r}, {report['calls']} requests, "
                f"{seconds:.2f} s, ratio {seconds / sequential:.2f}"
            )


def loop(account: dict[str, Any]) -> int:
    """Request page after page, as a script does, and return the number of rows."""
    session = requests.Session()
    session.headers.update(
        {"accessToken": account["key"], "x-linkname": f"{account['linkname']}.salesmate.io"}
    )
    request = SearchRequest(resource=DEALS, fields=tuple(field.path for field in DEALS.fields))
    rows: list[Any] = []
    while True:
        url = f"{account['url']}/apis/deal/v4/search?rows={PAGE}&from={len(rows)}"
        page = session.post(url, json=request.body(), timeout=60).json()["Data"]["data"]
        rows += page
        if len(page) < PAGE:
            return len(rows)


if __name__ == "__main__":
    main()
