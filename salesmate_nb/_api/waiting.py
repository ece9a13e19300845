"""How long a read may wait, who is told of it, and how it is ended."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable


class Cancelled(BaseException):
    """The read this wait belongs to is over."""


class Waiter:
    """Waits of one read, shared by the threads that make its calls.

    Parameters
    ----------
    max_seconds : float
        Seconds that may be waited for a call that is refused now; more is an error.
    on_wait : callable, optional
        Gets what is waited for and how long still, each second, and an empty text at its end.

    Examples
    --------
    >>> Waiter(60.0).sleep(0.0, "the server has a fault")
    """

    def __init__(self, max_seconds: float, on_wait: Callable[[str], None] = lambda _: None) -> None:
        self.max_seconds = max_seconds
        self._on_wait = on_wait
        self._over = threading.Event()

    def sleep(self, seconds: float, why: str) -> None:
        """Wait so long; raises as :meth:`wait` does."""
        until = time.time() + seconds  # which goes on while a laptop sleeps
        self.wait(lambda: until - time.time(), why)

    def wait(self, left: Callable[[], float], why: str) -> None:
        """Wait until no seconds are left, telling each second what for.

        Raises
        ------
        Cancelled
            Where the read was ended, before or meanwhile.
        """
        self.check()
        while (seconds := left()) > 0:
            minutes, rest = divmod(math.ceil(seconds), 60)
            self._on_wait(f"{why} {minutes}:{rest:02d}")
            self._over.wait(min(seconds, 1.0))
            self.check()
        self._on_wait("")

    def check(self) -> None:
        """Raise ``Cancelled`` where the read was ended."""
        if self._over.is_set():
            raise Cancelled

    def cancel(self) -> None:
        """End all waits of this read, and whatever of its calls has not begun."""
        self._over.set()
