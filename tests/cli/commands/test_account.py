"""The commands about logins: what they ask, say, and return to a script."""

from __future__ import annotations

import io
import sys

import pytest

from salesmate_nb._cli.commands import account as commands


def test_login_with_a_dead_key(account, run, monkeypatch):
    """login asks Salesmate once whether it accepts a key of the settings: exit code 1 if not."""
    assert run("login")[0] == 0
    assert len(account.log) == 1
    monkeypatch.setenv("SALESMATE_SESSION_KEY", "dead")
    code, _, err = run("login")
    assert (code, "did not accept this key" in err) == (1, True)
    assert "It is the key of SALESMATE_SESSION_KEY in the environment." in err
    assert [seen.path for seen in account.log[1:]] == ["/apis/core/v4/users", "/apis/deal/v4/search"]


@pytest.mark.parametrize(
    ("typed", "words"), [("", "no key in standard input"), ("{key}", "could not be stored")]
)
def test_key_that_is_not_stored(account, run, monkeypatch, typed, words):
    """login fails if it read no key, or could store nothing."""
    monkeypatch.delenv("SALESMATE_SESSION_KEY")
    monkeypatch.setenv("SALESMATE_TOKEN_STORE", "memory")
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed.format(key=account.session_key)))
    code, _, err = run("login", "--key-stdin")
    assert (code, words in err) == (1, True)


@pytest.mark.parametrize("named", ["", "beta"])
def test_login_to_a_workspace(run, monkeypatch, named):
    """login --workspace leads to that workspace, unless the settings name another one."""
    monkeypatch.setenv("SALESMATE_LINKNAME", named)
    seen = []
    monkeypatch.setattr(commands, "connect", lambda settings, **_: seen.append(settings.linkname) or 1 / 0)
    code, _, err = run("login", "--workspace", "acme")
    assert (code, seen, "names the workspace beta" in err) == (1, [] if named else ["acme"], bool(named))


def test_status_words(run):
    """status names the command that logs in."""
    _, out, _ = run("status")
    assert "run `salesmate-nb login`" in out
    assert "host" not in out  # nothing else is known
    assert "connect(" not in out


@pytest.mark.parametrize("content", [None, b"k3y-\xff\n"])
def test_key_that_is_not_text(run, monkeypatch, content):
    """A standard input that is closed or not text is one line, without the key."""
    stdin = content and io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stdin)
    code, _, err = run("login", "--key-stdin", "--workspace", "acme")
    assert (code, err.count("\n"), "Standard input" in err) == (1, 1, True)
    assert "k3y" not in err


def test_status_of_other_hosts(account, run, monkeypatch):
    """status names what the profile holds for other workspaces and hosts, and makes no request."""
    monkeypatch.delenv("SALESMATE_SESSION_KEY")
    monkeypatch.setattr(sys, "stdin", io.StringIO(account.session_key))
    run("login", "--key-stdin")
    requests = len(account.log)
    monkeypatch.setenv("SALESMATE_LINKNAME", "beta")
    code, out, err = run("status")
    assert (code, len(account.log)) == (1, requests)
    assert "Salesmate: not logged in" in out
    assert f"Session Key for {account.linkname}; used if the settings name them" in out
    assert "Run `salesmate-nb login`" in err
    monkeypatch.setenv("SALESMATE_LINKNAME", account.linkname)
    code, out, _ = run("status")
    assert (code, "others" in out) == (0, False)
