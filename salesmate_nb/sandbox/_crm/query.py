"""A query of a store: which records, in which order, with which fields."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import timestamps
from salesmate_nb.sandbox.records import Record, getter

Predicate = Callable[[Record], bool]

SORTABLE_FIELDS = {"id", "createdAt", "lastModifiedAt", "title", "name"}  # v4 reference
SORTABLE_TEXTS = {"title", "name"}


@dataclass(frozen=True, kw_only=True)
class Query:
    """A query of a store.

    Parameters
    ----------
    key : str
        The same for queries that differ only in their range, direction and fields.
    matching : str
        The same for queries that differ only in their range, order and fields.
    predicate : callable
        Returns whether a record matches.
    sort : str
        The field to sort by.
    descending : bool
        Whether to sort in descending order.
    low, high : float, optional
        Keep records whose sort key is in the range ``low <= key < high``.
    project : callable, optional
        Returns a record with only the requested fields.
    """

    key: str = "all"
    matching: str = "all"
    predicate: Predicate = bool
    sort: str = "id"
    descending: bool = False
    low: float | None = None
    high: float | None = None
    project: Callable[[Record], Record] | None = None


def sort_key(field: str, zone: ZoneInfo) -> Callable[[Record], Any]:
    """Return the function that returns the sort key of a record; missing values sort first.

    Parameters
    ----------
    field : str
        One of ``SORTABLE_FIELDS``.
    zone : zoneinfo.ZoneInfo
        The time zone of dates that name none.
    """
    get = getter(field)
    if field == "id":
        return lambda record: int(get(record))
    if field in SORTABLE_TEXTS:
        return lambda record: str(get(record) or "").casefold()

    def timestamp(record: Record) -> float:
        milliseconds = timestamps.parse(get(record), zone)
        return -math.inf if milliseconds is None else milliseconds

    return timestamp
