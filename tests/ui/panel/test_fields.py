"""The panel's fields hold no text, and its buttons look as they rank."""

from __future__ import annotations

from types import SimpleNamespace

import ipywidgets
import pytest

from salesmate_nb._ui.panel import fields

SUBMIT = {"event": "submit"}


@pytest.fixture
def field():
    entered = []
    made = fields.KeyField(
        "Key", "paste", placeholder_held="dots", on_enter=lambda: entered.append(made.take())
    )
    made.entered = entered
    return made


def test_text_is_emptied(field):
    """A text that arrives is gone from the widget's state at once, and held until it is taken."""
    field.value = "s3cret"
    assert (field.value, field.placeholder) == ("", "dots")
    assert "s3cret" not in repr(field.get_state()) + repr(field) + repr(vars(field))
    assert (field.take(), field.placeholder) == ("s3cret", "paste")
    assert field.take() == ""


@pytest.mark.parametrize("order", ["text first", "Enter first"])
def test_enter(field, order):
    """Enter passes the text on, whichever of its two messages comes first."""
    steps = [
        lambda: setattr(field, "value", "s3cret"),
        lambda: field._handle_custom_msg(SUBMIT, []),
    ]
    for step in steps if order == "text first" else reversed(steps):
        step()
    assert field.entered == ["s3cret"]


def test_enter_in_the_empty_field(field, monkeypatch):
    """Enter in the empty field is passed on once, and a text that comes later waits for another Enter."""
    monkeypatch.setattr(fields.threading, "Timer", lambda _, end: SimpleNamespace(start=end))
    field._handle_custom_msg(SUBMIT, [])
    field.value = "s3cret"
    assert field.entered == [""]


def test_leaving_the_field(field):
    """A text is not passed on if the field only loses the focus."""
    field.value = "s3cret"
    assert field.entered == []


def test_no_echo(field, monkeypatch):
    """The kernel does not send the text back to the frontend's other clients."""
    sent = []
    monkeypatch.setattr(type(field), "_send", lambda self, message, buffers=None: sent.append(message))
    field.set_state({"value": "s3cret"})
    assert "s3cret" not in repr(sent)
    assert {"method": "update", "state": {"value": ""}, "buffer_paths": []} in sent


def test_key_is_hidden():
    """A key shows as dots, an address as text."""
    assert issubclass(fields.KeyField, ipywidgets.Password)
    assert not issubclass(fields.AddressField, ipywidgets.Password)


@pytest.mark.parametrize("kind", ["main", "plain", "quiet"])
def test_buttons(kind):
    """A button calls its function without arguments."""
    clicks = []
    button = getattr(fields, f"{kind}_button")("Go", lambda: clicks.append(1))
    button.click()
    assert clicks == [1]
