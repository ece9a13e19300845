"""The command line as a module."""

from __future__ import annotations

import subprocess
import sys

import salesmate_nb


def test_module(tmp_path):
    """`python -m salesmate_nb` is the command line, also in Python's development mode."""
    command = [sys.executable, "-X", "dev", "-m", "salesmate_nb", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{salesmate_nb.__version__}\n", "")
