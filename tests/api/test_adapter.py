"""Connections: their deadline, proxies and certificate authorities, and what an error says of them."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import socket
import threading
from itertools import product

import pytest
import requests
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from salesmate_nb import ConnectionFailed, Salesmate, Settings, SettingsError
from salesmate_nb._api.session import BoundedSession, send_or_raise
from tests.api.conftest import make_certificate

KEY = "key-s3cret"


def get(url, *, timeout=10.0):
    """Return the response to a GET request, or raise what the package raises."""
    with BoundedSession(timeout) as session:
        return send_or_raise(lambda: session.get(f"{url}/x"), url)


def client(url, *, timeout=10):
    """Return a client with a Session Key."""
    return Salesmate(Settings(linkname="acme", access_token=KEY, api_url=url, timeout=timeout))


DRIPS = {
    "headers": b"HTTP/1.1 200 OK\r\nX-Drip: ",
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
    "chunk length": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
}


@pytest.mark.parametrize(
    ("transport", "start"),
    [*product(["plain", "TLS", "proxy"], ["headers"]), ("plain", "body"), ("plain", "chunk length")],
)
def test_deadline(transport, start, certificate, tls, monkeypatch):
    """A response has one deadline, however long it sends single bytes that each come within the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"{'https' if transport == 'TLS' else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        if transport == "proxy":
            monkeypatch.setenv("http_proxy", url)
            url = "http://acme.example"

        def drip():
            sock = listener.accept()[0]
            with contextlib.suppress(OSError):
                if transport == "TLS":
                    sock = tls(sock, certificate)
                with sock:
                    sock.sendall(DRIPS[start])
                    while not stop.wait(0.02):
                        sock.send(b"0")

        stop = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(ConnectionFailed, match="did not respond in time"):
            get(url, timeout=0.1)
        stop.set()
        thread.join()


def test_deadline_keeps_pool_connections():
    """A pool with connections of its own, as for a SOCKS proxy, keeps them and gets the deadline."""

    class Connection(HTTPConnection):
        pass

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    adapter = BoundedSession().get_adapter("http://acme.example")
    adapter.poolmanager.pool_classes_by_scheme = {"http": Pool}
    request = requests.Request("GET", "http://acme.example").prepare()
    pools = [adapter.get_connection_with_tls_context(request, verify=True) for _ in range(2)]
    assert pools[0] is pools[1]
    assert issubclass(pools[0].ConnectionCls, Connection)
    assert pools[0].ConnectionCls.response_class is not Connection.response_class


def test_debug_output(server, monkeypatch, capsys):
    """The debug output of http.client, which prints whole headers, does not show the key."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    client(server.url).get("/x")
    assert KEY in str(server.requests)
    assert capsys.readouterr().out == ""


def test_http_proxy(server, monkeypatch):
    """HTTP_PROXY is used as in requests, and so is NO_PROXY."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, server.url)
    assert get("http://acme.example").json()["Data"] == [7]
    assert server.requests[0][0] == "GET http://acme.example/x HTTP/1.1"
    monkeypatch.setenv("no_proxy", "acme.example")
    with pytest.raises(ConnectionFailed):
        get("http://acme.example")
    assert len(server.requests) == 1


def test_https_proxy_sees_only_the_host(server, monkeypatch):
    """The tunnel is requested without the key."""
    monkeypatch.setenv("https_proxy", server.url)
    with pytest.raises(ConnectionFailed, match="proxy"):
        client("https://acme.example").post("x")
    line, headers = server.requests[0]
    assert line.startswith("CONNECT acme.example:443")
    assert KEY not in json.dumps(headers)


@pytest.mark.parametrize(
    ("refusal", "advice"),
    [(407, r"\(407 .*http://user:password@host:port"), (403, r"\(403 .*Check https_proxy")],
)
def test_proxy_refuses(server, monkeypatch, refusal, advice):
    """The error passes on what the proxy said, and names the variable."""
    monkeypatch.setenv("https_proxy", server.url)
    server.refusal = refusal
    with pytest.raises(ConnectionFailed, match=f"the proxy refused the connection {advice}"):
        get("https://acme.example")


@pytest.mark.parametrize("password", ["pa#ss", "123#ss", "pa/ss", "pa?ss", "123/ss"])
def test_password_of_proxy(monkeypatch, password):
    """A password that has to be percent-encoded is said to be so; the variable is named and not quoted."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://jo:{password}@proxy.example:8080")
    with pytest.raises(SettingsError, match=r"proxy in HTTPS_PROXY cannot be read.*# as %23") as caught:
        get("https://acme.example")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert not any(word in str(caught.value) for word in ("pa#", "123", "ss@", "jo", "8080"))


def test_host_of_proxy(monkeypatch):
    """A proxy whose host cannot be looked up is an error that names the variable."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{'a' * 70}.example:8080")
    with pytest.raises(SettingsError, match="proxy in HTTPS_PROXY cannot be read"):
        get("https://acme.example")


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("socks5://proxy.example:1080", r'pip install "requests\[socks\]"'),
        ("ftp://proxy.example", "begin with http://"),
    ],
)
def test_kind_of_proxy(monkeypatch, proxy, words):
    """A SOCKS proxy without its package, and a proxy of another kind, are refused with what to do."""
    if proxy.startswith("socks") and importlib.util.find_spec("socks"):
        pytest.skip("the package for SOCKS proxies is installed")
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(SettingsError, match=f"proxy in ALL_PROXY.*{words}"):
        get("https://acme.example")


def test_proxy_is_not_reached(monkeypatch):
    """The error names the variable."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(
        ConnectionFailed, match=r"proxy could not be reached\. Check the network, and HTTPS_PROXY"
    ):
        get("https://acme.example")


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_missing_authorities(secure, server, no_authority, monkeypatch, name):
    """A file of certificate authorities that is gone is named, with its variable; nothing is sent."""
    monkeypatch.setenv(name, "/gone/ca.pem")
    with pytest.raises(SettingsError, match=f"{name} is set to /gone/ca.pem, and there is no such file"):
        client(secure.url).get("x")
    assert server.requests == []


def test_missing_authorities_without_tls(server, no_authority, monkeypatch):
    """A request without TLS needs no authorities."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/gone/ca.pem")
    assert client(server.url).get("x") == [7]


def test_file_without_authorities(secure, no_authority, monkeypatch, tmp_path):
    """A file that holds no certificate is named."""
    (tmp_path / "ca.pem").write_text("no certificate")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with pytest.raises(
        ConnectionFailed, match=r"no certificate could be read from .*ca\.pem\. Set REQUESTS_CA"
    ):
        get(secure.url)


def test_folder_of_authorities(secure, no_authority, monkeypatch, tmp_path):
    """A folder in place of a file is said to be one, by its full path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ".")
    with pytest.raises(ConnectionFailed) as caught:
        get(secure.url)
    assert f"it is set to the folder {tmp_path}, of which only" in str(caught.value)


def test_untrusted_certificate(secure, no_authority, monkeypatch, tmp_path):
    """The advice, as for TLS inspection, is REQUESTS_CA_BUNDLE, and says if that is set to another one."""
    with pytest.raises(
        ConnectionFailed, match=r"accepted \(self.signed.*set REQUESTS_CA_BUNDLE to a file"
    ) as caught:
        get(secure.url)
    assert "it is not in" not in str(caught.value)
    other = make_certificate(tmp_path / "other.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    with pytest.raises(ConnectionFailed, match=r"it is not in .*other\.pem"):
        get(secure.url)


def test_expired_certificate(server, tls, no_authority, monkeypatch, tmp_path):
    """The advice is to check the date."""
    expired = make_certificate(tmp_path / "expired.pem", days=-1)
    server.socket = tls(server.socket, expired)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(expired))
    with pytest.raises(ConnectionFailed, match=r"\(certificate has expired\)\. Check this computer's date"):
        get(f"https://localhost:{server.server_port}")


def test_tls_to_a_server_without(server):
    """What is no matter of certificates is not said to be one."""
    with pytest.raises(ConnectionFailed, match=r"TLS failed \((wrong version number|record layer failure)\)"):
        get(server.url.replace("http:", "https:"))
