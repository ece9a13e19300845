"""Print the records of a resource, or write them to a file."""

from __future__ import annotations

import argparse
import contextlib
import inspect
from typing import Any

import pandas as pd

from salesmate_nb._cli.commands.account import connected
from salesmate_nb._cli.commands.sandbox import started
from salesmate_nb._cli.options.records import RECORDS
from salesmate_nb._cli.output import choose_format, write
from salesmate_nb._values.columns import advice
from salesmate_nb.client import Salesmate
from salesmate_nb.errors import LoginRequired, SalesmateError

_SHORT = {"owner": "owner_name"}


def read(options: argparse.Namespace) -> None:
    """Print the records that the options choose, or write them to a file."""
    kind = choose_format(options.format, options.output, is_escaped=options.escape_formulas)
    with started() if options.sandbox else contextlib.nullcontext() as target:
        connection = _connection(options, target)
        method = getattr(connection, f"{options.resource}_df")
        named = inspect.signature(method).parameters.keys() & vars(options).keys()
        frame = method(**{name: getattr(options, name) for name in named})
    if options.columns and "columns" not in named:
        frame = frame[list(dict.fromkeys(column_of(frame, name, "columns") for name in options.columns))]
    records = RECORDS[options.resource]
    first = None if options.columns else records.first
    write(
        frame,
        kind,
        options.output,
        records.rows or records.name,
        first=first,
        is_escaped=options.escape_formulas,
    )


def _connection(options: argparse.Namespace, target: Any) -> Salesmate:
    """Return a connection that can read what the options choose, with a login if that takes a request."""
    if target is None:
        connection = connected(options.profile, is_offline=True)
        if connection.is_offline(getattr(options, "refresh", "live"), getattr(options, "as_of", None)):
            return connection
    connection = connected(options.profile, target)
    try:
        connection.require_login()
    except LoginRequired as err:
        if connection.settings.linkname or connection.settings.client_id:
            raise
        raise LoginRequired(f"{err} To try it without an account, use --sandbox.") from err
    return connection


def column_of(frame: pd.DataFrame, name: str, option: str) -> str:
    """Return the column that an option names.

    Raises
    ------
    SalesmateError
        If there is none; the message names the closest one.
    """
    column = _SHORT.get(name.strip(), name.strip())
    if column not in frame.columns:
        raise SalesmateError(f"{option}: there is no column {name!r}. {advice(name, frame.columns)}")
    return column
