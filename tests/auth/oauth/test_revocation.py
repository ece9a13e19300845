"""The end of a grant, of the settings' client or of another."""

from __future__ import annotations

import dataclasses
from urllib.parse import parse_qs

import pytest

from salesmate_nb._auth.oauth.revocation import end_grant
from salesmate_nb._auth.tokens import Token

REVOKE_URL = "https://auth.example.com/revoke"


@pytest.mark.parametrize(
    ("client_id", "secrets"), [("my-app", ["s3cret-of-the-client"]), ("their-app", None)]
)
def test_client_secret(settings, requests_mock, client_id, secrets):
    """A token is revoked with its own client's id; the secret of the settings is sent for theirs only."""
    issued_for = dataclasses.replace(settings, client_id=client_id, revoke_url=REVOKE_URL)
    requests_mock.post(REVOKE_URL, text="")
    assert end_grant(settings, Token.from_response({"access_token": "at-1"}, issued_for)) == ""
    sent = parse_qs(requests_mock.last_request.text)
    assert (sent["client_id"], sent.get("client_secret")) == ([client_id], secrets)


@pytest.mark.parametrize("url", [None, "https://other.example.com/revoke"])
def test_unknown_endpoint(settings, requests_mock, url):
    """Without an endpoint of its own authorization server, a token is sent nowhere."""
    token = Token.from_response({"access_token": "at-1"}, settings)
    assert end_grant(dataclasses.replace(settings, revoke_url=url), token) == ""
    assert not requests_mock.called


def test_not_confirmed(settings, requests_mock):
    """What went wrong is said with the status, and without the token."""
    settings = dataclasses.replace(settings, revoke_url=REVOKE_URL)
    requests_mock.post(REVOKE_URL, status_code=503)
    said = end_grant(settings, Token.from_response({"access_token": "at-1"}, settings))
    assert "did not confirm that its token is revoked (503)" in said
    assert "at-1" not in said
