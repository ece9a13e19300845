"""The server: it reuses connections, prints nothing, and stops for certain."""

from __future__ import annotations

import concurrent.futures
import http.client
import socket
import threading
import time

import pytest

from salesmate_nb import sandbox
from salesmate_nb.sandbox import server


def threads_of(box):
    name = f"sandbox-{box.url.rpartition(':')[2]}"
    return [thread for thread in threading.enumerate() if thread.name.startswith(name)]


def test_stopping_ends_threads_and_frees_the_port(http):
    """After stop() nothing is left, though a client still holds its connection; stopping twice is fine."""
    with sandbox.start(deals=1) as box:
        port = int(box.url.rpartition(":")[2])
        http.get(box.url)
        assert len(threads_of(box)) == 2
    assert threads_of(box) == []
    box.stop()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match="in use"):
        sandbox.start(port=port)


def test_it_starts_again_on_its_port(http):
    """A port that was asked for can be had again at once."""
    with sandbox.start(deals=1) as box:
        http.get(box.url)
        port = int(box.url.rpartition(":")[2])
    with sandbox.start(deals=1, port=port) as again:
        assert again.url == box.url


def test_a_thread_that_will_not_stop_is_reported(visitor, monkeypatch):
    """stop() says so where something in it goes on."""
    monkeypatch.setattr(server, "_PATIENCE", 0.05)
    entered, go_on = threading.Event(), threading.Event()

    def hook():
        entered.set()
        go_on.wait(10)

    visitor.box.before_search = hook
    with concurrent.futures.ThreadPoolExecutor() as pool:
        call = pool.submit(visitor.get, "/v1/deals")
        entered.wait(10)
        with pytest.raises(RuntimeError, match="does not stop"):
            visitor.box.stop()
        go_on.set()
        assert isinstance(call.exception(), OSError)


def test_connections_are_kept(visitor):
    """Call after call goes over one connection, whatever the answers were and whether bodies were read."""
    host, _, port = visitor.box.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        connection.connect()
        first = connection.sock
        for method, path, body in [
            ("GET", "/v1/deals", None),
            ("POST", "/nothing", b"x" * 100_000),
            ("HEAD", "/v1/deals", None),
            ("POST", "/oauth/token", b"{"),
            ("GET", "/v1/deals", None),
        ]:
            connection.request(method, path, body, headers=visitor.key)
            answer = connection.getresponse()
            content = answer.read()
            assert connection.sock is first, path
        assert (answer.status, answer.version) == (200, 11)
        assert content.startswith(b'{"Status":"success"')
    finally:
        connection.close()


def test_chunked_bodies_are_read(visitor):
    """A body whose length is not told beforehand arrives whole."""
    answer = visitor.http.post(
        f"{visitor.box.url}/apis/deal/v4/search",
        data=iter([b'{"getRecords', b'Count": true}']),
        headers={**visitor.key, "Content-Type": "application/json"},
    )
    assert answer.json()["Data"]["totalRows"] == 5
    assert visitor.get("/v1/deals").status_code == 200


def test_many_call_at_once(visit):
    """Answers do not wait for each other."""
    visitor = visit(latency=0.1)
    start = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: visitor.get("/v1/deals").status_code, range(16)))
    assert answers == [200] * 16
    assert time.perf_counter() - start < 1.5  # one after the other it would be 1.6


def test_it_prints_nothing(capfd, visitor):
    """Good calls, bad calls and clients that leave make no output."""
    visitor.get("/v1/deals")
    visitor.get("/nothing")
    with socket.create_connection(visitor.box.url.removeprefix("http://").split(":")) as rude:
        rude.sendall(b"GET /v1/deals HTTP/1.1\r\nContent-Length: x\r\n\r\n")
    with socket.create_connection(visitor.box.url.removeprefix("http://").split(":")) as rude:
        rude.sendall(b"nonsense\r\n\r\n")
    visitor.box.stop()
    assert capfd.readouterr() == ("", "")
