"""Repeated passes: the last resort, for servers that keep no order and support no rules."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

from salesmate_nb._pagination.open_read import OpenRead
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import SearchPage, SearchRequest, record_id

_SORTS: list[dict[str, Any]] = [  # one after the other: a server may lose the same rows under the same sort
    {"is_descending": True},
    {},
    {"sort": "createdAt"},
]


class RepeatedPasses:
    """Reads all pages again and again, and unites their rows by id, until every row was read."""

    name = "repeated passes"
    needs_offsets = True
    is_proven_by_keys = False

    def first_request(self, every: SearchRequest) -> SearchRequest:
        """Return the request for the first page by id."""
        return every

    def pages(self, read: OpenRead) -> Generator[SearchPage, None, bool]:
        """Yield the new rows of each page; return whether all were read before passes became futile."""
        before = yield from _newest(read)
        while not read.rows.is_futile:
            start = _sorted_by(read, **_SORTS[read.rows.passes % len(_SORTS)])
            read.rows.begin_pass()
            found, length = yield from _pass(read, start)
            read.rows.end_pass(found, length)
            if read.rows.cap is not None:
                return False
            if read.rows.is_counted and read.rows.is_still:
                read.rows.note_newest((yield from _newest(read)), before)
            if not read.rows.is_still:
                read.refresh_total()
            if read.ends_at_round_number and read.rows.passes == 1:
                continue  # a second pass in another order finds more rows, if there is a limit
            if read.rows.after_passes:
                return True
        return False


def _sorted_by(read: OpenRead, **sort: Any) -> SearchRequest:
    """Return the request for all rows in an order."""
    request = replace(read.request, **{"sorts_by_list": False, **sort})
    return replace(request, fields=tuple(dict.fromkeys((*request.fields, request.sort))))


def _newest(read: OpenRead) -> Generator[SearchPage, None, int | None]:
    """Return the highest id of all; ``None`` if the server does not sort by ids, or counts no rows."""
    if not read.rows.has_total:
        return None
    start = _sorted_by(read, is_descending=True)
    try:
        page = yield from read.get_again(start)
    except PaginationUnsupported:
        return None
    ids = [record_id(record) for record in page.records]
    return ids[0] if ids == sorted(ids, reverse=True) and len(ids) > 1 else None


def _pass(read: OpenRead, start: SearchRequest) -> Generator[SearchPage, None, tuple[set[int], int]]:
    """Read all pages once; return the ids of their rows, and the offset after the last new one."""
    step = min(len(read.first_page.records) or read.request.rows, read.fitting_rows)
    found, pages = set[int](), dict[int, set[int]]()
    offsets = itertools.count(0, step)
    queue: deque[tuple[SearchRequest, int]] = deque()

    def enqueue() -> None:
        offset = next(offsets)
        # one page beyond a total that fills its last page: some servers do not count further
        if offset == 0 or not read.rows.has_total or offset <= max(read.rows.totals):
            queue.append((replace(start, offset=offset), offset))

    enqueue()  # alone: a server that draws an order for each pass begins one here
    for offset, page in read.parallel.run(queue):
        if isinstance(page, PaginationUnsupported):
            raise page.__cause__ or page
        ids = {record_id(record) for record in page.records}
        read.rows.record_total(replace(start, offset=offset), page)
        yield read.rows.take(page)
        usual, following = min(step, page.rows or step), offset + len(page.records)
        is_over = ids <= found or (len(page.records) < usual and not read.rows.has_total)
        found |= ids
        pages[offset] = ids
        if page.records and usual < step and following // step == offset // step:  # the rest did not fit
            queue.append((replace(start, offset=following), following))
        for _ in range(0 if is_over or offset % step else 1 if offset else read.parallel.workers):
            enqueue()
    is_repeated = len(pages) > 1 and all(ids == found for ids in pages.values())
    if is_repeated and len(found) == min(start.rows, read.fitting_rows) and not read.rows.has_total:
        read.rows.cap = len(found)  # the same full page at each offset: what follows cannot be requested
    return found, _length(pages)


def _length(pages: Mapping[int, set[int]]) -> int:
    """Return the offset after the last page that has a row which none before it has."""
    before, length = set[int](), 0
    for offset, ids in sorted(pages.items()):
        if not ids <= before:
            length = offset + len(ids)
        before |= ids
    return length
