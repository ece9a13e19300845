"""Records that pass a test, kept in order while records change."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping
from typing import Any

from salesmate_nb.sandbox.fields import Record

Place = tuple[Any, int, int]
"""What a record is sorted by, what settles ties, and its id."""


class View:
    """The ids of records that pass a test, in order; a change costs no new sort.

    Parameters
    ----------
    records : mapping of int to dict
        All records by id.
    test : callable
        Tells whether a record belongs here.
    order : callable
        Returns what a record is sorted by.
    is_by_id : bool
        Whether that is the id itself. Else ties come in an order that is stable and says nothing.

    Attributes
    ----------
    seen : int
        How many of the store's changes it knows.

    Examples
    --------
    >>> view = View({1: {"a": 5}, 2: {"a": 3}, 3: {"a": 4}}, bool, lambda record: record["a"])
    >>> view.ids(0, 2), view.span(low=4)
    ([2, 3], (1, 3))
    >>> view.put(2, {"a": 9})
    >>> view.put(3, None)
    >>> view.ids(0, 9)
    [1, 2]
    """

    def __init__(
        self,
        records: Mapping[int, Record],
        test: Callable[[Record], bool],
        order: Callable[[Record], Any],
        *,
        is_by_id: bool = False,
    ) -> None:
        self.seen = 0
        self._test = test
        self._order = order
        self._is_by_id = is_by_id
        self._places = {
            number: self._place(number, record) for number, record in records.items() if test(record)
        }
        self._sorted = sorted(self._places.values())

    def put(self, number: int, record: Record | None) -> None:
        """Take note that a record is new, changed or (None) gone."""
        old = self._places.pop(number, None)
        if old is not None:
            del self._sorted[bisect.bisect_left(self._sorted, old)]
        if record is not None and self._test(record):
            place = self._places[number] = self._place(number, record)
            bisect.insort(self._sorted, place)

    def span(self, low: Any = None, high: Any = None) -> tuple[int, int]:
        """Return the positions of the records that are sorted by ``low <= value < high``."""
        return (
            0 if low is None else bisect.bisect_left(self._sorted, (low,)),
            len(self._sorted) if high is None else bisect.bisect_left(self._sorted, (high,)),
        )

    def ids(self, start: int, stop: int) -> list[int]:
        """Return the ids at some positions."""
        return [place[2] for place in self._sorted[start:stop]]

    def _place(self, number: int, record: Record) -> Place:
        return (self._order(record), 0 if self._is_by_id else number * 2_654_435_761 % 2**32, number)
