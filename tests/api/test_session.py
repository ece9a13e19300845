"""Sessions: deadline, size limit, certificates, proxies, and what the other side receives."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import http.server
import ipaddress
import json
import socket
import ssl
import threading
import tracemalloc
from itertools import product

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from salesmate_nb import BadResponse, ConnectionFailed, Salesmate, Settings, SettingsError, sandbox
from salesmate_nb._api.session import ApiKeySession, BoundedSession

KEY = "key-s3cret"


class Recorder(http.server.BaseHTTPRequestHandler):
    """Records requests, and responds with the server's `body`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.requests.append((self.requestline, dict(self.headers)))
        self.send_response(200)
        for name, value in {**self.server.headers, "Content-Length": len(self.server.body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        with contextlib.suppress(OSError):
            for start in range(0, len(self.server.body), 65536):
                self.server.sent += self.wfile.write(self.server.body[start : start + 65536])
        self.server.done.set()

    def do_CONNECT(self):
        self.server.requests.append((self.requestline, dict(self.headers)))
        self.send_error(403)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """Return a server that records requests."""
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    made.daemon_threads = True
    made.handle_error = lambda *_: None  # a client that stops reading hangs up
    made.requests, made.sent, made.headers = [], 0, {"Content-Type": "application/json"}
    made.done = threading.Event()
    made.body = b'{"Status": "success", "Data": [7]}'
    made.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


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
def test_deadline(transport, start, certificate, monkeypatch):
    """A response has one deadline, however long it sends single bytes that each come within the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"{'https' if transport == 'TLS' else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        if transport == "proxy":
            monkeypatch.setenv("http_proxy", url)
            url = "http://127.0.0.1:9"

        def drip():
            sock = listener.accept()[0]
            with contextlib.suppress(OSError):
                if transport == "TLS":
                    sock = server_side(certificate).wrap_socket(sock, server_side=True)
                with sock:
                    sock.sendall(DRIPS[start])
                    while not stop.wait(0.02):
                        sock.send(b"0")

        stop = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(ConnectionFailed, match="did not respond in time"):
            client(url, timeout=0.1).post("x")
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


def test_size_limit(server):
    """Reading stops at 32 MB, and the server cannot send the rest, even while the error is kept."""
    server.body = b"[" + b"1," * 32_000_000 + b"1]"
    with pytest.raises(BadResponse, match=r"more than 32 MB\. Ask for fewer") as kept:
        client(server.url).get("x")
    assert server.done.wait(30)
    assert server.sent < len(server.body)
    del kept


@pytest.mark.parametrize("times", [1, 2])
def test_size_limit_when_compressed(server, times):
    """The limit is on the uncompressed size, and memory is not filled before it is reached."""
    server.body = b" " * 100_000_000
    for _ in range(times):
        server.body = gzip.compress(server.body, 1)
    server.headers["Content-Encoding"] = ", ".join(["gzip"] * times)
    crm = client(server.url)
    tracemalloc.start()
    try:
        with pytest.raises(BadResponse, match="more than 32 MB"):
            crm.get("x")
        assert tracemalloc.get_traced_memory()[1] < 90_000_000
    finally:
        tracemalloc.stop()


def test_compressed_response(server):
    """A compressed response of usual size is read."""
    server.body, server.headers["Content-Encoding"] = gzip.compress(server.body), "gzip"
    assert client(server.url).get("x") == [7]


def test_stream_has_no_size_limit(server):
    """.session with stream=True reads a large file piece by piece."""
    server.body = b"x" * 40_000_000
    with client(server.url).session.get(f"{server.url}/x", stream=True) as response:
        assert sum(map(len, response.iter_content(2**20))) == 40_000_000


def test_keep_alive(server):
    """After a response was read, its connection serves the next request."""
    ports = set()
    real = Recorder.setup
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "setup", lambda self: (ports.add(self.client_address[1]), real(self))[1])
        crm = client(server.url)
        for _ in range(5):
            crm.get("x")
    assert (len(server.requests), len(ports)) == (5, 1)


def test_cut_off_body():
    """A body shorter than its Content-Length is an error."""
    with sandbox.start(deals=3) as box:
        box.script("/x", sandbox.ScriptedResponse(body=b'{"Data": []}', drop="in-body"))
        with pytest.raises(ConnectionFailed, match="cut off"):
            client(box.url).post("x")


@pytest.fixture
def certificate(tmp_path):
    """Return a self-signed certificate for localhost, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    alternatives = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "localhost.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def server_side(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def secure(server, certificate):
    """Return the same server, over TLS."""
    server.socket = server_side(certificate).wrap_socket(server.socket, server_side=True)
    server.url = f"https://localhost:{server.server_port}"
    return server


@pytest.fixture
def no_authority(monkeypatch):
    """Forget the certificate authorities that this machine sets."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def test_unknown_certificate(secure, no_authority):
    """Nothing is sent to a host without a trusted certificate, and nothing is retried."""
    with pytest.raises(ConnectionFailed, match="certificate was not accepted") as caught:
        client(secure.url).get("x")
    assert not caught.value.is_transient
    with BoundedSession() as session, pytest.raises(requests.exceptions.SSLError):
        session.post(f"{secure.url}/token", data={"code": "c0de"})
    assert secure.requests == []


def test_sent_request_hides_key(server):
    """The request of a response, as a debugger shows it, has stars; the server received the key."""
    response = client(server.url).session.get(f"{server.url}/x")
    assert server.requests[0][1]["accessToken"] == KEY
    assert "accessToken" in f"{vars(response.request)} {response.request.headers!r}"
    assert KEY not in f"{vars(response.request)} {response.request.headers!r}"


def test_api_key_session_without_key():
    """Without a Session Key the session is refused."""
    with pytest.raises(SettingsError, match="SALESMATE_SESSION_KEY"):
        ApiKeySession(Settings(client_id="my-app"))


def test_company_certificate_authority(secure, certificate, monkeypatch):
    """REQUESTS_CA_BUNDLE adds an authority as in requests, and the size limit holds over TLS too."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert client(secure.url).get("x") == [7]
    assert secure.requests[0][1]["accessToken"] == KEY
    secure.body = b" " * 40_000_000
    with pytest.raises(BadResponse, match="more than 32 MB"):
        client(secure.url).get("x")


def test_http_proxy(server, monkeypatch):
    """HTTP_PROXY is used as in requests."""
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("http_proxy", server.url)
    assert client("http://127.0.0.1:9").get("x") == [7]
    assert server.requests[0][0] == "GET http://127.0.0.1:9/x HTTP/1.1"


def test_no_proxy(server, monkeypatch):
    """A host in NO_PROXY is reached directly."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert client(server.url).get("x") == [7]


def test_https_proxy_sees_only_the_host(server, monkeypatch):
    """The tunnel is requested without the key."""
    monkeypatch.setenv("https_proxy", server.url)
    with pytest.raises(ConnectionFailed, match="proxy"):
        client("https://acme.example").post("x")
    line, headers = server.requests[0]
    assert line.startswith("CONNECT acme.example:443")
    assert KEY not in json.dumps(headers)


def test_netrc_does_not_replace_key(server, monkeypatch, tmp_path):
    """A password for the host in .netrc adds no header."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login jo password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    client(server.url).get("x")
    headers = server.requests[0][1]
    assert (headers["accessToken"], "Authorization" in headers) == (KEY, False)


def test_netrc_is_ignored_without_credential(server, monkeypatch, tmp_path):
    """The token endpoint's session adds no password from .netrc either."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login jo password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with BoundedSession() as session:
        session.get(f"{server.url}/token")
    assert "Authorization" not in server.requests[0][1]


def test_redirect_is_not_followed(server):
    """A session without a credential, as for the token endpoint, returns the 3xx itself."""
    with sandbox.start(deals=1) as box:
        box.script("/x", sandbox.ScriptedResponse(status=307, headers={"Location": server.url}))
        with BoundedSession() as session:
            assert (
                session.post(f"{box.url}/x", data={"a": "b"}).status_code == requests.codes.temporary_redirect
            )
    assert server.requests == []
