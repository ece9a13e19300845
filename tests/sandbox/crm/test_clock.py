"""The account's clock: the real time first, then its own."""

from __future__ import annotations

import time

from salesmate_nb.sandbox._crm.clock import AccountClock
from salesmate_nb.sandbox.timestamps import DAY


def test_real_time_before_the_start(monkeypatch):
    """Before it is started, the clock shows the time of this machine."""
    monkeypatch.setattr(time, "time", lambda: 1_234.5)
    assert AccountClock(0).now() == 1_234_500


def test_own_time_goes_on(monkeypatch):
    """Once started, it goes on from the days that were passed, by real seconds, and never back."""
    seconds = [50.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    clock = AccountClock(DAY)
    clock.start()
    assert clock.now() == DAY
    seconds[0] += 7
    clock.start()
    assert clock.now() == DAY + 7_000
    clock.pass_day()
    assert (clock.passed, clock.now()) == (2 * DAY, 2 * DAY + 7_000)
