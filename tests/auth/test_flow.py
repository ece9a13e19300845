"""A login on its way, against an OAuth server that we did not write (oidc-provider-mock)."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import socket
import threading
import traceback
from urllib.parse import parse_qsl, urlencode, urlsplit

import oidc_provider_mock
import pytest
import requests
from oidc_provider_mock import _app

from salesmate_nb import LoginDenied, LoginError, Settings, StateMismatch
from salesmate_nb._auth import flow as login
from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb._auth.session import OAuthSession
from salesmate_nb._auth.token_store import FileTokenStore


@pytest.fixture(scope="module")
def provider():
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


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
    """Submit the provider's consent form, and return the address it redirects to."""
    answer = requests.post(url, data={"sub": "jo@example.com"} | form, allow_redirects=False, timeout=5)
    assert answer.status_code == 302
    return answer.headers["Location"]


def test_the_redirect_is_caught(pending, tokens):
    """Allowing in a browser on this machine is all a person has to do."""
    seen = []
    pending.subscribe(lambda it: seen.append(it.phase))
    page = requests.get(consent(pending.url), timeout=5)
    assert (page.status_code, "close this tab" in page.text) == (200, True)
    assert pending.wait(5)
    assert seen == [LoginState.EXCHANGING, LoginState.DONE]
    assert len(tokens) == 1
    assert not pending.is_listening


def test_the_address_can_be_pasted(pending, tokens):
    """Where the redirect cannot be reached, its address does the same."""
    pending.finish(f'  "{consent(pending.url)}"\n')
    assert (len(tokens), pending.phase) == (1, LoginState.DONE)


def test_the_bare_code_can_be_pasted(pending, tokens):
    """The code alone will do, since PKCE binds it to this attempt."""
    code = re.search(r"code=([^&]+)", consent(pending.url)).group(1)
    pending.finish(code)
    assert len(tokens) == 1


def test_a_code_of_another_attempt_is_refused(settings, pending, tokens):
    """A bare code that was issued for another attempt does not log in here; the right one still does."""
    other = LoginFlow(settings, tokens.append)
    code = re.search(r"code=([^&]+)", consent(other.url)).group(1)
    other.close()
    url = pending.url
    with pytest.raises(LoginError):
        pending.finish(code)
    assert tokens == []
    pending.finish(consent(url))
    assert len(tokens) == 1


def test_another_attempts_address_leaves_this_one_usable(settings, pending, tokens):
    """An old tab's redirect is told apart by its state, and the attempt goes on."""
    url = pending.url
    other = LoginFlow(settings, tokens.append)
    with pytest.raises(StateMismatch, match="earlier login attempt"):
        pending.finish(consent(other.url))
    other.close()
    assert (pending.url, pending.phase) == (url, LoginState.WAITING)
    assert "earlier" in pending.message
    pending.finish(consent(url))
    assert (len(tokens), pending.message) == (1, "")


def test_an_address_without_state_is_refused(pending):
    """A whole address has a state; without one it may be anybody's."""
    address = re.sub(r"&?state=[^&]+", "", consent(pending.url))
    with pytest.raises(StateMismatch, match="its state is missing"):
        pending.finish(address)


@pytest.mark.parametrize("way", ["paste", "listener"])
def test_a_denial_is_said_and_can_be_thought_over(pending, tokens, way):
    """After Deny, the same link can be opened again, to allow."""
    url = pending.url
    denied = consent(url, action="deny")
    if way == "paste":
        with pytest.raises(LoginDenied, match="refused"):
            pending.finish(denied)
    else:
        assert requests.get(denied, timeout=5).status_code == 400
    assert "refused" in pending.message
    assert pending.is_listening
    pending.finish(consent(url))
    assert len(tokens) == 1


def test_the_listener_answers_a_strangers_guess_without_touching_the_login(pending, tokens):
    """A local page that guesses at the state gets 400; the login shows and does nothing."""
    pending.url  # noqa: B018 - from here on it listens
    port = pending._receiver.port
    guesses = ["", "&state=guess", "&state=%ff%00", *(f"&state={number:043d}" for number in range(100))]
    with requests.Session() as stranger:
        for state in guesses:
            page = stranger.get(f"http://127.0.0.1:{port}/callback?code=x{state}", timeout=5)
            assert page.status_code == 400
    assert (pending.message, pending.phase, tokens) == ("", LoginState.WAITING, [])


@pytest.mark.parametrize("way", ["listener", "paste"])
def test_a_stranger_puts_no_words_into_the_panel(pending, way):
    """A refusal without the state is told by its code alone; a sentence in it is not shown."""
    sentence = "Your session broke: paste your access key at https://evil.example"
    for query, shown in (
        (urlencode({"error": sentence}), "for a reason it does not name"),
        (urlencode({"error": "invalid_scope", "error_description": sentence}), "(invalid_scope)"),
        (urlencode({"error": "x" * 5000}), "xxx"),
    ):
        url = f"{pending.url and pending._receiver.redirect_uri}?{query}"
        if way == "listener":
            assert "evil" not in requests.get(url.replace("localhost", "127.0.0.1"), timeout=5).text
        else:
            with pytest.raises(LoginError):
                pending.finish(url)
        assert shown in pending.message
        assert "evil" not in pending.message
        assert len(pending.message) < 300


def test_no_traceback_shows_what_was_pasted(pending):
    """The variables of our frames hold no code when a login fails."""
    state = dict(parse_qsl(urlsplit(pending.url).query))["state"]
    with pytest.raises(LoginError) as caught:
        pending.finish(f"http://localhost/callback?code=c0de-s3cret&state={state}")
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = str([frame.locals for frame in told.stack if "salesmate_nb" in frame.filename])
    assert "pasted" in shown
    assert "c0de-s3cret" not in shown


def test_a_script_in_a_refusal_is_text(pending):
    """What a refusal says is shown as words, in the browser's page too."""
    refusal = urlencode({"error": "access_denied", "error_description": "<script>alert(1)</script>"})
    state = dict(parse_qsl(urlsplit(pending.url).query))["state"]
    page = requests.get(
        f"http://127.0.0.1:{pending._receiver.port}/callback?{refusal}&state={state}", timeout=5
    )
    assert (page.status_code, "<script" in page.text) == (400, False)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_code_works_once(settings, pending, tokens):
    """The same address a second time is no second login, here or in another connection."""
    address = consent(pending.url)
    pending.finish(address)
    pending.finish(address)
    assert len(tokens) == 1
    again = LoginFlow(settings, tokens.append)
    with pytest.raises(LoginError):
        again.finish(address)


@pytest.mark.parametrize("way", ["paste", "listener"])
def test_two_redirects_at_once_are_one_exchange(pending, tokens, way):
    """A browser that loads the address twice does not use the code twice."""
    address = consent(pending.url)

    def load(url):
        with contextlib.suppress(requests.ConnectionError):  # once it is over, nothing listens
            requests.get(url, timeout=30)

    act = pending.finish if way == "paste" else load
    threads = [threading.Thread(target=act, args=(address,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 1


def test_the_address_stays_the_same(pending):
    """A tab that is open still works when the cell is run again."""
    assert pending.url == pending.url


def test_an_address_expires_and_frees_its_port(pending, monkeypatch):
    """A forgotten login does not hold its port for ever; a fresh address is had on demand."""
    monkeypatch.setattr(login, "LIFETIME", 0.05)
    seen = []
    pending.subscribe(lambda it: seen.append(it.phase))
    first = pending.url
    pending._expiry.join(5)
    assert (pending.phase, pending.is_listening) == (LoginState.EXPIRED, False)
    monkeypatch.setattr(login, "LIFETIME", 60)
    pending.renew()
    assert (seen, pending.is_listening) == ([LoginState.EXPIRED, LoginState.WAITING], True)
    assert pending.url != first


def test_a_taken_port_means_pasting(settings, tokens):
    """Another program on the port does not stop the login."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        pending = LoginFlow(
            dataclasses.replace(settings, redirect_uri=f"http://localhost:{port}/callback"), tokens.append
        )
        address = consent(pending.url)
        assert not pending.is_listening
        assert pending.obstacle.startswith(f"Port {port} is in use")
        pending.finish(address)
    assert len(tokens) == 1


def test_a_newer_login_has_the_port_of_an_older_one(settings, pending, tokens):
    """Whoever mends the settings and tries again is caught; the older login expires, and can be renewed."""
    old = pending.url
    settings = dataclasses.replace(settings, redirect_uri=pending._receiver.redirect_uri)
    newer = LoginFlow(settings, tokens.append)
    address = consent(newer.url)
    assert (newer.is_listening, newer.obstacle, pending.phase) == (True, "", LoginState.EXPIRED)
    assert requests.get(consent(old), timeout=5).status_code == 400
    assert requests.get(address, timeout=5).ok
    assert (newer.phase, len(tokens)) == (LoginState.DONE, 1)
    pending.renew()
    assert (pending.phase, pending.url != old) == (LoginState.WAITING, True)


@pytest.mark.parametrize("end", ["redirect", "expiry", "deadline"])
def test_waiting_is_told_and_ends(pending, tokens, end):
    """Who watches knows that somebody blocks, until the redirect, the link's end or the deadline."""
    address, seen = consent(pending.url), []
    pending.subscribe(lambda it: seen.append((it.is_awaited, it.phase)))
    what = {"redirect": lambda: requests.get(address, timeout=5), "expiry": pending.expire}
    timer = threading.Timer(0.2, what.get(end, int))
    timer.start()
    assert pending.wait(0.01 if end == "deadline" else 60) is (end == "redirect")
    timer.join()
    assert seen[0] == (True, LoginState.WAITING)
    assert not pending.is_awaited
    last = {"redirect": LoginState.DONE, "expiry": LoginState.EXPIRED, "deadline": LoginState.WAITING}[end]
    assert seen[-1] == (end == "redirect", last)


@pytest.mark.parametrize("redirect", ["https://hub.example.com/callback", "https://localhost:3000/callback"])
def test_a_redirect_that_cannot_be_served_is_only_pasted(settings, tokens, redirect):
    """Where the registered redirect is not this machine, or wants TLS, nothing listens."""
    pending = LoginFlow(dataclasses.replace(settings, redirect_uri=redirect), tokens.append)
    address = consent(pending.url)
    assert not pending.is_listening
    pending.finish(address)
    assert len(tokens) == 1


@pytest.mark.parametrize(
    ("sent", "fits"), [("https://auth.example.com", True), ("https://evil.example", False), (None, False)]
)
def test_the_issuer_is_checked_where_it_is_set(settings, tokens, sent, fits):
    """RFC 9207: with an issuer set, a redirect that names another or none is refused."""
    pending = LoginFlow(dataclasses.replace(settings, issuer="https://auth.example.com"), tokens.append)
    address = consent(pending.url) + (f"&iss={sent}" if sent else "")
    if fits:
        pending.finish(address)
    else:
        with pytest.raises(StateMismatch, match="another login server"):
            pending.finish(address)
    assert len(tokens) == fits
    pending.close()


def test_nothing_is_bound_before_the_address_is_asked_for(pending):
    """A login that nobody looks at takes no port."""
    assert not pending.is_listening
    with pytest.raises(LoginError, match="has not begun"):
        pending.finish("c0de")


def test_a_refresh_rotates_at_a_foreign_server(settings, pending, tokens):
    """The refresh token is exchanged, and what the server rotated is kept."""
    pending.finish(consent(pending.url))
    settings = dataclasses.replace(settings, client_auth="basic")  # all that this server's refresh takes
    cache = FileTokenStore(settings.token_cache, "default")
    session = OAuthSession(settings, cache)
    session.accept(dataclasses.replace(tokens[0], expires_at=1))
    answer = session.get(f"{settings.api_url}/userinfo")
    assert (answer.status_code, answer.json()["sub"]) == (200, "jo@example.com")
    assert cache.load().access_token != tokens[0].access_token


def test_a_public_client_logs_in_with_pkce_alone(settings, provider, tokens, monkeypatch):
    """A client that is registered without a secret sends none."""
    # the provider registers such clients, but has authlib's way of letting them in switched off
    monkeypatch.setattr(_app.AuthorizationCodeGrant, "TOKEN_ENDPOINT_AUTH_METHODS", ["none"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        redirect = f"http://localhost:{free.getsockname()[1]}/callback"
    body = {"redirect_uris": [redirect], "token_endpoint_auth_method": "none"}
    client = requests.post(f"{provider}/oauth2/clients", json=body, timeout=5).json()["client_id"]
    settings = dataclasses.replace(settings, client_id=client, client_secret=None, redirect_uri=redirect)
    pending = LoginFlow(settings, tokens.append)
    pending.finish(consent(pending.url))
    assert len(tokens) == 1


def test_a_login_is_logged_without_its_secrets(pending, tokens, caplog):
    """INFO says that somebody logged in; no level of any logger of ours says with what."""
    caplog.set_level("DEBUG")
    address = consent(pending.url)
    pending.finish(address)
    server = ("werkzeug", "authlib", "oidc_provider_mock")
    own = [record.getMessage() for record in caplog.records if not record.name.startswith(server)]
    assert any(line.startswith("logged in at") for line in own)
    token = tokens[0]
    secrets = [token.access_token, token.refresh_token, pending._authorization.verifier]
    assert not any(secret.reveal() in "\n".join(own) for secret in secrets)


def test_a_broken_display_does_not_break_the_login(pending, tokens):
    """What a watcher raises is its own affair."""
    pending.subscribe(lambda _: 1 / 0)
    pending.finish(consent(pending.url))
    assert len(tokens) == 1
