"""Token stores: the protocol, the store in memory, and the choice that the settings make."""

from __future__ import annotations

import contextlib
import dataclasses
import pickle
import threading

import pytest

from salesmate_nb import SettingsError, sandbox
from salesmate_nb._auth.flow import LoginFlow
from salesmate_nb._auth.session import OAuthSession
from salesmate_nb._auth.token_store import (
    STORES,
    FileTokenStore,
    KeyringTokenStore,
    MemoryTokenStore,
    make_token_store,
    stored_profiles,
)
from salesmate_nb._auth.tokens import Token
from salesmate_nb._redaction import Secret
from salesmate_nb.settings import Settings


class DictTokenStore:
    """A foreign store, written from the protocol alone: JSON texts in a dict."""

    texts: dict[str, str] = {}  # noqa: RUF012 - the shared place
    mutex = threading.Lock()

    def __init__(self, name):
        self.name = name
        self.location = f"dict entry {name}"

    def load(self):
        text = self.texts.get(self.name)
        return None if text is None else Token.from_json(text)

    def save(self, token):
        if token is None:
            self.texts.pop(self.name, None)
        else:
            self.texts[self.name] = token.to_json().reveal()

    @contextlib.contextmanager
    def lock(self):
        with self.mutex:
            yield

    def profiles(self):
        return sorted(self.texts)


@pytest.fixture
def box():
    with sandbox.start(deals=3) as box:
        yield box


def log_in(box, store, **changes):
    """Log in at a sandbox with a store, and return the session."""
    settings = Settings(**{**box.settings, **changes})
    session = OAuthSession(settings, store)
    flow = LoginFlow(settings, session.accept)
    box.visit(flow.url)
    flow.close()
    return session


def test_foreign_store(box):
    """A store written from the protocol alone serves login, refresh, a second session and logout."""
    session = log_in(box, DictTokenStore("jo"))
    first = session.current_token
    box.expire_access_tokens()
    assert session.get(f"{box.url}/v1/deals").status_code == 200
    other = OAuthSession(Settings(**box.settings), DictTokenStore("jo"))
    assert other.ensure_fresh().access_token == session.current_token.access_token != first.access_token
    assert DictTokenStore("jo").profiles() == ["jo"]
    session.forget()
    assert DictTokenStore.texts == {}


def test_memory_store_writes_nothing(box, tmp_path):
    """Login, refresh and logout leave no folder, no lock and no file."""
    folder = tmp_path / "nowhere"
    store = make_token_store(
        Settings(**{**box.settings, "token_store": "memory", "token_cache": folder}), "default"
    )
    session = log_in(box, store, token_cache=folder)
    assert session.get(f"{box.url}/v1/deals").status_code == 200
    box.expire_access_tokens()
    assert session.get(f"{box.url}/v1/deals").status_code == 200
    assert store.load() == session.current_token
    assert not folder.exists()
    session.forget()
    assert (store.load(), folder.exists()) == (None, False)


def test_memory_stores_do_not_share(token, settings, tmp_path):
    """Each call of the factory makes a store of its own: no visitor of a server uses another's login."""
    settings = Settings(client_id="my-app", token_store="memory", token_cache=tmp_path / "cache")
    one, two = (make_token_store(settings, "default") for _ in range(2))
    one.save(token)
    assert (one.load(), two.load(), make_token_store(settings, "default").load()) == (token, None, None)
    assert (one.profiles(), stored_profiles(settings), one.location) == ([], [], "memory only")


def test_memory_store_shows_no_secret(token):
    """Neither its repr nor a pickle gives the token away."""
    store = MemoryTokenStore()
    store.save(token)
    assert "s3cret" not in f"{store!r} {store} {vars(store)}"
    with pytest.raises(TypeError) as caught:
        pickle.dumps(store)
    assert "s3cret" not in str(caught.value)


def test_memory_lock_excludes_threads(token):
    """While one thread holds the lock, another waits."""
    store, order, inside = MemoryTokenStore(), [], threading.Event()

    def second():
        inside.wait()
        with store.lock():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with store.lock():
        inside.set()
        thread.join(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.parametrize("kind", [("file", FileTokenStore), ("keyring", KeyringTokenStore)])
def test_factory(keychain, tmp_path, kind):
    """The settings name the kind of store and its folder."""
    store = make_token_store(Settings(token_store=kind[0], token_cache=tmp_path / "cache"), "emea")
    assert type(store) is kind[1]
    assert (store.folder, store.profile) == (tmp_path / "cache", "emea")


def test_registry_matches_settings():
    """The choices of SALESMATE_TOKEN_STORE are the stores of the registry."""
    with pytest.raises(SettingsError, match=f"one of: {', '.join(STORES)}\\."):
        Settings(token_store="other")


PERSISTENT = [kind for kind in STORES if kind != "memory"]


@pytest.mark.parametrize("kind", PERSISTENT)
def test_every_persistent_store(keychain, tmp_path, token, kind):
    """Each store of the registry gives a login to the next process, replaces it and deletes it."""
    settings = Settings(token_store=kind, token_cache=tmp_path / "cache")
    store, again = (make_token_store(settings, "default") for _ in range(2))
    assert store.load() is None
    newer = dataclasses.replace(token, access_token=Secret("at-s3cret-2"))
    for saved in (token, newer, None, None):
        with store.lock():
            store.save(saved)
        assert store.load() == again.load() == saved
    assert "s3cret" not in f"{store!r} {store.location}"


@pytest.mark.parametrize("kind", PERSISTENT)
def test_stored_profiles(keychain, settings, tmp_path, token, kind):
    """Logins of one folder are listed by name, and a logout removes its name; other files are not listed."""
    settings = Settings(token_store=kind, token_cache=tmp_path / "cache")
    assert stored_profiles(settings) == []
    for profile in ("emea", "default", "us.west-2"):
        make_token_store(settings, profile).save(token)
    (tmp_path / "cache" / "not a profile.json").touch()
    (tmp_path / "cache" / "not a profile.keyring").touch()
    assert stored_profiles(settings) == ["default", "emea", "us.west-2"]
    for other in STORES.keys() - {kind}:
        assert stored_profiles(Settings(token_store=other, token_cache=tmp_path / "cache")) == []
    assert stored_profiles(Settings(token_store=kind, token_cache=tmp_path / "other")) == []
    make_token_store(settings, "emea").save(None)
    assert stored_profiles(settings) == ["default", "us.west-2"]


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("profile", ["../x", "", ".hidden", "a/b", "a\\b", "x" * 65, "é"])
def test_profile_name(keychain, tmp_path, kind, profile):
    """A profile names a file, and nothing outside of its folder, whatever the store."""
    with pytest.raises(SettingsError, match="profile"):
        make_token_store(Settings(token_store=kind, token_cache=tmp_path), profile)
