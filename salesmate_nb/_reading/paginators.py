"""Paginators: strategies for reading a list page by page without missing a row while others change it."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from salesmate_nb._reading.search import Record, SearchPage, SearchRequest, created_at, modified_at, record_id

_FIRST_REWIND = 8  # rows to go back after the first gap; doubled while the gap remains


class PaginationUnsupported(Exception):  # noqa: N818 - never reaches users: the next paginator is tried
    """The server ignores or rejects what a paginator relies on."""


@dataclass(frozen=True, kw_only=True)
class PageState:
    """A page that was read.

    Parameters
    ----------
    request : SearchRequest
        The request for it.
    keys : list of object
        The sort key of each row.
    ids : list of int
        The id of each row.
    remaining : int or None
        How many rows follow it according to the server's total; ``None`` if there was no total.
    """

    request: SearchRequest
    keys: list[Any]
    ids: list[int]
    remaining: int | None


class Paginator(Protocol):
    """A strategy for requesting the next page, and for detecting rows that slipped between two pages.

    Attributes
    ----------
    name : str
        The strategy's name in ``df.attrs["salesmate"]["strategy"]``.
    sort : str
        API name of the field that rows are sorted by.
    is_ordered_by_id : bool
        Whether records arrive in the order of their ids. Only such a paginator can serve a read that
        needs this order, or a second attempt at a full read.
    """

    name: str
    sort: str
    is_ordered_by_id: bool

    def key(self, record: Record) -> Any:
        """Return a record's sort key; raise ``ValueError`` if the record has none."""

    def next_request(self, start: SearchRequest, last: PageState, rewind: int) -> SearchRequest:
        """Return the request for the next page.

        Parameters
        ----------
        start : SearchRequest
            The request for the first page.
        last : PageState
            The last page that was read.
        rewind : int
            How many rows to go back before the end of the last page, because the list has shifted.

        Raises
        ------
        PaginationUnsupported
            If this paginator cannot go back so far.
        """

    def is_contiguous(self, last: PageState, page: PageState) -> bool:
        """Return whether a page follows the last one without a gap."""


def paginators_for(api: Literal["v1", "v4"], zone: ZoneInfo) -> list[Paginator]:
    """Return the paginators to try for an API, the best first: the registry for new ones.

    Parameters
    ----------
    api : {"v1", "v4"}
        The API that is read; v1 takes no rules, so only offsets work there.
    zone : zoneinfo.ZoneInfo
        The account's time zone.

    Examples
    --------
    >>> [paginator.name for paginator in paginators_for("v4", ZoneInfo("UTC"))]
    ['keyset', 'windows', 'offsets']
    """
    if api == "v1":
        return [OffsetPaginator()]
    return [
        KeysetPaginator(),
        CreatedWindowPaginator(zone),
        OffsetPaginator(),
    ]


class KeysetPaginator:
    """Page by rules on the id: each page holds the lowest ids above those that were read.

    Changes to other rows never move a row past it. Rules on ids are undocumented; if a server ignores
    or rejects them, or returns nothing for them, the first page that uses one shows it.
    """

    name = "keyset"
    sort = "id"
    is_ordered_by_id = True

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
    is_ordered_by_id = False

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def key(self, record: Record) -> dt.datetime:
        """Return the creation time."""
        return created_at(record, self._zone)

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
    """Page by row offset, sorted by id: each page starts with a row that was already read, or before it."""

    name = "offsets"
    sort = "id"
    is_ordered_by_id = True

    def key(self, record: Record) -> int:
        """Return the id."""
        return record_id(record)

    def next_request(self, start: SearchRequest, last: PageState, rewind: int) -> SearchRequest:
        """Request rows from the last row on."""
        return _from_last_row(start, last, rewind)

    def is_contiguous(self, last: PageState, page: PageState) -> bool:
        """Return whether the first id is not above the last id that was read."""
        return page.request.offset == 0 or bool(page.keys and page.keys[0] <= last.keys[-1])


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
    is_ordered_by_id = False

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


class PageWalk:
    """Reads one segment of a list, page by page.

    Parameters
    ----------
    paginator : Paginator
        The strategy.
    start : SearchRequest
        The request for the first page.

    Attributes
    ----------
    request : SearchRequest or None
        The next request to make; ``None`` at the end.
    first : object or None
        The key of the first row, once it is known.
    """

    def __init__(self, paginator: Paginator, start: SearchRequest) -> None:
        self.request: SearchRequest | None = start
        self.first: Any = None
        self._paginator = paginator
        self._start = start
        self._last: PageState | None = None
        self._rewind = 0
        self._was_empty = False

    def take(self, page: SearchPage, end: Any = None) -> None:
        """Take the requested page, and set `request` to the next one.

        Parameters
        ----------
        page : SearchPage
            The response to `request`.
        end : object, optional
            The key at which another walk started: nothing beyond it is needed.

        Raises
        ------
        PaginationUnsupported
            If the page shows that the server does not support this paginator.
        """
        if self.request is None:
            return
        taken = self._state(self.request, page)
        if self._last is not None and not self._paginator.is_contiguous(self._last, taken):
            self._rewind = 2 * self._rewind + _FIRST_REWIND
            self.request = self._paginator.next_request(self._start, self._last, self._rewind)
        elif not taken.keys:
            should_retry = taken.remaining is not None and taken.remaining > 0 and not self._was_empty
            self.request = self.request if should_retry else None
            self._was_empty = True
        else:
            is_over = self._is_end(taken) or (end is not None and taken.keys[-1] > end)
            self.first = taken.keys[0] if self._last is None else self.first
            self._last, self._rewind = taken, self._rewind * 3 // 4
            self.request = None if is_over else self._paginator.next_request(self._start, taken, self._rewind)

    def _is_end(self, page: PageState) -> bool:
        """Return whether a page is the last one, judged by the remaining rows if they are known.

        A full page may not be the last, whatever the total says: the total can lag behind, or count
        the page alone.
        """
        last, has_more = self._last, page.remaining is None or page.remaining > 0
        is_full = len(set(page.ids)) == page.request.rows
        if last is None and has_more and len(page.keys) == 1 < page.request.rows:
            raise PaginationUnsupported("pages of one row do not show the sort order")
        if last is None or not set(page.ids) <= set(last.ids):
            return not has_more and not is_full
        if has_more and (page.remaining is not None or page.ids == last.ids):
            raise PaginationUnsupported("the server returned the same page again")
        return not has_more or len(page.keys) < len(last.keys)

    def _state(self, request: SearchRequest, page: SearchPage) -> PageState:
        try:
            keys = [self._paginator.key(record) for record in page.records]
        except (ValueError, OverflowError, TypeError):
            raise PaginationUnsupported(f"{self._paginator.sort} of a record cannot be parsed") from None
        if any(former > latter for former, latter in itertools.pairwise(keys)):
            raise PaginationUnsupported(f"rows are not sorted by {self._paginator.sort}")
        ids = [record_id(record) for record in page.records]
        remaining = None if page.total is None else page.total - request.offset - len(set(ids))
        return PageState(request=request, keys=keys, ids=ids, remaining=remaining)


def _from_last_row(start: SearchRequest, last: PageState, rewind: int) -> SearchRequest:
    """Return the request for the rows from the last row on, or from `rewind` rows before it."""
    step = max(len(last.keys) - 1, 1) - rewind
    return replace(start, offset=max(last.request.offset + step, 0))


def _starts_inside(last: PageState, page: PageState) -> bool:
    """Return whether a page starts before the end of the last one; rows with equal keys have no order."""
    return bool(page.keys[0] < last.keys[-1] or page.ids[0] in last.ids)


def _minute(timestamp: dt.datetime) -> dt.datetime:
    return timestamp.replace(second=0, microsecond=0)
