"""The command line: ``salesmate-nb login | status | logout | deals | snapshot | sandbox``."""

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
from salesmate_nb._auth.token_store import profiles
from salesmate_nb._connect import RunningSandbox, connect
from salesmate_nb._snapshot.store import snapshot_folder
from salesmate_nb.client import Salesmate
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources import RESOURCES
from salesmate_nb.settings import Settings

_TABLE_ROWS = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default the process's own.

    Returns
    -------
    int
        0 fine, 1 a :class:`SalesmateError` (one line on stderr). Usage errors exit with 2.

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
        prog="salesmate-nb", description="Salesmate deals, from the command line."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[argparse.Namespace], None], what: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=what, description=what)
        made.set_defaults(run=run)
        if name != "sandbox":
            made.add_argument("--profile", help="the name a login is kept under (default: default)")
        return made

    login = command("login", _login, "Log in once; afterwards notebooks and commands are silent.")
    login.add_argument(
        "--wait", type=float, default=0.0, metavar="S", help="wait S seconds for the browser only"
    )
    command("status", _status, "Tell which logins are kept, to what, and until when.")
    command("logout", _logout, "Forget the login, and revoke it where a revocation endpoint is set.")
    deals = command("deals", _deals, "Print deals, or write them to a file.")
    for name in ("status", "stage", "pipeline", "owner"):
        deals.add_argument(f"--{name}", action="append", help="keep these; may be given several times")
    for name in ("modified-since", "created-since"):
        deals.add_argument(f"--{name}", metavar="WHEN", help="2026-01-31, or 2026-01-31T09:00")
    deals.add_argument(
        "--columns", type=lambda text: text.split(","), metavar="A,B", help="columns, in this order"
    )
    deals.add_argument("--limit", type=int, metavar="N", help="rows in all")
    deals.add_argument(
        "--no-wait", dest="wait", action="store_false", help="fail where the hour's calls are used up"
    )
    deals.add_argument("--format", choices=("table", "csv", "json", "parquet"), default="table")
    deals.add_argument("--output", type=Path, metavar="FILE", help="write here in place of printing")
    deals.add_argument(
        "--sandbox", action="store_true", help="use a made-up account, started for this command"
    )
    kept = command("snapshot", _snapshot, "Bring a snapshot up to date; made for cron.")
    kept.add_argument("--of", choices=tuple(RESOURCES), default="deals", help="the kind of records")
    kept.add_argument("--full", action="store_true", help="read all anew, in place of what changed")
    kept.add_argument("--output", type=Path, metavar="FILE", help="write it here too, as Parquet")
    box = command("sandbox", _sandbox, "Run a local Salesmate with made-up deals until Ctrl+C.")
    box.add_argument("--port", type=int, default=0)
    box.add_argument("--deals", type=int, default=500)
    box.add_argument("--approve", choices=("auto", "ask"), default="ask")
    return parser


def _login(options: argparse.Namespace) -> None:
    connection = connect(profile=options.profile or "default", wait=options.wait)
    _say(repr(_logged_in(connection).status()))


def _status(options: argparse.Namespace) -> None:
    settings = Settings.load()
    names = [options.profile] if options.profile else profiles(settings.token_cache) or ["default"]
    for name in names:
        print(Salesmate(settings, profile=name).status())  # noqa: T201 - the result


def _logout(options: argparse.Namespace) -> None:
    Salesmate(Settings.load(), profile=options.profile or "default").logout()
    _say("Logged out.")


def _deals(options: argparse.Namespace) -> None:
    with _target(sandboxed=options.sandbox) as target:
        connection = _logged_in(connect(target, profile=options.profile or "default"))
        frame = connection.deals_df(
            status=options.status,
            stage=options.stage,
            pipeline=options.pipeline,
            owner=options.owner,
            modified_since=options.modified_since,
            created_since=options.created_since,
            columns=options.columns,
            limit=options.limit,
            wait=options.wait,
        )
    _write(frame, options.format, options.output)


def _snapshot(options: argparse.Namespace) -> None:
    connection = _logged_in(connect(profile=options.profile or "default"))
    read = getattr(connection, f"{options.of}_df")
    frame = read(refresh="full" if options.full else "auto")
    calls, place = frame.attrs["salesmate"]["calls"], snapshot_folder(connection.settings, connection.profile)
    _say(f"{len(frame):,} {options.of} in {place / options.of}.parquet; {calls} calls.")
    if options.output:
        _write(frame, "parquet", options.output, options.of)


def _sandbox(options: argparse.Namespace) -> None:
    from salesmate_nb import sandbox  # noqa: PLC0415 - an extra, and the only way to it

    with sandbox.start(port=options.port, deals=options.deals, approve=options.approve) as box:
        lines = [f"SALESMATE_{name.upper()}={box.settings[name]}" for name in box.settings.keys()]  # noqa: SIM118
        print("\n".join(lines), flush=True)  # noqa: T201 - the result
        _say("A local Salesmate is running. Put these lines into .env to use it; Ctrl+C ends it.")
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
    """Write a frame whole or not at all: a file that was there stays until the new one is complete."""
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
        raise SalesmateError(
            f"{output} cannot be written ({err.strerror or err}). Choose another --output."
        ) from err
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
