"""Where results go: standard output, or a file that stays whole; and in which format."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pandas as pd

from salesmate_nb._base.files import reason
from salesmate_nb._base.user_files import is_plain, replaced
from salesmate_nb._base.validators import expanded
from salesmate_nb._frames.export.formats import FORMATS, write_frame
from salesmate_nb._values.text import in_encoding_of
from salesmate_nb.errors import SalesmateError, SettingsError

TABLE = "table"
_TABLE_ROWS = 20
_TEXT_WIDTH = 32
_STANDARD_OUTPUT = Path("-")
_FILE_ENDINGS = ", ".join(f".{each}" for each in FORMATS)


def output_path(written: str) -> Path:
    """Return the path that `--output` names, if it can be a file's."""
    if not written.strip():
        raise argparse.ArgumentTypeError("it is empty. Name a file, or - for standard output")
    if written.endswith((os.sep, os.altsep or os.sep)) or os.path.isdir(written):  # noqa: PTH112 - a Path raises
        raise argparse.ArgumentTypeError(f"{written!r} is a folder. Name a file in it")
    try:
        return expanded("it", written)
    except SettingsError as err:
        raise argparse.ArgumentTypeError(str(err)) from err


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
    ending = output.suffix.lower().removeprefix(".") if output and is_plain(output) else ""
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


def write(frame: pd.DataFrame, kind: str, output: Path | None, what: str = "deals") -> None:
    """Write a frame to standard output or a file, and say on stderr what was written to which file.

    A plain file is replaced once the new one is complete, also behind a link, and keeps its mode. If it has
    several names (hard links), or its folder does not let it be replaced, the new content is written into it.
    A pipe or a device is written to as it is.
    """
    if kind == TABLE:
        shown = frame.to_string(index=False, max_rows=_TABLE_ROWS, max_colwidth=_TEXT_WIDTH, na_rep="")
        say_result(f"{shown}\n\n{len(frame):,} {what}, {len(frame.columns)} columns")
        return
    if output is None or output == _STANDARD_OUTPUT:
        with _standard_output() as stream:
            _write_bytes(frame, kind, stream)
        return
    try:
        opened = replaced(output) if is_plain(output) else output.open("ab")
        with opened as file:
            write_frame(frame, kind, file)
    except OSError as err:
        raise SalesmateError(f"{output} cannot be written ({reason(err)}). Choose another --output.") from err
    say(f"Wrote {len(frame):,} {what} to {output}.")


def say_result(text: str) -> None:
    """Write text to standard output; characters that it cannot show become question marks."""
    with _standard_output() as stream:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(f"{text}\n".encode(encoding, "replace").decode(encoding))


def say(text: str) -> None:
    """Write a line to stderr, for the person, if there is one."""
    if sys.stderr is not None:
        print(in_encoding_of(sys.stderr, text), file=sys.stderr, flush=True)  # noqa: T201 - for the person


def discard_output() -> None:
    """Drop what standard output still holds, so that the end of the process does not fail to write it."""
    with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


@contextlib.contextmanager
def _standard_output() -> Iterator[TextIO]:
    if sys.stdout is None:
        raise SalesmateError("Standard output is closed, so the result was not written. Use --output FILE.")
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as err:
        discard_output()
        raise SalesmateError(f"Standard output cannot be written ({reason(err)}).") from err


def _write_bytes(frame: pd.DataFrame, kind: str, stream: TextIO) -> None:
    """Write to the bytes below a text stream, past its encoding and line ends; a notebook's has none."""
    stream.flush()
    if hasattr(stream, "buffer"):
        write_frame(frame, kind, stream.buffer)
    else:
        held = io.BytesIO()
        write_frame(frame, kind, held)
        stream.write(held.getvalue().decode("utf-8", "replace"))
