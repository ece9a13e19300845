"""Page walks: the pages that one paginator requests, each checked against the page before it."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Protocol

from salesmate_nb._search.search import Record, SearchPage, SearchRequest, record_id

_MOST_FUTILE = 3  # pages in a row without a new row, after which no gap is closed by going back
_FIRST_REWIND = 8  # rows to go back after the first gap; doubled while the gap remains
_REQUESTS_PER_PAGE = 3  # for each page that brought new rows
_SPARE_REQUESTS = 8


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


def directions_of(page: SearchPage) -> set[int]:
    """Return how ids are sorted on a page: 1 upwards, -1 downwards; both if they are not.

    Examples
    --------
    >>> directions_of(SearchPage(records=[{"id": 9}, {"id": 7}, {"id": 4}], total=3))
    {-1}
    """
    ids = map(record_id, page.records)
    return {(later > former) - (later < former) for former, later in itertools.pairwise(ids)}


class Paginator(Protocol):
    """A strategy for requesting the next page, and for detecting rows that slipped between two pages.

    Attributes
    ----------
    name : str
        The strategy's name in ``df.attrs["salesmate"]["strategy"]``.
    sort : str
        API name of the field that rows are sorted by.
    sorts_by_list : bool
        Whether the sort is sent as a list, as Salesmate's own web app does.
    is_descending : bool
        Whether the highest values come first.
    needs_total : bool
        Whether only the server's total can show that no row was left out.
    uses_offsets : bool
        Whether pages follow each other by offsets alone, so that rows come again only if they shift.
    has_segments : bool
        Whether further walks may begin at offsets of the whole list.
    """

    name: str
    sort: str
    sorts_by_list: bool
    is_descending: bool
    needs_total: bool
    uses_offsets: bool
    has_segments: bool

    def key(self, record: Record) -> Any:
        """Return a record's sort key; keys never descend. Raise ``ValueError`` if the record has none."""

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
        """Return whether a page follows the last one without a gap.

        Raises
        ------
        PaginationUnsupported
            If the page shows that the server does not support this paginator.
        """


class PageWalk:
    """Reads one segment of a list, page by page.

    Parameters
    ----------
    paginator : Paginator
        The strategy.
    start : SearchRequest
        The request for the first page.
    is_total_trusted : bool
        Whether a short first page is the end if the total says so. Some servers return fewer rows for a
        page than requested, and count that page alone.
    known_pages : int
        How many pages the list took last time, if there is no total. A short page in that place or later is
        the end; a short page before it, or in a list not known, may be a page with rows withheld.

    Attributes
    ----------
    request : SearchRequest or None
        The next request to make; ``None`` at the end.
    first_ids : frozenset of int
        The ids of the first page, once it is known.
    is_exact : bool
        Whether the pages show on their own that no row is missing: each began with the last row of the page
        before it, and no other row came twice. So there are as many distinct rows as offsets.
    is_gapless : bool
        Whether that holds for the pages that go on by offsets under the same rule, as in a minute of many
        rows: the keys show nothing there.
    directions : set of int
        How ids were sorted on the pages, as `directions_of` says.
    page_count : int
        How many pages brought new rows.
    """

    def __init__(
        self,
        paginator: Paginator,
        start: SearchRequest,
        *,
        is_total_trusted: bool = True,
        known_pages: int = 0,
    ) -> None:
        self.request: SearchRequest | None = start
        self.first_ids: frozenset[int] = frozenset()
        self.is_exact = not paginator.needs_total
        self.is_gapless = True
        self.directions: set[int] = set()
        self.page_count = 0
        self._paginator = paginator
        self._start = start
        self._is_total_trusted = is_total_trusted
        self._known_pages = known_pages
        self._last: PageState | None = None
        self._largest = 0
        self._seen: set[int] = set()
        self._rewind = 0
        self._futile = 0
        self._was_empty = False
        self._is_last_check = False
        self._requests = 0

    def take(self, page: SearchPage, end: Collection[int] = ()) -> None:
        """Take the requested page, and set `request` to the next one.

        Parameters
        ----------
        page : SearchPage
            The response to `request`.
        end : collection of int, optional
            The ids that another walk started with: nothing beyond them is needed.

        Raises
        ------
        PaginationUnsupported
            If the page shows that the server does not support this paginator.
        """
        if self.request is None:
            return
        request = self.request if page.rows is None else replace(self.request, rows=page.rows)
        taken = self._state(request, page)
        self._requests += 1
        self.directions |= directions_of(page)
        if self._requests > _SPARE_REQUESTS + _REQUESTS_PER_PAGE * self.page_count:
            raise PaginationUnsupported("most pages bring no new rows")
        if self._is_last_check:
            self.is_exact = self.is_exact and not taken.keys
            self.request = None
            return
        if self._last is not None and not self._paginator.is_contiguous(self._last, taken):
            self.is_exact = False
            if self._futile >= _MOST_FUTILE:
                raise PaginationUnsupported("going back does not close a gap")
            self._rewind = 2 * self._rewind + _FIRST_REWIND
            self.request = self._paginator.next_request(self._start, self._last, self._rewind)
        elif not taken.keys:
            should_retry = taken.remaining is not None and taken.remaining > 0 and not self._was_empty
            self.request = self.request if should_retry else None
            self._was_empty = True
        else:
            self._check_repeats(taken)
            follows = self._last is None or _follows_exactly(self._last, taken)
            self.is_exact = self.is_exact and follows
            is_inside = self._last is not None and request.offset > self._last.request.offset
            self.is_gapless = self.is_gapless and (follows or not is_inside)
            is_over = self._is_end(taken) or not set(end).isdisjoint(taken.ids)
            self._is_last_check = is_over and self._is_end_unclear(taken)
            self._accept(taken)
            if self._is_last_check:
                self.request = replace(self._start, offset=taken.request.offset + len(taken.ids))
            elif is_over:
                self.request = None
            else:
                self.request = self._paginator.next_request(self._start, taken, self._rewind)

    def _accept(self, taken: PageState) -> None:
        if self._last is None:
            self.first_ids = frozenset(taken.ids)
        is_futile = self._seen.issuperset(taken.ids)
        self.page_count += not is_futile
        self._futile = self._futile + 1 if is_futile else 0
        self._last, self._rewind = taken, self._rewind * 3 // 4
        self._largest = max(self._largest, len(taken.ids))
        self._seen.update(taken.ids)

    def _check_repeats(self, page: PageState) -> None:
        """Check that no row comes again that is older than the page before."""
        if self._last is None or self._rewind or not self._paginator.uses_offsets:
            return
        if self._seen.intersection(page.ids).difference(self._last.ids):
            raise PaginationUnsupported("rows come again in another order")

    def _is_end_unclear(self, page: PageState) -> bool:
        """Return whether the last page has known rows only, though the page before it was a full one.

        Without a right total, they may be there in place of others, so nothing may follow them.
        """
        last = self._last
        if page.remaining is not None and page.remaining >= 0:
            return False
        is_known = last is not None and set(page.ids) <= set(last.ids)
        return bool(last and is_known and self.is_exact and len(last.ids) == self._largest)

    def _is_end(self, page: PageState) -> bool:
        """Return whether a page is the last one, judged by the remaining rows if they are known.

        A full page may not be the last, whatever the total says: the total can lag behind, or count
        the page alone.
        """
        last, has_more = self._last, page.remaining is None or page.remaining > 0
        is_full = len(set(page.ids)) >= page.request.rows
        is_smaller = page.request.rows < self._start.rows  # than usual: more rows would not have fitted
        has_one_row = len(page.ids) == 1 < page.request.rows
        is_unclear = bool(page.remaining and page.remaining > 0) if last is None else len(last.ids) == 1
        if has_one_row and is_unclear and (last is None or page.ids != last.ids):
            raise PaginationUnsupported("pages of one row do not show the sort order")
        if last is None:
            return self._is_total_trusted and not has_more and not is_full
        if not set(page.ids) <= set(last.ids):
            usual = min(self._largest, page.request.rows) if is_smaller else self._largest
            is_short = len(page.ids) < usual
            if page.remaining is None:
                return is_short and not is_smaller and 0 < self._known_pages <= self.page_count + 1
            return not has_more and not is_full and (is_short or self._is_total_trusted)
        if is_smaller and is_full and len(page.ids) < len(last.ids):
            return False
        if page.ids == last.ids and len(page.ids) > 1 and (has_more or not self._is_total_trusted):
            raise PaginationUnsupported("the server returned the same page again")
        if has_more and page.remaining is not None and self._is_total_trusted:
            raise PaginationUnsupported("the server returned the same rows again")
        return not has_more or page.remaining is not None or len(page.keys) < len(last.keys)

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


def _follows_exactly(last: PageState, page: PageState) -> bool:
    """Return whether a page has the last row of the page before it, at its start, and no other one of it."""
    return page.ids[0] == last.ids[-1] and set(last.ids).intersection(page.ids) == {page.ids[0]}
