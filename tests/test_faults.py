"""The fault matrix: what each endpoint can answer badly, over a real socket, and that a later call works."""

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
from salesmate_nb._api.waiting import Waiter
from salesmate_nb.sandbox import ScriptedResponse

TOKEN, V1, V4 = "/oauth/token", "/v1/deals", "/apis/deal/v4/search"
USERS, CATALOGUE = "/apis/core/v4/users", "/apis/v3/fields/getAllVisibleFields"
LOST = {  # no whole answer comes
    "reset": ScriptedResponse(drop="before"),
    "reset in the body": ScriptedResponse(body=b'{"Status": "success"}' * 99, drop="in-body"),
    "slow": ScriptedResponse(body=b"{}", delay=30),
    "byte by byte": ScriptedResponse(body=b" " * 3600 + b"{}", pace=0.1),
    "no gzip": ScriptedResponse(body=b"{}" * 50, headers={"Content-Encoding": "gzip"}),
}
ODD = {  # an answer that is none
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
BUILT = {  # JSON that no page is made of
    "NaN and huge": b'{"Status": "success", "Data": {"data": [{"id": NaN}, {"id": 1e999}], "totalRows": 2}}',
    "huge whole": b'{"Status": "success", "Data": {"data": [{"id": ' + b"9" * 400 + b'}], "totalRows": 1}}',
    "twice": b'{"Status": "success", "Data": {"data": [], "totalRows": 5}, "Data": 7, "access_token": null}',
}
CELLS = [
    *[(name, answer, ConnectionFailed) for name, answer in LOST.items()],
    *[(name, answer, BadResponse) for name, answer in ODD.items()],
    *[(name, answer, kind) for name, (answer, kind) in REFUSED.items()],
    *[(name, ScriptedResponse(body=body), (BadResponse, IncompleteRead)) for name, body in BUILT.items()],
]
by_fault = pytest.mark.parametrize(("answer", "kind"), [pytest.param(*one[1:], id=one[0]) for one in CELLS])
NEXT_STEP = re.compile(r"\b(Try again|Check|Run|Ask|Open|Read|Copy)\b|try again|check SALESMATE")


class Gate:
    """A way to a server that can be shut, so that connections are refused."""

    def __init__(self, url):
        self._to = (urlsplit(url).hostname, urlsplit(url).port)
        self._port = 0
        self._ends = []
        self.open()

    def open(self):
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=16)
        self._port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def shut(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def _serve(self, listener):
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._to)
                self._ends += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    @staticmethod
    def _carry(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """Repeat calls at once."""
    monkeypatch.setattr(Waiter, "sleep", lambda *_: None)


@pytest.fixture(scope="module")
def box():
    with sandbox.start(deals=300, approve="ask") as running:
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
        timeout=0.25,
        calls_per_hour=100_000,
    )


@pytest.fixture
def connection(settings):
    """Return a connection that has its token from the sandbox."""
    made = connect(settings)
    made.finish_login(allowed(made.login_url))
    return made


@pytest.fixture
def over_v4(connection, settings, box):
    return connect(dataclasses.replace(settings, linkname=box.linkname))


def allowed(url):
    """Allow on the consent page, and return the address of the redirect."""
    page = requests.get(url, timeout=5)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    target = requests.compat.urljoin(url, re.search(r'<form[^>]* action="([^"]*)"', page.text).group(1))
    answer = requests.post(target, data=fields | {"decision": "allow"}, allow_redirects=False, timeout=5)
    return answer.headers["Location"]


def fails(call, kind, secrets=()):
    """Make a call, and check the error it ends in: its kind, its next step, no secret, nothing chained."""
    with pytest.raises(kind) as caught:
        call()
    text = str(caught.value)
    assert isinstance(caught.value, SalesmateError)
    assert NEXT_STEP.search(text), text
    assert not any(secret in text for secret in secrets)
    return caught.value


def at_the_token_endpoint(answer, kind):
    """Return the error that an answer means there: a refusal in words, 401 or 429; else it is no answer."""
    if kind is ConnectionFailed or answer.status == 429:
        return kind
    is_refusal = answer.status == 401 or (answer.status == 403 and answer.body)
    return LoginError if is_refusal else BadResponse


def everywhere(box, path, answer):
    """Put an answer in place of all that may come of one call and its repeats."""
    box.script(path, *[answer] * 30)


@pytest.mark.parametrize("api", ["v1", "v4"])
@by_fault
def test_reading_deals(box, connection, over_v4, api, answer, kind):
    """No fault gives a short frame; the next read is whole."""
    connection = over_v4 if api == "v4" else connection
    everywhere(box, V4 if api == "v4" else V1, answer)
    fails(connection.deals_df, kind)
    box.unscript()
    assert len(connection.deals_df()) == 300


@by_fault
def test_any_other_call(box, connection, answer, kind):
    """Users stand for what is asked by get(): JSON comes as it is, all else is an error."""
    everywhere(box, USERS, answer)
    if answer.body in BUILT.values():
        assert connection.get(USERS) in (7, {"data": [], "totalRows": 5}) or connection.get(USERS)["data"]
    else:
        fails(lambda: connection.get(USERS), kind)
    box.unscript()
    assert connection.get(USERS)[0]["id"]


@pytest.mark.parametrize("by", ["token", "access key"])
@pytest.mark.parametrize("before", ["", "x" * 190])
def test_a_refusal_that_repeats_the_credential(box, connection, settings, by, before):
    """What the server says of it is shown without it, even where the words are cut off in its middle."""
    secret = (
        connection.session.current_token.access_token.reveal()
        if by == "token"
        else "key-s3cret-of-the-company"
    )
    if by == "access key":
        connection = connect(dataclasses.replace(settings, linkname="acme", access_token=secret))
    body = json.dumps({"Error": {"Name": secret, "Message": f"{before} {secret} is odd"}}).encode()
    for answer in (ScriptedResponse(status=403, body=body), ScriptedResponse(status=400, body=body)):
        everywhere(box, USERS, answer)
        err = fails(lambda: connection.get(USERS), ApiError, [secret[:9]])
        assert "***" in str(err)
        assert secret[:9] not in f"{vars(err)}"
        box.unscript()


@by_fault
def test_the_field_catalogue(box, over_v4, answer, kind):
    """Deals come with the API's names and a warning; a fault in passing is raised instead."""
    everywhere(box, CATALOGUE, answer)
    is_cut_off = answer in (ODD["nesting"], ODD["charset"])
    if kind in {ConnectionFailed, RateLimited} or answer.status in {401, 500, 503} or is_cut_off:
        fails(over_v4.deals_df, kind)
    else:
        with pytest.warns(UserWarning, match="field catalog cannot be read"):
            frame = over_v4.deals_df()
        assert (len(frame), "checkbox_custom_field_1" in frame) == (300, True)
    box.unscript()
    assert len(over_v4.deals_df()) == 300


@by_fault
def test_renewing(box, connection, answer, kind):
    """The old token stays for the next try, and the call is not made; nothing is posted twice."""
    box.expire_access_tokens()
    everywhere(box, TOKEN, answer)
    before = sum(call.path == TOKEN for call in box.log)
    kept = connection.settings.token_cache.joinpath("default.json").read_text()
    token = connection.session.current_token
    err = fails(
        lambda: connection.get(USERS),
        at_the_token_endpoint(answer, kind),
        [token.refresh_token.reveal(), token.access_token.reveal()],
    )
    assert not isinstance(err, LoginRequired)
    assert sum(call.path == TOKEN for call in box.log) == before + 1
    assert connection.settings.token_cache.joinpath("default.json").read_text() == kept
    box.unscript()
    assert connection.get(USERS)[0]["id"]


@by_fault
def test_redeeming_the_code(box, settings, answer, kind):
    """The connection stays pending, and the same login can be finished with the next code."""
    connection = connect(settings)
    everywhere(box, TOKEN, answer)
    redirect = allowed(connection.login_url)
    fails(
        lambda: connection.finish_login(redirect),
        at_the_token_endpoint(answer, kind),
        re.findall(r"(?:code|state)=([^&]+)", redirect),
    )
    assert not connection.authorized
    box.unscript()
    connection.finish_login(allowed(connection.login_url))
    assert connection.get(USERS)[0]["id"]


@by_fault
def test_the_consent_page(box, settings, answer, kind):
    """The browser alone sees it; the login waits on, and its address still works."""
    del kind
    connection = connect(settings)
    box.script("/oauth/authorize", answer)
    with contextlib.suppress(requests.RequestException):
        requests.get(connection.login_url, timeout=0.25, allow_redirects=False, stream=True).close()
    assert not connection.authorized
    fails(connection.deals_df, LoginRequired)
    box.unscript()
    connection.finish_login(allowed(connection.login_url))
    assert len(connection.deals_df()) == 300


@pytest.mark.parametrize("what", ["v1", "v4", "users", "catalogue", "refresh", "token"])
def test_a_refused_connection(box, gate, settings, connection, over_v4, what):
    """Nobody listens: the error says so, and as soon as somebody does, all is well."""
    pending = connect(settings, profile="new")
    redirect = allowed(pending.login_url)
    if what == "refresh":
        box.expire_access_tokens()
    call = {
        "v1": connection.deals_df,
        "v4": over_v4.deals_df,
        "users": lambda: connection.get(USERS),
        "catalogue": over_v4.deals_df,
        "refresh": lambda: connection.get(USERS),
        "token": lambda: pending.finish_login(redirect),
    }[what]
    gate.shut()
    err = fails(call, ConnectionFailed)
    assert "the connection was refused" in str(err)
    gate.open()
    call()
    assert not isinstance(err, NotFound)
