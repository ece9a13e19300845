"""Authentication of API requests, and the hourly rate limit."""

from __future__ import annotations

import pytest

from salesmate_nb.sandbox import Behavior
from salesmate_nb.sandbox._api.access import RateLimit, SessionKey
from salesmate_nb.sandbox._responses.envelope import ApiFailure


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}])
def test_no_valid_token(client, failure_of, headers):
    """A missing or unknown token gets 401."""
    response = client.http.get(f"{client.sandbox.url}/v1/deals", headers=headers)
    assert failure_of(response) == (401, "AuthenticationFailed")
    assert "Bearer" in response.headers["WWW-Authenticate"]


def test_session_key(client):
    """The Session Key and the linkname are sufficient."""
    assert client.get("/v1/deals").status_code == 200
    assert client.search().status_code == 200


@pytest.mark.parametrize("name", ["access_key", "app_private_key", "approve"])
def test_other_keys(client, failure_of, name):
    """The two keys beside it, and any other text, get 403 with an empty message, as was measured."""
    headers = {**client.headers, "accessToken": getattr(client.sandbox, name)}
    response = client.http.get(f"{client.sandbox.url}/apis/core/v4/users", headers=headers)
    assert failure_of(response) == (403, "AuthorizationFailed")
    assert response.json()["Error"]["message"] == ""


@pytest.mark.parametrize("status", [401, 200])
def test_expired_key(make_client, status):
    """A key expires after some requests: then each gets 4002, with 401 or even 200; OAuth goes on working."""
    client = make_client(key_requests=2, expired_status=status)
    token = client.log_in()["access_token"]
    assert [client.search().status_code for _ in range(2)] == [200, 200]
    response = client.search()
    assert (response.status_code, response.json()["Error"]["code"]) == (status, "4002")
    assert client.deals(token).status_code == 200


def test_expire_session_key(client):
    """A test lets the key expire."""
    client.search()
    client.sandbox.expire_session_key()
    assert client.search().json()["Error"]["code"] == "4002"


def test_key_seconds():
    """A key expires after some seconds."""
    now = 0.0
    key = SessionKey("k3y", Behavior(key_seconds=60), clock=lambda: now)
    now = 59.0
    key.check("k3y")
    now = 60.0
    with pytest.raises(ApiFailure) as caught:
        key.check("k3y")
    assert (caught.value.status, caught.value.code) == (401, "4002")


def test_bearer_on_v4(client):
    """An access token works on the v4 API too."""
    headers = {"Authorization": f"Bearer {client.log_in()['access_token']}"}
    response = client.http.post(f"{client.sandbox.url}/apis/deal/v4/search", json={}, headers=headers)
    assert len(response.json()["Data"]["data"]) == 5


@pytest.mark.parametrize("linkname", ["other.salesmate.io", "sandbox", None])
def test_wrong_linkname(client, failure_of, linkname):
    """A key requires the full host name of its workspace."""
    headers = {**client.headers, "x-linkname": linkname}
    response = client.http.get(f"{client.sandbox.url}/v1/deals", headers=headers)
    assert failure_of(response) == (404, "NoSuchLinkExist")


def test_key_options(make_client):
    """session_key and linkname are options."""
    client = make_client(session_key="k3y", linkname="acme")
    assert client.headers == {"accessToken": "k3y", "x-linkname": "acme.salesmate.io"}
    assert client.get("/v1/deals").status_code == 200


def test_calls_per_hour(make_client, failure_of):
    """Requests over calls_per_hour get 429; OAuth requests do not count."""
    client = make_client(calls_per_hour=2)
    token = client.log_in()["access_token"]
    assert [client.deals(token).status_code for _ in range(2)] == [200, 200]
    response = client.deals(token)
    assert failure_of(response) == (429, "TooManyRequests")
    assert 3590 < int(response.headers["Retry-After"]) <= 3600
    assert client.log_in()["token_type"] == "Bearer"


def test_rate_limit_window():
    """A call leaves the window after an hour; refused calls do not count."""
    now = 0.0
    limit = RateLimit(2, clock=lambda: now)
    limit.count()
    now = 1000.0
    limit.count()
    now = 1500.5
    with pytest.raises(ApiFailure) as caught:
        limit.count()
    assert caught.value.headers == {"Retry-After": "2100"}
    now = 3600.0
    limit.count()
    with pytest.raises(ApiFailure):
        limit.count()


def test_no_calls_allowed():
    """A limit of 0 refuses every call."""
    with pytest.raises(ApiFailure) as caught:
        RateLimit(0).count()
    assert caught.value.headers == {"Retry-After": "3600"}
