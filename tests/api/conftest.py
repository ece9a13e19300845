"""A server that records requests, over plain HTTP or TLS."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.server
import ipaddress
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Recorder(http.server.BaseHTTPRequestHandler):
    """Records requests, and responds with the server's `body`; as a proxy it refuses."""

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
        self.send_error(self.server.refusal)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    """Return a server that records requests."""
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    made.daemon_threads = True
    made.handle_error = lambda *_: None  # a client that stops reading hangs up
    made.requests, made.sent, made.headers = [], 0, {"Content-Type": "application/json"}
    made.refusal = 403
    made.done = threading.Event()
    made.body = b'{"Status": "success", "Data": [7]}'
    made.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def make_certificate(path, days=1):
    """Write a self-signed certificate for localhost, with its key, that is valid for so many days."""
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
        .not_valid_before(now - dt.timedelta(days=9))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def certificate(tmp_path):
    """Return a self-signed certificate for localhost, with its key, in one file."""
    return make_certificate(tmp_path / "localhost.pem")


@pytest.fixture
def tls():
    """Return the function that puts a certificate before a server's socket."""

    def wrap(sock, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        return context.wrap_socket(sock, server_side=True)

    return wrap


@pytest.fixture
def secure(server, certificate, tls):
    """Return the same server, over TLS."""
    server.socket = tls(server.socket, certificate)
    server.url = f"https://localhost:{server.server_port}"
    return server


@pytest.fixture
def no_authority(monkeypatch):
    """Forget the certificate authorities that this machine sets."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
