"""How often, and after which delays, a failed request is retried."""

from __future__ import annotations

import random
from dataclasses import dataclass

_MAX_EXPONENT = 30  # 2**30 is above any cap, and far from what a float cannot hold


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Exponential backoff with jitter.

    Parameters
    ----------
    attempts : int or None
        Retries after the first request; ``None`` if something else ends them.
    base, cap : float
        Seconds: the delay before retry `n` is ``base * 2 ** (n - 1)``, and at most `cap`. The first retry
        has no delay, since most transient errors are over by then (as in urllib3).
    jitter : float
        Seconds: up to so much is added at random, so that threads do not retry in step.

    Examples
    --------
    >>> policy = RetryPolicy(attempts=4, base=0.5, cap=3.0)
    >>> [policy.delay(attempt) for attempt in (1, 2, 3, 4)]
    [0.0, 1.0, 2.0, 3.0]
    """

    attempts: int | None
    base: float
    cap: float
    jitter: float = 0.0

    def allows(self, attempt: int) -> bool:
        """Return whether there is a retry number `attempt`, counted from 1."""
        return self.attempts is None or attempt <= self.attempts

    def delay(self, attempt: int) -> float:
        """Return the seconds to wait before retry number `attempt`, counted from 1."""
        if attempt <= 1:
            return 0.0
        backoff = self.base * 2.0 ** min(attempt - 1, _MAX_EXPONENT)
        return min(backoff + random.uniform(0.0, self.jitter), self.cap)  # noqa: S311 - no secret depends on it
