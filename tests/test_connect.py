"""connect() and deals_df(), over real sockets against the sandbox."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
from pathlib import Path

import pytest
import requests

from salesmate_nb import (
    LoginRequired,
    Salesmate,
    Settings,
    SettingsError,
    _connect,
    connect,
    deals_df,
    sandbox,
)
from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._ui import prompt
from salesmate_nb._ui.frontend import Frontend
from salesmate_nb._ui.panel import panel
from salesmate_nb.token_stores import FileTokenStore
from tests.helpers import decide
from tests.live_account import LiveAccount


@pytest.fixture
def box():
    with sandbox.start(deals=60) as running:
        yield running


@pytest.fixture
def asking():
    with sandbox.start(deals=60, approve="ask") as running:
        yield running


def test_sandbox_oauth_flow(box):
    """Authorize with PKCE, receive the redirect, exchange the code, read with the bearer token."""
    connection = connect(box)
    assert connection.authorized
    assert len(deals_df(limit=5)) == 5
    authorization, token = box.log[0], box.log[1]
    (read,) = (request for request in box.log if request.path == "/apis/deal/v4/search")
    assert (authorization.path, authorization.query["code_challenge_method"]) == ("/oauth/authorize", "S256")
    assert authorization.query["redirect_uri"].startswith("http://127.0.0.1:")
    assert (token.path, token.form["grant_type"]) == ("/oauth/token", "authorization_code")
    assert token.form["code_verifier"]
    assert read.headers["Authorization"].split()[0] == "Bearer"


def test_second_kernel_reuses_token(box):
    """The stored token serves another connection: no login, no request."""
    connect(box)
    calls = len(box.log)
    _connect._newest.clear()
    again = connect(Settings(**box.settings))
    assert (again.authorized, len(box.log)) == (True, calls)


def test_sandbox_token_cache_is_separate(box):
    """The sandbox brings a token folder of its own."""
    Settings.load()
    connection = connect(box)
    assert str(connection.settings.token_cache) != str(Settings.load().token_cache)
    assert connection.status().token_location.startswith(str(box.settings.token_cache))


def test_pending_connection(asking):
    """Without a frontend, the connection is pending and prints nothing; reading names the next step."""
    connection = connect(asking)
    assert not connection.authorized
    assert "pending" in repr(connection)
    with pytest.raises(LoginRequired, match="salesmate-nb login"):
        connection.deals_df()
    with pytest.raises(LoginRequired):
        connection.get("apis/core/v4/users")
    with pytest.raises(LoginRequired):
        deals_df()
    assert len(asking.log) == 0


def test_rerun_keeps_login_url(asking):
    """The address stays the same, so a tab that is open still works."""
    first = connect(asking)
    again = connect(asking)
    assert again is first
    assert again.login_url == first.login_url
    assert requests.get(decide(first.login_url), timeout=30).ok
    assert again.authorized
    assert again.login_url is None
    assert connect(asking).authorized


def test_profiles_are_separate(asking):
    """A profile is a login with a file of its own."""
    one, two = connect(asking), connect(asking, profile="emea")
    one.finish_login(decide(one.login_url))
    assert (one.authorized, two.authorized) == (True, False)
    with pytest.raises(LoginRequired, match=r"connect\(profile='emea'\).*login --profile emea"):
        two.deals_df()
    two.finish_login(decide(two.login_url))
    names = {path.name for path in two.settings.token_cache.glob("*.json")}
    assert names == {"default.json", "emea.json"}


def test_wait_for_redirect(asking, monkeypatch, capsys):
    """connect(wait=...) blocks until the redirect arrives, and shows the address."""
    shown, real = [], LoginFlow.url.fget
    user = threading.Thread(target=lambda: requests.get(decide(shown[0]), timeout=30))

    def url(login):
        shown.append(real(login))
        if len(shown) == 1:
            user.start()
        return shown[0]

    monkeypatch.setattr(LoginFlow, "url", property(url))
    assert connect(asking, wait=60).authorized
    user.join()
    assert shown[0] in capsys.readouterr().err


def test_wait_times_out(asking):
    """If the login is not completed in time, the connection is pending, without an error."""
    assert not connect(asking, wait=0.05).authorized


class PanelNobodyUses:
    """A panel whose wait ends without a login."""

    def wait(self, seconds=None):
        """Return at once."""


@pytest.mark.parametrize("there", list(Frontend))
def test_no_wait_if_port_is_taken(asking, monkeypatch, there):
    """If the redirect cannot be received, connect() shows the panel or prompt without waiting."""
    shown = []
    monkeypatch.setattr(panel, "show", lambda _: shown.append(Frontend.NOTEBOOK) or PanelNobodyUses())
    monkeypatch.setattr(prompt, "ask", lambda _: shown.append(Frontend.TERMINAL))
    monkeypatch.setattr(_connect, "frontend", lambda: there)
    monkeypatch.setattr(LoginFlow, "wait", lambda *_: pytest.fail("it waits"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        redirect = f"http://127.0.0.1:{other.getsockname()[1]}/callback"
        settings = Settings(**dict(asking.settings) | {"redirect_uri": redirect})
        assert not connect(settings, wait=60).authorized
    assert shown == ([] if there is Frontend.NOBODY else [there])


def test_rerun_after_expiry(asking):
    """After the link expired, running the cell again shows a fresh one."""
    connection = connect(asking)
    old = connection.login_url
    connection.pending_login().expire()
    assert connect(asking) is connection
    assert connection.pending_login().phase is LoginState.WAITING
    assert connection.login_url != old


@pytest.mark.parametrize("there", [Frontend.TERMINAL, Frontend.NOBODY])
def test_browser_opens_in_terminal_only(asking, monkeypatch, there):
    """A terminal opens the browser; a job that waits does not."""
    opened = []
    monkeypatch.setattr(_connect, "frontend", lambda: there)
    monkeypatch.setattr(prompt, "open_browser", lambda url, _: opened.append(url))
    connection = connect(asking, wait=0.01)
    assert opened == ([connection.login_url] if there is Frontend.TERMINAL else [])


def test_frontend_decides_panel_or_prompt(asking, monkeypatch):
    """A notebook shows the panel, a terminal the prompt, anything else nothing."""
    shown = []
    monkeypatch.setattr(panel, "show", lambda offer: shown.append(("panel", offer.flow)))
    monkeypatch.setattr(prompt, "ask", lambda offer: shown.append(("prompt", offer.flow)))
    for there in (Frontend.NOTEBOOK, Frontend.TERMINAL, Frontend.NOBODY):
        monkeypatch.setattr(_connect, "frontend", lambda there=there: there)
        connect(asking)
    assert [what for what, _ in shown] == ["panel", "prompt"]
    assert shown[0][1] is shown[1][1]


def test_refused_key_of_the_settings(monkeypatch):
    """The panel says why a key of the settings is not used and what to do, and takes another instead."""
    shown = []
    monkeypatch.setattr(_connect, "frontend", lambda: Frontend.NOTEBOOK)
    monkeypatch.setattr(panel, "show", shown.append)
    monkeypatch.setattr(Path, "home", Path.cwd)
    with LiveAccount() as account:
        lines = f"LINKNAME={account.linkname}", f"SESSION_KEY={account.access_key}", f"API_URL={account.url}"
        Path(".env").write_text("".join(f"SALESMATE_{line}\n" for line in lines))
        with pytest.raises(LoginRequired):
            connect().deals_df()
        connection = connect()
        [offer] = shown
        head = panel.Panel(offer)._head.value
        assert "The Session Key was not accepted." in head
        assert "It is the key of SALESMATE_SESSION_KEY in ~/.env." in head
        assert "Then run connect() again. Or enter another key here" in head
        offer.with_key(account.linkname, Secret(account.session_key))
        assert len(connection.deals_df()) == 0


def test_missing_credentials():
    """Without any settings connect() is pending, and reading names the two variables."""
    connection = connect()
    assert (connection.authorized, connection.login_url) == (False, None)
    with pytest.raises(LoginRequired, match=r"connect\(\).*SALESMATE_SESSION_KEY and SALESMATE_LINKNAME"):
        deals_df()


@pytest.mark.parametrize("target", [7, "acme", object()])
def test_invalid_target(target):
    """connect() takes settings, a sandbox or nothing."""
    with pytest.raises(SettingsError, match=type(target).__name__):
        connect(target)


def test_settings_from_environment(box, monkeypatch):
    """connect() and deals_df() alone read the environment."""
    monkeypatch.setenv("SALESMATE_TIMEZONE", box.settings.timezone)
    for name in ("linkname", "session_key", "api_url"):
        value = {"linkname": box.linkname, "session_key": box.session_key, "api_url": box.url}[name]
        monkeypatch.setenv(f"SALESMATE_{name.upper()}", value)
    assert len(deals_df()) == 60


class DictStore:
    """A token store of somebody else's, written from the protocol alone."""

    location = "a dictionary"

    def __init__(self):
        self.kept, self.lock_count = {}, 0

    def load(self):
        return self.kept.get("token")

    def save(self, token):
        self.kept["token"] = token

    @contextlib.contextmanager
    def lock(self):
        self.lock_count += 1
        yield


def test_own_token_store(box):
    """connect(token_store=...) keeps the login there, and nowhere else."""
    store = DictStore()
    connection = connect(box, token_store=store)
    assert connection.authorized
    assert store.kept["token"].access_token == connection.session.current_token.access_token
    assert not list(box.settings.token_cache.glob("*.json"))
    assert connection.status().token_location == "a dictionary"
    assert Salesmate(Settings(**box.settings), token_store=store).authorized
    assert not connect(Settings(**box.settings), token_store=DictStore()).authorized


@pytest.fixture
def in_memory(asking):
    """Return settings that keep the login in memory."""
    return Settings(**dict(asking.settings) | {"token_store": "memory"})


@pytest.mark.parametrize("there", [Frontend.NOBODY, Frontend.TERMINAL])
def test_memory_store_on_a_server(in_memory, monkeypatch, there):
    """Without a kernel, several people may share the process: each connect() is on its own."""
    monkeypatch.setattr(_connect, "frontend", lambda: there)
    monkeypatch.setattr(prompt, "ask", lambda login: None)
    first = connect(in_memory)
    second = connect(in_memory)
    assert second is not first
    first.finish_login(decide(first.login_url))
    assert (first.authorized, second.authorized, connect(in_memory).authorized) == (True, False, False)
    assert len(first.deals_df()) == 60
    assert _connect._newest == []


def test_memory_store_in_a_kernel(in_memory, monkeypatch):
    """A kernel serves one person: running connect() again does not ask again."""
    monkeypatch.setattr(_connect, "has_kernel", lambda: True)
    first = connect(in_memory)
    assert connect(in_memory) is first
    first.finish_login(decide(first.login_url))
    assert connect(in_memory).authorized
    assert len(deals_df()) == 60
    assert not connect(in_memory, profile="emea").authorized


def test_memory_store_writes_nothing(in_memory, tmp_path):
    """Nothing is on disk, and a snapshot is refused with what to do instead."""
    settings = dataclasses.replace(in_memory, linkname="acme", token_cache=tmp_path / "nothing")
    connection = connect(settings)
    connection.finish_login(decide(connection.login_url))
    connection.get("apis/core/v4/users")
    assert not settings.token_cache.exists()
    with pytest.raises(SettingsError, match="SALESMATE_TOKEN_STORE=memory"):
        connection.deals_df(refresh="auto")
    connection.logout()
    assert not settings.token_cache.exists()


@pytest.mark.parametrize("profile", ["../other", "", "a/b", "x" * 65])
def test_profile_name_with_own_store(box, profile):
    """A profile names files, also if the token is stored elsewhere."""
    with pytest.raises(SettingsError, match="profile"):
        connect(box, profile=profile, token_store=DictStore())


def test_own_store_has_no_snapshots(box, tmp_path):
    """Snapshots are those of one login: another one has none, and its logout leaves them."""
    settings = Settings(**dict(box.settings) | {"linkname": box.linkname})
    connect(settings)
    box.visit(connect(settings).login_url)
    connect(settings).deals_df(refresh="auto")
    other = connect(settings, token_store=FileTokenStore(tmp_path / "visitor", "default"))
    box.visit(other.login_url)
    for refresh in ("auto", "never"):
        with pytest.raises(SettingsError, match=r"connect\(token_store=...\)"):
            other.deals_df(refresh=refresh)
    other.logout()
    assert len(connect(settings).deals_df(refresh="never")) == 60
