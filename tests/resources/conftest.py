"""Sandboxes for the tests of resources."""

from __future__ import annotations

import pytest

from salesmate_nb import sandbox


@pytest.fixture(scope="session")
def whole():
    """Serve an account that no test changes."""
    with sandbox.start(deals=300, seed=4, behavior="kind", api="v1") as running:
        yield running


@pytest.fixture
def box():
    """Serve an account that a test may change."""
    with sandbox.start(deals=60, behavior="kind", api="v1") as running:
        yield running
