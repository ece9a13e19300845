"""The login of a connection: stored keys, their hosts, and how a login ends; over real sockets."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from salesmate_nb import LoginError, LoginRequired, Salesmate, Settings, SettingsError, cli, connect, sandbox
from salesmate_nb._auth.token_stores.file import FileTokenStore
from salesmate_nb._auth.token_stores.memory import MemoryTokenStore
from tests.helpers import is_private
from tests.live_account import LiveAccount, made


@pytest.fixture
def account():
    with LiveAccount(deals=made("deals", 5)) as running:
        yield running


@pytest.fixture
def given(account, tmp_path):
    """Return settings that name the account's host alone, as a gateway's users have them."""
    return Settings(api_url=account.url, token_cache=tmp_path / "logins", timezone="UTC")


@pytest.fixture
def nothing(given):
    """Return settings that name no account at all."""
    return Settings(token_cache=given.token_cache, timezone="UTC")


def log_in(account, settings, **arguments):
    connection = Salesmate(settings, **arguments)
    connection.login_with_key(account.linkname, account.session_key)
    return connection


def keys_seen(account):
    return [seen.headers.get("accesstoken") for seen in account.requests]


def test_key_is_stored(account, given, nothing):
    """One request proves the key; the next kernel connects without any settings or request."""
    connection = Salesmate(given)
    assert not connection.authorized
    assert connection.login_with_key("https://acme.salesmate.io/", account.session_key)
    assert (connection.authorized, len(account.requests)) == (True, 1)
    again = connect(nothing)
    assert (again.authorized, len(account.requests)) == (True, 1)
    assert (again.settings.linkname, again.settings.api_url) == ("acme", account.url)
    assert len(again.deals_df()) == 5
    assert again.status().who == f"{account.users[0]['name']} (Session Key)"
    path = given.token_cache / "default.json"
    assert is_private(path)
    assert is_private(path.parent)
    [entry] = json.loads(path.read_text())
    assert (entry["kind"], entry["linkname"], entry["api_url"]) == ("session key", "acme", account.url)


@pytest.mark.parametrize("key", ["access_key", "secret_key", "wrong", "expired"])
def test_refused_key_is_not_stored(account, given, key):
    """A key that is not accepted leaves nothing stored, and the next attempt works."""
    connection = Salesmate(given)
    account.expired = key == "expired"
    refused = {"wrong": "made-up", "expired": account.session_key}.get(key) or getattr(account, key)
    with pytest.raises(LoginError, match="did not accept this key"):
        connection.login_with_key("acme", refused)
    assert (connection.authorized, list(given.token_cache.glob("*.json"))) == (False, [])
    account.expired = False
    connection.login_with_key("acme", account.session_key)
    assert len(connection.deals_df()) == 5


def test_profiles_and_logout(account, given, nothing):
    """Another profile is another login; logout forgets one."""
    log_in(account, given)
    assert not Salesmate(nothing, profile="emea").authorized
    emea = log_in(account, given, profile="emea")
    emea.logout()
    assert (emea.authorized, Salesmate(nothing).authorized) == (False, True)
    assert [path.name for path in given.token_cache.glob("*.json")] == ["default.json"]


def test_logout_in_another_kernel(account, given, nothing):
    """The next read of another kernel notices a logout, and sends nothing."""
    kernel = log_in(account, given)
    Salesmate(nothing).logout()
    count = len(account.requests)
    with pytest.raises(LoginRequired, match="has logged out in another notebook"):
        kernel.deals_df()
    assert (kernel.authorized, len(account.requests)) == (False, count)


def test_logout_of_two_workspaces(account, given, nothing, capsys, monkeypatch):
    """logout forgets every login of the profile, with its rows, and names them; then nobody is connected."""
    with LiveAccount(seed=1, linkname="beta") as beta:
        for each in (account, beta):
            log_in(each, dataclasses.replace(given, api_url=each.url)).deals_df(refresh="auto")
        monkeypatch.setenv("SALESMATE_TOKEN_CACHE", str(given.token_cache))
        assert cli.main(["logout"]) == 0
        assert capsys.readouterr().err == "Logged out of acme and beta.\n"
        assert (Salesmate(nothing).authorized, list(given.token_cache.rglob("*.parquet"))) == (False, [])


@pytest.mark.parametrize("kind", ["memory", "own", "keyring"])
def test_other_stores(account, given, kind, tmp_path, keychain):
    """A key is kept in memory, in the keychain, or in a store of the user's own; in no file of ours."""
    store = FileTokenStore(tmp_path / "own", "default") if kind == "own" else None
    settings = dataclasses.replace(given, token_store="memory" if kind == "own" else kind)
    connection = log_in(account, settings, token_store=store)
    assert len(connection.deals_df()) == 5
    files = [path for path in given.token_cache.rglob("*") if path.is_file()]
    assert files == [] or kind == "keyring"
    assert not any(account.session_key.encode() in path.read_bytes() for path in files)
    assert Salesmate(settings, token_store=store).authorized == (kind != "memory")
    connection.logout()
    assert not Salesmate(settings, token_store=store).authorized


def test_key_is_not_logged(account, given, caplog):
    """No logger of any library writes the key, at any level: not at the login, a read, or a refusal."""
    caplog.set_level("DEBUG", logger="")
    connection = log_in(account, given)
    connection.deals_df()
    account.expired = True
    with pytest.raises(LoginRequired):
        connection.deals_df()
    assert {"salesmate_nb", "urllib3.connectionpool"} <= {record.name for record in caplog.records}
    assert account.session_key not in caplog.text


def test_login_at_another_server(provider, given):
    """An OAuth server that is not ours: a login by its link is kept for its host, and for no other."""
    settings = dataclasses.replace(
        given,
        client_id="my-app",
        client_secret="s3cret-of-the-client",
        auth_url=f"{provider}/oauth2/authorize",
        token_url=f"{provider}/oauth2/token",
        api_url=provider,
        redirect_uri="http://localhost:0/callback",
        scope="openid",
    )
    connection = Salesmate(settings)
    response = requests.post(connection.login_url, data={"sub": "jo@example.com"}, timeout=30)
    assert "Access allowed" in response.text
    assert connection.get("userinfo") == Salesmate(settings).get("userinfo") == {"sub": "jo@example.com"}
    assert not Salesmate(given).authorized
    connection.logout()
    assert not Salesmate(settings).authorized


def test_key_is_not_shown(account, given):
    """Neither the connection nor its parts show the key, and a pickle is refused."""
    connection = log_in(account, given)
    shown = f"{connection!r} {vars(connection)} {connection.settings!r} {vars(connection._login)}"
    shown += f"{connection.session.headers} {connection.status()!r}"
    assert account.session_key not in shown
    with pytest.raises(TypeError) as caught:
        pickle.dumps(connection)
    assert account.session_key not in str(caught.value)


@pytest.mark.parametrize(
    "line", ["SALESMATE_API_URL={url}", "SALESMATE_LINKNAME=evil\nSALESMATE_API_URL={url}"]
)
@pytest.mark.parametrize("kind", ["key", "token"])
def test_stranger_gets_nothing(account, given, monkeypatch, line, kind):
    """A .env that names another host does not receive a stored login."""
    monkeypatch.setenv("SALESMATE_TOKEN_CACHE", str(given.token_cache))
    with sandbox.start(deals=3, api="v1") as box, LiveAccount() as stranger:
        if kind == "key":
            log_in(account, given)
        else:
            client = {
                name: str(box.settings[name])
                for name in ("client_id", "client_secret", "token_url", "auth_url")
            }
            settings = Settings(
                **client,
                redirect_uri=box.settings.redirect_uri,
                api_url=box.url,
                token_cache=given.token_cache,
            )
            box.visit(Salesmate(settings).login_url)
            for name, value in client.items():
                monkeypatch.setenv(f"SALESMATE_{name.upper()}", value)
        Path(".env").write_text(line.format(url=stranger.url))
        connection = connect()
        assert not connection.authorized
        assert "is sent nowhere else" in connection.login_reason
        with pytest.raises(LoginRequired):
            connection.deals_df()
        assert stranger.requests == []


def test_two_workspaces(account, given, nothing):
    """Two accounts under one profile are kept beside one another; settings pick one, else the newest."""
    with LiveAccount(deals=made("deals", 2), linkname="globex", seed=1) as other:
        log_in(account, given)
        log_in(other, dataclasses.replace(given, api_url=other.url))
        for settings, rows in ((given, 5), (dataclasses.replace(given, api_url=other.url), 2), (nothing, 2)):
            assert len(Salesmate(settings).deals_df()) == rows
        assert set(keys_seen(account)) == {account.session_key}
        assert set(keys_seen(other)) == {other.session_key}


@pytest.mark.parametrize("how", ["expired", "regenerated"])
def test_key_ends_while_working(account, given, nothing, how):
    """A key that ends makes the login pending, with the reason, for every kernel; it is not tried again."""
    words = "has expired" if how == "expired" else "have been regenerated"
    connection = log_in(account, given)
    assert len(connection.deals_df()) == 5
    account.expired = how == "expired"
    account.session_key = account.session_key if account.expired else "renewed-key"
    with pytest.raises(LoginRequired, match=rf"{words}.*connect\(\)"):
        connection.deals_df()
    count = len(account.requests)
    for kernel in (connection, connect(nothing)):
        assert not kernel.authorized
        assert words in kernel.login_reason
        with pytest.raises(LoginRequired, match=words):
            kernel.deals_df()
    assert len(account.requests) == count
    account.expired, account.session_key = False, "renewed-key"
    connection.login_with_key("acme", "renewed-key")
    assert len(connection.deals_df()) == len(connect(nothing).deals_df()) == 5


LOG_IN = """
import sys
from pathlib import Path
from salesmate_nb import Salesmate, Settings
url, folder, key = sys.argv[1:]
Salesmate(Settings(api_url=url, token_cache=Path(folder))).login_with_key("acme", key)
"""


def test_key_of_another_kernel(account, given):
    """A key that another process has stored is used, in the middle of a read too."""
    connection = log_in(account, given)
    account.session_key = "renewed-key"
    command = [sys.executable, "-c", LOG_IN, account.url, str(given.token_cache), "renewed-key"]
    subprocess.run(command, check=True)
    assert len(connection.deals_df()) == 5
    assert connection.authorized


@pytest.mark.parametrize("place", ["environment", ".env", "argument"])
def test_key_of_settings_ends(account, given, monkeypatch, place):
    """The message says where the key came from; connect() asks once whether it works now."""
    values = {"SESSION_KEY": account.session_key, "LINKNAME": "acme", "API_URL": account.url}
    settings = None
    if place == "environment":
        for name, value in values.items():
            monkeypatch.setenv(f"SALESMATE_{name}", value)
    elif place == ".env":
        Path(".env").write_text("".join(f"SALESMATE_{name}={value}\n" for name, value in values.items()))
    else:
        settings = dataclasses.replace(given, linkname="acme", session_key=account.session_key)
    connection = connect(settings)
    account.expired = True
    with pytest.raises(LoginRequired, match="has expired") as caught:
        connection.deals_df()
    expected = {".env": str(Path(".env").absolute()), "argument": "the argument session_key"}
    assert expected.get(place, "SALESMATE_SESSION_KEY in the environment") in str(caught.value)
    count = len(account.requests)
    assert connect(settings) is connection
    assert (connection.authorized, len(account.requests)) == (False, count + 1)
    account.expired = False
    assert connect(settings).authorized
    with pytest.raises(SettingsError, match="comes before a stored one"):
        connection.login_with_key("acme", "other")


def test_key_in_place_of_a_dead_one(account, given, recwarn):
    """A key entered in place of a dead one of the settings is used by later kernels until they change."""
    dead = dataclasses.replace(given, linkname="acme", session_key="dead")
    connection = connect(dead)
    with pytest.raises(LoginRequired, match=r"the argument session_key.*Pass it to connect\(\)"):
        connection.deals_df()
    connection.login_with_key("acme", account.session_key)
    assert len(connection.deals_df()) == 5
    kernel = connect(dead)
    assert kernel.authorized
    assert "refused the Session Key of the argument session_key" in str(recwarn[-1].message)
    assert kernel.status().token_location == str(given.token_cache / "default.json")
    account.session_key = "renewed"
    assert len(connect(dataclasses.replace(dead, session_key="renewed")).deals_df()) == 5
    with pytest.raises(LoginRequired, match="entered in place"):
        kernel.deals_df()
    kernel.logout()
    assert list(given.token_cache.glob("*.json")) == []


def test_dead_key_offline_and_logout(account, given, nothing):
    """The next kernel still reads the snapshot of an account whose key has ended, and can forget the key."""
    connection = log_in(account, given)
    connection.deals_df(refresh="auto")
    account.expired = True
    with pytest.raises(LoginRequired):
        connection.get("apis/core/v4/users")
    count = len(account.requests)
    kernel = Salesmate(nothing)
    assert (kernel.authorized, len(kernel.deals_df(refresh="never"))) == (False, 5)
    kernel.logout()
    assert (list(given.token_cache.glob("*.json")), len(account.requests)) == ([], count)
    assert Salesmate(nothing).login_reason == ""


def test_dead_key_with_client(account, given):
    """With a client id in the settings, a key that has ended leaves both ways to log in."""
    client = {
        "client_id": "my-app",
        "auth_url": "https://auth.salesmate.io/",
        "redirect_uri": "https://x.example/",
    }
    connection = log_in(account, dataclasses.replace(given, **client))
    assert (connection.login_url, connection.unusual_hosts) == (None, [])
    account.expired = True
    with pytest.raises(LoginRequired, match="has expired"):
        connection.deals_df()
    assert connection.login_url.startswith("https://auth.salesmate.io/?")
    assert (connection.takes_key, "has expired" in connection.login_reason) == (True, True)


def test_two_processes_store_two_logins(account, given):
    """Two processes that log in to two hosts at once under one profile keep both logins."""
    with LiveAccount(seed=1) as other:
        running = [
            subprocess.Popen([sys.executable, "-c", LOG_IN, box.url, str(given.token_cache), box.session_key])
            for box in (account, other)
        ]
        assert [process.wait(60) for process in running] == [0, 0]
        for box in (account, other):
            assert Salesmate(dataclasses.replace(given, api_url=box.url)).get("apis/core/v4/users")


@pytest.mark.parametrize(("end", "reason"), [("401", "not accepted"), ("revoked", "invalid_grant")])
def test_dead_token(given, tmp_path, end, reason):
    """After a 401 that no refresh mends, or a revoked refresh token, connect() logs in again."""
    with sandbox.start(deals=3, api="v1") as box:
        connection = connect(box)
        if end == "401":
            box.script("/v1/deals", *[sandbox.ScriptedResponse(status=401)] * 2)
        else:
            box.revoke_all()
        with pytest.raises(LoginRequired):
            connection.deals_df()
        assert not connection.authorized
        assert reason in connection.login_reason
        count = len(box.log)
        assert not Salesmate(Settings(**box.settings)).authorized
        assert len(box.log) == count
        assert len(connect(box).deals_df()) == 3


def test_login_of_a_confidential_client(given):
    """Settings without its id and secret do not use its token, which they could not refresh; they say so."""
    with sandbox.start(deals=3, api="v1") as box:
        settings = Settings(**{**box.settings, "token_cache": given.token_cache})
        box.visit(Salesmate(settings).login_url)
        stranger = Salesmate(Settings(token_cache=given.token_cache))
        count = len(box.log)
        with pytest.raises(LoginRequired, match="SALESMATE_CLIENT_SECRET"):
            stranger.deals_df()
        assert (stranger.authorized, len(box.log)) == (False, count)
        assert Salesmate(settings).get("v1/deals")
        with pytest.raises(LoginError, match="no secret of its client"):
            stranger.logout()
        assert not Salesmate(settings).authorized


def test_login_of_a_public_client(given):
    """Without any settings the login of a public client is used, and refreshed."""
    with sandbox.start(deals=3, api="v1", client_secret=None) as box:
        box.visit(Salesmate(Settings(**{**box.settings, "token_cache": given.token_cache})).login_url)
        kernel = Salesmate(Settings(token_cache=given.token_cache))
        box.expire_access_tokens()
        assert kernel.get("v1/deals")


def test_logout_revokes_other_client(given):
    """The token of another client is revoked with its id; without its secret the error says so."""
    with sandbox.start(deals=3, api="v1") as box:
        connect(box)
        settings = Settings(**{**box.settings, "client_id": "another", "client_secret": None})
        with pytest.raises(LoginError, match="no secret of its client, sandbox-client"):
            Salesmate(settings).logout()
        assert (box.log[-1].path, box.log[-1].form["client_id"]) == ("/oauth/revoke", "sandbox-client")
        assert list(box.settings.token_cache.glob("*.json")) == []


@pytest.mark.parametrize("store", ["file", "own"])
def test_logout_that_the_disk_refuses(account, given, monkeypatch, store, tmp_path):
    """What could not be removed is named, and it is an error; at the command line the exit code is 1."""

    class Refusing(MemoryTokenStore):
        location = "the vault"

        def save(self, token):
            if token is None:
                raise OSError(30, "Read-only file system")
            super().save(token)

    connection = log_in(account, given, token_store=Refusing() if store == "own" else None)
    if store == "own":
        with pytest.raises(LoginError, match=r"could not be removed from the vault \(Read-only"):
            connection.logout()
        return
    connection.deals_df(refresh="auto")

    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    for name in ("unlink", "rmdir", "ftruncate"):
        monkeypatch.setattr(os, name, refuse)
    for name, value in (("API_URL", account.url), ("TOKEN_CACHE", given.token_cache)):
        monkeypatch.setenv(f"SALESMATE_{name}", str(value))
    shown = io.StringIO()
    with contextlib.redirect_stderr(shown):
        assert cli.main(["logout"]) == 1
    assert "The rows in " in shown.getvalue()
    assert "default.account could not be removed (Read-only file system)" in shown.getvalue()
    assert f"The login could not be removed from {given.token_cache / 'default.json'}" in shown.getvalue()


@pytest.mark.parametrize("disk", ["full for a moment", "full"])
def test_full_disk_at_a_refresh(given, monkeypatch, disk):
    """The server never sees a refresh token twice, whatever the disk refuses; the kernel stays logged in."""
    with sandbox.start(deals=3) as box:
        settings = Settings(**{**box.settings, "token_cache": given.token_cache})
        connection = Salesmate(settings)
        box.visit(connection.login_url)
        real, left = os.fsync, [2 if disk == "full for a moment" else 10**6]

        def refuse(handle):
            left[0] -= 1
            if left[0] >= 0:
                raise OSError(28, "No space left on device")
            real(handle)

        monkeypatch.setattr(os, "fsync", refuse)
        box.expire_access_tokens()
        is_kept = disk == "full for a moment"
        with contextlib.nullcontext() if is_kept else pytest.warns(UserWarning, match="No space left"):
            assert connection.session.get(f"{box.url}/apis/core/v4/users").ok
        assert Salesmate(settings).authorized == is_kept
        assert connection.session.refresh_token()
        sent = [request for request in box.log if request.form.get("grant_type") == "refresh_token"]
        assert [request.status for request in sent] == [200, 200]
