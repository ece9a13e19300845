"""Update a snapshot, and print what moved since an earlier one."""

from __future__ import annotations

import argparse
import datetime as dt

import pandas as pd

from salesmate_nb._cli.commands.account import logged_in
from salesmate_nb._cli.commands.records import column_of
from salesmate_nb._cli.options.command import TABLE
from salesmate_nb._cli.options.records import RECORDS
from salesmate_nb._cli.output import choose_format, counted, write
from salesmate_nb._cli.streams import say, say_result
from salesmate_nb._cli.waterfall import waterfall
from salesmate_nb._snapshot.store import snapshot_folder
from salesmate_nb.analysis import movement as movement_of

_DIGITS = 4  # after the point: no currency has more


def snapshot(options: argparse.Namespace) -> None:
    """Update a snapshot on disk, and write it to a file or print it as well, if that is asked for."""
    is_asked = bool(options.output or options.format or options.escape_formulas)
    given, is_escaped = options.format, options.escape_formulas
    kind = choose_format(given, options.output, default="parquet", is_escaped=is_escaped) if is_asked else ""
    connection = logged_in(options.profile)
    read = getattr(connection, f"{options.resource}_df")
    frame = read(refresh="full" if options.full else "auto")
    folder = snapshot_folder(connection.settings, connection.profile)
    requests = frame.attrs["salesmate"]["calls"]
    rows, made = counted(len(frame), options.resource), counted(requests, "requests")
    say(f"{rows} in {folder / options.resource}.parquet; {made}.")
    if is_asked:
        first = RECORDS[options.resource].first
        write(frame, kind, options.output, options.resource, first=first, is_escaped=is_escaped)


def movement(options: argparse.Namespace) -> None:
    """Print how the open pipeline changed since an earlier time, or write it to a file."""
    kind = choose_format(options.format, options.output, is_escaped=options.escape_formulas)
    connection = logged_in(options.profile, is_offline=options.offline)
    # As of the last day: the newest state, with the time of its refresh by the clock that also dates `then`.
    now = connection.deals_df(refresh="never" if options.offline else "auto", as_of=dt.date.max)
    by = [column_of(now, name, "by") for name in options.by or ()]
    read_at = _read_at(now, connection.timezone)
    is_age = isinstance(options.since, dt.timedelta)
    then = connection.deals_df(as_of=read_at.date() - options.since if is_age else options.since)
    table = movement_of(then, now, by)
    times = f"{_read_at(then, connection.timezone):%Y-%m-%d %H:%M} to {read_at:%Y-%m-%d %H:%M %Z}"
    if kind == TABLE:
        say_result(f"Open pipeline from {times}\n\n{waterfall(table)}")
    else:
        say(f"Open pipeline from {times}.")
        rounded = table.round({"value": _DIGITS})
        rounded.attrs["salesmate"] = {
            "host": now.attrs["salesmate"]["host"],
            "resource": "movement of deals",
            "read_at": now.attrs["salesmate"]["read_at"],
            "filters": {"compared with": then.attrs["salesmate"]["read_at"]},
            "timezone": connection.timezone,
        }
        write(rounded, kind, options.output, "lines", is_escaped=options.escape_formulas)


def _read_at(deals: pd.DataFrame, timezone: str) -> pd.Timestamp:
    """Return when a frame was read, in a time zone."""
    return pd.Timestamp(deals.attrs["salesmate"]["read_at"]).tz_convert(timezone)
