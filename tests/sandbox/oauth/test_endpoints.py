"""The OAuth endpoints, without the consent page."""

from __future__ import annotations

import pytest

from salesmate_nb.sandbox import ScriptedResponse


def test_login(client):
    """A code and its verifier give a bearer token and a refresh token, which are not cached."""
    response = client.token(code=client.code())
    tokens = response.json()
    assert tokens.keys() == {"access_token", "refresh_token", "expires_in", "token_type"}
    assert (tokens["expires_in"], tokens["token_type"]) == (3600, "Bearer")
    assert response.headers["Cache-Control"] == "no-store"
    assert client.deals(tokens["access_token"]).json()["Data"]["totalRows"] == 5


def test_authorization_response(client, redirected):
    """With approve="auto" the browser is redirected at once, to exactly the requested redirect URI."""
    response = client.authorize(redirect_uri="http://localhost:3000/callback", state="a b&c")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("http://localhost:3000/callback?")
    assert redirected(response)["state"] == "a b&c"
    assert redirected(response).keys() == {"code", "state"}
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "uri",
    [
        "https://elsewhere.example/callback",
        "http://elsewhere.example/callback",
        "http://127.0.0.1.elsewhere.example/callback",
        "http://127.0.0.1:80@elsewhere.example/callback",
        "http://elsewhere.example\\@127.0.0.1/callback",
        "http://127.0.0.1:5123/another",
        "http://127.0.0.1:5123/callback#part",
        "https://127.0.0.1:5123/callback",
        "javascript:alert(1)",
        "http://127.0.0.1:5123/callback\n",
        "",
    ],
)
def test_invalid_redirect_uri(client, uri):
    """The browser is not redirected to an address that is not a loopback callback; a page explains it."""
    response = client.authorize(redirect_uri=uri)
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert "<h1>This login cannot continue</h1>" in response.text


def test_unknown_client(client):
    """The browser is not redirected for an unknown client, whose name is escaped in the page."""
    response = client.authorize(client_id="<script>alert(1)</script>")
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert "<script" not in response.text
    assert "&lt;script&gt;" in response.text


def test_repeated_parameter(client):
    """A login link must not repeat a parameter (RFC 6749, section 3.1)."""
    assert client.authorize(state=["a", "b"]).status_code == 400


@pytest.mark.parametrize(
    ("without", "changes"),
    [
        (["code_challenge", "code_challenge_method"], {}),
        (["code_challenge"], {}),
        (["code_challenge_method"], {}),
        ([], {"code_challenge_method": "plain"}),
        ([], {"code_challenge": "too-short"}),
    ],
)
def test_pkce_required(client, redirected, without, changes):
    """PKCE with S256 is required; the error is sent to the redirect URI."""
    response = client.authorize(without=without, **changes)
    assert response.status_code == 302
    parameters = redirected(response)
    assert (parameters["error"], parameters["state"]) == ("invalid_request", "st4te")
    assert "code" not in parameters


def test_response_type(client, redirected):
    """Only the code flow is supported, never tokens in a URL."""
    assert redirected(client.authorize(response_type="token"))["error"] == "unsupported_response_type"


def test_refresh_rotates(client):
    """A refresh returns new tokens; the old access token stays valid until it expires."""
    first = client.log_in()
    second = client.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert client.deals(second["access_token"]).status_code == 200
    assert client.deals(first["access_token"]).status_code == 200


def test_json_body(client):
    """The token endpoint takes JSON, as Salesmate's guide sends it, and forms, as OAuth libraries do."""
    body = {
        "grant_type": "authorization_code",
        "code": client.code(),
        "redirect_uri": "http://127.0.0.1:5123/callback",
        "code_verifier": "a-verifier-of-at-least-forty-three-characters-0",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
    }
    token_url = client.sandbox.settings.token_url
    assert client.http.post(token_url, json=body).json()["token_type"] == "Bearer"
    for invalid in ([body], {**body, "code": 7}, "text"):
        assert client.http.post(token_url, json=invalid).json()["error"] == "invalid_request"


@pytest.mark.parametrize("form", [{}, {"client_id": "sandbox-client"}])
def test_client_secret_basic(client, form):
    """HTTP Basic is accepted, with or without client_id in the body."""
    client.http.auth = ("sandbox-client", "sandbox-secret")
    response = client.token(code=client.code(), without=["client_id", "client_secret"], **form)
    assert response.status_code == 200


def test_secret_sent_twice(client):
    """A secret in both the header and the body is an invalid request, as on some servers."""
    client.http.auth = ("sandbox-client", "sandbox-secret")
    response = client.token(code=client.code())
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "changes", [{"client_secret": "wrong"}, {"client_secret": ""}, {"client_id": "other"}, {"client_id": ""}]
)
def test_invalid_client(client, changes):
    """client_id and client_secret must be those of the registered client."""
    response = client.token(code=client.code(), **changes)
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert "WWW-Authenticate" in response.headers


def test_public_client(make_client):
    """With client_secret=None no secret is required, and none is accepted."""
    client = make_client(client_secret=None)
    assert client.token(code=client.code()).json()["error"] == "invalid_client"
    assert client.token(code=client.code(), without=["client_secret"]).status_code == 200


@pytest.mark.parametrize("extra", [{"rows": "250"}, {"refresh_token": "x"}, {"allow_redirects": "False"}])
def test_unknown_parameter(client, extra):
    """A parameter of an API request that leaks into a token request is an error."""
    response = client.token(code=client.code(), **extra)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert next(iter(extra)) in response.json()["error_description"]


def test_parameters_in_url(client):
    """Parameters of a token request must be in the body, which is not logged."""
    response = client.http.post(f"{client.sandbox.settings.token_url}?rows=250", data={"grant_type": "x"})
    assert response.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("without", "changes", "error"),
    [
        (["grant_type"], {}, "invalid_request"),
        (["code_verifier"], {}, "invalid_request"),
        ([], {"grant_type": "password"}, "unsupported_grant_type"),
        ([], {"code": "unknown"}, "invalid_grant"),
        ([], {"code": ["a", "b"]}, "invalid_request"),
    ],
)
def test_token_errors(client, without, changes, error):
    """Errors have an OAuth error code and a description."""
    response = client.token(without=without, **{"code": client.code(), **changes})
    assert (response.status_code, response.json()["error"]) == (400, error)
    assert response.json()["error_description"]


def revoke(client, **form):
    credentials = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    return client.http.post(client.sandbox.settings.revoke_url, data={**credentials, **form})


def test_revoke_refresh_token(client):
    """Revoking a refresh token revokes its access tokens too (RFC 7009, section 2.1)."""
    tokens = client.log_in()
    response = revoke(client, token=tokens["refresh_token"], token_type_hint="refresh_token")
    assert (response.status_code, response.content) == (200, b"")
    assert client.deals(tokens["access_token"]).status_code == 401


def test_revoke_access_token(client):
    """Revoking an access token leaves the refresh token valid."""
    tokens = client.log_in()
    assert revoke(client, token=tokens["access_token"]).status_code == 200
    assert client.deals(tokens["access_token"]).status_code == 401
    assert client.refresh(tokens["refresh_token"]).status_code == 200


def test_revoke_errors(client):
    """An unknown token is accepted (RFC 7009, section 2.2); no token or a wrong client is not."""
    assert revoke(client, token="unknown").status_code == 200
    assert revoke(client).status_code == 400
    assert revoke(client, token="unknown", client_secret="wrong").status_code == 401


def test_revoke_all(client):
    """revoke_all() revokes access tokens, refresh tokens and codes."""
    tokens, code = client.log_in(), client.code()
    client.sandbox.revoke_all()
    assert client.deals(tokens["access_token"]).status_code == 401
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.token(code=code).json()["error"] == "invalid_grant"


def test_expire_access_tokens(client):
    """expire_access_tokens() leaves refresh tokens valid."""
    tokens = client.log_in()
    client.sandbox.expire_access_tokens()
    assert client.deals(tokens["access_token"]).status_code == 401
    refreshed = client.refresh(tokens["refresh_token"]).json()
    assert client.deals(refreshed["access_token"]).status_code == 200


def test_lost_token_response(client):
    """A refresh token is used up even if the response is lost."""
    tokens = client.log_in()
    client.sandbox.script("/oauth/token", ScriptedResponse(real=True, drop="in-body"))
    with pytest.raises(OSError, match=r"IncompleteRead|broken"):
        client.refresh(tokens["refresh_token"])
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
