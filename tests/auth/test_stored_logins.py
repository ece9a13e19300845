"""Which stored login belongs to the settings, and the sentence that says why none does."""

from __future__ import annotations

import dataclasses
import json

import pytest

from salesmate_nb import Settings
from salesmate_nb._auth.stored_logins import add_login, end_login, find_login, remove_logins, why_none
from salesmate_nb._auth.token_stores.file import FileTokenStore
from salesmate_nb._auth.tokens import Token

ACME = Settings(linkname="acme", session_key="key-s3cret-1")
GLOBEX = Settings(linkname="globex", session_key="key-s3cret-2")
FIRST_FIELDS = (
    "access_token",
    "refresh_token",
    "obtained_at",
    "expires_at",
    "client_id",
    "token_url",
    "scope",
)


@pytest.fixture
def store(tmp_path):
    return FileTokenStore(tmp_path / "logins", "default")


def names(store, settings):
    found = find_login(store, settings)
    return None if found is None else found.linkname


def test_newest_account(store):
    """Settings that name no account get the newest; one that ended is not replaced by another workspace."""
    for settings in (GLOBEX, ACME):
        add_login(store, Token.from_key(settings))
    assert (names(store, Settings()), names(store, Settings(linkname="globex"))) == ("acme", "globex")
    end_login(store, find_login(store, Settings()), "The key of acme has expired.")
    assert (names(store, Settings()), names(store, Settings(linkname="globex"))) == (None, "globex")
    assert why_none(store, Settings()) == "The key of acme has expired."
    add_login(store, Token.from_key(ACME))
    assert names(store, Settings()) == "acme"


def test_client_does_not_hide_key(store):
    """With a client id in the settings, a stored key of any workspace is used; another host gets none."""
    add_login(store, Token.from_key(ACME))
    assert names(store, Settings(client_id="my-app")) == "acme"
    assert names(store, Settings(client_id="my-app", api_url="https://evil.example")) is None
    assert names(store, Settings(linkname="acme", api_url="https://evil.example")) is None


def test_secret_of_the_client(store):
    """The login of a client with a secret is not for settings that name no client; a key is still one."""
    client = Settings(client_id="my-app", client_secret="s3cret")
    add_login(store, Token.from_response({"access_token": "at-s3cret"}, client))
    assert find_login(store, client) is not None
    assert find_login(store, Settings()) is None
    assert why_none(store, Settings()).startswith(
        "The stored login is of the client my-app, which has a secret."
    )
    add_login(store, Token.from_key(ACME))
    assert names(store, Settings()) == "acme"
    assert "client" not in why_none(store, Settings(client_id="my-app", api_url="https://acme.salesmate.io"))


def test_remove(store):
    """The logins of every workspace are removed."""
    for settings in (GLOBEX, ACME):
        add_login(store, Token.from_key(settings))
    removed, still_in = remove_logins(store)
    assert ([token.account for token in removed], still_in) == (["globex", "acme"], "")
    assert (names(store, Settings()), names(store, GLOBEX)) == (None, None)


def test_file_of_first_version(store):
    """A login without a host is loaded, for the default host alone; its refresh records the host."""
    settings = Settings(client_id="my-app")
    token = Token.from_response({"access_token": "at-s3cret"}, settings)
    store.folder.mkdir()
    content = json.loads(token.to_json().reveal())
    store.path.touch(mode=0o600)
    store.path.write_text(json.dumps({"version": 1, **{name: content[name] for name in FIRST_FIELDS}}))
    old = find_login(store, settings)
    assert (old.access_token, old.api_url) == ("at-s3cret", None)
    for changes in ({"api_url": "https://evil.example"}, {"linkname": "acme"}):
        other = dataclasses.replace(settings, **{"api_url": "", **changes})
        assert find_login(store, other) is None
        assert "did not record its host" in why_none(store, other)
    store.save(Token.from_response({"access_token": "at-s3cret-2"}, settings, previous=old))
    assert [(token.access_token, token.api_url) for token in store.load_all()] == [
        ("at-s3cret-2", settings.api_url)
    ]
