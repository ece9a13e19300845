"""Backoff: the delay before each retry."""

from __future__ import annotations

import dataclasses

import pytest

from salesmate_nb._api.retry import RetryPolicy


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (6, 16), (7, 20), (5000, 20)]
)
def test_delay(attempt, seconds):
    """The first retry follows at once; then each delay doubles, up to the cap."""
    assert RetryPolicy(attempts=4, base=0.5, cap=20).delay(attempt) == seconds


@pytest.mark.parametrize(
    ("attempts", "allowed"), [(0, [False] * 3), (2, [True, True, False]), (None, [True] * 3)]
)
def test_allows(attempts, allowed):
    """Retries are counted from 1; without a number of attempts they never end."""
    policy = RetryPolicy(attempts=attempts, base=0.5, cap=20)
    assert [policy.allows(attempt) for attempt in (1, 2, 3)] == allowed


def test_jitter():
    """Delays differ at random, within the jitter and never above the cap."""
    policy = RetryPolicy(attempts=4, base=0.5, cap=4.2, jitter=0.5)
    delays = {attempt: [policy.delay(attempt) for _ in range(200)] for attempt in (1, 2, 4)}
    assert set(delays[1]) == {0}
    assert len(set(delays[2])) > 100
    assert 1 <= min(delays[2]) <= max(delays[2]) <= 1.5
    assert max(delays[4]) == 4.2


def test_policy_is_immutable():
    """A policy is a value that all requests share."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        RetryPolicy(attempts=4, base=0.5, cap=20).attempts = 9
