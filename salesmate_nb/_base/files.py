"""Private files: written atomically with mode 0600, read only if owned by this user, and locked."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import filelock

_SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_REMOVALS = 3
_TURN_INTERVAL = 0.1  # seconds
_RANDOM = "????????"  # what mkstemp inserts into a name


def make_folder(path: Path) -> None:
    """Create a folder with mode 0700, and the folders above it, if they are missing.

    Raises
    ------
    OSError
        If the disk or the permissions refuse it. If a file is in the place of a folder, the reason names it.
    """
    for folder in (*reversed(path.parents), path):  # mkdir(parents=True) gives the mode to the last one only
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError as err:
            raise NotADirectoryError(errno.ENOTDIR, f"{folder} is not a folder") from err


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
    >>> path.read_bytes()
    b'hello'
    """
    with _unfinished(path) as (file, name):
        yield file
        _publish(file, name, path)


class SpareFile:
    """Space on the disk for the next content of a file, so that the disk cannot be full when it is written.

    Parameters
    ----------
    path : Path
        The file to create or replace; its folder is created with mode 0700.
    size : int
        The bytes to reserve.

    Raises
    ------
    OSError
        If the disk refuses them.

    Examples
    --------
    >>> path = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with SpareFile(path, 4096).write() as file:
    ...     _ = file.write(b"hello")
    >>> path.read_bytes(), [found.name for found in path.parent.iterdir()]
    (b'hello', ['note.txt'])
    """

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        with contextlib.ExitStack() as on_error:
            self._file, self._name = on_error.enter_context(_unfinished(path))
            self._file.write(bytes(size))
            self._file.flush()
            os.fsync(self._file.fileno())
            self._close = on_error.pop_all()

    @contextlib.contextmanager
    def write(self) -> Iterator[BinaryIO]:
        """Open the space for writing, once; what is written replaces the file, as by :func:`atomic_write`."""
        with self._close:
            self._file.seek(0)
            yield self._file
            self._file.truncate()
            _publish(self._file, self._name, self._path)

    def remove(self) -> None:
        """Give the space back, if it was not used; if the disk refuses, it is a leftover."""
        with contextlib.suppress(OSError):
            self._close.close()
            self._name.unlink()


def erase(path: Path) -> None:
    """Remove a file; where its folder does not allow that, remove its content.

    Raises
    ------
    OSError
        If the content is still there.
    """
    try:
        path.unlink()
    except OSError as err:
        if not os.path.lexists(path):  # a read-only disk refuses before it looks
            return
        try:
            handle = os.open(path, os.O_WRONLY | _SAFELY)
            try:
                _check_private(os.fstat(handle))
                os.ftruncate(handle, 0)
            finally:
                os.close(handle)
        except OSError:
            raise err from None


def remove_folder(folder: Path) -> str:
    """Remove a folder with all that is in it, as far as the disk allows.

    Returns
    -------
    str
        In a few words why something is still there; empty if nothing is.
    """
    for _ in range(_REMOVALS):  # another process may be writing into it
        refused = _remove_once(folder)
        if not refused:
            break
    return refused


def _remove_once(folder: Path) -> str:
    refused = ""
    for path in (*sorted(folder.rglob("*"), reverse=True), folder):  # what is in a folder before the folder
        is_folder = path.is_dir() and not path.is_symlink()
        try:
            path.rmdir() if is_folder else erase(path)
        except OSError as err:
            if os.path.lexists(path):
                refused = refused or reason(err)
    return refused


@contextlib.contextmanager
def watch_folder(folder: Path) -> Iterator[Callable[[], bool]]:
    """Return a function that says whether a folder is still the same, and was not removed since.

    Parameters
    ----------
    folder : Path
        A folder that exists.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> with watch_folder(folder) as stands:
    ...     before = stands()
    ...     folder.rmdir()
    ...     folder.mkdir()
    ...     before, stands()
    (True, False)
    """
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # Windows opens no folder; there no number is given again
            handle = os.open(folder, os.O_RDONLY)  # while it is open, no other folder gets its number
            held.callback(os.close, handle)
        before = folder.stat()

        def stands() -> bool:
            try:
                return os.path.samestat(before, folder.stat())
            except OSError:
                return False

        yield stands


def leftovers(path: Path) -> list[Path]:
    """Return the unfinished files of `path`: of processes that write it, or were killed while they did."""
    return list(path.parent.glob(f".{glob.escape(path.stem)}.{_RANDOM}.tmp"))


def remove_leftovers(path: Path) -> None:
    """Remove the unfinished files of processes that were killed while they wrote `path`.

    Call it only while holding the file's lock: another process may be writing.
    """
    for leftover in leftovers(path):
        leftover.unlink(missing_ok=True)


def open_private(path: Path) -> BinaryIO:
    """Open a file for reading if it is a regular file of this user; links are not followed.

    Raises
    ------
    OSError
        If it is missing, a link, not a regular file, or owned by another user.
    """
    handle = os.open(path, os.O_RDONLY | _SAFELY)
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
        If the disk refuses; the latter means a file system without locks. The reason names the lock if a
        folder or a link is in its place.
    """
    make_folder(path.parent)
    marker = path.with_suffix(".lock")
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(filelock.FileLock(marker, timeout=timeout, mode=0o600))
        except OSError as err:  # also a time-out, if there is a file
            if not (marker.is_symlink() or marker.is_dir()):
                raise
            kind = "a link" if marker.is_symlink() else "a folder"
            raise OSError(err.errno, f"its lock {marker.name} is {kind}; delete that") from err
        yield


@contextlib.contextmanager
def turn(path: Path, timeout: float) -> Iterator[None]:
    """Take turns at `path` by a file ``<name>.turn`` beside it, on a disk where files cannot be locked.

    Only one process can create that file. One that stays for longer than the time-out is of a killed process.

    Parameters
    ----------
    path : Path
        The file to protect.
    timeout : float
        Seconds, longer than any process takes.

    Raises
    ------
    OSError
        If the disk refuses the file.
    """
    marker, end = path.with_suffix(".turn"), time.monotonic() + timeout
    while True:
        try:
            os.close(os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            break
        except FileExistsError:
            if time.monotonic() > end:
                break
        time.sleep(_TURN_INTERVAL)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            marker.unlink()


def reason(err: Exception) -> str:
    """Return in a few words why the disk refused."""
    return str(getattr(err, "strerror", None) or err)


@contextlib.contextmanager
def _unfinished(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Open a new file beside `path`, with mode 0600; if an error occurs, it is removed."""
    make_folder(path.parent)
    # mkstemp creates with mode 0600, and never opens a file or link that is already there
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file, Path(name)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _publish(file: BinaryIO, name: Path, path: Path) -> None:
    """Give a file its name, once its content has reached the disk."""
    file.flush()
    os.fsync(file.fileno())
    file.close()  # Windows renames no open file
    name.replace(path)


def _check_private(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(None, "it is not a regular file")
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise OSError(None, "it belongs to another user")
