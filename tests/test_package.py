"""The package as a whole: its import has no side effects."""

from __future__ import annotations

import subprocess
import sys

PROBE = """
import builtins, os, socket, sys, threading
def deny(name):
    def refuse(*args, **kwargs):
        raise SystemExit(f"importing used {name}: {args}")
    return refuse
import pandas, pyarrow, requests, tqdm.auto, requests_oauthlib, dotenv, platformdirs, filelock
before = dict(os.environ)
socket.socket.connect = deny("the network")
os.makedirs = os.mkdir = deny("the disk")
real = builtins.open
def only_read(file, mode="r", *args, **kwargs):
    return deny("the disk")(file) if set(mode) & set("wax+") else real(file, mode, *args, **kwargs)
builtins.open = only_read
import salesmate_nb
assert dict(os.environ) == before, "the environment was changed"
assert threading.active_count() == 1, "a thread was started"
assert not any(name.startswith(("werkzeug", "salesmate_nb.sandbox", "ipywidgets")) for name in sys.modules)
"""


def test_import_side_effects(tmp_path):
    """An import changes no file or variable, opens no connection, and starts no thread, output or sandbox."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
