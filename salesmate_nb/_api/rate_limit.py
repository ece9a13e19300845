"""The company's calls: how many this machine made in the last hour, and how many are left."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

log = logging.getLogger("salesmate_nb")

HOUR = 3600.0  # seconds; the limit is 1,500 calls in each (v4 reference)

_TABLE = "CREATE TABLE IF NOT EXISTS calls (host TEXT NOT NULL, at REAL NOT NULL)"
_PATIENCE = 30.0  # seconds to wait for another process's write


class RateLimiter:
    """A sliding hour of calls to one host, counted together by all kernels that share a folder.

    The calls of the last hour stand in a small SQLite file: the moments, and the host. A library's
    limiter would do it for threads or for processes; pages are fetched by both. Where the disk refuses
    the file, or it is damaged, this process counts for itself.

    Parameters
    ----------
    url : str
        The API's address; its host and port are what the calls are counted for.
    calls_per_hour : int
        What the whole company may call in an hour.
    folder : Path, optional
        Where the file ``calls.sqlite`` is kept; without one only this process is counted.

    Attributes
    ----------
    request_count : int
        Calls that were made through this object.

    Examples
    --------
    >>> limiter = RateLimiter("https://acme.salesmate.io", 2)
    >>> limiter.acquire(), limiter.acquire(), limiter.used, limiter.remaining
    (0.0, 0.0, 2, 0)
    >>> 3590 < limiter.acquire() <= 3600
    True
    """

    def __init__(self, url: str, calls_per_hour: int, folder: Path | None = None) -> None:
        self.calls_per_hour = calls_per_hour
        self.request_count = 0
        self._host = urlsplit(url).netloc
        self._path = None if folder is None else folder / "calls.sqlite"
        self._own: sqlite3.Connection | None = None  # used where there is no file
        self._lock = threading.Lock()
        self._paused_until = 0.0

    @property
    def used(self) -> int:
        """Calls to the host in the last hour, by all that share the folder."""
        if self._path is not None and self._own is None and not self._path.exists():
            return 0  # to look is no reason to make a file
        with self._calls() as calls:
            return len(_moments(calls, self._host))

    @property
    def remaining(self) -> int:
        """Calls that this machine's count leaves of the hour; others of the company may use them too."""
        return max(self.calls_per_hour - self.used, 0)

    def acquire(self) -> float:
        """Count one call, and return 0; or return the seconds until there is one to spend."""
        with self._calls() as calls:
            now = time.time()
            if now < self._paused_until:
                return self._paused_until - now
            wait = self._wait(_moments(calls, self._host), 1, now)
            if not wait:
                calls.execute("INSERT INTO calls VALUES (?, ?)", (self._host, now))
                self.request_count += 1
            return wait

    def delay_for(self, calls: int) -> float:
        """Return the seconds until so many calls could have been made, from now on; 0 where they are left."""
        with self._calls() as counted:
            return self._wait(_moments(counted, self._host), calls, time.time())

    def pause(self, seconds: float) -> None:
        """Spend nothing for so long: the server said that the company's calls are used up."""
        with self._lock:
            self._paused_until = max(self._paused_until, time.time() + seconds)

    def _wait(self, moments: list[float], calls: int, now: float) -> float:
        hours, rest = divmod(len(moments) + calls - 1, self.calls_per_hour)
        if not hours:
            return 0.0
        first = moments[rest] if rest < len(moments) else now  # what is called now is in the way later
        return first + hours * HOUR - now

    @contextlib.contextmanager
    def _calls(self) -> Iterator[sqlite3.Connection]:
        """Open the calls of the last hour, for this thread and process alone."""
        with self._lock:
            connection = self._open()
            try:
                oldest, newest = time.time() - HOUR, time.time() + HOUR  # later ones: the clock was set back
                connection.execute("DELETE FROM calls WHERE at <= ? OR at > ?", (oldest, newest))
                yield connection
                connection.commit()
            finally:
                if connection is not self._own:
                    connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._own is None and self._path is not None:
            try:
                return _file(self._path)
            except (OSError, sqlite3.Error) as err:
                log.warning(
                    "calls are counted in this process alone: %s cannot be used (%s)", self._path, err
                )
        if self._own is None:
            self._own = sqlite3.connect(":memory:", check_same_thread=False)
            self._own.execute(_TABLE)
        return self._own


def _file(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = OFF")  # a count that a power cut loses is no harm
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_TABLE)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _moments(calls: sqlite3.Connection, host: str) -> list[float]:
    return [at for (at,) in calls.execute("SELECT at FROM calls WHERE host = ? ORDER BY at", (host,))]
