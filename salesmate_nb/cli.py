"""The command line: ``salesmate-nb login | status | doctor | logout | deals | snapshot | sandbox``."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from salesmate_nb import __version__
from salesmate_nb._auth.token_stores.registry import stored_profiles
from salesmate_nb._base.files import reason
from salesmate_nb._connect import RunningSandbox, connect
from salesmate_nb._snapshot.store import snapshot_folder
from salesmate_nb._ui.prompt import key_from_stdin
from salesmate_nb.client import Salesmate
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources import RESOURCES
from salesmate_nb.settings import Settings

_TABLE_ROWS = 20
_TEXT_FILTERS = ("status", "stage", "pipeline", "owner")
_TIME_FILTERS = ("modified_since", "created_since")
_SANDBOX_OPTIONS = ("port", "deals", "approve", "behavior", "login", "api")
_DEALS_ARGUMENTS = (*_TEXT_FILTERS, *_TIME_FILTERS, "columns", "limit", "wait", "allow_incomplete")


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
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            options.run(options)
    except SalesmateError as err:
        _say(f"{type(err).__name__}: {' '.join(str(err).split())}")
        return 1
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        _say("Stopped.")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="salesmate-nb", description="Read Salesmate deals on the command line."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[argparse.Namespace], None], what: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=what, description=what)
        made.set_defaults(run=run)
        if name != "sandbox":
            made.add_argument("--profile", help="the name under which the login is stored (default: default)")
        return made

    login = command("login", _login, "Log in once; later notebooks and commands will not ask again.")
    login.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="S",
        help="wait up to S seconds for the browser, without asking",
    )
    login.add_argument("--workspace", metavar="NAME", help="the 'acme' of https://acme.salesmate.io")
    login.add_argument(
        "--key-stdin", action="store_true", help="read the Session Key from standard input, for scripts"
    )
    command(
        "status", _status, "Show each login: who, host, expiry, and what is known of the server; no request."
    )
    command("doctor", _doctor, "Print what the server supports, for a bug report; at most 12 requests.")
    command("logout", _logout, "Forget the login, and revoke it if a revocation endpoint is set.")
    _add_deals_options(command("deals", _deals, "Print deals, or write them to a file."))
    snapshot = command("snapshot", _snapshot, "Update a snapshot on disk, for example from cron.")
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
    snapshot.add_argument("--output", type=Path, metavar="FILE", help="also write it to this Parquet file")
    box = command("sandbox", _sandbox, "Run a local Salesmate with made-up deals until you press Ctrl+C.")
    box.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    box.add_argument("--deals", type=int, default=500, help="number of deals (default: 500)")
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
    for name in _TEXT_FILTERS:
        deals.add_argument(f"--{name}", action="append", help=f"keep deals with this {name}; may be repeated")
    for name in _TIME_FILTERS:
        deals.add_argument(
            f"--{name.replace('_', '-')}",
            metavar="WHEN",
            help="keep deals from this time on: 2026-01-31, or 2026-01-31T09:00",
        )
    deals.add_argument(
        "--columns", type=lambda text: text.split(","), metavar="A,B", help="columns to write, in this order"
    )
    deals.add_argument("--limit", type=int, metavar="N", help="write at most N deals")
    deals.add_argument(
        "--no-wait", dest="wait", action="store_false", help="fail if the hourly limit is reached"
    )
    deals.add_argument(
        "--allow-incomplete",
        action="store_true",
        help="write what there is, with a warning, if the server counts deals that it does not return",
    )
    deals.add_argument("--format", choices=("table", "csv", "json", "parquet"), default="table")
    deals.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead of printing")
    deals.add_argument(
        "--sandbox", action="store_true", help="read a made-up account, started for this command"
    )


def _login(options: argparse.Namespace) -> None:
    if options.key_stdin:
        settings = Settings.load()
        connection = Salesmate(settings, profile=options.profile or "default")
        connection.login_with_key(options.workspace or settings.linkname or "", key_from_stdin())
        _say(repr(connection.status()))
        return
    connection = connect(profile=options.profile or "default", wait=options.wait)
    _say(repr(_logged_in(connection).status()))


def _status(options: argparse.Namespace) -> None:
    settings = Settings.load()
    names = [options.profile] if options.profile else stored_profiles(settings) or ["default"]
    for name in names:
        print(Salesmate(settings, profile=name).status())  # noqa: T201 - the result


def _doctor(options: argparse.Namespace) -> None:
    diagnosis = connect(profile=options.profile or "default").doctor()
    print(diagnosis)  # noqa: T201 - the result
    if diagnosis.problem:
        raise diagnosis.problem


def _logout(options: argparse.Namespace) -> None:
    Salesmate(Settings.load(), profile=options.profile or "default").logout()
    _say("Logged out.")


def _deals(options: argparse.Namespace) -> None:
    with _target(sandboxed=options.sandbox) as target:
        connection = _logged_in(connect(target, profile=options.profile or "default"))
        frame = connection.deals_df(**{name: getattr(options, name) for name in _DEALS_ARGUMENTS})
    _write(frame, options.format, options.output)


def _snapshot(options: argparse.Namespace) -> None:
    connection = _logged_in(connect(profile=options.profile or "default"))
    read = getattr(connection, f"{options.resource}_df")
    frame = read(refresh="full" if options.full else "auto")
    folder = snapshot_folder(connection.settings, connection.profile)
    requests = frame.attrs["salesmate"]["calls"]
    _say(f"{len(frame):,} {options.resource} in {folder / options.resource}.parquet; {requests} requests.")
    if options.output:
        _write(frame, "parquet", options.output, options.resource)


def _sandbox(options: argparse.Namespace) -> None:
    from salesmate_nb import sandbox  # noqa: PLC0415 - an extra, and the only way to it

    try:
        box = sandbox.start(**{name: getattr(options, name) for name in _SANDBOX_OPTIONS})
    except (ValueError, OSError, OverflowError) as err:
        raise SalesmateError(f"The sandbox cannot start: {err}") from err
    with box:
        lines = [f"SALESMATE_{name.upper()}={box.settings[name]}" for name in box.settings.keys()]  # noqa: SIM118
        print("\n".join(lines), flush=True)  # noqa: T201 - the result
        _say("A local Salesmate is running. Put these lines into .env to use it. Press Ctrl+C to stop it.")
        with contextlib.suppress(KeyboardInterrupt):
            box.wait()


@contextlib.contextmanager
def _target(*, sandboxed: bool) -> Iterator[RunningSandbox | None]:
    if not sandboxed:
        yield None
        return
    from salesmate_nb import sandbox  # noqa: PLC0415 - an extra

    with sandbox.start() as box:
        yield box


def _logged_in(connection: Salesmate) -> Salesmate:
    connection.require_login()
    return connection


def _write(frame: pd.DataFrame, kind: str, output: Path | None, what: str = "deals") -> None:
    """Write a frame completely or not at all: an existing file stays until the new one is complete."""
    if output is None:
        if kind == "parquet":
            frame.to_parquet(sys.stdout.buffer)
        else:
            print(_text(frame, kind), end="")  # noqa: T201 - the result
        return
    try:
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as folder:
            made = Path(folder) / output.name
            if kind == "parquet":
                frame.to_parquet(made)
            else:
                made.write_text(_text(frame, kind), encoding="utf-8")
            made.replace(output)
    except OSError as err:
        raise SalesmateError(f"{output} cannot be written ({reason(err)}). Choose another --output.") from err
    _say(f"Wrote {len(frame):,} {what} to {output}.")


def _text(frame: pd.DataFrame, kind: str) -> str:
    if kind == "csv":
        return frame.to_csv(index=False)
    if kind == "json":
        return frame.to_json(orient="records", date_format="iso", force_ascii=False, indent=1) + "\n"
    shown = frame.to_string(index=False, max_rows=_TABLE_ROWS, max_colwidth=32, line_width=None, na_rep="")
    return f"{shown}\n\n{len(frame):,} deals, {len(frame.columns)} columns\n"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - for the person


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    _say(f"warning: {message}")


if __name__ == "__main__":
    sys.exit(main())
