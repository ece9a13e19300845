"""The command line, run as people run it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys

import pandas as pd
import pytest

from salesmate_nb import Salesmate, cli, connect, sandbox
from salesmate_nb.sandbox import ScriptedResponse


@pytest.fixture
def box(monkeypatch):
    with sandbox.start(deals=40) as running:
        for name in (
            "client_id",
            "client_secret",
            "auth_url",
            "token_url",
            "revoke_url",
            "api_url",
            "token_cache",
            "redirect_uri",
            "timezone",
        ):
            monkeypatch.setenv(f"SALESMATE_{name.upper()}", str(running.settings[name]))
        yield running


@pytest.fixture
def logged_in(box):
    connection = connect()
    box.visit(connection.login_url)
    return box


def run(capsys, *arguments):
    code = cli.main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_deals_on_sandbox(capsys):
    """deals --sandbox prints a table without any settings."""
    code, out, _ = run(capsys, "deals", "--sandbox", "--limit", "30")
    assert code == 0
    assert out.splitlines()[0].split()[:2] == ["id", "title"]
    assert "30 deals, " in out


def test_formats(logged_in, capsys, tmp_path):
    """CSV, JSON and Parquet hold every deal, on stdout or in a file."""
    expected = connect().deals_df()
    _, out, _ = run(capsys, "deals", "--format", "csv")
    assert list(pd.read_csv(io.StringIO(out))["id"]) == list(expected["id"])
    _, out, _ = run(capsys, "deals", "--format", "json")
    assert [row["id"] for row in json.loads(out)] == list(expected["id"])
    code, out, err = run(capsys, "deals", "--format", "parquet", "--output", str(tmp_path / "deals.parquet"))
    assert (code, out) == (0, "")
    assert "Wrote 40 deals" in err
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "deals.parquet"), expected)


def test_filters_and_columns(logged_in, capsys):
    """The command takes the arguments of deals_df."""
    _, out, _ = run(
        capsys, "deals", "--status", "Won", "--status", "Lost", "--columns", "status", "--format", "csv"
    )
    assert set(out.split()) == {"status", "Won", "Lost"}


@pytest.mark.filterwarnings("default")
def test_misspelt_filter(logged_in, capsys):
    """A status that no deal has is said on stderr, with what there is; no row is an empty table."""
    code, out, err = run(capsys, "deals", "--status", "Wonn", "--columns", "id", "--format", "csv")
    assert (code, out.strip()) == (0, "id")
    assert err == "warning: No deal has status 'Wonn'. Did you mean 'Won'? There are: Lost, Open, Won.\n"


@pytest.mark.parametrize("given", ["01/02/2026", "January", "1767225600"])
def test_time_of_several_meanings(logged_in, capsys, given):
    """A time that is not ISO 8601 is refused with the form to use."""
    code, _, err = run(capsys, "deals", "--created-since", given)
    assert (code, err.count("\n")) == (1, 1)
    assert f"--created-since {given!r} is not a date or time." in err
    assert "'2026-01-31'" in err


def test_unwritable_output(logged_in, capsys, tmp_path):
    """An error is one line on stderr, without a traceback, and exit code 1."""
    code, out, err = run(
        capsys, "deals", "--format", "csv", "--output", str(tmp_path / "no" / "such" / "file.csv")
    )
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("SalesmateError: ")


def test_failed_read_keeps_old_file(logged_in, capsys, tmp_path):
    """A file that exists is replaced by a complete one only."""
    target = tmp_path / "deals.csv"
    target.write_text("yesterday")
    refusal = ScriptedResponse(status=400, body=b"{}")
    logged_in.script("/v1/deals", *[refusal] * 4)  # with fewer and fewer rules
    assert run(capsys, "deals", "--format", "csv", "--output", str(target))[0] == 1
    assert target.read_text() == "yesterday"
    assert list(tmp_path.glob("*deals*")) == [target]


def test_login_required(box, capsys):
    """Without a login or a terminal: exit code 1, and the command to run."""
    code, _, err = run(capsys, "deals")
    assert code == 1
    assert "salesmate-nb login" in err


def test_missing_settings(capsys):
    """One line names the variable to set."""
    code, _, err = run(capsys, "deals")
    assert (code, err.count("\n")) == (1, 1)
    assert "SALESMATE_SESSION_KEY and SALESMATE_LINKNAME" in err


@pytest.mark.parametrize("works", [True, False])
def test_key_from_stdin(box, capsys, monkeypatch, works):
    """login --key-stdin proves and stores a Session Key, for scripts; one that is refused is not stored."""
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"SALESMATE_{name}")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{box.session_key if works else box.access_key}\n"))
    code, _, err = run(capsys, "login", "--key-stdin", "--workspace", box.linkname)
    assert (code, "Salesmate: connected" in err) == ((0, True) if works else (1, False))
    assert ("Salesmate did not accept this key" in err) != works
    assert box.session_key not in err
    assert run(capsys, "deals", "--limit", "1", "--format", "csv")[0] == code


def test_status_and_logout(logged_in, capsys):
    """status shows the login; after logout there is none, and the exit code is 1."""
    code, out, _ = run(capsys, "status")
    assert (code, "Salesmate: connected" in out) == (0, True)
    assert run(capsys, "logout")[0] == 0
    code, out, err = run(capsys, "status")
    assert (code, "Salesmate: not logged in" in out) == (1, True)
    assert err == "LoginRequired: Nobody is logged in. Run `salesmate-nb login`.\n"


def test_status_lists_profiles(logged_in, capsys):
    """Each stored login is listed with its host, API and expiry, and no secret."""
    emea = connect(profile="emea")
    logged_in.visit(emea.login_url)
    _, out, _ = run(capsys, "status")
    assert out.count("Salesmate: connected") == 2
    assert all(word in out for word in ("emea.json", "default.json", logged_in.url, "(v1)", "UTC"))
    assert emea.session.current_token.access_token.reveal() not in out
    code, out, _ = run(capsys, "status", "--profile", "emea")
    assert (code, out.count("connected")) == (0, 1)
    code, _, err = run(capsys, "status", "--profile", "apac")
    assert (code, "`salesmate-nb login --profile apac`" in err) == (1, True)


def test_login_required_names_profile(box, capsys):
    """The message has the command with the profile, and the variables for a job."""
    code, _, err = run(capsys, "deals", "--profile", "emea")
    assert code == 1
    assert "`salesmate-nb login --profile emea`" in err
    assert "SALESMATE_SESSION_KEY" in err
    assert "`salesmate-nb login`" in run(capsys, "deals")[2]


def test_logout_with_session_key(logged_in, capsys, monkeypatch):
    """A Session Key in the environment is named; the stored login is forgotten."""
    monkeypatch.setenv("SALESMATE_SESSION_KEY", logged_in.session_key)
    monkeypatch.setenv("SALESMATE_LINKNAME", logged_in.linkname)
    code, _, err = run(capsys, "logout")
    assert code == 1
    assert "The Session Key in SALESMATE_SESSION_KEY" in err
    assert list(logged_in.settings.token_cache.glob("*.json")) == []


@pytest.fixture
def on_v4(logged_in, monkeypatch):
    """Read deals over v4, where snapshots are."""
    monkeypatch.setenv("SALESMATE_SESSION_KEY", logged_in.session_key)
    monkeypatch.setenv("SALESMATE_LINKNAME", logged_in.linkname)
    return logged_in


def test_snapshot(on_v4, capsys, tmp_path):
    """The first run reads everything, the second what changed, --full everything again."""
    code, out, err = run(capsys, "snapshot")
    assert (code, out, err.startswith("40 deals in ")) == (0, "", True)
    changed = on_v4.deals.ids()[7]
    on_v4.deals.edit(changed, title="Changed since")
    code, _, err = run(capsys, "snapshot", "--output", str(tmp_path / "deals.parquet"))
    assert (code, "; 4 requests.\n" in err, "Wrote 40 deals" in err) == (0, True, True)
    fresh = connect().deals_df()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "deals.parquet"), fresh)
    assert (fresh["title"] == "Changed since").sum() == 1
    code, _, err = run(capsys, "snapshot", "--full")
    assert (code, err.startswith("40 deals in ")) == (0, True)
    assert "; 3 requests." not in err


def test_snapshot_of_other_resources(on_v4, capsys):
    """Contacts, companies and activities have snapshots beside the deals."""
    for resource in ("contacts", "companies", "activities"):
        code, _, err = run(capsys, "snapshot", resource)
        assert (code, f"{resource}.parquet" in err) == (0, True)


def test_snapshot_requires_login(box, capsys):
    """A cron job without a login: exit code 1, and the command to run."""
    code, _, err = run(capsys, "snapshot")
    assert (code, "salesmate-nb login" in err) == (1, True)


def test_doctor(on_v4, capsys):
    """doctor prints what the server supports, and no secret."""
    code, out, err = run(capsys, "doctor")
    assert (code, err) == (0, "")
    assert out.startswith("Salesmate doctor: 12 requests\n")
    assert on_v4.session_key not in out


def test_doctor_without_login(box, capsys):
    """Without a login: what is known here, then the error with the command to run, and exit code 1."""
    code, out, err = run(capsys, "doctor")
    assert (code, "salesmate-nb login" in err) == (1, True)
    assert "Not logged in" in out
    assert out.startswith("Salesmate doctor: 0 requests\n")
    assert box.url not in out
    assert box.log == []


def test_doctor_refused_key(on_v4, capsys, monkeypatch):
    """With a key that is refused too; the error on stderr says where the right one is."""
    monkeypatch.setenv("SALESMATE_SESSION_KEY", "wrong")
    code, out, err = run(capsys, "doctor")
    assert (code, "My Account, tab Access Key" in err) == (1, True)
    assert "The Session Key was not accepted" in out


def test_usage_error(capsys):
    """A wrong option prints the usage on stderr, with exit code 2."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["deals", "--format", "xml"])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("deals", "--limit", "many"), "--limit: 'many' is not a whole number of 0 or more"),
        (("deals", "--limit=--5"), "--limit: '--5' is not a whole number of 0 or more"),
        (("deals", "--output", ""), "--output: it is empty. Name a file"),
        (("deals", "--format", "parquet", "--output", "won.csv"), "does not match the ending"),
        (("deals", "--output", "$HOME/won.csv"), "Variables such as $HOME are not replaced"),
    ],
)
def test_usage_error_names_option(capsys, arguments, words):
    """A value that is not valid is a usage error that names the option and what it takes."""
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--columns", "--created-since"])
def test_refused_argument(logged_in, capsys, option):
    """What a read refuses is one line that names the option as it was typed, and nothing of Python."""
    code, _, err = run(capsys, "deals", option, "")
    assert (code, err.count("\n")) == (1, 1)
    assert option in err
    assert not re.search(r"\w=|\(\)|\bNone\b", err)


def test_unexpected_error(capsys, monkeypatch):
    """A fault of this package is one line without the error's text, which nobody has checked for secrets."""
    monkeypatch.setattr(Salesmate, "status", lambda _: [].index("s3cret"))
    code, out, err = run(capsys, "status")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "unexpected ValueError" in err
    assert "s3cret" not in err


def test_no_progress_bar_in_pipe(tmp_path):
    """Piped, there is no progress bar; stdout holds the result alone."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "salesmate_nb",
            "deals",
            "--sandbox",
            "--format",
            "csv",
            "--columns",
            "id",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("id\n")


def test_interrupt(logged_in, capsys, monkeypatch):
    """Ctrl+C ends a command with exit code 130 and no traceback."""

    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(Salesmate, "deals_df", lambda *_, **__: interrupt())
    assert run(capsys, "deals") == (130, "", "Stopped.\n")


def test_sandbox_command(capsys, monkeypatch):
    """`sandbox` prints the settings of a running sandbox as lines for .env, until Ctrl+C."""

    def wait(box):
        assert connect(box).deals_df().shape[0] == 7
        raise KeyboardInterrupt

    monkeypatch.setattr(sandbox.Sandbox, "wait", wait)
    code, out, err = run(capsys, "sandbox", "--deals", "7", "--approve", "auto")
    assert (code, "Press Ctrl+C to stop it." in err) == (0, True)
    assert all(line.startswith("SALESMATE_") for line in out.splitlines())
    assert "SALESMATE_API_URL=http://127.0.0.1:" in out


def test_sandbox_options(capsys, monkeypatch):
    """`sandbox` takes a behavior, and prints the Session Key instead of an OAuth client."""
    orders = []
    monkeypatch.setattr(sandbox.Sandbox, "wait", lambda box: orders.append(connect(box).doctor().search))
    options = ("--deals", "300", "--login", "session_key", "--behavior", "stable-order")
    code, out, _ = run(capsys, "sandbox", *options)
    assert code == 0
    assert {line.partition("=")[0] for line in out.splitlines()} == {
        "SALESMATE_API_URL",
        "SALESMATE_LINKNAME",
        "SALESMATE_SESSION_KEY",
        "SALESMATE_TIMEZONE",
        "SALESMATE_TOKEN_CACHE",
    }
    assert orders[0]["sort by id"] == "kept between two pages"


def test_sandbox_unknown_behavior(capsys):
    """An unknown behavior is one line that names the others."""
    code, _, err = run(capsys, "sandbox", "--behavior", "cruel")
    assert (code, "Use one of measured, kind," in err, err.count("\n")) == (1, True, 1)


@pytest.mark.slow
def test_closed_pipe(tmp_path):
    """If the reader of a pipe closes it, as `head` does, the command ends without a traceback."""
    command = [sys.executable, "-m", "salesmate_nb", "deals", "--sandbox", "--format", "csv"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, **pipes) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
