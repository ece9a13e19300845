"""The package as a whole: its import has no side effects."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

import salesmate_nb
from salesmate_nb import analysis, charts, history, report, sandbox, sentences, token_stores

ROOT = Path(__file__).parents[1]
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
for name in salesmate_nb.__all__:
    getattr(salesmate_nb, name)
assert dict(os.environ) == before, "the environment was changed"
assert threading.active_count() == 1, "a thread was started"
late = ("werkzeug", "matplotlib", "jinja2", "salesmate_nb.sandbox", "ipywidgets")
assert not any(name.startswith(late) for name in sys.modules)
"""


def test_import_side_effects(tmp_path):
    """An import changes no file or variable, opens no connection, and starts no thread, output or sandbox."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_time_zones_come_along():
    """Time zones are installed with the package on every system, since slim containers have none."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (tzdata,) = [line for line in project["dependencies"] if line.startswith("tzdata")]
    assert ";" not in tzdata


MODULES = ["analysis", "charts", "history", "report", "sandbox", "sentences", "token_stores"]


def test_tab():
    """dir() lists the public names and the public modules, and nothing else; all can be used."""
    assert dir(salesmate_nb) == sorted([*salesmate_nb.__all__, *MODULES])
    assert all(hasattr(salesmate_nb, name) for name in dir(salesmate_nb))
    with pytest.raises(AttributeError, match="has no attribute 'analyses'"):
        _ = salesmate_nb.analyses


def test_modules_on_first_use(tmp_path):
    """`import salesmate_nb` is enough to use a public module; it and pandas are imported only then."""
    code = (
        "import sys, salesmate_nb\n"
        "assert 'pandas' not in sys.modules\n"
        "for name in ('analysis', 'history', 'sandbox', 'client'):\n"
        "    assert f'salesmate_nb.{name}' not in sys.modules\n"
        "    assert getattr(salesmate_nb, name) is sys.modules[f'salesmate_nb.{name}']\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_tab_in_a_kernel(tmp_path):
    """In a notebook, Tab offers the public names and nothing else; Shift-Tab explains arguments."""
    manager, client = start_new_kernel(cwd=tmp_path)
    try:
        client.execute_interactive("import salesmate_nb", timeout=60)
        code = "salesmate_nb."
        reply = client.complete(code, len(code), reply=True, timeout=60)
        help_of = client.inspect("salesmate_nb.deals_df", reply=True, timeout=60)["content"]["data"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    public = {name for name in dir(salesmate_nb) if not name.startswith("_")}
    assert set(reply["content"]["matches"]) == public
    shown = re.sub(r"\x1b\[[\d;]*m", "", help_of["text/plain"])  # without its colors
    times = "str | date | Timestamp | datetime64 | timedelta | timedelta64 | None"
    assert f"modified_since: {times} = None" in shown
    assert "columns : str or sequence of str, optional\n    Columns of the frame" in shown


def public_callables():
    """Yield what users call, by name: functions, constructors, and methods of what they hold."""
    for module in (salesmate_nb, analysis, charts, history, report, sandbox, sentences, token_stores):
        for name in getattr(module, "__all__", vars(module)):
            found = getattr(module, name)
            is_own = getattr(found, "__module__", "").startswith(module.__name__) and name[0] != "_"
            is_error = inspect.isclass(found) and issubclass(found, Exception)  # raised here, not by users
            if callable(found) and is_own and not is_error:
                yield f"{module.__name__}.{name}", found
    for kind in (
        salesmate_nb.Salesmate,
        salesmate_nb.Settings,
        history.ImportedHistory,
        sandbox.Sandbox,
        sandbox.Store,
    ):
        for name in vars(kind):
            if name[0] != "_" and inspect.isroutine(getattr(kind, name)):
                yield f"{kind.__name__}.{name}", getattr(kind, name)


CALLABLES = dict(public_callables())
del CALLABLES["salesmate_nb.sandbox.Options"]  # what it shares with Behavior is explained there


@pytest.mark.parametrize("name", CALLABLES)
def test_shift_tab(name):
    """Shift-Tab explains every argument, and no type in the signature is a name of this package's own."""
    doc, signature = inspect.getdoc(CALLABLES[name]), inspect.signature(CALLABLES[name])
    section = re.search(r"Parameters\n-+\n(.*?)(?=\n\n\w+\n-+\n|\Z)", doc or "", re.DOTALL)
    explained = set()
    for entry in re.split(r"\n(?=\S)", section[1]) if section else []:
        head, _, words = entry.partition("\n")
        names, _, kind = head.partition(" : ")
        if words.strip() and (kind or names.startswith("*")):
            explained |= {each.lstrip("*") for each in names.split(", ")}
    assert set(signature.parameters) - {"self"} <= explained
    assert not re.search("TextFilter|DatetimeLike|Refresh", str(signature))


def test_callables_are_found():
    """The functions that people start with are among those that are checked."""
    assert {"salesmate_nb.deals_df", "salesmate_nb.connect", "Salesmate.activities_df"} <= set(CALLABLES)
    assert {"salesmate_nb.analysis.survival", "salesmate_nb.sandbox.start"} <= set(CALLABLES)


@pytest.mark.parametrize(("module", "needs"), [("charts", "matplotlib"), ("report", "jinja2")])
def test_without_the_extra(module, needs, monkeypatch):
    """Without what it needs, a module says what to install."""
    monkeypatch.delitem(sys.modules, f"salesmate_nb.{module}")
    monkeypatch.setitem(sys.modules, needs, None)
    with pytest.raises(ImportError, match=rf'need {needs}\. Run: pip install "salesmate-nb\[lab\]"'):
        importlib.import_module(f"salesmate_nb.{module}")
