"""Which rows are gone from the server, found by its own counts of ranges of ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from salesmate_nb._reading.search import PAGE, SearchPage, SearchRequest, record_id


class Deletions:
    """Finds rows that are gone by comparing the server's counts of ranges of ids with ours.

    Parameters
    ----------
    ask : callable
        Makes a call for a page.
    request : SearchRequest
        Asks for all rows, ids only.
    ids : list of int
        The ids that are known, ascending.
    """

    def __init__(
        self, ask: Callable[[SearchRequest], SearchPage], request: SearchRequest, ids: Sequence[int]
    ) -> None:
        self._fetch = ask
        self._request = request
        self._ids = ids

    def find(self, total: int) -> list[int]:
        """Return the ids that are gone; none where the server takes no notice of rules on ids."""
        if self._above(self._ids[-1]).total != 0:
            return []
        return list(self._within(0, len(self._ids), total, 0))

    def _within(self, start: int, stop: int, at_start: int, at_stop: int) -> Iterator[int]:
        """Yield what is gone between two places; from there on the server has `at_start`, `at_stop` rows."""
        there, known = at_start - at_stop, stop - start
        if there >= known:
            return
        if known <= PAGE:
            page = self._above(self._ids[start] - 1, rows=PAGE)
            present = {record_id(record) for record in page.records}
            yield from (one for one in self._ids[start:stop] if one not in present)
            return
        middle = (start + stop) // 2
        at_middle = self._above(self._ids[middle] - 1).total or 0
        yield from self._within(start, middle, at_start, at_middle)
        yield from self._within(middle, stop, at_middle, at_stop)

    def _above(self, one: int, rows: int = 1) -> SearchPage:
        return self._fetch(replace(self._request.above(one), rows=rows))
