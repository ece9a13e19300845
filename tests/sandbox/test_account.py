"""The settings that a client gets."""

from __future__ import annotations

import dataclasses

import pytest

from salesmate_nb.sandbox import Account


def test_oauth_and_v4(start):
    """By default a client gets the OAuth client, the endpoints of this sandbox, and the linkname for v4."""
    server = start(time_zone="Europe/Berlin")
    account = {**server.settings}
    assert account.pop("token_cache").is_dir()
    assert account == {
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "redirect_uri": "http://127.0.0.1:0/callback",
        "auth_url": f"{server.url}/oauth/authorize",
        "token_url": f"{server.url}/oauth/token",
        "revoke_url": f"{server.url}/oauth/revoke",
        "api_url": server.url,
        "timezone": "Europe/Berlin",
        "linkname": "sandbox",
    }


def test_v1(start):
    """With api="v1" there is no linkname, so that ``/v1/deals`` is read, as in Salesmate's OAuth guide."""
    account = {**start(api="v1").settings}
    assert "linkname" not in account
    assert account["client_id"] == "sandbox-client"


def test_session_key(start):
    """With login="session_key" a client gets the key and the linkname, and nothing of OAuth."""
    server = start(login="session_key", linkname="acme")
    assert {**server.settings} == {
        "api_url": server.url,
        "timezone": "UTC",
        "linkname": "acme",
        "session_key": server.session_key,
        "token_cache": server.settings.token_cache,
    }


def test_replace(start):
    """dataclasses.replace() makes an account with other settings."""
    server = start()
    account = dataclasses.replace(server.settings, linkname=None, session_key=server.session_key)
    assert account["session_key"] == "sandbox-session-key"
    assert isinstance(account, Account)
    for mapping, name in ((account, "linkname"), (server.settings, "session_key"), (account, "keys")):
        with pytest.raises(KeyError):
            mapping[name]


def test_repr_hides_secrets(start):
    """The reprs of account, sandbox and store show no secret."""
    server = start()
    account = dataclasses.replace(server.settings, session_key=server.session_key)
    shown = repr(account) + repr(server) + repr(server.deals)
    assert "sandbox-secret" not in shown
    assert "session-key" not in shown
