"""Messages of the package, in words of the command line."""

from __future__ import annotations

import re

import pytest

from salesmate_nb import LoginRequired, SalesmateError, Settings
from salesmate_nb._auth.stored_logins import login_required
from salesmate_nb._cli.words import in_command_line_words
from salesmate_nb._values.times import parse_time

OPTIONS = ("url", "limit", "columns", "status", "created_since", "behavior", "wait")


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
        ("'deal_url' is made here, by deals_df(url=True).", "'deal_url' is made here, with --url."),
        ("url=True adds a column", "--url adds a column"),
        ("A range is {'min': ..., 'max': ...}.", "A range is 1000..5000."),
        ("were not saved. Run connect() to log in again.", "were not saved. Run `salesmate-nb login`."),
    ],
)
def test_words(python, words):
    """Arguments and functions become options and commands; settings stay as they are written."""
    assert in_command_line_words(python, OPTIONS) == words


def test_words_for_a_command():
    """A command in a message is for the resource and the profile of the one that was typed."""
    text = "Read once with refresh='auto', or read live with refresh='live'. Run connect() again."
    words = in_command_line_words(text, ["refresh"], resource="contacts", profile="emea")
    assert words == (
        "Read once with `salesmate-nb snapshot contacts --profile emea`, or read live with "
        "`salesmate-nb contacts --profile emea`. Run `salesmate-nb login --profile emea`."
    )


def test_words_of_times():
    """A wrong time comes with what can be typed, and nothing that only Python has."""
    with pytest.raises(SalesmateError) as caught:
        parse_time("created_since", "30 days", "UTC")
    words = in_command_line_words(str(caught.value), OPTIONS)
    assert "Give an age such as '7d', or a time in ISO 8601, such as '2026-01-31'" in words


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
