"""Parsing an authorization response, however it was pasted."""

from __future__ import annotations

import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb import LoginError
from salesmate_nb._auth.oauth.callback import parse_authorization_response, unwrapped
from salesmate_nb._base.secret.text import Secret

URL = "http://localhost:3000/callback?code=c0de-1&state=st4te-1"


@pytest.mark.parametrize(
    "pasted",
    [
        URL,
        f"  {URL}\n",
        f'"{URL}"',
        f"'{URL}'",
        f"<{URL}>",
        f"`{URL}`",
        "http://localhost:3000/callback?code=c0de-1&amp;state=st4te-1",
        "http://localhost:3000/callback?code=c0\nde-1&state=st4\r\nte-1",
        "\u200bhttp://localhost:3000/callback?code=c0de-1&state=st4te-1\ufeff",
        "http://localhost:3000/callback?code=c0\ud800de-1&state=st4te-1\udfff",
        f"{URL}#_=_",
        f"{URL}#",
        "localhost:3000/callback?code=c0de-1&state=st4te-1",
        "/callback?code=c0de-1&state=st4te-1",
        "?state=st4te-1&code=c0de-1",
        "code=c0de-1&state=st4te-1",
        "http://localhost:3000/callback#code=c0de-1&state=st4te-1",
        "https://hub.example.com/user/jo/callback?iss=x&code=c0de%2D1&state=st4te-1",
    ],
)
def test_pasted_url(pasted):
    """Quotes, line breaks, invisible characters, a fragment or a bare query are all understood."""
    response = parse_authorization_response(pasted)
    assert (response.code, response.state, response.is_bare, response.error) == (
        "c0de-1",
        "st4te-1",
        False,
        None,
    )


@pytest.mark.parametrize(
    "pasted",
    [
        f"{URL} and more text",
        f"{URL}\u2026",
        f"{URL} {URL}",
        f"{URL}\n{URL}",
        f"I opened https://login.example/?state=x and got \u201c{URL}\u201d.",
        URL.replace("st4te", "\r\n  st4te"),
    ],
)
def test_address_in_text(pasted):
    """The first address with a code is read out of what is before and after it; a line break is a wrap."""
    assert unwrapped(Secret(pasted)).reveal() == URL


def test_issuer_that_is_not_encoded():
    """An address inside of the address stays part of it."""
    assert unwrapped(Secret(f"{URL}&iss=https://as.example/x.")).reveal() == f"{URL}&iss=https://as.example/x"


@pytest.mark.parametrize(
    ("pasted", "code"),
    [("c0de-1", "c0de-1"), (" 'c0de-1' \n", "c0de-1"), ("4%2F0Ab", "4/0Ab"), ("4/0A=", "4/0A=")],
)
def test_bare_code(pasted, code):
    """The code alone is enough, percent-encoded or not."""
    response = parse_authorization_response(pasted)
    assert (response.code, response.is_bare, response.state) == (code, True, None)


def test_error_response():
    """An authorization error response has its error and description (RFC 6749, section 4.1.2.1)."""
    response = parse_authorization_response(
        "http://localhost/cb?error=access_denied&error_description=Not+now&state=s"
    )
    assert (response.error, response.error_description, response.code, response.state) == (
        "access_denied",
        "Not now",
        None,
        "s",
    )


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("", "Nothing was pasted"),
        (' "" ', "Nothing was pasted"),
        ("http://localhost:3000/callback", "No authorization code"),
        ("https://api.salesmate.io/oauth/authorize?client_id=x&response_type=code", "No authorization code"),
        ("http://localhost:3000/callback?state=only", "No authorization code"),
        ("http://localhost:3000/callback?code=&state=x", "No authorization code"),
        ("I clicked allow but nothing happened", "No authorization code"),
        ("http://localhost/cb?code=a&code=b&state=s", "repeats code"),
        ("http://localhost/cb?code=" + "a" * 20_000, "too long"),
    ],
)
def test_paste_without_code(pasted, words):
    """Each kind of wrong paste has its own message, which says what to copy."""
    with pytest.raises(LoginError, match=words):
        parse_authorization_response(pasted)


PASTES = st.text() | st.lists(
    st.sampled_from(
        [
            "http://localhost:3000/callback",
            *("?", "&", "#", "=", "://", "+", ";", "%", "%00", "%zz", "&amp;"),
            *("code=", "state=", "error=", "iss=", "c0de"),
            *("\u200b", "\ufffd", "\x1f", "\ud800"),
        ]
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize("examples", [80, pytest.param(800, marks=pytest.mark.slow)])
def test_any_paste_is_parsed_or_refused(examples):
    """Any pasted text is an authorization response or a LoginError."""

    @settings(max_examples=examples, derandomize=True)
    @given(PASTES)
    def check(text):
        try:
            response = parse_authorization_response(text)
        except LoginError:
            return
        assert response.code or response.error
        for sent in filter(None, (response.code, response.state)):
            sent.reveal().encode()  # text that UTF-8 cannot encode cannot be sent

    check()


def test_traceback_shows_no_code():
    """If a paste is refused, the variables in the traceback's frames show no code."""
    with pytest.raises(LoginError) as caught:
        parse_authorization_response(Secret("http://localhost/cb?code=c0de-s3cret&code=b&state=st4te-s3cret"))
    stack = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    shown = str([frame.locals for frame in stack if frame.name == "parse_authorization_response"])
    assert "pasted" in shown
    assert "s3cret" not in shown


def test_repr_shows_no_secret():
    """The repr of an authorization response shows neither code nor state."""
    assert "c0de" not in repr(parse_authorization_response(URL))
    assert "st4te" not in repr(parse_authorization_response(URL))
