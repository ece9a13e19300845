"""Files that a user names: replaced once the new one is complete, with the owner and mode of the old one."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_DEVICES = {"/dev", "/dev/fd"}


def is_plain(path: Path) -> bool:
    """Return whether a path is, or would become, a plain file: not a pipe, a device or a folder.

    Examples
    --------
    >>> is_plain(Path("deals.xlsx")), is_plain(Path("/dev/null"))
    (True, False)
    """
    folder = os.path.realpath(path.parent)
    if folder in _DEVICES or folder.startswith("/proc/"):  # such as /dev/stdout, which may be a file's
        return False
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:  # it is missing, or opening it says what is wrong
        return True


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when it is complete, or leaves it as it was.

    The file behind a link is replaced, and keeps its owner and mode. If it has several names (hard links), or
    its folder does not let it be replaced, the new content is written into it.

    Parameters
    ----------
    path : Path
        A plain file, or where one can be.

    Raises
    ------
    OSError
        If the disk or the permissions refuse it.

    Examples
    --------
    >>> path = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with replaced(path) as file:
    ...     _ = file.write(b"hello")
    >>> path.read_bytes()
    b'hello'
    """
    path = Path(os.path.realpath(path))
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
            raise OSError(err.errno, f"it is incomplete now: {err.strerror}") from err
