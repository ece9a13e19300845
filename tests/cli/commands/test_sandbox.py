"""The sandbox on the command line."""

from __future__ import annotations

import socket
import sys

import pytest


@pytest.mark.parametrize("command", [("deals", "--sandbox"), ("sandbox",)])
def test_missing_extra(run, monkeypatch, command):
    """Without the sandbox's extra, one line says what to install."""
    for name in [name for name in sys.modules if name.startswith("salesmate_nb.sandbox")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("salesmate_nb.sandbox")
    monkeypatch.setitem(sys.modules, "werkzeug", None)
    code, _, err = run(*command)
    assert (code, err.count("\n")) == (1, 1)
    assert 'pip install "salesmate-nb[sandbox]"' in err


def test_port_in_use(run):
    """A port that is in use is one line with the option to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, err = run("sandbox", "--port", str(taken.getsockname()[1]))
    assert (code, err.count("\n"), "another --port" in err) == (1, 1, True)
