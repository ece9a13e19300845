"""The form for a Session Key: what it says, where, and what it sends."""

from __future__ import annotations

import pytest

from salesmate_nb import LoginError, Settings
from salesmate_nb._ui import texts
from salesmate_nb._ui.panel.key_form import KeyForm


@pytest.fixture
def form(offer):
    done = []
    made = KeyForm(offer(), lambda: done.append(1))
    made.done = done
    return made


def fill(form, workspace, key):
    form.workspace.value = workspace
    form.key.value = key
    form.button.click()


@pytest.mark.parametrize("workspace", ["acme", " acme ", "https://acme.salesmate.io/", "Acme.salesmate.io"])
def test_key_is_tried(form, account, workspace):
    """Workspace and key are passed on, and the form is done."""
    fill(form, workspace, "s3cret")
    assert (account.tried, form.done) == ([("acme", "s3cret")], [1])


def test_link_follows_workspace(form):
    """The hint links to the workspace that is typed; until then it names Salesmate."""
    assert "href" not in form.hint.value
    form.workspace.value = "acme"
    assert 'href="https://acme.salesmate.io"' in form.hint.value
    form.workspace.value = "a<b"
    assert "href" not in form.hint.value


def test_no_link_to_a_host_of_the_settings(offer):
    """If the settings name the API's address, the hint does not lead to another one."""
    form = KeyForm(offer(settings=Settings(api_url="http://127.0.0.1:1", linkname="acme")), lambda: None)
    assert (form.workspace.value, "href" in form.hint.value) == ("acme", False)


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (LoginError("It is <expired>."), "key_alert"),
        (LoginError("Salesmate knows no workspace <x>."), "workspace_alert"),
    ],
)
def test_refusal_stands_at_its_field(form, account, error, place):
    """A refusal is shown below its field, escaped; the key's field is empty, and both can be used again."""
    account.error = error
    fill(form, "acme", "s3cret")
    alerts = {name: getattr(form, name).value for name in ("key_alert", "workspace_alert")}
    assert 'role="alert"' in (text := alerts.pop(place))
    assert "&lt;" in text
    assert list(alerts.values()) == [""]
    assert (form.key.value, form.key.placeholder) == ("", texts.KEY_EXAMPLE)
    assert [form.key.disabled, form.workspace.disabled, form.button.disabled] == [False] * 3
    assert form.done == []
    account.error = None
    fill(form, "acme", "right")
    assert (form.key_alert.value, form.workspace_alert.value, form.done) == ("", "", [1])


@pytest.mark.parametrize(
    ("workspace", "key", "place", "text"),
    [
        ("", "s3cret", "workspace_alert", texts.WORKSPACE_MISSING),
        ("a b", "s3cret", "workspace_alert", texts.WORKSPACE_MISSING),
        ("acme", "", "key_alert", texts.KEY_MISSING),
    ],
)
def test_incomplete(form, account, workspace, key, place, text):
    """Without workspace or key nothing is sent, and the form says which is missing."""
    fill(form, workspace, key)
    assert account.tried == []
    assert text.partition("'")[0] in getattr(form, place).value


def test_key_waits_for_workspace(form, account):
    """A key that was entered before the workspace need not be entered again."""
    fill(form, "", "s3cret")
    form.workspace.value = "acme"
    form.button.click()
    assert account.tried == [("acme", "s3cret")]


def test_enter_in_workspace(form, account, monkeypatch):
    """Enter in the workspace's field leads to the key's and sends nothing, not even a key that waits."""
    focused = []
    monkeypatch.setattr(type(form.key), "focus", lambda self: focused.append("key"))
    form.key.value = "s3cret"
    form.workspace.value = "acme"
    form.workspace._handle_custom_msg({"event": "submit"}, [])
    assert (focused, account.tried) == (["key"], [])


def test_unexpected_error(form, account):
    """An unexpected error is shown by its name, without what it says: that might hold the key."""
    account.error = ZeroDivisionError("s3cret")
    fill(form, "acme", "s3cret")
    assert "ZeroDivisionError" in form.key_alert.value
    assert "s3cret" not in form.key_alert.value


def test_button_while_checking(form, account, monkeypatch):
    """While the key is checked, the button says so and cannot be pressed twice."""
    seen = []
    real = form._log_in
    monkeypatch.setattr(
        form,
        "_log_in",
        lambda *arguments: (seen.append((form.button.disabled, form.button.description)), real(*arguments)),
    )
    fill(form, "acme", "s3cret")
    assert seen == [(True, texts.KEY_BUTTON_BUSY)]
    assert (form.button.disabled, form.button.description) == (False, texts.KEY_BUTTON)


def test_focus(form, monkeypatch):
    """The cursor goes to the first field that is empty."""
    focused = []
    monkeypatch.setattr(type(form.key), "focus", lambda self: focused.append("key"))
    monkeypatch.setattr(type(form.workspace), "focus", lambda self: focused.append("workspace"))
    form.focus()
    form.workspace.value = "acme"
    form.focus()
    assert focused == ["workspace", "key"]
