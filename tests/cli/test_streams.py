"""Standard output for results, and stderr for the person."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from salesmate_nb import SalesmateError
from salesmate_nb._cli.streams import say, say_result


def test_closed_standard_output(monkeypatch):
    """A result without a standard output is an error, not silence."""
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SalesmateError, match="Standard output is closed"):
        say_result("42 deals")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_full_standard_output(monkeypatch):
    """If the disk behind standard output is full, that is an error, and the end of the process adds none."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(SalesmateError, match="cannot be written"):
            say_result("42 deals")


def test_stderr_in_a_narrow_encoding(monkeypatch):
    """A warning about a name that stderr cannot write is written, with a code in place of the letter."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="cp1252"))
    say("No deal has owner '\u0141 \ud83d'.")
    assert raw.getvalue().rstrip() == b"No deal has owner '\\u0141 \\ud83d'."


def test_without_stderr(monkeypatch, capsys):
    """Without stderr, what is for the person does not get into the result."""
    monkeypatch.setattr(sys, "stderr", None)
    say("Wrote 2 deals.")
    assert capsys.readouterr().out == ""
