"""Durations in words."""

from __future__ import annotations

import math

_UNITS = (("h", 3600), ("min", 60), ("s", 1))


def in_words(seconds: float) -> str:
    """Return a duration in its two largest units, rounded up to whole seconds.

    Examples
    --------
    >>> in_words(0.2), in_words(60), in_words(725), in_words(7_384)
    ('1 s', '1 min', '12 min 5 s', '2 h 3 min')
    """
    parts: list[tuple[int, str]] = []
    rest = max(math.ceil(seconds), 0)
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        if count or parts:
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"
