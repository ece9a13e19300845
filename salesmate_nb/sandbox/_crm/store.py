"""A store of records that can be queried and changed from many threads."""

from __future__ import annotations

import collections
import copy
import json
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import timestamps
from salesmate_nb.sandbox._crm.clock import real_time
from salesmate_nb.sandbox._crm.field_catalog import FieldCatalog, field_catalog
from salesmate_nb.sandbox._crm.query import Query, sort_key
from salesmate_nb.sandbox._crm.resources import DEALS, Resource
from salesmate_nb.sandbox._crm.sorted_index import SortedIndex
from salesmate_nb.sandbox.records import Record, getter

Cut = Callable[[Sequence[int], int, int], list[int]]
"""Returns the ids of one page, from all ids in order, the offset and the number of rows."""

_MAX_INDEXES = 8  # kept for further pages


class Store:
    """The records of one resource; a test changes them as other users of the account do.

    Parameters
    ----------
    records : iterable of dict
        The records at the start, each with an ``id``.
    resource : Resource
        The resource.
    zone : zoneinfo.ZoneInfo
        The time zone of the account.
    keys : iterable of str
        Fields that exist even if no record has them.
    now : callable
        Returns the server's time, in milliseconds since 1970.

    Attributes
    ----------
    before_search : callable or None
        Called without arguments before each page of records is built.
    refuse_search : callable or None
        Called with the JSON body of each v4 search; if it returns true, the search is refused with
        400 ``ValidationError``.

    Raises
    ------
    ValueError
        If a record is not an object with a whole number as its id, or two have the same id.

    Examples
    --------
    >>> deals = Store([{"id": 7, "title": "A"}], DEALS, ZoneInfo("UTC"))
    >>> new = deals.create(title="B")
    >>> deals.edit(7, title="C")
    >>> deals.delete(new)
    >>> deals.ids(), deals.get(7)["title"]
    ([7], 'C')
    """

    def __init__(
        self,
        records: Iterable[Record],
        resource: Resource,
        zone: ZoneInfo,
        keys: Iterable[str] = (),
        *,
        now: Callable[[], int] = real_time,
    ) -> None:
        self.resource = resource
        self.before_search: Callable[[], object] | None = None
        self.refuse_search: Callable[[Any], object] | None = None
        self._zone = zone
        self._server_time = now
        self._lock = threading.RLock()
        self._records: dict[int, Record] = {}
        self._keys = set(keys)
        self._changes: list[int] = []
        self._indexes: collections.OrderedDict[str, SortedIndex] = collections.OrderedDict()
        for record in records:
            record_id = self._id_of(record)
            if record_id in self._records:
                raise ValueError(f"Two {resource.plural} have the id {record_id}.")
            self._write(record_id, record)
        self._last_id = max(self._records, default=1000)
        self._clock = self._latest_change()

    def __len__(self) -> int:
        with self._lock:
            return len(self._records)

    def __repr__(self) -> str:
        return f"<{self.resource.plural.capitalize()}: {len(self):,}>"

    @property
    def catalog(self) -> FieldCatalog:
        """The field catalog of these records."""
        with self._lock:
            keys = frozenset(self._keys)
        return field_catalog(self.resource, keys)

    def ids(self) -> list[int]:
        """Return all ids, sorted."""
        with self._lock:
            return sorted(self._records)

    def get(self, record_id: int) -> Record:
        """Return a copy of a record as the API sends it.

        Parameters
        ----------
        record_id : int
            The record's id.

        Raises
        ------
        KeyError
            If there is no record with this id.
        """
        with self._lock:
            return copy.deepcopy(self._records[record_id])

    def records(self) -> list[Record]:
        """Return all records; they are shared, so do not modify them."""
        with self._lock:
            return list(self._records.values())

    def create(self, **fields: Any) -> int:
        """Create a record as another user does, and return its id.

        Parameters
        ----------
        **fields
            Its fields. The server sets ``id``, and by default ``createdAt`` and ``lastModifiedAt``.
        """
        with self._lock:
            self._last_id += 1
            now = self._now()
            defaults = {"title": "New deal", "status": "Open"} if self.resource is DEALS else {}
            defaults |= {"createdAt": now, "lastModifiedAt": now}
            self._write(self._last_id, {**defaults, **fields, "id": self._last_id})
            return self._last_id

    def edit(self, record_id: int, **fields: Any) -> None:
        """Change fields of a record as another user does.

        Parameters
        ----------
        record_id : int
            The record.
        **fields
            The fields to change. The server sets ``lastModifiedAt`` by default.

        Raises
        ------
        KeyError
            If there is no record with this id.
        """
        with self._lock:
            old = self._records[record_id]
            self._write(record_id, {**old, "lastModifiedAt": self._now(), **fields})

    def delete(self, record_id: int) -> None:
        """Delete a record as another user does; its id is not used again.

        Parameters
        ----------
        record_id : int
            The record's id.

        Raises
        ------
        KeyError
            If there is no record with this id.
        """
        with self._lock:
            del self._records[record_id]
            self._changes.append(record_id)

    def put(self, record: Record) -> None:
        """Insert or replace a record unchanged, such as a deleted one that is restored.

        Parameters
        ----------
        record : dict
            The record with its id; the server sets no timestamp.

        Raises
        ------
        ValueError
            If it is not an object with a whole number as its id.

        Examples
        --------
        >>> deals = Store([{"id": 7, "title": "A"}], DEALS, ZoneInfo("UTC"))
        >>> deleted = deals.get(7)
        >>> deals.delete(7)
        >>> deals.put(deleted)
        >>> deals.get(7)
        {'id': 7, 'title': 'A'}
        """
        record_id = self._id_of(record)
        with self._lock:
            self._last_id = max(self._last_id, record_id)
            self._write(record_id, record)

    def page(self, query: Query, offset: int, rows: int, cut: Cut | None = None) -> tuple[list[Record], int]:
        """Return one page of the records that match a query, and how many match in total.

        Parameters
        ----------
        query : Query
            Which records, and in which order.
        offset, rows : int
            The position of the first record, and the maximum number of records.
        cut : callable, optional
            Decides which of the sorted records the page holds; by default those at these positions.
        """
        with self._lock:
            index = self._index(query)
            start, stop = index.span(query.low, query.high)
            total = max(stop - start, 0)
            if cut is not None:
                ordered = index.ids(start, stop)
                ids = cut(ordered[::-1] if query.descending else ordered, offset, rows)
            elif query.descending:
                last = max(stop - offset, start)
                ids = index.ids(max(last - rows, start), last)[::-1]
            else:
                first = min(start + offset, stop)
                ids = index.ids(first, min(first + rows, stop))
            page = [self._records[record_id] for record_id in ids]
        return (page if query.project is None else [query.project(record) for record in page]), total

    def _index(self, query: Query) -> SortedIndex:
        """Return the index for a query, new or with the latest changes applied."""
        index = self._indexes.pop(query.key, None)
        if index is None:
            key = sort_key(query.sort, self._zone)
            index = SortedIndex(self._records, query.predicate, key, is_by_id=query.sort == "id")
            index.changes_applied = len(self._changes)
        for record_id in self._changes[index.changes_applied :]:
            index.update(record_id, self._records.get(record_id))
        index.changes_applied = len(self._changes)
        self._indexes[query.key] = index
        if len(self._indexes) > _MAX_INDEXES:
            self._indexes.popitem(last=False)
        return index

    def _write(self, record_id: int, record: Record) -> None:
        self._records[record_id] = record
        self._keys.update(record)
        self._changes.append(record_id)

    def _id_of(self, record: Record) -> int:
        try:
            return int(getter("id")(record))
        except (AttributeError, TypeError, ValueError) as err:
            raise ValueError(
                f"Each {self.resource.name} must be an object with a whole number as its id."
            ) from err

    def _latest_change(self) -> int:
        key = sort_key("lastModifiedAt", self._zone)
        keys = (key(record) for record in self._records.values())
        return int(max((timestamp for timestamp in keys if timestamp > 0), default=0))

    def _now(self) -> str:
        """Return the server's time, which is after that of all records and advances with each change."""
        self._clock = max(self._server_time(), self._clock + 1)
        return timestamps.format_iso(self._clock)


def load_records(path: str | os.PathLike[str]) -> list[Record]:
    """Read a JSON list of deals from a file.

    Raises
    ------
    ValueError
        If the file does not contain such a list.
    """
    records = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ValueError(f"{os.fspath(path)} does not contain a JSON list of deals.")
    return records
