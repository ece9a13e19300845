"""The token in the system's keychain."""

from __future__ import annotations

import subprocess
import sys
import threading
import traceback

import pytest
from keyring.errors import KeyringLocked

from salesmate_nb import SettingsError, connect, sandbox
from salesmate_nb._auth.token_stores.keyring import KeyringTokenStore
from salesmate_nb._auth.token_stores.registry import stored_profiles
from salesmate_nb.settings import Settings
from tests.helpers import is_private


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def box():
    with sandbox.start(deals=3) as box:
        yield box


ADD_LOGIN = """
import sys
from pathlib import Path
import keyring
from keyrings.alt.file import PlaintextKeyring
from salesmate_nb._auth.token_stores.keyring import KeyringTokenStore
from salesmate_nb._auth.tokens import Token
from salesmate_nb.settings import Settings
folder, profile, chain = sys.argv[1:]
made = PlaintextKeyring()
made.file_path = chain
keyring.set_keyring(made)
token = Token.from_response({"access_token": "at-s3cret"}, Settings(client_id="my-app"))
KeyringTokenStore(Path(folder), profile).save(token)
"""


def test_keyring_round_trip(keyring_store, token):
    """What was saved is loaded, also by the next process; the disk has empty files only."""
    with keyring_store.lock():
        keyring_store.save(token)
    assert KeyringTokenStore(keyring_store.folder, "default").load() == token
    files = {path.name: (path.stat().st_size, is_private(path)) for path in keyring_store.folder.iterdir()}
    assert files == {"default.keyring": (0, True), "default.lock": (0, True)}
    assert "keychain" in keyring_store.location


def test_keyring_logout(keyring_store, token):
    """Logging out removes the entry and its mark; a second time does nothing."""
    keyring_store.save(token)
    keyring_store.save(None)
    keyring_store.save(None)
    assert (keyring_store.load(), names(keyring_store.folder)) == (None, [])


def test_keyring_profiles_are_separate(keyring_store, token, tmp_path):
    """Another profile, or another folder, is another login."""
    keyring_store.save(token)
    assert KeyringTokenStore(tmp_path / "cache", "emea").load() is None
    assert KeyringTokenStore(tmp_path / "other", "default").load() is None


def test_keyring_mark_is_no_link(keyring_store, token, tmp_path):
    """A dangling link at the mark's path is replaced, and the file it names is not created."""
    keyring_store.folder.mkdir()
    (keyring_store.folder / "default.keyring").symlink_to(tmp_path / "elsewhere")
    keyring_store.save(token)
    assert not (tmp_path / "elsewhere").exists()
    assert keyring_store.profiles() == ["default"]


@pytest.mark.slow
def test_keyring_logins_of_several_processes(keychain, tmp_path):
    """Each process that adds a login at the same time is listed."""
    profiles = [f"team-{number}" for number in range(3)]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", ADD_LOGIN, str(tmp_path / "cache"), profile, str(tmp_path / profile)]
        )
        for profile in profiles
    ]
    assert [process.wait(60) for process in running] == [0] * len(profiles)
    assert stored_profiles(Settings(token_store="keyring", token_cache=tmp_path / "cache")) == profiles


class DictKeyring:
    """A keychain for threads; the other tests' is one file, rewritten at each change."""

    def __init__(self):
        self._texts = {}

    def get_password(self, *key):
        return self._texts.get(key)

    def set_password(self, service, name, text):
        self._texts[service, name] = text

    def delete_password(self, *key):
        del self._texts[key]


def test_keyring_logins_of_several_threads(tmp_path, token, monkeypatch):
    """Each thread that adds a login at the same time is listed; logging out removes its name alone."""
    monkeypatch.setitem(sys.modules, "keyring", DictKeyring())
    profiles = [f"team-{number}" for number in range(8)]
    stores = [KeyringTokenStore(tmp_path / "cache", profile) for profile in profiles]
    start = threading.Barrier(len(stores))

    def add(store):
        start.wait()
        store.save(token)

    threads = [threading.Thread(target=add, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].profiles() == profiles
    stores[3].save(None)
    assert stores[0].profiles() == [profile for profile in profiles if profile != "team-3"]


def test_corrupt_keyring_entry(keyring_store, keychain, token):
    """A corrupt entry is reported, and replaced by the next login."""
    keyring_store.save(token)
    keychain.set_password("salesmate_nb", keyring_store._name, "{")
    with pytest.warns(UserWarning, match="keychain, as salesmate_nb is corrupt. Log in again"):
        assert keyring_store.load() is None


@pytest.mark.parametrize("verb", ["get_password", "set_password"])
def test_locked_keyring_means_memory(keyring_store, keychain, token, monkeypatch, verb):
    """Locked, absent or broken: one warning that shows no token, and memory from then on."""

    def refuse(*arguments):
        raise KeyringLocked(f"cannot handle {arguments}")

    monkeypatch.setattr(keychain, verb, refuse)
    with pytest.warns(UserWarning, match=r"\(KeyringLocked\).*SALESMATE_TOKEN_STORE=file") as warned:
        keyring_store.save(token)
        keyring_store.load()
    assert len(warned) == 1
    assert "s3cret" not in str(warned[0].message)
    keyring_store.save(token)
    assert (keyring_store.load(), keyring_store.location) == (token, "memory only")


def test_keyring_error_is_not_chained(keyring_store, keychain, token, monkeypatch):
    """A keychain's error may quote the token, and its frames hold it."""

    def refuse(*arguments):
        raise KeyringLocked(f"cannot handle {arguments}")

    monkeypatch.setattr(keychain, "set_password", refuse)
    with pytest.raises(OSError, match="KeyringLocked") as caught:
        keyring_store.write_text(token.to_json())
    assert caught.value.__cause__ is caught.value.__context__ is None
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "s3cret" not in "".join(shown.format())


def test_missing_keyring_package(tmp_path, monkeypatch):
    """The error names the extra to install."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SettingsError, match=r'pip install "salesmate-nb\[keyring\]"'):
        KeyringTokenStore(tmp_path, "default")


def test_connect_with_keyring(keychain, tmp_path):
    """connect() logs in once, refreshes and is silent afterwards; no file holds a token."""
    with sandbox.start(deals=5) as box:
        settings = Settings(**{**box.settings, "token_store": "keyring", "token_cache": tmp_path / "cache"})
        connection = connect(settings)
        box.visit(connection.login_url)
        box.expire_access_tokens()
        assert len(connection.deals_df()) == 5
        again = connect(settings, profile="default")
        assert len(again.deals_df()) == 5
        refresh_token = again.session.current_token.refresh_token.reveal()
        assert stored_profiles(settings) == ["default"]
        again.logout()
    assert stored_profiles(settings) == []
    assert keychain.get_password("salesmate_nb", str(tmp_path / "cache" / "default")) is None
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert not any(refresh_token in path.read_text("latin-1") for path in files)
