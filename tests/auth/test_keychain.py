"""The keychain in place of the file: the same two methods, and nothing on the disk but a lock."""

from __future__ import annotations

import sys
import traceback

import keyring
import pytest
from keyring.errors import KeyringLocked
from keyrings.alt.file import PlaintextKeyring

from salesmate_nb import SettingsError, connect, sandbox
from salesmate_nb._auth.token_store import KeyringTokenStore
from salesmate_nb._auth.tokens import Token, serialize
from salesmate_nb.settings import Settings

ANSWER = {"access_token": "at-s3cret", "refresh_token": "rt-s3cret", "expires_in": 3600}


@pytest.fixture
def chain(tmp_path):
    """Return a keychain that lies in a file of its own."""
    made, before = PlaintextKeyring(), keyring.get_keyring()
    made.file_path = str(tmp_path / "keychain.cfg")
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def cache(tmp_path, chain):
    return KeyringTokenStore(tmp_path / "cache", "default")


@pytest.fixture
def token(settings):
    return Token.from_response(ANSWER, settings)


def test_a_saved_token_is_loaded_again(cache, token):
    """What was saved is what is loaded, also by the next process; the disk holds no token."""
    with cache.lock():
        cache.save(token)
    assert KeyringTokenStore(cache.path.parent, "default").load() == token
    assert [path.name for path in cache.path.parent.iterdir()] == ["default.lock"]
    assert "keychain" in cache.location


def test_saving_none_forgets(cache, token):
    """Logging out removes it; doing so twice is no error."""
    cache.save(token)
    cache.save(None)
    cache.save(None)
    assert cache.load() is None


def test_profiles_and_token_caches_are_kept_apart(cache, token, tmp_path):
    """Another profile, or another folder, is another login."""
    cache.save(token)
    assert KeyringTokenStore(tmp_path / "cache", "emea").load() is None
    assert KeyringTokenStore(tmp_path / "other", "default").load() is None


def test_a_damaged_entry_means_logging_in_again(cache, chain, token):
    """What is no token is said to be none, and replaced by the next login."""
    cache.save(token)
    chain.set_password("salesmate_nb", cache._name, "{")
    with pytest.warns(UserWarning, match="keychain, as salesmate_nb is damaged. Log in again"):
        assert cache.load() is None


@pytest.mark.parametrize("verb", ["get_password", "set_password"])
def test_a_keychain_that_refuses_means_memory(cache, chain, token, monkeypatch, verb):
    """Locked, absent or broken: one warning that shows no token, and memory from then on."""

    def refuse(*what):
        raise KeyringLocked(f"cannot handle {what}")

    monkeypatch.setattr(chain, verb, refuse)
    with pytest.warns(UserWarning, match=r"\(KeyringLocked\).*SALESMATE_TOKEN_STORE=file") as warned:
        cache.save(token)
        cache.load()
    assert len(warned) == 1
    assert "s3cret" not in str(warned[0].message)
    cache.save(token)
    assert (cache.load(), cache.location) == (token, "memory only")


def test_an_error_of_the_keychains_is_not_chained(cache, chain, token, monkeypatch):
    """It may quote what it was given, and its frames hold it."""

    def refuse(*what):
        raise KeyringLocked(f"cannot handle {what}")

    monkeypatch.setattr(chain, "set_password", refuse)
    with pytest.raises(OSError, match="KeyringLocked") as caught:
        cache._put(serialize(token))
    assert caught.value.__cause__ is caught.value.__context__ is None
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "s3cret" not in "".join(told.format())


def test_without_keyring_the_extra_is_named(tmp_path, monkeypatch):
    """The error tells what to install."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SettingsError, match=r'pip install "salesmate-nb\[keyring\]"'):
        KeyringTokenStore(tmp_path, "default")


def test_a_login_is_kept_in_the_keychain(chain, tmp_path):
    """connect() logs in once, renews and is silent afterwards; no other file has a token."""
    with sandbox.start(deals=5) as box:
        told = {**box.settings, "token_store": "keyring", "token_cache": tmp_path / "cache"}
        connection = connect(Settings(**told))
        box.visit(connection.login_url)
        box.expire_access_tokens()
        assert len(connection.deals_df()) == 5
        again = connect(Settings(**told), profile="default")
        assert len(again.deals_df()) == 5
        held = again.session.current_token.refresh_token.reveal()
        again.logout()
    assert chain.get_password("salesmate_nb", str(tmp_path / "cache" / "default")) is None
    assert not any(held in path.read_text("latin-1") for path in (tmp_path / "cache").iterdir())
