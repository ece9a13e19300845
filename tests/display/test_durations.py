"""Durations in words."""

from __future__ import annotations

import pytest

from salesmate_nb._display.durations import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (0.01, "1 s"),
        (59, "59 s"),
        (59.5, "1 min"),
        (61, "1 min 1 s"),
        (3_599, "59 min 59 s"),
        (3_600, "1 h"),
        (3_605, "1 h"),
        (90_000, "25 h"),
        (7_384, "2 h 3 min"),
    ],
)
def test_in_words(seconds, words):
    """A duration has its two largest units, without those that are 0."""
    assert in_words(seconds) == words
