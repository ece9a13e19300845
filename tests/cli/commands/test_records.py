"""The commands that print records: one for each resource, from the same code."""

from __future__ import annotations

import io
import json
import shlex
import sys

import pandas as pd
import pytest

from salesmate_nb import connect
from salesmate_nb._cli.options.records import RECORDS
from salesmate_nb.resources.deals import LINK_COLUMN


@pytest.mark.parametrize("output", ["won.xls", "won.txt", "won"])
def test_refused_output(account, run, tmp_path, output):
    """A format that cannot be written is refused before anything is requested, and no file is made."""
    code, _, err = run("deals", "--output", str(tmp_path / output))
    assert (code, "argument --output" in err) == (2, True)
    assert (account.log, (tmp_path / output).exists()) == ([], False)


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "xlsx"])
def test_format_by_ending(account, run, tmp_path, kind):
    """deals and snapshot write what the ending of the file says."""
    path = tmp_path / f"deals.{kind}"
    for command in ("deals", "snapshot"):
        code, _, err = run(command, "--output", str(path))
        assert (code, f"Wrote 30 deals to {path}" in err) == (0, True)
        read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}
        rows = json.loads(path.read_text("utf-8")) if kind == "json" else read[kind](path)
        assert len(rows) == 30
        path.unlink()


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


@pytest.mark.parametrize("name", RECORDS)
def test_each_kind(account, run, name):
    """Every kind is written as the method of its name reads it, and the columns that matter are there."""
    code, out, err = run(name, "--format", "csv")
    expected = getattr(connect(), f"{name}_df")()
    written = pd.read_csv(io.StringIO(out))
    assert (code, err, list(written)) == (0, "", list(expected))
    assert len(written) == len(expected) > 0
    assert {*RECORDS[name].first} <= {*expected, LINK_COLUMN}


@pytest.mark.parametrize(
    "example",
    [RECORDS["deals"].examples[0], *(RECORDS[name].examples[0] for name in ("companies", "activities"))],
)
def test_examples(account, run, monkeypatch, tmp_path, example):
    """The examples that --help prints find something on the sandbox, whose deals end on a day of 2026."""
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*shlex.split(example)[1:])
    assert (code, " 0 " in err) == (0, False)
    assert err.startswith("Wrote ") or len(out.splitlines()) > 3


@pytest.mark.parametrize("name", [name for name, records in RECORDS.items() if records.is_searched])
def test_conditions_of_the_help(account, run, name):
    """What --help shows of --where can be typed, and finds rows."""
    for condition in (RECORDS[name].value, RECORDS[name].span):
        code, out, err = run(name, "--where", condition, "--columns", "id", "--format", "csv")
        assert (code, err, len(out.splitlines()) > 1) == (0, "", True)


def test_columns_of_a_list(account, run):
    """Users, pipelines and fields take --columns too; a name that is not there is one line."""
    assert run("users", "--columns", "email,id", "--format", "csv")[1].startswith("email,id\r\n")
    assert run("users", "--columns", "id,email,id", "--format", "json")[0] == 0
    code, out, err = run("users", "--columns", "mail")
    assert (code, out) == (1, "")
    assert "--columns: there is no column 'mail'. Did you mean 'email'?" in err


@pytest.mark.parametrize("name", ["companies", "deals"])
def test_snapshot_as_source(account, run, monkeypatch, name):
    """--refresh keeps a snapshot, and with never reads it without a request; so does SALESMATE_REFRESH."""
    _, live, _ = run(name, "--format", "csv")
    monkeypatch.setenv("SALESMATE_REFRESH", "auto")
    assert run(name, "--format", "csv")[:2] == (0, live)
    requests = len(account.log)
    assert run(name, "--refresh", "never", "--format", "csv")[:2] == (0, live)
    monkeypatch.setenv("SALESMATE_REFRESH", "never")
    assert run(name, "--format", "csv")[:2] == (0, live)
    assert len(account.log) == requests


def test_as_of(account, run):
    """--as-of shows deals as they stood at the end of that day, without a request."""
    account.pass_days(0)
    run("deals", "--refresh", "auto")
    account.pass_days(7)
    account.deals.create(title="New since")
    run("deals", "--refresh", "auto")
    requests = len(account.log)
    _, then, _ = run("deals", "--as-of", "2026-07-03", "--format", "csv")
    _, now, _ = run("deals", "--refresh", "never", "--format", "csv")
    assert len(account.log) == requests
    assert "New since" in now
    assert "New since" not in then
    assert len(then.splitlines()) > 1


def test_table_in_a_terminal(account, run, monkeypatch):
    """A table fits the terminal, and stderr names what is left out; --columns shows all that is asked for."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    _, out, err = run("deals")
    assert max(map(len, out.splitlines())) <= 80
    assert {"id", "title", "deal_value", "currency"} <= set(out.split())
    assert err.startswith("Left out to fit 80 characters: ")
    assert "last_modified_at" in err
    assert LINK_COLUMN in run("deals", "--url")[1].split()
    asked = "id,title,status,stage,pipeline,owner_name,primary_company_name,last_modified_at"
    _, out, err = run("deals", "--columns", asked)
    assert (out.splitlines()[0].split(), err) == (asked.split(","), "")


def test_filters(account, run):
    """Conditions on columns and ages keep the rows that the method keeps; --url adds links."""
    arguments = ("--where", "source=Website", "--where", "source=", "--where", "deal_value=5000..")
    _, out, _ = run("deals", *arguments, "--created-since", "900d", "--url", "--format", "csv")
    written = pd.read_csv(io.StringIO(out))
    where = {"source": ["Website", None], "deal_value": {"min": 5000}}
    expected = connect().deals_df(where=where, created_since="900d", url=True)
    assert list(written["deal_url"]) == list(expected["deal_url"])
    assert len(expected) > 0
    code, _, err = run("deals", "--where", "sorce=Website")
    assert (code, err.startswith("SalesmateError: --where: there is no column 'sorce'")) == (1, True)
