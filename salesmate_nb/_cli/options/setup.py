"""The commands that put something on this computer: init, notebooks, completion and sandbox."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

from salesmate_nb._cli.completion import SHELLS, completed_by, folder_names
from salesmate_nb._cli.options.command import Command
from salesmate_nb._cli.options.values import whole

_HIGHEST_PORT = 65535


def _add_notebooks(parser: argparse.ArgumentParser) -> None:
    folder = parser.add_argument(
        "folder", type=Path, metavar="DIR", help="where to; it is created if it is missing"
    )
    completed_by(folder, folder_names)
    parser.add_argument(
        "--force", action="store_true", help="replace files there that differ, instead of keeping them"
    )


def _add_completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS)


def _add_sandbox(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        type=functools.partial(whole, high=_HIGHEST_PORT),
        default=0,
        help="port to listen on (default: a free one)",
    )
    parser.add_argument("--deals", type=whole, default=500, help="number of deals (default: 500)")
    parser.add_argument(
        "--approve", choices=("auto", "ask"), default="ask", help="log in at once, or on a consent page"
    )
    parser.add_argument(
        "--behavior",
        default="measured",
        metavar="NAME",
        help="how its API behaves: measured (default) as a live account, kind, no-totals and others",
    )
    parser.add_argument(
        "--login",
        choices=("oauth", "session_key"),
        default="oauth",
        help="print the settings of an OAuth client (default), or the Session Key",
    )
    parser.add_argument(
        "--api", choices=("v4", "v1"), default="v4", help="the v4 search (default), or /v1/deals"
    )


COMMANDS = (
    Command(
        name="init",
        run="commands.init:init",
        what="Ask for the settings, and write them to .env in this folder.",
        note=(
            "It asks for a Session Key and its workspace, or for an OAuth client. What is secret is not\n"
            "shown as you type, and only you can read the file. Other lines of it are kept."
        ),
        examples=("salesmate-nb init",),
        has_profile=False,
    ),
    Command(
        name="notebooks",
        run="commands.notebooks:notebooks",
        what="Copy the example notebooks to a folder.",
        note="With them comes .env.example, which explains every setting.",
        examples=("salesmate-nb notebooks salesmate-notebooks",),
        add_options=_add_notebooks,
        has_profile=False,
    ),
    Command(
        name="sandbox",
        run="commands.sandbox:sandbox",
        what="Run a local Salesmate with made-up deals until you press Ctrl+C.",
        examples=("salesmate-nb sandbox > .env", "salesmate-nb sandbox --port 8080 --login session_key"),
        add_options=_add_sandbox,
        has_profile=False,
    ),
    Command(
        name="completion",
        run="completion:show_code",
        what="Print what lets a shell complete commands, options, columns, profiles and files on Tab.",
        note=(
            "Put the line for your shell into its start file: ~/.bashrc, ~/.zshrc or config.fish. In zsh,\n"
            "this line must come before it, if it is not there yet: autoload -U compinit; compinit"
        ),
        examples=(
            'eval "$(salesmate-nb completion bash)"',
            'eval "$(salesmate-nb completion zsh)"',
            "salesmate-nb completion fish | source",
        ),
        add_options=_add_completion,
        has_profile=False,
    ),
)
