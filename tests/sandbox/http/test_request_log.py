"""The log of requests."""

from __future__ import annotations

from salesmate_nb.sandbox import LoggedRequest


def test_requests_are_logged(client):
    """A log entry has method, path, query, case-insensitive headers, body and status."""
    client.search(rows=3, sort={"fieldName": "deal.id", "order": "asc"})
    client.deals("wrong", rows="7")
    search, listing = client.sandbox.log
    assert (search.method, search.path, search.status) == ("POST", "/apis/deal/v4/search", 200)
    assert search.query == {"rows": "3", "from": "0"}
    assert search.json["sort"]["order"] == "asc"
    assert search.headers["accessToken"] == search.headers["ACCESSTOKEN"] == "sandbox-session-key"
    assert "x-linkname" in search.headers
    assert "authorization" not in search.headers
    assert listing.headers.get("Authorization") == "Bearer wrong"
    assert listing.headers.get("Cookie", "none") == "none"
    assert (listing.status, listing.json, listing.form) == (401, None, {})


def test_forms_are_logged(client):
    """A log entry has the parameters of a token request."""
    client.log_in()
    authorize, token = client.sandbox.log
    assert authorize.query["response_type"] == "code"
    assert token.form["grant_type"] == "authorization_code"


def test_log_is_a_copy(client):
    """A log that was read does not change with later requests."""
    client.search()
    log = client.sandbox.log
    client.search()
    assert (len(log), len(client.sandbox.log)) == (1, 2)


def test_repr_hides_secrets(client):
    """The repr of a log entry shows only method, path and status."""
    tokens = client.log_in()
    client.deals(tokens["access_token"])
    client.get("/v1/deals")
    assert repr(client.sandbox.log) == (
        "[LoggedRequest(method='GET', path='/oauth/authorize', status=302), "
        "LoggedRequest(method='POST', path='/oauth/token', status=200), "
        "LoggedRequest(method='GET', path='/v1/deals', status=200), "
        "LoggedRequest(method='GET', path='/v1/deals', status=200)]"
    )
    assert isinstance(client.sandbox.log[0], LoggedRequest)
