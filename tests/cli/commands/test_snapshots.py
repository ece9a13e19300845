"""Snapshots and the movement of the pipeline on the command line."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from salesmate_nb import sandbox


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


def test_written(account, run, tmp_path):
    """snapshot takes the options of deals for what it writes: a format, and a ' before formulas in CSV."""
    account.deals.create(title="=1+1", status="Open")
    path = tmp_path / "deals"
    assert run("snapshot", "--format", "csv", "--escape-formulas", "--output", str(path))[0] == 0
    assert "'=1+1" in path.read_text("utf-8")
    code, out, _ = run("snapshot", "--format", "table")
    assert (code, out.endswith("31 deals, 34 columns; times in UTC\n")) == (0, True)
    assert pd.read_csv(io.StringIO(run("snapshot", "--format", "csv")[1])).shape == (31, 34)
    assert run("snapshot")[1] == ""
    assert run("snapshot", "--escape-formulas")[0] == 2


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


def test_movement_in_excel(account, run, tmp_path):
    """An Excel file of a movement says which account it is of, and which two times are compared."""
    account.pass_days(0)
    run("snapshot")
    assert run("movement", "--since", "0d", "--output", str(tmp_path / "moved.xlsx"))[0] == 0
    sheets = pd.read_excel(tmp_path / "moved.xlsx", sheet_name=None, header=None)
    about = dict(sheets["About"].to_numpy())
    assert list(sheets) == ["Movement of deals", "About"]
    assert about["Source"] == account.url
    assert about["Filters"].startswith("compared with: 2026-06-30T18:00")


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
