"""Waits of one read: bounded, shown, and cancelled together; and the clock that measures them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from salesmate_nb._display.durations import in_words

_CLOCK = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def elapsed() -> float:
    """Return the seconds since this machine was started, those that it slept included.

    All processes of the machine see the same clock, and nobody sets it, unlike that of :func:`time.time`.
    """
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


class Cancelled(BaseException):
    """The read was cancelled."""


class Waiter:
    """Waits on behalf of one read, shared by the threads that send its requests.

    Parameters
    ----------
    max_seconds : float
        The longest wait for the rate limit, in seconds; if more is needed, an error is raised instead.
    on_wait : callable, optional
        Called each second with the reason and the time left, and with an empty text at the end.

    Examples
    --------
    >>> shown = []
    >>> Waiter(60.0, shown.append).sleep(0.01, "request failed, retrying in")
    >>> shown
    ['request failed, retrying in 1 s', '']
    """

    def __init__(self, max_seconds: float, on_wait: Callable[[str], None] = lambda _: None) -> None:
        self.max_seconds = max_seconds
        self._on_wait = on_wait
        self._cancelled = threading.Event()

    def sleep(self, seconds: float, why: str) -> None:
        """Wait for so many seconds; raises as :meth:`wait` does."""
        until = elapsed() + seconds
        self.wait(lambda: until - elapsed(), why)

    def wait(self, left: Callable[[], float], why: str) -> None:
        """Wait until `left` returns 0 or less, reporting each second what for and how long.

        Raises
        ------
        Cancelled
            If the read was cancelled before or during the wait.
        """
        self.check()
        while (seconds := left()) > 0:
            self._on_wait(f"{why} {in_words(seconds)}")
            self._cancelled.wait(min(seconds, 1.0))
            self.check()
        self._on_wait("")

    def check(self) -> None:
        """Raise ``Cancelled`` if the read was cancelled."""
        if self._cancelled.is_set():
            raise Cancelled

    def cancel(self) -> None:
        """Cancel all waits of this read, and each of its requests that was not sent yet."""
        self._cancelled.set()
