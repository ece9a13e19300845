"""The parser of the whole command line, made of its commands."""

from __future__ import annotations

import argparse

from salesmate_nb import __version__
from salesmate_nb._cli.options import account, records, setup, snapshots
from salesmate_nb._cli.options.command import PROGRAM, add_profile

COMMANDS = (
    *setup.COMMANDS[:1],
    *account.COMMANDS,
    *records.COMMANDS,
    *snapshots.COMMANDS,
    *setup.COMMANDS[1:],
)


def make_parser() -> argparse.ArgumentParser:
    """Make the parser; what it returns has ``run``, the function of the command.

    Examples
    --------
    >>> make_parser().parse_args(["status", "--profile", "emea"]).run
    'commands.account:status'
    """
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Read Salesmate on the command line.",
        epilog=f"{PROGRAM} COMMAND --help shows the options of a command, and an example.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for command in COMMANDS:
        made = subparsers.add_parser(
            command.name,
            help=command.what,
            description=command.what,
            epilog=command.epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.set_defaults(run=command.run)
        command.add_options(made)
        if command.has_profile:
            add_profile(made)
    return parser
