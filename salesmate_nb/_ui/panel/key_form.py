"""The form for a workspace and its Session Key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from salesmate_nb._base import validators
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._ui import texts
from salesmate_nb._ui.offer import LoginOffer
from salesmate_nb._ui.panel import fields, markup
from salesmate_nb._ui.refusals import WORKSPACE, explain
from salesmate_nb.errors import SalesmateError, SettingsError


class KeyForm(ipywidgets.VBox):  # type: ignore[misc] # ipywidgets has no types
    """Two fields and a button. What is wrong stands below the field that it is about.

    The key's field is empty after every attempt; both stay usable.

    Parameters
    ----------
    offer : LoginOffer
        The login.
    on_done : callable
        Called once the key was accepted.
    """

    def __init__(self, offer: LoginOffer, on_done: Callable[[], None]) -> None:
        self._offer = offer
        self._on_done = on_done
        self.workspace = ipywidgets.Text(
            value=offer.settings.linkname or "",
            description=texts.WORKSPACE_LABEL,
            placeholder=texts.WORKSPACE_EXAMPLE,
            **fields.FIELD,
        )
        self.key = fields.KeyField(
            texts.KEY_LABEL,
            texts.KEY_EXAMPLE,
            placeholder_held=texts.KEY_HELD,
            on_enter=self._submit,
        )
        self.workspace_alert, self.key_alert, self.hint = (ipywidgets.HTML() for _ in range(3))
        self.button = fields.main_button(texts.KEY_BUTTON, self._submit)
        self.workspace.observe(lambda _: self._name_workspace(), "value")
        self.workspace.on_msg(self._move_on)
        row = {"flex_flow": "row wrap", "align_items": "center", "margin": "2px 2px 8px"}
        super().__init__(
            [
                ipywidgets.HBox([self.workspace], layout=row),
                self.workspace_alert,
                ipywidgets.HBox([self.key], layout=row),
                self.key_alert,
                self.hint,
                self.button,
            ]
        )
        self._name_workspace()

    def focus(self) -> None:
        """Put the cursor into the first field that is empty."""
        (self.key if self.workspace.value else self.workspace).focus()

    def _name_workspace(self) -> None:
        """Let the hint link to the workspace that is typed."""
        name, salesmate = self._linkname(), "Salesmate"
        if name and not self._offer.has_own_host:
            salesmate = markup.link(f"https://{name}.salesmate.io", f"{name}.salesmate.io")
        where = texts.WHERE_THE_KEY_IS.format(salesmate=salesmate)
        self.hint.value = markup.card(markup.paragraph(where, "soft small"))

    def _move_on(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Let Enter in the workspace's field lead to the key's; it sends nothing."""
        if content.get("event") == "submit":
            self.key.focus()

    def _linkname(self) -> str:
        """Return the workspace's name, from its name or address; empty if it is neither."""
        try:
            return validators.linkname("workspace", self.workspace.value.strip()) or ""
        except SettingsError:
            return ""

    def _submit(self) -> None:
        workspace = self._linkname()
        if not workspace:
            self._refuse(self.workspace, texts.WORKSPACE_MISSING)
            return
        key = self.key.take()
        if not key:
            self._refuse(self.key, texts.KEY_MISSING)
            return
        self._refuse(None, "")
        self.button.disabled, self.button.description = True, texts.KEY_BUTTON_BUSY
        try:
            self._log_in(workspace, key)
        finally:
            self.button.disabled, self.button.description = False, texts.KEY_BUTTON

    def _log_in(self, workspace: str, key: Secret) -> None:
        try:
            self._offer.with_key(workspace, key)
        except SalesmateError as err:
            field, why = explain(err)
            self._refuse(self.workspace if field == WORKSPACE else self.key, why)
        except Exception as err:  # noqa: BLE001 - ipywidgets would swallow it
            self._refuse(self.key, texts.UNEXPECTED_ERROR.format(error=type(err).__name__))
        else:
            self._on_done()

    def _refuse(self, field: Any, why: str) -> None:
        """Show what is wrong below its field, and put the cursor there."""
        self.workspace_alert.value = markup.card(markup.alert(why if field is self.workspace else ""))
        self.key_alert.value = markup.card(markup.alert(why if field is self.key else ""))
        if field is not None:
            field.focus()
