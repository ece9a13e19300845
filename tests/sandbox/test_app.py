"""Routing, latency, and errors inside the sandbox."""

from __future__ import annotations

import time

import pytest


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", "/v1/deals"),
        ("GET", "/v1/deals/"),
        ("GET", "/v1//deals"),
        ("GET", "/favicon.ico"),
    ],
)
def test_unknown_path(client, failure_of, method, path):
    """Other paths and methods get a 404 failure, never a redirect."""
    response = client.http.request(
        method, f"{client.sandbox.url}{path}", headers=client.headers, allow_redirects=False
    )
    assert failure_of(response) == (404, "ObjectNotFound")


def test_unknown_host(client):
    """Requests under another host name are refused, so that a web page cannot reach the sandbox."""
    headers = {**client.headers, "Host": "elsewhere.example"}
    assert client.http.get(f"{client.sandbox.url}/v1/deals", headers=headers).status_code == 404


def test_latency(make_client):
    """The latency option delays API responses, and not OAuth responses."""
    client = make_client(latency=0.2)
    token = client.log_in()["access_token"]
    start = time.perf_counter()
    client.deals(token)
    assert time.perf_counter() - start >= 0.2
    start = time.perf_counter()
    make_client(latency=60).log_in()
    assert time.perf_counter() - start < 30


def test_hook_error(client, failure_of):
    """An error in a test's hook is a 500 whose message shows the error."""

    def hook():
        raise ZeroDivisionError("oh")

    client.sandbox.before_search = hook
    response = client.get("/v1/deals")
    assert failure_of(response) == (500, "Unknown")
    assert "ZeroDivisionError: oh" in response.json()["Error"]["message"]
