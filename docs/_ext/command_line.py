"""The command line's own help, so that the documentation cannot differ from it."""

from __future__ import annotations

import argparse
import os
from typing import Any
from unittest import mock

from salesmate_nb._cli.options.parser import make_parser

_COLUMNS = "84"  # as wide as a block on the page


def help_texts() -> dict[str, str]:
    """Return the help of each command by its name."""
    parser = make_parser()
    commands = next(
        action
        for action in parser._actions  # noqa: SLF001 - argparse has no public way to list its commands
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
    )
    with mock.patch.dict(os.environ, {"COLUMNS": _COLUMNS, "NO_COLOR": "1"}):
        return {name: command.format_help() for name, command in commands.choices.items()}


def setup(app: Any) -> dict[str, bool]:
    """Let pages have the directive ``{command-help}``."""
    from docutils import nodes  # noqa: PLC0415 - tests read the help without Sphinx
    from docutils.statemachine import StringList  # noqa: PLC0415
    from sphinx.util.docutils import SphinxDirective  # noqa: PLC0415

    class CommandHelp(SphinxDirective):
        def run(self) -> list[nodes.Node]:
            lines: list[str] = []
            for name, text in help_texts().items():
                lines += [f"## {name}", "", "```text", *text.rstrip().splitlines(), "```", ""]
            parent = nodes.Element()
            self.state.nested_parse(
                StringList(lines, source=self.get_source_info()[0]), 0, parent, match_titles=True
            )
            return parent.children

    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
