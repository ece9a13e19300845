"""The panel as a whole: what it leads with, and what becomes of it."""

from __future__ import annotations

import threading

import ipywidgets
import pytest

from salesmate_nb import LoginRequired, Settings
from salesmate_nb._auth.flow import LoginState
from salesmate_nb._ui import texts
from salesmate_nb._ui.panel import panel
from salesmate_nb._ui.panel.panel import Panel
from salesmate_nb._ui.panel.saved import pending_card


class Shown:
    """An output that was displayed, and what it showed."""

    def __init__(self):
        self.shown = []

    def show(self, html, text):
        self.shown.append((html, text))

    def update(self, bundle, *, raw):
        assert raw
        self.shown.append(bundle)


@pytest.fixture
def outputs(monkeypatch):
    """Return what the outputs in the notebook show that stand in for the panels, oldest first."""
    made = []
    monkeypatch.setattr(panel, "Output", lambda: made.append(Shown()) or made[-1])
    monkeypatch.setattr(panel, "display", lambda *_, **__: Shown())
    return made


def visible(widget):
    return widget.layout.display != "none"


def test_without_settings(offer):
    """Without a client id the panel is the form for a Session Key, and no other way is offered."""
    shown = Panel(offer())
    assert shown._link_form is None
    assert (visible(shown._key_form), visible(shown._other)) == (True, False)
    assert texts.TITLE in shown._head.value


def test_with_a_client_id(offer, login):
    """With a client id the panel leads with the login link; the key is the other way, one at a time."""
    shown = Panel(offer(flow=login))
    assert (visible(shown._link_form), visible(shown._key_form)) == (True, False)
    assert shown._other.description == texts.USE_KEY
    shown._other.click()
    assert (visible(shown._link_form), visible(shown._key_form)) == (False, True)
    assert shown._other.description == texts.USE_LINK
    shown._other.click()
    assert visible(shown._link_form)
    login.move(LoginState.EXCHANGING)
    assert not visible(shown._other)
    login.move(LoginState.WAITING)
    assert visible(shown._other)


def test_after_a_key(offer, login):
    """After a Session Key has ended its form comes first, with no caution about hosts of the link."""
    settings = Settings(client_id="my-app", linkname="acme", auth_url="https://evil.example/")
    shown = Panel(offer(flow=login, had_key=True, settings=settings))
    assert (visible(shown._link_form), visible(shown._key_form)) == (False, True)
    assert "evil.example" not in shown._head.value
    shown._other.click()
    assert (visible(shown._link_form), "evil.example" in shown._head.value) == (True, True)


def test_what_is_said_before(offer):
    """Before anything is sent: to which account, that it only reads, where it is stored, what to check."""
    settings = Settings(api_url="https://crm.example.com", linkname="acme")
    shown = Panel(
        offer(settings=settings, profile="emea", reason="https://h returned HTTP 401: the <key> has expired.")
    )
    assert "Log in to crm.example.com, profile emea" in shown._head.value
    assert texts.READS_ONLY in shown._head.value
    assert "sent to crm.example.com (the argument api_url)" in shown._head.value
    assert "The &lt;key&gt; has expired." in shown._head.value
    assert "&lt;home&gt;/<wbr>default.json" in shown._foot.value


def test_login_in_memory(offer):
    """A login that is not stored is not said to be."""
    shown = Panel(offer(settings=Settings(token_store="memory")))
    assert texts.NOT_STORED in shown._foot.value
    assert "stored" not in shown._foot.value


def test_workspace_in_the_title(offer):
    """A workspace of the settings is what the title names."""
    assert "Log in to acme<" in Panel(offer(settings=Settings(linkname="acme")))._head.value


@pytest.mark.parametrize("way", ["link", "key"])
def test_connected(offer, login, account, outputs, way):
    """Once connected, the card takes the place of the panel, and the kernel keeps none of its widgets."""
    before = set(ipywidgets.widget._instances)
    shown = panel.show(offer(flow=login))
    assert len(set(ipywidgets.widget._instances) - before) >= 30
    if way == "link":
        login.move(LoginState.DONE)
    else:
        shown._key_form.workspace.value, shown._key_form.key.value = "acme", "s3cret"
        shown._key_form.button.click()
    assert "Connected as Ann &lt;Weber&gt; to acme" in outputs[0].shown[-1][0]
    assert outputs[0].shown[-1][1] == "Connected as Ann <Weber> to acme."
    assert shown._handle.shown == [{}]
    assert set(ipywidgets.widget._instances) == before
    assert login.watchers == []
    shown.wait()


def test_voila(offer, login, outputs, monkeypatch):
    """Voila's page shows only widgets: there the panel itself becomes the card."""
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.8")
    shown = panel.show(offer(flow=login))
    login.move(LoginState.DONE)
    assert shown.children == (shown._head,)
    assert "Connected as Ann" in shown._head.value
    assert shown._head.comm is not None


def test_saved_while_it_waits(offer, outputs):
    """What to do is an output of its own: hidden beside the live panel, and there in a saved notebook."""
    shown = panel.show(offer())
    assert outputs[0].shown == [pending_card(shown._id)]
    assert shown._id in shown._dom_classes
    assert shown._repr_mimebundle_()["text/plain"] == ""


@pytest.mark.parametrize("problem", ["", "It was not accepted."])
def test_name_comes_later(offer, login, account, outputs, problem):
    """If the user's name is not known yet, it is asked for; the card says it, or why the login is no use."""
    account.user, account.problem = "", problem
    panel.show(offer(flow=login))
    login.move(LoginState.DONE)
    for thread in threading.enumerate():
        if thread.name == "salesmate_nb-user":
            thread.join()
    assert [text for _, text in outputs[0].shown[1:]] == [
        "Connected to acme.",
        f"{texts.NOT_LOGGED_IN_YET}. {problem}" if problem else "Connected as Ann <Weber> to acme.",
    ]


def test_newer_panel(offer, login, outputs):
    """Only the newest panel of a login is usable; once connected, the older one says so too."""
    first = panel.show(offer(flow=login))
    panel.show(offer(flow=login))
    assert outputs[0].shown[-1][1] == texts.MOVED
    assert "href" not in outputs[0].shown[-1][0]
    assert first.comm is None
    login.move(LoginState.DONE)
    for output in outputs:
        assert "Connected as Ann" in output.shown[-1][0]
    assert panel._pending == {}


def test_login_after_a_logout(offer, login, account, outputs):
    """The card of an earlier connection stays when the same login is asked for again."""
    panel.show(offer())._finish()
    panel.show(offer())
    assert outputs[0].shown[-1][1] == "Connected as Ann <Weber> to acme."


def test_panel_of_another_profile(offer, outputs):
    """The panel of another login stays usable."""
    first = panel.show(offer())
    panel.show(offer(profile="emea"))
    assert outputs[0].shown == [pending_card(first._id)]


def test_login_elsewhere(offer, account, outputs):
    """A cell that waits notices a login that another notebook has completed."""
    shown = panel.show(offer())
    account.is_authorized = True
    shown.wait()
    assert "Connected" in outputs[0].shown[-1][0]


def test_wait_without_a_kernel(offer, outputs):
    """Where no cell can wait, the error says what to do."""
    with pytest.raises(LoginRequired, match="Log in above, then run this cell again"):
        panel.show(offer()).wait()
