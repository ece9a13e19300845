"""Fault matrix over a real socket: each fault at each endpoint, its error, and that the next call works.

It spans _api, _auth, _reading and the client, so it mirrors no single file. The fast lane runs every fault at
one endpoint, and a few faults at each.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import socket
import threading
from urllib.parse import urlsplit

import pytest
import requests

from salesmate_nb import (
    ApiError,
    BadResponse,
    ConnectionFailed,
    IncompleteRead,
    LoginError,
    LoginRequired,
    NotFound,
    RateLimited,
    SalesmateError,
    Settings,
    connect,
    sandbox,
)
from salesmate_nb._api import client
from salesmate_nb._api.retry import RetryPolicy
from salesmate_nb._api.session import BoundedSession
from salesmate_nb.sandbox import ScriptedResponse
from tests.helpers import decide

TIMEOUT, SHORT = 30, 0.05  # seconds: the short one governs only what must time out
TOKEN, V1, V4 = "/oauth/token", "/v1/deals", "/apis/deal/v4/search"
USERS, FIELDS = "/apis/core/v4/users", "/apis/v3/fields/getAllVisibleFields"
TIMED_OUT = {
    "slow": ScriptedResponse(body=b"{}", delay=60),
    "byte by byte": ScriptedResponse(body=b" " * 3600 + b"{}", pace=0.02),
}
LOST = {  # no complete response
    **TIMED_OUT,
    "reset": ScriptedResponse(drop="before"),
    "reset in the body": ScriptedResponse(body=b'{"Status": "success"}' * 99, drop="in-body"),
    "no gzip": ScriptedResponse(body=b"{}" * 50, headers={"Content-Encoding": "gzip"}),
}
ODD = {  # not what the API documents
    "204": ScriptedResponse(status=204),
    "301": ScriptedResponse(status=301, headers={"Location": "https://evil.example/"}),
    "50 MB": ScriptedResponse(body=b'{"Status": "success", "Data": [' + b"1," * 26_000_000 + b"1]}"),
    "nesting": ScriptedResponse(body=b'{"Data":' * 200_000 + b"1" + b"}" * 200_000),
    "charset": ScriptedResponse(body='{"Status": "success", "Data": "é"}'.encode("latin-1")),
    "HTML": ScriptedResponse(body=b"<html><body>Welcome to the hotel's wifi</body></html>"),
    "empty": ScriptedResponse(),
}
REFUSED = {
    "401": (ScriptedResponse(status=401), LoginError),
    "403": (ScriptedResponse(status=403), ApiError),
    "403 with words": (
        ScriptedResponse(status=403, body=b'{"Error": {"Name": "AuthorizationFailed"}}'),
        ApiError,
    ),
    "404": (ScriptedResponse(status=404), ApiError),
    "429": (ScriptedResponse(status=429, headers={"Retry-After": "9999"}), RateLimited),
    "500": (ScriptedResponse(status=500), ApiError),
    "503": (ScriptedResponse(status=503), ApiError),
}
ODD_JSON = {  # JSON that makes no valid page
    "NaN and huge": b'{"Status": "success", "Data": {"data": [{"id": NaN}, {"id": 1e999}], "totalRows": 2}}',
    "huge whole": b'{"Status": "success", "Data": {"data": [{"id": ' + b"9" * 400 + b'}], "totalRows": 1}}',
    "twice": b'{"Status": "success", "Data": {"data": [], "totalRows": 5}, "Data": 7, "access_token": null}',
}
FAULTS = [
    *[(name, fault, ConnectionFailed) for name, fault in LOST.items()],
    *[(name, fault, BadResponse) for name, fault in ODD.items()],
    *[(name, fault, kind) for name, (fault, kind) in REFUSED.items()],
    *[(name, ScriptedResponse(body=body), (BadResponse, IncompleteRead)) for name, body in ODD_JSON.items()],
]
FAST = {"slow", "reset", "HTML", "50 MB", "401", "403 with words", "503", "NaN and huge"}
by_fault = pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param(fault, kind, id=name, marks=[] if name in FAST else pytest.mark.slow)
        for name, fault, kind in FAULTS
    ],
)
by_every_fault = pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param(fault, kind, id=name, marks=pytest.mark.slow if name == "byte by byte" else [])
        for name, fault, kind in FAULTS
    ],
)
NEXT_STEP = re.compile(r"\b(Try again|Check|Run|Ask|Open|Read|Copy)\b|try again|check SALESMATE")


class Gate:
    """A relay to a server that can be shut, so that connections are refused."""

    def __init__(self, url):
        self._to = (urlsplit(url).hostname, urlsplit(url).port)
        self._port = 0
        self._sockets = []
        self.open()

    def open(self):
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=16)
        self._port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def shut(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._sockets.clear()

    def _serve(self, listener):
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._to)
                self._sockets += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._relay, args=pair, daemon=True).start()

    @staticmethod
    def _relay(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture(autouse=True)
def _no_backoff(monkeypatch):
    """Retry at once."""
    monkeypatch.setattr(client, "_TRANSIENT", RetryPolicy(attempts=4, base=0, cap=0))


@pytest.fixture(scope="module")
def box():
    with sandbox.start(deals=300, approve="ask", behavior="kind", api="v1") as running:
        yield running


@pytest.fixture
def gate(box):
    made = Gate(box.url)
    yield made
    made.shut()
    box.unscript()


@pytest.fixture
def settings(box, gate, tmp_path):
    return Settings(
        **dataclasses.replace(
            box.settings,
            api_url=gate.url,
            token_url=f"{gate.url}/oauth/token",
            token_cache=tmp_path / "tokens",
        ),
        timeout=TIMEOUT,
        calls_per_hour=100_000,
    )


@pytest.fixture
def connection(settings):
    """Return a connection that has its token from the sandbox."""
    made = connect(settings)
    made.finish_login(decide(made.login_url))
    return made


@pytest.fixture
def over_v4(settings, box):
    made = connect(dataclasses.replace(settings, linkname=box.linkname))
    made.finish_login(decide(made.login_url))
    return made


def log_in_again(connection):
    """Log in again if the fault has ended the login, as a 401 after a refresh does."""
    if not connection.authorized:
        connection.finish_login(decide(connection.login_url))


def fails(call, kind, secrets=()):
    """Check the error that a call ends in: its kind, its next step, and no secret in it."""
    with pytest.raises(kind) as caught:
        call()
    text = str(caught.value)
    assert isinstance(caught.value, SalesmateError)
    assert NEXT_STEP.search(text), text
    assert not any(secret in text for secret in secrets)
    return caught.value


def at_token_endpoint(fault, kind):
    """Return the error of a fault there: an OAuth error, 401 or 429; else it is a bad response."""
    if kind is ConnectionFailed or fault.status == 429:
        return kind
    is_refusal = fault.status == 401 or (fault.status == 403 and fault.body)
    return LoginError if is_refusal else BadResponse


@contextlib.contextmanager
def faulty(box, path, fault):
    """Return a fault for every request to a path; only if it must time out, and only there, soon."""
    box.script(path, *[fault] * 30)
    send = BoundedSession.send

    def impatient(session, request, **kwargs):
        if fault in TIMED_OUT.values() and urlsplit(request.url).path == path:
            kwargs["timeout"] = (TIMEOUT, SHORT)
        return send(session, request, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BoundedSession, "send", impatient)
        yield
    box.unscript()


@pytest.mark.parametrize("api", ["v1", "v4"])
@by_fault
def test_read_deals(box, connection, over_v4, api, fault, kind):
    """No fault gives a short frame; the next read is complete."""
    connection = over_v4 if api == "v4" else connection
    with faulty(box, V4 if api == "v4" else V1, fault):
        fails(connection.deals_df, kind)
    log_in_again(connection)
    assert len(connection.deals_df()) == 300


@by_every_fault
def test_get(box, connection, fault, kind):
    """get() returns any JSON as it is; all else is an error."""
    with faulty(box, USERS, fault):
        if fault.body in ODD_JSON.values():
            assert connection.get(USERS) in (7, {"data": [], "totalRows": 5}) or connection.get(USERS)["data"]
        else:
            fails(lambda: connection.get(USERS), kind)
    log_in_again(connection)
    assert connection.get(USERS)[0]["id"]


@pytest.mark.parametrize("by", ["token", "Session Key"])
@pytest.mark.parametrize("before", ["", "x" * 190])
def test_server_repeats_credential(box, connection, settings, by, before):
    """An error shows the server's words without the credential, even if they are cut in its middle."""
    secret = (
        connection.session.current_token.access_token.reveal()
        if by == "token"
        else "key-s3cret-of-the-company"
    )
    if by == "Session Key":
        connection = connect(dataclasses.replace(settings, linkname="acme", access_token=secret))
    body = json.dumps({"Error": {"Name": secret, "Message": f"{before} {secret} is odd"}}).encode()
    for fault in (ScriptedResponse(status=403, body=body), ScriptedResponse(status=400, body=body)):
        with faulty(box, USERS, fault):
            err = fails(lambda: connection.get(USERS), ApiError, [secret[:9]])
        assert "***" in str(err)
        assert secret[:9] not in f"{vars(err)}"


@by_fault
def test_read_field_catalog(box, over_v4, fault, kind):
    """Deals come with the API's names and a warning; a transient error is raised instead."""
    is_cut_off = fault in (ODD["nesting"], ODD["charset"])
    with faulty(box, FIELDS, fault):
        if kind in {ConnectionFailed, RateLimited} or fault.status in {401, 500, 503} or is_cut_off:
            fails(over_v4.deals_df, kind)
        else:
            with pytest.warns(UserWarning, match="field catalog(ue)? cannot be read"):
                frame = over_v4.deals_df()
            assert (len(frame), "checkbox_custom_field_1" in frame) == (300, True)
    log_in_again(over_v4)
    assert len(over_v4.deals_df()) == 300


@by_fault
def test_refresh_token(box, connection, fault, kind):
    """The old token stays for the next attempt, and the request is not sent; nothing is posted twice."""
    box.expire_access_tokens()
    before = sum(call.path == TOKEN for call in box.log)
    stored = connection.settings.token_cache.joinpath("default.json").read_text()
    token = connection.session.current_token
    with faulty(box, TOKEN, fault):
        err = fails(
            lambda: connection.get(USERS),
            at_token_endpoint(fault, kind),
            [token.refresh_token.reveal(), token.access_token.reveal()],
        )
    assert not isinstance(err, LoginRequired)
    assert sum(call.path == TOKEN for call in box.log) == before + 1
    assert connection.settings.token_cache.joinpath("default.json").read_text() == stored
    assert connection.get(USERS)[0]["id"]


@by_fault
def test_exchange_code(box, settings, fault, kind):
    """The connection stays pending, and the same login can be finished with the next code."""
    connection = connect(settings)
    redirect = decide(connection.login_url)
    with faulty(box, TOKEN, fault):
        fails(
            lambda: connection.finish_login(redirect),
            at_token_endpoint(fault, kind),
            re.findall(r"(?:code|state)=([^&]+)", redirect),
        )
    assert not connection.authorized
    connection.finish_login(decide(connection.login_url))
    assert connection.get(USERS)[0]["id"]


@by_fault
def test_consent_page(box, settings, fault, kind):
    """Only the browser sees it; the login stays pending, and its URL still works."""
    del kind
    connection = connect(settings)
    timeout = SHORT if fault in TIMED_OUT.values() else TIMEOUT
    with faulty(box, "/oauth/authorize", fault):
        with contextlib.suppress(requests.RequestException):
            requests.get(connection.login_url, timeout=timeout, allow_redirects=False, stream=True).close()
        assert not connection.authorized
        fails(connection.deals_df, LoginRequired)
    connection.finish_login(decide(connection.login_url))
    assert len(connection.deals_df()) == 300


@pytest.mark.parametrize("what", ["v1", "v4", "users", "refresh", "token"])
def test_refused_connection(box, gate, settings, connection, over_v4, what):
    """If nothing listens, the error says so; as soon as something does, the same call succeeds."""
    pending = connect(settings, profile="new")
    redirect = decide(pending.login_url)
    if what == "refresh":
        box.expire_access_tokens()
    call = {
        "v1": connection.deals_df,
        "v4": over_v4.deals_df,
        "users": lambda: connection.get(USERS),
        "refresh": lambda: connection.get(USERS),
        "token": lambda: pending.finish_login(redirect),
    }[what]
    gate.shut()
    err = fails(call, ConnectionFailed)
    assert "the connection was refused" in str(err)
    gate.open()
    call()
    assert not isinstance(err, NotFound)
