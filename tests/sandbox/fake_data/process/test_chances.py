"""The chances of the made-up sales team."""

from __future__ import annotations

import pytest

from salesmate_nb.sandbox._fake_data import vocabulary
from salesmate_nb.sandbox._fake_data.process import chances


@pytest.mark.parametrize("pipeline", vocabulary.PIPELINES)
def test_stages(pipeline):
    """Each stage but the last, which is that of won deals, has its chances."""
    assert len(chances.STAGES[pipeline]) == len(vocabulary.PIPELINES[pipeline]) - 1


def test_odds():
    """The odds depend on the owner, and in new business on the source."""
    deal = {"pipeline": "New business", "owner": {"id": 13}, "source": "Referral"}
    assert chances.odds(deal) > chances.odds(deal | {"pipeline": "Renewals"}) > 1
    assert chances.odds(deal | {"owner": {}, "source": None}) == 1


def test_bounds():
    """A share stays a share, whatever the odds."""
    stage = chances.Stage(20, 0.8)
    assert 0 < chances.share_at(stage, 0.01, 0) < 0.8 < chances.share_at(stage, 100, 0) < 1
