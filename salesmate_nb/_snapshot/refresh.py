"""A snapshot refreshed with the changes and deletions since, and checked against the server's total."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._frames.arrow import BatchBuilder
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._pagination.paginators import paginators_for
from salesmate_nb._pagination.parallel_fetch import unsupported_if_rejected
from salesmate_nb._reading.full_read import FullRead
from salesmate_nb._reading.reader import ReadContext, ResourceReader
from salesmate_nb._reading.report import ReadReport
from salesmate_nb._search.query import Filters, Query, choose_columns
from salesmate_nb._search.search import PAGE, SearchPage, SearchRequest, record_id
from salesmate_nb._snapshot.changes import Changes
from salesmate_nb._snapshot.deletions import Deletions
from salesmate_nb._snapshot.merge import rows_of, select, with_parse_errors, without
from salesmate_nb._snapshot.store import Snapshot, SnapshotFile
from salesmate_nb.errors import IncompleteRead, SalesmateError
from salesmate_nb.resources.base import is_custom, requested_paths
from salesmate_nb.settings import Settings

log = logging.getLogger("salesmate_nb")

_CHECKPOINT_PAGES = 20  # pages that are written to disk at a time
_SEARCH_DEPTH = 10  # requests that finding one deleted row takes, among 100,000


class SnapshotRefresher:
    """Keeps the snapshot of one resource up to date.

    Rows modified since the watermark are upserted. The server's own total, which comes with them, shows
    whether rows were deleted: those are found by comparing counts of id ranges or, if the server does not
    support rules on ids, by reading all ids.

    Parameters
    ----------
    reader : ResourceReader
        Reads from the server.
    file : SnapshotFile
        Where the snapshot is stored.
    settings : Settings
        The time zone, and how many requests run at a time.
    """

    def __init__(self, reader: ResourceReader, file: SnapshotFile, settings: Settings) -> None:
        self._reader = reader
        self._file = file
        self._settings = settings
        self._noun = reader.resource.name

    def table(self, query: Query) -> tuple[pa.Table, ReadReport]:
        """Return the queried rows of the snapshot, refreshed as ``query.refresh`` says, and a report.

        Raises
        ------
        SettingsError
            If there is no v4 API to read from.
        SalesmateError
            If ``"never"`` finds no snapshot, or a column does not exist.
        """
        self._settings.require_v4("Snapshots")
        snapshot = self._load() if query.refresh == "never" else self._refresh(query)
        table, unreadable = select(snapshot, query)
        report = ReadReport(
            strategy="snapshot",
            passes=0,
            totals=[snapshot.table.num_rows],
            unreadable=unreadable,
            fields={field.name: field.path for field in snapshot.fields if is_custom(field.path)},
            read_at=snapshot.read_at,
        )
        return table, report

    def _load(self) -> Snapshot:
        snapshot = self._file.load()
        if snapshot is None:
            raise SalesmateError(
                f"There is no snapshot of {self._noun} in {self._file.path.parent}. Read once with "
                "refresh='auto'."
            )
        return snapshot

    def _refresh(self, query: Query) -> Snapshot:
        """Return the current snapshot, which is saved too."""
        every = Query(progress=query.progress, wait=query.wait)
        with self._reader.open(every) as context, self._file.lock():
            known = self._reader.fields(context)
            fields, order = known.fields, self._reader.order(context, known, known.fields)
            if query.columns is not None:
                choose_columns(query.columns, fields)  # a misspelt one costs no read
            builder = BatchBuilder(fields, timezone=self._settings.zone, discover=False)
            saved = None if query.refresh == "full" else self._file.load()
            if saved is not None and set(saved.fields) == set(fields) and saved.watermark is not None:
                try:
                    current = self._catch_up(context, builder, replace(saved, fields=tuple(fields)))
                    return self._file.save(replace(current, order=order))
                except PaginationUnsupported as err:
                    log.info("%s cannot be refreshed, reading all of them: %s", self._noun, err)
            return self._rebuild(context, builder, order)

    def _rebuild(
        self, context: ReadContext, builder: BatchBuilder, order: Mapping[str, Sequence[str]]
    ) -> Snapshot:
        """Read all rows, resuming an interrupted read once, and save them."""
        checkpoint = self._checkpoint(context, builder)
        while True:
            built = self._read_all(context, builder, order, checkpoint)
            try:
                return self._file.save(self._catch_up(context, builder, built))
            except PaginationUnsupported as err:
                log.info("changes to %s during the read cannot be listed: %s", self._noun, err)
            self._file.discard_checkpoint()
            if checkpoint is None:  # every row was read just now, as by a live read
                self._check_total(context, built)
                return self._file.save(replace(built, watermark=None))
            checkpoint = None

    def _checkpoint(self, context: ReadContext, builder: BatchBuilder) -> Snapshot | None:
        """Return the rows of an interrupted read, if the server's rules on ids allow to resume it."""
        checkpoint = self._file.load_checkpoint(builder.fields)
        if checkpoint is not None and checkpoint.watermark is not None:
            last = _last_id(checkpoint.table)
            rest = replace(self._request(("id",)).above(last), rows=1)
            with suppress(PaginationUnsupported):
                if all(record_id(record) > last for record in self._probe(context)(rest).records):
                    return checkpoint
        self._file.discard_checkpoint()
        return None

    def _read_all(
        self,
        context: ReadContext,
        builder: BatchBuilder,
        order: Mapping[str, Sequence[str]],
        checkpoint: Snapshot | None,
    ) -> Snapshot:
        """Read all rows by id, resuming an interrupted read."""
        if checkpoint is None:
            checkpoint = Snapshot(
                table=rows_of(builder.fields),
                fields=tuple(builder.fields),
                order=order,
                watermark=self._changes(context, builder).newest(),
            )
        request = self._request(requested_paths(builder.fields))
        if checkpoint.table.num_rows:
            request = request.above(_last_id(checkpoint.table))
        read = self._full_read(context, request, ordered=True)
        typed = context.typed(read, builder)
        pages = [checkpoint.table, *self._with_checkpoints(typed, builder, checkpoint, read)]
        return replace(checkpoint, table=rows_of(builder.fields, pages).sort_by("id"), order=order)

    def _with_checkpoints(
        self, pages: Iterator[pa.RecordBatch], builder: BatchBuilder, checkpoint: Snapshot, read: FullRead
    ) -> Iterator[pa.Table]:
        """Yield the rows of a read; write them to disk a few pages at a time, and when it is interrupted.

        A read whose rows arrive in another order than that of their ids cannot be resumed.
        """
        unsaved: list[pa.RecordBatch] = []

        def save() -> pa.Table:
            rows = rows_of(builder.fields, unsaved)
            unsaved.clear()
            if read.is_ordered:
                self._file.add_to_checkpoint(replace(checkpoint, table=rows))
            else:
                self._file.discard_checkpoint()
            return rows

        try:
            for rows in pages:
                unsaved.append(with_parse_errors(rows, builder.parse_errors))
                if len(unsaved) == _CHECKPOINT_PAGES:
                    yield save()
        except BaseException:
            save()
            raise
        yield save()

    def _catch_up(self, context: ReadContext, builder: BatchBuilder, snapshot: Snapshot) -> Snapshot:
        """Apply changes and deletions since the watermark.

        Raises
        ------
        PaginationUnsupported
            If the server does not support what this relies on, or counts rows that cannot be found.
        """
        if snapshot.watermark is None:
            raise PaginationUnsupported("the newest lastModifiedAt cannot be read")
        changes = self._changes(context, builder)
        table, newest, total = changes.apply(snapshot.table, snapshot.watermark)
        if table.num_rows != total:
            table = self._without_deleted(context, changes, table, snapshot.watermark, total)
        return replace(snapshot, table=table, watermark=newest)

    def _without_deleted(
        self,
        context: ReadContext,
        changes: Changes,
        table: pa.Table,
        watermark: dt.datetime,
        total: int | None,
    ) -> pa.Table:
        """Return the rows that the server still has; if it gives no total, that takes reading all ids."""
        ids = table.column("id").to_pylist()
        deleted = 0 if total is None else len(ids) - total
        if 0 < deleted * _SEARCH_DEPTH < len(ids) / PAGE:
            found = Deletions(self._probe(context), self._request(("id",)), ids).find(len(ids) - deleted)
            if len(found) == deleted:
                return without(table, found)
        present = self._all_ids(context)
        if present - set(ids):  # created while the ids were read, or not listed among the changes
            table, *_ = changes.apply(table, watermark)
            if present.difference(table.column("id").to_pylist()):
                raise PaginationUnsupported("there are rows that are not listed among the changes")
        return without(table, set(ids) - present)

    def _all_ids(self, context: ReadContext) -> set[int]:
        read = self._full_read(context, self._request(("id",)), workers=self._settings.concurrency)
        return {record_id(record) for page in read.pages() for record in page.records}

    def _check_total(self, context: ReadContext, built: Snapshot) -> None:
        """Compare with the server's total once more, if changes cannot be listed."""
        total = self._reader.fetcher(context)(self._request(("id",), rows=1)).total
        if total is not None and total > built.table.num_rows:
            raise IncompleteRead(
                f"Only {built.table.num_rows:,} of {total:,} {self._noun} could be read. Try again.",
                read=built.table.num_rows,
                total=total,
            )

    def _changes(self, context: ReadContext, builder: BatchBuilder) -> Changes:
        everything = self._request(requested_paths(builder.fields))
        return Changes(self._probe(context), everything, builder, ZoneInfo(self._settings.zone))

    def _full_read(self, context: ReadContext, request: SearchRequest, **options: Any) -> FullRead:
        zone = ZoneInfo(self._settings.zone)
        paginators = [paginator for paginator in paginators_for("v4", zone) if paginator.sort == "id"]
        return FullRead(
            self._reader.fetcher(context),
            request,
            paginators,
            plan=context.plan,
            cancel=context.waiter.cancel,
            **options,
        )

    def _probe(self, context: ReadContext) -> Callable[[SearchRequest], SearchPage]:
        return unsupported_if_rejected(self._reader.fetcher(context))

    def _request(self, fields: tuple[str, ...], **changes: Any) -> SearchRequest:
        request = SearchRequest.matching(Filters(), fields, self._reader.resource)
        return replace(request, **changes)


def _last_id(table: pa.Table) -> int:
    return int(pc.max(table.column("id")).as_py())
