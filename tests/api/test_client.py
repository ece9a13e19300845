"""One request to one response: what is sent, what is retried, what is logged."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging

import pytest
import requests
from requests_mock import ANY

from salesmate_nb import sandbox
from salesmate_nb._api.client import MAX_WAIT, ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.session import ApiKeySession, BoundedSession
from salesmate_nb._api.waiting import Cancelled, Waiter
from salesmate_nb.errors import (
    ApiError,
    BadResponse,
    ConnectionFailed,
    LoginRequired,
    RateLimited,
    SalesmateError,
)
from salesmate_nb.settings import Settings
from tests.helpers import reach

API = "https://acme.salesmate.io"
SUCCESS = {"json": {"Status": "success", "Data": []}}
DROPPED = {"exc": requests.exceptions.ReadTimeout}
CUT_OFF = {"text": '{"Status": "succ'}


class RecordingWaiter(Waiter):
    """Records its waits and returns at once; its clock moves by what was waited."""

    def __init__(self, max_seconds=MAX_WAIT):
        super().__init__(max_seconds)
        self.waits, self.reasons = [], []

    def clock(self):
        return 1e9 + sum(self.waits)

    def sleep(self, seconds, why):
        self.check()
        self.waits.append(seconds)
        self.reasons.append(why)

    def wait(self, left, why):
        while (seconds := left()) > 0:
            self.sleep(round(seconds, 3), why)


@pytest.fixture
def waiter():
    return RecordingWaiter()


@pytest.fixture
def limiter(waiter):
    return RateLimiter(API, 1500, clock=waiter.clock)


@pytest.fixture
def client(limiter):
    settings = Settings(linkname="acme", access_token="key-s3cret", timeout=12)
    return ApiClient(ApiKeySession(settings), settings.api_url, limiter)


def test_request(client, requests_mock):
    """The server receives the key, its linkname and the query; connecting may take 5 s."""
    requests_mock.get(f"{API}/v1/deals", **SUCCESS)
    client.request("GET", "/v1/deals", params={"rows": 250})
    sent = requests_mock.last_request
    assert (sent.headers["accessToken"], sent.headers["x-linkname"]) == ("key-s3cret", "acme.salesmate.io")
    assert (sent.qs, sent.timeout) == ({"rows": ["250"]}, (5.0, 12.0))


@pytest.mark.parametrize("path", ["//evil.example/x", "@evil.example", ".evil.example", "\\evil.example"])
def test_path_cannot_change_host(client, requests_mock, path):
    """With any path, the request goes to the API's own host."""
    requests_mock.get(ANY, **SUCCESS)
    client.request("GET", path)
    assert requests_mock.last_request.hostname == "acme.salesmate.io"


@pytest.mark.parametrize(
    "fault",
    [
        {"status_code": 500},
        {"status_code": 502, "text": "<html>"},
        {"status_code": 503},
        {"status_code": 504},
        CUT_OFF,
        DROPPED,
        {"exc": requests.exceptions.ConnectTimeout},
        {"exc": requests.exceptions.ConnectionError},
        {"exc": requests.exceptions.ChunkedEncodingError},
    ],
)
def test_transient_error_is_retried(client, requests_mock, waiter, limiter, fault):
    """A GET succeeds after two transient errors, with a delay before each retry; each request is counted."""
    requests_mock.get(f"{API}/x", [fault, fault, SUCCESS])
    assert client.request("GET", "x", waiter=waiter) == SUCCESS["json"]
    assert (len(waiter.waits), limiter.request_count) == (2, 3)
    assert set(waiter.reasons) == {"request failed, retrying in"}


@pytest.mark.parametrize("fault", [{"status_code": 500}, DROPPED, CUT_OFF])
def test_only_idempotent_post_is_retried(client, requests_mock, waiter, fault):
    """A POST could take effect twice, so it is sent once, unless it is declared idempotent as a search is."""
    requests_mock.post(f"{API}/x", [fault, SUCCESS])
    with pytest.raises(SalesmateError):
        client.request("POST", "x", json={}, waiter=waiter)
    assert requests_mock.call_count == 1
    requests_mock.post(f"{API}/x", [fault, SUCCESS])
    assert client.request("POST", "x", json={}, idempotent=True, waiter=waiter) == SUCCESS["json"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 302])
def test_permanent_error_is_not_retried(client, requests_mock, waiter, status):
    """What would fail again is reported at once."""
    requests_mock.get(f"{API}/x", status_code=status)
    with pytest.raises(SalesmateError):
        client.request("GET", "x", waiter=waiter)
    assert (requests_mock.call_count, waiter.waits) == (1, [])


@pytest.mark.parametrize(
    ("fault", "kind"), [({"status_code": 503}, ApiError), (DROPPED, ConnectionFailed), (CUT_OFF, BadResponse)]
)
def test_retries_end(client, requests_mock, waiter, fault, kind):
    """After four retries the error itself is raised, with nothing chained; the delays grow."""
    requests_mock.get(f"{API}/x", **fault)
    with pytest.raises(kind) as caught:
        client.request("GET", "x", waiter=waiter)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert requests_mock.call_count == 5
    assert waiter.waits == sorted(waiter.waits)
    assert waiter.waits[-1] > 1


@pytest.mark.parametrize(
    "fault", [{"status_code": 503}, {"status_code": 429, "headers": {"Retry-After": "9"}}]
)
def test_cancel_ends_retries(client, requests_mock, waiter, fault):
    """A cancelled read sends nothing more."""
    requests_mock.get(f"{API}/x", **fault, text=lambda *_: waiter.cancel() or "")
    with pytest.raises(Cancelled):
        client.request("GET", "x", waiter=waiter)
    assert requests_mock.call_count == 1


def test_rate_limit_waits_for_retry_after(client, requests_mock, waiter):
    """Retry-After is respected; a refused POST did nothing, so it may be sent again."""
    requests_mock.post(f"{API}/x", [{"status_code": 429, "headers": {"Retry-After": "7"}}, SUCCESS])
    assert client.request("POST", "x", waiter=waiter) == SUCCESS["json"]
    assert (waiter.waits, waiter.reasons) == ([7], ["rate limit reached, resuming in"])


def test_rate_limit_without_retry_after(client, requests_mock, waiter):
    """If the server names no delay, the delays grow."""
    requests_mock.get(f"{API}/x", [{"status_code": 429}] * 4 + [SUCCESS])
    assert client.request("GET", "x", waiter=waiter) == SUCCESS["json"]
    assert waiter.waits == [2, 4, 8]


def test_long_rate_limit_is_an_error(client, requests_mock, limiter):
    """Half an hour of silence would look like a hang: by default the error says how long it would be."""
    requests_mock.get(f"{API}/x", status_code=429, headers={"Retry-After": "1800"})
    with pytest.raises(RateLimited) as caught:
        client.request("GET", "x")
    assert caught.value.retry_after == 1800
    assert limiter.acquire() == 0


def test_repeated_rate_limit_is_an_error(client, requests_mock, waiter):
    """However short each Retry-After is, one request waits no more than 60 s in all."""
    requests_mock.get(f"{API}/x", status_code=429, headers={"Retry-After": "0"})
    with pytest.raises(RateLimited):
        client.request("GET", "x", waiter=waiter)
    assert 50 < requests_mock.call_count < 70
    requests_mock.get(f"{API}/x", status_code=429, headers={"Retry-After": "25"})
    with pytest.raises(RateLimited):
        client.request("GET", "x", waiter=waiter)
    assert waiter.waits == [25, 25]


def test_own_count_waits(requests_mock, waiter):
    """If this machine's count is used up, a request waits for the hour, if its waiter allows."""
    requests_mock.get(f"{API}/x", **SUCCESS)
    settings = Settings(linkname="acme", access_token="k")
    client = ApiClient(ApiKeySession(settings), API, RateLimiter(API, 1, clock=waiter.clock))
    client.request("GET", "x", waiter=waiter)
    text = (
        r"Rate limit: 1 more request to https://acme\.salesmate\.io/x would exceed the account's 1 per hour "
        r"\(1 were made from this machine\)\. Try again in 60 min"
    )
    with pytest.raises(RateLimited, match=text) as caught:
        client.request("GET", "x", params={"email": "jo"}, waiter=waiter)
    assert caught.value.retry_after == 3600
    waiter.max_seconds = 3700
    client.request("GET", "x", waiter=waiter)
    assert (waiter.waits, requests_mock.call_count) == ([3600], 2)


def test_resend_is_counted():
    """The request that is sent again after a 401, and one made by way of .session, are counted too."""
    with sandbox.start(deals=3) as box:
        crm = reach(box, by="oauth-v1")
        for _ in range(5):
            box.expire_access_tokens()
            crm.get("v1/deals")
        crm.session.get(f"{box.url}/v1/deals")
        sent = [request for request in box.log if request.path.startswith("/v1/")]
        assert (len(sent), crm.status().calls_made) == (11, 11)


def test_resend_waits_for_the_rate_limit():
    """Nothing leaves beyond the limit, not even after a 401."""
    with sandbox.start(deals=3) as box:
        crm = reach(box, by="oauth-v1", calls_per_hour=3)
        crm.get("v1/deals")
        for _ in range(2):
            box.expire_access_tokens()
            with contextlib.suppress(RateLimited):
                crm.get("v1/deals")
        with pytest.raises(RateLimited):
            crm.session.get(f"{box.url}/v1/deals")
        assert len([request for request in box.log if request.path.startswith("/v1/")]) == 3


def test_plan(waiter):
    """The delay of requests to come is known ahead, and an error if no wait is allowed."""
    client = ApiClient(BoundedSession(), API, RateLimiter(API, 10, clock=waiter.clock))
    assert [client.plan(calls, waiter) for calls in (10, 11)] == [0, 3600]
    assert client.plan(10, Waiter(0)) == 0
    with pytest.raises(RateLimited, match="11 more requests"):
        client.plan(11, Waiter(0))


@pytest.mark.parametrize(
    "location", ["https://evil.example/", "https://acme.salesmate.io/elsewhere", "/elsewhere"]
)
def test_redirect_is_not_followed(client, requests_mock, location):
    """A client that follows would send accessToken to the other host."""
    requests_mock.get(ANY, **SUCCESS)
    requests_mock.get(f"{API}/x", status_code=301, headers={"Location": location})
    with pytest.raises(BadResponse, match="redirect"):
        client.request("GET", "x")
    assert requests_mock.call_count == 1


def test_log(client, requests_mock, caplog, waiter):
    """DEBUG has method, URL, status, time and row count, INFO has delays; none has key, query or rows."""
    caplog.set_level(logging.DEBUG)
    data = {"Status": "success", "Data": {"data": [{"title": "Customer Ltd"}], "totalRows": 1}}
    requests_mock.get(f"{API}/x", [{"status_code": 503}, {"json": data}])
    client.request("GET", "x", params={"email": "jo@example.com"}, waiter=waiter)
    own = [record for record in caplog.records if record.name == "salesmate_nb"]
    assert [record.levelname for record in own] == ["DEBUG", "INFO", "DEBUG"]
    assert own[-1].getMessage().startswith("GET https://acme.salesmate.io/x 200 ")
    assert own[-1].getMessage().endswith(" ms 1 rows")
    assert not any(word in caplog.text for word in ("s3cret", "jo@", "Customer"))


def test_refused_connection():
    """The error names the URL and the next step; no library error is chained."""
    settings = Settings(linkname="acme", access_token="k", api_url="http://127.0.0.1:1")
    client = ApiClient(ApiKeySession(settings), settings.api_url, RateLimiter(settings.api_url, 1500))
    with pytest.raises(ConnectionFailed, match=r"http://127.0.0.1:1/x: the connection was refused") as caught:
        client.request("POST", "x")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_late_response_of_a_key(client, requests_mock):
    """A response to an earlier request, which comes after the key was refused, does not make it a right."""
    refused = {"Status": "failure", "Error": {"code": "4004", "name": "AuthorizationFailed", "message": ""}}
    requests_mock.get(f"{API}/v1/deals", **SUCCESS)
    client.request("GET", "/v1/deals")
    requests_mock.get(f"{API}/v1/companies", **SUCCESS)
    requests_mock.get(f"{API}/v1/deals", json=refused, status_code=403)

    def refuse(_request, context):
        if requests_mock.call_count > 3:
            client.request("GET", "/v1/companies")
        context.status_code = 403
        return refused

    requests_mock.get(f"{API}/v1/contacts", json=refuse)
    with pytest.raises(LoginRequired, match="have been regenerated"):
        client.request("GET", "/v1/contacts")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Thu, 26 Nov 2026 01:02:03 GMT", "2026-11-26T01:02:03+00:00"),
        ("Thu, 26 Nov 2026 06:32:03 +0530", "2026-11-26T01:02:03+00:00"),
        ("soon", None),
        (None, None),
    ],
)
def test_time_of_the_server(client, requests_mock, header, expected):
    """The client knows what the server's clock said in its last response."""
    requests_mock.get(ANY, **SUCCESS, headers={} if header is None else {"Date": header})
    client.request("GET", "apis/x")
    assert client.server_time == (expected and dt.datetime.fromisoformat(expected))
