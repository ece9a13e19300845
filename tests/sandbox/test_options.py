"""Behaviors and options."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from salesmate_nb import sandbox
from salesmate_nb.sandbox import BEHAVIORS, Behavior, Options


def test_start_takes_options():
    """The keywords of start() and the fields of Options are the same, with the same defaults."""
    parameters = inspect.signature(sandbox.start).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}
    assert defaults.pop("behavior") == "measured"
    fields = [field for field in dataclasses.fields(Options) if field.name != "behavior"]
    assert defaults == {field.name: field.default for field in fields}
    assert Options().behavior == Behavior() == Behavior.named("measured")


@pytest.mark.parametrize("name", BEHAVIORS)
def test_named_behaviors(name):
    """Each name sets its switches, and leaves the others as they were measured."""
    for field in dataclasses.fields(Behavior):
        assert getattr(Behavior.named(name), field.name) == BEHAVIORS[name].get(field.name, field.default)
    assert name == "measured" or Behavior.named(name) != Behavior()


def test_switches():
    """A switch wins over the named behavior, or over one of the caller's own."""
    assert Behavior.named("kind", order="unstable").order == "unstable"
    assert Behavior.named(Behavior(max_rows=7), latency=1.5) == Behavior(max_rows=7, latency=1.5)
    with sandbox.start(deals=1, behavior="kind", id_rules="ignored") as server:
        assert "running" in repr(server)


def test_unknown_switch():
    """An unknown switch is an error that names the valid ones."""
    with pytest.raises(TypeError, match=r"latencey: no such switch.* latency,"):
        sandbox.start(latencey=1)


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ({"approve": "never"}, "auto, ask"),
        ({"api": "v9"}, "v1, v4"),
        ({"login": "password"}, "oauth, session_key"),
        ({"login": "session_key", "api": "v1"}, "api='v4'"),
        ({"behavior": "cruel"}, "measured, kind"),
        ({"id_rules": True}, "supported, refused, ignored"),
        ({"refusal": 418}, "400, 403"),
        ({"max_rows": 0}, "1 or more"),
        ({"deals": -1}, "0 or more"),
        ({"time_zone": "Mars"}, "Europe/Berlin"),
    ],
)
def test_invalid_option(option, hint):
    """The error message lists the valid values."""
    with pytest.raises(ValueError, match=hint):
        sandbox.start(**option)


def test_repr_hides_secrets():
    """The repr of options shows no secret."""
    shown = repr(Options())
    assert "sandbox-secret" not in shown
    assert "session-key" not in shown
