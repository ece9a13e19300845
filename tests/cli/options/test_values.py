"""The values of options."""

from __future__ import annotations

import argparse
import re

import pytest

from salesmate_nb._cli.options.values import Where, output_path


def test_path(tmp_path, monkeypatch):
    """~ is the home folder; a variable that nobody replaced is an error, so that no such folder is made."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert output_path("~/won.csv") == tmp_path / "won.csv"
    with pytest.raises(argparse.ArgumentTypeError, match=r"Variables such as \$\{HOME\}"):
        output_path("${HOME}/won.csv")


@pytest.mark.parametrize("written", ["", " ", "won.csv/", "."])
def test_no_name_of_a_file(written):
    """An empty name and that of a folder are refused in words, before anything is read."""
    with pytest.raises(argparse.ArgumentTypeError, match="Name a file"):
        output_path(written)


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        (["source=Web"], {"source": ["Web"]}),
        (["source=Web", "source=a=b"], {"source": ["Web", "a=b"]}),
        (["source=", "source=Web"], {"source": [None, "Web"]}),
        (["deal_value=1000..", "title=x"], {"deal_value": {"min": "1000"}, "title": ["x"]}),
        (["deal_value=-1.5..2.5"], {"deal_value": {"min": "-1.5", "max": "2.5"}}),
        (["closed_date=..2026-01"], {"closed_date": {"max": "2026-01"}}),
        (["title=wait.."], {"title": ["wait.."]}),
        (["title=.."], {"title": [".."]}),
    ],
)
def test_where(typed, where):
    """Conditions are values, which add up, missing ones, or a range of numbers or times."""
    assert conditions(typed) == where


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["source"], "'source' is not a condition, such as source=Web"),
        (["=Web"], "'=Web' is not a condition"),
        (["deal_value=1..2", "deal_value=5"], "deal_value has a range. Give one range, or values"),
        (["deal_value=5", "deal_value=1..2"], "deal_value has a range. Give one range, or values"),
    ],
)
def test_refused_where(typed, words):
    """What is not a condition, and a column with two kinds of them, are usage errors."""
    with pytest.raises(argparse.ArgumentError, match=re.escape(words)):
        conditions(typed)


def conditions(typed):
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--where", action=Where)
    return parser.parse_args([part for each in typed for part in ("--where", each)]).where
