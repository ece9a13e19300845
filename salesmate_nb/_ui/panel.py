"""The login panel: ipywidgets over a login on its way, with no logic of its own."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets
from IPython.display import display

from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb.errors import SalesmateError


class Panel(ipywidgets.VBox):  # type: ignore[misc] # ipywidgets has no types
    """A card that shows a login: its link, where it stands, and a field for the address to paste.

    States are told in words, and announced to screen readers; the field has a label, and gets the focus
    when something is wrong with what was pasted. Nothing pasted stays in the field, since the values of
    widgets are saved with a notebook.

    Parameters
    ----------
    login : LoginFlow
        What waits for a person.
    facts : callable
        Tells, once connected, who is connected to what, line by line.
    """

    def __init__(self, login: LoginFlow, facts: Callable[[], Mapping[str, str]]) -> None:
        self._login = login
        self._facts = facts
        self._card = ipywidgets.HTML()
        self._field = ipywidgets.Text(
            description="Address",
            continuous_update=False,  # so that the address goes off as a whole
            style={"description_width": "initial"},
            layout={"flex": "1 1 12em", "width": "auto", "min_width": "0"},
        )
        self._button = ipywidgets.Button(description="Connect", layout={"width": "auto"})
        self._fresh = ipywidgets.Button(description="Get a fresh link", layout={"width": "max-content"})
        self._field.observe(lambda change: self._finish(change["new"]), "value")
        self._button.on_click(lambda _: self._finish(self._field.value))
        self._fresh.on_click(lambda _: login.renew())
        self._paste = ipywidgets.HBox([self._field, self._button], layout={"flex_flow": "row wrap"})
        super().__init__([self._card, self._paste, self._fresh], layout={"max_width": "46em"})
        self.add_class("salesmate-nb")
        login.subscribe(self._show)
        self._show(login)

    def __repr__(self, **_: Any) -> str:
        """Tell what to do where no widgets are shown; this text is saved with the notebook, so no address."""
        return _WITHOUT_WIDGETS

    def retire(self) -> None:
        """Give way to a newer panel."""
        self._login.unsubscribe(self._show)
        self._paste.layout.display = self._fresh.layout.display = "none"
        self._card.value = _card(
            "Connect to Salesmate",
            "<p>A login is shown in a newer cell. To log in here, run this cell again.</p>",
        )

    def _finish(self, pasted: str) -> None:
        if not pasted:
            return
        self._field.value = ""
        try:
            self._login.finish(pasted)
        except SalesmateError:  # the login tells its message
            self._field.focus()
        except Exception as err:  # noqa: BLE001 - ipywidgets would swallow it
            self._card.value = _card(
                "Connect to Salesmate", _alert(f"An unforeseen {type(err).__name__} came up.")
            )

    def _show(self, login: LoginFlow) -> None:
        waiting = login.phase is LoginState.WAITING
        self._paste.layout.display = "" if waiting else "none"
        self._field.disabled = self._button.disabled = login.is_awaited  # what is pasted would not arrive
        self._fresh.layout.display = "" if login.phase is LoginState.EXPIRED else "none"
        if waiting:
            self._card.value = _waiting(login)
            self._field.placeholder = f"{login.redirect_uri}?code=..."
        elif login.phase is LoginState.EXCHANGING:
            self._card.value = _card("Connect to Salesmate", _status("Connecting ..."))
        elif login.phase is LoginState.EXPIRED:
            self._card.value = _card("Connect to Salesmate", _status("This link has expired."))
        else:
            self._card.value = _card(
                "Connected to Salesmate", _status("You are logged in.") + _list(self._facts())
            )


def show(login: LoginFlow, facts: Callable[[], Mapping[str, str]]) -> None:
    """Display the panel of a login under the running cell; an earlier panel gives way to it.

    Parameters
    ----------
    login, facts
        As :class:`Panel` takes them.
    """
    while _shown:
        _shown.pop().retire()
    _shown.append(Panel(login, facts))
    display(_shown[-1])


def show_no_credentials() -> None:
    """Display what to do where no account is set up."""
    card = f'<div class="salesmate-nb">{_card("Connect to Salesmate", _NO_CREDENTIALS)}</div>'
    display({"text/html": card, "text/plain": "Salesmate: no account is set up yet."}, raw=True)


_shown: list[Panel] = []

# VS Code's colours first: it has Jupyter's too, those of the light theme whatever its own is
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

_GO = "Log in to Salesmate"
# ipywidgets cuts it after 110 characters
_WITHOUT_WIDGETS = (
    "Salesmate login. No panel here? Open connect().login_url, then connect().finish_login('its address')."
)
_NO_CREDENTIALS = """
<p>No account is set up yet. Put one of these into a file named <code>.env</code> beside the notebook:</p>
<pre># log in with OAuth (from whoever registered the client with Salesmate)
SALESMATE_CLIENT_ID=...
SALESMATE_CLIENT_SECRET=...

# or an access key (Salesmate: My Account, tab Access Key)
SALESMATE_ACCESS_TOKEN=...
SALESMATE_LINKNAME=acme</pre>
<p>Then run this cell again. To try it without an account:
<code>from salesmate_nb import sandbox; connect(sandbox.start())</code></p>
"""


def _card(title: str, inner: str) -> str:
    return f'{_STYLE}<div class="card"><h4>{title}</h4>{inner}</div>'


def _status(text: str) -> str:
    return f'<p role="status">{html.escape(text)}</p>'


def _alert(text: str) -> str:
    return f'<p class="alert" role="alert">{html.escape(text)}</p>' if text else ""


def _list(facts: Mapping[str, str]) -> str:
    rows = (f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items())
    return f"<dl>{''.join(rows)}</dl>"


def _waiting(login: LoginFlow) -> str:
    link = html.escape(login.url, quote=True)
    go = f'<p><a class="go" href="{link}" target="_blank" rel="noopener noreferrer">{_GO}</a></p>'
    if login.is_listening:
        state = _status("It opens in a new tab. Waiting for Salesmate ...")
        first = "Interrupt this cell, then paste" if login.is_awaited else "Paste"
        hint = f"Page can't be reached after you allowed? {first} its address here:"
    else:
        state = _status("It opens in a new tab. Allow there, then copy the address you end on.")
        obstacle = f"{html.escape(login.obstacle)} " if login.obstacle else ""
        hint = f"{obstacle}The page you end on need not load: only its address counts. Paste it here:"
    return _card("Connect to Salesmate", f'{_alert(login.message)}{go}{state}<p class="hint">{hint}</p>')
