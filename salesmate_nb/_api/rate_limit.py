"""The hourly rate limit: the requests this machine sent in the last hour, and how many are left."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import filelock

from salesmate_nb._api.waiting import elapsed
from salesmate_nb._base import files
from salesmate_nb._base.fork import renew_in_child
from salesmate_nb._base.warn import warn

HOUR = 3600.0  # seconds; the limit is 1,500 requests in each (v4 reference)

_TABLE = """CREATE TABLE IF NOT EXISTS calls
    (host TEXT NOT NULL, boot TEXT NOT NULL, elapsed REAL NOT NULL, at REAL NOT NULL)"""
_LOCK_TIMEOUT = 30.0  # seconds to wait for another process's write
_PAUSE = 60.0  # seconds after which a file that failed is tried again
_SKEW = 60.0  # seconds by which clocks of machines that share the file may differ
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
_FAILURES = (OSError, sqlite3.Error, NotImplementedError, filelock.Timeout)

# One thread at a time, for all limiters of this process: closing a file ends every lock that the process has
# on it. While it holds this lock no child is forked: it could not free the locks inside SQLite.
_counting = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_counting.acquire, after_in_parent=_counting.release, after_in_child=_counting.release
    )


class RateLimiter:
    """A sliding one-hour window of requests to one host, shared by all processes that use a folder.

    A small SQLite file holds the host and time of each request of the last hour. While the disk refuses the
    file, this process goes on from the count it last read, with one warning. A damaged file is replaced.

    pyrate-limiter 4.5 was tried: its ``SQLiteBucket`` with a file lock grants exactly the limit to threads
    and processes, but after the clock was set back it refuses all requests until the clock catches up, it
    cannot say how long `n` requests will take, and it leaves a lock file that others can read.

    Parameters
    ----------
    url : str
        The API's URL; requests are counted for its host and port.
    calls_per_hour : int
        The limit of the whole account.
    folder : Path, optional
        Where the file ``calls.sqlite`` is stored; without it only this process is counted.
    clock : callable, optional
        Returns the seconds since this machine was started.

    Attributes
    ----------
    request_count : int
        Requests counted through this object.

    Examples
    --------
    >>> limiter = RateLimiter("https://acme.salesmate.io", 2)
    >>> limiter.acquire(), limiter.acquire(), limiter.used, limiter.remaining
    (0.0, 0.0, 2, 0)
    >>> 3590 < limiter.acquire() <= 3600
    True
    """

    def __init__(
        self,
        url: str,
        calls_per_hour: int,
        folder: Path | None = None,
        *,
        clock: Callable[[], float] = elapsed,
    ) -> None:
        self.calls_per_hour = calls_per_hour
        self.request_count = 0
        self._host = urlsplit(url).netloc
        self._path = None if folder is None else folder / "calls.sqlite"
        self._clock = clock
        self._saved: list[float] = []  # times of requests, as the file was last read
        self._unsaved: list[float] = []  # and of those that are not in the file
        self._retry_at = 0.0
        self._has_warned = False
        self._paused_until = 0.0
        renew_in_child(self, RateLimiter._leave_to_parent)

    @property
    def used(self) -> int:
        """Calls to the host in the last hour, by all processes that use the folder."""
        with _counting:
            return len(self._window(self._clock()))

    @property
    def remaining(self) -> int:
        """Calls left of the hour by this machine's count; other users of the account may use them too."""
        return max(self.calls_per_hour - self.used, 0)

    def acquire(self) -> float:
        """Count one request and return 0, or count nothing and return the seconds until one is free."""
        with _counting:
            now = self._clock()
            if now < self._paused_until:
                return self._paused_until - now
            before = self._window(now, takes_one=True)
            wait = self._delay(before, 1, now)
            if not wait:
                self.request_count += 1
            return wait

    def delay_for(self, requests: int) -> float:
        """Return the seconds until `requests` more could all have been made; 0 if that many are left."""
        with _counting:
            now = self._clock()
            return self._delay(self._window(now), requests, now)

    def pause(self, seconds: float) -> None:
        """Grant no request for so many seconds, because the server returned 429."""
        with _counting:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _delay(self, times: Sequence[float], requests: int, now: float) -> float:
        hours, rest = divmod(len(times) + requests - 1, self.calls_per_hour)
        if not hours:
            return 0.0
        first = times[rest] if rest < len(times) else now  # requests made now use up a later hour
        return first + hours * HOUR - now

    def _window(self, now: float, *, takes_one: bool = False) -> list[float]:
        """Return the times of the last hour's requests, the oldest first.

        With `takes_one` another one is counted, if the limit allows it: nobody else counts in between.
        """
        self._saved, self._unsaved = _last_hour(self._saved, now), _last_hour(self._unsaved, now)
        path = self._path if now >= self._retry_at else None
        try:
            if path is not None and (takes_one or path.exists()):  # reading the count creates no file
                return self._share(path, now, takes_one=takes_one)
        except _FAILURES as err:
            self._retry_at = now + _PAUSE
            if not self._has_warned:
                self._has_warned = True
                warn(
                    f"{path} cannot be used ({files.reason(err)}): API calls are counted in this process "
                    "only, and those of others are not known. Make room on the disk, or set "
                    "SALESMATE_TOKEN_CACHE to a folder of your own."
                )
        before = sorted(self._saved + self._unsaved)
        if takes_one and not self._delay(before, 1, now):
            self._unsaved.append(now)
        return before

    def _share(self, path: Path, now: float, *, takes_one: bool) -> list[float]:
        """Do what :meth:`_window` does in the file; replace it first if it is damaged."""
        if (before := self._try_file(path, now, takes_one=takes_one)) is not None:
            return before
        with files.lock(path, _LOCK_TIMEOUT):  # one process replaces it, the others find the new one
            if (before := self._try_file(path, now, takes_one=takes_one)) is not None:
                return before
            aside = path.replace(path.with_suffix(".damaged"))
            warn(f"{path} was damaged and is now {aside.name}. API calls are counted in a new file.")
            self._unsaved, self._saved = self._saved + self._unsaved, []  # what is known of the old one
            return self._use_file(path, now, takes_one=takes_one)

    def _try_file(self, path: Path, now: float, *, takes_one: bool) -> list[float] | None:
        """Do what :meth:`_use_file` does; return ``None`` if the file is damaged."""
        try:
            return self._use_file(path, now, takes_one=takes_one)
        except sqlite3.DatabaseError as err:
            if getattr(err, "sqlite_errorcode", 0) & 0xFF not in _DAMAGE:
                raise
            return None

    def _use_file(self, path: Path, now: float, *, takes_one: bool) -> list[float]:
        with _transaction(path) as calls:
            self._saved = _read(calls, self._host, now)  # kept if a full disk then refuses to write
            before = sorted(self._saved + self._unsaved)
            is_free = takes_one and not self._delay(before, 1, now)
            new = [*self._unsaved, now] if is_free else self._unsaved
            if new:
                _write(calls, self._host, now, new)
        self._saved, self._unsaved = self._saved + new, []
        return before

    def _leave_to_parent(self) -> None:
        """Know of the parent's requests, but leave it to the parent to save them."""
        self._saved, self._unsaved = self._saved + self._unsaved, []


_AGE = "CASE boot WHEN :boot THEN :now - elapsed ELSE :at - at END"
"""The age of a request in seconds: by the clock that nobody sets, or else by the clock on the wall."""


def _read(calls: sqlite3.Connection, host: str, now: float) -> list[float]:
    query = f"SELECT {_AGE} AS age FROM calls WHERE host = :host AND age >= :youngest AND age < :oldest"  # noqa: S608 - no value in it
    return [now - max(age, 0.0) for (age,) in calls.execute(query, {"host": host, **_clocks(now)})]


def _write(calls: sqlite3.Connection, host: str, now: float, times: Iterable[float]) -> None:
    clocks = _clocks(now)
    calls.execute(f"DELETE FROM calls WHERE {_AGE} < :youngest OR {_AGE} >= :oldest", clocks)  # noqa: S608
    rows = [(host, clocks["boot"], at, clocks["at"] - (now - at)) for at in times]
    calls.executemany("INSERT INTO calls VALUES (?, ?, ?, ?)", rows)


def _clocks(now: float) -> dict[str, Any]:
    return {"boot": _boot(), "now": now, "at": time.time(), "youngest": -_SKEW, "oldest": HOUR}


@functools.cache
def _boot() -> str:
    """Return what identifies this machine, on Linux since it was started."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return platform.node()


@contextlib.contextmanager
def _transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file, locked against other processes; commit at the end, unless there is an error."""
    files.make_folder(path.parent)
    # created with mode 0600, and never through a link: SQLite would follow one
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
    connection = sqlite3.connect(path, timeout=_LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
    with contextlib.closing(connection):
        connection.execute("PRAGMA synchronous = OFF")  # losing a count in a power cut does no harm
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_TABLE)
        yield connection
        connection.commit()


def _last_hour(times: Iterable[float], now: float) -> list[float]:
    return [at for at in times if now - at < HOUR]
