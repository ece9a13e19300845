"""Errors: their tree, their attributes, and what IPython shows of them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import salesmate_nb
from salesmate_nb import errors
from salesmate_nb.errors import (
    ApiError,
    BadResponse,
    ConnectionFailed,
    IncompleteRead,
    Interrupted,
    KeyRefused,
    LoginDenied,
    LoginError,
    LoginRequired,
    NotFound,
    RateLimited,
    SalesmateError,
    SettingsError,
    StateMismatch,
)

TREE = {
    SettingsError: SalesmateError,
    LoginError: SalesmateError,
    LoginRequired: LoginError,
    KeyRefused: LoginRequired,
    LoginDenied: LoginError,
    StateMismatch: LoginError,
    ApiError: SalesmateError,
    RateLimited: ApiError,
    NotFound: ApiError,
    BadResponse: ApiError,
    IncompleteRead: SalesmateError,
    ConnectionFailed: SalesmateError,
}


@pytest.mark.parametrize(("error", "base"), TREE.items(), ids=lambda kind: kind.__name__)
def test_tree(error, base):
    """An error is caught as its kind, as the kind above it, and as SalesmateError."""
    assert issubclass(error, base)
    assert issubclass(error, SalesmateError)
    assert not issubclass(base, error)


def test_key_refused():
    """A key that is refused without a reason is both: a login is required, or a right is missing."""
    refused = KeyRefused("no", status=403, code="AuthorizationFailed")
    assert isinstance(refused, ApiError)
    assert (refused.status, refused.code, str(refused)) == (403, "AuthorizationFailed", "no")


def test_public_names():
    """Every error is exported by the package, and drawn in the tree of the module's docstring."""
    defined = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception) and not name.startswith("_")
    }
    assert defined == {error.__name__ for error in (SalesmateError, *TREE)}
    assert defined <= set(salesmate_nb.__all__)
    assert all(name in errors.__doc__ for name in defined)


def test_api_error():
    """An error of the API has its status, Salesmate's words for it and the URL; all may be missing."""
    err = NotFound("Not there.", status=404, code="NotFound", message="gone", url="https://acme.example/x")
    assert (str(err), err.status, err.code) == ("Not there.", 404, "NotFound")
    assert (err.message, err.url) == ("gone", "https://acme.example/x")
    bare = ApiError("Failed.")
    assert (bare.status, bare.code, bare.message, bare.url) == (None, None, None, None)
    assert RateLimited("Exhausted.").retry_after is None


def test_incomplete_read():
    """An incomplete read reports how many rows were read, and how many the server counted."""
    err = IncompleteRead("9 of 10.", read=9, total=10)
    assert (str(err), err.read, err.total) == ("9 of 10.", 9, 10)
    assert (IncompleteRead("some").read, IncompleteRead("some").total) == (None, None)


@pytest.mark.parametrize("error", TREE, ids=lambda kind: kind.__name__)
def test_is_transient(error):
    """No error counts as transient until it is marked, and marking one leaves the others as they are."""
    marked = error("Failed.")
    marked.is_transient = True
    assert not error("Failed.").is_transient


@pytest.mark.parametrize("error", [*TREE, Interrupted], ids=lambda kind: kind.__name__)
def test_notebook_traceback(error):
    """IPython shows every error as its message alone."""
    assert error("Do this.")._render_traceback_() == [f"{error.__name__}: Do this."]


SHOWN = """
import sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.terminal.interactiveshell import TerminalInteractiveShell
from salesmate_nb import errors

def inner(kind):
    try:
        {}["the cause"]
    except KeyError as err:
        raise getattr(errors, kind)("Do this.") from err

shell = {"notebook": InteractiveShell, "terminal": TerminalInteractiveShell}[sys.argv[1]].instance(
    colors="nocolor", history_manager=None
)
shell.user_ns["inner"] = inner
for name in sys.argv[2:]:
    shell.run_cell(f"inner({name!r})")
    print("---")
    shell.run_cell("%tb")
    print("---")
"""


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["notebook", "terminal"])
def test_ipython(tmp_path, shell):
    """IPython prints one line, without frames and causes; %tb prints both."""
    environment = os.environ | {"IPYTHONDIR": str(tmp_path)}
    names = ["RateLimited", "ConnectionFailed", "Interrupted"]
    done = subprocess.run(
        [sys.executable, "-c", SHOWN, shell, *names],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    shown = done.stdout.split("\n---\n")
    for error, first, everything in zip(names, shown[::2], shown[1::2], strict=False):
        assert first.strip() == f"{error}: Do this."
        assert "KeyError: 'the cause'" in everything
        assert "in inner" in everything
        assert f"{error}: Do this." in everything
    assert len(shown) == 2 * len(names) + 1
