"""Which pasted texts can be the address of the last page."""

from __future__ import annotations

import pytest

from salesmate_nb._ui.address import refusal

LOOPBACK, REMOTE = "http://localhost:3000/callback", "https://app.example.com/done"


@pytest.mark.parametrize(
    "pasted",
    [
        "http://localhost:3000/callback?code=c0de&state=st4te",
        "localhost:3000/callback?code=c0de&state=st4te",
        ' "<http://localhost:3000/callback?code=c0\nde&state=st4te>" ',
        "(http://localhost:3000/callback?code=c0de&state=st4te).",
        "[log in](http://localhost:3000/callback?code=c0de&state=st4te)",
        "code=c0de&state=st4te",
        "?error=access_denied&state=st4te",
    ],
)
def test_address_of_last_page(pasted):
    """The address, however it was copied, and its query string are accepted."""
    assert refusal(pasted, LOOPBACK) == ""


@pytest.mark.parametrize(
    "pasted",
    [
        "hello",
        "c0de-c0de-c0de",
        "https://www.google.com/?code=c0de&state=st4te",
        "http://localhost:3001/callback?code=c0de&state=st4te",
        "https://evil.example.com/?u=http://localhost:3000/callback?code=c0de&state=st4te",
        "code=c0de",
    ],
)
def test_other_text(pasted):
    """Any word and any other address are refused, with the beginning that is expected."""
    assert refusal(pasted, LOOPBACK).startswith(f"That is not an address that begins with {LOOPBACK}.")


def test_code_shown_by_a_page():
    """If the redirect URI leads to a page elsewhere, the code that it shows is accepted."""
    assert refusal("c0de-c0de-c0de", REMOTE) == ""
    assert refusal("code", REMOTE) != ""
