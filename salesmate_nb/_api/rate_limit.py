"""The hourly rate limit: the requests this machine sent in the last hour, and how many are left."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from salesmate_nb._base.files import make_folder

log = logging.getLogger("salesmate_nb")

HOUR = 3600.0  # seconds; the limit is 1,500 requests in each (v4 reference)

_TABLE = "CREATE TABLE IF NOT EXISTS calls (host TEXT NOT NULL, at REAL NOT NULL)"
_LOCK_TIMEOUT = 30.0  # seconds to wait for another process's write


class RateLimiter:
    """A sliding one-hour window of requests to one host, shared by all processes that use a folder.

    A small SQLite file holds the timestamp and host of each request of the last hour. If the disk refuses
    the file, or it is damaged, this process counts on its own and logs a warning.

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
        Returns the time in seconds since 1970.

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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.calls_per_hour = calls_per_hour
        self.request_count = 0
        self._host = urlsplit(url).netloc
        self._path = None if folder is None else folder / "calls.sqlite"
        self._clock = clock
        self._in_memory: sqlite3.Connection | None = None  # used if there is no file
        self._lock = threading.Lock()
        self._paused_until = 0.0

    @property
    def used(self) -> int:
        """Calls to the host in the last hour, by all processes that use the folder."""
        if self._path is not None and self._in_memory is None and not self._path.exists():
            return 0  # reading the count does not create the file
        with self._window() as calls:
            return len(_timestamps(calls, self._host))

    @property
    def remaining(self) -> int:
        """Calls left of the hour by this machine's count; other users of the account may use them too."""
        return max(self.calls_per_hour - self.used, 0)

    def acquire(self) -> float:
        """Count one request and return 0, or count nothing and return the seconds until one is free."""
        with self._window() as calls:
            now = self._clock()
            if now < self._paused_until:
                return self._paused_until - now
            wait = self._delay(_timestamps(calls, self._host), 1, now)
            if not wait:
                calls.execute("INSERT INTO calls VALUES (?, ?)", (self._host, now))
                self.request_count += 1
            return wait

    def delay_for(self, requests: int) -> float:
        """Return the seconds until `requests` more could all have been made; 0 if that many are left."""
        with self._window() as window:
            return self._delay(_timestamps(window, self._host), requests, self._clock())

    def pause(self, seconds: float) -> None:
        """Grant no request for so many seconds, because the server returned 429."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _delay(self, timestamps: list[float], requests: int, now: float) -> float:
        hours, rest = divmod(len(timestamps) + requests - 1, self.calls_per_hour)
        if not hours:
            return 0.0
        first = timestamps[rest] if rest < len(timestamps) else now  # requests made now use up a later hour
        return first + hours * HOUR - now

    @contextlib.contextmanager
    def _window(self) -> Iterator[sqlite3.Connection]:
        """Open the requests of the last hour, locked against other threads and processes."""
        with self._lock:
            connection = self._open()
            try:
                now = self._clock()
                # a request far in the future was made before the clock was set back
                connection.execute("DELETE FROM calls WHERE at <= ? OR at > ?", (now - HOUR, now + HOUR))
                yield connection
                connection.commit()
            finally:
                if connection is not self._in_memory:
                    connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._in_memory is None and self._path is not None:
            try:
                return _open_file(self._path)
            except (OSError, sqlite3.Error) as err:
                log.warning(
                    "requests are counted in this process only: %s cannot be used (%s)", self._path, err
                )
        if self._in_memory is None:
            self._in_memory = sqlite3.connect(":memory:", check_same_thread=False)
            self._in_memory.execute(_TABLE)
        return self._in_memory


def _open_file(path: Path) -> sqlite3.Connection:
    make_folder(path.parent)
    # created with mode 0600, and never through a link: SQLite would follow one
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
    connection = sqlite3.connect(path, timeout=_LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = OFF")  # losing a count in a power cut does no harm
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_TABLE)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _timestamps(calls: sqlite3.Connection, host: str) -> list[float]:
    return [at for (at,) in calls.execute("SELECT at FROM calls WHERE host = ? ORDER BY at", (host,))]
