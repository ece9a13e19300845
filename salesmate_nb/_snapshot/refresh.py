"""Snapshots kept up to date: by what changed, or in full if changes would not show everything."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection
from dataclasses import replace
from typing import Any
from weakref import WeakSet
from zoneinfo import ZoneInfo

import pyarrow as pa

from salesmate_nb._base.warn import warn
from salesmate_nb._frames.arrow import BatchBuilder, arrow_schema
from salesmate_nb._history.folder import HistoryFolder
from salesmate_nb._history.history import History
from salesmate_nb._history.recorder import NONE, State, record
from salesmate_nb._history.timeline import timeline
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._reading.read_context import ReadContext
from salesmate_nb._reading.reader import ResourceReader
from salesmate_nb._reading.report import ReadReport
from salesmate_nb._search.columns import choose_columns
from salesmate_nb._search.filters.unmatched import FilterTally
from salesmate_nb._search.query import Query
from salesmate_nb._search.search import PAGE
from salesmate_nb._snapshot.changes import FullReadDue
from salesmate_nb._snapshot.incremental import (
    KEEPS_ORDER,
    NO_ORDER,
    IncrementalRead,
    pages_read_again,
    refreshes_per_round,
)
from salesmate_nb._snapshot.merge import select
from salesmate_nb._snapshot.rebuild import Rebuild
from salesmate_nb._snapshot.store import UNREADABLE, Snapshot, SnapshotFile
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources.base import is_custom
from salesmate_nb.settings import Settings

log = logging.getLogger("salesmate_nb")

_warned: WeakSet[ResourceReader] = WeakSet()  # each is of one connection


class SnapshotRefresher:
    """Keeps the snapshot of one resource up to date.

    A refresh reads what changed, if the server is known to keep the order of a list from page to page.
    Otherwise it reads all rows, and says so once for each connection. A list of two pages is always read in
    full. The file is replaced at the end: a refresh that fails leaves it as it was.

    Parameters
    ----------
    reader : ResourceReader
        Reads from the server.
    file : SnapshotFile
        Where the snapshot is stored.
    settings : Settings
        The time zone of timestamps written without one.
    history : HistoryFolder, optional
        Where to keep what each refresh found to have changed.
    """

    def __init__(
        self,
        reader: ResourceReader,
        file: SnapshotFile,
        settings: Settings,
        history: HistoryFolder | None = None,
    ) -> None:
        self._reader = reader
        self._file = file
        self._settings = settings
        self._history = history
        self._noun = reader.resource.name

    def table(self, query: Query) -> tuple[pa.Table, ReadReport]:
        """Return the queried rows of the snapshot, refreshed as ``query.refresh`` says, and a report.

        Raises
        ------
        SalesmateError
            If ``"never"`` finds no snapshot, or a column does not exist.
        """
        snapshot = self._load() if query.refresh == "never" else self._refresh(query)
        if query.refresh != "never" and self._reader.renew_fields():  # there are others than were listed
            snapshot = self._refresh(query)
        past: dict[str, Any] = {}
        if query.as_of is not None:
            history = self._load_history(snapshot)
            history.check(query.as_of, self._noun, self._settings.zone)
            past = history.report(query.as_of)
            table = history.as_of(query.as_of, _schema(snapshot))
            snapshot = replace(snapshot, table=table, read_at=past.pop("read_at"), checked_since="")
        query = replace(query, filters=query.filters.bound(snapshot.fields))
        table, unreadable = select(snapshot, query)
        tally = FilterTally(query.filters)
        tally.add(snapshot.table)
        self._reader.warn_of_unmatched(tally, snapshot.order, asks=query.refresh != "never")
        report = ReadReport(
            strategy="snapshot",
            passes=0,
            totals=[snapshot.table.num_rows],
            unreadable=unreadable,
            fields={field.name: field.path for field in snapshot.fields if is_custom(field.path)},
            read_at=snapshot.read_at,
            checked_since=snapshot.checked_since,
            checked_within=refreshes_per_round(snapshot.table.num_rows),
            **past,
        )
        return table, report

    def events(
        self, since: dt.datetime | None, names: Collection[str] | None, ids: Collection[int] | None
    ) -> tuple[pa.Table, Snapshot, dict[str, Any]]:
        """Return the events of the history, the snapshot beside it, and what is known of which time.

        Parameters are those of :func:`salesmate_nb._history.timeline.timeline`.

        Raises
        ------
        SalesmateError
            If there is no snapshot, or its history cannot be read.
        """
        snapshot = self._load()
        history = self._load_history(snapshot)
        table = timeline(history, _schema(snapshot), since=since, names=names, ids=ids)
        return table, snapshot, history.known(since)

    def _load_history(self, snapshot: Snapshot) -> History:
        history = None
        if self._history is not None and snapshot.history != NONE:
            history = self._history.load(snapshot.history, snapshot.paths)
        if history is None:
            raise SalesmateError(
                f"There is no history of {self._noun} yet. It begins with the next refresh='auto'."
            )
        return history

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
            query.filters.bound(fields)
            builder = BatchBuilder(fields, timezone=self._settings.zone, discover=False)
            zone = ZoneInfo(self._settings.zone)
            self._file.remove_others()
            previous = self._file.load()
            saved = None if query.refresh == "full" else previous
            reason = ""
            if saved is not None and set(saved.fields) == set(fields) and _is_long(saved):
                try:
                    incremental = IncrementalRead(self._reader, context, builder, zone)
                    current = incremental.apply(replace(saved, fields=tuple(fields)))
                    return self._save(previous, replace(current, order=order), context)
                except PaginationUnsupported as err:
                    log.info("%s cannot be refreshed, reading all of them: %s", self._noun, err)
                    reason = "" if isinstance(err, FullReadDue) else str(err)
            rebuild = Rebuild(self._reader, context, builder, zone, file=self._file, order=order)
            is_resumable = query.refresh != "full"
            built = self._save(previous, rebuild.read(saved, is_resumable=is_resumable), context)
        if saved is not None and _is_long(built):
            self._say(NO_ORDER if rebuild.strategy not in KEEPS_ORDER else reason)
        return built

    def _save(self, previous: Snapshot | None, current: Snapshot, context: ReadContext) -> Snapshot:
        """Write what changed to the history, and then the snapshot, which makes it count."""
        read_at = context.read_at()
        current = replace(current, read_at=read_at.isoformat(timespec="seconds"))
        if self._history is None:
            return self._file.save(current)
        with self._file.writing(self._history.path):
            before = None if previous is None else _state(previous, _time(previous.read_at))
            after = _state(current, read_at)
            number = record(self._history, NONE if previous is None else previous.history, before, after)
            saved = self._file.save(replace(current, history=number))
            self._history.compact(number, saved.paths)
        return saved

    def _say(self, reason: str) -> None:
        """Say why all rows were read, once for each connection."""
        if reason and self._reader not in _warned:
            _warned.add(self._reader)
            warn(
                f"refresh='auto' reads all {self._noun} here, not only those that changed: {reason}. "
                "No row is missing, but it takes as many API calls as a live read."
            )


def _state(snapshot: Snapshot, read_at: dt.datetime) -> State:
    return State(table=snapshot.table, fields=snapshot.paths, read_at=read_at)


def _schema(snapshot: Snapshot) -> pa.Schema:
    return arrow_schema((*snapshot.fields, UNREADABLE))


def _time(written: str) -> dt.datetime:
    return dt.datetime.fromisoformat(written)


def _is_long(snapshot: Snapshot) -> bool:
    """Return whether a snapshot has more rows than each refresh reads again in any case."""
    rows = int(snapshot.table.num_rows)
    return rows > PAGE * pages_read_again(rows)
