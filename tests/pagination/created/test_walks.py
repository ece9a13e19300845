"""Walks as generators: requests, and refusals that a walk may survive."""

from __future__ import annotations

from dataclasses import replace

import pytest

from salesmate_nb._pagination.created.walks import run_walks, start_walk
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._pagination.parallel_fetch import ParallelFetch
from salesmate_nb.errors import ApiError
from tests.pagination.test_open_read import REQUEST, opened, page


def walk(*offsets):
    """Request pages at these offsets; a refused one ends it."""
    for offset in offsets:
        try:
            yield replace(REQUEST, offset=offset)
        except PaginationUnsupported:
            return


def test_walks_share_the_workers():
    """Each walk has one request at a time, and each response comes with its request."""
    parallel = ParallelFetch(lambda request: page(request.offset), 1)
    walks = [walk(0, 1), walk(8)]
    made = [
        (each.offset, got.records) for each, got in run_walks(parallel, [(next(one), one) for one in walks])
    ]
    assert made == [(0, [{"id": 0}]), (8, [{"id": 8}]), (1, [{"id": 1}])]


def test_refusal():
    """A refusal is raised inside the walk, which may end, or else ends them all."""

    def refuse(_request):
        raise ApiError("too deep", status=400)

    one = walk(7)
    assert list(run_walks(ParallelFetch(refuse, 1), [(next(one), one)])) == []
    other = (request for request in [REQUEST])
    with pytest.raises(PaginationUnsupported):
        list(run_walks(ParallelFetch(refuse, 1), [(next(other), _unguarded())]))


def _unguarded():
    generator = _request_for_ever()
    next(generator)
    return generator


def _request_for_ever():
    while True:
        yield REQUEST


@pytest.mark.parametrize(("offsets", "following"), [((0,), None), ((0, 1, 2), 2)])
def test_start(offsets, following):
    """The first pages of a walk are requested alone; then its next request is known, if there is one."""
    read, requests = opened(page(1), page(2))
    generator, found = start_walk(walk(*offsets), read, 2), None
    while found is None:
        try:
            next(generator)
        except StopIteration as end:
            found = (end.value,)
    assert (found[0] and found[0].offset) == following
    assert len(requests) == min(len(offsets), 2)
