"""The commands: what they refuse before they read, and what they say in words of the command line."""

from __future__ import annotations

import io
import json
import socket
import sys

import pandas as pd
import pytest

from salesmate_nb import cli, sandbox
from salesmate_nb._cli import commands


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


@pytest.mark.parametrize("output", ["won.xlsx", "won.txt", "won"])
def test_refused_output(account, run, tmp_path, output):
    """A format that cannot be written is refused before anything is requested, and no file is made."""
    code, _, err = run("deals", "--output", str(tmp_path / output))
    assert (code, "argument --output" in err) == (2, True)
    assert (account.log, (tmp_path / output).exists()) == ([], False)


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_format_by_ending(account, run, tmp_path, kind):
    """deals and snapshot write what the ending of the file says."""
    path = tmp_path / f"deals.{kind}"
    for command in ("deals", "snapshot"):
        code, _, err = run(command, "--output", str(path))
        assert (code, f"Wrote 30 deals to {path}" in err) == (0, True)
        read = {"csv": pd.read_csv, "parquet": pd.read_parquet}
        rows = json.loads(path.read_text("utf-8")) if kind == "json" else read[kind](path)
        assert len(rows) == 30
        path.unlink()


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


def test_quoted_key(account, run, monkeypatch):
    """A key in the quotes that `docker run --env-file` keeps is sent without them, and accepted."""
    monkeypatch.setenv("SALESMATE_SESSION_KEY", f'"{account.session_key}"')
    assert run("deals", "--limit", "1", "--format", "csv")[0] == 0


def test_searched(run):
    """Without settings, the error says where they were looked for, and what works without an account."""
    code, _, err = run("deals")
    assert code == 1
    assert "Looked for settings in the environment and in " in err
    assert "use --sandbox" in err
    assert "connect(" not in err


def test_status_words(run):
    """status names the command that logs in."""
    _, out, _ = run("status")
    assert "run `salesmate-nb login`" in out
    assert "host" not in out  # nothing else is known
    assert "connect(" not in out


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


@pytest.mark.parametrize("content", [None, b"k3y-\xff\n"])
def test_key_that_is_not_text(run, monkeypatch, content):
    """A standard input that is closed or not text is one line, without the key."""
    stdin = content and io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stdin)
    code, _, err = run("login", "--key-stdin", "--workspace", "acme")
    assert (code, err.count("\n"), "Standard input" in err) == (1, 1, True)
    assert "k3y" not in err


def test_one_row(run, monkeypatch):
    """One row is not called by the plural."""
    with sandbox.start(deals=1) as box:
        for name, value in (
            ("API_URL", box.url),
            ("LINKNAME", box.linkname),
            ("SESSION_KEY", box.session_key),
        ):
            monkeypatch.setenv(f"SALESMATE_{name}", value)
        assert run("snapshot")[2].startswith("1 deal in ")


def test_movement(account, run):
    """movement refreshes, prints the waterfall from the day to now, and needs no request offline."""
    account.pass_days(0)
    run("snapshot")
    account.pass_days(28)
    account.deals.create(status="Open", stage="Demo", currency="USD", dealValue=700)
    code, out, _ = run("movement", "--since", "28d")
    assert (code, "2026-06-30 18:00 to 2026-07-28 18:00 UTC" in out) == (0, True)
    requests = len(account.log)
    _, text, err = run("movement", "--since", "4w", "--by", "owner, stage", "--offline", "--format", "csv")
    table = pd.read_csv(io.StringIO(text))
    assert "2026-06-30 18:00 to 2026-07-28 18:00" in err
    assert list(table)[:4] == ["owner_name", "stage", "currency", "line"]
    assert table.loc[table["line"] == "created", "value"].sum() >= 700
    signed = table["value"].where(table["line"] != "closing", -table["value"])
    assert abs(signed.sum()) < 0.01
    assert len(account.log) == requests


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--since", "May"), 2, "'May' is not an age, such as 7d or 4w, nor a time"),
        (("--since", "8d"), 1, "begins on 2026-06-30 at 18:00 (UTC), and --since is earlier"),
        (("--since", "0d", "--by", "ownername"), 1, "--by: there is no column 'ownername'. Did you mean"),
    ],
)
def test_refused_movement(account, run, arguments, code, message):
    """A time that is not one or lies before the history, or a column that is not there, is one line."""
    account.pass_days(0)
    ended, out, err = run("movement", *arguments)
    assert (ended, out, message in err) == (code, "", True)
