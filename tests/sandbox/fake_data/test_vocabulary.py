"""The vocabulary of made-up records."""

from __future__ import annotations

import math

from salesmate_nb.sandbox._fake_data import vocabulary


def test_currency_shares():
    """The shares of the currencies add up to one."""
    assert math.isclose(sum(share for share, _ in vocabulary.CURRENCIES.values()), 1)


def test_pipelines():
    """Stages are distinct, and their win probabilities increase."""
    stages = [stage for stages in vocabulary.PIPELINES.values() for stage, _ in stages]
    assert len(set(stages)) == len(stages)
    for stages in vocabulary.PIPELINES.values():
        probabilities = [probability for _, probability in stages]
        assert probabilities == sorted(set(probabilities))
