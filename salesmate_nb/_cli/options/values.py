"""The values of options, each checked before anything is requested."""

from __future__ import annotations

import argparse
import datetime as dt
import math
import os
import re
from pathlib import Path
from typing import Any

from salesmate_nb.errors import SalesmateError, SettingsError

_END = r"[-+]?[0-9]\S*?(?: [0-9]{2}:\S*?)?"  # a number, a date, or a date and a time
_RANGE = re.compile(rf"(?P<min>{_END})?\.\.(?P<max>{_END})?")
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")


def whole(text: str, *, low: int = 0, high: float = math.inf) -> int:
    """Return a whole number in a range.

    Examples
    --------
    >>> whole("12"), whole("0")
    (12, 0)
    """
    if not (_WHOLE.fullmatch(text) and low <= int(text) <= high):
        span = f"of {low} or more" if high == math.inf else f"between {low} and {high}"
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {span}")
    return int(text)


def seconds(text: str) -> float:
    """Return a number of seconds."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return number


def names(text: str) -> list[str]:
    """Return names that commas separate.

    Examples
    --------
    >>> names("id,title")
    ['id', 'title']
    """
    return text.split(",")


class Where(argparse.Action):
    """Collects conditions on columns into the mapping that ``where=`` of a read takes.

    ``source=Web`` is a value, and may be repeated; ``priority=`` means the rows without one; and
    ``deal_value=1000..5000`` is a range, one end of which may be left out. A shell needs no quotes for these.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> option = parser.add_argument("--where", action=Where)
    >>> parser.parse_args(["--where", "source=Web", "--where", "source=Mail", "--where", "deal_value=1000.."])
    Namespace(where={'source': ['Web', 'Mail'], 'deal_value': {'min': '1000'}})
    >>> parser.parse_args(["--where", "created_at=2026-01-31 09:00..2026-02-01 10:00"])
    Namespace(where={'created_at': {'min': '2026-01-31 09:00', 'max': '2026-02-01 10:00'}})
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Add one condition."""
        del parser, option_string
        column, mark, text = values.partition("=")
        if not (mark and column.strip()):
            raise argparse.ArgumentError(
                self, f"{values!r} is not a condition, such as source=Website or deal_value=1000.."
            )
        where = dict(getattr(namespace, self.dest) or {})
        held = where.setdefault(column.strip(), [])
        span = _RANGE.fullmatch(text.strip())
        ends = {end: value for end, value in span.groupdict().items() if value} if span else {}
        if isinstance(held, dict) or (ends and held):
            raise argparse.ArgumentError(self, f"{column} has a range. Give one range, or values")
        where[column.strip()] = ends or [*held, text or None]
        setattr(namespace, self.dest, where)


def since(text: str) -> str | dt.timedelta:
    """Return an age in days, or the text of a time."""
    from salesmate_nb._values.times import parse_age, parse_time  # noqa: PLC0415 - pandas is slow at a Tab

    if (age := parse_age(text)) is not None:
        return age
    try:
        start = parse_time("since", text, "UTC")
    except SalesmateError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an age, such as 7d or 4w, nor a time, such as 2026-01-31 or 2026-01-31T09:00"
        ) from None
    if start is not None and start - dt.datetime.now(dt.UTC) > dt.timedelta(days=1):  # in every time zone
        raise argparse.ArgumentTypeError(f"{text!r} is in the future")
    return text


def output_path(written: str) -> Path:
    """Return the path that ``--output`` names, if it can be a file's."""
    from salesmate_nb._base.validators import expanded  # noqa: PLC0415 - it takes requests, as above

    if not written.strip():
        raise argparse.ArgumentTypeError("it is empty. Name a file, or - for standard output")
    if written.endswith((os.sep, os.altsep or os.sep)) or os.path.isdir(written):  # noqa: PTH112 - a Path raises
        raise argparse.ArgumentTypeError(f"{written!r} is a folder. Name a file in it")
    try:
        return expanded("it", written)
    except SettingsError as err:
        raise argparse.ArgumentTypeError(str(err)) from err
