"""Sessions: size limit, certificates, and what the other side receives."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest
import requests

from salesmate_nb import BadResponse, ConnectionFailed, Salesmate, Settings, SettingsError, sandbox
from salesmate_nb._api.session import ApiKeySession, BoundedSession

KEY = "key-s3cret"


def client(url, *, timeout=10):
    """Return a client with a Session Key."""
    return Salesmate(Settings(linkname="acme", access_token=KEY, api_url=url, timeout=timeout))


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


def test_keep_alive(server, monkeypatch):
    """After a response was read, its connection serves the next request."""
    ports, handler = set(), server.RequestHandlerClass
    real = handler.setup
    with monkeypatch.context() as patch:
        patch.setattr(handler, "setup", lambda self: (ports.add(self.client_address[1]), real(self))[1])
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


@pytest.mark.parametrize("by", ["get", "send"])
def test_loopback_never_goes_by_a_proxy(server, monkeypatch, by):
    """With a proxy for everything and no NO_PROXY, a request to this machine is sent directly."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with BoundedSession() as session:
        request = session.prepare_request(requests.Request("GET", f"{server.url}/x"))
        response = session.get(f"{server.url}/x") if by == "get" else session.send(request)
    assert response.json()["Data"] == [7]


def test_sandbox_never_goes_by_a_proxy(monkeypatch):
    """Login and read of the sandbox work behind a proxy."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with sandbox.start(deals=3) as box:
        crm = Salesmate(Settings(**box.settings))
        box.visit(crm.login_url)
        assert len(crm.deals_df()) == 3
