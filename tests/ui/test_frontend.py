"""Who is there: a kernel whose front end answers, a terminal, or nobody."""

from __future__ import annotations

import io
import os
import pty
import sys
from types import SimpleNamespace

import pytest

from salesmate_nb._ui import frontend
from salesmate_nb._ui.frontend import Frontend


@pytest.fixture
def terminal():
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r+b", buffering=0) as raw, io.TextIOWrapper(raw) as stream:
        yield stream
    os.close(ours)


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


def test_a_terminal_has_somebody_at_both_ends(terminal, monkeypatch):
    """Somebody can answer who sees the question and can type."""
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert frontend.frontend() is Frontend.TERMINAL


@pytest.mark.parametrize("name", ["stdin", "stderr"])
@pytest.mark.parametrize("stream", [None, closed(), io.StringIO()], ids=["missing", "closed", "file"])
def test_a_stream_without_anybody_is_nobody(terminal, monkeypatch, name, stream):
    """Cron, a pipe, ``2>&-`` or a program that closed its input: nobody is asked, and nothing fails."""
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, name, stream)
    assert frontend.frontend() is Frontend.NOBODY


@pytest.mark.parametrize(
    ("allows", "server", "there"),
    [
        (True, "", Frontend.NOTEBOOK),
        (False, "", Frontend.NOBODY),
        (False, "voila/0.5.8", Frontend.NOTEBOOK),
    ],
)
def test_a_kernel_knows_whether_its_front_end_answers(monkeypatch, allows, server, there):
    """JupyterLab can ask for input, nbclient cannot; Voila cannot, and shows widgets."""
    monkeypatch.setattr(frontend, "_kernel", lambda: SimpleNamespace(_allow_stdin=allows))
    monkeypatch.setenv("SERVER_SOFTWARE", server)
    assert frontend.frontend() is there
