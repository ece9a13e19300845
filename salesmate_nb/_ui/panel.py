"""The login panel: ipywidgets that show a login flow."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets
from IPython.display import display

from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb._ui import texts
from salesmate_nb.errors import SalesmateError


class Panel(ipywidgets.VBox):  # type: ignore[misc] # ipywidgets has no types
    """A card with the login link, the state of the login, and a field for the address to paste.

    Screen readers announce each state. The field has a label, and gets the focus if the pasted address
    is wrong. The field is cleared before its content is used, because a notebook saves the values of
    its widgets.

    Parameters
    ----------
    login : LoginFlow
        The login to show.
    facts : callable
        Returns the lines to show once connected: account, host, expiry and the like, by name.
    """

    def __init__(self, login: LoginFlow, facts: Callable[[], Mapping[str, str]]) -> None:
        self._login = login
        self._facts = facts
        self._card = ipywidgets.HTML()
        self._field = ipywidgets.Text(
            description=texts.ADDRESS_LABEL,
            continuous_update=False,  # send the address once, not character by character
            style={"description_width": "initial"},
            layout={"flex": "1 1 12em", "width": "auto", "min_width": "0"},
        )
        self._button = ipywidgets.Button(description=texts.CONNECT_BUTTON, layout={"width": "auto"})
        self._new_link = ipywidgets.Button(description=texts.NEW_LINK_BUTTON, layout={"width": "max-content"})
        self._field.observe(lambda change: self._finish(change["new"]), "value")
        self._button.on_click(lambda _: self._finish(self._field.value))
        self._new_link.on_click(lambda _: login.renew())
        self._paste_row = ipywidgets.HBox([self._field, self._button], layout={"flex_flow": "row wrap"})
        super().__init__([self._card, self._paste_row, self._new_link], layout={"max_width": "46em"})
        self.add_class("salesmate-nb")
        login.subscribe(self._show)
        self._show(login)

    def __repr__(self, **_: Any) -> str:
        """Return the text for frontends without widgets; it is saved with the notebook, so it has no URL."""
        return texts.WITHOUT_WIDGETS

    def retire(self) -> None:
        """Stop following the login, and point to the newer panel."""
        self._login.unsubscribe(self._show)
        self._paste_row.layout.display = self._new_link.layout.display = "none"
        self._card.value = _card(f"<p>{texts.MOVED}</p>")

    def _finish(self, pasted: str) -> None:
        if not pasted:
            return
        self._field.value = ""
        try:
            self._login.finish(pasted)
        except SalesmateError:  # _show() displays its message
            self._field.focus()
        except Exception as err:  # noqa: BLE001 - ipywidgets would swallow it
            self._card.value = _card(_alert(texts.UNEXPECTED_ERROR.format(error=type(err).__name__)))

    def _show(self, login: LoginFlow) -> None:
        waiting = login.phase is LoginState.WAITING
        self._paste_row.layout.display = "" if waiting else "none"
        self._field.disabled = self._button.disabled = login.is_awaited  # a busy kernel receives no paste
        self._new_link.layout.display = "" if login.phase is LoginState.EXPIRED else "none"
        if waiting:
            self._card.value = _card(_waiting(login))
            self._field.placeholder = f"{login.redirect_uri}?code=..."
        elif login.phase is LoginState.EXCHANGING:
            self._card.value = _card(_status(texts.CONNECTING))
        elif login.phase is LoginState.EXPIRED:
            self._card.value = _card(_status(texts.EXPIRED))
        else:
            self._card.value = _card(
                _status(texts.LOGGED_IN) + _list(self._facts()), title=texts.TITLE_CONNECTED
            )


def show(login: LoginFlow, facts: Callable[[], Mapping[str, str]]) -> None:
    """Display the panel of a login below the running cell, and retire the panel shown before.

    Parameters
    ----------
    login, facts
        See :class:`Panel`.
    """
    while _shown:
        _shown.pop().retire()
    _shown.append(Panel(login, facts))
    display(_shown[-1])


def show_no_credentials() -> None:
    """Display how to set up an account."""
    card = f'<div class="salesmate-nb">{_card(texts.NO_ACCOUNT)}</div>'
    display({"text/html": card, "text/plain": texts.NO_ACCOUNT_PLAIN}, raw=True)


_shown: list[Panel] = []

# VS Code's colors come first: it also defines Jupyter's, but always those of the light theme
_STYLE = """<style>
.salesmate-nb { border: 1px solid var(--vscode-panel-border, var(--jp-border-color1, #bdbdbd));
  border-radius: 6px; padding: 14px 18px 12px; margin: 4px 0;
  --ink: var(--vscode-editor-foreground, var(--jp-ui-font-color0, #212121));
  background: var(--vscode-editor-background, var(--jp-layout-color1, #fff)) }
.salesmate-nb .widget-label, .salesmate-nb .card, .salesmate-nb .card code, .salesmate-nb .card pre {
  color: var(--ink) }
.salesmate-nb .card { font-size: 14px; line-height: 1.5; white-space: normal }
.salesmate-nb .card h4 { font-size: 16px; font-weight: 600; margin: 0 0 8px }
.salesmate-nb .card p { margin: 0 0 8px }
.salesmate-nb .card a.go { display: inline-block; padding: 5px 16px; border-radius: 4px; background: #1557b0;
  color: #fff; font-weight: 600; text-decoration: none }
.salesmate-nb .card a.go:hover { background: #0d47a1 }
.salesmate-nb .card a.go:focus-visible { outline: 3px solid #f9a825; outline-offset: 2px }
.salesmate-nb .card .alert { border-left: 4px solid #d84315; padding-left: 10px }
.salesmate-nb .card .hint { margin-top: 14px }
.salesmate-nb .card dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 0 }
.salesmate-nb .card dt { width: auto; float: none; font-weight: 400; white-space: nowrap; opacity: .75 }
.salesmate-nb .card dd { width: auto; float: none; margin: 0; overflow-wrap: anywhere }
.salesmate-nb .card pre { margin: 0 0 8px; padding: 8px 10px; white-space: pre-wrap;
  background: var(--vscode-textCodeBlock-background, var(--jp-layout-color2, #f5f5f5)) }
</style>"""


def _card(content: str, title: str = texts.TITLE) -> str:
    return f'{_STYLE}<div class="card"><h4>{title}</h4>{content}</div>'


def _status(text: str) -> str:
    return f'<p role="status">{html.escape(text)}</p>'


def _alert(text: str) -> str:
    return f'<p class="alert" role="alert">{html.escape(text)}</p>' if text else ""


def _list(facts: Mapping[str, str]) -> str:
    rows = (f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items())
    return f"<dl>{''.join(rows)}</dl>"


def _waiting(login: LoginFlow) -> str:
    """Return the login link and what to do next as HTML."""
    url = html.escape(login.url, quote=True)  # before is_listening: reading it starts the loopback server
    if login.is_listening:
        state = texts.WAITING
        hint = texts.PASTE_AFTER_INTERRUPT if login.is_awaited else texts.PASTE_IF_UNREACHABLE
    else:
        state = texts.ALLOW_AND_COPY
        hint = f"{login.obstacle} {texts.PASTE_LAST_ADDRESS}".lstrip()
    link = f'<a class="go" href="{url}" target="_blank" rel="noopener noreferrer">{texts.LOGIN_LINK}</a>'
    return f'{_alert(login.message)}<p>{link}</p>{_status(state)}<p class="hint">{html.escape(hint)}</p>'
