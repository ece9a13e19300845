"""The OAuth session: what goes to the token endpoint, when it renews."""

from __future__ import annotations

import dataclasses
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
from salesmate_nb._auth import session as oauth
from salesmate_nb._auth.session import OAuthSession
from salesmate_nb._auth.token_endpoint import build_authorization_request, exchange_code
from salesmate_nb._auth.token_store import FileTokenStore
from salesmate_nb._auth.tokens import Token
from salesmate_nb._redaction import Secret
from salesmate_nb.errors import (
    BadResponse,
    ConnectionFailed,
    LoginError,
    LoginRequired,
    RateLimited,
    SettingsError,
)

ANSWER = {
    "access_token": "at-s3cret-2",
    "refresh_token": "rt-s3cret-2",
    "expires_in": 3600,
    "token_type": "Bearer",
}


def token_for(settings, *, lives=3600, number=1, **changes):
    answer = {
        "access_token": f"at-s3cret-{number}",
        "refresh_token": f"rt-s3cret-{number}",
        "expires_in": 3600,
    }
    token = Token.from_response({**answer, **changes}, settings)
    return dataclasses.replace(
        token, expires_at=int(time.time()) + lives, obtained_at=int(time.time()) + lives - 3600
    )


def form(request):
    return dict(parse_qsl(request.text, strict_parsing=True))


BAD_ANSWERS = [  # one of each kind; tests/test_grants.py has them all
    ({"json": {"error": "invalid_client"}, "status_code": 401}, LoginError, "SALESMATE_CLIENT_SECRET"),
    ({"text": "<html>proxy</html>"}, BadResponse, "no JSON object with a token"),
    ({"text": "oops", "status_code": 500}, BadResponse, "Try again"),
    ({"text": "", "status_code": 429}, RateLimited, "in a while"),
    ({"exc": requests.exceptions.ReadTimeout}, ConnectionFailed, "did not answer in time"),
]


@pytest.fixture
def cache(settings):
    return FileTokenStore(settings.token_cache, "default")


@pytest.fixture
def session(settings, cache):
    return OAuthSession(settings, cache)


@pytest.mark.parametrize(("answer", "kind", "words"), BAD_ANSWERS)
def test_a_bad_answer_to_a_refresh_keeps_the_token(
    settings, cache, session, requests_mock, answer, kind, words
):
    """The token stays where it is, for the next try."""
    old = token_for(settings, lives=-5)
    cache.save(old)
    requests_mock.post(settings.token_url, **answer)
    with pytest.raises(kind, match=words):
        session.ensure_fresh()
    assert (requests_mock.call_count, cache.load()) == (1, old)


def test_a_call_carries_the_bearer_token(settings, cache, session, requests_mock):
    """The API gets the token in its header."""
    cache.save(token_for(settings))
    requests_mock.get("https://api.example.com/v1/deals", json=[])
    session.get("https://api.example.com/v1/deals")
    assert requests_mock.last_request.headers["Authorization"] == "Bearer at-s3cret-1"


@pytest.mark.parametrize(
    "url", ["https://evil.example/", "http://api.example.com/", "https://api.example.com:444/"]
)
def test_no_other_host_gets_the_token(settings, cache, session, requests_mock, url):
    """A call elsewhere is refused before anything is sent."""
    cache.save(token_for(settings))
    requests_mock.get(url, json=[])
    with pytest.raises(SettingsError, match="no other host"):
        session.get(url)
    assert requests_mock.call_count == 0


def test_the_bearer_token_is_what_signs_a_call(settings, cache, session, requests_mock):
    """Neither a password nor the base class's own keyword puts another header in its place."""
    cache.save(token_for(settings))
    requests_mock.get("https://api.example.com/x", json=[])
    session.get("https://api.example.com/x", auth=("jo", "password"), withhold_token=True)
    assert requests_mock.last_request.headers["Authorization"] == "Bearer at-s3cret-1"


def test_no_frame_of_ours_shows_the_token_where_requests_fails(settings, cache):
    """What .session raises is requests' own error; its request and our variables show no token."""
    session = OAuthSession(dataclasses.replace(settings, api_url="http://127.0.0.1:1"), cache)
    cache.save(token_for(settings))
    with pytest.raises(requests.exceptions.ConnectionError) as caught:
        session.get("http://127.0.0.1:1/x")
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    shown = str([frame.locals for frame in frames if "salesmate_nb" in frame.filename])
    assert "bearer" in shown
    assert "s3cret" not in f"{shown} {caught.value.request.headers}"


def test_netrc_does_not_replace_the_token(settings, cache, session, requests_mock, tmp_path, monkeypatch):
    """A password in .netrc for the API's host is not sent, to the API or to the token endpoint."""
    (tmp_path / "netrc").write_text("default login jo password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    cache.save(token_for(settings, lives=-5))
    requests_mock.post(settings.token_url, json=ANSWER)
    requests_mock.get("https://api.example.com/x", json=[])
    session.get("https://api.example.com/x")
    sent = [request.headers.get("Authorization") for request in requests_mock.request_history]
    assert sent == [None, "Bearer at-s3cret-2"]


def test_an_ending_token_is_renewed_with_oauths_fields_only(settings, cache, session, requests_mock):
    """What the pending call carries does not go to the token endpoint; the new token is kept and used."""
    cache.save(token_for(settings, lives=30))
    requests_mock.post(settings.token_url, json=ANSWER)
    requests_mock.post("https://api.example.com/x", json=[])
    session.post(
        "https://api.example.com/x", params={"page": 2}, json={"customer": "Ltd"}, headers={"X-One": "1"}
    )
    refresh, call = requests_mock.request_history
    assert form(refresh) == {
        "grant_type": "refresh_token",
        "client_id": "my-app",
        "client_secret": "s3cret-of-the-client",
        "refresh_token": "rt-s3cret-1",
    }
    assert (call.json(), call.qs, call.headers["X-One"]) == ({"customer": "Ltd"}, {"page": ["2"]}, "1")
    assert call.headers["Authorization"] == "Bearer at-s3cret-2"
    assert cache.load().refresh_token == "rt-s3cret-2"


@pytest.mark.parametrize(("status", "body"), [(401, ""), (403, "")])
def test_a_token_the_api_refuses_is_renewed_once_and_the_call_sent_again(
    settings, cache, session, requests_mock, status, body
):
    """401, or an old token's 403, leads to one refresh and one resend."""
    cache.save(token_for(settings, lives=3000))
    requests_mock.post(settings.token_url, json=ANSWER)
    requests_mock.get("https://api.example.com/x", [{"status_code": status, "text": body}, {"json": [1]}])
    assert session.get("https://api.example.com/x").json() == [1]
    assert [request.method for request in requests_mock.request_history] == ["GET", "POST", "GET"]


def test_a_refusal_that_lasts_is_no_loop(settings, cache, session, requests_mock):
    """A second 401 is the answer; a fresh token's 403 is not even tried again."""
    cache.save(token_for(settings, lives=3000))
    requests_mock.post(settings.token_url, json=ANSWER)
    requests_mock.get("https://api.example.com/x", status_code=401)
    assert session.get("https://api.example.com/x").status_code == 401
    assert requests_mock.call_count == 3
    requests_mock.get("https://api.example.com/y", status_code=403)
    assert session.get("https://api.example.com/y").status_code == 403
    assert requests_mock.call_count == 4


def test_an_ended_login_asks_for_a_new_one_and_is_not_tried_again(settings, cache, session, requests_mock):
    """invalid_grant ends the login here; its file stays until the next login replaces it."""
    cache.save(token_for(settings, lives=-5))
    requests_mock.post(settings.token_url, json={"error": "invalid_grant"}, status_code=400)
    for _ in range(2):
        with pytest.raises(LoginRequired, match=r"connect\(\)") as caught:
            session.ensure_fresh()
        assert (requests_mock.call_count, session.current_token) == (1, None)
        assert caught.value.__cause__ is None
    cache.save(token_for(settings, number=3))
    assert session.ensure_fresh().access_token == "at-s3cret-3"


def test_a_token_without_refresh_token_ends_with_it(settings, cache, session):
    """Where the server gave no refresh token, somebody logs in again."""
    cache.save(dataclasses.replace(token_for(settings, lives=-5), refresh_token=None))
    with pytest.raises(LoginRequired, match="no refresh token"):
        session.ensure_fresh()


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_without_refresh_token_is_the_answer(settings, cache, session, requests_mock, status):
    """There is nothing to renew with; a 403 still means "not allowed", and not that the login ended."""
    cache.save(dataclasses.replace(token_for(settings, lives=3000), refresh_token=None))
    requests_mock.get("https://api.example.com/x", status_code=status)
    assert session.get("https://api.example.com/x").status_code == status
    assert requests_mock.call_count == 1


@pytest.mark.parametrize("part", ["data", "files", "stream"])
def test_a_body_that_was_read_is_not_sent_again_empty(settings, cache, session, requests_mock, part):
    """A file went off with a token that was refused: the refusal is the answer, and the next call works."""
    cache.save(token_for(settings, lives=3000))
    requests_mock.post(settings.token_url, json=ANSWER)
    requests_mock.post("https://api.example.com/x", [{"status_code": 401}, {"json": []}])
    file = io.BytesIO(b"contents")
    body = {"data": {"data": file}, "files": {"files": {"x": file}}, "stream": {"data": iter([b"contents"])}}
    assert session.post("https://api.example.com/x", **body[part]).status_code == 401
    assert requests_mock.call_count == 2
    assert session.post("https://api.example.com/x", data={"a": "b"}).status_code == 200
    assert requests_mock.last_request.headers["Authorization"] == "Bearer at-s3cret-2"


@pytest.mark.parametrize("verb", ["accept", "forget"])
def test_a_login_or_logout_waits_for_a_renewal_under_way(settings, cache, session, verb):
    """Else another process that is renewing now would put its token over it afterwards."""
    old, new = token_for(settings), token_for(settings, number=2)
    cache.save(old)
    with FileTokenStore(settings.token_cache, "default").lock():
        thread = threading.Thread(target=getattr(session, verb), args=(new,) if verb == "accept" else ())
        thread.start()
        thread.join(0.3)
        assert (thread.is_alive(), cache.load()) == (True, old)
    thread.join()
    assert cache.load() == (new if verb == "accept" else None)


def test_another_process_renewal_is_taken_over(settings, cache, session, requests_mock):
    """The cache is read again before refreshing: a token that a colleague's kernel renewed is used."""
    cache.save(token_for(settings, lives=30))
    assert session.current_token.access_token == "at-s3cret-1"
    FileTokenStore(settings.token_cache, "default").save(token_for(settings, number=5))
    requests_mock.get("https://api.example.com/x", json=[])
    session.get("https://api.example.com/x")
    assert requests_mock.last_request.headers["Authorization"] == "Bearer at-s3cret-5"
    assert requests_mock.call_count == 1


def test_a_renewal_that_crossed_ours_is_taken_over(settings, cache, session, requests_mock):
    """Where locks don't hold (NFS), invalid_grant may mean a colleague was first: look again."""
    cache.save(token_for(settings, lives=-5))

    def refuse(request, context):
        FileTokenStore(settings.token_cache, "default").save(token_for(settings, number=7))
        context.status_code = 400
        return {"error": "invalid_grant"}

    requests_mock.post(settings.token_url, json=refuse)
    assert session.ensure_fresh().access_token == "at-s3cret-7"
    assert (requests_mock.call_count, cache.load().access_token) == (1, "at-s3cret-7")


@pytest.fixture
def kept_login():
    """Log in at a sandbox, and return both ends."""
    with sandbox.start(deals=3) as box:
        connection = connect(box)
        yield box, connection.session


def set_clock(monkeypatch, seconds):
    """Put the package's clock forward, or back; the sandbox keeps its own."""
    shown = types.SimpleNamespace(time=lambda: time.time() + seconds)
    monkeypatch.setattr("salesmate_nb._auth.tokens.time", shown)


def paths_since(box, start):
    return [call.path for call in box.log[start:]]


@pytest.mark.parametrize("skew", [-600, 600])
def test_a_clock_that_is_wrong_all_along_does_no_harm(monkeypatch, skew):
    """Ten minutes off in either direction: lifetimes are counted by one clock, so nothing is renewed."""
    set_clock(monkeypatch, skew)
    with sandbox.start(deals=3) as box:
        session = connect(box).session
        start = len(box.log)
        assert session.get(f"{box.url}/v1/deals").status_code == 200
        assert paths_since(box, start) == ["/v1/deals"]


def test_a_clock_put_back_means_one_renewal_when_the_server_says_so(kept_login, monkeypatch):
    """A token that this clock thinks alive and the server does not costs one refresh and one resend."""
    box, session = kept_login
    set_clock(monkeypatch, -600)
    box.expire_access_tokens()
    start = len(box.log)
    assert session.get(f"{box.url}/v1/deals").status_code == 200
    assert paths_since(box, start) == ["/v1/deals", "/oauth/token", "/v1/deals"]


def test_a_laptop_that_slept_renews_before_it_calls(kept_login, monkeypatch):
    """Eight hours later the dead token is not even sent."""
    box, session = kept_login
    box.expire_access_tokens()
    set_clock(monkeypatch, 8 * 3600)
    start = len(box.log)
    for _ in range(2):
        assert session.get(f"{box.url}/v1/deals").status_code == 200
    assert paths_since(box, start) == ["/oauth/token", "/v1/deals", "/v1/deals"]


def test_a_logout_elsewhere_is_respected(settings, cache, session):
    """A kernel does not bring back a login that was ended on the command line."""
    cache.save(token_for(settings, lives=30))
    assert session.current_token
    cache.save(None)
    with pytest.raises(LoginRequired, match="ended elsewhere"):
        session.ensure_fresh()
    assert not cache.path.exists()


@pytest.mark.parametrize("disk", ["fine", "refuses"])
@pytest.mark.filterwarnings("ignore:The login cannot be kept")
def test_threads_share_one_refresh(settings, cache, session, requests_mock, disk):
    """Sixteen threads that find the token ended cause one refresh, be there a file to lock or not."""
    if disk == "refuses":
        settings.token_cache.touch()
        session = OAuthSession(settings, cache)
    cache.save(token_for(settings, lives=-5))
    requests_mock.post(settings.token_url, json=lambda *_: time.sleep(0.1) or ANSWER)
    requests_mock.get("https://api.example.com/x", json=[])
    threads = [threading.Thread(target=session.get, args=("https://api.example.com/x",)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    methods = [request.method for request in requests_mock.request_history]
    assert (methods.count("POST"), methods.count("GET")) == (1, 16)


@pytest.mark.parametrize("change", [{"client_id": "other"}, {"token_url": "https://other.example/token"}])
def test_a_token_of_another_client_is_left_alone(settings, cache, change):
    """A token issued for another client or server is neither used nor lost."""
    cache.save(token_for(settings))
    session = OAuthSession(dataclasses.replace(settings, **change), cache)
    with pytest.raises(LoginRequired):
        session.ensure_fresh()
    assert cache.load() is not None


@pytest.mark.parametrize("token_type", ["Bearer", "bearer", "BEARER", "Zoho-oauthtoken", None])
def test_any_token_type_is_sent_as_bearer(settings, session, requests_mock, token_type):
    """The type is sent in any case, or not at all."""
    requests_mock.post(settings.token_url, json={**ANSWER, "token_type": token_type, "scope": "changed"})
    requests_mock.get("https://api.example.com/x", json=[])
    session.accept(
        exchange_code(settings, build_authorization_request(settings, "https://x.example/"), Secret("c"))
    )
    session.get("https://api.example.com/x")
    assert requests_mock.last_request.headers["Authorization"] == "Bearer at-s3cret-2"


def test_the_base_class_refresh_sends_oauths_fields_only(settings, cache, session, requests_mock):
    """Who knows OAuth2Session may call refresh_token; its keywords go nowhere."""
    cache.save(token_for(settings))
    requests_mock.post(settings.token_url, json=ANSWER)
    shown = session.refresh_token("https://evil.example/", json={"customer": "Ltd"}, timeout=1)
    assert set(form(requests_mock.last_request)) == {
        "grant_type",
        "client_id",
        "client_secret",
        "refresh_token",
    }
    assert "s3cret" not in repr(shown)


def test_nothing_secret_is_logged_by_us_or_the_libraries(settings, cache, session, requests_mock, caplog):
    """At DEBUG for every logger, login, refresh, call and refusal leave no secret in the log."""
    caplog.set_level(logging.DEBUG)
    requests_mock.post(settings.token_url, json=ANSWER)
    requests_mock.get("https://api.example.com/x", json=[])
    asked = build_authorization_request(settings, "https://x.example/")
    session.accept(exchange_code(settings, asked, Secret("c0de-s3cret")))
    session.get("https://api.example.com/x")
    cache.save(token_for(settings, lives=-5, number=7))
    oauth.OAuthSession(settings, cache).get("https://api.example.com/x")
    assert "renewed" in caplog.text
    assert not any(word in caplog.text for word in ("s3cret", asked.verifier.reveal(), asked.state.reveal()))
