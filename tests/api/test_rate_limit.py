"""The hourly rate limit: shared by all processes that use a folder, and a sliding window."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from salesmate_nb._api.rate_limit import RateLimiter

URL = "https://acme.salesmate.io"


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


@pytest.mark.parametrize("processes", [2, pytest.param(6, marks=pytest.mark.slow)])
def test_shared_by_threads_and_processes(processes, tmp_path):
    """Processes of 4 threads each try more calls than there are: together they get exactly the limit."""
    code = f"""
import pathlib, sys, threading
from salesmate_nb._api.rate_limit import RateLimiter
limiter = RateLimiter({URL!r}, 60, pathlib.Path(sys.argv[1]))
def work():
    for _ in range(10):
        limiter.acquire()
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(limiter.request_count)
"""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], **pipes) for _ in range(processes)
    ]
    results = [process.communicate() for process in running]
    assert [errors for _, errors in results if errors] == []
    assert sum(int(count) for count, _ in results) == 60
    assert RateLimiter(URL, 60, tmp_path).remaining == 0


def test_window_is_locked(tmp_path):
    """While one process counts the calls left, no other can take one."""
    limiter = RateLimiter(URL, 1, tmp_path)
    limiter.acquire()
    other = sqlite3.connect(tmp_path / "calls.sqlite", timeout=0, isolation_level=None)
    with limiter._window(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_clock_set_back(clock, tmp_path):
    """Calls with a timestamp in the future do not lock the account."""
    limiter = RateLimiter(URL, 1, tmp_path, clock=clock)
    limiter.acquire()
    clock.now -= 86_400
    assert limiter.acquire() == 0


def test_reading_creates_no_file(tmp_path):
    """Reading how many calls are left writes nothing to the disk."""
    limiter = RateLimiter(URL, 5, tmp_path / "new")
    assert (limiter.used, limiter.remaining) == (0, 5)
    assert not (tmp_path / "new").exists()


def test_file_is_private(tmp_path):
    """The file shows when the company works; folder and file are private from the start."""
    RateLimiter(URL, 1, tmp_path / "new").acquire()
    created = (tmp_path / "new", tmp_path / "new" / "calls.sqlite")
    assert [stat.S_IMODE(path.stat().st_mode) for path in created] == [0o700, 0o600]


@pytest.mark.parametrize("fault", ["folder is a file", "file is a folder", "damaged", "symlink"])
def test_unusable_file(fault, tmp_path, caplog):
    """Calls are counted in this process, with one warning; nothing is written elsewhere."""
    folder, elsewhere = tmp_path / "cache", tmp_path / "elsewhere"
    if fault == "folder is a file":
        folder.touch()
    else:
        folder.mkdir()
    if fault == "file is a folder":
        (folder / "calls.sqlite").mkdir()
    elif fault == "damaged":
        (folder / "calls.sqlite").write_bytes(b"no database" * 100)
    elif fault == "symlink":
        (folder / "calls.sqlite").symlink_to(elsewhere)
    limiter = RateLimiter(URL, 5, folder)
    threads = [threading.Thread(target=limiter.acquire) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert (limiter.request_count, limiter.remaining) == (3, 2)
    assert caplog.text.count("requests are counted in this process only") == 1
    assert not elsewhere.exists()
