"""The doctor's findings about pages: their size, their order, and the totals beside them."""

from __future__ import annotations

import pytest

from tests.live_account import Behaviour


@pytest.mark.parametrize(
    ("order", "finding"),
    [
        ("stable", "kept between two pages"),
        ("unstable", "not kept between two pages"),
        ("newest first always", "ignored: a page is in another order"),
        ("shuffled", "ignored: a page is in another order"),
    ],
)
@pytest.mark.parametrize("deals", [40, 359, 700])
def test_sort(examine, order, finding, deals):
    """Two pages that overlap show whether the order is kept, also in an account that fits one page."""
    found = examine(Behaviour(order=order), deals=deals, seed=3)
    assert found.search["sort by id"] == finding


@pytest.mark.parametrize(
    ("behaviour", "finding"),
    [
        ({}, "250 at most"),
        ({"row_cap": 40}, "40 at most"),
        ({"paging": "everything"}, "more than 250"),
    ],
)
def test_rows_in_a_page(examine, behaviour, finding):
    """The first page asks for one row more than is documented."""
    found = examine(Behaviour(order="stable", **behaviour))
    assert found.search["rows in a page"] == finding


def test_same_page(examine):
    """A server that ignores `from` is recognized."""
    found = examine(Behaviour(order="stable", paging="same page"))
    assert "the same page comes again" in found.search["sort by id"]


@pytest.mark.parametrize(
    ("totals", "finding"),
    [
        ("right", "about 360"),
        ("text", "about 360, as text"),
        ("missing", "not given"),
        ("zero", "too small: less than one page"),
    ],
)
def test_totals(examine, totals, finding):
    """Totals are rounded, and odd ones named; activities may have none."""
    found = examine(Behaviour(totals=totals, activity_totals="missing"))
    assert found.totals["deals"] == finding
    assert found.totals["activities"] == "not given"
    assert list(found.totals) == ["deals", "contacts", "companies", "activities"]


@pytest.mark.parametrize("deals", [0, 1, 3])
def test_few_deals(examine, deals):
    """What cannot be seen in a few deals is not claimed."""
    search = examine(Behaviour(), deals=deals).search
    assert search["sort by id"] == "not seen: too few deals"
    assert search["rows in a page"] == "not seen: too few deals"
    assert "applied" not in search.values() or deals > 1
