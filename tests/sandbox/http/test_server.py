"""The server: it keeps connections alive, prints nothing, and stops reliably."""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import socket
import threading

import pytest
import requests
from werkzeug.wrappers import Response

from salesmate_nb import sandbox
from salesmate_nb.sandbox._crm.clock import real_time
from salesmate_nb.sandbox._http.server import Server


def threads_of(server):
    name = f"sandbox-{server.url.rpartition(':')[2]}"
    return [thread for thread in threading.enumerate() if thread.name.startswith(name)]


def test_stop_frees_port(http):
    """stop() ends all threads and frees the port while a client keeps its connection; twice is fine."""
    with sandbox.start(deals=1) as server:
        port = int(server.url.rpartition(":")[2])
        http.get(server.url)
        assert len(threads_of(server)) == 2
    assert threads_of(server) == []
    server.stop()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match="in use"):
        sandbox.start(port=port)


def test_port_is_reusable(http):
    """A port can be used again immediately."""
    with sandbox.start(deals=1) as server:
        http.get(server.url)
        port = int(server.url.rpartition(":")[2])
    with sandbox.start(deals=1, port=port) as again:
        assert again.url == server.url


def test_stop_timeout():
    """stop() raises an error that names the threads that still run."""
    entered, leave = threading.Event(), threading.Event()

    def app(environ, start_response):
        entered.set()
        leave.wait(10)
        return Response(b"{}")(environ, start_response)

    server = Server(app, 0, now=real_time, stop_timeout=0.05)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        request = pool.submit(requests.get, f"http://127.0.0.1:{server.port}/", timeout=10)
        entered.wait(10)
        with pytest.raises(RuntimeError, match=r"did not stop within 0\.05 s"):
            server.stop()
        leave.set()
        assert isinstance(request.exception(), OSError)


def test_keep_alive(client):
    """All requests use one connection, with any response, and whether bodies were read or not."""
    host, _, port = client.sandbox.url.removeprefix("http://").partition(":")
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=30)) as connection:
        connection.connect()
        first = connection.sock
        for method, path, body in [
            ("GET", "/v1/deals", None),
            ("POST", "/nothing", b"x" * 100_000),
            ("HEAD", "/v1/deals", None),
            ("POST", "/oauth/token", b"{"),
            ("GET", "/v1/deals", None),
        ]:
            connection.request(method, path, body, headers=client.headers)
            response = connection.getresponse()
            content = response.read()
            assert connection.sock is first, path
        assert (response.status, response.version) == (200, 11)
        assert content.startswith(b'{"Status":"success"')


def test_chunked_body(client):
    """A chunked request body is read."""
    response = client.http.post(
        f"{client.sandbox.url}/apis/deal/v4/search",
        data=iter([b'{"getRecords', b'Count": true}']),
        headers={**client.headers, "Content-Type": "application/json"},
    )
    assert response.json()["Data"]["totalRows"] == 5
    assert client.get("/v1/deals").status_code == 200


def test_concurrent_requests(make_client):
    """Requests are processed in parallel."""
    client = make_client()
    client.sandbox.deals.before_search = threading.Barrier(8, timeout=30).wait  # breaks if one is missing
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: client.search().status_code, range(16)))
    assert statuses == [200] * 16


def test_no_output(capfd, client):
    """Valid and invalid requests, and clients that disconnect, print nothing."""
    client.get("/v1/deals")
    client.get("/nothing")
    address = client.sandbox.url.removeprefix("http://").split(":")
    for message in (b"GET /v1/deals HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"nonsense\r\n\r\n"):
        with socket.create_connection(address) as connection:
            connection.sendall(message)
    client.sandbox.stop()
    assert capfd.readouterr() == ("", "")


def test_date(http):
    """Each response has the server's time in its Date, once, to the second."""
    server = Server(Response("hello"), 0, now=lambda: 1_782_842_400_999)
    try:
        response = http.get(f"http://127.0.0.1:{server.port}/")
        assert response.headers["Date"] == "Tue, 30 Jun 2026 18:00:00 GMT"
    finally:
        server.stop()
