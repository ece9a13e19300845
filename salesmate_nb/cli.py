"""The command line: it runs a command, and turns errors into one line and an exit code."""

from __future__ import annotations

import argparse
import pkgutil
import sys
import warnings
from collections.abc import Sequence

from salesmate_nb._cli.completion import complete
from salesmate_nb._cli.options.parser import make_parser
from salesmate_nb._cli.streams import discard_output, say
from salesmate_nb._cli.words import in_command_line_words
from salesmate_nb.errors import SalesmateError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default the process's own.

    Returns
    -------
    int
        0 if it succeeded, 1 for a :class:`SalesmateError` (one line on stderr). Usage errors exit with 2.

    Examples
    --------
    >>> main(["deals", "--sandbox", "--limit", "2", "--format", "csv", "--columns", "id,currency"])
    id,currency
    1001,...
    """
    parser = make_parser()
    complete(parser)
    options = parser.parse_args(arguments)

    def words(text: str) -> str:
        given = vars(options)
        told = in_command_line_words(
            text, given, resource=given.get("resource"), profile=given.get("profile")
        )
        return " ".join(told.split())

    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: say(f"warning: {words(str(message))}")
            pkgutil.resolve_name(f"salesmate_nb._cli.{options.run}")(options)
    except argparse.ArgumentError as err:
        parser.error(str(err))
    except SalesmateError as err:
        say(f"{type(err).__name__}: {words(str(err))}")
        return 1
    except BrokenPipeError:  # the reader of a pipe has seen enough
        discard_output()
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    except Exception as err:  # no traceback at a terminal, whatever happens
        if sys.flags.dev_mode:
            raise
        say(
            f"salesmate-nb failed because of an unexpected {type(err).__name__}. Please report it, with what "
            "`python -X dev -m salesmate_nb` and the rest of the command line print."
        )
        return 1
    return 0
