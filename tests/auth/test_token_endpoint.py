"""The OAuth grants: what goes to the token endpoint, and what is made of odd answers."""

from __future__ import annotations

import dataclasses
import os
import traceback
from base64 import b64decode
from types import MappingProxyType
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests

from salesmate_nb import Settings, sandbox
from salesmate_nb._auth.token_endpoint import (
    build_authorization_request,
    exchange_code,
    refresh_token,
    revoke_token,
)
from salesmate_nb._auth.tokens import Token
from salesmate_nb._redaction import Secret
from salesmate_nb.errors import (
    ApiError,
    BadResponse,
    ConnectionFailed,
    LoginError,
    RateLimited,
    SalesmateError,
)

ANSWER = {
    "access_token": "at-s3cret-2",
    "refresh_token": "rt-s3cret-2",
    "expires_in": 3600,
    "token_type": "Bearer",
}


def form(request):
    return dict(parse_qsl(request.text, strict_parsing=True))


def code_for(asked):
    """Allow, and return the code that the redirect carries."""
    location = requests.get(asked.url, allow_redirects=False, timeout=5).headers["Location"]
    return Secret(dict(parse_qsl(urlsplit(location).query))["code"])


def test_pkce_ties_a_code_to_its_attempt():
    """With all else equal, another attempt's verifier redeems nothing; the right one does."""
    with sandbox.start(deals=1) as box:
        settings = Settings(**box.settings)
        asked, other = (
            build_authorization_request(settings, "http://localhost:3000/callback") for _ in range(2)
        )
        with pytest.raises(LoginError):
            exchange_code(settings, asked, code_for(other))
        assert exchange_code(settings, other, code_for(other)).access_token


BAD_ANSWERS = [
    ({"json": {"error": "invalid_client"}, "status_code": 401}, LoginError, "SALESMATE_CLIENT_SECRET"),
    ({"json": {"error": "invalid_client"}, "status_code": 400}, LoginError, "SALESMATE_CLIENT_ID"),
    (
        {"json": {"error": "invalid_request", "error_description": "why"}, "status_code": 400},
        LoginError,
        "why",
    ),
    (
        {"json": {"Status": "failure", "Error": {"Name": "Unknown", "Message": "why"}}},
        LoginError,
        "Unknown: why",
    ),
    ({"text": "<html>proxy</html>"}, BadResponse, "no JSON object with a token"),
    ({"text": ""}, BadResponse, "no JSON object with a token"),
    ({"text": '{"access_token": "at-s3'}, BadResponse, "no JSON object with a token"),
    ({"json": ["at-s3cret"]}, BadResponse, "no JSON object with a token"),
    ({"json": {"access_token": None}}, BadResponse, "no JSON object with a token"),
    ({"json": {"access_token": 7}}, BadResponse, "no JSON object with a token"),
    ({"json": {"access_token": "at-s3cret\r\nX-One: 1"}}, BadResponse, "no JSON object with a token"),
    ({"json": {"access_token": "at-€s3cret"}}, BadResponse, "no JSON object with a token"),
    ({"text": "[" * 100_000}, BadResponse, "no JSON object with a token"),
    ({"text": "oops", "status_code": 500}, BadResponse, "Try again"),
    ({"json": {"error": "server_error"}, "status_code": 503}, BadResponse, "Try again"),
    ({"text": "", "status_code": 429}, RateLimited, "in a while"),
    ({"text": "", "status_code": 302, "headers": {"Location": "https://evil.example/"}}, BadResponse, "302"),
    ({"exc": requests.exceptions.ConnectTimeout}, ConnectionFailed, "not reached within 5 s"),
    ({"exc": requests.exceptions.ReadTimeout}, ConnectionFailed, "did not answer in time"),
    ({"exc": requests.exceptions.ConnectionError}, ConnectionFailed, "refused"),
]


def test_the_address_asks_with_state_and_s256(settings):
    """The authorization request has OAuth's fields, and the challenge is not the verifier."""
    asked = build_authorization_request(
        dataclasses.replace(settings, scope="deals users"), "http://127.0.0.1:5/callback"
    )
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.url).query).items()}
    assert query.pop("code_challenge") != asked.verifier.reveal()
    assert query == {
        "response_type": "code",
        "client_id": "my-app",
        "redirect_uri": "http://127.0.0.1:5/callback",
        "scope": "deals users",
        "state": asked.state.reveal(),
        "code_challenge_method": "S256",
    }
    assert 43 <= len(asked.verifier.reveal()) <= 128


def test_further_parameters_go_along(settings):
    """What an authorization server wants beyond OAuth is in the address."""
    asked = build_authorization_request(
        dataclasses.replace(settings, auth_params="audience=api&prompt=login"), "https://x.example/"
    )
    query = parse_qs(urlsplit(asked.url).query)
    assert (query["audience"], query["prompt"]) == (["api"], ["login"])


def test_each_address_has_its_own_state_and_verifier(settings):
    """Nothing is used twice."""
    one, two = (
        build_authorization_request(settings, "https://x.example/"),
        build_authorization_request(settings, "https://x.example/"),
    )
    assert one.state != two.state
    assert one.verifier != two.verifier


def test_loopback_http_needs_no_process_wide_switch(settings, monkeypatch):
    """A sandbox on http works, and OAUTHLIB_INSECURE_TRANSPORT is never touched."""
    settings = dataclasses.replace(settings, auth_url="http://127.0.0.1:9/authorize?tenant=1")
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", MappingProxyType(dict(os.environ)))  # which cannot be written to
        asked = build_authorization_request(settings, "http://127.0.0.1:5/cb")
    assert asked.url.startswith("http://127.0.0.1:9/authorize?tenant=1&")


def test_redeeming_sends_exactly_the_fields_of_the_guide_and_pkce(settings, requests_mock):
    """Client, secret, code, redirect address and verifier go in the body, and nothing in the header."""
    requests_mock.post(settings.token_url, json=ANSWER)
    asked = build_authorization_request(settings, "http://127.0.0.1:5/callback")
    token = exchange_code(settings, asked, Secret("c0de"))
    assert form(requests_mock.last_request) == {
        "grant_type": "authorization_code",
        "client_id": "my-app",
        "client_secret": "s3cret-of-the-client",
        "code": "c0de",
        "redirect_uri": "http://127.0.0.1:5/callback",
        "code_verifier": asked.verifier.reveal(),
    }
    assert "Authorization" not in requests_mock.last_request.headers
    assert requests_mock.last_request.timeout == (5.0, 30.0)
    assert token.access_token == "at-s3cret-2"


def test_a_public_client_sends_its_id_and_no_secret(settings, requests_mock):
    """Without a secret it is PKCE alone."""
    requests_mock.post(settings.token_url, json=ANSWER)
    settings = dataclasses.replace(settings, client_secret=None)
    exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c0de"))
    assert form(requests_mock.last_request)["client_id"] == "my-app"
    assert "client_secret" not in form(requests_mock.last_request)


def test_the_secret_goes_in_the_header_where_the_server_wants_it_there(settings, requests_mock):
    """client_secret_basic: both parts form-encoded (RFC 6749, section 2.3.1), no secret in the body."""
    requests_mock.post(settings.token_url, json=ANSWER)
    settings = dataclasses.replace(settings, client_auth="basic", client_secret="s:3 cret%é")
    exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c0de"))
    sent = requests_mock.last_request
    assert b64decode(sent.headers["Authorization"].removeprefix("Basic ")) == b"my-app:s%3A3%20cret%25%C3%A9"
    assert "client_secret" not in form(sent)
    assert form(sent)["code"] == "c0de"


@pytest.mark.parametrize("auth", ["post", "basic"])
def test_token_requests_can_be_json_as_the_guide_writes_them(settings, requests_mock, auth):
    """The same fields, written as the guide's own client does."""
    requests_mock.post(settings.token_url, json=ANSWER)
    settings = dataclasses.replace(settings, token_body="json", client_auth=auth)
    exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c0de"))
    sent = requests_mock.last_request.json()
    assert (sent["code"], sent["grant_type"]) == ("c0de", "authorization_code")
    assert sent.get("client_secret") == ("s3cret-of-the-client" if auth == "post" else None)


def test_no_traceback_of_ours_shows_what_was_sent_or_came(settings, requests_mock):
    """The variables of our frames hold no secret when a token call fails."""
    requests_mock.post(
        settings.token_url, json={"access_token": "at-s3cret", "refresh_token": "rt-s3cret"}, status_code=500
    )
    asked = build_authorization_request(settings, "https://x.example/")
    with pytest.raises(BadResponse) as caught:
        exchange_code(settings, asked, Secret("c0de-s3cret"))
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    ours = shown.split("in exchange_code", 1)[1]
    assert "token_url=" in ours
    assert "s3cret" not in ours
    assert asked.verifier.reveal() not in ours


def shown_by(err):
    """Return what the frames of this package show of an error, variables and all."""
    frames = traceback.TracebackException.from_exception(err, capture_locals=True).stack
    return str([frame.locals for frame in frames if "/salesmate_nb/" in frame.filename.replace("\\", "/")])


@pytest.mark.parametrize("body", ["form", "json"])
@pytest.mark.parametrize("call", ["exchange_code", "refresh", "revoke"])
@pytest.mark.parametrize("fault", ["too large", "interrupted", "refused"])
def test_no_frame_of_ours_shows_what_was_sent(settings, requests_mock, call, fault, body):
    """Whatever comes up while a token call is made, from within requests too."""
    url = settings.token_url if call != "revoke" else "https://auth.example.com/revoke"
    settings = dataclasses.replace(settings, revoke_url="https://auth.example.com/revoke", token_body=body)
    answer = {
        "too large": {"content": b" " * (32 * 2**20 + 1)},
        "interrupted": {"exc": KeyboardInterrupt},
        "refused": {"status_code": 400, "json": {"error": "x", "echo": "at-s3cret rt-s3cret c0de-s3cret"}},
    }[fault]
    requests_mock.post(url, **answer)
    token, asked = (
        Token.from_response(ANSWER, settings),
        build_authorization_request(settings, "https://x.example/"),
    )
    with pytest.raises((SalesmateError, KeyboardInterrupt)) as caught:  # noqa: PT012 - one of three calls
        if call == "exchange_code":
            exchange_code(settings, asked, Secret("c0de-s3cret"))
        else:
            {"refresh": refresh_token, "revoke": revoke_token}[call](settings, token)
    shown = shown_by(caught.value)
    assert "'***'" in shown
    assert "s3cret" not in shown
    assert asked.verifier.reveal() not in shown


@pytest.mark.parametrize(("answer", "kind", "words"), BAD_ANSWERS)
def test_a_bad_answer_to_a_code_is_one_clear_error_and_one_call(settings, requests_mock, answer, kind, words):
    """Each bad answer has its error; a code works once, so nothing is sent again."""
    requests_mock.post(settings.token_url, **answer)
    with pytest.raises(kind, match=words) as caught:
        exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c0de"))
    assert requests_mock.call_count == 1
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_a_used_up_code_asks_to_open_the_link_again(settings, requests_mock):
    """invalid_grant is a login error with its next step."""
    requests_mock.post(settings.token_url, json={"error": "invalid_grant"}, status_code=400)
    with pytest.raises(LoginError, match="Open the link again") as caught:
        exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c0de"))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("before", ["", "x" * 180])
def test_what_the_server_echoes_is_blotted_out(settings, requests_mock, before):
    """A server that repeats code, verifier or secret, plain or quoted, makes us print no part of them."""
    asked = build_authorization_request(settings, "https://x.example/")
    for echo in ("c0/de-s3cret", "c0%2Fde-s3cret", asked.verifier.reveal(), "s3cret-of-the-client"):
        said = {"error": "x", "error_description": f"{before} {echo}"}
        requests_mock.post(settings.token_url, json=said, status_code=400)
        with pytest.raises(LoginError, match=r"\*\*\*") as caught:
            exchange_code(settings, asked, Secret("c0/de-s3cret"))
        assert echo[:6] not in str(caught.value)


def test_a_long_speech_of_the_servers_is_cut(settings, requests_mock):
    """A message stays one that can be read."""
    said = {"error": "x", "error_description": "y" * 10_000}
    requests_mock.post(settings.token_url, json=said, status_code=400)
    with pytest.raises(LoginError) as caught:
        exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c0de"))
    assert len(str(caught.value)) < 400


def test_what_the_server_echoes_of_a_token_is_blotted_out(settings, requests_mock):
    """A refusal to renew or revoke shows neither the refresh token nor the access token."""
    settings = dataclasses.replace(settings, revoke_url="https://auth.example.com/revoke")
    token = Token.from_response(ANSWER, settings)
    said = {"error": "x", "error_description": "at-s3cret-2 rt-s3cret-2"}
    requests_mock.post(settings.token_url, json=said, status_code=400)
    with pytest.raises(LoginError, match=r"\(x: \*\*\* \*\*\*\)"):
        refresh_token(settings, token)
    requests_mock.post(
        settings.revoke_url, json={**said, "error_description": "rt-s3cret-2"}, status_code=400
    )
    with pytest.raises(LoginError, match=r"\(x: \*\*\*\)"):
        revoke_token(settings, token)


@pytest.mark.parametrize("has_refresh", [True, False])
def test_revoking_sends_the_token_that_lives_longest(settings, requests_mock, has_refresh):
    """RFC 7009: the refresh token where there is one, with the client's credentials."""
    settings = dataclasses.replace(settings, revoke_url="https://auth.example.com/revoke")
    requests_mock.post(settings.revoke_url, text="")
    token = Token.from_response({**ANSWER, "refresh_token": "rt-s3cret-2" if has_refresh else None}, settings)
    revoke_token(settings, token)
    sent = form(requests_mock.last_request)
    assert sent["token"] == ("rt-s3cret-2" if has_refresh else "at-s3cret-2")
    assert sent["token_type_hint"] == ("refresh_token" if has_refresh else "access_token")
    assert sent["client_id"] == "my-app"


def test_errors_are_of_the_tree():
    """Everything a token endpoint can cause is a SalesmateError."""
    assert all(issubclass(kind, SalesmateError) for _, kind, _ in BAD_ANSWERS)
    assert issubclass(RateLimited, ApiError)
