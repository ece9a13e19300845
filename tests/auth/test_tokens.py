"""Tokens: what is read from the token endpoint's response, when they are refreshed, and their JSON."""

from __future__ import annotations

import contextlib
import json
import traceback

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from salesmate_nb._auth.tokens import Token
from salesmate_nb._base.secret.text import Secret
from salesmate_nb.settings import Settings

NOW = 1_700_000_000  # Unix seconds
TOKEN_RESPONSE = {"access_token": "at-s3cret", "refresh_token": "rt-s3cret", "expires_in": 3600}
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list(Token.__annotations__)), inner),
)


@pytest.mark.parametrize(
    ("given", "lifetime"),
    [
        (3600, 3600),
        ("3600", 3600),
        ("3600.5", 3600),
        (0, None),
        ("", None),
        ("soon", None),
        (None, None),
        (True, None),
        (1e300, None),
        pytest.param(10**400, None, id="huge"),
        ("1e12", None),
        ("inf", None),
        ("nan", None),
        (-1, None),
    ],
)
def test_expires_in(settings, given, lifetime):
    """A lifetime is a number or text; 0, nonsense and millennia mean unknown, not expired at once."""
    token = Token.from_response({"access_token": "a", "expires_in": given}, settings, now=NOW)
    assert token.expires_at == (None if lifetime is None else NOW + lifetime)


@pytest.mark.parametrize(
    "given", [{}, *({"refresh_token": value} for value in (None, "", 7, "rt\n2", "rt-\ud800"))]
)
def test_refresh_token_stays_in_force(settings, token, given):
    """RFC 6749, section 6: without a new refresh token the old one stays in force."""
    newer = Token.from_response({"access_token": "at-2", **given}, settings, previous=token)
    assert (newer.refresh_token, newer.access_token) == ("rt-s3cret", "at-2")


@pytest.mark.parametrize(("lifetime", "fresh_for"), [(3600, 3540), (100, 90), (2, 1.8)])
def test_refresh_leeway(settings, lifetime, fresh_for):
    """The leeway is a minute, or a tenth of a short lifetime: no token is refreshed at each request."""
    token = Token.from_response({**TOKEN_RESPONSE, "expires_in": lifetime}, settings, now=NOW)
    due = [token.needs_refresh(NOW + fresh_for + offset) for offset in (-0.05, 0.05)]
    assert due == [False, True]


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "other"},
        {"token_url": "https://other.example/t"},
        {"scope": "other"},
        {"api_url": "https://other.example"},
        {"linkname": "acme"},
    ],
)
def test_issued_for(settings, token, change):
    """Another client, token endpoint, scope, API host or workspace needs a login of its own."""
    other = Settings(**{**vars(settings), **change})
    assert (token.belongs_to(settings), token.belongs_to(other)) == (True, False)


def test_json_round_trip(token):
    """A token is read back from its JSON unchanged."""
    assert Token.from_json(token.to_json()) == token
    assert Token.from_json(token.to_json().reveal()).access_token.reveal() == "at-s3cret"


def test_repr_shows_no_secret(token):
    """A token, its JSON and a token read from it can be printed."""
    for shown in (token, token.to_json(), Token.from_json(token.to_json())):
        assert "s3cret" not in f"{shown!r} {shown}"
    assert "s3cret" not in str(vars(token))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"version": 99}', '{"version": 1, "access_token": "x"}', "[" * 100_000]
)
def test_other_text_is_refused(text):
    """Text that is not a token's is a ValueError, however deep it nests."""
    with pytest.raises(ValueError, match=r".+"):
        Token.from_json(text)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *((field, ["wrong"]) for field in Token.__annotations__),
        ("access_token", None),
        ("access_token", "at\r\nX-One: 1"),
        ("refresh_token", "rt-\ud800"),
        ("client_id", ""),
        ("expires_at", 10**30),
        ("expires_at", 1e9),
        ("obtained_at", -(10**30)),
        ("obtained_at", True),
        ("version", 3),
        ("more", 1),
    ],
)
def test_wrong_value_is_refused(token, field, wrong):
    """Each value is checked, so that a wrong one cannot surface later; the traceback shows no secret."""
    with pytest.raises(ValueError, match=r"^not ") as caught:
        Token.from_json(Secret(json.dumps({**json.loads(token.to_json().reveal()), field: wrong})))
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = str([frame.locals for frame in shown.stack[1:]])
    assert "'***'" in frames
    assert "rt-s3cret" not in frames


@pytest.mark.parametrize("examples", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_any_text_is_a_token_or_refused(examples):
    """No text causes another error than ValueError."""

    @settings_of_hypothesis(max_examples=examples, derandomize=True)
    @given(JSON.map(json.dumps) | st.text())
    def check(text):
        with contextlib.suppress(ValueError):
            assert isinstance(Token.from_json(text), Token)

    check()
