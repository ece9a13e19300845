"""Private files: written atomically with mode 0600, read only if owned by this user, and locked."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import filelock

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_RANDOM = "????????"  # what mkstemp inserts into a name


def make_folder(path: Path) -> None:
    """Create a folder with mode 0700, and the folders above it, if they are missing."""
    for folder in (*reversed(path.parents), path):  # mkdir(parents=True) gives the mode to the last one only
        folder.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that replaces `path` in one step, or leaves it as it was if an error occurs.

    The file is created with mode 0600 in the same folder, and reaches the disk before it gets its name.

    Parameters
    ----------
    path : Path
        The file to create or replace; its folder is created with mode 0700.

    Raises
    ------
    OSError
        If the disk or the permissions refuse it.

    Examples
    --------
    >>> path = Path(tempfile.mkdtemp()) / "private" / "note.txt"
    >>> with atomic_write(path) as file:
    ...     _ = file.write(b"hello")
    >>> path.read_bytes(), oct(path.stat().st_mode & 0o777)
    (b'hello', '0o600')
    """
    make_folder(path.parent)
    # mkstemp creates with mode 0600, and never opens a file or link that is already there
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def remove_leftovers(path: Path) -> None:
    """Remove the unfinished files of processes that were killed while they wrote `path`.

    Call it only while holding the file's lock: another process may be writing.
    """
    for leftover in path.parent.glob(f".{glob.escape(path.stem)}.{_RANDOM}.tmp"):
        leftover.unlink(missing_ok=True)


def open_private(path: Path) -> BinaryIO:
    """Open a file for reading if it is a regular file of this user; links are not followed.

    Raises
    ------
    OSError
        If it is missing, a link, not a regular file, or owned by another user.
    """
    handle = os.open(path, _READ)
    try:
        _check_private(os.fstat(handle))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


@contextlib.contextmanager
def lock(path: Path, timeout: float) -> Iterator[None]:
    """Hold the lock of `path` (``<name>.lock`` beside it) against other threads and processes.

    Parameters
    ----------
    path : Path
        The file to protect; its folder is created with mode 0700.
    timeout : float
        Seconds to wait for whoever holds the lock.

    Raises
    ------
    filelock.Timeout
        If it is still held after that time.
    OSError, NotImplementedError
        If the disk refuses; the latter means a file system without locks.
    """
    make_folder(path.parent)
    with filelock.FileLock(path.with_suffix(".lock"), timeout=timeout, mode=0o600):
        yield


def reason(err: Exception) -> str:
    """Return in a few words why the disk refused."""
    return str(getattr(err, "strerror", None) or err)


def _check_private(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(None, "it is not a regular file")
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise OSError(None, "it belongs to another user")
