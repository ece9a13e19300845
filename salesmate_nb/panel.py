"""The login panel: ipywidgets over a login on its way, with no logic of its own."""

from __future__ import annotations

import html
from typing import Any

from salesmate_nb.errors import SalesmateError
from salesmate_nb.login import Login, Phase


class Panel:
    """A card that shows a login: its link, what to do, and a field for the pasted address.

    Parameters
    ----------
    login : Login
        What waits for a person.
    """

    def __init__(self, login: Login) -> None:
        import ipywidgets  # noqa: PLC0415 - only notebooks show panels

        self._login = login
        self._text = ipywidgets.HTML()
        self._field = ipywidgets.Text(
            placeholder="http://localhost:3000/callback?code=...",
            continuous_update=False,
            layout={"width": "auto", "flex": "1 1 auto"},
        )
        self._button = ipywidgets.Button(description="Connect", layout={"width": "auto"})
        self._button.on_click(self._finish)
        self._paste = ipywidgets.HBox([self._field, self._button])
        self.box = ipywidgets.VBox([self._text, self._paste], layout={"max_width": "44em"})
        login.watch(self._show)
        self._show(login)

    def _finish(self, _: Any) -> None:
        # Cleared first: a widget's value is saved with the notebook.
        pasted, self._field.value = self._field.value, ""
        try:
            self._login.finish(pasted)
        except SalesmateError:
            pass  # the login shows its message
        except Exception as err:  # noqa: BLE001 - ipywidgets drops what a callback raises
            self._text.value = f"<p>Something unforeseen happened: {html.escape(type(err).__name__)}.</p>"

    def _show(self, login: Login) -> None:
        done = login.phase is Phase.DONE
        self._button.disabled = login.phase is Phase.WORKING
        self._paste.layout.display = "none" if done else ""
        self._text.value = _CONNECTED if done else _WORKING if self._button.disabled else _waiting(login)


def show(login: Login) -> None:
    """Display the panel of a login under the running cell.

    Parameters
    ----------
    login : Login
        What waits for a person.
    """
    from IPython.display import display  # noqa: PLC0415 - only notebooks show panels

    display(Panel(login).box)


_CONNECTED = "<p><b>Connected to Salesmate.</b></p>"
_WORKING = "<p>Connecting ...</p>"


def _waiting(login: Login) -> str:
    link = html.escape(login.url, quote=True)
    message = f"<p><b>{html.escape(login.message)}</b></p>" if login.message else ""
    catching = "Waiting for Salesmate ... " if login.is_listening else ""
    return (
        f'<p><a href="{link}" target="_blank" rel="noopener noreferrer"><b>Log in to Salesmate</b></a> and allow.</p>'
        f"{message}<p>{catching}If the page you end on cannot be reached, paste its address here:</p>"
    )
