"""Standard output for results, and stderr for the person."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from salesmate_nb._values.text import in_encoding_of
from salesmate_nb.errors import SalesmateError


def say_result(text: str) -> None:
    """Write text to standard output; characters that it cannot show become question marks."""
    with standard_output() as stream:
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
def standard_output() -> Iterator[TextIO]:
    """Return standard output to write to; what goes wrong there is a :class:`SalesmateError`."""
    if sys.stdout is None:
        raise SalesmateError("Standard output is closed, so the result was not written. Use --output FILE.")
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as err:
        discard_output()
        from salesmate_nb._base.files import reason  # noqa: PLC0415 - it takes filelock, only if this fails

        raise SalesmateError(f"Standard output cannot be written ({reason(err)}).") from err
