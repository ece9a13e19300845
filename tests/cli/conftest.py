"""What the tests of the command line share: an account, and a function that runs a command."""

from __future__ import annotations

import pytest

from salesmate_nb import cli, sandbox


@pytest.fixture
def account(monkeypatch):
    """Set the environment to a sandbox's account, with its key."""
    with sandbox.start(deals=30) as box:
        monkeypatch.setenv("SALESMATE_API_URL", box.url)
        monkeypatch.setenv("SALESMATE_LINKNAME", box.linkname)
        monkeypatch.setenv("SALESMATE_SESSION_KEY", box.session_key)
        yield box


@pytest.fixture
def run(capsys):
    """Return a function that runs a command, and returns its exit code, stdout and stderr."""

    def command(*arguments):
        try:
            code = cli.main(arguments)
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    return command
