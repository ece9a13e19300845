"""Deleted rows: the server's list of them, and a binary search over its own counts of id ranges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from salesmate_nb._search.search import PAGE, Rule, SearchPage, SearchRequest, record_id

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
        """Return the deleted ids, ascending; none if the server ignores rules on ids.

        Parameters
        ----------
        total : int
            How many of the known rows the server still has.
        """
        if self._above(self._ids[-1]).total != 0:
            return []
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
            found = {record_id(record) for record in page.records}
            yield from (known_id for known_id in self._ids[start:stop] if known_id not in found)
            return
        middle = (start + stop) // 2
        at_middle = self._above(self._ids[middle] - 1).total or 0
        yield from self._in_range(start, middle, at_start, at_middle)
        yield from self._in_range(middle, stop, at_middle, at_stop)

    def _above(self, lower_id: int, rows: int = 1) -> SearchPage:
        return self._fetch(replace(self._request.above(lower_id), rows=rows))
