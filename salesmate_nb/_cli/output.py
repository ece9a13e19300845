"""Where frames go: to the screen, to standard output, or to a file that stays whole; and in which format."""

from __future__ import annotations

import argparse
import io
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

import pandas as pd

from salesmate_nb._base.files import reason
from salesmate_nb._base.user_files import is_plain, replaced
from salesmate_nb._cli.options.command import TABLE
from salesmate_nb._cli.streams import say, say_result, standard_output
from salesmate_nb._cli.table import as_table
from salesmate_nb._frames.export.formats import FORMATS, write_frame
from salesmate_nb.errors import SalesmateError

_STANDARD_OUTPUT = Path("-")
_BINARY = {"parquet": "Parquet", "xlsx": "Excel"}
_FILE_ENDINGS = ", ".join(f".{each}" for each in FORMATS)


def choose_format(
    given: str | None, output: Path | None, *, default: str = TABLE, is_escaped: bool = False
) -> str:
    """Return the format of a result: by the ending of its file, else as given, else the default.

    Parameters
    ----------
    given : str, optional
        What ``--format`` says.
    output : Path, optional
        The file; ``None`` or ``-`` for standard output.
    default : str
        The format if neither says one.
    is_escaped : bool
        Whether ``--escape-formulas`` was given, which only CSV needs.

    Raises
    ------
    argparse.ArgumentError
        If the ending is not known, or is not that of the given format; for a table that would go to a file.
    SalesmateError
        If the format needs a package that is not installed.
    """
    if output == _STANDARD_OUTPUT:
        output = None
    ending = output.suffix.lower().removeprefix(".") if output and is_plain(output) else ""
    kind = ending or given or default
    if is_escaped and kind != "csv":
        raise argparse.ArgumentError(
            None, "argument --escape-formulas: only CSV needs it. Use --format csv, or leave it out."
        )
    if ending and ending not in FORMATS:
        problem = f"the format of a .{ending} file is not known. Use {_FILE_ENDINGS}"
    elif ending and given not in {None, ending}:
        problem = f"--format {given} does not match the ending of {output}. Change one of them"
    elif output and kind == TABLE:
        problem = f"a table is for the screen. Give the file an ending ({_FILE_ENDINGS}), or a --format"
    elif not output and kind in _BINARY and sys.stdout and sys.stdout.isatty():
        problem = f"{_BINARY[kind]} is not text. Name a file with --output"
    elif kind == "xlsx" and find_spec("xlsxwriter") is None:
        raise SalesmateError('Excel files need XlsxWriter. Run: pip install "salesmate-nb[excel]"')
    else:
        return kind
    raise argparse.ArgumentError(None, f"argument --output: {problem}.")


def write(
    frame: pd.DataFrame,
    kind: str,
    output: Path | None,
    what: str = "deals",
    *,
    first: Sequence[str] | None = None,
    is_escaped: bool = False,
) -> None:
    """Write a frame to standard output or a file, and say on stderr what was written to which file.

    A plain file is replaced once the new one is complete, also behind a link, and keeps its mode. If it has
    several names (hard links), or its folder does not let it be replaced, the new content is written into it.
    A pipe or a device is written to as it is.

    Parameters
    ----------
    frame : pandas.DataFrame
        What to write.
    kind : str
        The format.
    output : Path, optional
        The file; ``None`` or ``-`` for standard output.
    what : str
        What a row is, in the plural.
    first : sequence of str, optional
        The columns that matter: a table in a terminal then has no more columns than fit, and stderr names
        the others. By default, and in a pipe, a table has all columns.
    is_escaped : bool
        Whether CSV has a ``'`` before texts that a spreadsheet would take for formulas.
    """
    if kind == TABLE:
        _write_table(frame, what, first)
        return
    if output is None or output == _STANDARD_OUTPUT:
        with standard_output() as stream:
            _write_bytes(frame, kind, stream, is_escaped=is_escaped)
        return
    try:
        opened = replaced(output) if is_plain(output) else output.open("ab")
        with opened as file:
            write_frame(frame, kind, file, is_escaped=is_escaped)
    except OSError as err:
        remedy = "Choose" if output.parent.exists() else "Create its folder, or choose"
        raise SalesmateError(
            f"{output} cannot be written ({reason(err)}). {remedy} another --output."
        ) from err
    say(f"Wrote {counted(len(frame), what)} to {output}.")


def counted(count: int, what: str) -> str:
    """Return a number of things, which are named in the plural.

    Examples
    --------
    >>> counted(1, "companies"), counted(1000, "deals")
    ('1 company', '1,000 deals')
    """
    one = f"{what.removesuffix('ies')}y" if what.endswith("ies") else what.removesuffix("s")
    return f"{count:,} {one if count == 1 else what}"


def _write_table(frame: pd.DataFrame, what: str, first: Sequence[str] | None) -> None:
    is_fitted = first is not None and sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_fitted else None
    text, left_out = as_table(frame, width=width, first=first or ())
    every = len(frame.columns)
    columns = f"{every - len(left_out)} of {every} columns" if left_out else counted(every, "columns")
    has_times = any(isinstance(dtype, pd.DatetimeTZDtype) for dtype in frame.dtypes.drop(left_out))
    zone = "; times in UTC" if has_times else ""
    say_result(f"{text}\n\n{counted(len(frame), what)}, {columns}{zone}")
    if left_out:
        say(
            f"Left out to fit {width} characters: {', '.join(left_out)}. Choose with --columns A,B, or write "
            f"all to a file: --output {what}.csv"
        )


def _write_bytes(frame: pd.DataFrame, kind: str, stream: TextIO, *, is_escaped: bool) -> None:
    """Write to the bytes below a text stream, past its encoding and line ends; a notebook's has none."""
    stream.flush()
    if hasattr(stream, "buffer"):
        write_frame(frame, kind, stream.buffer, is_escaped=is_escaped)
    else:
        held = io.BytesIO()
        write_frame(frame, kind, held, is_escaped=is_escaped)
        stream.write(held.getvalue().decode("utf-8", "replace"))
