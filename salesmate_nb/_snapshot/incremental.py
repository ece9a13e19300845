"""Incremental reads: the changes since the watermark, compared with the ids of all rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._frames.arrow import BatchBuilder
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._pagination.paginators import KeysetPaginator, OffsetPaginator
from salesmate_nb._pagination.parallel_fetch import unsupported_if_rejected
from salesmate_nb._reading.read_context import ReadContext
from salesmate_nb._reading.reader import ResourceReader
from salesmate_nb._search.query import Filters
from salesmate_nb._search.search import PAGE, SearchRequest
from salesmate_nb._snapshot.changes import EPOCH, Changes, FullReadDue
from salesmate_nb._snapshot.deletions import DeletedRows, Deletions, list_deleted
from salesmate_nb._snapshot.merge import without
from salesmate_nb._snapshot.store import Snapshot, now
from salesmate_nb.resources.base import requested_paths

NO_ORDER = "the server returns them in another order for each page"
KEEPS_ORDER = {OffsetPaginator().name: False, OffsetPaginator(sorts_by_list=True).name: True}
"""The strategies that only a server supports which keeps a list's order, and how that sort is sent."""

_DELETED_LIST = "list of deleted rows"  # its name in the server profile
_PAGES_COMPARED = 40  # up to so many, the ids of all rows are compared in each refresh
_LONGEST_UNCOMPARED = dt.timedelta(days=1)
_SEARCH_DEPTH = 10  # requests that finding one deleted row takes, among 100,000


def all_rows(reader: ResourceReader, context: ReadContext, fields: Sequence[str]) -> SearchRequest:
    """Return the request for these fields of all rows, in the form that the server is known to accept."""
    request = SearchRequest.matching(Filters(), fields, reader.resource)
    return request.unfiltered(by_epoch=context.support.needs_epoch)


class IncrementalRead:
    """Brings a snapshot up to date by reading what changed.

    Rows that were modified are listed newest first, until the watermark. Which rows exist is shown by the
    server's list of deleted rows, if it has one that works, and by its total. A total alone does not show
    that one row was deleted and another one restored, which keeps its old ``lastModifiedAt``. So the ids and
    ``lastModifiedAt`` of all rows are compared: of up to 10,000 rows in each refresh, of more rows once a
    day and if the total differs. This costs a request for 250 rows, as a full read does, but little data.

    Parameters
    ----------
    reader : ResourceReader
        Reads from the server, and knows what it supports.
    context : ReadContext
        The refresh that this is part of.
    builder : BatchBuilder
        Converts records to the snapshot's rows.
    zone : zoneinfo.ZoneInfo
        The time zone of timestamps written without one.
    """

    def __init__(
        self, reader: ResourceReader, context: ReadContext, builder: BatchBuilder, zone: ZoneInfo
    ) -> None:
        self._reader = reader
        self._context = context
        self._support = context.support
        self._builder = builder
        self._zone = zone
        self._fetch = unsupported_if_rejected(reader.fetcher(context))

    def newest(self) -> dt.datetime | None:
        """Return the watermark for a full read that begins now; ``None`` if the server gives none."""
        return self._changes().newest()

    def apply(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with all changes and deletions.

        Raises
        ------
        FullReadDue
            If what was read does not account for all rows, or too little is known.
        PaginationUnsupported
            If the server does not support what this relies on.
        """
        strategy = self._support.strategy
        if strategy and strategy not in KEEPS_ORDER:
            raise PaginationUnsupported(NO_ORDER)
        if snapshot.watermark is None:
            raise PaginationUnsupported("the newest lastModifiedAt cannot be read")
        if snapshot.watermark == EPOCH:
            raise FullReadDue("nothing is known yet that changes could be read by")
        changes = self._changes()
        table, newest, total = changes.apply(snapshot.table, snapshot.watermark)
        current = replace(snapshot, table=table, watermark=newest)
        is_due = not strategy or _is_due(current)
        deleted = self._list_deleted() if is_due or snapshot.deleted else DeletedRows()
        has_same_deleted = strategy and deleted.is_whole and deleted.ids == snapshot.deleted != ()
        if table.num_rows == total and (has_same_deleted or not is_due):
            return current
        if total is not None and not is_due and (found := self._find_deleted(table, total)):
            return replace(current, table=without(table, found))
        return self._compared(changes, current, snapshot.watermark, deleted)

    def _compared(
        self, changes: Changes, current: Snapshot, watermark: dt.datetime, deleted: DeletedRows
    ) -> Snapshot:
        """Compare with the ids and ``lastModifiedAt`` of all rows, and drop those that do not exist."""
        read = self._reader.full_read(self._context, self._request(("id", "lastModifiedAt")))
        pages = [
            self._builder.build(page.records).select(["id", "last_modified_at"]) for page in read.pages()
        ]
        if read.strategy not in KEEPS_ORDER:
            raise PaginationUnsupported(NO_ORDER)
        if KEEPS_ORDER[read.strategy] != changes.sorts_by_list:
            raise FullReadDue("only another form of the sort keeps its order")
        listed = _minutes(pa.Table.from_batches(pages))
        before = after = _minutes(current.table)
        missed = {number for number, minute in listed.items() if before.get(number, -1) != minute}
        table = current.table
        if missed:  # created or edited while the ids were read, or not listed among the changes
            table, *_ = changes.apply(table, watermark)
            after = _minutes(table)
            missed = {number for number in missed if after.get(number) == before.get(number)}
        if missed or (before and not listed):
            raise FullReadDue("there are rows that are not listed among the changes")
        if deleted.ids and listed.keys() >= set(deleted.ids):  # the server ignored the rule
            self._reject(_DELETED_LIST)
        is_list_proven = deleted.is_whole and listed.keys().isdisjoint(deleted.ids)
        return replace(
            current,
            table=without(table, before.keys() - listed.keys()),
            compared_at=now(),
            deleted=deleted.ids if is_list_proven else (),
        )

    def _list_deleted(self) -> DeletedRows:
        if _DELETED_LIST not in self._support.unsupported:
            try:
                return list_deleted(self._fetch, self._request(("id",)))
            except PaginationUnsupported:
                self._reject(_DELETED_LIST)
        return DeletedRows()

    def _find_deleted(self, table: pa.Table, total: int) -> list[int]:
        """Return the deleted among many rows by counts of id ranges; none if another way is cheaper."""
        ids = table.column("id").to_pylist()
        deleted, rules_on_ids = len(ids) - total, KeysetPaginator.name
        is_cheap = 0 < deleted * _SEARCH_DEPTH < len(ids) / PAGE
        if is_cheap and rules_on_ids not in self._support.unsupported:
            with suppress(PaginationUnsupported):
                found = Deletions(self._fetch, self._request(("id",)), ids).find(total)
                if len(found) == deleted:
                    return found
            self._reject(rules_on_ids)
        return []

    def _reject(self, name: str) -> None:
        """Remember that the server does not support something."""
        self._support.reject(name)
        self._reader.remember(self._context)

    def _changes(self) -> Changes:
        request = self._request(requested_paths(self._builder.fields))
        by_list = KEEPS_ORDER.get(self._support.strategy, False)
        return Changes(self._fetch, replace(request, sorts_by_list=by_list), self._builder, self._zone)

    def _request(self, fields: Sequence[str]) -> SearchRequest:
        return all_rows(self._reader, self._context, fields)


def _is_due(snapshot: Snapshot) -> bool:
    """Return whether the ids of all rows are to be compared, even if the server's total does not differ."""
    if snapshot.table.num_rows <= _PAGES_COMPARED * PAGE or not snapshot.compared_at:
        return True
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(snapshot.compared_at)
    return not dt.timedelta() <= age < _LONGEST_UNCOMPARED


def _minutes(table: pa.Table) -> dict[int, int | None]:
    """Return for each id the minute of its last change: some servers write pages in several formats."""
    minutes = pc.floor_temporal(table.column("last_modified_at"), unit="minute").cast(pa.int64())
    return dict(zip(table.column("id").to_pylist(), minutes.to_pylist(), strict=True))
