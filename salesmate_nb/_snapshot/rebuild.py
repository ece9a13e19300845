"""Full reads into a snapshot: resumed if interrupted, and not believed if rows disappeared unexplained."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._frames.arrow import BatchBuilder
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._pagination.paginators import KeysetPaginator
from salesmate_nb._pagination.parallel_fetch import unsupported_if_rejected
from salesmate_nb._reading.full_read import FullRead
from salesmate_nb._reading.read_context import ReadContext
from salesmate_nb._reading.reader import ResourceReader
from salesmate_nb._search.search import PAGE, record_id
from salesmate_nb._snapshot.incremental import KEEPS_ORDER, IncrementalRead, all_rows, with_lateness
from salesmate_nb._snapshot.merge import rows_of, upsert, with_parse_errors
from salesmate_nb._snapshot.store import Snapshot, SnapshotFile, now
from salesmate_nb.errors import IncompleteRead, SalesmateError
from salesmate_nb.resources.base import requested_paths

log = logging.getLogger("salesmate_nb")

_CHECKPOINT_PAGES = 20  # pages that are written to disk at a time
_LONGEST_PAUSE = dt.timedelta(days=1)  # after which an interrupted read begins from scratch


class Rebuild:
    """Reads all rows of a resource, by whatever strategy the server supports.

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
    file : SnapshotFile
        Holds the checkpoint.
    order : mapping of str to sequence of str
        The values of columns that are chosen from a list, in the server's order.

    Attributes
    ----------
    strategy : str
        The strategy of the last full read.
    """

    def __init__(
        self,
        reader: ResourceReader,
        context: ReadContext,
        builder: BatchBuilder,
        zone: ZoneInfo,
        *,
        file: SnapshotFile,
        order: Mapping[str, Sequence[str]],
    ) -> None:
        self.strategy = ""
        self._reader = reader
        self._context = context
        self._builder = builder
        self._file = file
        self._order = order
        self._incremental = IncrementalRead(reader, context, builder, zone)
        self._is_counted = False

    def read(self, known: Snapshot | None, *, is_resumable: bool) -> Snapshot:
        """Return all rows.

        Parameters
        ----------
        known : Snapshot or None
            The previous snapshot, whose rows do not disappear unexplained; ``None`` to accept whatever the
            server returns.
        is_resumable : bool
            Whether an interrupted read may be resumed; if not, its rows are discarded.

        Raises
        ------
        IncompleteRead
            If the server returns no rows though there were some, or not all of them.
        """
        if not is_resumable:
            self._file.discard_checkpoint()
        resumed = self._resumed()
        if resumed is not None:
            return resumed
        has_pages = known is None or known.table.num_rows > PAGE
        built = self._read_all(self._start(has_pages=has_pages))
        if known is None or not known.table.num_rows:
            return built
        if not built.table.num_rows:
            return self._read_again_if_empty(known)
        gone = set(known.table.column("id").to_pylist()).difference(built.table.column("id").to_pylist())
        if gone and not self._is_counted:  # two reads have to agree
            again = self._read_all(self._start(has_pages=False))
            built = replace(built, table=upsert(built.table, again.table))
        return with_lateness(built, known)

    def _resumed(self) -> Snapshot | None:
        """Return what resuming an interrupted read gives, or ``None`` if all has to be read."""
        checkpoint = self._checkpoint()
        try:
            return None if checkpoint is None else self._incremental.apply(self._read_all(checkpoint))
        except PaginationUnsupported as err:
            log.info("the interrupted read cannot be resumed: %s", err)
            self._file.discard_checkpoint()
            return None

    def _checkpoint(self) -> Snapshot | None:
        """Return the rows of an interrupted read, if the server's rules on ids allow to resume it."""
        checkpoint = self._file.load_checkpoint(self._builder.fields)
        if checkpoint is not None and self._can_resume and _is_recent(checkpoint):
            last = _last_id(checkpoint.table)
            rest = replace(all_rows(self._reader, self._context, ("id",)).above(last), rows=1, is_probe=True)
            with suppress(PaginationUnsupported):
                fetch = unsupported_if_rejected(self._reader.fetcher(self._context))
                if all(record_id(record) > last for record in fetch(rest).records):
                    return replace(checkpoint, order=self._order)
        self._file.discard_checkpoint()
        return None

    @property
    def _can_resume(self) -> bool:
        """Whether a read could be resumed, as far as is known: by order and by rules on ids."""
        support = self._context.support
        is_ordered = not support.strategy or support.strategy in KEEPS_ORDER
        return is_ordered and KeysetPaginator.name not in support.unsupported

    def _start(self, *, has_pages: bool) -> Snapshot:
        """Return an empty snapshot with the watermark of now, if changes since could be of use."""
        strategy = self._context.support.strategy
        is_useful = has_pages and (not strategy or strategy in KEEPS_ORDER)
        empty = Snapshot(
            table=rows_of(self._builder.fields), fields=tuple(self._builder.fields), order=self._order
        )
        return self._incremental.start(empty, is_useful=is_useful)

    def _read_all(self, start: Snapshot) -> Snapshot:
        """Read the rows that a start does not have."""
        request = all_rows(self._reader, self._context, requested_paths(self._builder.fields))
        if start.table.num_rows:
            request = request.above(_last_id(start.table))
        can_resume = self._can_resume
        read = self._reader.full_read(self._context, request, ordered=can_resume)
        pages = [start.table, *self._with_checkpoints(read, start, can_resume=can_resume)]
        table = rows_of(self._builder.fields, pages).sort_by("id")
        self.strategy = read.strategy
        self._is_counted = bool(read.totals) and table.num_rows == max(read.totals)
        return replace(start, table=table, compared_at="" if start.table.num_rows else now())

    def _with_checkpoints(self, read: FullRead, start: Snapshot, *, can_resume: bool) -> Iterator[pa.Table]:
        """Yield the rows of a read; write them to disk a few pages at a time, and when it is interrupted.

        A read whose rows arrive in another order than that of their ids cannot be resumed.
        """
        unsaved: list[pa.RecordBatch] = []

        def save() -> pa.Table:
            rows = rows_of(self._builder.fields, unsaved)
            unsaved.clear()
            if can_resume and read.is_ordered:
                self._file.add_to_checkpoint(replace(start, table=rows))
            else:
                self._file.discard_checkpoint()
            return rows

        try:
            for rows in self._context.typed(read, self._builder):
                unsaved.append(with_parse_errors(rows, self._builder.parse_errors))
                if len(unsaved) == _CHECKPOINT_PAGES:
                    yield save()
        except BaseException:
            with suppress(SalesmateError):  # the disk is full, or the login was removed
                save()
            raise
        yield save()

    def _read_again_if_empty(self, known: Snapshot) -> Snapshot:
        """Read again if a request of another kind finds rows after all.

        On a live account, an empty response was found to be a fault, and not a deletion of everything.
        """
        by_epoch = not self._context.support.needs_epoch
        other = replace(all_rows(self._reader, self._context, ("id",)), sort="createdAt", is_descending=True)
        fetch = unsupported_if_rejected(self._reader.fetcher(self._context))
        with suppress(PaginationUnsupported):
            if fetch(replace(other.unfiltered(by_epoch=by_epoch), is_probe=True)).records:
                built = self._read_all(self._start(has_pages=False))
                if built.table.num_rows:
                    return built
        noun, count = self._reader.resource.name, known.table.num_rows
        raise IncompleteRead(
            f"Salesmate returned no {noun}, but there were {count:,} at {known.read_at}. The snapshot was "
            "kept: refresh='never' reads it. Such a response is more often a fault than true, so try again "
            f"later. If all {noun} were really deleted, refresh='full' accepts that.",
            read=0,
            total=count,
        )


def _is_recent(checkpoint: Snapshot) -> bool:
    """Return whether an interrupted read began a short while ago, and changes since can be read."""
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(checkpoint.began_at)
    return checkpoint.watermark is not None and age < _LONGEST_PAUSE


def _last_id(table: pa.Table) -> int:
    return int(pc.max(table.column("id")).as_py())
