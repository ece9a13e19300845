"""The clock of an account."""

from __future__ import annotations

import time

from salesmate_nb.sandbox.timestamps import DAY


def real_time() -> int:
    """Return the time by this machine's clock, in milliseconds since 1970."""
    return round(time.time() * 1000)


class AccountClock:
    """The time of an account: the real time, until days are passed; then a time that goes on from there.

    Parameters
    ----------
    start : int
        When the first day that is passed begins, in milliseconds since 1970.

    Attributes
    ----------
    passed : int
        When the last day that was passed ended, in milliseconds since 1970.

    Examples
    --------
    >>> clock = AccountClock(1_782_842_400_000)
    >>> clock.start()
    >>> clock.pass_day()
    >>> clock.passed, clock.now() - clock.passed < DAY
    (1782928800000, True)
    """

    def __init__(self, start: int) -> None:
        self.passed = start
        self._started: float | None = None

    def start(self) -> None:
        """Show the account's own time from now on; a second call does nothing."""
        if self._started is None:
            self._started = time.monotonic()

    def pass_day(self) -> None:
        """Move the clock on by 24 hours."""
        self.passed += DAY

    def now(self) -> int:
        """Return the time, in milliseconds since 1970; it never goes back once the clock is started."""
        if self._started is None:
            return real_time()
        return self.passed + round((time.monotonic() - self._started) * 1000)
