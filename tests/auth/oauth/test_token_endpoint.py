"""Requests to the OAuth endpoints: what is sent, and what bad responses lead to."""

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
from salesmate_nb._auth.oauth.token_endpoint import (
    build_authorization_request,
    exchange_code,
    refresh_token,
    revoke_token,
)
from salesmate_nb._auth.tokens import Token
from salesmate_nb._base.secret.text import Secret
from salesmate_nb.errors import (
    ApiError,
    BadResponse,
    ConnectionFailed,
    LoginError,
    RateLimited,
    SalesmateError,
)

TOKEN_RESPONSE = {
    "access_token": "at-s3cret-2",
    "refresh_token": "rt-s3cret-2",
    "expires_in": 3600,
    "token_type": "Bearer",
}


def form(request):
    return dict(parse_qsl(request.text, strict_parsing=True))


def code_for(request):
    """Allow access, and return the code of the redirect."""
    location = requests.get(request.url, allow_redirects=False, timeout=30).headers["Location"]
    return Secret(dict(parse_qsl(urlsplit(location).query))["code"])


def test_pkce():
    """A code is exchanged with the verifier of its own attempt only (RFC 7636)."""
    with sandbox.start(deals=1) as box:
        settings = Settings(**box.settings)
        request, other = (
            build_authorization_request(settings, "http://localhost:3000/callback") for _ in range(2)
        )
        with pytest.raises(LoginError):
            exchange_code(settings, request, code_for(other))
        assert exchange_code(settings, other, code_for(other)).access_token


BAD_RESPONSES = [
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
    ({"json": {"error": "invalid_scope", "access_token": "at-s3cret"}}, LoginError, "invalid_scope"),
    ({"text": "<html>proxy</html>"}, BadResponse, "not a JSON object with a token"),
    ({"text": ""}, BadResponse, "not a JSON object with a token"),
    ({"text": '{"access_token": "at-s3'}, BadResponse, "not a JSON object with a token"),
    ({"json": ["at-s3cret"]}, BadResponse, "not a JSON object with a token"),
    ({"json": {"access_token": None}}, BadResponse, "not a JSON object with a token"),
    ({"json": {"access_token": 7}}, BadResponse, "not a JSON object with a token"),
    ({"json": {"access_token": "at-s3cret\r\nX-One: 1"}}, BadResponse, "not a JSON object with a token"),
    ({"json": {"access_token": "at-€s3cret"}}, BadResponse, "not a JSON object with a token"),
    ({"text": "[" * 100_000}, BadResponse, "not a JSON object with a token"),
    ({"text": "oops", "status_code": 500}, BadResponse, "Try again"),
    ({"json": {"error": "server_error"}, "status_code": 503}, BadResponse, "Try again"),
    ({"text": "", "status_code": 429}, RateLimited, "Try again later"),
    ({"text": "", "status_code": 302, "headers": {"Location": "https://evil.example/"}}, BadResponse, "302"),
    ({"exc": requests.exceptions.ConnectTimeout}, ConnectionFailed, "not reached within 5 s"),
    ({"exc": requests.exceptions.ReadTimeout}, ConnectionFailed, "did not respond in time"),
    ({"exc": requests.exceptions.ConnectionError}, ConnectionFailed, "refused"),
]


def test_authorization_request(settings):
    """The URL has OAuth's fields, a state and an S256 challenge, which is not the verifier."""
    request = build_authorization_request(
        dataclasses.replace(settings, scope="deals users"), "http://127.0.0.1:5/callback"
    )
    query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
    assert query.pop("code_challenge") != request.verifier.reveal()
    assert query == {
        "response_type": "code",
        "client_id": "my-app",
        "redirect_uri": "http://127.0.0.1:5/callback",
        "scope": "deals users",
        "state": request.state.reveal(),
        "code_challenge_method": "S256",
    }
    assert 43 <= len(request.verifier.reveal()) <= 128


def test_auth_params(settings):
    """Parameters that an authorization server needs beyond OAuth are in the URL."""
    request = build_authorization_request(
        dataclasses.replace(settings, auth_params="audience=api&prompt=login"), "https://x.example/"
    )
    query = parse_qs(urlsplit(request.url).query)
    assert (query["audience"], query["prompt"]) == (["api"], ["login"])


def test_state_and_verifier_are_unique(settings):
    """No two requests share a state or a verifier."""
    first, second = (
        build_authorization_request(settings, "https://x.example/"),
        build_authorization_request(settings, "https://x.example/"),
    )
    assert first.state != second.state
    assert first.verifier != second.verifier


def test_http_on_loopback(settings, monkeypatch):
    """A sandbox on http works without setting OAUTHLIB_INSECURE_TRANSPORT."""
    settings = dataclasses.replace(settings, auth_url="http://127.0.0.1:9/authorize?tenant=1")
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", MappingProxyType(dict(os.environ)))  # it is read-only
        request = build_authorization_request(settings, "http://127.0.0.1:5/cb")
    assert request.url.startswith("http://127.0.0.1:9/authorize?tenant=1&")


def test_exchange_code_fields(settings, requests_mock):
    """Client, secret, code, redirect URI and verifier go in the body, and nothing in the header."""
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    request = build_authorization_request(settings, "http://127.0.0.1:5/callback")
    token = exchange_code(settings, request, Secret("c0de"))
    assert form(requests_mock.last_request) == {
        "grant_type": "authorization_code",
        "client_id": "my-app",
        "client_secret": "s3cret-of-the-client",
        "code": "c0de",
        "redirect_uri": "http://127.0.0.1:5/callback",
        "code_verifier": request.verifier.reveal(),
    }
    assert "Authorization" not in requests_mock.last_request.headers
    assert requests_mock.last_request.timeout == (5.0, 30.0)
    assert token.access_token == "at-s3cret-2"


def test_public_client(settings, requests_mock):
    """A client without a secret sends its id, and PKCE alone protects it."""
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    settings = dataclasses.replace(settings, client_secret=None)
    exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c0de"))
    assert form(requests_mock.last_request)["client_id"] == "my-app"
    assert "client_secret" not in form(requests_mock.last_request)


def test_client_secret_basic(settings, requests_mock):
    """client_secret_basic: both parts form-encoded (RFC 6749, section 2.3.1), no secret in the body."""
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    settings = dataclasses.replace(
        settings, token_endpoint_auth_method="client_secret_basic", client_secret="s:3 cret%é"
    )
    exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c0de"))
    sent = requests_mock.last_request
    assert b64decode(sent.headers["Authorization"].removeprefix("Basic ")) == b"my-app:s%3A3%20cret%25%C3%A9"
    assert "client_secret" not in form(sent)
    assert form(sent)["code"] == "c0de"


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_json_token_body(settings, requests_mock, method):
    """Token requests can be JSON with the same fields, as in Salesmate's guide."""
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    settings = dataclasses.replace(settings, token_body="json", token_endpoint_auth_method=method)
    exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c0de"))
    sent = requests_mock.last_request.json()
    assert (sent["code"], sent["grant_type"]) == ("c0de", "authorization_code")
    assert sent.get("client_secret") == ("s3cret-of-the-client" if method == "client_secret_post" else None)


def test_traceback_shows_no_secret(settings, requests_mock):
    """If a token request fails, the variables of this package's frames show no secret."""
    requests_mock.post(
        settings.token_url, json={"access_token": "at-s3cret", "refresh_token": "rt-s3cret"}, status_code=500
    )
    request = build_authorization_request(settings, "https://x.example/")
    with pytest.raises(BadResponse) as caught:
        exchange_code(settings, request, Secret("c0de-s3cret"))
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    frames = shown.split("in exchange_code", 1)[1]
    assert "token_url=" in frames
    assert "s3cret" not in frames
    assert request.verifier.reveal() not in frames


def shown_by(err):
    """Return the variables that the frames of this package show of an error."""
    frames = traceback.TracebackException.from_exception(err, capture_locals=True).stack
    return str([frame.locals for frame in frames if "/salesmate_nb/" in frame.filename.replace("\\", "/")])


@pytest.mark.parametrize("body", ["form", "json"])
@pytest.mark.parametrize("grant", ["exchange_code", "refresh", "revoke"])
@pytest.mark.parametrize(
    "fault", [pytest.param("too large", marks=pytest.mark.slow), "interrupted", "refused"]
)
def test_traceback_shows_no_sent_secret(settings, requests_mock, grant, fault, body):
    """If a token request fails, inside requests too, the traceback's frames show nothing that was sent."""
    url = settings.token_url if grant != "revoke" else "https://auth.example.com/revoke"
    settings = dataclasses.replace(settings, revoke_url="https://auth.example.com/revoke", token_body=body)
    response = {
        "too large": {"content": b" " * (32 * 2**20 + 1)},
        "interrupted": {"exc": KeyboardInterrupt},
        "refused": {"status_code": 400, "json": {"error": "x", "echo": "at-s3cret rt-s3cret c0de-s3cret"}},
    }[fault]
    requests_mock.post(url, **response)
    token, request = (
        Token.from_response(TOKEN_RESPONSE, settings),
        build_authorization_request(settings, "https://x.example/"),
    )
    with pytest.raises((SalesmateError, KeyboardInterrupt)) as caught:  # noqa: PT012 - one of three requests
        if grant == "exchange_code":
            exchange_code(settings, request, Secret("c0de-s3cret"))
        else:
            {"refresh": refresh_token, "revoke": revoke_token}[grant](settings, token)
    shown = shown_by(caught.value)
    assert "'***'" in shown
    assert "s3cret" not in shown
    assert request.verifier.reveal() not in shown


@pytest.mark.parametrize(("response", "kind", "words"), BAD_RESPONSES)
def test_bad_response(settings, requests_mock, response, kind, words):
    """Each bad response has its error; a code works once, so nothing is sent again."""
    requests_mock.post(settings.token_url, **response)
    with pytest.raises(kind, match=words) as caught:
        exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c0de"))
    assert requests_mock.call_count == 1
    assert caught.value.__cause__ is caught.value.__context__ is None


ODD = [
    {"code": "x"},
    {"name": {"z": [1]}},
    {},
    ["x"],
    7,
    True,
    None,
    "x" * 10**5,
    "\ud800\x1b[31m",
    "nan",
    -1,
    1e300,
]


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("name", ["error", "error_description", "access_token"])
def test_odd_error(settings, requests_mock, name, status):
    """Whatever stands where an error or a token should, it is a LoginError that can be printed."""
    request = build_authorization_request(settings, "https://x.example/")
    for value in ODD:
        payload = {"error": "x", name: value} if name != "access_token" or status != 200 else {name: value}
        if name == "access_token" and status == 200 and value == "nan":
            continue  # a text like any other
        requests_mock.post(settings.token_url, json=payload, status_code=status)
        with pytest.raises(LoginError) as caught:
            exchange_code(settings, request, Secret("c0de"))
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 700


def test_odd_lifetime(settings, requests_mock):
    """A lifetime that is none counts as unknown: the token is used until it is refused."""
    request = build_authorization_request(settings, "https://x.example/")
    for value in [{"s": 1}, ["x"], True, None, "soon", "nan", "-1", -1, 0, 1e300, 10**400, "9" * 5000]:
        requests_mock.post(settings.token_url, json={**TOKEN_RESPONSE, "expires_in": value})
        assert exchange_code(settings, request, Secret("c0de")).expires_at is None


def test_used_code(settings, requests_mock):
    """invalid_grant is a LoginError that says to open the link again."""
    requests_mock.post(settings.token_url, json={"error": "invalid_grant"}, status_code=400)
    with pytest.raises(LoginError, match="Open the link again") as caught:
        exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c0de"))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("before", ["", "x" * 180])
def test_echoed_secrets_are_redacted(settings, requests_mock, before):
    """If a server repeats code, verifier or secret, plain or quoted, the message shows no part of them."""
    request = build_authorization_request(settings, "https://x.example/")
    for echo in ("c0/de-s3cret", "c0%2Fde-s3cret", request.verifier.reveal(), "s3cret-of-the-client"):
        payload = {"error": "x", "error_description": f"{before} {echo}"}
        requests_mock.post(settings.token_url, json=payload, status_code=400)
        with pytest.raises(LoginError, match=r"\*\*\*") as caught:
            exchange_code(settings, request, Secret("c0/de-s3cret"))
        assert echo[:6] not in str(caught.value)


def test_long_description_is_cut(settings, requests_mock):
    """A long error description does not make the message unreadable."""
    payload = {"error": "x", "error_description": "y" * 10_000}
    requests_mock.post(settings.token_url, json=payload, status_code=400)
    with pytest.raises(LoginError) as caught:
        exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c0de"))
    assert len(str(caught.value)) < 400


def test_echoed_tokens_are_redacted(settings, requests_mock):
    """A refused refresh or revocation shows neither the refresh token nor the access token."""
    settings = dataclasses.replace(settings, revoke_url="https://auth.example.com/revoke")
    token = Token.from_response(TOKEN_RESPONSE, settings)
    payload = {"error": "x", "error_description": "at-s3cret-2 rt-s3cret-2"}
    requests_mock.post(settings.token_url, json=payload, status_code=400)
    with pytest.raises(LoginError, match=r"\(x: \*\*\* \*\*\*\)"):
        refresh_token(settings, token)
    requests_mock.post(
        settings.revoke_url, json={**payload, "error_description": "rt-s3cret-2"}, status_code=400
    )
    with pytest.raises(LoginError, match=r"\(x: \*\*\*\)"):
        revoke_token(settings, token)


@pytest.mark.parametrize("has_refresh", [True, False])
def test_revoke_token(settings, requests_mock, has_refresh):
    """RFC 7009: the refresh token is revoked if there is one, with the client's credentials."""
    settings = dataclasses.replace(settings, revoke_url="https://auth.example.com/revoke")
    requests_mock.post(settings.revoke_url, text="")
    token = Token.from_response(
        {**TOKEN_RESPONSE, "refresh_token": "rt-s3cret-2" if has_refresh else None}, settings
    )
    revoke_token(settings, token)
    sent = form(requests_mock.last_request)
    assert sent["token"] == ("rt-s3cret-2" if has_refresh else "at-s3cret-2")
    assert sent["token_type_hint"] == ("refresh_token" if has_refresh else "access_token")
    assert sent["client_id"] == "my-app"


def test_error_classes():
    """Everything a token endpoint can cause is a SalesmateError."""
    assert all(issubclass(kind, SalesmateError) for _, kind, _ in BAD_RESPONSES)
    assert issubclass(RateLimited, ApiError)
