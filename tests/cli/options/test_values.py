"""The values of options."""

from __future__ import annotations

import argparse

import pytest

from salesmate_nb._cli.options.values import output_path


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
