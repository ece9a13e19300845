"""A snapshot brought up to date by what changed since, and checked against the server's count."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._frames.arrow import BatchBuilder
from salesmate_nb._reading.full_read import FullRead, probing
from salesmate_nb._reading.paginators import (
    KeysetPaginator,
    OffsetPaginator,
    PaginationUnsupported,
    Paginator,
)
from salesmate_nb._reading.query import Filters, Query
from salesmate_nb._reading.reader import ReadContext, ResourceReader
from salesmate_nb._reading.report import ReadReport
from salesmate_nb._reading.search import PAGE, SearchPage, SearchRequest, record_id
from salesmate_nb._snapshot.changes import Changes
from salesmate_nb._snapshot.deletions import Deletions
from salesmate_nb._snapshot.store import Snapshot, SnapshotFile, rows_of, wanted, with_parse_errors, without
from salesmate_nb.errors import IncompleteRead, SalesmateError
from salesmate_nb.resources.base import is_custom
from salesmate_nb.settings import Settings

log = logging.getLogger("salesmate_nb")

_STAGED = 20  # pages that are put on disk at a time
_DEPTH = 10  # calls that finding one deleted row takes, among 100,000


class SnapshotRefresher:
    """Keeps one resource's snapshot.

    What changed since the last moment that was seen before is put in. The server's own total, which comes
    with it, shows deletions: those are found by comparing counts of ranges of ids, or where the server
    takes no rules on ids, by reading all ids.

    Parameters
    ----------
    records : ResourceReader
        Reads from the server.
    file : SnapshotFile
        Where the snapshot lies.
    settings : Settings
        The time zone, and how many calls are made side by side.
    """

    def __init__(self, records: ResourceReader, file: SnapshotFile, settings: Settings) -> None:
        self._records = records
        self._file = file
        self._settings = settings
        self._noun = records.resource.name

    def table(self, query: Query) -> tuple[pa.Table, ReadReport]:
        """Return the queried rows of the snapshot, refreshed as ``query.refresh`` says, and a report.

        Raises
        ------
        SalesmateError
            If ``"never"`` finds no snapshot.
        """
        if query.refresh == "never":
            snapshot = self._file.load()
            if snapshot is None:
                raise SalesmateError(
                    f"There is no snapshot of {self._noun} in {self._file.path.parent}. Read once with "
                    "refresh='auto'."
                )
        else:
            with closing(self._records.open(replace(query, limit=None))) as reading, self._file.lock():
                snapshot = self._update(reading, anew=query.refresh == "full")
        table, unreadable = wanted(snapshot, query)
        report = ReadReport(
            strategy="snapshot",
            totals=[snapshot.table.num_rows],
            unreadable=unreadable,
            fields={field.name: field.path for field in snapshot.fields if is_custom(field.path)},
            read_at=snapshot.read_at,
        )
        return table, report

    def _update(self, reading: ReadContext, *, anew: bool) -> Snapshot:
        """Return the snapshot of now, which is on disk too."""
        self._settings.require_v4("Snapshots")
        fields, order = self._records.fields(reading)
        reader = BatchBuilder(fields, timezone=self._settings.timezone, discover=False)
        kept = None if anew else self._file.load()
        if kept is not None and set(kept.fields) == set(fields) and kept.watermark is not None:
            try:
                caught_up = self._catch_up(reading, reader, replace(kept, fields=tuple(fields)))
                return self._file.save(replace(caught_up, order=order))
            except PaginationUnsupported as err:
                log.info("the snapshot is read anew: %s", err)
        staged = self._staged(reading, reader)
        while True:
            built = self._build(reading, reader, order, staged)
            try:
                return self._file.save(self._catch_up(reading, reader, built))
            except PaginationUnsupported as err:
                log.info("what changed meanwhile cannot be told: %s", err)
            self._file.unstage()
            if staged is None:  # all of it was read just now, as a live read does
                self._check(reading, built)
                return self._file.save(replace(built, watermark=None))
            staged = None

    def _build(
        self, reading: ReadContext, reader: BatchBuilder, order: Any, staged: Snapshot | None
    ) -> Snapshot:
        """Read all rows in order of their ids, going on where a read that was cut off stopped."""
        if staged is None:
            staged = Snapshot(
                table=rows_of(reader.fields),
                fields=tuple(reader.fields),
                order=order,
                watermark=self._changes(reading, reader).newest(),
            )
        request = self._request(tuple(one.path for one in reader.fields))
        if staged.table.num_rows:
            request = request.above(_last(staged.table))
        sweep = self._sweep(reading, request, ordered=True)
        pages = [staged.table, *self._staging(reading, sweep, reader, staged)]
        table = rows_of(reader.fields, pages).sort_by("id")
        return replace(staged, table=table, order=order)

    def _staged(self, reading: ReadContext, reader: BatchBuilder) -> Snapshot | None:
        """Return what a read that was cut off had, where it can be gone on with."""
        staged = self._file.staged(reader.fields)
        if staged is not None and staged.watermark is not None:
            last = _last(staged.table)
            rest = replace(self._request(("id",)).above(last), rows=1)
            with suppress(PaginationUnsupported):
                if all(record_id(one) > last for one in self._probe(reading)(rest).records):
                    return staged
        self._file.unstage()
        return None

    def _staging(
        self, reading: ReadContext, sweep: FullRead, reader: BatchBuilder, staged: Snapshot
    ) -> Iterator[pa.Table]:
        """Yield the rows of a read, and put them on disk a few pages at a time, whatever ends it."""
        waiting: list[pa.RecordBatch] = []

        def put() -> pa.Table:
            rows = rows_of(reader.fields, waiting)
            waiting.clear()
            self._file.stage(replace(staged, table=rows))
            return rows

        try:
            for rows in reading.typed(sweep, reader):
                waiting.append(with_parse_errors(rows, reader.parse_errors))
                if len(waiting) == _STAGED:
                    yield put()
        except BaseException:
            put()
            raise
        yield put()

    def _catch_up(self, reading: ReadContext, reader: BatchBuilder, kept: Snapshot) -> Snapshot:
        """Take over what changed, and drop what is gone.

        Raises
        ------
        PaginationUnsupported
            Where the server does not do what this builds on, or tells of rows that are not to be found.
        """
        if kept.watermark is None:
            raise PaginationUnsupported("the newest lastModifiedAt cannot be read")
        changes = self._changes(reading, reader)
        table, newest, total = changes.apply(kept.table, kept.watermark)
        if table.num_rows != total:
            table = self._without_deleted(reading, changes, table, kept.watermark, total)
        return replace(kept, table=table, watermark=newest)

    def _without_deleted(
        self,
        reading: ReadContext,
        changes: Changes,
        table: pa.Table,
        watermark: dt.datetime,
        total: int | None,
    ) -> pa.Table:
        """Return the rows that the server still has; where it tells no total, that takes all ids."""
        ids = table.column("id").to_pylist()
        gone = 0 if total is None else len(ids) - total
        if 0 < gone * _DEPTH < len(ids) / PAGE:
            found = Deletions(self._probe(reading), self._request(("id",)), ids).find(len(ids) - gone)
            if len(found) == gone:
                return without(table, found)
        there = self._all_ids(reading)
        if there - set(ids):  # made while the ids were read, or hidden from those that changed
            table, *_ = changes.apply(table, watermark)
            if there.difference(table.column("id").to_pylist()):
                raise PaginationUnsupported("there are rows that were not among those that changed")
        return without(table, set(ids) - there)

    def _all_ids(self, reading: ReadContext) -> set[int]:
        sweep = self._sweep(reading, self._request(("id",)), workers=self._settings.concurrency)
        return {record_id(record) for page in sweep.pages() for record in page.records}

    def _check(self, reading: ReadContext, built: Snapshot) -> None:
        """Count once more, where changes cannot be asked for."""
        total = self._records.fetcher(reading)(self._request(("id",), rows=1)).total
        if total is not None and total > built.table.num_rows:
            raise IncompleteRead(
                f"Only {built.table.num_rows:,} of {total:,} {self._noun} could be read. Try again.",
                read=built.table.num_rows,
                total=total,
            )

    def _changes(self, reading: ReadContext, reader: BatchBuilder) -> Changes:
        everything = self._request(tuple(one.path for one in reader.fields))
        return Changes(self._probe(reading), everything, reader, ZoneInfo(self._settings.timezone))

    def _sweep(self, reading: ReadContext, request: SearchRequest, **how: Any) -> FullRead:
        ways: list[Paginator] = [KeysetPaginator(), OffsetPaginator()]
        return FullRead(
            self._records.fetcher(reading),
            request,
            ways,
            plan=reading.plan,
            cancel=reading.waiter.cancel,
            **how,
        )

    def _probe(self, reading: ReadContext) -> Callable[[SearchRequest], SearchPage]:
        return probing(self._records.fetcher(reading))

    def _request(self, fields: tuple[str, ...], **how: Any) -> SearchRequest:
        made = SearchRequest.matching(Filters(), fields, self._records.resource)
        return replace(made, **how)


def _last(table: pa.Table) -> int:
    return int(pc.max(table.column("id")).as_py())
