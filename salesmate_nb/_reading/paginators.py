"""Ways to walk through a list of deals, page by page, that miss none while colleagues change it."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, replace
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from salesmate_nb._reading.search import Record, SearchPage, SearchRequest, created_at, modified_at, record_id

_STEP = 8  # rows to go back at first, where the list moved under a walk


class PaginationUnsupported(Exception):  # noqa: N818 - never seen by users: another way is taken
    """The server does not do what a way builds on."""


@dataclass(frozen=True, kw_only=True)
class PageState:
    """A page that a walk has taken: what was asked, the keys and ids of its rows, and how many are left."""

    request: SearchRequest
    keys: list[Any]
    ids: list[int]
    left: int | None


class Paginator(Protocol):
    """How the next page is asked for, and how it shows that no row slipped between two pages."""

    name: str
    sort: str

    def key(self, record: Record) -> Any:
        """Return what rows are in order of; raises ``ValueError`` where a record has none."""

    def after(self, start: SearchRequest, last: PageState, back: int) -> SearchRequest:
        """Return the request for what follows the last page, or `back` rows before its end."""

    def is_contiguous(self, last: PageState, page: PageState) -> bool:
        """Tell whether a page follows the last one with nothing between."""


class KeysetPaginator:
    """By rules on the id: each page holds the rows with the least ids above those that were read.

    Nothing that happens to other rows moves a row past it. Rules on ids are not documented; a server
    that takes no notice of them, refuses them, or gives nothing, shows it on the first page asked for so.
    """

    name = "keyset"
    sort = "id"

    def key(self, record: Record) -> int:
        """Return the id as a number."""
        return record_id(record)

    def after(self, start: SearchRequest, last: PageState, back: int) -> SearchRequest:
        """Ask for the rows above the last id."""
        if back:
            raise PaginationUnsupported("a rule on ids was not kept to")
        return replace(start, offset=0).above(last.keys[-1])

    def is_contiguous(self, last: PageState, page: PageState) -> bool:
        """Tell whether all ids are above the last one; no rows say nothing of a rule that never gave any."""
        if page.keys:
            return bool(page.keys[0] > last.keys[-1])
        is_proven = any(rule.path == "id" for rule in last.request.rules)
        return is_proven or (last.left is not None and last.left <= 0)


class CreatedWindowPaginator:
    """By the moment of creation, which never changes: each page begins with rows that were read.

    Rules on ``createdAt`` name whole minutes in the account's own time zone (v4 reference). A page
    that begins earlier or later than the minute asked for shows that the zone is another one.

    Parameters
    ----------
    zone : zoneinfo.ZoneInfo
        The account's.
    """

    name = "windows"
    sort = "createdAt"

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def key(self, record: Record) -> dt.datetime:
        """Return when it was created."""
        return created_at(record, self._zone)

    def after(self, start: SearchRequest, last: PageState, back: int) -> SearchRequest:
        """Ask from the minute of the last row; within a minute of very many rows, by their offset."""
        if back >= len(last.keys):
            raise PaginationUnsupported("a page does not begin with a row that was read")
        key, step = last.keys[-1 - back], max(len(last.keys) - 1 - back, 1)
        window = replace(start, offset=0).created_from(key, self._zone)
        is_later = window.rules != last.request.rules and _minute(key) > _minute(last.keys[0])
        if is_later or last.request.rules == start.rules:
            return window
        return replace(last.request, offset=last.request.offset + step)

    def is_contiguous(self, last: PageState, page: PageState) -> bool:
        """Tell whether the first row was read before, or is earlier than the last that was."""
        if not page.keys:
            return False
        if page.keys[0] < _minute(last.keys[0]):
            raise PaginationUnsupported("a rule on createdAt was not kept to, or means another time zone")
        return page.keys[0] < last.keys[-1] or page.ids[0] in last.ids


class OffsetPaginator:
    """By row offset, sorted by id: each page begins with a row that was read, or one before it."""

    name = "offsets"
    sort = "id"

    def key(self, record: Record) -> int:
        """Return the id as a number."""
        return record_id(record)

    def after(self, start: SearchRequest, last: PageState, back: int) -> SearchRequest:
        """Ask from the last row on."""
        step = max(len(last.keys) - 1, 1) - back
        return replace(start, offset=max(last.request.offset + step, 0))

    def is_contiguous(self, last: PageState, page: PageState) -> bool:
        """Tell whether the first id is none beyond the last that was read."""
        return page.request.offset == 0 or bool(page.keys and page.keys[0] <= last.keys[-1])


class LastModifiedPaginator:
    """By row offset, what changed last first: each page begins with a row that was read, or a newer one.

    A change moves a row to the front, so that it pushes others back, and they come twice; a deletion
    pulls others forward, which shows in the first row of the next page.

    Parameters
    ----------
    zone : zoneinfo.ZoneInfo
        The account's.
    """

    name = "newest"
    sort = "lastModifiedAt"

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def key(self, record: Record) -> float:
        """Return the moment of the last change, the last the least."""
        return -modified_at(record, self._zone).timestamp()

    def after(self, start: SearchRequest, last: PageState, back: int) -> SearchRequest:
        """Ask from the last row on."""
        step = max(len(last.keys) - 1, 1) - back
        return replace(start, offset=max(last.request.offset + step, 0))

    def is_contiguous(self, last: PageState, page: PageState) -> bool:
        """Tell whether the first row was read before, or is newer than the last that was."""
        if page.request.offset == 0 or not page.keys:
            return page.request.offset == 0
        return page.keys[0] < last.keys[-1] or page.ids[0] in last.ids


class PageWalk:
    """One stretch of the list, read page by page.

    Parameters
    ----------
    way : Paginator
        How.
    start : SearchRequest
        Its first page.

    Attributes
    ----------
    request : SearchRequest or None
        What to ask for next; None at its end.
    first : object or None
        The key of its first row, once that is known.
    """

    def __init__(self, way: Paginator, start: SearchRequest) -> None:
        self.request: SearchRequest | None = start
        self.first: Any = None
        self._way = way
        self._start = start
        self._last: PageState | None = None
        self._back = 0
        self._was_empty = False

    def take(self, page: SearchPage, end: Any = None) -> None:
        """Take the page that was asked for, and say in `request` what to ask for next.

        Parameters
        ----------
        page : SearchPage
            The answer.
        end : object, optional
            The key at which another walk began.

        Raises
        ------
        PaginationUnsupported
            Where the way cannot be gone.
        """
        if self.request is None:
            return
        taken = self._read(self.request, page)
        if self._last is not None and not self._way.is_contiguous(self._last, taken):
            self._back = 2 * self._back + _STEP
            self.request = self._way.after(self._start, self._last, self._back)
        elif not taken.keys:
            is_doubtful = taken.left is not None and taken.left > 0 and not self._was_empty
            self.request = self.request if is_doubtful else None  # once again, where there should be more
            self._was_empty = True
        else:
            is_over = self._is_end(taken) or (end is not None and taken.keys[-1] > end)
            self.first = taken.keys[0] if self._last is None else self.first
            self._last, self._back = taken, self._back * 3 // 4
            self.request = None if is_over else self._way.after(self._start, taken, self._back)

    def _is_end(self, page: PageState) -> bool:
        """Tell whether a page is the last, by how many rows are left as far as that is known.

        A full page may not be, whatever the total says: it can lag behind, or count the page alone.
        """
        last, has_more = self._last, page.left is None or page.left > 0
        is_full = len(set(page.ids)) == page.request.rows
        if last is None and has_more and len(page.keys) == 1 < page.request.rows:
            raise PaginationUnsupported("pages of one row show no order")
        if last is None or not set(page.ids) <= set(last.ids):
            return not has_more and not is_full
        if has_more and (page.left is not None or page.ids == last.ids):
            raise PaginationUnsupported("the same page came again")
        return not has_more or len(page.keys) < len(last.keys)

    def _read(self, request: SearchRequest, page: SearchPage) -> PageState:
        try:
            keys = [self._way.key(record) for record in page.records]
        except (ValueError, OverflowError, TypeError):
            raise PaginationUnsupported(f"a {self._way.sort} cannot be read") from None
        if any(former > latter for former, latter in itertools.pairwise(keys)):
            raise PaginationUnsupported(f"rows are not sorted by {self._way.sort}")
        ids = [record_id(record) for record in page.records]
        left = None if page.total is None else page.total - request.offset - len(set(ids))
        return PageState(request=request, keys=keys, ids=ids, left=left)


def _minute(moment: dt.datetime) -> dt.datetime:
    return moment.replace(second=0, microsecond=0)
