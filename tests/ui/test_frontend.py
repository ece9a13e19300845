"""The frontend: a notebook, a terminal, or none."""

from __future__ import annotations

import io
import os
import sys
from types import SimpleNamespace

import pytest

from salesmate_nb._ui import frontend
from salesmate_nb._ui.frontend import Frontend


@pytest.fixture
def terminal():
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    controller, device = pty.openpty()
    with os.fdopen(device, "r+b", buffering=0) as raw, io.TextIOWrapper(raw) as stream:
        yield stream
    os.close(controller)


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


def test_terminal(terminal, monkeypatch):
    """If stdin and stderr are terminals, a user can be prompted."""
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert frontend.frontend() is Frontend.TERMINAL


@pytest.mark.parametrize("name", ["stdin", "stderr"])
@pytest.mark.parametrize("stream", [None, closed(), io.StringIO()], ids=["missing", "closed", "file"])
def test_no_terminal(terminal, monkeypatch, name, stream):
    """Under cron, in a pipe, after ``2>&-`` or with a closed stdin there is no frontend, and no error."""
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, name, stream)
    assert frontend.frontend() is Frontend.NOBODY


@pytest.mark.parametrize(
    ("allow_stdin", "server", "expected"),
    [
        (True, "", Frontend.NOTEBOOK),
        (False, "", Frontend.NOBODY),
        (False, "voila/0.5.8", Frontend.NOTEBOOK),
    ],
)
def test_notebook_kernel(monkeypatch, allow_stdin, server, expected):
    """JupyterLab can ask for input, nbclient cannot; Voila cannot either, but shows widgets."""
    monkeypatch.setattr(frontend, "running_kernel", lambda: SimpleNamespace(_allow_stdin=allow_stdin))
    monkeypatch.setenv("SERVER_SOFTWARE", server)
    assert frontend.frontend() is expected
