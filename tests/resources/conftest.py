"""Sandboxes for the tests of resources."""

from __future__ import annotations

import dataclasses

import pytest

from salesmate_nb import Salesmate, Settings, sandbox


@pytest.fixture(scope="session")
def whole():
    """Serve an account that no test changes."""
    with sandbox.start(deals=300, seed=4) as running:
        yield running


@pytest.fixture
def box():
    """Serve an account that a test may change."""
    with sandbox.start(deals=60) as running:
        yield running


@pytest.fixture
def reach():
    """Return a function that connects to the v4 API of a sandbox, each time from scratch."""

    def connect(box):
        account = dataclasses.replace(box.settings, linkname=box.linkname, access_token=box.access_key)
        return Salesmate(Settings(**account))

    return connect
