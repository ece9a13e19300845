"""Paginators: strategies for reading a list page by page without missing a row while others change it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Literal
from zoneinfo import ZoneInfo

from salesmate_nb._pagination.page_walk import PageState, PaginationUnsupported, Paginator
from salesmate_nb._search.search import Record, SearchRequest, created_at, modified_at, record_id


def paginators_for(api: Literal["v1", "v4"], zone: ZoneInfo) -> list[Paginator]:
    """Return the paginators to try for an API, the most surely supported first: the registry for new ones.

    Parameters
    ----------
    api : {"v1", "v4"}
        The API that is read; v1 takes no sort and no rules, so only offsets work there.
    zone : zoneinfo.ZoneInfo
        The account's time zone.

    Examples
    --------
    >>> [paginator.name for paginator in paginators_for("v4", ZoneInfo("UTC"))]
    ['offsets', 'offsets, list sort', 'keyset', 'offsets by createdAt', 'windows']
    """
    if api == "v1":
        return [OffsetPaginator()]
    return [
        OffsetPaginator(),
        OffsetPaginator(sorts_by_list=True),
        KeysetPaginator(),
        CreatedOffsetPaginator(zone),
        CreatedWindowPaginator(zone),
    ]


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
    has_ties = False

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


class _CreatedPaginator:
    """What paginators by creation time share.

    Parameters
    ----------
    zone : zoneinfo.ZoneInfo
        The account's time zone.
    """

    sort = "createdAt"
    sorts_by_list = False
    needs_total = True
    has_ties = True

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def key(self, record: Record) -> dt.datetime:
        """Return the minute of creation: some servers sort by the second, but write the minute."""
        return _minute(created_at(record, self._zone))


class CreatedWindowPaginator(_CreatedPaginator):
    """Page by creation time, which never changes: each page starts with rows that were already read.

    Rules on ``createdAt`` name whole minutes in the account's time zone (v4 reference). If a page
    starts earlier or later than the requested minute, the account's time zone is a different one.
    """

    name = "windows"
    uses_offsets = False

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
    """

    sort = "id"
    needs_total = False
    uses_offsets = True
    has_ties = False

    def __init__(self, *, sorts_by_list: bool = False) -> None:
        self.name = "offsets, list sort" if sorts_by_list else "offsets"
        self.sorts_by_list = sorts_by_list

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


class CreatedOffsetPaginator(_CreatedPaginator):
    """Page by row offset, sorted by creation time: each page starts with the first row of a minute.

    For servers that sort by ``createdAt``, but return rows of the same time in another order each time:
    all rows of the last minute of a page are read again. Times are compared by the minute, since some
    servers write no seconds, or write one page in two formats.
    """

    name = "offsets by createdAt"
    uses_offsets = True

    def next_request(self, start: SearchRequest, last: PageState, rewind: int) -> SearchRequest:
        """Request rows from the first row of the last minute on; after a page of one minute, the rest."""
        same = last.keys.index(last.keys[-1])
        offset = last.request.offset + (same or len(last.keys)) - rewind
        return replace(start, offset=max(offset, 0))

    def is_contiguous(self, last: PageState, page: PageState) -> bool:
        """Return whether the last minute's rows come again, or more of them follow."""
        if page.request.offset == 0 or not page.keys:
            return page.request.offset == 0 or last.keys[0] == last.keys[-1]
        minute = last.keys[-1]
        if last.keys[0] == minute:  # rows of this minute are not known to be over
            return bool(page.keys[0] >= minute)
        between = zip(last.ids, last.keys, strict=True)
        expected = {row_id for row_id, key in between if page.keys[0] < key < page.keys[-1]}
        if len(expected.difference(page.ids)) * 2 > len(expected) > 1:
            raise PaginationUnsupported("rows come again in another order")
        ids = {row_id for row_id, key in zip(last.ids, last.keys, strict=True) if key == minute}
        is_whole = page.keys[-1] > minute or len(page.ids) < min(len(last.ids), page.request.rows)
        return bool(page.keys[0] <= minute and (not is_whole or ids <= set(page.ids)))


class LastModifiedPaginator:
    """Page by row offset, newest change first: each page starts with a row already read, or a newer one.

    A modified row moves to the front and pushes the others back, so some rows arrive twice. A deletion
    pulls the others forward, which the first row of the next page shows.

    Parameters
    ----------
    zone : zoneinfo.ZoneInfo
        The account's time zone.
    """

    name = "newest"
    sort = "lastModifiedAt"
    sorts_by_list = False
    needs_total = True
    uses_offsets = False
    has_ties = False

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def key(self, record: Record) -> float:
        """Return the negated timestamp of the last change, so that keys ascend."""
        return -modified_at(record, self._zone).timestamp()

    def next_request(self, start: SearchRequest, last: PageState, rewind: int) -> SearchRequest:
        """Request rows from the last row on."""
        return _from_last_row(start, last, rewind)

    def is_contiguous(self, last: PageState, page: PageState) -> bool:
        """Return whether the first row was already read, or is newer than the last one that was."""
        if page.request.offset == 0 or not page.keys:
            return page.request.offset == 0
        return _starts_inside(last, page)


def _from_last_row(start: SearchRequest, last: PageState, rewind: int) -> SearchRequest:
    """Return the request for the rows from the last row on, or from `rewind` rows before it."""
    step = max(len(last.keys) - 1, 1) - rewind
    return replace(start, offset=max(last.request.offset + step, 0))


def _starts_inside(last: PageState, page: PageState) -> bool:
    """Return whether a page starts before the end of the last one; rows with equal keys have no order."""
    return bool(page.keys[0] < last.keys[-1] or page.ids[0] in last.ids)


def _minute(timestamp: dt.datetime) -> dt.datetime:
    return timestamp.replace(second=0, microsecond=0)
