"""Walks: strategies written as generators, which yield a request and are sent the page that comes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable

from salesmate_nb._pagination.open_read import OpenRead
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._pagination.parallel_fetch import ParallelFetch
from salesmate_nb._search.search import SearchPage, SearchRequest

Walk = Generator[SearchRequest, SearchPage, None]
"""Yields one request at a time; ends when what it walks over was read."""


def start_walk(walk: Walk, read: OpenRead, pages: int) -> Generator[SearchPage, None, SearchRequest | None]:
    """Make the first requests of a walk alone, and return its next one; ``None`` if it has ended.

    Pages that were read before are not requested again.
    """
    request = next(walk)
    for _ in range(pages):
        page = yield from read.get(request)
        try:
            request = walk.send(page)
        except StopIteration:
            return None
    return request


def run_walks(
    parallel: ParallelFetch, walks: Iterable[tuple[SearchRequest, Walk]]
) -> Generator[tuple[SearchRequest, SearchPage]]:
    """Make the requests of several walks side by side, and yield each with its response.

    Raises
    ------
    PaginationUnsupported
        If the server refuses a request, and its walk does not go on without.
    """
    queue = deque((request, (request, walk)) for request, walk in walks)
    for (request, walk), response in parallel.run(queue):
        try:
            if isinstance(response, PaginationUnsupported):
                following = walk.throw(response)
            else:
                following = walk.send(response)
            queue.append((following, (following, walk)))
        except StopIteration:
            pass
        if isinstance(response, SearchPage):
            yield request, response
