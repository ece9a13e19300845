"""The loopback server: what it hands on, and what it refuses."""

from __future__ import annotations

import errno
import http.client
import socket

import pytest
import requests

from salesmate_nb._auth import loopback as redirect
from salesmate_nb._auth.loopback import BrowserPage, LoopbackServer

ADDRESS = "http://localhost:3000/callback?code=c0de-1&state=st4te-1"


@pytest.fixture
def caught():
    return []


@pytest.fixture
def receiver(caught):
    def on_redirect(query, reply):
        caught.append(query)
        reply(BrowserPage(title="<b>Title</b>", text="Text & more"))

    made = LoopbackServer("http://localhost:0/callback", on_redirect)
    yield made
    made.close()


def test_it_takes_a_free_port_for_port_0(receiver):
    """The redirect address names the port that was taken."""
    assert receiver.port > 0
    assert receiver.redirect_uri == f"http://localhost:{receiver.port}/callback"


def test_it_hands_on_what_its_path_gets_and_escapes_what_it_shows(receiver, caught):
    """The query goes to the login; the page is plain, uncached, without script and without referrer."""
    answer = requests.get(f"{receiver.redirect_uri}?code=c&state=s", timeout=5)
    assert caught == ["code=c&state=s"]
    assert "&lt;b&gt;Title&lt;/b&gt;" in answer.text
    assert "Text &amp; more" in answer.text
    assert "<script" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    assert "Python" not in answer.headers["Server"]


def test_it_listens_on_this_machine_alone(receiver):
    """Nobody else on the network can reach it."""
    assert {server.server_address[0] for server in receiver._servers} <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "path", ["/favicon.ico", "/", "/callback", "/callback?x=1", "/callback/?code=c", "/other?code=c&state=s"]
)
def test_other_requests_get_404_and_do_not_end_it(receiver, caught, path):
    """A favicon or a preconnect does not use the listener up."""
    assert requests.get(f"http://127.0.0.1:{receiver.port}{path}", timeout=5).status_code == 404
    assert (caught, receiver.is_open) == ([], True)


def test_another_host_name_is_refused(receiver, caught):
    """A page that rebinds its own name to 127.0.0.1 gets nothing (DNS rebinding)."""
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=5)
    connection.request("GET", "/callback?code=c&state=s", headers={"Host": f"evil.example:{receiver.port}"})
    assert (connection.getresponse().status, caught) == (404, [])
    connection.close()


def test_the_usual_port_is_not_in_the_host_name(caught):
    """A browser asks for http://localhost/callback without naming port 80, and is heard."""
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
        taken = [host for host in hosts if made.take(host, "/callback?code=c", print)]
    finally:
        made.close()
    assert taken == ["localhost", "localhost:80", "[::1]"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_other_methods_are_refused(receiver, caught, method):
    """A redirect is a GET."""
    answer = requests.request(method, f"{receiver.redirect_uri}?code=c&state=s", timeout=5)
    assert (answer.status_code, caught) == (501, [])


def test_closing_frees_the_port_and_may_be_done_twice(receiver):
    """After the login another program can have the port."""
    receiver.close()
    receiver.close()
    assert not receiver.is_open
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", receiver.port))


def test_a_taken_port_is_an_os_error(receiver):
    """Who listens there first has it; the login then asks for a paste."""
    with pytest.raises(OSError, match="in use"):
        LoopbackServer(receiver.redirect_uri, print)


def test_a_huge_request_line_is_refused(receiver, caught, capfd):
    """What no browser sends is answered with an error and not handed on."""
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=5) as huge:
        huge.sendall(b"GET /callback?code=" + b"s3cret" * 20_000)
        status = huge.recv(100)
    assert b" 414 " in status
    assert requests.get(f"{receiver.redirect_uri}?code=c&state=s", timeout=5).ok
    assert (caught, capfd.readouterr().err) == (["code=c&state=s"], "")


@pytest.mark.parametrize("sent", [b"", b"GET /callback?code=c", b"GET /callback?code=c HTTP/1.1\r\nHost: "])
def test_who_dawdles_is_hung_up_on(receiver, caught, monkeypatch, sent):
    """Connections that never end their request do not pile up."""
    assert redirect._Handler.timeout <= 10
    monkeypatch.setattr(redirect._Handler, "timeout", 0.1)
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=30) as slow:
        slow.sendall(sent)
        assert slow.recv(100) == b""
    assert caught == []


def test_dozens_at_once_are_served(receiver, caught):
    """Silent visitors do not keep the one out who was waited for."""
    silent = [socket.create_connection(("127.0.0.1", receiver.port)) for _ in range(60)]
    assert requests.get(f"{receiver.redirect_uri}?code=c&state=s", timeout=5).ok
    assert caught == ["code=c&state=s"]
    for one in silent:
        one.close()


def test_a_silent_or_broken_visitor_does_not_block_others(receiver, caught, capfd):
    """A preconnect that says nothing and one that hangs up leave the listener working, and print nothing."""
    silent = socket.create_connection(("127.0.0.1", receiver.port))
    with socket.create_connection(("127.0.0.1", receiver.port)) as rude:
        rude.sendall(b"GET /callback?code=secret HTTP/1.1\r\n")
    assert requests.get(f"{receiver.redirect_uri}?code=c&state=s", timeout=5).ok
    silent.close()
    assert (caught, capfd.readouterr().err) == (["code=c&state=s"], "")


def test_a_port_taken_on_ipv6_alone_counts_as_taken():
    """A dev server on ::1 would get the browser's ``localhost``; nothing is left listening beside it."""
    try:
        other = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError as err:
        pytest.skip(f"this machine has no ::1: {err.strerror}")
    with other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            LoopbackServer(f"http://localhost:{port}/callback", print)
        with socket.socket() as again:
            again.bind(("127.0.0.1", port))


def test_a_machine_without_ipv6_is_served_on_ipv4(monkeypatch):
    """Where ::1 cannot be had for another reason than somebody on it, 127.0.0.1 will do."""
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
        assert requests.get(f"http://127.0.0.1:{made.port}/callback?code=c", timeout=5).ok
    finally:
        made.close()


def test_an_address_without_a_port_is_kept_to_the_letter(caught):
    """Port 80 is neither added to the registered address nor expected in the browser's Host."""
    try:
        made = LoopbackServer("http://localhost/callback", lambda query, _: caught.append(query))
    except OSError as err:
        pytest.skip(f"port 80 cannot be had here: {err.strerror}")
    try:
        assert made.redirect_uri == "http://localhost/callback"
        assert made.take("localhost", "/callback?code=c", print)
        assert not made.take("evil.example", "/callback?code=c", print)
    finally:
        made.close()
    assert caught == ["code=c"]
