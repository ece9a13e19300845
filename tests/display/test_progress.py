"""The progress of a read, in words."""

from __future__ import annotations

import pytest

from salesmate_nb._display.progress import Progress


@pytest.fixture
def clock():
    """Return a clock that a test sets."""
    return [0.0]


@pytest.fixture
def progress(clock):
    return Progress("deals", clock=lambda: clock[0])


def test_before_the_first_page(progress):
    """Before the first page, only what is read is known."""
    assert (progress.fraction, progress.title, progress.details) == (None, "Reading deals", [])
    assert progress.reached == ""


def test_without_a_total(progress):
    """If the server does not count, the rows so far are shown."""
    progress.plan(None, 0, 0)
    progress.add(1_250, 1)
    assert (progress.fraction, progress.details, progress.reached) == (None, ["1,250 deals"], " after 1,250")


def test_rows_and_requests(progress, clock):
    """With a total there are the share, the requests left, and the time left at the pace so far."""
    progress.plan(1_000, 3, 0)
    clock[0] = 30.0
    progress.add(250, 1)
    assert progress.fraction == 0.25
    assert progress.details == ["250 of 1,000 deals", "3 requests left", "about 2 min left"]
    progress.add(500, 1)
    assert progress.details == ["750 of 1,000 deals", "1 request left", "about 10 s left"]
    assert progress.reached == " after 750 of 1,000"
    progress.add(300, 1)  # a new one was created
    assert (progress.fraction, progress.details[0]) == (1.0, "1,000 of 1,000 deals")


def test_empty_account(progress):
    """Nothing to read is no division by 0."""
    progress.plan(0, 0, 0)
    progress.add(0, 1)
    assert (progress.fraction, progress.details[0]) == (None, "0 of 0 deals")


def test_waits(progress, clock):
    """A wait is the title, with its countdown; afterwards it does not count as time of reading."""
    progress.plan(1_000, 3, 61)
    progress.add(500, 1)
    clock[0] = 10.0
    assert progress.details[-1] == "1 h 1 min of waiting for the rate limit ahead"
    progress.wait("rate limit reached, resuming in 1 h")
    assert progress.title == "Rate limit reached, resuming in 1 h"
    assert progress.details == ["500 of 1,000 deals", "2 requests left"]
    clock[0] = 3_610.0
    progress.wait("")
    assert progress.title == "Reading deals"
    assert progress.details[-1] == "about 10 s left"


def test_passes(progress, clock):
    """From the second pass on, the pass is named, and its own requests are counted."""
    progress.plan(1_000, 3, 0)
    progress.add(980, 1)
    clock[0] = 100.0
    progress.add(5, 2)
    assert progress.title == "Reading deals, pass 2"
    assert progress.details == ["985 of 1,000 deals", "3 requests left"]
    clock[0] = 104.0
    progress.add(0, 2)
    assert progress.details == ["985 of 1,000 deals", "2 requests left", "about 5 s left"]
    for _ in range(5):
        progress.add(0, 2)
    assert progress.details[1] == "0 requests left"
