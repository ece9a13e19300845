"""The panel's states, as ipywidgets has them; tests/browser shows them to a person's eyes."""

from __future__ import annotations

import pytest

from salesmate_nb import LoginError
from salesmate_nb._auth.flow import LoginState
from salesmate_nb._ui import panel
from salesmate_nb._ui.panel import Panel


class FakeLogin:
    """A login whose phases a test sets."""

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
    return Panel(login, lambda: {"to": "<acme>", "token in": "/home/jo"})


def visible(widget):
    return widget.layout.display != "none"


def test_it_shows_the_link_and_the_field(card):
    """Waiting: a link in a new tab that tells nothing of where it came from, and a labelled field."""
    assert 'target="_blank" rel="noopener noreferrer"' in card._card.value
    assert "https://auth.example.com/?a=1&amp;b=&quot;&lt;x&gt;" in card._card.value
    assert "Waiting for Salesmate" in card._card.value
    assert card._field.placeholder == "http://localhost:3000/callback?code=..."
    assert (card._field.description, card._button.description) == ("Address", "Connect")
    assert (visible(card._paste), visible(card._fresh)) == (True, False)


@pytest.mark.parametrize("way", ["enter", "button"])
def test_a_wrong_paste_is_said_escaped_and_cleared(card, login, way):
    """The field is empty before anything is done with what was in it, and the message is plain text."""
    if way == "enter":
        card._field.value = "wrong"
    else:
        with card._field.hold_trait_notifications():
            card._field.value = "wrong"
        card._button.click()
    assert (login.pasted, card._field.value) == (["wrong"], "")
    assert 'role="alert">No &lt;b&gt;code&lt;/b&gt;.' in card._card.value
    assert visible(card._paste)


def test_working_hides_the_field(card, login):
    """While the code is exchanged there is nothing to press twice."""
    login.move(LoginState.EXCHANGING)
    assert "Connecting" in card._card.value
    assert not visible(card._paste)


def test_connected_tells_the_facts_and_no_link(card, login):
    """Link and field are gone; what is shown from outside is escaped."""
    login.move(LoginState.DONE)
    assert "Connected to Salesmate" in card._card.value
    assert "<dd>&lt;acme&gt;</dd>" in card._card.value
    assert "href" not in card._card.value
    assert (visible(card._paste), visible(card._fresh)) == (False, False)


def test_an_expired_link_is_replaced_on_demand(card, login):
    """Expired: no link, and a button for a fresh one."""
    login.move(LoginState.EXPIRED)
    assert "expired" in card._card.value
    assert "href" not in card._card.value
    assert (visible(card._paste), visible(card._fresh)) == (False, True)
    card._fresh.click()
    assert "href" in card._card.value


def test_while_the_cell_waits_nothing_can_be_pasted(card, login):
    """A paste would lie in the field, and in the saved notebook, until the cell ends: it says what to do."""
    login.is_awaited = True
    login.move(LoginState.WAITING)
    assert "Interrupt this cell, then paste" in card._card.value
    assert (card._field.disabled, card._button.disabled) == (True, True)
    login.is_awaited = False
    login.move(LoginState.WAITING)
    assert "Interrupt" not in card._card.value
    assert (card._field.disabled, card._button.disabled) == (False, False)


def test_a_taken_port_is_told(login):
    """Why the address has to be pasted stands beside the field."""
    login.is_listening, login.obstacle = False, "Port <3000> is in use by another program."
    assert "Port &lt;3000&gt; is in use" in Panel(login, dict)._card.value


def test_what_is_unforeseen_is_told_too(card, login):
    """ipywidgets swallows what a callback raises; the panel does not."""
    login.finish = lambda _: 1 / 0
    card._field.value = "x"
    assert "ZeroDivisionError" in card._card.value


def test_a_second_panel_retires_the_first(login, capsys):
    """One panel at a time follows the login."""
    panel.show(login, dict)
    first = panel._shown[0]
    panel.show(login, dict)
    assert "newer cell" in first._card.value
    assert "href" not in first._card.value
    assert not visible(first._paste)
    assert login.watchers == [panel._shown[0]._show]
    assert capsys.readouterr().out.count("Salesmate login") == 2


def test_its_text_form_says_how_to_do_without_it(card):
    """Where no widgets are shown the text stands in their place; it is saved, and holds no address."""
    text = card._repr_mimebundle_()["text/plain"]
    assert text == repr(card)  # ipywidgets cuts what is too long for it
    assert "connect().finish_login(" in text
    assert "http" not in text


def test_no_credentials_needs_no_widgets(monkeypatch):
    """What to put into .env is shown as HTML, or as text where that is all there is."""
    shown = []
    monkeypatch.setattr(panel, "display", lambda bundle, raw: shown.append(bundle))
    panel.show_no_credentials()
    assert "SALESMATE_CLIENT_ID=" in shown[0]["text/html"]
    assert "no account" in shown[0]["text/plain"]
