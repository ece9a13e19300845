"""Real deals for the tests of the analysis."""

from __future__ import annotations

import json

import pytest

from tests.analysis.frames import frame_of


@pytest.fixture
def real(real_deals):
    """Return 8,800 real deals; the last event among them was on 2017-12-31."""
    return frame_of(json.loads(real_deals.read_text(encoding="utf-8")))
