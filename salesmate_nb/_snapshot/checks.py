"""Checks of what changes do not show: rows that were deleted, and rows that are read again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import PAGE, Record, Rule, SearchPage, SearchRequest, record_id
from salesmate_nb._snapshot.changes import FullReadDue

_ROWS_BEFORE = 20  # a deleted row, in the page that shows that it is gone: colleagues may shift it so far
_IS_DELETED = Rule("EQUALS", "isDeleted", "Is Deleted", "Boolean", "true")


class DeletedRows(NamedTuple):
    """The ids in the server's list of deleted rows, ascending, and whether the list is complete."""

    ids: tuple[int, ...] = ()
    is_whole: bool = False


def list_deleted(fetch: Callable[[SearchRequest], SearchPage], request: SearchRequest) -> DeletedRows:
    """Return a page of the server's list of deleted rows.

    Salesmate keeps deleted rows for 30 days. Whether a search finds them is open: a server that ignores the
    rule returns rows that exist, and an empty list proves nothing.

    Parameters
    ----------
    fetch : callable
        Requests a page; raises `PaginationUnsupported` if the server refuses the request.
    request : SearchRequest
        Selects all rows, ids only.
    """
    page = fetch(replace(request, rules=(*request.rules, _IS_DELETED), is_probe=True))
    ids = tuple(sorted({record_id(record) for record in page.records}))
    return DeletedRows(ids, is_whole=page.total == len(ids) < PAGE)


class Deletions:
    """Finds deleted rows by comparing the server's counts of id ranges with the known ids.

    Parameters
    ----------
    fetch : callable
        Requests a page.
    request : SearchRequest
        Selects all rows, ids only.
    ids : sequence of int
        The known ids, ascending; at least one.
    """

    def __init__(
        self, fetch: Callable[[SearchRequest], SearchPage], request: SearchRequest, ids: Sequence[int]
    ) -> None:
        self._fetch = fetch
        self._request = request
        self._ids = ids

    def find(self, total: int) -> list[int]:
        """Return the deleted ids, ascending; fewer than are missing if others were restored beside them.

        Parameters
        ----------
        total : int
            How many of the known rows the server still has.

        Raises
        ------
        PaginationUnsupported
            If the server ignores rules on ids.
        """
        if self._above(self._ids[-1]).total != 0:
            raise PaginationUnsupported("the server ignored a rule on id")
        return list(self._in_range(0, len(self._ids), total, 0))

    def _in_range(self, start: int, stop: int, at_start: int, at_stop: int) -> Iterator[int]:
        """Yield the deleted among ``ids[start:stop]``.

        The server has `at_start` rows from the first of them on, and `at_stop` after the last.
        """
        present, known = at_start - at_stop, stop - start
        if present >= known:
            return
        if known <= PAGE:
            page = self._above(self._ids[start] - 1, rows=PAGE)
            within = self._ids[start:stop]
            found = {record_id(record) for record in page.records}
            if all(each in within or each > within[-1] for each in found):
                yield from (known_id for known_id in within if known_id not in found)
            return
        middle = (start + stop) // 2
        at_middle = self._above(self._ids[middle] - 1).total or 0
        yield from self._in_range(start, middle, at_start, at_middle)
        yield from self._in_range(middle, stop, at_middle, at_stop)

    def _above(self, lower_id: int, rows: int = 1) -> SearchPage:
        return self._fetch(replace(self._request.above(lower_id), rows=rows))


def confirm_deleted(
    fetch: Callable[[SearchRequest], SearchPage],
    request: SearchRequest,
    deleted: Collection[int],
    left: Sequence[int],
) -> None:
    """Confirm by two more pages that rows are deleted: a server that lags may lack some that exist.

    Parameters
    ----------
    fetch : callable
        Requests a page; raises `PaginationUnsupported` if the server refuses the request.
    request : SearchRequest
        Selects all rows, ids only, by id.
    deleted : collection of int
        The ids of rows that did not come; at least one.
    left : sequence of int
        The ids of the other rows, ascending.

    Raises
    ------
    FullReadDue
        If a page holds one of the rows, or ends before their place.
    """
    for number in (min(deleted), max(deleted)):
        offset = max(bisect_left(left, number) - _ROWS_BEFORE, 0)
        page = fetch(replace(request, offset=offset))
        ids = [record_id(record) for record in page.records]
        if not set(ids).isdisjoint(deleted):
            raise FullReadDue("rows that were not listed exist after all")
        is_end = len(ids) < request.rows and page.rows is None
        if not (offset == 0 or min(ids, default=number) < number) or not (is_end or max(ids) > number):
            raise FullReadDue("rows are not where their ids are expected")


@dataclass(frozen=True, kw_only=True)
class ReadAgain:
    """Rows that were read again.

    Parameters
    ----------
    records : list of dict
        As the server sent them: those that were wanted, and others of the same pages.
    gone : frozenset of int
        Known ids that the server does not have.
    left : sequence of int
        The wanted ids that more requests would take.
    """

    records: list[Record]
    gone: frozenset[int]
    left: Sequence[int]


def read_again(
    fetch: Callable[[SearchRequest], SearchPage],
    request: SearchRequest,
    known: Sequence[int],
    wanted: Sequence[int],
    most: int,
) -> ReadAgain:
    """Read rows again by their places in the list of all rows by id.

    Each page begins with a row at or before the next wanted one, so that rows which slide forward because
    others are deleted cannot slip between two pages. If it begins later than that, the page before it is
    read too.

    Parameters
    ----------
    fetch : callable
        Requests a page; raises `PaginationUnsupported` if the server refuses the request.
    request : SearchRequest
        Selects all rows and fields, by id.
    known : sequence of int
        All ids as far as is known, ascending.
    wanted : sequence of int
        The ids of the rows to read, ascending.
    most : int
        How many requests to make.

    Raises
    ------
    FullReadDue
        If a page is empty where a row was just read, which is a fault.
    PaginationUnsupported
        If the server does not sort by id.
    """
    records: dict[int, Record] = {}
    gone: set[int] = set()
    left, offset, is_back = wanted, bisect_left(known, wanted[0]) if wanted else 0, False
    end = 1  # the offset after the last row that was read
    for _ in range(most if wanted else 0):
        page = fetch(replace(request, offset=offset))
        ids = [record_id(record) for record in page.records]
        if ids != sorted(set(ids)):
            raise PaginationUnsupported("rows are not sorted by id")
        if not ids and offset < end:
            raise FullReadDue("a page of rows that are read again is empty")
        if offset and not (ids and ids[0] <= left[0]):
            offset, is_back = max(offset - PAGE, 0), True
            continue
        is_end = len(ids) <= 1 and records.keys() >= set(ids)  # nothing follows the last row that was read
        upto = known[-1] if is_end else ids[-1]
        records.update(zip(ids, page.records, strict=True))
        gone.update(known[bisect_left(known, ids[0] if offset else -1) : bisect_left(known, upto + 1)])
        remaining = left[bisect_left(left, upto + 1) :]
        is_back = is_back and len(remaining) == len(left)
        left, end = remaining, offset + len(ids)
        if not left:
            break
        step = 0 if is_back else bisect_left(known, left[0]) - bisect_left(known, ids[0])
        offset += max(len(ids) - 1, step, 1)
    return ReadAgain(records=list(records.values()), gone=frozenset(gone.difference(records)), left=left)
