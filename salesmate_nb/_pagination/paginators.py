"""Paginators: strategies for reading a list page by page without missing a row while others change it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

from salesmate_nb._pagination.page_walk import PageState, PaginationUnsupported
from salesmate_nb._search.search import Record, SearchRequest, created_at, record_id


class KeysetPaginator:
    """Page by rules on the id: each page holds the lowest ids above those that were read.

    Changes to other rows never move a row past it. Rules on ids are undocumented; if a server ignores
    or rejects them, or returns nothing for them, the first page that uses one shows it.
    """

    name = "keyset"
    sort = "id"
    sorts_by_list = False
    needs_total = True
    uses_offsets = False
    is_descending = False
    has_segments = True

    def key(self, record: Record) -> int:
        """Return the id."""
        return record_id(record)

    def next_request(self, start: SearchRequest, last: PageState, rewind: int) -> SearchRequest:
        """Request the rows above the last id."""
        if rewind:
            raise PaginationUnsupported("the server ignored a rule on id")
        return replace(start, offset=0).above(last.keys[-1])

    def is_contiguous(self, last: PageState, page: PageState) -> bool:
        """Return whether all ids are above the last one.

        An empty page proves nothing unless an earlier rule on ids returned rows, or no rows remain.
        """
        if page.keys:
            return bool(page.keys[0] > last.keys[-1])
        is_proven = any(rule.path == "id" for rule in last.request.rules)
        return is_proven or (last.remaining is not None and last.remaining <= 0)


class CreatedWindowPaginator:
    """Page by creation time, which never changes: each page starts with rows that were already read.

    Rules on ``createdAt`` name whole minutes in the account's time zone (v4 reference). If a page
    starts earlier or later than the requested minute, the account's time zone is a different one.

    Parameters
    ----------
    zone : zoneinfo.ZoneInfo
        The account's time zone.
    """

    name = "windows"
    sort = "createdAt"
    sorts_by_list = False
    is_descending = False
    needs_total = True
    uses_offsets = False
    has_segments = False

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def key(self, record: Record) -> dt.datetime:
        """Return the minute of creation: some servers sort by the second, but write the minute."""
        return _minute(created_at(record, self._zone))

    def next_request(self, start: SearchRequest, last: PageState, rewind: int) -> SearchRequest:
        """Request rows from the minute of the last row; inside a minute with many rows, use offsets."""
        if rewind >= len(last.keys):
            raise PaginationUnsupported("a page does not start with a row that was already read")
        key, step = last.keys[-1 - rewind], max(len(last.keys) - 1 - rewind, 1)
        window = replace(start, offset=0).created_from(key, self._zone)
        is_later = window.rules != last.request.rules and _minute(key) > _minute(last.keys[0])
        if is_later or last.request.rules == start.rules:
            return window
        return replace(last.request, offset=last.request.offset + step)

    def is_contiguous(self, last: PageState, page: PageState) -> bool:
        """Return whether the first row was already read, or is older than the last one that was."""
        if not page.keys:
            return False
        if page.keys[0] < _minute(last.keys[0]):
            raise PaginationUnsupported("the server ignored a rule on createdAt, or uses another time zone")
        return _starts_inside(last, page)


class OffsetPaginator:
    """Page by row offset: each page starts with a row that was already read.

    This needs an order that the server keeps from page to page, but no particular one: a server that
    ignores the sort can be read too.

    Parameters
    ----------
    sorts_by_list : bool
        Whether the sort is sent as a list.
    is_descending : bool
        Whether the highest ids come first.
    """

    sort = "id"
    needs_total = False
    uses_offsets = True
    has_segments = True

    def __init__(self, *, sorts_by_list: bool = False, is_descending: bool = False) -> None:
        self.name = "offsets" + ", list sort" * sorts_by_list + ", newest first" * is_descending
        self.sorts_by_list = sorts_by_list
        self.is_descending = is_descending

    def key(self, _record: Record) -> int:
        """Return the same key for all records, since any order will do."""
        return 0

    def next_request(self, start: SearchRequest, last: PageState, rewind: int) -> SearchRequest:
        """Request rows from the last row on."""
        return _from_last_row(start, last, rewind)

    def is_contiguous(self, last: PageState, page: PageState) -> bool:
        """Return whether the first row was already read; an empty page follows a page of one row."""
        if page.request.offset == 0 or not page.ids:
            return page.request.offset == 0 or len(last.ids) == 1
        first = page.ids[0]
        is_before = first < last.ids[-1] and sorted(last.ids) == last.ids and sorted(page.ids) == page.ids
        if first in last.ids:
            expected = last.ids[last.ids.index(first) :][: len(page.ids)]
        elif is_before:  # further back than the last page, or the first row was deleted
            expected = [row_id for row_id in last.ids if first < row_id <= page.ids[-1]]
        else:
            expected = []
        missing = len(set(expected).difference(page.ids))
        if missing * 2 > len(expected) > 1 or not (expected or set(page.ids).isdisjoint(last.ids)):
            raise PaginationUnsupported("rows come again in another order")
        return bool(expected) or is_before


def _from_last_row(start: SearchRequest, last: PageState, rewind: int) -> SearchRequest:
    """Return the request for the rows from the last row on, or from `rewind` rows before it."""
    step = max(len(last.keys) - 1, 1) - rewind
    return replace(start, offset=max(last.request.offset + step, 0))


def _starts_inside(last: PageState, page: PageState) -> bool:
    """Return whether a page starts before the end of the last one; rows with equal keys have no order."""
    return bool(page.keys[0] < last.keys[-1] or page.ids[0] in last.ids)


def _minute(timestamp: dt.datetime) -> dt.datetime:
    return timestamp.replace(second=0, microsecond=0)
