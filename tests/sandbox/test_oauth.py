"""The OAuth endpoints, without the consent page."""

from __future__ import annotations

import time

import pytest

from salesmate_nb.sandbox import Answer


def test_a_login_gives_tokens_that_the_api_accepts(visitor):
    """A code and its verifier become a Bearer token, with a refresh token, kept in no cache."""
    answer = visitor.token(code=visitor.code())
    tokens = answer.json()
    assert tokens.keys() == {"access_token", "refresh_token", "expires_in", "token_type"}
    assert (tokens["expires_in"], tokens["token_type"]) == (3600, "Bearer")
    assert answer.headers["Cache-Control"] == "no-store"
    assert visitor.deals(tokens["access_token"]).json()["Data"]["totalRows"] == 5


def test_the_redirect_brings_back_code_and_state(visitor, back):
    """Where approve is auto, the browser is sent back at once, to the very address asked for."""
    answer = visitor.authorize(redirect_uri="http://localhost:3000/callback", state="a b&c")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("http://localhost:3000/callback?")
    assert back(answer)["state"] == "a b&c"
    assert back(answer).keys() == {"code", "state"}
    assert answer.headers["Referrer-Policy"] == "no-referrer"


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
def test_a_foreign_redirect_address_gets_a_page(visitor, uri):
    """No one is sent to an address that is not the client's loopback one; the page says so."""
    answer = visitor.authorize(redirect_uri=uri)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "<h1>This login cannot go on</h1>" in answer.text


def test_an_unknown_client_gets_a_page(visitor):
    """No one is sent on for a client nobody knows, and its name is shown as text only."""
    answer = visitor.authorize(client_id="<script>alert(1)</script>")
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_a_parameter_that_comes_twice_gets_a_page(visitor):
    """An authorize link says each thing once (RFC 6749, section 3.1)."""
    assert visitor.authorize(state=["a", "b"]).status_code == 400


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
def test_a_login_without_pkce_is_sent_back(visitor, back, without, changes):
    """PKCE with S256 is required, and the client is told so at its redirect address."""
    answer = visitor.authorize(without=without, **changes)
    assert answer.status_code == 302
    assert (back(answer)["error"], back(answer)["state"]) == ("invalid_request", "st4te")
    assert "code" not in back(answer)


def test_another_response_type_is_sent_back(visitor, back):
    """Only codes are given, never tokens in an address."""
    assert back(visitor.authorize(response_type="token"))["error"] == "unsupported_response_type"


def test_a_wrong_verifier_gets_no_token(visitor):
    """A code without the verifier of its challenge is worth nothing, and is spent by the attempt."""
    code = visitor.code()
    refused = visitor.token(code=code, code_verifier="x" * 43)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert visitor.token(code=code).json()["error"] == "invalid_grant"


def test_the_redirect_address_has_to_be_the_same(visitor):
    """The token request names the address that the code was sent to (RFC 6749, section 4.1.3)."""
    refused = visitor.token(code=visitor.code(), redirect_uri="http://127.0.0.1:5124/callback")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_a_code_that_comes_twice_ends_the_login(visitor):
    """A code works once; the second time, the tokens that came of it die too."""
    code = visitor.code()
    tokens = visitor.token(code=code).json()
    assert visitor.token(code=code).json()["error"] == "invalid_grant"
    assert visitor.deals(tokens["access_token"]).status_code == 401
    assert visitor.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_code_gets_too_old(visit):
    """A code lives for code_ttl."""
    visitor = visit(code_ttl=0.05)
    code = visitor.code()
    time.sleep(0.06)
    assert "too old" in visitor.token(code=code).json()["error_description"]


def test_a_refresh_token_rotates(visitor):
    """A refresh gives new tokens; the old access token lives on until its time."""
    first = visitor.log_in()
    second = visitor.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert visitor.deals(second["access_token"]).status_code == 200
    assert visitor.deals(first["access_token"]).status_code == 200


def test_a_refresh_token_that_comes_twice_ends_the_login(visitor):
    """Two users of one rotating refresh token look like a thief: all that came of the login dies."""
    first = visitor.log_in()
    second = visitor.refresh(first["refresh_token"]).json()
    assert visitor.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert visitor.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert visitor.deals(second["access_token"]).status_code == 401


def test_another_login_survives(visitor):
    """What ends one login leaves others alone."""
    spent, other = visitor.log_in(), visitor.log_in()
    visitor.refresh(spent["refresh_token"])
    visitor.refresh(spent["refresh_token"])
    assert visitor.deals(other["access_token"]).status_code == 200


def test_without_rotation_a_refresh_token_stays(visit):
    """With rotate=False the same refresh token works again and again."""
    visitor = visit(rotate=False)
    first = visitor.log_in()
    second = visitor.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] == first["refresh_token"]
    assert visitor.refresh(first["refresh_token"]).status_code == 200


def test_tokens_get_too_old(visit):
    """Access tokens live for access_ttl, refresh tokens for refresh_ttl."""
    visitor = visit(access_ttl=0.05, refresh_ttl=0.05)
    tokens = visitor.log_in()
    time.sleep(0.06)
    assert visitor.deals(tokens["access_token"]).status_code == 401
    assert "too old" in visitor.refresh(tokens["refresh_token"]).json()["error_description"]


def test_a_refresh_cannot_widen_its_scope(visitor):
    """A refresh may ask for what was allowed, or less."""
    tokens = visitor.log_in(scope="deals users")
    tokens = visitor.refresh(tokens["refresh_token"], scope="deals").json()
    refused = visitor.refresh(tokens["refresh_token"], scope="deals admin")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


def test_json_bodies_are_read_too(visitor):
    """The guide's client sends JSON to the token endpoint, OAuth libraries send a form."""
    body = {
        "grant_type": "authorization_code",
        "code": visitor.code(),
        "redirect_uri": "http://127.0.0.1:5123/callback",
        "code_verifier": "a-verifier-of-at-least-forty-three-characters-0",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
    }
    assert visitor.http.post(visitor.box.settings.token_url, json=body).json()["token_type"] == "Bearer"
    for wrong in ([body], {**body, "code": 7}, "text"):
        answer = visitor.http.post(visitor.box.settings.token_url, json=wrong)
        assert answer.json()["error"] == "invalid_request"


def test_the_secret_may_come_in_the_header(visitor):
    """HTTP Basic is accepted, with or without the client's name in the body."""
    for form in ({}, {"client_id": "sandbox-client"}):
        visitor.http.auth = ("sandbox-client", "sandbox-secret")
        answer = visitor.token(code=visitor.code(), without=["client_id", "client_secret"], **form)
        assert answer.status_code == 200


def test_the_secret_may_not_come_twice(visitor):
    """A secret in the header and in the body is an invalid request, as some servers have it."""
    visitor.http.auth = ("sandbox-client", "sandbox-secret")
    answer = visitor.token(code=visitor.code())
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "changes", [{"client_secret": "wrong"}, {"client_secret": ""}, {"client_id": "other"}, {"client_id": ""}]
)
def test_a_wrong_client_gets_401(visitor, changes):
    """The client's name and secret have to be right."""
    answer = visitor.token(code=visitor.code(), **changes)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "WWW-Authenticate" in answer.headers


def test_a_public_client_has_no_secret(visit):
    """With client_secret=None none is needed, and none is accepted."""
    visitor = visit(client_secret=None)
    assert visitor.token(code=visitor.code()).json()["error"] == "invalid_client"
    assert visitor.token(code=visitor.code(), without=["client_secret"]).status_code == 200


@pytest.mark.parametrize("leak", [{"rows": "250"}, {"refresh_token": "x"}, {"allow_redirects": "False"}])
def test_fields_that_are_not_oauths_are_refused(visitor, leak):
    """What belongs to an API call and strays into a token request shows."""
    answer = visitor.token(code=visitor.code(), **leak)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert next(iter(leak)) in answer.json()["error_description"]


def test_parameters_in_the_address_are_refused(visitor):
    """A token request has its parameters in the body, where logs do not see them."""
    answer = visitor.http.post(f"{visitor.box.settings.token_url}?rows=250", data={"grant_type": "x"})
    assert answer.json()["error"] == "invalid_request"


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
def test_a_wrong_token_request_says_what_is_wrong(visitor, without, changes, error):
    """Errors are OAuth's own, with a sentence."""
    answer = visitor.token(without=without, **{"code": visitor.code(), **changes})
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"]


def revoke(visitor, **form):
    client = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    return visitor.http.post(visitor.box.settings.revoke_url, data={**client, **form})


def test_revoking_a_refresh_token_ends_the_login(visitor):
    """With the refresh token its access tokens die (RFC 7009, section 2.1)."""
    tokens = visitor.log_in()
    answer = revoke(visitor, token=tokens["refresh_token"], token_type_hint="refresh_token")
    assert (answer.status_code, answer.content) == (200, b"")
    assert visitor.deals(tokens["access_token"]).status_code == 401


def test_revoking_an_access_token_ends_it_alone(visitor):
    """The refresh token goes on."""
    tokens = visitor.log_in()
    assert revoke(visitor, token=tokens["access_token"]).status_code == 200
    assert visitor.deals(tokens["access_token"]).status_code == 401
    assert visitor.refresh(tokens["refresh_token"]).status_code == 200


def test_revoking_needs_the_client_and_a_token(visitor):
    """An unknown token is fine (RFC 7009, section 2.2), a stranger or no token is not."""
    assert revoke(visitor, token="unknown").status_code == 200
    assert revoke(visitor).status_code == 400
    assert revoke(visitor, token="unknown", client_secret="wrong").status_code == 401


def test_an_administrator_ends_everything(visitor):
    """revoke_all() kills access tokens, refresh tokens and codes."""
    tokens, code = visitor.log_in(), visitor.code()
    visitor.box.revoke_all()
    assert visitor.deals(tokens["access_token"]).status_code == 401
    assert visitor.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert visitor.token(code=code).json()["error"] == "invalid_grant"


def test_access_tokens_can_be_ended_early(visitor):
    """expire_access_tokens() leaves refresh tokens, as time does."""
    tokens = visitor.log_in()
    visitor.box.expire_access_tokens()
    assert visitor.deals(tokens["access_token"]).status_code == 401
    renewed = visitor.refresh(tokens["refresh_token"]).json()
    assert visitor.deals(renewed["access_token"]).status_code == 200


def test_a_refresh_whose_answer_is_lost_still_counts(visitor):
    """Where the answer is dropped after the work was done, the token is spent."""
    tokens = visitor.log_in()
    visitor.box.script("/oauth/token", Answer(real=True, drop="in-body"))
    with pytest.raises(OSError, match=r"IncompleteRead|broken"):
        visitor.refresh(tokens["refresh_token"])
    assert visitor.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
