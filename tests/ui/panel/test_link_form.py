"""The states of the login link as widget values; tests/browser renders them in JupyterLab."""

from __future__ import annotations

import pytest

from salesmate_nb._auth.flow import LoginState
from salesmate_nb._ui import texts
from salesmate_nb._ui.panel import link_form
from salesmate_nb._ui.panel.link_form import LinkForm

ADDRESS = "http://localhost:3000/callback?code=c0de&state=st4te"


@pytest.fixture
def form(login):
    return LinkForm(login)


def visible(widget):
    return widget.layout.display != "none"


def paste(form, address):
    form.address.value = address
    form.button.click()


def test_login_link(form):
    """The login link opens a new tab without a referrer; the field for the address is hidden."""
    assert 'target="_blank" rel="noopener noreferrer"' in form.state.value
    assert "https://auth.example.com/?a=1&amp;b=&quot;&lt;x&gt;" in form.state.value
    assert texts.LOGIN_LINK in form.state.value
    assert texts.WAITING in form.state.value
    assert texts.VALIDITY.format(minutes=10) in form.state.value
    assert (visible(form.paste), visible(form.rescue), visible(form.new_link)) == (False, True, False)


def test_rescue_on_demand(form):
    """The button opens the field, which has a label and an example."""
    form.rescue.click()
    assert (visible(form.paste), visible(form.rescue)) == (True, False)
    assert form.address.placeholder == "http://localhost:3000/callback?code=..."
    assert form.address.description == texts.ADDRESS_LABEL


def test_rescue_by_itself(login, monkeypatch):
    """After a while the field opens by itself."""
    monkeypatch.setattr(link_form, "_RESCUE_AFTER", 0.0)
    form = LinkForm(login)
    form._timer.join()
    assert visible(form.paste)


def test_no_listener(login):
    """If this computer cannot receive the redirect, the field is open, and the form says why."""
    login.is_listening, login.obstacle = False, "Port <3000> is in use by another program."
    form = LinkForm(login)
    assert "Port &lt;3000&gt; is in use by another program. " + texts.PASTE_LAST_ADDRESS in form.hint.value
    assert texts.ALLOW_AND_COPY in form.state.value
    assert texts.CLICKED not in form.state.value
    assert (visible(form.paste), visible(form.rescue)) == (True, False)


def test_wrong_text_is_refused_here(form, login):
    """A text that is not the address is refused below the field, and nothing is sent."""
    form.rescue.click()
    paste(form, "hello")
    assert login.pasted == []
    assert "http://localhost:3000/callback" in form.alert.value
    assert "alert" not in form.state.value
    assert form.address.value == ""


def test_refused_address(form, login):
    """What is wrong with an address stands below the field, escaped; the field is empty and usable."""
    form.rescue.click()
    paste(form, ADDRESS)
    assert login.pasted == [ADDRESS]
    assert 'role="alert">No &lt;b&gt;code&lt;/b&gt;.' in form.alert.value
    assert "alert" not in form.state.value
    assert visible(form.paste)


def test_denial_stands_at_the_link(form, login):
    """A denial that the browser brings is shown at the link."""
    login.move(LoginState.WAITING, "Consent was <refused>.")
    assert "Consent was &lt;refused&gt;." in form.state.value
    assert form.alert.value == ""


def test_exchanging(form, login):
    """While the code is exchanged, nothing can be submitted twice."""
    login.move(LoginState.EXCHANGING)
    assert texts.CONNECTING in form.state.value
    assert (visible(form.paste), visible(form.rescue)) == (False, False)


def test_expired(form, login):
    """An expired link is removed; the one button that stands out gets a new one."""
    login.move(LoginState.EXPIRED)
    assert texts.EXPIRED in form.state.value
    assert "href" not in form.state.value
    assert (visible(form.paste), visible(form.rescue), visible(form.new_link)) == (False, False, True)
    form.new_link.click()
    assert "href" in form.state.value


def test_paste_disabled_while_cell_waits(form, login):
    """Where a blocked cell keeps pastes from arriving, the field is disabled and says how to use it."""
    login.is_awaited = True
    login.move(LoginState.WAITING)
    assert "Interrupt this cell" in form.hint.value
    assert (form.address.disabled, form.button.disabled) == (True, True)
    login.is_awaited = False
    login.move(LoginState.WAITING)
    assert (form.address.disabled, form.button.disabled) == (False, False)


def test_unexpected_error(form, login):
    """An unexpected error, which ipywidgets would swallow, is shown by its name."""
    login.finish = lambda _: 1 / 0
    paste(form, ADDRESS)
    assert "ZeroDivisionError" in form.alert.value


def test_loopback_server_is_started_first(login):
    """Reading the login's URL starts the loopback server, so the form reads it before `is_listening`."""
    login.is_listening = False

    class Lazy(type(login)):
        @property
        def url(self):
            self.is_listening = True
            return "https://auth.example.com/"

    login.__class__ = Lazy
    assert texts.WAITING in LinkForm(login).state.value


def test_close_down(form, login):
    """A form that is closed down follows nothing and opens nothing."""
    form.close_down()
    assert login.watchers == []
    assert form._timer.finished.is_set()
