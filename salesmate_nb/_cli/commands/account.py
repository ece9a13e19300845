"""What each command does."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import errno
from collections.abc import Iterator
from typing import Any

import pandas as pd

from salesmate_nb._auth.token_stores.base import MEMORY_ONLY
from salesmate_nb._auth.token_stores.registry import stored_profiles
from salesmate_nb._base.files import reason
from salesmate_nb._cli.output import TABLE, choose_format, say, say_result, write
from salesmate_nb._cli.waterfall import waterfall
from salesmate_nb._cli.words import in_command_line_words
from salesmate_nb._connect import connect
from salesmate_nb._snapshot.store import snapshot_folder
from salesmate_nb._ui.prompt import key_from_stdin
from salesmate_nb._values.text import closest
from salesmate_nb.analysis import movement as movement_of
from salesmate_nb.client import Salesmate
from salesmate_nb.errors import LoginRequired, SalesmateError, SettingsError
from salesmate_nb.resources import RESOURCES
from salesmate_nb.settings import Settings

TEXT_FILTERS = ("status", "stage", "pipeline", "owner")
TIME_FILTERS = ("modified_since", "created_since")
_DEALS_ARGUMENTS = (*TEXT_FILTERS, *TIME_FILTERS, "columns", "limit", "wait", "allow_incomplete")
_GROUPS = {"owner": "owner_name"}  # short names of columns
_DIGITS = 4  # after the point: no currency has more
_SANDBOX_OPTIONS = ("port", "deals", "approve", "behavior", "login", "api")
_PORT_REFUSED = {errno.EACCES, errno.EADDRINUSE, errno.EPERM}


def login(options: argparse.Namespace) -> None:
    """Log in by link, by a Session Key that is typed, or by one from standard input."""
    settings = _settings_for(options.workspace)
    if options.key_stdin:
        connection = Salesmate(settings, profile=options.profile or "default")
        try:
            key = key_from_stdin()
        except (AttributeError, UnicodeDecodeError):
            raise SalesmateError(
                "Standard input is closed or not text. Write the Session Key to it."
            ) from None
        if not key:
            raise SalesmateError("There is no key in standard input. Write the Session Key to it.")
        connection.login_with_key(settings.linkname or "", key)
    else:
        connection = connect(settings, profile=options.profile or "default", wait=options.wait)
        connection.check_login()
    shown = connection.status()
    say(in_command_line_words(repr(shown), ()))
    if shown.token_location == MEMORY_ONLY:
        raise SalesmateError(
            "The login was accepted, but it could not be stored: it ends with this command. Set "
            "SALESMATE_TOKEN_STORE=file, and SALESMATE_TOKEN_CACHE to a folder of your own; log in again."
        )


def status(options: argparse.Namespace) -> None:
    """Print the status of one login, or of each that is stored."""
    settings = Settings.load()
    names = [options.profile] if options.profile else stored_profiles(settings) or ["default"]
    for name in names:
        say_result(in_command_line_words(str(Salesmate(settings, profile=name).status()), ()))


def doctor(options: argparse.Namespace) -> None:
    """Print what the server supports."""
    diagnosis = connect(profile=options.profile or "default").doctor()
    say_result(str(diagnosis))
    if diagnosis.problem:
        raise diagnosis.problem


def logout(options: argparse.Namespace) -> None:
    """Forget every login of a profile, and name them."""
    accounts = Salesmate(Settings.load(), profile=options.profile or "default").logout()
    say(f"Logged out of {' and '.join(accounts)}." if accounts else "Nobody was logged in.")


def deals(options: argparse.Namespace) -> None:
    """Print deals, or write them to a file."""
    kind = choose_format(options.format, options.output)
    with _sandbox() if options.sandbox else contextlib.nullcontext() as target:
        connection = connect(target, profile=options.profile or "default")
        try:
            _logged_in(connection)
        except LoginRequired as err:
            if connection.settings.linkname or connection.settings.client_id:
                raise
            raise LoginRequired(f"{err} To try it without an account, use --sandbox.") from err
        frame = connection.deals_df(**{name: getattr(options, name) for name in _DEALS_ARGUMENTS})
    write(frame, kind, options.output)


def movement(options: argparse.Namespace) -> None:
    """Print how the open pipeline changed since an earlier time, or write it to a file."""
    kind = choose_format(options.format, options.output)
    connection = connect(profile=options.profile or "default")
    if not options.offline:
        _logged_in(connection)
    # As of the last day: the newest state, with the time of its refresh by the clock that also dates `then`.
    now = connection.deals_df(refresh="never" if options.offline else "auto", as_of=dt.date.max)
    by = [_group(name, now) for name in options.by]
    read_at = _read_at(now, connection.timezone)
    is_age = isinstance(options.since, dt.timedelta)
    then = connection.deals_df(as_of=read_at.date() - options.since if is_age else options.since)
    table = movement_of(then, now, by)
    times = f"{_read_at(then, connection.timezone):%Y-%m-%d %H:%M} to {read_at:%Y-%m-%d %H:%M %Z}"
    if kind == TABLE:
        say_result(f"Open pipeline from {times}\n\n{waterfall(table)}")
    else:
        say(f"Open pipeline from {times}.")
        write(table.round({"value": _DIGITS}), kind, options.output, "lines")


def snapshot(options: argparse.Namespace) -> None:
    """Update a snapshot on disk, and write it to a file as well if one is named."""
    kind = choose_format(None, options.output, default="parquet") if options.output else ""
    connection = _logged_in(connect(profile=options.profile or "default"))
    read = getattr(connection, f"{options.resource}_df")
    frame = read(refresh="full" if options.full else "auto")
    folder = snapshot_folder(connection.settings, connection.profile)
    requests = frame.attrs["salesmate"]["calls"]
    rows = f"{len(frame):,} {options.resource if len(frame) != 1 else RESOURCES[options.resource].singular}"
    made = f"{requests} request{'s' if requests != 1 else ''}"
    say(f"{rows} in {folder / options.resource}.parquet; {made}.")
    if options.output:
        write(frame, kind, options.output, options.resource)


def sandbox(options: argparse.Namespace) -> None:
    """Run a local Salesmate until Ctrl+C."""
    with _sandbox(**{name: getattr(options, name) for name in _SANDBOX_OPTIONS}) as box:
        values = {name: box.settings[name] for name in box.settings.keys()}  # noqa: SIM118 - not a mapping
        say_result("\n".join(f"SALESMATE_{name.upper()}={value}" for name, value in values.items()))
        say("A local Salesmate is running. Put these lines into .env to use it. Press Ctrl+C to stop it.")
        with contextlib.suppress(KeyboardInterrupt):
            box.wait()


@contextlib.contextmanager
def _sandbox(**options: Any) -> Iterator[Any]:
    """Start a sandbox, whose package is an extra, for as long as a command needs it."""
    try:
        from salesmate_nb import sandbox as package  # noqa: PLC0415 - an extra, and the only way to it

        box = package.start(**options)
    except ImportError as err:
        raise SalesmateError(str(err)) from err
    except OSError as err:
        remedy = " Choose another --port." if err.errno in _PORT_REFUSED else ""
        raise SalesmateError(f"The sandbox cannot start: {reason(err)}.{remedy}") from err
    except ValueError as err:
        raise SalesmateError(f"The sandbox cannot start: {err}") from err
    with box:
        yield box


def _settings_for(workspace: str | None) -> Settings:
    """Return the settings, with a workspace in the place of none."""
    settings = Settings.load(linkname=workspace)
    if workspace is None:
        return settings
    with contextlib.suppress(SettingsError):  # a key without a workspace, which the option gives
        named = Settings.load()
        if named.linkname not in {None, settings.linkname}:
            raise SalesmateError(
                f"{named.source('linkname')} names the workspace {named.linkname}. Remove it there to log in "
                f"to {settings.linkname}, or leave out --workspace."
            )
    return settings


def _group(name: str, deals: pd.DataFrame) -> str:
    """Return the column that ``--by`` names."""
    column = _GROUPS.get(name.strip(), name.strip())
    if column not in deals.columns:
        near = closest(name, deals.columns)[:1]
        advice = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(deals.columns)}."
        raise SalesmateError(f"by: there is no column {name!r}. {advice}")
    return column


def _read_at(deals: pd.DataFrame, timezone: str) -> pd.Timestamp:
    """Return when a frame was read, in a time zone."""
    return pd.Timestamp(deals.attrs["salesmate"]["read_at"]).tz_convert(timezone)


def _logged_in(connection: Salesmate) -> Salesmate:
    connection.require_login()
    return connection
