"""The command line: ``salesmate-nb login | status | doctor | logout | deals | movement | snapshot ...``."""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import math
import re
import sys
import warnings
from collections.abc import Callable, Sequence

from salesmate_nb import __version__
from salesmate_nb._cli import commands
from salesmate_nb._cli.output import TABLE, discard_output, output_path, say
from salesmate_nb._cli.words import in_command_line_words
from salesmate_nb._frames.export.formats import FORMATS
from salesmate_nb._values.times import parse_age, parse_time
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources import RESOURCES

_HIGHEST_PORT = 65535
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")


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
    parser = _parser()
    options = parser.parse_args(arguments)

    def words(text: str) -> str:
        return " ".join(in_command_line_words(text, vars(options)).split())

    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: say(f"warning: {words(str(message))}")
            options.run(options)
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
            "`python -X dev -m salesmate_nb.cli` and the rest of the command line print."
        )
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="salesmate-nb", description="Read Salesmate deals on the command line."
    )
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[argparse.Namespace], None], what: str) -> argparse.ArgumentParser:
        made = subparsers.add_parser(name, help=what, description=what)
        made.set_defaults(run=run)
        if name != "sandbox":
            made.add_argument("--profile", help="the name under which the login is stored (default: default)")
        return made

    login = command("login", commands.login, "Log in once; later notebooks and commands will not ask again.")
    login.add_argument(
        "--wait",
        type=_seconds,
        default=0.0,
        metavar="S",
        help="wait up to S seconds for the browser, without asking",
    )
    login.add_argument("--workspace", metavar="NAME", help="the 'acme' of https://acme.salesmate.io")
    login.add_argument(
        "--key-stdin", action="store_true", help="read the Session Key from standard input, for scripts"
    )
    command(
        "status",
        commands.status,
        "Show each login: who, host, expiry, and what is known of the server; no request.",
    )
    command(
        "doctor", commands.doctor, "Print what the server supports, for a bug report; at most 12 requests."
    )
    command("logout", commands.logout, "Forget every login of the profile, and revoke what can be revoked.")
    _add_deals_options(command("deals", commands.deals, "Print deals, or write them to a file."))
    _add_movement_options(
        command(
            "movement", commands.movement, "Refresh the snapshot of deals, and print what moved since then."
        )
    )
    snapshot = command("snapshot", commands.snapshot, "Update a snapshot on disk, for example from cron.")
    snapshot.add_argument(
        "resource",
        nargs="?",
        choices=tuple(RESOURCES),
        default="deals",
        help="what to update (default: deals)",
    )
    snapshot.add_argument(
        "--full", action="store_true", help="rebuild from scratch instead of reading only what changed"
    )
    snapshot.add_argument(
        "--output",
        type=output_path,
        metavar="FILE",
        help="also write it to this file: Parquet, or as its ending says: .parquet, .csv, .json",
    )
    box = command(
        "sandbox", commands.sandbox, "Run a local Salesmate with made-up deals until you press Ctrl+C."
    )
    box.add_argument(
        "--port",
        type=functools.partial(_whole, high=_HIGHEST_PORT),
        default=0,
        help="port to listen on (default: a free one)",
    )
    box.add_argument("--deals", type=_whole, default=500, help="number of deals (default: 500)")
    box.add_argument(
        "--approve", choices=("auto", "ask"), default="ask", help="log in at once, or on a consent page"
    )
    box.add_argument(
        "--behavior",
        default="measured",
        metavar="NAME",
        help="how its API behaves: measured (default) as a live account, kind, no-totals and others",
    )
    box.add_argument(
        "--login",
        choices=("oauth", "session_key"),
        default="oauth",
        help="print the settings of an OAuth client (default), or the Session Key",
    )
    box.add_argument(
        "--api", choices=("v4", "v1"), default="v4", help="the v4 search (default), or /v1/deals"
    )
    return parser


def _add_deals_options(deals: argparse.ArgumentParser) -> None:
    for name in commands.TEXT_FILTERS:
        deals.add_argument(f"--{name}", action="append", help=f"keep deals with this {name}; may be repeated")
    for name in commands.TIME_FILTERS:
        deals.add_argument(
            f"--{name.replace('_', '-')}",
            metavar="WHEN",
            help="keep deals from this time on: 2026-01-31, or 2026-01-31T09:00",
        )
    deals.add_argument(
        "--columns", type=lambda text: text.split(","), metavar="A,B", help="columns to write, in this order"
    )
    deals.add_argument("--limit", type=_whole, metavar="N", help="write at most N deals")
    deals.add_argument(
        "--no-wait", dest="wait", action="store_false", help="fail if the hourly limit is reached"
    )
    deals.add_argument(
        "--allow-incomplete",
        action="store_true",
        help="write what there is, with a warning, if the server counts deals that it does not return",
    )
    _add_output_options(deals)
    deals.add_argument(
        "--sandbox", action="store_true", help="read a made-up account, started for this command"
    )


def _add_movement_options(movement: argparse.ArgumentParser) -> None:
    movement.formatter_class = argparse.RawDescriptionHelpFormatter
    movement.epilog = (
        "Each currency is a waterfall of its own: opening + created + raised - won - lost ... = closing.\n\n"
        "  salesmate-nb movement --since 7d --by owner\n"
        "  salesmate-nb movement --since 2026-11-16 --format csv > moved.csv"
    )
    movement.add_argument(
        "--since",
        type=_since,
        required=True,
        metavar="WHEN",
        help="the time to compare with: 7d or 4w ago, 2026-01-31, or 2026-01-31T09:00; a day means its end",
    )
    movement.add_argument(
        "--by",
        type=lambda text: text.split(","),
        default=[],
        metavar="A,B",
        help="a waterfall for each owner, stage, pipeline, or value of any other column",
    )
    movement.add_argument(
        "--offline", action="store_true", help="take the last refresh as it is, and make no request"
    )
    _add_output_options(movement)


def _add_output_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--format", choices=(TABLE, *FORMATS), help="default: by the ending of the file, else a table"
    )
    command.add_argument(
        "--output",
        type=output_path,
        metavar="FILE",
        help="write to this file, .csv, .json or .parquet, instead of printing; - is standard output",
    )


def _whole(text: str, *, low: int = 0, high: float = math.inf) -> int:
    """Return a whole number in a range."""
    if not (_WHOLE.fullmatch(text) and low <= int(text) <= high):
        span = f"of {low} or more" if high == math.inf else f"between {low} and {high}"
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {span}")
    return int(text)


def _since(text: str) -> str | dt.timedelta:
    """Return an age in days, or the text of a time."""
    if (age := parse_age(text)) is not None:
        return age
    try:
        parse_time("since", text, "UTC")
    except SalesmateError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an age, such as 7d or 4w, nor a time, such as 2026-01-31 or 2026-01-31T09:00"
        ) from None
    return text


def _seconds(text: str) -> float:
    """Return a number of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
