"""Run all benchmarks, and write what they print to the file that the documentation includes."""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa

import salesmate_nb

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "benchmarks.txt"
BENCHMARKS = (  # a module beside this one, and its arguments; what it prints is its result
    ("reading",),
    ("first_read",),
    ("behaviours", "kind", "measured"),
    ("history",),
)


def main() -> None:
    """Run one after the other, and write the page once all have succeeded."""
    versions = f"salesmate_nb {salesmate_nb.__version__}, pandas {pd.__version__}, pyarrow {pa.__version__}"
    machine = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    parts = [f"{dt.datetime.now(dt.UTC):%Y-%m-%d}: {versions}, {machine}, {os.cpu_count()} cores"]
    for name, *arguments in BENCHMARKS:
        command = [sys.executable, "-m", f"tests.benchmarks.{name}", *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True)
        parts.append(f"== {name}\n{done.stdout.rstrip()}")
        print(parts[-1], flush=True)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
