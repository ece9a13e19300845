"""Authentication of API requests, and the hourly rate limit."""

from __future__ import annotations

import pytest

from salesmate_nb.sandbox._api.access import RateLimit
from salesmate_nb.sandbox._api.envelope import ApiFailure


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}])
def test_no_valid_token(client, failure_of, headers):
    """A missing or unknown token gets 401."""
    response = client.http.get(f"{client.sandbox.url}/v1/deals", headers=headers)
    assert failure_of(response) == (401, "AuthenticationFailed")
    assert "Bearer" in response.headers["WWW-Authenticate"]


def test_access_key(client):
    """The access key and the linkname are sufficient."""
    assert client.get("/v1/deals").status_code == 200


def test_wrong_access_key(client, failure_of):
    """A wrong access key gets 403, not 401, as Salesmate does."""
    headers = {**client.headers, "accessToken": "wrong"}
    response = client.http.get(f"{client.sandbox.url}/v1/deals", headers=headers)
    assert failure_of(response) == (403, "AuthorizationFailed")


@pytest.mark.parametrize("linkname", ["other.salesmate.io", "sandbox", None])
def test_wrong_linkname(client, failure_of, linkname):
    """An access key requires the full host name of its workspace."""
    headers = {**client.headers, "x-linkname": linkname}
    response = client.http.get(f"{client.sandbox.url}/v1/deals", headers=headers)
    assert failure_of(response) == (404, "NoSuchLinkExist")


def test_key_options(make_client):
    """access_key and linkname are options."""
    client = make_client(access_key="k3y", linkname="acme")
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
