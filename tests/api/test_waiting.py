"""Waits of a read: shown, bounded and cancelled."""

from __future__ import annotations

import threading
import time

import pytest

from salesmate_nb._api.waiting import Cancelled, Waiter


def test_countdown():
    """The reason and the time left are reported each second, and an empty text at the end."""
    shown = []
    left = iter([200.2, 61.0, 0.01, 0.0])
    waiter = Waiter(60, shown.append)
    waiter._cancelled.wait = lambda _: None
    waiter.wait(lambda: next(left), "resuming in")
    assert shown == ["resuming in 3 min 21 s", "resuming in 1 min 1 s", "resuming in 1 s", ""]


def test_sleep():
    """A sleep lasts as long as it was given."""
    start = time.monotonic()
    Waiter(60).sleep(0.1, "retrying in")
    assert time.monotonic() - start > 0.09


@pytest.mark.parametrize("jump", [-20, 20])
def test_clock_is_set(monkeypatch, jump):
    """A wait lasts as long as it was given, though the clock on the wall is set back or forward meanwhile."""
    real, start = time.time, time.monotonic()
    monkeypatch.setattr(time, "time", lambda: real() + (jump if time.monotonic() - start > 0.05 else 0))
    Waiter(60).sleep(0.1, "retrying in")
    assert 0.09 < time.monotonic() - start < 15


def test_cancel_ends_waits_in_all_threads():
    """A wait of an hour ends at once, and no other begins."""
    waiter = Waiter(3600)
    ended = []

    def wait():
        try:
            waiter.sleep(3600, "resuming in")
        except Cancelled:
            ended.append(time.monotonic())

    threads = [threading.Thread(target=wait) for _ in range(3)]
    [thread.start() for thread in threads]
    waiter.cancel()
    [thread.join(timeout=30) for thread in threads]
    assert len(ended) == 3
    with pytest.raises(Cancelled):
        waiter.sleep(0, "resuming in")
