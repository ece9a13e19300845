"""The login link, and the field for the address of a last page that did not load."""

from __future__ import annotations

import threading

import ipywidgets

from salesmate_nb._auth import flow
from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb._ui import texts
from salesmate_nb._ui.address import refusal
from salesmate_nb._ui.panel import fields, markup
from salesmate_nb.errors import SalesmateError

_RESCUE_AFTER = 15.0  # seconds until the field for the address opens by itself


class LinkForm(ipywidgets.VBox):  # type: ignore[misc] # ipywidgets has no types
    """The login link and its state. Screen readers announce each state.

    The field for the address is hidden until the user asks for it or 15 seconds have passed; it is there at
    once if this computer does not receive the redirect.

    Parameters
    ----------
    login : LoginFlow
        The login.
    """

    def __init__(self, login: LoginFlow) -> None:
        self._login = login
        self._refusal = ""
        self.state = ipywidgets.HTML()
        self.rescue = fields.quiet_button(texts.RESCUE_BUTTON, self.open_rescue)
        self.hint, self.alert = ipywidgets.HTML(), ipywidgets.HTML()
        self.address = fields.AddressField(
            texts.ADDRESS_LABEL, "", placeholder_held=texts.ADDRESS_HELD, on_enter=self._submit
        )
        self.address.style.description_width = "initial"
        self.button = fields.plain_button(texts.CONNECT_BUTTON, self._submit)
        self.new_link = fields.main_button(texts.NEW_LINK_BUTTON, login.renew)
        row = {"flex_flow": "row wrap", "align_items": "center", "margin": "2px 2px 8px", "grid_gap": "12px"}
        fields_row = ipywidgets.HBox([self.address, self.button], layout=row)
        self.paste = ipywidgets.VBox([self.hint, fields_row, self.alert])
        super().__init__([self.state, self.new_link, self.rescue, self.paste])
        self._is_rescue_open = False
        self._timer = threading.Timer(_RESCUE_AFTER, self.open_rescue)
        self._timer.daemon = True
        self._timer.start()
        login.subscribe(self.follow)
        self.follow(login)

    def focus(self) -> None:
        """Do nothing: the link is the first thing that the Tab key reaches."""

    def close_down(self) -> None:
        """Stop following the login."""
        self._timer.cancel()
        self._login.unsubscribe(self.follow)

    def open_rescue(self) -> None:
        """Show the field for the address."""
        self._is_rescue_open = True
        self.follow(self._login)

    def follow(self, login: LoginFlow) -> None:
        """Show the state of the login."""
        url = login.url if login.phase is LoginState.WAITING else ""  # starts the loopback server
        is_open = bool(url) and (self._is_rescue_open or not login.is_listening)
        fields.show(self.paste, visible=is_open)
        fields.show(self.rescue, visible=bool(url) and not is_open)
        fields.show(self.new_link, visible=login.phase is LoginState.EXPIRED)
        if url:
            self.address.placeholder = f"{login.redirect_uri}?code=..."
            self.hint.value = markup.card(markup.paragraph(_hint(login), "small"))
            self.alert.value = markup.card(markup.alert(self._refusal))
            message = "" if login.message == self._refusal else login.message
            self.state.value = markup.card(_link(login, url, message))
            self.address.disabled = self.button.disabled = login.is_awaited  # then no paste arrives
        elif login.phase is LoginState.EXPIRED:
            self.state.value = markup.card(markup.status(texts.EXPIRED))
        else:
            self.state.value = markup.card(markup.status(texts.CONNECTING, busy=True))

    def _submit(self) -> None:
        pasted = self.address.take()
        if not pasted:
            self.address.focus()
            return
        self._refusal = refusal(pasted, self._login.redirect_uri)
        try:
            if not self._refusal:
                self._login.finish(pasted)
        except SalesmateError as err:
            self._refusal = str(err)
        except Exception as err:  # noqa: BLE001 - ipywidgets would swallow it
            self._refusal = texts.UNEXPECTED_ERROR.format(error=type(err).__name__)
        if self._login.phase is LoginState.WAITING:
            self.follow(self._login)
            self.address.focus()


def _hint(login: LoginFlow) -> str:
    if login.is_listening:
        what_to_do = texts.PASTE_AFTER_INTERRUPT if login.is_awaited else texts.PASTE_IF_UNREACHABLE
        return markup.escaped(f"{texts.RESCUE_BUTTON} {what_to_do}")
    return markup.escaped(f"{login.obstacle} {texts.PASTE_LAST_ADDRESS}".lstrip())


def _link(login: LoginFlow, url: str, problem: str) -> str:
    """Return the login link and what happens next as HTML."""
    clicked = '<span class="clicked"><span class="spinner"></span>' + texts.CLICKED + "</span>"
    validity = texts.VALIDITY.format(minutes=flow.LIFETIME / 60)
    what_next = texts.WAITING if login.is_listening else texts.ALLOW_AND_COPY
    return (
        markup.alert(problem)
        + f"<p>{markup.link(url, texts.LOGIN_LINK, 'go')}{clicked if login.is_listening else ''}</p>"
        + f'<p class="small" role="status">{what_next} <span class="soft">{validity}</span></p>'
    )
