"""The hourly rate limit: shared by all processes that use a folder, and a sliding window."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import stat
import threading
import time
import warnings

import pytest

from salesmate_nb._api import rate_limit
from salesmate_nb._api.rate_limit import RateLimiter
from tests.helpers import is_private, posix

URL = "https://acme.salesmate.io"


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12


def fork(work):
    """Return the process id of a child that exits with the number that `work` returns, or 255."""
    if child := os.fork():
        return child
    number = 255
    with contextlib.suppress(BaseException):
        number = work()
    os._exit(number)


def result(child):
    """Return the number that a child exited with."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Clock:
    """A clock that a test moves."""

    now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_sliding_window(clock, tmp_path):
    """Each call is free again one hour after it was made."""
    limiter = RateLimiter(URL, 3, tmp_path, clock=clock)
    for _ in range(3):
        assert limiter.acquire() == 0
        clock.now += 600
    assert limiter.acquire() == 1800
    clock.now += 1800
    assert (limiter.acquire(), limiter.remaining, limiter.used) == (0, 0, 3)
    assert limiter.acquire() == 600


def test_delay_for(clock, tmp_path):
    """Calls beyond those left wait for the last of them to be free, over several hours if needed."""
    limiter = RateLimiter(URL, 10, tmp_path, clock=clock)
    for _ in range(4):
        limiter.acquire()
        clock.now += 60
    delays = [limiter.delay_for(calls) for calls in (0, 6, 7, 8, 11, 17)]
    assert delays == [0, 0, 3600 - 240, 3600 - 180, 3600, 7200 - 240]


def test_hosts_and_folders_are_separate(tmp_path):
    """Another workspace has its own limit, and so has a process without the folder."""
    limiters = [
        RateLimiter(URL, 5, tmp_path),
        RateLimiter("https://other.salesmate.io", 5, tmp_path),
        RateLimiter(URL, 5),
    ]
    limiters[0].acquire()
    assert [limiter.used for limiter in limiters] == [1, 0, 0]


def test_pause(clock):
    """After a 429, no thread gets a call until the server's delay is over."""
    limiter = RateLimiter(URL, 5, clock=clock)
    limiter.pause(30)
    assert (limiter.acquire(), limiter.request_count) == (30, 0)
    limiter.pause(10)
    assert limiter.acquire() == 30
    clock.now += 30
    assert (limiter.acquire(), limiter.request_count) == (0, 1)


@forks
@pytest.mark.parametrize("is_damaged", [False, True])
def test_shared_by_threads_and_processes(is_damaged, tmp_path):
    """Processes of 4 connections try more calls than there are: together they get exactly the limit."""
    if is_damaged:
        (tmp_path / "calls.sqlite").write_bytes(b"no database" * 100)

    def take(limiter):
        for _ in range(20):
            limiter.acquire()

    def work():
        warnings.simplefilter("ignore")
        limiters = [RateLimiter(URL, 60, tmp_path) for _ in range(4)]
        threads = [
            threading.Thread(target=lambda limiter: [limiter.acquire() for _ in range(20)], args=(each,))
            for each in limiters
        ]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        return sum(limiter.request_count for limiter in limiters)

    children = [fork(work) for _ in range(6)]
    assert sum(result(child) for child in children) == 60
    assert RateLimiter(URL, 60, tmp_path).remaining == 0


def test_file_is_locked(tmp_path):
    """While one process counts the calls left, no other can take one."""
    RateLimiter(URL, 1, tmp_path).acquire()
    path = tmp_path / "calls.sqlite"
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with rate_limit._transaction(path), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


@pytest.mark.parametrize("jump", [-86_400, 5_400])
def test_clock_is_set(tmp_path, monkeypatch, jump):
    """If the wall clock is set back a day, or forward 1.5 hours, no call is free earlier or later."""
    limiter = RateLimiter(URL, 3, tmp_path)
    assert [limiter.acquire() for _ in range(3)] == [0, 0, 0]
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    for other in (limiter, RateLimiter(URL, 3, tmp_path)):
        assert 3500 < other.acquire() <= 3600


@pytest.mark.parametrize(("passed", "used"), [(0, 3), (1800, 3), (5400, 0), (-86_400, 0)])
def test_machine_is_started_again(tmp_path, monkeypatch, passed, used):
    """After a restart, or from another machine, the age of a call is told by the clock on the wall."""
    limiter = RateLimiter(URL, 3, tmp_path)
    assert [limiter.acquire() for _ in range(3)] == [0, 0, 0]
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + passed)
    monkeypatch.setattr(rate_limit, "_boot", lambda: "another")
    assert RateLimiter(URL, 3, tmp_path, clock=lambda: 12.0).used == used


def test_reading_creates_no_file(tmp_path):
    """Reading how many calls are left writes nothing to the disk."""
    limiter = RateLimiter(URL, 5, tmp_path / "new")
    assert (limiter.used, limiter.remaining) == (0, 5)
    assert not (tmp_path / "new").exists()


@posix
def test_file_is_private(tmp_path):
    """The file shows when the company works; folder and file are private from the start."""
    RateLimiter(URL, 1, tmp_path / "new").acquire()
    created = (tmp_path / "new", tmp_path / "new" / "calls.sqlite")
    assert [stat.S_IMODE(path.stat().st_mode) for path in created] == [0o700, 0o600]


@pytest.mark.parametrize(
    "fault", ["folder is a file", "file is a folder", pytest.param("symlink", marks=posix)]
)
def test_unusable_file(fault, tmp_path):
    """Calls are counted in this process, with one warning; nothing is written elsewhere."""
    folder, elsewhere = tmp_path / "cache", tmp_path / "elsewhere"
    if fault == "folder is a file":
        folder.touch()
    else:
        folder.mkdir()
    if fault == "file is a folder":
        (folder / "calls.sqlite").mkdir()
    elif fault == "symlink":
        (folder / "calls.sqlite").symlink_to(elsewhere)
    limiter = RateLimiter(URL, 5, folder)
    with pytest.warns(UserWarning, match="counted in this process only") as warned:
        assert [limiter.acquire() for _ in range(3)] == [0, 0, 0]
    assert (limiter.remaining, len(warned)) == (2, 1)
    assert not elsewhere.exists()


def test_file_can_be_used_again(clock, tmp_path):
    """What was counted in memory is written once the disk allows it, and then all processes know of it."""
    folder = tmp_path / "cache"
    folder.touch()
    limiter = RateLimiter(URL, 5, folder, clock=clock)
    with pytest.warns(UserWarning, match="counted in this process only"):
        limiter.acquire()
    folder.unlink()
    clock.now += 61
    limiter.acquire()
    assert (limiter.used, RateLimiter(URL, 5, folder, clock=clock).used) == (2, 2)


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + b"\xff" * 5000, "another"])
def test_damaged_file(content, tmp_path):
    """A damaged file is set aside, and the new one begins with the calls that this process knows of."""
    path = tmp_path / "calls.sqlite"
    limiter = RateLimiter(URL, 5, tmp_path)
    for _ in range(3):
        limiter.acquire()
    path.unlink()
    if content == "another":  # a database of another version
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE calls (host TEXT)")
    else:
        path.write_bytes(content)
    with pytest.warns(UserWarning, match="was damaged and is now calls.damaged") as warned:
        assert [limiter.acquire() > 0 for _ in range(3)] == [False, False, True]
    assert RateLimiter(URL, 5, tmp_path).used == 5
    assert is_private(path)
    assert {each.name for each in tmp_path.iterdir()} >= {"calls.sqlite", "calls.damaged"}
    assert len(warned) == 1


@forks
def test_full_disk(tmp_path):
    """Where nothing can be written any more, calls are counted from what can be read, with one warning."""
    resource = pytest.importorskip("resource", reason="the limit is POSIX")
    RateLimiter(URL, 5, tmp_path).acquire()

    def work():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        limiter = RateLimiter(URL, 5, tmp_path)
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            granted = [limiter.acquire() for _ in range(6)].count(0)
        return granted * 10 + limiter.remaining if len(warned) == 1 else 0

    assert result(fork(work)) == 40
    assert RateLimiter(URL, 5, tmp_path).used == 1
