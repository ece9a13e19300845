"""The login panel: a card below the running cell, with one way to log in and, if there is one, another."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from typing import Any

import ipywidgets
from IPython.display import display

from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb._auth.stored_logins import plain
from salesmate_nb._display.cards import card
from salesmate_nb._display.output import Output, running_cell
from salesmate_nb._ui import texts
from salesmate_nb._ui.cell import waiting
from salesmate_nb._ui.frontend import is_voila
from salesmate_nb._ui.offer import LoginOffer, short
from salesmate_nb._ui.panel import fields, markup
from salesmate_nb._ui.panel.key_form import KeyForm
from salesmate_nb._ui.panel.link_form import LinkForm
from salesmate_nb._ui.panel.saved import connected_card, pending_card, refused_card

_CHECK_EVERY = 2.0  # seconds between two looks at whether somebody has logged in elsewhere

_pending: dict[Any, Panel] = {}  # by account and profile: the newest of each


def show(offer: LoginOffer) -> Panel:
    """Display the panel of a login below the running cell, in place of one for the same login.

    Parameters
    ----------
    offer : LoginOffer
        The login.

    Returns
    -------
    Panel
        For a cell that needs the login.
    """
    older = _pending.get(offer.key)
    if older is not None:
        older.retire()
    panel = _pending[offer.key] = Panel(offer, older)
    panel.display()
    return panel


class Panel(ipywidgets.VBox):  # type: ignore[misc] # ipywidgets has no types
    """What one logs in to, the form for it, and what becomes of the login.

    With a client id it leads with the login link, and offers the form for a Session Key beside it; else it
    is that form. Static HTML stands in for it in a notebook that is saved while it waits, and takes its place
    once one is connected.

    Parameters
    ----------
    offer : LoginOffer
        The login.
    older : Panel, optional
        A panel of the same login in an earlier cell, which points to this one.
    """

    def __init__(self, offer: LoginOffer, older: Panel | None = None) -> None:
        self._offer = offer
        self._older = older
        self._saved = Output()
        self._handle: Any = None
        self._cell: int | None = None
        self._done = threading.Event()
        self._finishing = threading.Lock()
        self._next_check = 0.0
        self._head = ipywidgets.HTML()
        self._foot = ipywidgets.HTML(markup.card(_facts(offer)))
        self._key_form = KeyForm(offer, self._finish)
        self._link_form = LinkForm(offer.flow) if offer.flow else None
        self._other = fields.quiet_button(texts.USE_KEY, self._switch)
        self._other.layout.margin = "8px 2px 0"
        self._is_by_key = offer.by_key
        forms = [form for form in (self._link_form, self._key_form) if form]
        super().__init__([self._head, *forms, self._other, self._foot])
        self._id = f"salesmate-nb-{secrets.token_hex(4)}"
        self.add_class("salesmate-nb").add_class(self._id)
        fields.show(self._other, visible=offer.flow is not None)
        self._show_form()
        if offer.flow:
            offer.flow.subscribe(self._follow)

    def __repr__(self, **_: Any) -> str:
        """Return nothing for frontends without widgets: the words are an output of their own."""
        return ""

    def display(self) -> None:
        """Display the panel below the running cell."""
        self._cell = running_cell()
        self._saved.show(*pending_card(self._id))
        self._handle = display(self, display_id=True)

    def wait(self, seconds: float | None = None) -> None:
        """Block the running cell until somebody has logged in; see :func:`waiting.wait_for_login`."""
        waiting.wait_for_login(self._is_done, self._offer.flow, cell=self._cell, seconds=seconds)

    def retire(self) -> None:
        """Point to the newer panel, and stop following the login."""
        self._close_down()
        self._replace(card(texts.MOVED, {}), texts.MOVED)

    def _switch(self) -> None:
        """Show the other form."""
        self._is_by_key = not self._is_by_key
        self._show_form()
        if self._is_by_key:
            self._key_form.focus()

    def _show_form(self) -> None:
        """Show one form, and above it what is to be known before it is used."""
        fields.show(self._key_form, visible=self._is_by_key)
        if self._link_form:
            fields.show(self._link_form, visible=not self._is_by_key)
        self._other.description = texts.USE_LINK if self._is_by_key else texts.USE_KEY
        offer = self._offer
        problem = short(f"{plain(offer.reason)} {offer.note}".strip())
        caution = offer.caution(by_key=self._is_by_key)
        self._show_head(_title(offer), markup.alert(problem) + markup.caution(caution))

    def _follow(self, login: LoginFlow) -> None:
        fields.show(self._other, visible=login.phase is not LoginState.EXCHANGING)
        if login.phase is LoginState.DONE:
            self._finish()

    def _is_done(self) -> bool:
        if not self._done.is_set() and time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + _CHECK_EVERY  # it may read a file or the keychain
            if self._offer.is_authorized():
                self._finish()
        return self._done.is_set()

    def _finish(self) -> None:
        """Replace the panel, and those that point to it, by the card of a connection."""
        with self._finishing:  # a cell that waits may notice it at the same time
            if self._done.is_set():
                return
            self._close_down()
            if _pending.get(self._offer.key) is self:
                del _pending[self._offer.key]
            self._show_connection()
            self._done.set()
        if not self._offer.status().user:  # not here: the browser waits for its page
            threading.Thread(target=self._name_user, name="salesmate_nb-user", daemon=True).start()

    def _name_user(self) -> None:
        self._show_connection(problem=self._offer.identify())

    def _show_connection(self, problem: str = "") -> None:
        shown = refused_card(problem) if problem else connected_card(self._offer.status())
        panel: Panel | None = self
        while panel is not None:
            panel._replace(*shown)
            panel = panel._older  # noqa: SLF001 - as above

    def _replace(self, content: str, text: str) -> None:
        """Show static content in place of the panel, and close its widgets."""
        if is_voila():  # its page shows no later outputs of a kernel, only widgets
            self.remove_class("salesmate-nb")
            self._head.value, self.children = content, [self._head]
        elif self._handle is not None:
            with contextlib.suppress(Exception):  # a broken display must not break the login
                self._saved.show(content, text)
                self._handle.update({}, raw=True)
            fields.close(self)

    def _close_down(self) -> None:
        if self._offer.flow:
            self._offer.flow.unsubscribe(self._follow)
        if self._link_form:
            self._link_form.close_down()

    def _show_head(self, title: str, content: str) -> None:
        what = markup.paragraph(texts.READS_ONLY, "soft")
        self._head.value = markup.STYLE + markup.card(markup.title(title) + what + content)


def _title(offer: LoginOffer) -> str:
    """Return what one logs in to, as far as it is known."""
    account = offer.settings.linkname if offer.settings.linkname and not offer.has_own_host else offer.host
    title = texts.TITLE_TO.format(account=account) if account else texts.TITLE
    profile = "" if offer.profile == "default" else f", {texts.PROFILE.format(name=offer.profile)}"
    return title + profile


def _facts(offer: LoginOffer) -> str:
    wraps_at_slashes = markup.escaped(offer.kept).replace("/", "/<wbr>")
    return markup.paragraph(wraps_at_slashes, "facts soft small")
