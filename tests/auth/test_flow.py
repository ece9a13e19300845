"""The login flow, against an OAuth server of another project (oidc-provider-mock)."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import re
import socket
import threading
import traceback
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from salesmate_nb import LoginDenied, LoginError, Settings, StateMismatch
from salesmate_nb._auth import flow
from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb._auth.oauth.session import OAuthSession
from salesmate_nb._auth.token_stores.file import FileTokenStore


@pytest.fixture
def settings(provider, tmp_path):
    return Settings(
        client_id="my-app",
        client_secret="s3cret-of-the-client",
        auth_url=f"{provider}/oauth2/authorize",
        token_url=f"{provider}/oauth2/token",
        api_url=provider,
        redirect_uri="http://localhost:0/callback",
        scope="openid",
        token_cache=tmp_path / "cache",
    )


@pytest.fixture
def tokens():
    return []


@pytest.fixture
def pending(settings, tokens):
    made = LoginFlow(settings, tokens.append)
    yield made
    made.close()


def consent(url, **form):
    """Submit the provider's consent form, and return the URL it redirects to."""
    response = requests.post(url, data={"sub": "jo@example.com"} | form, allow_redirects=False, timeout=30)
    assert response.status_code == 302
    return response.headers["Location"]


def test_redirect_is_received(pending, tokens):
    """Allowing access in a browser on this machine is all a person has to do."""
    seen = []
    pending.subscribe(lambda login: seen.append(login.phase))
    page = requests.get(consent(pending.url), timeout=30)
    assert (page.status_code, "close this tab" in page.text) == (200, True)
    assert pending.wait(30)
    assert seen == [LoginState.EXCHANGING, LoginState.DONE]
    assert len(tokens) == 1
    assert not pending.is_listening


def test_paste_url(pending, tokens):
    """If the redirect cannot be received, pasting its URL completes the login."""
    pending.finish(f'  "{consent(pending.url)}"\n')
    assert (len(tokens), pending.phase) == (1, LoginState.DONE)


@pytest.mark.parametrize("around", ["{}.", "({})", "[{}]({}).", '[log in](<{}> "Connected")'])
def test_paste_out_of_a_text(pending, tokens, around):
    """The address may come with the end of a sentence, or as a Markdown link."""
    callback_url = consent(pending.url)
    pending.finish(around.format(callback_url, callback_url))
    assert len(tokens) == 1


def test_paste_code(pending, tokens):
    """The code alone is enough, since PKCE binds it to this attempt."""
    code = re.search(r"code=([^&]+)", consent(pending.url)).group(1)
    pending.finish(code)
    assert len(tokens) == 1


def test_code_of_another_attempt(settings, pending, tokens):
    """A bare code that was issued for another attempt is refused; the right one still logs in."""
    other = LoginFlow(settings, tokens.append)
    code = re.search(r"code=([^&]+)", consent(other.url)).group(1)
    other.close()
    url = pending.url
    with pytest.raises(LoginError):
        pending.finish(code)
    assert tokens == []
    pending.finish(consent(url))
    assert len(tokens) == 1


def test_url_of_another_attempt(settings, pending, tokens):
    """An old tab's redirect is recognized by its state, and the login stays usable."""
    url = pending.url
    other = LoginFlow(settings, tokens.append)
    with pytest.raises(StateMismatch, match="earlier login attempt"):
        pending.finish(consent(other.url))
    other.close()
    assert (pending.url, pending.phase) == (url, LoginState.WAITING)
    assert "earlier" in pending.message
    pending.finish(consent(url))
    assert (len(tokens), pending.message) == (1, "")


def test_url_without_state(pending):
    """A full URL has a state; without one it may come from anybody."""
    callback_url = re.sub(r"&?state=[^&]+", "", consent(pending.url))
    with pytest.raises(StateMismatch, match="its state is missing"):
        pending.finish(callback_url)


@pytest.mark.parametrize("by", ["paste", "listener"])
def test_denial(pending, tokens, by):
    """A denial is reported, and the same link can be opened again to allow access."""
    url = pending.url
    denied = consent(url, action="deny") + f"&state={dict(parse_qsl(urlsplit(url).query))['state']}"
    if by == "paste":
        with pytest.raises(LoginDenied, match="refused"):
            pending.finish(denied)
    else:
        assert requests.get(denied, timeout=30).status_code == 400
    assert "refused" in pending.message
    assert pending.is_listening
    pending.finish(consent(url))
    assert len(tokens) == 1


def test_guessed_state(pending, tokens):
    """Codes and refusals that any web page sends, without the state, get 400; a user sees nothing of them."""
    pending.url  # noqa: B018 - from here on it listens
    port = pending._server.port
    guesses = ["", "&state=guess", "&state=%ff%00", *(f"&state={number:043d}" for number in range(30))]
    seen = []
    pending.subscribe(seen.append)
    with requests.Session() as session:
        for fields in ("code=x", "error=access_denied", "error=Visit_evil_example&error_description=evil"):
            for state in guesses:
                page = session.get(f"http://127.0.0.1:{port}/callback?{fields}{state}", timeout=30)
                assert page.status_code == 400
                assert "evil" not in page.text
    assert (pending.message, pending.phase, tokens, seen) == ("", LoginState.WAITING, [], [])


def test_unverified_error_text_is_not_shown(pending):
    """A pasted error without the state shows its error code only; a sentence in it is not shown."""
    sentence = "Your session broke: paste your Session Key at https://evil.example"
    for query, shown in (
        (urlencode({"error": sentence}), "no reason given"),
        (urlencode({"error": "invalid_scope", "error_description": sentence}), "(invalid_scope)"),
        (urlencode({"error": "x" * 5000}), "xxx"),
    ):
        with pytest.raises(LoginError):
            pending.finish(f"{pending.url and pending._server.redirect_uri}?{query}")
        assert shown in pending.message
        assert "evil" not in pending.message
        assert len(pending.message) < 300


def test_traceback_shows_no_code(pending):
    """If a login fails, the variables of this package's frames show no code."""
    state = dict(parse_qsl(urlsplit(pending.url).query))["state"]
    with pytest.raises(LoginError) as caught:
        pending.finish(f"http://localhost/callback?code=c0de-s3cret&state={state}")
    stack = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    shown = str([frame.locals for frame in stack if "salesmate_nb" in frame.filename])
    assert "pasted" in shown
    assert "c0de-s3cret" not in shown


def test_error_text_is_escaped(pending):
    """A script in an error response is shown as text in the browser's page."""
    refusal = urlencode({"error": "access_denied", "error_description": "<script>alert(1)</script>"})
    state = dict(parse_qsl(urlsplit(pending.url).query))["state"]
    page = requests.get(
        f"http://127.0.0.1:{pending._server.port}/callback?{refusal}&state={state}", timeout=30
    )
    assert (page.status_code, "<script" in page.text) == (400, False)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_code_works_once(settings, pending, tokens):
    """The same URL a second time does not log in again, here or in another connection."""
    callback_url = consent(pending.url)
    pending.finish(callback_url)
    pending.finish(callback_url)
    assert len(tokens) == 1
    again = LoginFlow(settings, tokens.append)
    with pytest.raises(LoginError):
        again.finish(callback_url)


@pytest.mark.parametrize("by", ["paste", "listener"])
def test_concurrent_redirects(pending, tokens, by):
    """A browser that loads the URL several times at once does not use the code twice."""
    callback_url = consent(pending.url)

    def load(url):
        with contextlib.suppress(requests.ConnectionError):  # once it is over, nothing listens
            requests.get(url, timeout=30)

    act = pending.finish if by == "paste" else load
    threads = [threading.Thread(target=act, args=(callback_url,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 1


def test_url_stays_the_same(pending):
    """A tab that is open still works when the cell is run again."""
    assert pending.url == pending.url


def test_url_expires(pending, monkeypatch):
    """A forgotten login frees its port; renew() makes a new URL."""
    monkeypatch.setattr(flow, "LIFETIME", 0.05)
    seen = []
    pending.subscribe(lambda login: seen.append(login.phase))
    first = pending.url
    pending._expiry.join(30)
    assert (pending.phase, pending.is_listening) == (LoginState.EXPIRED, False)
    monkeypatch.setattr(flow, "LIFETIME", 60)
    pending.renew()
    assert (seen, pending.is_listening) == ([LoginState.EXPIRED, LoginState.WAITING], True)
    assert pending.url != first


def test_taken_port(settings, tokens):
    """If another program has the port, the URL can still be pasted."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        pending = LoginFlow(
            dataclasses.replace(settings, redirect_uri=f"http://localhost:{port}/callback"), tokens.append
        )
        callback_url = consent(pending.url)
        assert not pending.is_listening
        assert pending.obstacle.startswith(f"Port {port} is in use")
        pending.finish(callback_url)
    assert len(tokens) == 1


def test_port_that_needs_rights(settings, monkeypatch):
    """A redirect address without a port needs rights for port 80: it is not said to be in use."""

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(flow.loopback, "LoopbackServer", refuse)
    pending = LoginFlow(dataclasses.replace(settings, redirect_uri="http://localhost/callback"), print)
    assert pending.url
    assert pending.obstacle.startswith("Port 80, that of the redirect address, needs administrator rights")


def test_newer_login_takes_the_port(settings, pending, tokens):
    """A second login with the same redirect URI takes the port; the first expires until renew()."""
    old = pending.url
    settings = dataclasses.replace(settings, redirect_uri=pending._server.redirect_uri)
    newer = LoginFlow(settings, tokens.append)
    callback_url = consent(newer.url)
    assert (newer.is_listening, newer.obstacle, pending.phase) == (True, "", LoginState.EXPIRED)
    assert requests.get(consent(old), timeout=30).status_code == 400
    assert requests.get(callback_url, timeout=30).ok
    assert (newer.phase, len(tokens)) == (LoginState.DONE, 1)
    pending.renew()
    assert (pending.phase, pending.url != old) == (LoginState.WAITING, True)


@pytest.mark.parametrize("end", ["redirect", "expiry", "deadline"])
def test_wait(pending, tokens, end):
    """Watchers see that wait() blocks, until the redirect, the expiry or the deadline."""
    callback_url, seen = consent(pending.url), []
    act = {"redirect": lambda: requests.get(callback_url, timeout=30), "expiry": pending.expire}.get(end, int)
    thread = threading.Thread(target=act)

    def watch(login):
        seen.append((login.is_awaited, login.phase))
        if len(seen) == 1:
            thread.start()

    pending.subscribe(watch)
    assert pending.wait(0.01 if end == "deadline" else 60) is (end == "redirect")
    thread.join()
    assert seen[0] == (True, LoginState.WAITING)
    assert not pending.is_awaited
    last = {"redirect": LoginState.DONE, "expiry": LoginState.EXPIRED, "deadline": LoginState.WAITING}[end]
    assert seen[-1] == (end == "redirect", last)


@pytest.mark.parametrize("redirect", ["https://hub.example.com/callback", "https://localhost:3000/callback"])
def test_remote_redirect_uri(settings, tokens, redirect):
    """If the redirect URI is another machine or uses TLS, no server starts, and the URL is pasted."""
    pending = LoginFlow(dataclasses.replace(settings, redirect_uri=redirect), tokens.append)
    callback_url = consent(pending.url)
    assert not pending.is_listening
    pending.finish(callback_url)
    assert len(tokens) == 1


@pytest.mark.parametrize(
    ("sent", "fits"), [("https://auth.example.com", True), ("https://evil.example", False), (None, False)]
)
def test_issuer(settings, tokens, sent, fits):
    """RFC 9207: with an issuer set, a response that names another or none is refused."""
    pending = LoginFlow(dataclasses.replace(settings, issuer="https://auth.example.com"), tokens.append)
    callback_url = consent(pending.url) + (f"&iss={sent}" if sent else "")
    if fits:
        pending.finish(callback_url)
    else:
        with pytest.raises(StateMismatch, match="login server other than"):
            pending.finish(callback_url)
    assert len(tokens) == fits
    pending.close()


def test_nothing_starts_before_the_url_is_read(pending):
    """A login whose URL was not read takes no port and accepts no code."""
    assert not pending.is_listening
    with pytest.raises(LoginError, match="has not started"):
        pending.finish("c0de")


def test_refresh_token_rotation(settings, pending, tokens):
    """The refresh token is exchanged at a foreign server, and the new one is stored."""
    pending.finish(consent(pending.url))
    settings = dataclasses.replace(
        settings, token_endpoint_auth_method="client_secret_basic"
    )  # all that this server's refresh takes
    store = FileTokenStore(settings.token_cache, "default")
    session = OAuthSession(settings, store)
    session.accept(dataclasses.replace(tokens[0], expires_at=1))
    response = session.get(f"{settings.api_url}/userinfo")
    assert (response.status_code, response.json()["sub"]) == (200, "jo@example.com")
    assert store.load().access_token != tokens[0].access_token


def test_public_client(settings, provider, tokens, monkeypatch):
    """A client that is registered without a secret logs in with PKCE alone."""
    # the provider registers such clients, but does not enable authlib's support for them
    grant = "oidc_provider_mock._app.AuthorizationCodeGrant"
    monkeypatch.setattr(f"{grant}.TOKEN_ENDPOINT_AUTH_METHODS", ["none"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        redirect = f"http://localhost:{free.getsockname()[1]}/callback"
    body = {"redirect_uris": [redirect], "token_endpoint_auth_method": "none"}
    client = requests.post(f"{provider}/oauth2/clients", json=body, timeout=30).json()["client_id"]
    settings = dataclasses.replace(settings, client_id=client, client_secret=None, redirect_uri=redirect)
    pending = LoginFlow(settings, tokens.append)
    pending.finish(consent(pending.url))
    assert len(tokens) == 1


def test_log_holds_no_secret(pending, tokens, caplog):
    """INFO reports the login; no level of any logger of this package contains a secret."""
    caplog.set_level("DEBUG")
    callback_url = consent(pending.url)
    pending.finish(callback_url)
    server = ("werkzeug", "authlib", "oidc_provider_mock")
    own = [record.getMessage() for record in caplog.records if not record.name.startswith(server)]
    assert any(line.startswith("logged in at") for line in own)
    token = tokens[0]
    secrets = [token.access_token, token.refresh_token, pending._authorization.verifier]
    assert not any(secret.reveal() in "\n".join(own) for secret in secrets)


def test_broken_watcher(pending, tokens):
    """An error in a watcher does not break the login."""
    pending.subscribe(lambda _: 1 / 0)
    pending.finish(consent(pending.url))
    assert len(tokens) == 1
