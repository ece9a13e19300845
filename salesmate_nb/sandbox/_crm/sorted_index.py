"""An index of matching record ids that stays sorted while records change."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping
from typing import Any

from salesmate_nb.sandbox.records import Record

Entry = tuple[Any, int, int]
"""The sort key of a record, its tie-breaker, and its id."""


class SortedIndex:
    """The ids of the records that match a predicate, in order; a change does not sort them again.

    Parameters
    ----------
    records : mapping of int to dict
        All records by id.
    predicate : callable
        Returns whether a record matches.
    sort_key : callable
        Returns the sort key of a record.
    is_by_id : bool
        Whether the sort key is the id. Otherwise records of equal key are in an order that is stable
        but arbitrary.

    Attributes
    ----------
    changes_applied : int
        How many of the store's changes the index contains.

    Examples
    --------
    >>> index = SortedIndex({1: {"a": 5}, 2: {"a": 3}, 3: {"a": 4}}, bool, lambda record: record["a"])
    >>> index.ids(0, 2), index.span(low=4)
    ([2, 3], (1, 3))
    >>> index.update(2, {"a": 9})
    >>> index.update(3, None)
    >>> index.ids(0, 9)
    [1, 2]
    """

    def __init__(
        self,
        records: Mapping[int, Record],
        predicate: Callable[[Record], bool],
        sort_key: Callable[[Record], Any],
        *,
        is_by_id: bool = False,
    ) -> None:
        self.changes_applied = 0
        self._predicate = predicate
        self._sort_key = sort_key
        self._is_by_id = is_by_id
        self._entries = {
            record_id: self._entry(record_id, record)
            for record_id, record in records.items()
            if predicate(record)
        }
        self._sorted = sorted(self._entries.values())

    def update(self, record_id: int, record: Record | None) -> None:
        """Add or replace a record; None removes it."""
        old = self._entries.pop(record_id, None)
        if old is not None:
            del self._sorted[bisect.bisect_left(self._sorted, old)]
        if record is not None and self._predicate(record):
            entry = self._entries[record_id] = self._entry(record_id, record)
            bisect.insort(self._sorted, entry)

    def span(self, low: Any = None, high: Any = None) -> tuple[int, int]:
        """Return the first position, and the one after the last, of the keys ``low <= key < high``."""
        return (
            0 if low is None else bisect.bisect_left(self._sorted, (low,)),
            len(self._sorted) if high is None else bisect.bisect_left(self._sorted, (high,)),
        )

    def ids(self, start: int, stop: int) -> list[int]:
        """Return the ids at the positions from `start` to before `stop`."""
        return [entry[2] for entry in self._sorted[start:stop]]

    def _entry(self, record_id: int, record: Record) -> Entry:
        tie_breaker = 0 if self._is_by_id else record_id * 2_654_435_761 % 2**32
        return (self._sort_key(record), tie_breaker, record_id)
