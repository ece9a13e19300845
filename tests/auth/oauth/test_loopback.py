"""The loopback server: what it passes on, and what it refuses."""

from __future__ import annotations

import errno
import http.client
import socket
import threading

import pytest
import requests

from salesmate_nb._auth.oauth import loopback
from salesmate_nb._auth.oauth.landing_page import BrowserPage
from salesmate_nb._auth.oauth.loopback import LoopbackServer


@pytest.fixture
def caught():
    return []


@pytest.fixture
def server(caught):
    def on_redirect(query, reply):
        caught.append(query)
        reply(BrowserPage(title="<b>Title</b>", text="Text & more"))

    made = LoopbackServer("http://localhost:0/callback", on_redirect)
    yield made
    made.close()


def test_port_0_takes_a_free_port(server):
    """The redirect URI names the port that was taken."""
    assert server.port > 0
    assert server.redirect_uri == f"http://localhost:{server.port}/callback"


def test_redirect_is_passed_on(server, caught):
    """The query goes to the login; the page is escaped, uncached, without script and without referrer."""
    response = requests.get(f"{server.redirect_uri}?code=c&state=s", timeout=30)
    assert caught == ["code=c&state=s"]
    assert "&lt;b&gt;Title&lt;/b&gt;" in response.text
    assert "Text &amp; more" in response.text
    assert "<script" not in response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = response.headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    assert "Python" not in response.headers["Server"]


def test_binds_loopback_only(server):
    """Other machines cannot reach it."""
    assert {each.server_address[0] for each in server._servers} <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "path", ["/favicon.ico", "/", "/callback", "/callback?x=1", "/callback/?code=c", "/other?code=c&state=s"]
)
def test_other_paths_get_404(server, caught, path):
    """A favicon or a preconnect gets 404, and the server goes on."""
    assert requests.get(f"http://127.0.0.1:{server.port}{path}", timeout=30).status_code == 404
    assert (caught, server.is_open) == ([], True)


def test_other_host_names_get_404(server, caught):
    """A page that rebinds its own name to 127.0.0.1 gets nothing (DNS rebinding)."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/callback?code=c&state=s", headers={"Host": f"evil.example:{server.port}"})
    assert (connection.getresponse().status, caught) == (404, [])
    connection.close()


def test_port_80_in_host_header(caught):
    """Browsers omit port 80 from the Host header; with and without it the request is accepted."""
    try:
        made = LoopbackServer("http://localhost/callback", lambda query, reply: caught.append(query))
    except OSError:
        pytest.skip("cannot listen on port 80 here")
    try:
        hosts = (
            "localhost",
            "localhost:80",
            "[::1]",
            "evil.example",
            "localhost:3000",
            "localhost:80:80",
            "",
        )
        taken = [host for host in hosts if made.handle(host, "/callback?code=c", print)]
    finally:
        made.close()
    assert taken == ["localhost", "localhost:80", "[::1]"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_other_methods_get_501(server, caught, method):
    """A redirect is a GET."""
    response = requests.request(method, f"{server.redirect_uri}?code=c&state=s", timeout=30)
    assert (response.status_code, caught) == (501, [])


def test_close_frees_the_port(server):
    """After the login another program can take the port; closing twice does nothing."""
    server.close()
    server.close()
    assert not server.is_open
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", server.port))


def test_taken_port(server):
    """A port in use raises OSError; the login then needs a paste."""
    with pytest.raises(OSError, match="in use"):
        LoopbackServer(server.redirect_uri, print)


def test_huge_request_line(server, caught, capfd):
    """A request line longer than browsers send gets 414, and is not passed on."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as huge:
        huge.sendall(b"GET /callback?code=" + b"s3cret" * 20_000)
        status = huge.recv(100)
    assert b" 414 " in status
    assert requests.get(f"{server.redirect_uri}?code=c&state=s", timeout=30).ok
    assert (caught, capfd.readouterr().err) == (["code=c&state=s"], "")


@pytest.mark.parametrize("sent", [b"", b"GET /callback?code=c", b"GET /callback?code=c HTTP/1.1\r\nHost: "])
def test_incomplete_request_times_out(server, caught, monkeypatch, sent):
    """A connection that does not complete its request in two seconds is closed, however steadily it sends."""
    assert loopback._REQUEST_SECONDS == 2.0
    monkeypatch.setattr(loopback, "_REQUEST_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as slow:
        slow.sendall(sent)
        slow.settimeout(0.01)
        for _ in range(1000):
            try:
                ended = slow.recv(100) == b""
            except TimeoutError:
                slow.sendall(b"a" if sent else b"")
                continue
            except ConnectionError:  # it was closed with bytes of ours unread
                ended = True
            break
    assert ended
    assert caught == []


def test_slow_connections_leave_room(server, caught):
    """Many connections that never end their request take 50 threads, and the redirect gets through."""
    slow = []
    for _ in range(120):
        slow.append(socket.create_connection(("127.0.0.1", server.port)))
        slow[-1].sendall(b"GET /callback?code=c HTTP/1.1\r\nX: ")
    assert requests.get(f"{server.redirect_uri}?code=c&state=s", timeout=30).ok
    assert caught == ["code=c&state=s"]
    assert sum("process_request_thread" in thread.name for thread in threading.enumerate()) <= 50
    assert len(server._connections._slow) <= 50
    for connection in slow:
        connection.close()


def test_broken_connections_do_not_block(server, caught, capfd):
    """An idle connection and one that is cut off leave the server working, and print nothing."""
    silent = socket.create_connection(("127.0.0.1", server.port))
    with socket.create_connection(("127.0.0.1", server.port)) as rude:
        rude.sendall(b"GET /callback?code=secret HTTP/1.1\r\n")
    assert requests.get(f"{server.redirect_uri}?code=c&state=s", timeout=30).ok
    silent.close()
    assert (caught, capfd.readouterr().err) == (["code=c&state=s"], "")


def test_port_taken_on_ipv6_only():
    """A program on ::1 could receive the redirect to ``localhost``: the port counts as taken."""
    try:
        other = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError as err:
        pytest.skip(f"this machine has no ::1: {err.strerror}")
    with other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            LoopbackServer(f"http://localhost:{port}/callback", print)
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections of other tests
            again.bind(("127.0.0.1", port))


def test_machine_without_ipv6(monkeypatch):
    """If ::1 does not exist, 127.0.0.1 is enough."""
    real = socket.socket.bind

    def bind(self, address):
        if self.family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return real(self, address)

    monkeypatch.setattr(socket.socket, "bind", bind)
    made = LoopbackServer(
        "http://localhost:0/callback", lambda _, reply: reply(BrowserPage(title="T", text="t"))
    )
    try:
        assert requests.get(f"http://127.0.0.1:{made.port}/callback?code=c", timeout=30).ok
    finally:
        made.close()


def test_redirect_uri_without_port(caught):
    """Port 80 is neither added to the registered URI nor expected in the browser's Host header."""
    try:
        made = LoopbackServer("http://localhost/callback", lambda query, _: caught.append(query))
    except OSError as err:
        pytest.skip(f"port 80 cannot be had here: {err.strerror}")
    try:
        assert made.redirect_uri == "http://localhost/callback"
        assert made.handle("localhost", "/callback?code=c", print)
        assert not made.handle("evil.example", "/callback?code=c", print)
    finally:
        made.close()
    assert caught == ["code=c"]
