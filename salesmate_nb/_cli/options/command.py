"""A command as it is typed, and the options that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from salesmate_nb._cli.completion import Completer, completed_by, file_names, profile_names
from salesmate_nb._cli.options.values import names, output_path

PROGRAM = "salesmate-nb"
TABLE = "table"
FORMATS = ("csv", "json", "parquet", "xlsx")


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command: what it is called, what it does, and which function does it.

    Parameters
    ----------
    name : str
        What is typed.
    run : str
        The function in ``_cli``, as ``commands.account:login``. It is imported when the command runs.
    what : str
        What it does, in a sentence.
    examples : tuple of str
        Whole lines to type, for ``--help``.
    add_options : callable
        Adds its options to its parser.
    note : str
        What else ``--help`` says, before the examples.
    has_profile : bool
        Whether it uses a login, and so takes ``--profile``.
    """

    name: str
    run: str
    what: str
    examples: tuple[str, ...]
    add_options: Callable[[argparse.ArgumentParser], None] = lambda parser: None  # noqa: ARG005 - it has none
    note: str = ""
    has_profile: bool = True

    @property
    def epilog(self) -> str:
        """What follows the options in ``--help``."""
        title = "example:" if len(self.examples) == 1 else "examples:"
        lines = "\n".join(f"  {example}" for example in self.examples)
        return "\n\n".join(filter(None, [self.note, f"{title}\n{lines}"]))


def add_profile(parser: argparse.ArgumentParser) -> None:
    """Add ``--profile``."""
    option = parser.add_argument(
        "--profile", metavar="NAME", help="the name under which the login is stored (default: default)"
    )
    completed_by(option, profile_names)


def add_columns(parser: argparse.ArgumentParser, option: str, columns: Completer, what: str) -> None:
    """Add an option that takes the names of columns."""
    added = parser.add_argument(option, action="extend", type=names, metavar="A,B", help=what)
    completed_by(added, columns)


def add_output(parser: argparse.ArgumentParser, *, is_extra: bool = False) -> None:
    """Add ``--format``, ``--output`` and ``--escape-formulas``.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        That of the command.
    is_extra : bool
        Whether the command prints or writes rows only if one of these is given.
    """
    kinds = ".csv, .json, .parquet or .xlsx"
    formats, files = "else a table", f"write to this file, {kinds}, instead of printing"
    if is_extra:
        formats, files = (
            "else Parquet; without --output, it is printed",
            f"also write it to this file, {kinds}",
        )
    parser.add_argument(
        "--format", choices=(TABLE, *FORMATS), help=f"default: by the ending of the file, {formats}"
    )
    output = parser.add_argument(
        "--output", type=output_path, metavar="FILE", help=f"{files}; - is standard output"
    )
    completed_by(output, file_names)
    parser.add_argument(
        "--escape-formulas",
        action="store_true",
        help="write CSV for a spreadsheet: with ' before texts that it would take for formulas, and with the "
        "mark by which Excel knows UTF-8",
    )
