"""The states of the login panel as widget values; tests/browser renders them in JupyterLab."""

from __future__ import annotations

import pytest

from salesmate_nb import LoginError
from salesmate_nb._auth.flow import LoginState
from salesmate_nb._ui import panel, texts
from salesmate_nb._ui.panel import Panel


class FakeLogin:
    """A login flow whose state a test sets."""

    url = 'https://auth.example.com/?a=1&b="<x>'
    redirect_uri = "http://localhost:3000/callback"
    phase = LoginState.WAITING
    message = obstacle = ""
    is_listening = True
    is_awaited = False

    def __init__(self):
        self.watchers, self.pasted = [], []

    def subscribe(self, watcher):
        self.watchers.append(watcher)

    def unsubscribe(self, watcher):
        self.watchers.remove(watcher)

    def finish(self, pasted):
        self.pasted.append(pasted)
        self.move(LoginState.WAITING, "No <b>code</b>.")
        raise LoginError(self.message)

    def renew(self):
        self.move(LoginState.WAITING)

    def move(self, phase, message=""):
        self.phase, self.message = phase, message
        for watcher in list(self.watchers):
            watcher(self)


@pytest.fixture
def login():
    return FakeLogin()


@pytest.fixture
def card(login):
    return Panel(login, lambda: {"host": "<acme>", "token stored in": "/home/jo"})


def visible(widget):
    return widget.layout.display != "none"


def test_waiting_shows_login_link(card):
    """The login link opens a new tab without a referrer; the paste field has a label."""
    assert 'target="_blank" rel="noopener noreferrer"' in card._card.value
    assert "https://auth.example.com/?a=1&amp;b=&quot;&lt;x&gt;" in card._card.value
    assert texts.LOGIN_LINK in card._card.value
    assert texts.WAITING in card._card.value
    assert card._field.placeholder == "http://localhost:3000/callback?code=..."
    assert (card._field.description, card._button.description) == (texts.ADDRESS_LABEL, texts.CONNECT_BUTTON)
    assert (visible(card._paste_row), visible(card._new_link)) == (True, False)


@pytest.mark.parametrize("trigger", ["enter", "button"])
def test_wrong_paste_is_cleared(card, login, trigger):
    """A wrong address leaves the field empty, and its error message is shown as plain text."""
    if trigger == "enter":
        card._field.value = "wrong"
    else:
        with card._field.hold_trait_notifications():
            card._field.value = "wrong"
        card._button.click()
    assert (login.pasted, card._field.value) == (["wrong"], "")
    assert 'role="alert">No &lt;b&gt;code&lt;/b&gt;.' in card._card.value
    assert visible(card._paste_row)


def test_exchanging_hides_paste_field(card, login):
    """While the code is exchanged, nothing can be submitted twice."""
    login.move(LoginState.EXCHANGING)
    assert texts.CONNECTING in card._card.value
    assert not visible(card._paste_row)


def test_connected_shows_account(card, login):
    """Once connected, the account is shown, HTML-escaped, and the link and the field are gone."""
    login.move(LoginState.DONE)
    assert texts.TITLE_CONNECTED in card._card.value
    assert "<dd>&lt;acme&gt;</dd>" in card._card.value
    assert "href" not in card._card.value
    assert (visible(card._paste_row), visible(card._new_link)) == (False, False)


def test_expired_link_is_replaced(card, login):
    """An expired link is removed, and a button gets a new one."""
    login.move(LoginState.EXPIRED)
    assert texts.EXPIRED in card._card.value
    assert "href" not in card._card.value
    assert (visible(card._paste_row), visible(card._new_link)) == (False, True)
    card._new_link.click()
    assert "href" in card._card.value


def test_paste_disabled_while_cell_waits(card, login):
    """While connect(wait=...) blocks, the field is disabled: a paste would stay in the saved notebook."""
    login.is_awaited = True
    login.move(LoginState.WAITING)
    assert "Interrupt this cell" in card._card.value
    assert (card._field.disabled, card._button.disabled) == (True, True)
    login.is_awaited = False
    login.move(LoginState.WAITING)
    assert "Interrupt" not in card._card.value
    assert (card._field.disabled, card._button.disabled) == (False, False)


def test_busy_port_is_explained(login):
    """If the loopback server cannot start, the panel says why the address must be pasted."""
    login.is_listening, login.obstacle = False, "Port <3000> is in use by another program."
    shown = Panel(login, dict)._card.value
    assert "Port &lt;3000&gt; is in use by another program. " + texts.PASTE_LAST_ADDRESS in shown
    assert texts.ALLOW_AND_COPY in shown


def test_loopback_server_is_started_first(login):
    """Reading the login's URL starts the loopback server, so the panel reads it before `is_listening`."""
    login.is_listening = False

    class Lazy(type(login)):
        @property
        def url(self):
            self.is_listening = True
            return "https://auth.example.com/"

    login.__class__ = Lazy
    assert texts.WAITING in Panel(login, dict)._card.value


def test_unexpected_error_is_shown(card, login):
    """The panel shows an unexpected error, which ipywidgets would swallow."""
    login.finish = lambda _: 1 / 0
    card._field.value = "x"
    assert "ZeroDivisionError" in card._card.value


def test_new_panel_retires_old(login, capsys):
    """Only the newest panel follows the login."""
    panel.show(login, dict)
    first = panel._shown[0]
    panel.show(login, dict)
    assert texts.MOVED in first._card.value
    assert "href" not in first._card.value
    assert not visible(first._paste_row)
    assert login.watchers == [panel._shown[0]._show]
    assert capsys.readouterr().out.count(texts.WITHOUT_WIDGETS) == 2


def test_plain_text_without_widgets(card):
    """A frontend without widgets shows a text that explains how to log in; it is saved, so it has no URL."""
    text = card._repr_mimebundle_()["text/plain"]
    assert text == texts.WITHOUT_WIDGETS  # ipywidgets would cut a longer text
    assert "connect().finish_login(" in text
    assert "http" not in text


def test_no_credentials(monkeypatch):
    """Without credentials, the lines for .env are shown as HTML, with a plain text beside it."""
    shown = []
    monkeypatch.setattr(panel, "display", lambda bundle, raw: shown.append(bundle))
    panel.show_no_credentials()
    assert "SALESMATE_CLIENT_ID=" in shown[0]["text/html"]
    assert shown[0]["text/plain"] == texts.NO_ACCOUNT_PLAIN
