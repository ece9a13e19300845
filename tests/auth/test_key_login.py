"""A Session Key that a person typed: checked here, then proven by one request to a live account."""

from __future__ import annotations

import pytest

from salesmate_nb import ConnectionFailed, LoginError, Settings, SettingsError, sandbox
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._auth.key_login import prove_key, settings_with_key
from salesmate_nb._base.secret.text import Secret
from tests.live_account import Behaviour, LiveAccount

KEY = Secret("key-s3cret")
UUID = "0a1B2c3d-0000-4000-8000-0123456789ab"


@pytest.fixture
def account():
    with LiveAccount() as made:
        yield made


def proven(account, **changes):
    given = {"linkname": account.linkname, "session_key": account.session_key, "api_url": account.url}
    settings = Settings(**given | changes)
    return prove_key(settings, RateLimiter(settings.api_url, 1500))


@pytest.mark.parametrize(
    "written", ["acme", " Acme ", "acme.salesmate.io", "https://acme.salesmate.io/#/app/deals"]
)
def test_forms_of_workspace(written):
    """A workspace is its name or its address; its host follows from it."""
    made = settings_with_key(Settings(), written, KEY)
    assert (made.linkname, made.api_url, made.session_key) == (
        "acme",
        "https://acme.salesmate.io",
        "key-s3cret",
    )


@pytest.mark.parametrize(
    "written",
    ["", "a b", "acme.evil.example", "https://evil.example/#.salesmate.io", "key-s3cret", "KEY-S3CRET", UUID],
)
def test_not_a_workspace(written):
    """Anything else is refused, and not repeated: it may be a key in the wrong field."""
    with pytest.raises(SettingsError, match="not the name of a workspace") as caught:
        settings_with_key(Settings(), written, KEY)
    assert "key-s3cret" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "curly\u2019quote", "accessToken:key"])
def test_not_a_key(key):
    """Text that cannot be a key is refused before anything is sent."""
    with pytest.raises(SettingsError, match=r"not a Session Key.*third one"):
        settings_with_key(Settings(), "acme", Secret(key))


def test_other_workspace_in_settings():
    """Settings that name a workspace take its keys only."""
    with pytest.raises(SettingsError, match="name the workspace 'globex'"):
        settings_with_key(Settings(linkname="globex"), "acme", KEY)


def test_key_is_proven(account):
    """One request to the list of users shows whose key it is."""
    assert proven(account).name == account.users[0]["name"]
    assert [seen.path for seen in account.requests] == ["/apis/core/v4/users"]


@pytest.mark.parametrize("key", ["access_key", "secret_key"])
def test_other_key(account, key):
    """Either of the other two keys is refused with where the right one is."""
    with pytest.raises(LoginError, match=r"another of the three keys.*third one") as caught:
        proven(account, session_key=getattr(account, key))
    assert getattr(account, key) not in str(caught.value)


@pytest.mark.parametrize("may_see_deals", [True, False])
def test_no_right_to_users(may_see_deals):
    """A right key whose user may not list users is proven by a search for one deal; both refused is a no."""
    body = b'{"Status": "failure", "Error": {"code": "4004", "name": "AuthorizationFailed", "message": ""}}'
    with sandbox.start(deals=3, login="session_key") as box:
        box.script("/apis/core/v4/users", sandbox.ScriptedResponse(status=403, body=body))
        if may_see_deals:
            assert proven(box).name == ""
            assert [(seen.path, seen.query["rows"]) for seen in box.log[1:]] == [
                ("/apis/deal/v4/search", "1")
            ]
            return
        box.script("/apis/deal/v4/search", sandbox.ScriptedResponse(status=403, body=body))
        with pytest.raises(LoginError, match="may see neither users nor deals"):
            proven(box)


@pytest.mark.parametrize("status", [401, 200])
def test_expired(account, status):
    """An expired key is named as such, whatever the status."""
    account.behaviour, account.expired = Behaviour(expired_status=status), True
    with pytest.raises(LoginError, match="it has expired"):
        proven(account)


def test_wrong_key_and_workspace(account):
    """A key that nobody issued, and a workspace that nobody has, are each named."""
    with pytest.raises(LoginError, match=r"did not accept this key: it is not the"):
        proven(account, session_key="made-up")
    with pytest.raises(LoginError, match="no workspace 'other'"):
        proven(account, linkname="other")
    assert len(account.requests) == 2


def test_no_server():
    """Without a response, nothing is known of the key."""
    settings = Settings(linkname="acme", session_key="k3y", api_url="http://127.0.0.1:1")
    with pytest.raises(ConnectionFailed):
        prove_key(settings, RateLimiter(settings.api_url, 1500))
