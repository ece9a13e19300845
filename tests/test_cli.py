"""The command line, run as people run it."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pandas as pd
import pytest

from salesmate_nb import cli, connect, sandbox
from salesmate_nb.sandbox import Answer


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


def test_deals_on_the_sandbox_need_nothing(capsys):
    """A table on stdout, from an account that is made up for this command."""
    code, out, _ = run(capsys, "deals", "--sandbox", "--limit", "30")
    assert code == 0
    assert out.splitlines()[0].split()[:2] == ["id", "title"]
    assert "30 deals, " in out


def test_csv_json_and_parquet_hold_the_frame(logged_in, capsys, tmp_path):
    """Each format, to stdout or a file, holds every deal."""
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
    """What deals_df takes, the command takes."""
    _, out, _ = run(
        capsys, "deals", "--status", "Won", "--status", "Lost", "--columns", "status", "--format", "csv"
    )
    assert set(out.split()) == {"status", "Won", "Lost"}


def test_a_file_that_cannot_be_written_is_one_line_and_exit_1(logged_in, capsys, tmp_path):
    """An error is one line on stderr, without a traceback."""
    code, out, err = run(
        capsys, "deals", "--format", "csv", "--output", str(tmp_path / "no" / "such" / "file.csv")
    )
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("SalesmateError: ")


def test_a_failed_read_leaves_the_old_file(logged_in, capsys, tmp_path):
    """Yesterday's export is not replaced by half of today's."""
    target = tmp_path / "deals.csv"
    target.write_text("yesterday")
    refusal = Answer(status=400, body=b"{}")
    logged_in.script("/v1/deals", refusal, refusal)  # by overlapping offsets, then by plain ones
    assert run(capsys, "deals", "--format", "csv", "--output", str(target))[0] == 1
    assert target.read_text() == "yesterday"
    assert list(tmp_path.glob("*deals*")) == [target]


def test_without_a_login_it_says_what_to_run(box, capsys):
    """Nobody there: no prompt, exit 1, and the command to use."""
    code, _, err = run(capsys, "deals")
    assert code == 1
    assert "salesmate-nb login" in err


def test_without_settings_it_names_the_variable(capsys):
    """One line names what to set."""
    code, _, err = run(capsys, "status")
    assert (code, err.count("\n")) == (1, 1)
    assert "SALESMATE_CLIENT_ID" in err


def test_status_and_logout(logged_in, capsys):
    """status tells who and until when; after logout nobody is logged in."""
    assert "Salesmate: connected" in run(capsys, "status")[1]
    assert run(capsys, "logout")[0] == 0
    assert "Salesmate: not logged in" in run(capsys, "status")[1]


def test_status_lists_every_profile_without_secrets(logged_in, capsys):
    """Each kept login has its lines: host, API, expiry, place; and no token."""
    emea = connect(profile="emea")
    logged_in.visit(emea.login_url)
    _, out, _ = run(capsys, "status")
    assert out.count("Salesmate: connected") == 2
    assert all(word in out for word in ("emea.json", "default.json", logged_in.url, "(v1)", "UTC"))
    assert emea.session.current_token.access_token.reveal() not in out
    assert run(capsys, "status", "--profile", "emea")[1].count("connected") == 1


def test_who_is_not_logged_in_is_told_with_which_profile(box, capsys):
    """The command in the message is the one that helps; a job that nobody sees learns of the variables."""
    code, _, err = run(capsys, "deals", "--profile", "emea")
    assert code == 1
    assert "`salesmate-nb login --profile emea`" in err
    assert "SALESMATE_ACCESS_TOKEN" in err
    assert "`salesmate-nb login`" in run(capsys, "deals")[2]


def test_logout_says_when_a_variable_still_signs_in(logged_in, capsys, monkeypatch):
    """An access key in the environment is named, and what was kept is forgotten all the same."""
    monkeypatch.setenv("SALESMATE_ACCESS_TOKEN", logged_in.access_key)
    monkeypatch.setenv("SALESMATE_LINKNAME", logged_in.linkname)
    code, _, err = run(capsys, "logout")
    assert code == 1
    assert "SALESMATE_ACCESS_TOKEN still signs you in" in err
    assert list(logged_in.settings.token_cache.glob("*.json")) == []


@pytest.fixture
def on_v4(logged_in, monkeypatch):
    """Read deals over v4, where snapshots are."""
    monkeypatch.setenv("SALESMATE_ACCESS_TOKEN", logged_in.access_key)
    monkeypatch.setenv("SALESMATE_LINKNAME", logged_in.linkname)
    return logged_in


def test_a_snapshot_for_cron(on_v4, capsys, tmp_path):
    """The first run reads all, the second what changed, --full all anew; one line says how much it cost."""
    code, out, err = run(capsys, "snapshot")
    assert (code, out, err.startswith("40 deals in ")) == (0, "", True)
    changed = on_v4.deals.ids()[7]
    on_v4.deals.edit(changed, title="Changed since")
    code, _, err = run(capsys, "snapshot", "--output", str(tmp_path / "deals.parquet"))
    assert (code, "; 2 calls.\n" in err, "Wrote 40 deals" in err) == (0, True, True)
    fresh = connect().deals_df()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "deals.parquet"), fresh)
    assert (fresh["title"] == "Changed since").sum() == 1
    code, _, err = run(capsys, "snapshot", "--full")
    assert (code, err.startswith("40 deals in ")) == (0, True)
    assert "; 2 calls." not in err


def test_a_snapshot_of_other_records(on_v4, capsys):
    """Contacts, companies and activities are kept beside the deals."""
    for module in ("contacts", "companies", "activities"):
        code, _, err = run(capsys, "snapshot", "--of", module)
        assert (code, f"{module}.parquet" in err) == (0, True)


def test_a_snapshot_needs_a_login(box, capsys):
    """Cron has nobody to ask: exit 1, and the command to use."""
    code, _, err = run(capsys, "snapshot")
    assert (code, "salesmate-nb login" in err) == (1, True)


def test_usage_errors_exit_with_2(capsys):
    """argparse's own way: usage on stderr, exit 2."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["deals", "--format", "xml"])
    assert caught.value.code == 2


def test_the_bar_is_on_stderr_and_only_for_people(tmp_path):
    """Piped, there is no bar; stdout holds the result alone."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "salesmate_nb.cli",
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
