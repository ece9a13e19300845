"""The order of pages."""

from __future__ import annotations

import itertools
import random

import pytest

from salesmate_nb.sandbox._responses.page_order import PageOrder

IDS = range(1001, 1360)  # as many as were measured


def cut_of(seed=0, *, order="unstable", resource="deal"):
    return PageOrder(order, seed).cut(resource, "all")


def read(cut, rows=250, ids=IDS):
    """Return the pages of one pass."""
    return [cut(ids, offset, rows) for offset in range(0, len(ids), rows)]


@pytest.mark.parametrize(
    ("order", "resource"), [("stable", "deal"), ("newest first", "deal"), ("unstable", "activity")]
)
def test_stable(order, resource):
    """The order of some accounts, and of the measured account's activities, is kept."""
    assert cut_of(order=order, resource=resource) is None


@pytest.mark.parametrize("seed", range(20))
def test_measured_loss(seed):
    """A pass of full, sorted pages without repetitions within one lacks some rows."""
    pages = read(cut_of(seed))
    assert [len(set(page)) for page in pages] == [250, 109]
    assert all(page == sorted(page) for page in pages)
    found = set().union(*pages)
    assert 315 <= len(found) <= 350
    assert found < set(IDS)


@pytest.mark.parametrize("rows", [7, 40, 250])
@pytest.mark.parametrize("seed", range(10))
def test_two_passes(seed, rows):
    """Two passes that ask for the same pages hold every row."""
    cut = cut_of(seed)
    assert set().union(*read(cut, rows), *read(cut, rows)) == set(IDS)


def test_order_of_a_page():
    """The rows of a page are in the order of the search, not in that of their ids."""
    shuffled = random.Random(1).sample(IDS, len(IDS))
    page = cut_of()(shuffled, 50, 100)
    assert page == sorted(page, key=shuffled.index)
    assert page != sorted(page)


def test_same_seed():
    """The same requests get the same pages in whatever order they arrive; other seeds give others."""
    offsets = [0, 100, 200, 300] * 3
    mixed = sorted(enumerate(offsets), key=lambda item: random.Random(item[0]).random())
    per_offset = {}
    for cut, requests in ((cut_of(), offsets), (cut_of(), [offset for _, offset in mixed])):
        pages = {}
        for offset in requests:
            pages.setdefault(offset, []).append(cut(IDS, offset, 100))
        per_offset.setdefault("pages", pages)
        assert pages == per_offset["pages"]
    assert read(cut_of(1)) != read(cut_of(2))


@pytest.mark.parametrize("count", [0, 1, 2, 8, 250])
def test_one_page(count):
    """Whatever fits one page is whole."""
    cut = cut_of()
    for _ in range(9):
        assert cut(range(count), 0, 250) == list(range(count))


def test_searches_are_separate():
    """Another search of the same resource has passes of its own."""
    order = PageOrder("unstable", 0)
    first, second = (order.cut("deal", search)(IDS, 0, 250) for search in ("a", "b"))
    assert first == second


def test_beyond_the_end():
    """A page beyond the last row is empty."""
    assert list(itertools.chain(cut_of()(IDS, 359, 250), cut_of()([], 0, 250))) == []
