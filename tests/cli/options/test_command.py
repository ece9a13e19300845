"""A command as it is typed, and the options that several share."""

from __future__ import annotations

from salesmate_nb._cli.options.command import FORMATS, Command
from salesmate_nb._frames.export import formats


def test_formats():
    """The formats that can be typed are those that can be written."""
    assert FORMATS == formats.FORMATS


def test_epilog():
    """Below the options stand the note and the examples."""
    command = Command(name="x", run="a:b", what="Do.", note="Note.", examples=("salesmate-nb x", "y"))
    assert command.epilog == "Note.\n\nexamples:\n  salesmate-nb x\n  y"
