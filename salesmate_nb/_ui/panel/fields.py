"""The fields and buttons of the panel."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets
import traitlets

from salesmate_nb._base.secret.text import Secret

TOGETHER = 0.5  # seconds within which the two messages of the Enter key arrive
FIELD = {
    "style": {"description_width": "6.5em"},
    "layout": {"flex": "1 1 14em", "width": "auto", "min_width": "0", "margin": "0"},
}


class _EmptiedText(ipywidgets.Text):  # type: ignore[misc] # ipywidgets has no types
    """A field that holds no text: a notebook saves the values of its widgets.

    What a user has typed is emptied as soon as it arrives, and kept in this process until :meth:`take`. The
    kernel does not echo it to other clients.

    Parameters
    ----------
    description, placeholder : str
        The label, and what the field shows while nothing was typed.
    placeholder_held : str
        What it shows while a text waits for :meth:`take`.
    on_enter : callable
        Called when the user has pressed Enter in the field.
    """

    value = traitlets.Unicode("").tag(sync=True, echo_update=False)

    def __init__(
        self, description: str, placeholder: str, *, placeholder_held: str, on_enter: Callable[[], None]
    ) -> None:
        super().__init__(
            description=description,
            placeholder=placeholder,
            continuous_update=False,  # send the text once, not character by character
            **FIELD,
        )
        self._placeholders = (placeholder, placeholder_held)
        self._held = Secret()
        self._on_enter = on_enter
        self._is_entering = False
        self.observe(self._hold, "value")
        self.on_msg(self._listen)

    def take(self) -> Secret:
        """Return what was typed, and keep nothing of it."""
        taken, self._held = self._held, Secret()
        self._is_entering = False
        self.placeholder = self._placeholders[0]
        return taken

    def _hold(self, change: Any) -> None:
        if not change["new"]:
            return
        self._held = Secret(change["new"])
        self.value = ""
        self.placeholder = self._placeholders[1]
        if self._is_entering:
            self._on_enter()

    def _listen(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Handle the message of the Enter key, which comes right before or after the text, if any."""
        if content.get("event") != "submit":
            return
        if self._held:
            self._on_enter()
            return
        self._is_entering = True
        timer = threading.Timer(TOGETHER, self._find_empty)
        timer.daemon = True
        timer.start()

    def _find_empty(self) -> None:
        """Pass on that Enter was pressed in the empty field; a text that comes later waits for another."""
        if self._is_entering:
            self._is_entering = False
            self._on_enter()


class AddressField(_EmptiedText):
    """A field for the address of the last page, which contains a code."""


class KeyField(_EmptiedText, ipywidgets.Password):  # type: ignore[misc] # ipywidgets has no types
    """A field for a Session Key, shown as dots."""


def main_button(description: str, on_click: Callable[[], None]) -> Any:
    """Return the one button that stands out."""
    return _button(description, "go", on_click)


def plain_button(description: str, on_click: Callable[[], None]) -> Any:
    """Return a button of second rank."""
    return _button(description, "plain", on_click)


def quiet_button(description: str, on_click: Callable[[], None]) -> Any:
    """Return a button that looks like a link: another way, or more to read."""
    return _button(description, "quiet", on_click)


def show(widget: Any, *, visible: bool) -> None:
    """Show or hide a widget."""
    widget.layout.display = "" if visible else "none"


def close(widget: Any) -> None:
    """Close a widget and all that belongs to it: a kernel keeps each widget that is not closed."""
    for child in getattr(widget, "children", ()):
        close(child)
    for part in (getattr(widget, "style", None), widget.layout, widget):
        if part is not None:
            part.close()


def _button(description: str, kind: str, on_click: Callable[[], None]) -> Any:
    button = ipywidgets.Button(description=description, layout={"width": "max-content", "margin": "0 2px"})
    button.add_class(kind)
    button.on_click(lambda _: on_click())
    return button
