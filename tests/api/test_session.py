"""The wire: endless answers, certificates, proxies, and what the other side then sees."""

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

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from salesmate_nb import BadResponse, ConnectionFailed, Salesmate, Settings, SettingsError, sandbox
from salesmate_nb._api.session import ApiKeySession, BoundedSession

KEY = "key-s3cret"


class Recorder(http.server.BaseHTTPRequestHandler):
    """Notes what it is asked, and answers with the server's `said`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.requestline, dict(self.headers)))
        self.send_response(200)
        for name, value in {**self.server.headers, "Content-Length": len(self.server.said)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        with contextlib.suppress(OSError):
            for start in range(0, len(self.server.said), 65536):
                self.server.sent += self.wfile.write(self.server.said[start : start + 65536])
        self.server.ended.set()

    def do_CONNECT(self):
        self.server.seen.append((self.requestline, dict(self.headers)))
        self.send_error(403)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """Return a server that notes what it is asked."""
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    made.daemon_threads = True
    made.handle_error = lambda *_: None  # who stops reading hangs up
    made.seen, made.sent, made.headers = [], 0, {"Content-Type": "application/json"}
    made.ended = threading.Event()
    made.said = b'{"Status": "success", "Data": [7]}'
    made.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def reach(url, **changes):
    """Connect with an access key."""
    return Salesmate(Settings(linkname="acme", access_token=KEY, api_url=url, timeout=0.3, **changes))


@pytest.mark.parametrize("way", ["plain", "TLS", "proxy"])
def test_headers_that_drip_are_cut_off(way, certificate, monkeypatch):
    """A header byte now and then keeps a plain timeout quiet for ever; the whole answer has a deadline."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sent = []
        url = f"{'https' if way == 'TLS' else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        if way == "proxy":
            monkeypatch.setenv("http_proxy", url)
            url = "http://127.0.0.1:9"

        def drip():
            client = listener.accept()[0]
            if way == "TLS":
                client = server_side(certificate).wrap_socket(client, server_side=True)
            with client, contextlib.suppress(OSError):
                client.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
                for _ in range(600):
                    sent.append(client.send(b"x"))
                    stop.wait(0.1)

        stop = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(ConnectionFailed, match="did not answer in time"):
            reach(url).post("x")
        stop.set()
        thread.join()
    assert len(sent) < 600


def test_an_answer_over_the_limit_is_not_taken_in(server):
    """Reading stops at 32 MB, and the server cannot get the rest rid of, as long as the error may be kept."""
    server.said = b"[" + b"1," * 32_000_000 + b"1]"
    with pytest.raises(BadResponse, match=r"more than 32 MB\. Ask for less") as kept:
        reach(server.url).get("x")
    assert server.ended.wait(30)
    assert server.sent < len(server.said)
    del kept


@pytest.mark.parametrize("times", [1, 2])
def test_a_small_answer_that_unpacks_to_a_huge_one_is_not_taken_in(server, times):
    """The limit is on what comes out of the compression, and memory is not filled before it is reached."""
    server.said = b" " * 250_000_000
    for _ in range(times):
        server.said = gzip.compress(server.said)
    server.headers["Content-Encoding"] = ", ".join(["gzip"] * times)
    connection = reach(server.url)
    tracemalloc.start()
    try:
        with pytest.raises(BadResponse, match="more than 32 MB"):
            connection.get("x")
        assert tracemalloc.get_traced_memory()[1] < 150_000_000
    finally:
        tracemalloc.stop()


def test_a_packed_answer_of_usual_size_is_read(server):
    """Compression as such is fine."""
    server.said, server.headers["Content-Encoding"] = gzip.compress(server.said), "gzip"
    assert reach(server.url).get("x") == [7]


def test_who_streams_sees_to_the_size(server):
    """.session takes a large file piece by piece."""
    server.said = b"x" * 40_000_000
    with reach(server.url).session.get(f"{server.url}/x", stream=True) as answer:
        assert sum(map(len, answer.iter_content(2**20))) == 40_000_000


def test_calls_share_a_connection(server):
    """Reading the body by hand gives the connection back for the next call."""
    ports = set()
    real = Recorder.setup
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "setup", lambda self: (ports.add(self.client_address[1]), real(self))[1])
        connection = reach(server.url)
        for _ in range(5):
            connection.get("x")
    assert (len(server.seen), len(ports)) == (5, 1)


def test_an_answer_without_its_end_is_no_answer():
    """What breaks off before its announced length is not taken for a whole."""
    with sandbox.start(deals=3) as box:
        box.script("/x", sandbox.ScriptedResponse(body=b'{"Data": []}', drop="in-body"))
        with pytest.raises(ConnectionFailed, match="broke off"):
            reach(box.url).post("x")


@pytest.fixture
def certificate(tmp_path):
    """Return a certificate of nobody's for localhost, with its key, in one file."""
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
    """Forget the authorities that this machine names, which a session that checks nothing would still use."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def test_a_certificate_of_nobodys_is_not_accepted(secure, no_authority):
    """Nothing is sent to a host that cannot prove its name, and nothing is tried again."""
    with pytest.raises(ConnectionFailed, match="certificate was not accepted") as caught:
        reach(secure.url).get("x")
    assert not caught.value.is_transient
    with BoundedSession() as session, pytest.raises(requests.exceptions.SSLError):
        session.post(f"{secure.url}/token", data={"code": "c0de"})
    assert secure.seen == []


def test_a_request_that_was_sent_does_not_show_its_key(server):
    """Who looks at an answer's request, or a debugger that does, sees stars; the server got the key."""
    answer = reach(server.url).session.get(f"{server.url}/x")
    assert server.seen[0][1]["accessToken"] == KEY
    assert "accessToken" in f"{vars(answer.request)} {answer.request.headers!r}"
    assert KEY not in f"{vars(answer.request)} {answer.request.headers!r}"


def test_a_key_session_needs_a_key():
    """Without one there would be nothing to send."""
    with pytest.raises(SettingsError, match="SALESMATE_ACCESS_TOKEN"):
        ApiKeySession(Settings(client_id="my-app"))


def test_a_companys_own_authority_is_named_as_requests_users_do(secure, certificate, monkeypatch):
    """REQUESTS_CA_BUNDLE adds it, and the deadline and limit hold over TLS too."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert reach(secure.url).get("x") == [7]
    assert secure.seen[0][1]["accessToken"] == KEY
    secure.said = b" " * 40_000_000
    with pytest.raises(BadResponse, match="more than 32 MB"):
        reach(secure.url).get("x")


def test_a_proxy_carries_the_calls(server, monkeypatch):
    """HTTP_PROXY is used as requests users expect."""
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("http_proxy", server.url)
    assert reach("http://127.0.0.1:9").get("x") == [7]
    assert server.seen[0][0] == "GET http://127.0.0.1:9/x HTTP/1.1"


def test_no_proxy_leaves_a_host_alone(server, monkeypatch):
    """NO_PROXY goes to the API directly."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert reach(server.url).get("x") == [7]


def test_a_proxy_of_https_sees_the_host_alone(server, monkeypatch):
    """The tunnel is asked for without the key."""
    monkeypatch.setenv("https_proxy", server.url)
    with pytest.raises(ConnectionFailed, match="proxy"):
        reach("https://acme.example").post("x")
    line, headers = server.seen[0]
    assert line.startswith("CONNECT acme.example:443")
    assert KEY not in json.dumps(headers)


def test_netrc_does_not_replace_the_key(server, monkeypatch, tmp_path):
    """A password for the host adds no header of its own."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login jo password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    reach(server.url).get("x")
    headers = server.seen[0][1]
    assert (headers["accessToken"], "Authorization" in headers) == (KEY, False)


def test_netrc_adds_nothing_where_no_credential_is_sent(server, monkeypatch, tmp_path):
    """The token endpoint's session, too, sends what it was told to and no more."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login jo password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with BoundedSession() as session:
        session.get(f"{server.url}/token")
    assert "Authorization" not in server.seen[0][1]


def test_a_session_without_a_credential_follows_no_redirect_either(server):
    """The token endpoint's session takes a 3xx as the answer."""
    with sandbox.start(deals=1) as box:
        box.script("/x", sandbox.ScriptedResponse(status=307, headers={"Location": server.url}))
        with BoundedSession() as session:
            assert (
                session.post(f"{box.url}/x", data={"a": "b"}).status_code == requests.codes.temporary_redirect
            )
    assert server.seen == []
