"""Waits of a read: told, bounded and ended."""

from __future__ import annotations

import threading
import time

import pytest

from salesmate_nb._api.waiting import Cancelled, Waiter


def test_a_wait_is_told_each_second_and_at_its_end():
    """Whoever watches sees what is waited for, and a countdown."""
    told = []
    Waiter(60, told.append).sleep(1.2, "on in")
    assert told == ["on in 0:02", "on in 0:01", ""]


def test_ending_a_read_ends_its_waits_in_all_threads():
    """A wait of an hour ends at once, and no other begins."""
    waiter = Waiter(3600)
    ended = []

    def wait():
        try:
            waiter.sleep(3600, "on in")
        except Cancelled:
            ended.append(time.monotonic())

    threads = [threading.Thread(target=wait) for _ in range(3)]
    [one.start() for one in threads]
    waiter.cancel()
    [one.join(timeout=30) for one in threads]
    assert len(ended) == 3
    with pytest.raises(Cancelled):
        waiter.sleep(0, "on in")
