"""One call to one answer: what is sent, what is repeated, what is logged."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
import requests
from requests_mock import ANY

from salesmate_nb._api import rate_limit
from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.session import ApiKeySession
from salesmate_nb._api.waiting import Waiter
from salesmate_nb.errors import ApiError, BadResponse, ConnectionFailed, RateLimited, SalesmateError
from salesmate_nb.settings import Settings

API = "https://acme.salesmate.io"
FINE = {"json": {"Status": "success", "Data": []}}


@pytest.fixture
def waits(monkeypatch):
    """Seconds that were waited, on a clock that only waiting moves."""
    made = []
    monkeypatch.setattr(rate_limit, "time", SimpleNamespace(time=lambda: 1e9 + sum(made)))

    def wait(_, left, why):
        while (seconds := left()) > 0:
            made.append(round(seconds, 3))

    monkeypatch.setattr(Waiter, "wait", wait)
    monkeypatch.setattr(Waiter, "sleep", lambda _, seconds, why: made.append(seconds))
    return made


@pytest.fixture
def limiter():
    return RateLimiter(API, 1500)


@pytest.fixture
def wire(limiter, waits):
    settings = Settings(linkname="acme", access_token="key-s3cret", timeout=12)
    return ApiClient(ApiKeySession(settings), settings.api_url, limiter)


def test_a_call_carries_the_key_the_query_and_a_timeout(wire, requests_mock):
    """The server receives the key, its linkname and the query; connecting may take 5 s."""
    requests_mock.get(f"{API}/v1/deals", **FINE)
    wire.request("GET", "/v1/deals", params={"rows": 250})
    sent = requests_mock.last_request
    assert (sent.headers["accessToken"], sent.headers["x-linkname"]) == ("key-s3cret", "acme.salesmate.io")
    assert (sent.qs, sent.timeout) == ({"rows": ["250"]}, (5.0, 12.0))


@pytest.mark.parametrize("path", ["//evil.example/x", "@evil.example", ".evil.example", "\\evil.example"])
def test_no_path_leads_to_another_host(wire, requests_mock, path):
    """Whatever the path, the API's own host is called."""
    requests_mock.get(ANY, **FINE)
    wire.request("GET", path)
    assert requests_mock.last_request.hostname == "acme.salesmate.io"


@pytest.mark.parametrize(
    "fault",
    [
        {"status_code": 500},
        {"status_code": 502, "text": "<html>"},
        {"status_code": 503},
        {"status_code": 504},
        {"text": '{"Status": "succ'},
        {"exc": requests.exceptions.ConnectTimeout},
        {"exc": requests.exceptions.ReadTimeout},
        {"exc": requests.exceptions.ConnectionError},
        {"exc": requests.exceptions.ChunkedEncodingError},
    ],
)
def test_a_passing_fault_is_repeated_where_that_is_safe(wire, requests_mock, waits, limiter, fault):
    """A read goes on after a fault, a little later; each try is counted."""
    requests_mock.get(f"{API}/x", [fault, fault, FINE])
    assert wire.request("GET", "x") == FINE["json"]
    assert (len(waits), limiter.request_count) == (2, 3)


@pytest.mark.parametrize(
    "fault", [{"status_code": 500}, {"exc": requests.exceptions.ReadTimeout}, {"text": "{"}]
)
def test_a_post_is_sent_once_unless_it_is_a_search(wire, requests_mock, fault):
    """A POST could do a thing twice; a search cannot, and says so."""
    requests_mock.post(f"{API}/x", [fault, FINE])
    with pytest.raises(SalesmateError):
        wire.request("POST", "x", json={})
    assert requests_mock.call_count == 1
    requests_mock.post(f"{API}/x", [fault, FINE])
    assert wire.request("POST", "x", json={}, idempotent=True) == FINE["json"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 302])
def test_a_lasting_failure_is_not_repeated(wire, requests_mock, waits, status):
    """What would fail again is reported at once."""
    requests_mock.get(f"{API}/x", status_code=status)
    with pytest.raises(SalesmateError):
        wire.request("GET", "x")
    assert (requests_mock.call_count, waits) == (1, [])


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status_code": 503}, ApiError),
        ({"exc": requests.exceptions.ReadTimeout}, ConnectionFailed),
        ({"text": "{"}, BadResponse),
    ],
)
def test_repeating_ends(wire, requests_mock, waits, fault, kind):
    """After four more tries the error is raised as it is, with growing waits between."""
    requests_mock.get(f"{API}/x", **fault)
    with pytest.raises(kind) as caught:
        wire.request("GET", "x")
    assert caught.value.__suppress_context__
    assert requests_mock.call_count == 5
    assert waits[-1] > 1


def test_a_rate_limit_is_waited_for_as_the_server_asks(wire, requests_mock, waits):
    """Retry-After is kept to; a refused POST did nothing, so it may be sent again."""
    requests_mock.post(f"{API}/x", [{"status_code": 429, "headers": {"Retry-After": "7"}}, FINE])
    assert wire.request("POST", "x") == FINE["json"]
    assert waits == [7]


def test_a_long_rate_limit_is_reported_not_waited_for(wire, requests_mock, waits):
    """Half an hour of silence would look like a hang: the error tells how long."""
    requests_mock.get(f"{API}/x", status_code=429, headers={"Retry-After": "1800"})
    with pytest.raises(RateLimited) as caught:
        wire.request("GET", "x")
    assert (caught.value.retry_after, waits) == (1800, [])


def test_a_rate_limit_that_goes_on_is_reported(wire, requests_mock, waits):
    """However little the server asks to wait each time, a call waits a minute in all."""
    requests_mock.get(f"{API}/x", status_code=429, headers={"Retry-After": "0"})
    with pytest.raises(RateLimited):
        wire.request("GET", "x")
    assert 50 < requests_mock.call_count < 70
    requests_mock.get(f"{API}/x", status_code=429, headers={"Retry-After": "25"})
    with pytest.raises(RateLimited):
        wire.request("GET", "x")
    assert waits == [25, 25]


@pytest.mark.parametrize(
    "location", ["https://evil.example/", "https://acme.salesmate.io/elsewhere", "/elsewhere"]
)
def test_redirects_are_not_followed(wire, requests_mock, location):
    """A client that follows would hand accessToken to the other host."""
    requests_mock.get(f"{API}/x", status_code=301, headers={"Location": location})
    requests_mock.get(ANY, **FINE)
    requests_mock.get(f"{API}/x", status_code=301, headers={"Location": location})
    with pytest.raises(BadResponse, match="redirect"):
        wire.request("GET", "x")
    assert requests_mock.call_count == 1


def test_each_call_is_logged_without_what_it_carried(wire, requests_mock, caplog, waits):
    """DEBUG tells method, path, status, time and rows; INFO tells waits; neither tells key, query or rows."""
    caplog.set_level(logging.DEBUG)
    data = {"Status": "success", "Data": {"data": [{"title": "Customer Ltd"}], "totalRows": 1}}
    requests_mock.get(f"{API}/x", [{"status_code": 503}, {"json": data}])
    wire.request("GET", "x", params={"email": "jo@example.com"})
    own = [record for record in caplog.records if record.name == "salesmate_nb"]
    assert [record.levelname for record in own] == ["DEBUG", "INFO", "DEBUG"]
    assert own[-1].getMessage().startswith("GET https://acme.salesmate.io/x 200 ")
    assert own[-1].getMessage().endswith(" ms 1 rows")
    assert not any(word in caplog.text for word in ("s3cret", "jo@", "Customer"))


def test_an_unreachable_host_is_named_with_the_next_step():
    """A refused connection on a real socket says where, and what to do; no library error is chained."""
    settings = Settings(linkname="acme", access_token="k", api_url="http://127.0.0.1:1")
    wire = ApiClient(ApiKeySession(settings), settings.api_url, RateLimiter(settings.api_url, 1500))
    with pytest.raises(ConnectionFailed, match=r"http://127.0.0.1:1/x: the connection was refused") as caught:
        wire.request("POST", "x")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
