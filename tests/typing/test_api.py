"""The public read methods as users meet them: in Shift-Tab and in Tab; `make types` checks api.py."""

from __future__ import annotations

import inspect
import re

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import salesmate_nb
from salesmate_nb import Salesmate, Settings

SHARED = {
    "owner": None,
    "modified_since": None,
    "modified_until": None,
    "created_since": None,
    "created_until": None,
    "where": None,
    "columns": None,
    "limit": None,
    "progress": None,
    "wait": True,
    "refresh": None,
    "allow_incomplete": False,
}
ARGUMENTS = {  # each with its default
    "deals": {
        **dict.fromkeys(("status", "stage", "pipeline", "closed_since", "closed_until")),
        **SHARED,
        "url": False,
        "as_of": None,
    },
    "contacts": SHARED,
    "companies": SHARED,
    "activities": SHARED,
}
FRAMES = [f"{name}_{kind}" for name in ARGUMENTS for kind in ("df", "arrow")]
RECORDS = {name: {**ARGUMENTS[name]} for name in ARGUMENTS}
for arguments in RECORDS.values():  # records come as the server sent them, and live
    for name in ("columns", "url", "refresh", "as_of"):
        arguments.pop(name, None)
PUBLIC = [("deals_df", ARGUMENTS["deals"])]
PUBLIC += [(f"crm.{name}", ARGUMENTS[name.partition("_")[0]]) for name in FRAMES]
PUBLIC += [(f"crm.{name}", RECORDS[name]) for name in RECORDS]
each_read = pytest.mark.parametrize(("name", "arguments"), PUBLIC, ids=[name for name, _ in PUBLIC])


@pytest.fixture
def user_names(tmp_path):
    """Return what a notebook has after its first cell; nothing here connects."""
    settings = Settings(linkname="acme", access_token="made-up", token_cache=tmp_path)
    return {"crm": Salesmate(settings), "deals_df": salesmate_nb.deals_df}


@pytest.fixture
def shell(user_names, tmp_path, monkeypatch):
    """Start IPython without its history."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=config, user_ns=user_names)
    yield shell
    assert shell.history_manager is not None
    shell.history_manager.end_session()


@each_read
def test_signature(user_names, name, arguments):
    """A read takes every argument by name only, with its default."""
    signature = inspect.signature(eval(name, user_names))
    assert {it.name: it.default for it in signature.parameters.values()} == arguments
    assert {it.kind for it in signature.parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


@each_read
def test_inspection(shell, name, arguments):
    """Shift-Tab in a notebook shows every argument with its default, and a docstring."""
    shown = re.sub(r"\x1b\[[0-9;]*m", "", shell.object_inspect_mime(name)["text/plain"])  # without colors
    defaults = dict(re.findall(r"(\w+): [^=\n]+ = (\w+)", shown.partition("Docstring:")[0]))
    assert defaults == {argument: str(default) for argument, default in arguments.items()}
    assert "<no docstring>" not in shown


def offered_by_tab(shell, name):
    """Return what Tab offers after the parenthesis."""
    typed = f"{name}("
    with provisionalcompleter():
        return {it.text for it in shell.Completer.completions(typed, len(typed))}


@each_read
def test_completion(shell, name, arguments):
    """Tab after the parenthesis offers every argument."""
    shell.Completer.use_jedi = False
    assert {f"{argument}=" for argument in arguments} <= offered_by_tab(shell, name)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "arguments"), [PUBLIC[0], PUBLIC[1], PUBLIC[-1]])
def test_completion_by_jedi(shell, name, arguments):
    """So it does where jedi completes, which reads the source: for a function and for methods."""
    shell.Completer.use_jedi = True
    assert {f"{argument}=" for argument in arguments} <= offered_by_tab(shell, name)
