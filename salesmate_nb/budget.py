"""The company's calls: how many were made in the last hour, and how many are left."""

from __future__ import annotations

import threading
import time
from collections import deque

HOUR = 3600.0  # seconds; the limit is 1,500 calls in each (v4 reference)


class Budget:
    """A sliding hour of calls, counted in this process.

    Parameters
    ----------
    calls_per_hour : int
        What the whole company may call in an hour.

    Examples
    --------
    >>> budget = Budget(1500)
    >>> budget.spend()
    >>> budget.spent, budget.left
    (1, 1499)
    """

    def __init__(self, calls_per_hour: int) -> None:
        self.calls_per_hour = calls_per_hour
        self.spent = 0
        self._moments: deque[float] = deque()
        self._lock = threading.Lock()

    def spend(self) -> None:
        """Count one call."""
        with self._lock:
            self.spent += 1
            self._moments.append(time.monotonic())

    @property
    def left(self) -> int:
        """Calls that are left in this hour, as far as this process knows."""
        with self._lock:
            while self._moments and self._moments[0] < time.monotonic() - HOUR:
                self._moments.popleft()
            return max(self.calls_per_hour - len(self._moments), 0)
