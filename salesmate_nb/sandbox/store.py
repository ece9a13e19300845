"""Records of a sandbox: live, and read from many threads."""

from __future__ import annotations

import collections
import copy
import datetime as dt
import json
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import fields, moments
from salesmate_nb.sandbox.fields import Catalogue, Record
from salesmate_nb.sandbox.modules import DEALS, Module
from salesmate_nb.sandbox.search import Query, order
from salesmate_nb.sandbox.views import View

_VIEWS = 8  # sorted views kept


class Store:
    """Records of one kind, as colleagues see and change them; safe to use from many threads.

    Parameters
    ----------
    records : iterable of dict
        What there is at the start, each with an ``id``. They are served as they are.
    zone : zoneinfo.ZoneInfo
        The account's.
    module : Module
        The kind.
    keys : iterable of str
        Fields that there are, whether any record has them or not.

    Attributes
    ----------
    before_search : callable or None
        Called without arguments before each page is made up.

    Raises
    ------
    ValueError
        Where a record is no object with a whole number for its id, or two share one.

    Examples
    --------
    >>> deals = Store([{"id": 7, "title": "A"}], ZoneInfo("UTC"))
    >>> new = deals.create(title="B")
    >>> deals.edit(7, title="C")
    >>> deals.delete(new)
    >>> deals.ids(), deals.get(7)["title"]
    ([7], 'C')
    """

    def __init__(
        self, records: Iterable[Record], zone: ZoneInfo, module: Module = DEALS, keys: Iterable[str] = ()
    ) -> None:
        self.module = module
        self.before_search: Callable[[], object] | None = None
        self._zone = zone
        self._lock = threading.RLock()
        self._records: dict[int, Record] = {}
        self._keys = set(keys)
        self._changed: list[int] = []
        self._views: collections.OrderedDict[str, View] = collections.OrderedDict()
        for record in records:
            self._load(record)
        self._last_id = max(self._records, default=1000)
        self._clock = self._latest()

    def __len__(self) -> int:
        with self._lock:
            return len(self._records)

    def __repr__(self) -> str:
        return f"<{self.module.plural.capitalize()}: {len(self):,}>"

    @property
    def catalogue(self) -> Catalogue:
        """The fields that these records have."""
        with self._lock:
            keys = frozenset(self._keys)
        return fields.catalogue(self.module, keys)

    def ids(self) -> list[int]:
        """Return all ids, sorted."""
        with self._lock:
            return sorted(self._records)

    def get(self, number: int) -> Record:
        """Return a copy of a record as the API sends it; ``KeyError`` where there is none."""
        with self._lock:
            return copy.deepcopy(self._records[number])

    def records(self) -> list[Record]:
        """Return all records; they are shared, so not to be changed."""
        with self._lock:
            return list(self._records.values())

    def create(self, **fields: Any) -> int:
        """Add a record as a colleague does, and return its id.

        The server sets ``id``, ``createdAt`` and ``lastModifiedAt``; a test may give the moments.
        """
        with self._lock:
            self._last_id += 1
            now = self._now()
            made = {"title": "New deal", "status": "Open"} if self.module is DEALS else {}
            made |= {"createdAt": now, "lastModifiedAt": now}
            self._put(self._last_id, {**made, **fields, "id": self._last_id})
            return self._last_id

    def edit(self, number: int, **fields: Any) -> None:
        """Change fields of a record; the server sets ``lastModifiedAt``. ``KeyError`` where there is none."""
        with self._lock:
            old = self._records[number]
            self._put(number, {**old, "lastModifiedAt": self._now(), **fields})

    def delete(self, number: int) -> None:
        """Remove a record; ``KeyError`` where there is none."""
        with self._lock:
            del self._records[number]
            self._changed.append(number)

    def page(self, query: Query, offset: int, rows: int) -> tuple[list[Record], int]:
        """Return the records of one page, and how many there are on all pages.

        Parameters
        ----------
        query : Query
            Which, and in which order.
        offset, rows : int
            From where on, and at most how many.
        """
        with self._lock:
            view = self._view(query)
            start, stop = view.span(query.low, query.high)
            total = max(stop - start, 0)
            if query.descending:
                last = max(stop - offset, start)
                ids = view.ids(max(last - rows, start), last)[::-1]
            else:
                first = min(start + offset, stop)
                ids = view.ids(first, min(first + rows, stop))
            found = [self._records[number] for number in ids]
        return (found if query.cut is None else [query.cut(record) for record in found]), total

    def _view(self, query: Query) -> View:
        """Return the view of a query, made now or brought up to date."""
        view = self._views.pop(query.key, None)
        if view is None:
            by = order(query.sort, self._zone)
            view = View(self._records, query.test, by, is_by_id=query.sort == "id")
            view.seen = len(self._changed)
        for number in self._changed[view.seen :]:
            view.put(number, self._records.get(number))
        view.seen = len(self._changed)
        self._views[query.key] = view
        if len(self._views) > _VIEWS:
            self._views.popitem(last=False)
        return view

    def _put(self, number: int, record: Record) -> None:
        self._records[number] = record
        self._keys.update(record)
        self._changed.append(number)

    def _load(self, record: Record) -> None:
        try:
            number = int(fields.getter("id")(record))
        except (AttributeError, TypeError, ValueError) as err:
            raise ValueError(
                f"Each {self.module.name} has to be an object with a whole number for its id."
            ) from err
        if number in self._records:
            raise ValueError(f"Two {self.module.plural} have the id {number}.")
        self._records[number] = record
        self._keys.update(record)

    def _latest(self) -> int:
        latest = order("lastModifiedAt", self._zone)
        return int(max((at for record in self._records.values() if (at := latest(record)) > 0), default=0))

    def _now(self) -> str:
        """Return the server's time, which is never behind its records and moves with each change."""
        now = round(dt.datetime.now(dt.UTC).timestamp() * 1000)
        self._clock = max(now, self._clock + 1)
        return moments.iso(self._clock)


def load(path: str | os.PathLike[str]) -> list[Record]:
    """Read a JSON list of deals.

    Raises
    ------
    ValueError
        Where the file holds no such list.
    """
    records = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ValueError(f"{os.fspath(path)} holds no JSON list of deals.")
    return records
