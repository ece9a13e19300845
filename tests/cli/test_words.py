"""Messages of the package, in words of the command line."""

from __future__ import annotations

import re

import pytest

from salesmate_nb import LoginRequired, Settings
from salesmate_nb._auth.stored_logins import login_required
from salesmate_nb._cli.words import in_command_line_words

OPTIONS = ("limit", "columns", "status", "created_since", "behavior", "wait")


@pytest.mark.parametrize(
    ("python", "words"),
    [
        (
            "limit=-3 is not valid. Give 0 or more, or None for all.",
            "--limit -3 is not valid. Give 0 or more.",
        ),
        ("created_since='May' is not a time.", "--created-since 'May' is not a time."),
        ("columns: there is no column 'x'.", "--columns: there is no column 'x'."),
        ("behavior='cruel' is not valid.", "--behavior 'cruel' is not valid."),
        (
            "the login was not accepted. Run connect() again.",
            "the login was not accepted. Run `salesmate-nb login`.",
        ),
        ("run connect() or `salesmate-nb login`", "run `salesmate-nb login`"),
        (
            "ask for less (limit=, filters), or let it wait (wait=True).",
            "ask for less (--limit, filters), or let it wait (without --no-wait).",
        ),
        ("SALESMATE_TOKEN_STORE=memory", "SALESMATE_TOKEN_STORE=memory"),
        ("or read live with refresh='live'.", "or read live with `salesmate-nb deals`."),
        ("Pass allow_incomplete=True.", "Pass --allow-incomplete."),
    ],
)
def test_words(python, words):
    """Arguments and functions become options and commands; settings stay as they are written."""
    assert in_command_line_words(python, OPTIONS) == words


@pytest.mark.parametrize(("options", "option"), [(["as_of"], "--as-of"), (["since"], "--since")])
def test_time_before_the_history(options, option):
    """A time before the history is that of the option that was typed."""
    assert in_command_line_words("begins on Monday, and as_of is earlier.", options).endswith(
        f"and {option} is earlier."
    )


@pytest.mark.parametrize("profile", ["default", "emea"])
def test_login_required(profile):
    """The command that logs in is named, with its profile, and nothing that only works in Python."""
    message = in_command_line_words(str(login_required("", Settings(linkname="acme"), profile)), OPTIONS)
    command = "salesmate-nb login" + (" --profile emea" if profile == "emea" else "")
    assert f"Run `{command}`; then run this again." in message
    assert not re.search(r"\w\(|notebook", message)
    assert isinstance(login_required("", Settings(), profile), LoginRequired)
