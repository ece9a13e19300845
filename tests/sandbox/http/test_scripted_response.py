"""Responses and connection faults that tests script."""

from __future__ import annotations

import time

import pytest
import requests

from salesmate_nb.sandbox import ScriptedResponse

BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def test_responses_in_order(client):
    """The next requests to a path get the scripted responses in order; other paths do not."""
    limited = ScriptedResponse(status=429, headers={"Retry-After": "3"}, body=b'{"a": 1}')
    html = ScriptedResponse(body=b"<p>", headers={"Content-Type": "text/html"})
    client.sandbox.script("/v1/deals", limited, html)
    assert client.search().status_code == 200
    first, second, third = (client.get("/v1/deals") for _ in range(3))
    assert (first.status_code, first.headers["Retry-After"], first.json()) == (429, "3", {"a": 1})
    assert first.headers["Content-Type"] == "application/json"
    assert (second.text, second.headers["Content-Type"]) == ("<p>", "text/html")
    assert third.json()["Status"] == "success"
    assert [request.status for request in client.sandbox.log] == [200, 429, 200, 200]


def test_unscript(client):
    """unscript() removes what was not sent yet."""
    client.sandbox.script("/v1/deals", ScriptedResponse(status=503))
    client.sandbox.unscript()
    assert client.get("/v1/deals").status_code == 200


def test_path_without_slash(client):
    """A path may be given without its first slash, as clients give it."""
    client.sandbox.script("v1/deals", ScriptedResponse(status=503))
    assert client.get("/v1/deals").status_code == 503


@pytest.mark.parametrize(("field", "error"), [({"body": "text"}, TypeError), ({"drop": "x"}, ValueError)])
def test_invalid_script(field, error):
    """A body that is not bytes, and an unknown drop, are refused."""
    with pytest.raises(error, match=next(iter(field))):
        ScriptedResponse(**field)


@pytest.mark.parametrize("keep_alive", [True, False])
def test_drop_before(client, keep_alive):
    """The connection closes without a byte; the next request gets a response."""
    if keep_alive:
        client.get("/v1/deals")
    client.sandbox.script("/v1/deals", ScriptedResponse(drop="before"))
    with pytest.raises(requests.ConnectionError):
        client.get("/v1/deals")
    assert client.sandbox.log[-1].status == 0
    assert client.get("/v1/deals").status_code == 200


@pytest.mark.parametrize("body", [b'{"Status": "success"}', b""])
def test_drop_in_body(client, body):
    """The connection closes before the whole body was sent."""
    client.sandbox.script("/v1/deals", ScriptedResponse(body=body, drop="in-body"))
    with pytest.raises(BROKEN):
        client.get("/v1/deals")
    assert client.get("/v1/deals").status_code == 200


def test_drop_real_response(client):
    """With real=True the request is processed, and its response is lost."""
    client.sandbox.script(
        "/v1/deals", ScriptedResponse(real=True, drop="in-body"), ScriptedResponse(real=True)
    )
    with pytest.raises(BROKEN):
        client.get("/v1/deals")
    assert client.get("/v1/deals").json()["Data"]["totalRows"] == 5


def test_pace(client):
    """A body is sent byte by byte, with a pause between any two."""
    client.sandbox.script("/v1/deals", ScriptedResponse(body=b"[1,2]", pace=0.02))
    start = time.perf_counter()
    assert client.get("/v1/deals").content == b"[1,2]"
    assert time.perf_counter() - start >= 0.08  # four pauses


def test_delay(client):
    """A delayed response makes a client time out; stop() does not wait for it."""
    client.sandbox.script("/v1/deals", ScriptedResponse(delay=60))
    with pytest.raises(requests.ReadTimeout):
        client.http.get(f"{client.sandbox.url}/v1/deals", timeout=(10, 0.1))
    start = time.perf_counter()
    while not client.sandbox.log:  # the client may time out before the server reads its request
        assert time.perf_counter() - start < 30
        time.sleep(0.01)
    assert client.sandbox.log[-1].path == "/v1/deals"
    client.sandbox.stop()
    assert time.perf_counter() - start < 30
