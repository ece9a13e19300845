"""The token stores that the settings can name."""

from __future__ import annotations

import dataclasses

import pytest

from salesmate_nb import SettingsError
from salesmate_nb._auth.token_stores.file import FileTokenStore
from salesmate_nb._auth.token_stores.keyring import KeyringTokenStore
from salesmate_nb._auth.token_stores.registry import STORES, make_token_store, stored_profiles
from salesmate_nb._base.secret.text import Secret
from salesmate_nb.settings import Settings


def names(folder):
    return sorted(path.name for path in folder.iterdir())


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
    """A profile names a file, and nothing outside of its folder, in every store."""
    with pytest.raises(SettingsError, match="profile"):
        make_token_store(Settings(token_store=kind, token_cache=tmp_path), profile)
