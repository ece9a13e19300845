"""The company's calls: counted together by all that share a folder, and given back after an hour."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from salesmate_nb._api import rate_limit as module
from salesmate_nb._api.rate_limit import RateLimiter

URL = "https://acme.salesmate.io"


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that a test moves."""

    class Clock:
        now = 1_800_000_000.0

        def time(self):
            return self.now

    monkeypatch.setattr(module, "time", made := Clock())
    return made


def test_an_hours_calls_come_back_one_by_one(clock, tmp_path):
    """Each call is free again an hour after it was made."""
    limiter = RateLimiter(URL, 3, tmp_path)
    for _ in range(3):
        assert limiter.acquire() == 0
        clock.now += 600
    assert limiter.acquire() == 1800
    clock.now += 1800
    assert (limiter.acquire(), limiter.remaining, limiter.used) == (0, 0, 3)
    assert limiter.acquire() == 600


def test_a_plan_is_told_how_long_it_takes(clock, tmp_path):
    """A plan of more calls than are left waits for the last of them, over several hours where need be."""
    limiter = RateLimiter(URL, 10, tmp_path)
    for _ in range(4):
        limiter.acquire()
        clock.now += 60
    waits = [limiter.delay_for(calls) for calls in (0, 6, 7, 8, 11, 17)]
    assert waits == [0, 0, 3600 - 240, 3600 - 180, 3600, 7200 - 240]


def test_hosts_are_counted_apart_and_folders_too(tmp_path):
    """Another workspace has its own calls."""
    budgets = [
        RateLimiter(URL, 5, tmp_path),
        RateLimiter("https://other.salesmate.io", 5, tmp_path),
        RateLimiter(URL, 5),
    ]
    budgets[0].acquire()
    assert [one.used for one in budgets] == [1, 0, 0]


def test_a_refusal_of_the_server_holds_all_threads(clock):
    """Where the server says to wait, nothing is spent until then."""
    limiter = RateLimiter(URL, 5)
    limiter.pause(30)
    assert (limiter.acquire(), limiter.request_count) == (30, 0)
    clock.now += 30
    assert (limiter.acquire(), limiter.request_count) == (0, 1)


def test_threads_and_processes_spend_no_call_twice(tmp_path):
    """4 processes of 4 threads want 160 calls of 100: they get 100."""
    code = (
        "import sys, pathlib, threading\n"
        "from salesmate_nb._api.rate_limit import RateLimiter\n"
        f"limiter = RateLimiter({URL!r}, 100, pathlib.Path(sys.argv[1]))\n"
        "threads = [threading.Thread(target=lambda: [limiter.acquire() for _ in range(10)]) for _ in range(4)]\n"
        "[one.start() for one in threads]; [one.join() for one in threads]\n"
        "print(limiter.request_count)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    told = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, **told) for _ in range(4)]
    said = [one.communicate() for one in running]
    assert [errors for _, errors in said if errors] == []
    assert sum(int(spent) for spent, _ in said) == 100
    assert RateLimiter(URL, 100, tmp_path).remaining == 0


def test_nobody_counts_between_a_look_and_a_call(tmp_path):
    """While one process looks how many are left, no other can take one."""
    limiter = RateLimiter(URL, 1, tmp_path)
    limiter.acquire()
    other = sqlite3.connect(tmp_path / "calls.sqlite", timeout=0, isolation_level=None)
    with limiter._calls(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_clock_that_was_set_back_gives_calls_back(clock, tmp_path):
    """Calls that seem to lie in the future do not lock the account."""
    limiter = RateLimiter(URL, 1, tmp_path)
    limiter.acquire()
    clock.now -= 86_400
    assert limiter.acquire() == 0


def test_the_file_is_for_this_user_alone(tmp_path):
    """It tells when the company works; folder and file are private from the start."""
    RateLimiter(URL, 1, tmp_path / "new").acquire()
    made = (tmp_path / "new", tmp_path / "new" / "calls.sqlite")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in made]
    assert modes == [0o700, 0o600]


@pytest.mark.parametrize("fault", ["folder is a file", "file is a folder", "damaged", "symlink"])
def test_a_disk_that_refuses_costs_the_sharing_only(fault, tmp_path, caplog):
    """Calls go on, counted in this process, with one warning; nothing is written elsewhere."""
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
    [one.start() for one in threads]
    [one.join() for one in threads]
    assert (limiter.request_count, limiter.remaining) == (3, 2)
    assert caplog.text.count("calls are counted in this process alone") == 1
    assert not elsewhere.exists()
