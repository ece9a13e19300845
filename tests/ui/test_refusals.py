"""Refusals of a key, as a real server causes them: at which field, in which words."""

from __future__ import annotations

import pytest

from salesmate_nb import ConnectionFailed, Salesmate, SalesmateError, Settings
from salesmate_nb._auth.stored_logins import plain
from salesmate_nb._ui.refusals import KEY, WORKSPACE, explain
from tests.live_account import LiveAccount, made


@pytest.fixture(scope="module")
def account():
    with LiveAccount(deals=made("deals", 2)) as running:
        yield running


@pytest.mark.parametrize(
    ("workspace", "key", "field", "text"),
    [
        ("acme", "n0nsense-n0nsense", KEY, "did not accept this key: it is not the Session Key"),
        ("acme", "access_key", KEY, "did not accept this key: it is probably another"),
        ("acme", "expired", KEY, "did not accept this key: it has expired"),
        ("acme", "two words", KEY, "This is not a Session Key"),
        ("nobody", "session_key", WORKSPACE, "knows no workspace 'nobody'"),
        ("no name", "session_key", WORKSPACE, "not the name of a workspace"),
    ],
)
def test_refusals(account, tmp_path, workspace, key, field, text):
    """Each refusal stands at the field that it is about, and does not repeat what the form says itself."""
    account.expired = key == "expired"
    key = account.session_key if account.expired else getattr(account, key, key)
    pending = Salesmate(Settings(api_url=account.url, token_cache=tmp_path))
    with pytest.raises(SalesmateError) as caught:
        pending.login_with_key(workspace, key)
    account.expired = False
    found, sentence = explain(caught.value)
    assert found == field
    assert text in sentence
    assert "My Account" not in sentence
    assert key not in sentence


def test_workspace_of_the_settings(tmp_path):
    """A workspace other than that of the settings is refused at its field."""
    pending = Salesmate(Settings(linkname="acme", token_cache=tmp_path))
    with pytest.raises(SalesmateError) as caught:
        pending.login_with_key("other", "k3y-k3y-k3y-k3y")
    assert explain(caught.value)[0] == WORKSPACE


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("", ""),
        ("It ended.", "It ended."),
        ("https://h/a returned HTTP 401: the key has expired.", "The key has expired."),
        ("https://h/a returned HTTP 401 (Failed: Expired): the key has expired.", "The key has expired."),
    ],
)
def test_plain_reason(reason, expected):
    """A form says why a login has ended, and not which request showed it."""
    assert plain(reason) == expected


def test_other_errors():
    """Any other error is shown as it is, at the key."""
    assert explain(ConnectionFailed("No response.")) == (KEY, "No response.")
