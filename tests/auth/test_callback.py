"""Parsing an authorization response, however it was pasted."""

from __future__ import annotations

import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb import LoginError
from salesmate_nb._auth.callback import parse_authorization_response
from salesmate_nb._redaction import Secret

ADDRESS = "http://localhost:3000/callback?code=c0de-1&state=st4te-1"


@pytest.mark.parametrize(
    "pasted",
    [
        ADDRESS,
        f"  {ADDRESS}\n",
        f'"{ADDRESS}"',
        f"'{ADDRESS}'",
        f"<{ADDRESS}>",
        f"`{ADDRESS}`",
        "http://localhost:3000/callback?code=c0de-1&amp;state=st4te-1",
        "http://localhost:3000/callback?code=c0\nde-1&state=st4\r\nte-1",
        "\u200bhttp://localhost:3000/callback?code=c0de-1&state=st4te-1\ufeff",
        "http://localhost:3000/callback?code=c0\ud800de-1&state=st4te-1\udfff",
        f"{ADDRESS}#_=_",
        f"{ADDRESS}#",
        "localhost:3000/callback?code=c0de-1&state=st4te-1",
        "/callback?code=c0de-1&state=st4te-1",
        "?state=st4te-1&code=c0de-1",
        "code=c0de-1&state=st4te-1",
        "http://localhost:3000/callback#code=c0de-1&state=st4te-1",
        "https://hub.example.com/user/jo/callback?iss=x&code=c0de%2D1&state=st4te-1",
    ],
)
def test_an_address_is_read_however_it_was_copied(pasted):
    """Quotes, line breaks, invisible signs, a fragment or a bare query are all understood."""
    came = parse_authorization_response(pasted)
    assert (came.code, came.state, came.is_bare, came.error) == ("c0de-1", "st4te-1", False, None)


@pytest.mark.parametrize(
    ("pasted", "code"),
    [("c0de-1", "c0de-1"), (" 'c0de-1' \n", "c0de-1"), ("4%2F0Ab", "4/0Ab"), ("4/0A=", "4/0A=")],
)
def test_a_bare_code_is_read(pasted, code):
    """The code alone will do, percent-encoded or not."""
    came = parse_authorization_response(pasted)
    assert (came.code, came.is_bare, came.state) == (code, True, None)


def test_a_refusal_is_read_with_its_words():
    """An error in the redirect comes before anything else."""
    came = parse_authorization_response(
        "http://localhost/cb?error=access_denied&error_description=Not+now&state=s"
    )
    assert (came.error, came.error_description, came.code, came.state) == (
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
        ("http://localhost:3000/callback", "no code"),
        ("https://api.salesmate.io/oauth/authorize?client_id=x&response_type=code", "no code"),
        ("http://localhost:3000/callback?state=only", "no code"),
        ("http://localhost:3000/callback?code=&state=x", "no code"),
        ("I clicked allow but nothing happened", "no code"),
        ("http://localhost/cb?code=a&code=b&state=s", "twice"),
        ("http://localhost/cb?code=" + "a" * 20_000, "too long"),
    ],
)
def test_what_holds_no_code_is_refused_with_what_to_copy(pasted, words):
    """Each kind of wrong paste has its own sentence."""
    with pytest.raises(LoginError, match=words):
        parse_authorization_response(pasted)


@settings(max_examples=3000, derandomize=True)
@given(
    st.text()
    | st.lists(
        st.sampled_from(
            [
                "http://localhost:3000/callback",
                "?",
                "&",
                "#",
                "code=",
                "state=",
                "error=",
                "c0de",
                "%",
                "%00",
                "&amp;",
                "\u200b",
                "=",
                "://",
                "iss=",
                "%zz",
                "+",
                ";",
                "�",
                "\x1f",
                "\ud800",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_no_paste_can_crash_the_reader(text):
    """Whatever is pasted, it is a redirect or a LoginError."""
    try:
        came = parse_authorization_response(text)
    except LoginError:
        return
    assert came.code or came.error
    for sent in (came.code, came.state):
        (sent or Secret()).encode()  # what UTF-8 cannot write could not be sent, and its error would show it


def test_no_traceback_of_the_reader_shows_the_code():
    """The variables of our frames hold no code when a paste is refused."""
    with pytest.raises(LoginError) as caught:
        parse_authorization_response(Secret("http://localhost/cb?code=c0de-s3cret&code=b&state=st4te-s3cret"))
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = str([frame.locals for frame in told.stack if frame.name == "parse_authorization_response"])
    assert "pasted" in shown
    assert "s3cret" not in shown


def test_what_was_read_shows_no_secret():
    """The repr of a redirect holds neither code nor state."""
    assert "c0de" not in repr(parse_authorization_response(ADDRESS))
    assert "st4te" not in repr(parse_authorization_response(ADDRESS))
