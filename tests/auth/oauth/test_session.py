"""The OAuth session: when it refreshes its token, and what goes to the token endpoint."""

from __future__ import annotations

import dataclasses
import errno
import io
import logging
import threading
import time
import traceback
import types
from urllib.parse import parse_qsl

import pytest
import requests

from salesmate_nb import connect, sandbox
from salesmate_nb._auth.oauth.session import OAuthSession
from salesmate_nb._auth.oauth.token_endpoint import build_authorization_request, exchange_code
from salesmate_nb._auth.token_stores.file import FileTokenStore
from salesmate_nb._auth.token_stores.memory import MemoryTokenStore
from salesmate_nb._auth.tokens import Token
from salesmate_nb._base.secret.text import Secret
from salesmate_nb.errors import (
    BadResponse,
    ConnectionFailed,
    LoginError,
    LoginRequired,
    RateLimited,
    SalesmateError,
    SettingsError,
)

TOKEN_RESPONSE = {
    "access_token": "at-s3cret-2",
    "refresh_token": "rt-s3cret-2",
    "expires_in": 3600,
    "token_type": "Bearer",
}


def token_for(settings, *, lives=3600, number=1, **changes):
    payload = {
        "access_token": f"at-s3cret-{number}",
        "refresh_token": f"rt-s3cret-{number}",
        "expires_in": 3600,
    }
    token = Token.from_response({**payload, **changes}, settings)
    return dataclasses.replace(
        token, expires_at=int(time.time()) + lives, obtained_at=int(time.time()) + lives - 3600
    )


def form(request):
    return dict(parse_qsl(request.text, strict_parsing=True))


BAD_RESPONSES = [  # one of each kind; test_token_endpoint.py has them all
    ({"json": {"error": "invalid_client"}, "status_code": 401}, LoginError, "SALESMATE_CLIENT_SECRET"),
    ({"text": "<html>proxy</html>"}, BadResponse, "not a JSON object with a token"),
    ({"text": "oops", "status_code": 500}, BadResponse, "Try again"),
    ({"text": "", "status_code": 429}, RateLimited, "Try again later"),
    ({"exc": requests.exceptions.ReadTimeout}, ConnectionFailed, "did not respond in time"),
]


class OneTokenStore(MemoryTokenStore):
    """A store of the user's own, as far as this package knows."""

    def __init__(self, folder, profile):
        super().__init__()
        self.location = str(folder / profile)


@pytest.fixture
def store(settings):
    return FileTokenStore(settings.token_cache, "default")


@pytest.fixture
def session(settings, store):
    return OAuthSession(settings, store)


@pytest.mark.parametrize(("response", "kind", "words"), BAD_RESPONSES)
def test_failed_refresh_keeps_the_token(settings, store, session, requests_mock, response, kind, words):
    """The token stays in the store for the next attempt, and the request is not repeated."""
    old = token_for(settings, lives=-5)
    store.save(old)
    requests_mock.post(settings.token_url, **response)
    with pytest.raises(kind, match=words):
        session.ensure_fresh()
    assert (requests_mock.call_count, store.load()) == (1, old)


def test_bearer_token_is_sent(settings, store, session, requests_mock):
    """The API gets the token in the Authorization header."""
    store.save(token_for(settings))
    requests_mock.get("https://api.example.com/v1/deals", json=[])
    session.get("https://api.example.com/v1/deals")
    assert requests_mock.last_request.headers["Authorization"] == "Bearer at-s3cret-1"


@pytest.mark.parametrize(
    "url", ["https://evil.example/", "http://api.example.com/", "https://api.example.com:444/"]
)
def test_other_hosts_get_no_token(settings, store, session, requests_mock, url):
    """A request to another scheme, host or port is refused before anything is sent."""
    store.save(token_for(settings))
    requests_mock.get(url, json=[])
    with pytest.raises(SettingsError, match="no other host"):
        session.get(url)
    assert requests_mock.call_count == 0


def test_bearer_token_is_not_replaced(settings, store, session, requests_mock):
    """Neither a password nor the base class's own keyword puts another header in its place."""
    store.save(token_for(settings))
    requests_mock.get("https://api.example.com/x", json=[])
    session.get("https://api.example.com/x", auth=("jo", "password"), withhold_token=True)
    assert requests_mock.last_request.headers["Authorization"] == "Bearer at-s3cret-1"


def test_traceback_shows_no_token(settings, store):
    """The error is requests' own; its request and the variables of this package's frames show no token."""
    settings = dataclasses.replace(settings, api_url="http://127.0.0.1:1")
    session = OAuthSession(settings, store)
    store.save(token_for(settings))
    with pytest.raises(requests.exceptions.ConnectionError) as caught:
        session.get("http://127.0.0.1:1/x")
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    shown = str([frame.locals for frame in frames if "salesmate_nb" in frame.filename])
    assert "bearer" in shown
    assert "s3cret" not in f"{shown} {caught.value.request.headers}"


def test_netrc_is_not_used(settings, store, session, requests_mock, tmp_path, monkeypatch):
    """A password in .netrc for the API's host is not sent, to the API or to the token endpoint."""
    (tmp_path / "netrc").write_text("default login jo password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    store.save(token_for(settings, lives=-5))
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    requests_mock.get("https://api.example.com/x", json=[])
    session.get("https://api.example.com/x")
    sent = [request.headers.get("Authorization") for request in requests_mock.request_history]
    assert sent == [None, "Bearer at-s3cret-2"]


def test_refresh_sends_oauth_fields_only(settings, store, session, requests_mock):
    """Nothing of the pending request goes to the token endpoint; the new token is stored and used."""
    store.save(token_for(settings, lives=30))
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    requests_mock.post("https://api.example.com/x", json=[])
    session.post(
        "https://api.example.com/x", params={"page": 2}, json={"customer": "Ltd"}, headers={"X-One": "1"}
    )
    refresh, sent = requests_mock.request_history
    assert form(refresh) == {
        "grant_type": "refresh_token",
        "client_id": "my-app",
        "client_secret": "s3cret-of-the-client",
        "refresh_token": "rt-s3cret-1",
    }
    assert (sent.json(), sent.qs, sent.headers["X-One"]) == ({"customer": "Ltd"}, {"page": ["2"]}, "1")
    assert sent.headers["Authorization"] == "Bearer at-s3cret-2"
    assert store.load().refresh_token == "rt-s3cret-2"


@pytest.mark.parametrize(("status", "body"), [(401, ""), (403, "")])
def test_rejected_token_is_refreshed_once(settings, store, session, requests_mock, status, body):
    """401, or an old token's 403, leads to one refresh and one retry."""
    store.save(token_for(settings, lives=3000))
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    requests_mock.get("https://api.example.com/x", [{"status_code": status, "text": body}, {"json": [1]}])
    assert session.get("https://api.example.com/x").json() == [1]
    assert [request.method for request in requests_mock.request_history] == ["GET", "POST", "GET"]


def test_stored_token_is_rejected_too(settings, store, session, requests_mock):
    """If the token that another kernel has stored has expired at the server as well, it is refreshed."""
    store.save(token_for(settings, lives=3000))
    assert session.current_token
    FileTokenStore(settings.token_cache, "default").save(token_for(settings, lives=3001, number=5))
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    counted = []
    responses = [{"status_code": 401}, {"status_code": 401}, {"json": [1]}]
    requests_mock.get("https://api.example.com/x", responses)
    response = session.get("https://api.example.com/x", before_request=lambda: counted.append(1))
    assert (response.json(), len(counted)) == ([1], 3)
    sent = [form(request)["refresh_token"] for request in requests_mock.request_history if request.text]
    assert sent == ["rt-s3cret-5"]


def test_second_rejection_is_returned(settings, store, session, requests_mock):
    """A second 401 is returned; a new token's 403 is not even retried."""
    store.save(token_for(settings, lives=3000))
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    requests_mock.get("https://api.example.com/x", status_code=401)
    assert session.get("https://api.example.com/x").status_code == 401
    assert requests_mock.call_count == 3
    requests_mock.get("https://api.example.com/y", status_code=403)
    assert session.get("https://api.example.com/y").status_code == 403
    assert requests_mock.call_count == 4


def test_invalid_grant_ends_the_login(settings, store, session, requests_mock):
    """invalid_grant ends the login and is not retried; its file stays until the next login replaces it."""
    store.save(token_for(settings, lives=-5))
    requests_mock.post(settings.token_url, json={"error": "invalid_grant"}, status_code=400)
    for _ in range(2):
        with pytest.raises(LoginRequired, match=r"connect\(\)") as caught:
            session.ensure_fresh()
        assert (requests_mock.call_count, session.current_token) == (1, None)
        assert caught.value.__cause__ is None
    store.save(token_for(settings, number=3))
    assert session.ensure_fresh().access_token == "at-s3cret-3"


def test_expiry_without_refresh_token(settings, store, session):
    """If the server issued no refresh token, somebody has to log in again."""
    store.save(dataclasses.replace(token_for(settings, lives=-5), refresh_token=None))
    with pytest.raises(LoginRequired, match="no refresh token"):
        session.ensure_fresh()


@pytest.mark.parametrize("status", [401, 403])
def test_rejection_without_refresh_token(settings, store, session, requests_mock, status):
    """Without a refresh token the 401 or 403 is returned; a 403 means "not allowed", not an ended login."""
    store.save(dataclasses.replace(token_for(settings, lives=3000), refresh_token=None))
    requests_mock.get("https://api.example.com/x", status_code=status)
    assert session.get("https://api.example.com/x").status_code == status
    assert requests_mock.call_count == 1


@pytest.mark.parametrize("part", ["data", "files", "stream"])
def test_consumed_body_is_not_resent(settings, store, session, requests_mock, part):
    """A file that was sent with a rejected token is not sent again empty; the next request works."""
    store.save(token_for(settings, lives=3000))
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    requests_mock.post("https://api.example.com/x", [{"status_code": 401}, {"json": []}])
    file = io.BytesIO(b"contents")
    body = {"data": {"data": file}, "files": {"files": {"x": file}}, "stream": {"data": iter([b"contents"])}}
    assert session.post("https://api.example.com/x", **body[part]).status_code == 401
    assert requests_mock.call_count == 2
    assert session.post("https://api.example.com/x", data={"a": "b"}).status_code == 200
    assert requests_mock.last_request.headers["Authorization"] == "Bearer at-s3cret-2"


@pytest.mark.parametrize("verb", ["accept", "forget"])
def test_login_and_logout_wait_for_the_lock(settings, store, session, verb):
    """Otherwise another process that is refreshing would overwrite them with its token afterwards."""
    old, new = token_for(settings), token_for(settings, number=2)
    store.save(old)
    with FileTokenStore(settings.token_cache, "default").lock():
        thread = threading.Thread(target=getattr(session, verb), args=(new,) if verb == "accept" else ())
        thread.start()
        thread.join(0.2)
        assert (thread.is_alive(), store.load()) == (True, old)
    thread.join()
    assert store.load() == (new if verb == "accept" else None)


def test_refresh_by_another_process(settings, store, session, requests_mock):
    """The store is read again before refreshing: a token that another kernel refreshed is used."""
    store.save(token_for(settings, lives=30))
    assert session.current_token.access_token == "at-s3cret-1"
    FileTokenStore(settings.token_cache, "default").save(token_for(settings, number=5))
    requests_mock.get("https://api.example.com/x", json=[])
    session.get("https://api.example.com/x")
    assert requests_mock.last_request.headers["Authorization"] == "Bearer at-s3cret-5"
    assert requests_mock.call_count == 1


def test_concurrent_refresh_without_locks(settings, store, session, requests_mock):
    """If locks do not hold (NFS), invalid_grant may mean that another kernel was first: load again."""
    store.save(token_for(settings, lives=-5))

    def refuse(request, context):
        FileTokenStore(settings.token_cache, "default").save(token_for(settings, number=7))
        context.status_code = 400
        return {"error": "invalid_grant"}

    requests_mock.post(settings.token_url, json=refuse)
    assert session.ensure_fresh().access_token == "at-s3cret-7"
    assert (requests_mock.call_count, store.load().access_token) == (1, "at-s3cret-7")


@pytest.mark.parametrize("kind", [FileTokenStore, OneTokenStore])
def test_place_that_takes_no_token(settings, requests_mock, monkeypatch, kind):
    """A refresh token is not sent while the next one cannot be kept; the token is used until it ends."""
    store = kind(settings.token_cache, "default")
    session = OAuthSession(settings, store)
    store.save(token_for(settings, lives=30))
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    requests_mock.get("https://api.example.com/x", [{"json": []}, {"status_code": 401}])

    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as disk:
        disk.setattr("tempfile.mkstemp", refuse)
        disk.setattr(OneTokenStore, "save", refuse)
        assert session.get("https://api.example.com/x").status_code == 200
        with pytest.raises(SalesmateError, match=r"default.*Read-only.*TOKEN_STORE=memory"):
            session.get("https://api.example.com/x")
    assert [request.path for request in requests_mock.request_history] == ["/x", "/x"]
    assert session.ensure_fresh().access_token == store.load().access_token == "at-s3cret-2"


@pytest.fixture
def logged_in():
    """Return a sandbox and a session that is logged in there."""
    with sandbox.start(deals=3) as box:
        connection = connect(box)
        yield box, connection.session


def set_clock(monkeypatch, seconds):
    """Move the package's clock; the sandbox keeps its own."""
    shown = types.SimpleNamespace(time=lambda: time.time() + seconds)
    monkeypatch.setattr("salesmate_nb._auth.tokens.time", shown)


def paths_since(box, start):
    return [request.path for request in box.log[start:]]


@pytest.mark.parametrize("skew", [-600, 600])
def test_wrong_clock(monkeypatch, skew):
    """Ten minutes off in either direction: lifetimes are counted by one clock, so nothing is refreshed."""
    set_clock(monkeypatch, skew)
    with sandbox.start(deals=3) as box:
        session = connect(box).session
        start = len(box.log)
        assert session.get(f"{box.url}/v1/deals").status_code == 200
        assert paths_since(box, start) == ["/v1/deals"]


def test_clock_set_back(logged_in, monkeypatch):
    """A token valid by this clock and expired at the server costs one refresh and one retry."""
    box, session = logged_in
    set_clock(monkeypatch, -600)
    box.expire_access_tokens()
    start = len(box.log)
    assert session.get(f"{box.url}/v1/deals").status_code == 200
    assert paths_since(box, start) == ["/v1/deals", "/oauth/token", "/v1/deals"]


def test_resume_after_sleep(logged_in, monkeypatch):
    """Eight hours later the expired token is refreshed before it is sent."""
    box, session = logged_in
    box.expire_access_tokens()
    set_clock(monkeypatch, 8 * 3600)
    start = len(box.log)
    for _ in range(2):
        assert session.get(f"{box.url}/v1/deals").status_code == 200
    assert paths_since(box, start) == ["/oauth/token", "/v1/deals", "/v1/deals"]


def test_logout_in_another_process(settings, store, session):
    """A kernel does not restore a login that was ended on the command line."""
    store.save(token_for(settings, lives=30))
    assert session.current_token
    store.save(None)
    with pytest.raises(LoginRequired, match="ended elsewhere"):
        session.ensure_fresh()
    assert not store.path.exists()


@pytest.mark.parametrize("disk", ["fine", "refuses"])
@pytest.mark.filterwarnings("ignore:The login cannot be kept")
def test_threads_share_one_refresh(settings, store, session, requests_mock, disk):
    """Sixteen threads that find the token expired cause one refresh, with a lock file or without."""
    if disk == "refuses":
        settings.token_cache.touch()
        session = OAuthSession(settings, store)
    store.save(token_for(settings, lives=-5))
    requests_mock.post(settings.token_url, json=lambda *_: time.sleep(0.1) or TOKEN_RESPONSE)
    requests_mock.get("https://api.example.com/x", json=[])
    threads = [threading.Thread(target=session.get, args=("https://api.example.com/x",)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    methods = [request.method for request in requests_mock.request_history]
    assert (methods.count("POST"), methods.count("GET")) == (1, 16)


@pytest.mark.parametrize("change", [{"client_id": "other"}, {"token_url": "https://other.example/token"}])
def test_token_of_another_client(settings, store, change):
    """A token issued for another client or server is neither used nor lost."""
    store.save(token_for(settings))
    session = OAuthSession(dataclasses.replace(settings, **change), store)
    with pytest.raises(LoginRequired):
        session.ensure_fresh()
    assert store.load() is not None


@pytest.mark.parametrize("token_type", ["Bearer", "bearer", "BEARER", "Zoho-oauthtoken", None])
def test_any_token_type_is_sent_as_bearer(settings, session, requests_mock, token_type):
    """Servers spell the token type in any case, or omit it."""
    requests_mock.post(
        settings.token_url, json={**TOKEN_RESPONSE, "token_type": token_type, "scope": "changed"}
    )
    requests_mock.get("https://api.example.com/x", json=[])
    session.accept(
        exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c"))
    )
    session.get("https://api.example.com/x")
    assert requests_mock.last_request.headers["Authorization"] == "Bearer at-s3cret-2"


def test_public_refresh_sends_oauth_fields_only(settings, store, session, requests_mock):
    """OAuth2Session.refresh_token() can be called too; its keywords are not sent."""
    store.save(token_for(settings))
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    shown = session.refresh_token("https://evil.example/", json={"customer": "Ltd"}, timeout=1)
    assert set(form(requests_mock.last_request)) == {
        "grant_type",
        "client_id",
        "client_secret",
        "refresh_token",
    }
    assert "s3cret" not in repr(shown)


def test_log_holds_no_secret(settings, store, session, requests_mock, caplog):
    """At DEBUG for every logger, a login, a refresh and a request leave no secret in the log."""
    caplog.set_level(logging.DEBUG)
    requests_mock.post(settings.token_url, json=TOKEN_RESPONSE)
    requests_mock.get("https://api.example.com/x", json=[])
    request = build_authorization_request(settings, "https://x.example/")
    session.accept(exchange_code(settings, request, Secret("c0de-s3cret")))
    session.get("https://api.example.com/x")
    store.save(token_for(settings, lives=-5, number=7))
    OAuthSession(settings, store).get("https://api.example.com/x")
    assert "refreshed the token" in caplog.text
    assert not any(
        word in caplog.text for word in ("s3cret", request.verifier.reveal(), request.state.reveal())
    )
