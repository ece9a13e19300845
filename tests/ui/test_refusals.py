"""Refusals, as the API sends them, in the words of the form."""

from __future__ import annotations

import dataclasses

import pytest

from salesmate_nb import ConnectionFailed, LoginError, Salesmate, SalesmateError, Settings, SettingsError
from salesmate_nb._ui import texts
from salesmate_nb._ui.refusals import KEY, WORKSPACE, explain
from tests.live_account import LiveAccount, made


@pytest.fixture(scope="module")
def account():
    with LiveAccount(deals=made("deals", 2)) as running:
        yield running


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"session_key": "nonsense"}, KEY, texts.KEY_NOT_KNOWN),
        ({"session_key": "access"}, KEY, texts.KEY_IS_ANOTHER),
        ({"session_key": "expired"}, KEY, texts.KEY_EXPIRED),
        ({"linkname": "nobody"}, WORKSPACE, texts.NO_SUCH_WORKSPACE.format(name="nobody")),
    ],
)
def test_refusals_of_the_api(account, tmp_path, changes, field, text):
    """What the account refuses becomes a sentence on the value that was typed, and is short."""
    keys = {"access": account.access_key, "expired": account.session_key}
    settings = Settings(
        api_url=account.url, linkname="acme", session_key=account.session_key, token_cache=tmp_path
    )
    if "session_key" in changes:
        changes = {"session_key": keys.get(changes["session_key"], changes["session_key"])}
        account.expired = changes["session_key"] == account.session_key
    with pytest.raises(SalesmateError) as caught:
        Salesmate(dataclasses.replace(settings, **changes)).users_df()
    account.expired = False
    assert explain(caught.value, changes.get("linkname", "acme")) == (field, text)


@pytest.mark.parametrize(
    ("err", "field"),
    [(SettingsError("odd"), WORKSPACE), (ConnectionFailed("odd"), KEY), (LoginError("odd"), KEY)],
)
def test_other_errors(err, field):
    """Any other error is shown as it is."""
    assert explain(err, "acme") == (field, "odd")
