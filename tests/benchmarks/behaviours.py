"""Read 8,800 deals from an account of each named behaviour, and compare them with their true figures."""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from salesmate_nb import Settings
from salesmate_nb.client import Salesmate
from salesmate_nb.errors import SalesmateError
from tests.live_account import BEHAVIOURS, LiveAccount, load_real_deals, made

_ROW = "{:<21}{:<22}{:>6}{:>16}{:>16}{:>9}  {}"


def main() -> None:
    """Print a row for each behaviour; exit with 1 if a frame is not exact."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.behaviours", description=__doc__)
    parser.add_argument("--deals", type=Path, metavar="FILE", help="real deals; by default made ones")
    parser.add_argument("behaviours", nargs="*", default=list(BEHAVIOURS), metavar="behaviour")
    options = parser.parse_args()
    deals = load_real_deals(options.deals) if options.deals else made("deals", 8_800)
    print(f"{len(deals):,} deals, sum of values {_sum(deals):,}")
    print(
        _ROW.format("behaviour", "strategy", "passes", "first requests", "later requests", "seconds", "exact")
    )
    warnings.simplefilter("ignore")
    is_exact = [exact for name in options.behaviours for exact in _rows(name, deals)]
    sys.exit(not all(is_exact))


def _rows(name: str, deals: list[dict[str, Any]]) -> Iterator[bool]:
    """Read twice, as two kernels do; print one row, and yield whether the frames are exact."""
    behaviour = dataclasses.replace(BEHAVIOURS[name], limit=None)
    with LiveAccount(deals=deals, behaviour=behaviour) as account, tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            linkname=account.linkname,
            session_key=account.session_key,
            api_url=account.url,
            token_cache=Path(folder),
            calls_per_hour=100_000,
        )
        start = time.perf_counter()
        try:
            reads = [_read(settings, deals) for _ in range(2)]
        except SalesmateError as err:
            print(f"{name:<21}{err}", flush=True)
            yield False
            return
        seconds = time.perf_counter() - start
    (first, was_exact), (later, is_exact) = reads
    passes = f"{first['passes']}, {later['passes']}"
    exact = "yes" if was_exact and is_exact else "NO"
    print(
        _ROW.format(name, first["strategy"], passes, first["calls"], later["calls"], f"{seconds:.1f}", exact),
        flush=True,
    )
    yield from (was_exact, is_exact)


def _read(settings: Settings, deals: list[dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Return the report of a read in a new kernel, and whether its ids and values are the true ones."""
    frame = Salesmate(settings).deals_df(progress=False)
    ids = sorted(deal["id"] for deal in deals)
    is_exact = list(frame["id"]) == ids and _total(frame["deal_value"].dropna()) == _sum(deals)
    return frame.attrs["salesmate"], is_exact


def _sum(deals: list[dict[str, Any]]) -> float:
    return _total(deal["dealValue"] or 0 for deal in deals)


def _total(values: Iterable[float]) -> float:
    return round(math.fsum(values), 2)


if __name__ == "__main__":
    main()
