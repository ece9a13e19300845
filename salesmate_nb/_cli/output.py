"""Where frames go: to the screen, to standard output, or to a file that stays whole; and in which format."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

import pandas as pd

from salesmate_nb._base.files import reason
from salesmate_nb._cli.options.command import TABLE
from salesmate_nb._cli.streams import say, say_result, standard_output
from salesmate_nb._cli.table import as_table
from salesmate_nb._frames.export import FORMATS, write_frame
from salesmate_nb.errors import SalesmateError

_STANDARD_OUTPUT = Path("-")
_DEVICES = {"/dev", "/dev/fd"}
_FILE_ENDINGS = ", ".join(f".{each}" for each in FORMATS)


def choose_format(given: str | None, output: Path | None, *, default: str = TABLE) -> str:
    """Return the format of a result: by the ending of its file, else as given, else the default.

    Parameters
    ----------
    given : str, optional
        What ``--format`` says.
    output : Path, optional
        The file; ``None`` or ``-`` for standard output.
    default : str
        The format if neither says one.

    Raises
    ------
    argparse.ArgumentError
        If the ending is not known, or is not that of the given format; for a table that would go to a file.
    """
    if output == _STANDARD_OUTPUT:
        output = None
    ending = output.suffix.lower().removeprefix(".") if output and _is_plain(output) else ""
    if ending in {"xlsx", "xls"}:
        problem = "Excel files cannot be written yet. Write a .csv file, and open it with Data, From Text/CSV"
    elif ending and ending not in FORMATS:
        problem = f"the format of a .{ending} file is not known. Use {_FILE_ENDINGS}"
    elif ending and given not in {None, ending}:
        problem = f"--format {given} does not match the ending of {output}. Change one of them"
    elif output and (ending or given or default) == TABLE:
        problem = f"a table is for the screen. Give the file an ending ({_FILE_ENDINGS}), or a --format"
    elif not output and (given or default) == "parquet" and sys.stdout and sys.stdout.isatty():
        problem = "Parquet is not text. Name a file with --output"
    else:
        return ending or given or default
    raise argparse.ArgumentError(None, f"argument --output: {problem}.")


def write(
    frame: pd.DataFrame,
    kind: str,
    output: Path | None,
    what: str = "deals",
    *,
    first: Sequence[str] | None = None,
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
    """
    if kind == TABLE:
        _write_table(frame, what, first)
        return
    if output is None or output == _STANDARD_OUTPUT:
        with standard_output() as stream:
            _write_bytes(frame, kind, stream)
        return
    try:
        opened = _replaced(Path(os.path.realpath(output))) if _is_plain(output) else output.open("ab")
        with opened as file:
            write_frame(frame, kind, file)
    except OSError as err:
        raise SalesmateError(f"{output} cannot be written ({reason(err)}). Choose another --output.") from err
    say(f"Wrote {len(frame):,} {what} to {output}.")


def _write_table(frame: pd.DataFrame, what: str, first: Sequence[str] | None) -> None:
    is_fitted = first is not None and sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_fitted else None
    text, left_out = as_table(frame, width=width, first=first or ())
    every = len(frame.columns)
    columns = f"{every - len(left_out)} of {every}" if left_out else f"{every}"
    has_times = any(isinstance(dtype, pd.DatetimeTZDtype) for dtype in frame.dtypes.drop(left_out))
    zone = "; times in UTC" if has_times else ""
    say_result(f"{text}\n\n{len(frame):,} {what}, {columns} columns{zone}")
    if left_out:
        say(
            f"Left out to fit {width} characters: {', '.join(left_out)}. Choose with --columns A,B, or write "
            f"all to a file: --output {what}.csv"
        )


def _write_bytes(frame: pd.DataFrame, kind: str, stream: TextIO) -> None:
    """Write to the bytes below a text stream, past its encoding and line ends; a notebook's has none."""
    stream.flush()
    if hasattr(stream, "buffer"):
        write_frame(frame, kind, stream.buffer)
    else:
        held = io.BytesIO()
        write_frame(frame, kind, held)
        stream.write(held.getvalue().decode("utf-8", "replace"))


def _is_plain(path: Path) -> bool:
    """Return whether a path is, or would become, a plain file: not a pipe, a device or a folder."""
    folder = os.path.realpath(path.parent)
    if folder in _DEVICES or folder.startswith("/proc/"):  # such as /dev/stdout, which may be a file's
        return False
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:  # it is missing, or opening it says what is wrong
        return True


@contextlib.contextmanager
def _replaced(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when it is complete, with its owner and mode."""
    with contextlib.ExitStack() as stack:
        try:
            folder = tempfile.TemporaryDirectory(dir=path.parent, prefix=".salesmate-nb.")
        except OSError:  # the folder takes no new files, but the one that is there may be written
            if not path.exists():
                raise
            folder = tempfile.TemporaryDirectory(prefix="salesmate-nb.")
        made = Path(stack.enter_context(folder)) / path.name
        with made.open("wb") as file:
            yield file
        if not _has_replaced(made, path):
            _copy(made, path)


def _has_replaced(made: Path, path: Path) -> bool:
    """Give a new file the name of an old one, unless that is refused, or would separate hard links."""
    try:
        old = path.stat()
    except FileNotFoundError:
        made.replace(path)
        return True
    if old.st_nlink > 1:
        return False
    for owner, group in ((-1, old.st_gid), (old.st_uid, -1)):
        with contextlib.suppress(PermissionError, AttributeError):  # Windows has no owners to keep
            os.chown(made, owner, group)
    made.chmod(stat.S_IMODE(old.st_mode))
    try:
        made.replace(path)
    except OSError:  # such as a file that is mounted by itself into a container
        return False
    return True


def _copy(made: Path, path: Path) -> None:
    """Write the content of a new file into an old one."""
    with made.open("rb") as source, path.open("r+b") as target:
        try:
            shutil.copyfileobj(source, target)
            target.truncate()
            target.flush()
        except OSError as err:
            raise SalesmateError(f"{path} is incomplete now: it cannot be written ({reason(err)}).") from err
