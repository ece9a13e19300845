"""Options, and the account that a client gets."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from salesmate_nb import sandbox
from salesmate_nb.sandbox import Account, Options


def test_start_takes_options():
    """The keywords of start() and the fields of Options are the same, with the same defaults."""
    parameters = inspect.signature(sandbox.start).parameters.values()
    defaults = {parameter.name: parameter.default for parameter in parameters}
    assert defaults == {field.name: field.default for field in dataclasses.fields(Options)}
    assert {parameter.kind for parameter in parameters} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ({"approve": "never"}, "auto, ask"),
        ({"api": "v9"}, "v1, v4"),
        ({"deals": -1}, "0 or more"),
        ({"time_zone": "Mars"}, "Europe/Berlin"),
    ],
)
def test_invalid_option(option, hint):
    """The error message lists the valid values."""
    with pytest.raises(ValueError, match=hint):
        sandbox.start(**option)


def test_account_endpoints(start):
    """A client gets the endpoints of this sandbox, and a redirect URI with any port."""
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
    }


def test_v4_account(start):
    """With api="v4" the account includes the linkname."""
    assert start(api="v4").settings["linkname"] == "sandbox"


def test_account_replace(start):
    """dataclasses.replace() makes an account with a linkname and an access key."""
    server = start()
    account = dataclasses.replace(server.settings, linkname=server.linkname, access_token=server.access_key)
    assert {**account}["linkname"] == "sandbox"
    assert account["access_token"] == "sandbox-key"
    assert isinstance(account, Account)
    for name in ("access_token", "keys"):
        with pytest.raises(KeyError):
            server.settings[name]


def test_repr_hides_secrets(start):
    """The reprs of account, options, sandbox and store show no secret."""
    server = start()
    account = dataclasses.replace(server.settings, access_token=server.access_key)
    shown = repr(account) + repr(server) + repr(Options()) + repr(server.deals)
    assert "sandbox-secret" not in shown
    assert "sandbox-key" not in shown
