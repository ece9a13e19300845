"""The progress of one read: how far it is, what it waits for, and how long it may take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from salesmate_nb._display.durations import in_words

_MIN_SECONDS = 1.0  # of reading before a duration is estimated from it


class Progress:
    """Counts what arrives, and says how far the read is. It shows nothing itself.

    Parameters
    ----------
    noun : str
        What is read, as ``"deals"``.
    clock : callable, optional
        Returns seconds.

    Attributes
    ----------
    noun : str
        What is read.
    total : int or None
        How many rows there are, once the server has said so.
    rows : int
        How many have arrived.
    passes : int
        Which pass over all rows this is.
    waiting : str
        What the read waits for, with a countdown; empty while it does not wait.

    Examples
    --------
    >>> progress = Progress("deals")
    >>> progress.plan(1_000, 3, 0)
    >>> progress.add(250, 1)
    >>> progress.fraction, progress.title, progress.details
    (0.25, 'Reading deals', ['250 of 1,000 deals', '3 requests left'])
    """

    def __init__(self, noun: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.noun = noun
        self.total: int | None = None
        self.rows = 0
        self.passes = 1
        self.waiting = ""
        self._pages = 0  # of this pass
        self._requests = 0  # that one pass takes
        self._minutes = 0
        self._clock = clock
        self._start = self._wait_start = clock()  # of this pass

    def plan(self, total: int | None, requests: int, minutes: int) -> None:
        """Take what is ahead: rows in all, more requests, and minutes of waiting for the rate limit."""
        self.total, self._requests, self._minutes = total, requests + 1, minutes
        self._changed()

    def add(self, rows: int, passes: int) -> None:
        """Count the new rows of one page, which arrived in this pass over all rows."""
        if passes != self.passes:
            self.passes, self._pages, self._start = passes, 0, self._clock()
        self.rows += rows
        self._pages += 1
        self._changed()

    def wait(self, waiting: str) -> None:
        """Take what the read waits for; empty text if it goes on."""
        if waiting and not self.waiting:
            self._wait_start, self._minutes = self._clock(), 0
        elif self.waiting and not waiting:
            self._start += self._clock() - self._wait_start  # a wait says nothing about the pace
        self.waiting = waiting
        self._changed()

    def close(self) -> None:
        """Show nothing more."""

    @property
    def fraction(self) -> float | None:
        """The part of the rows that has arrived, 0 to 1; ``None`` if it is not known."""
        return min(self.rows / self.total, 1.0) if self.total else None

    @property
    def title(self) -> str:
        """What happens now, in one phrase."""
        if self.waiting:
            return self.waiting[0].upper() + self.waiting[1:]
        return f"Reading {self.noun}" + (f", pass {self.passes}" if self.passes > 1 else "")

    @property
    def details(self) -> list[str]:
        """Rows, requests left, and time left, as far as they are known."""
        if self.total is None:
            return [f"{self.rows:,} {self.noun}"] if self.rows else []
        left = self._requests_left
        found = [f"{min(self.rows, self.total):,} of {self.total:,} {self.noun}"]
        found.append(f"{left:,} request{'s' if left != 1 else ''} left")
        if self.waiting:
            return found
        if (seconds := self._seconds_left) is not None:
            step = 60 if seconds > 60 else 5  # noqa: PLR2004 - an estimate is no more exact
            found.append(f"about {in_words(math.ceil(seconds / step) * step)} left")
        elif self._minutes:
            found.append(f"{in_words(self._minutes * 60)} of waiting for the rate limit ahead")
        return found

    @property
    def reached(self) -> str:
        """How far it is, to end a sentence about the read with."""
        if self.total is None:
            return f" after {self.rows:,}" if self.rows else ""
        return f" after {min(self.rows, self.total):,} of {self.total:,}"

    @property
    def _requests_left(self) -> int:
        if self.passes == 1:  # ranges of creation time take more requests than planned
            return math.ceil(self._requests * (1 - (self.fraction or 0.0)))
        return max(self._requests - self._pages, 0)

    @property
    def _seconds_left(self) -> float | None:
        elapsed, left = self._clock() - self._start, self._requests_left
        done = self._requests - left
        if done <= 0 or elapsed < _MIN_SECONDS or self._minutes:
            return None
        return elapsed * left / done

    def _changed(self) -> None:
        """Show it; several threads may call this."""
