"""A snapshot brought up to date by what changed since, and checked against the server's count."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb.errors import IncompleteRead, SalesmateError, SettingsError
from salesmate_nb.filters import Filters
from salesmate_nb.frame import PageReader, assemble
from salesmate_nb.records import Reading, Records
from salesmate_nb.schema import Field, is_custom
from salesmate_nb.search import PAGE, Page, Record, Request, identity, modified
from salesmate_nb.settings import Settings
from salesmate_nb.snapshot import (
    UNREADABLE,
    Snapshot,
    SnapshotFile,
    field_named,
    rows_of,
    upsert,
    without,
)
from salesmate_nb.sweep import Sweep
from salesmate_nb.ways import Dishonoured, Keyset, Newest, Offsets, Walk

log = logging.getLogger("salesmate_nb")

Refresh = Literal["auto", "full", "never"]
REFRESHES = ("auto", "full", "never")

_OVERLAP = dt.timedelta(minutes=2)  # moments may be told to the minute
_FOLD = dt.timedelta(minutes=62)  # without a zone, an hour of autumn is told twice
_ZONED = re.compile(r".*(Z|[+-]\d\d:?\d\d)|\d+(\.\d+)?")
_EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # where there are no rows yet
_STAGED = 20  # pages that are put on disk at a time
_DEPTH = 10  # calls that finding one deleted row takes, among 100,000


class Refresher:
    """Keeps one module's snapshot.

    What changed since is asked for newest first, down to the last moment that was seen before, and a
    little further. The server's own total, which comes with it, shows deletions: those are found by
    comparing counts of ranges of ids, or where the server takes no rules on ids, by reading all ids.

    Parameters
    ----------
    records : Records
        Reads from the server.
    file : SnapshotFile
        Where the snapshot lies.
    settings : Settings
        The time zone, and how many calls are made side by side.
    """

    def __init__(self, records: Records, file: SnapshotFile, settings: Settings) -> None:
        self._records = records
        self._file = file
        self._settings = settings
        self._zone = ZoneInfo(settings.timezone)
        self._noun = records.module.name

    def table(
        self,
        mode: Refresh,
        filters: Filters,
        *,
        columns: Sequence[str] | None,
        limit: int | None,
        progress: bool | None,
        wait: bool,
    ) -> tuple[pa.Table, dict[str, Any]]:
        """Return wanted rows of the snapshot, refreshed as `mode` says, and what is to be known of them.

        Raises
        ------
        SalesmateError
            Where `mode` is none, or ``"never"`` finds no snapshot.
        """
        if mode not in REFRESHES:
            raise SalesmateError(f"refresh={mode!r} is not known. Use None, 'auto', 'full' or 'never'.")
        if mode == "never":
            snapshot = self._file.load()
            if snapshot is None:
                raise SalesmateError(
                    f"There is no snapshot of {self._noun} in {self._file.path.parent}. Read once with "
                    "refresh='auto'."
                )
        else:
            with closing(self._records.reading(progress=progress, wait=wait)) as reading, self._file.lock():
                snapshot = self._update(reading, anew=mode == "full")
        table, unreadable = _wanted(snapshot, filters, columns, limit)
        told = {
            "way": "snapshot",
            "totals": [snapshot.table.num_rows],
            "unreadable": unreadable,
            "fields": {one.name: one.path for one in snapshot.fields if is_custom(one.path)},
            "read_at": snapshot.read_at,
        }
        return table, told

    def _update(self, reading: Reading, *, anew: bool) -> Snapshot:
        """Return the snapshot of now, which is on disk too."""
        if self._settings.linkname is None:
            raise SettingsError(
                "Snapshots need the v4 search, since v1 cannot be asked what changed. "
                "Set SALESMATE_LINKNAME, or read live with refresh=None."
            )
        fields, order = self._records.catalogue(reading)
        reader = PageReader(fields, timezone=self._settings.timezone, discover=False)
        kept = None if anew else self._file.load()
        if kept is not None and set(kept.fields) == set(fields) and kept.watermark is not None:
            try:
                caught_up = self._catch_up(reading, reader, replace(kept, fields=tuple(fields)))
                return self._file.save(replace(caught_up, order=order))
            except Dishonoured as err:
                log.info("the snapshot is read anew: %s", err)
        staged = self._staged(reading, reader)
        while True:
            built = self._build(reading, reader, order, staged)
            try:
                return self._file.save(self._catch_up(reading, reader, built))
            except Dishonoured as err:
                log.info("what changed meanwhile cannot be told: %s", err)
            self._file.unstage()
            if staged is None:  # all of it was read just now, as a live read does
                self._check(reading, built)
                return self._file.save(replace(built, watermark=None))
            staged = None

    def _build(self, reading: Reading, reader: PageReader, order: Any, staged: Snapshot | None) -> Snapshot:
        """Read all rows in order of their ids, going on where a read that was cut off stopped."""
        ask = self._records.ask(reading)
        if staged is None:
            staged = Snapshot(
                table=rows_of(reader.fields),
                fields=tuple(reader.fields),
                order=order,
                watermark=self._newest(ask),
            )
        request = self._request(tuple(one.path for one in reader.fields))
        if staged.table.num_rows:
            request = request.above(_last(staged.table))
        sweep = Sweep(
            ask, request, [Keyset(), Offsets()], ordered=True, plan=reading.plan, halt=reading.patience.end
        )
        pages = [staged.table, *self._staging(reading, sweep, reader, staged)]
        table = rows_of(reader.fields, pages).sort_by("id")
        return replace(staged, table=table, order=order)

    def _staged(self, reading: Reading, reader: PageReader) -> Snapshot | None:
        """Return what a read that was cut off had, where it can be gone on with."""
        staged = self._file.staged(reader.fields)
        if staged is not None and staged.watermark is not None:
            last = _last(staged.table)
            rest = replace(self._request(("id",)).above(last), rows=1)
            if all(identity(one) > last for one in self._records.ask(reading)(rest).records):
                return staged
        self._file.unstage()
        return None

    def _newest(self, ask: Callable[[Request], Page]) -> dt.datetime | None:
        """Return the moment of the last change of all, or ``None`` where that cannot be read."""
        fields = ("id", "lastModifiedAt")
        newest = ask(self._request(fields, sort="lastModifiedAt", is_descending=True, rows=1)).records
        try:
            return self._moment(newest[0]) if newest else _EVER
        except Dishonoured:
            return None

    def _staging(
        self, reading: Reading, sweep: Sweep, reader: PageReader, staged: Snapshot
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
                waiting.append(_marked(rows, reader))
                if len(waiting) == _STAGED:
                    yield put()
        except BaseException:
            put()
            raise
        yield put()

    def _catch_up(self, reading: Reading, reader: PageReader, kept: Snapshot) -> Snapshot:
        """Take over what changed, and drop what is gone.

        Raises
        ------
        Dishonoured
            Where the server does not do what this builds on, or tells of rows that are not to be found.
        """
        if kept.watermark is None:
            raise Dishonoured("the newest lastModifiedAt cannot be read")
        table, newest, total = self._with_changes(reading, reader, kept.table, kept.watermark)
        if table.num_rows != total:
            table = self._without_deleted(reading, reader, table, kept.watermark, total)
        return replace(kept, table=table, watermark=newest)

    def _with_changes(
        self, reading: Reading, reader: PageReader, table: pa.Table, watermark: dt.datetime
    ) -> tuple[pa.Table, dt.datetime, int | None]:
        """Put in what changed since; return the rows, when the last one changed, and the server's total."""
        ask = self._records.ask(reading)
        fields = tuple(one.path for one in reader.fields)
        start = self._request(fields, sort="lastModifiedAt", is_descending=True)
        walk = Walk(Newest(self._zone), start)
        changed: list[pa.RecordBatch] = []
        seen: set[int] = set()
        page = first = ask(start)
        while True:
            rows, ids = _typed(page, reader)
            changed.append(rows.filter(pa.array([one not in seen for one in ids], pa.bool_())))
            seen.update(ids)
            walk.take(page)
            if walk.request is None or self._is_known(page.records[-1], watermark):
                break
            if all(map(_is_zoned, page.records)) and _tells_seconds(table) and _holds(table, rows):
                break  # nothing new, though within the overlap: many changed at once
            page = ask(walk.request)
        updated = upsert(table, rows_of(reader.fields, changed))
        newest = self._moment(first.records[0]) if first.records else watermark
        if page is first:
            return updated, newest, first.total
        again = ask(start)  # what changed once more meanwhile went to the front, past the walk
        return upsert(updated, rows_of(reader.fields, [_typed(again, reader)[0]])), newest, again.total

    def _is_known(self, record: Record, watermark: dt.datetime) -> bool:
        """Tell whether a record did not change since the watermark, nor within the overlap before it."""
        return self._moment(record) < watermark - (_OVERLAP if _is_zoned(record) else _FOLD)

    def _without_deleted(
        self,
        reading: Reading,
        reader: PageReader,
        table: pa.Table,
        watermark: dt.datetime,
        total: int | None,
    ) -> pa.Table:
        """Return the rows that the server still has; where it tells no total, that takes all ids."""
        ids = table.column("id").to_pylist()
        gone = 0 if total is None else len(ids) - total
        if 0 < gone * _DEPTH < len(ids) / PAGE:
            found = Deletions(self._records.ask(reading), self._request(("id",)), ids).find(len(ids) - gone)
            if len(found) == gone:
                return without(table, found)
        there = self._all_ids(reading)
        if there - set(ids):  # made while the ids were read, or hidden from those that changed
            table, *_ = self._with_changes(reading, reader, table, watermark)
            if there.difference(table.column("id").to_pylist()):
                raise Dishonoured("there are rows that were not among those that changed")
        return without(table, set(ids) - there)

    def _all_ids(self, reading: Reading) -> set[int]:
        sweep = Sweep(
            self._records.ask(reading),
            self._request(("id",)),
            [Keyset(), Offsets()],
            workers=self._settings.concurrency,
            plan=reading.plan,
            halt=reading.patience.end,
        )
        return {identity(record) for page in sweep.pages() for record in page.records}

    def _check(self, reading: Reading, built: Snapshot) -> None:
        """Count once more, where changes cannot be asked for."""
        total = self._records.ask(reading)(self._request(("id",), rows=1)).total
        if total is not None and total > built.table.num_rows:
            raise IncompleteRead(
                f"Only {built.table.num_rows:,} of {total:,} {self._noun} could be read. Try again.",
                read=built.table.num_rows,
                total=total,
            )

    def _request(self, fields: tuple[str, ...], **how: Any) -> Request:
        made = Request.matching(Filters(), fields, self._records.module)
        return replace(made, **how)

    def _moment(self, record: Record) -> dt.datetime:
        try:
            return modified(record, self._zone)
        except (ValueError, TypeError, OverflowError):
            raise Dishonoured("a lastModifiedAt cannot be read") from None


class Deletions:
    """Finds rows that are gone by comparing the server's counts of ranges of ids with ours.

    Parameters
    ----------
    ask : callable
        Makes a call for a page.
    request : Request
        Asks for all rows, ids only.
    ids : list of int
        The ids that are known, ascending.
    """

    def __init__(self, ask: Any, request: Request, ids: Sequence[int]) -> None:
        self._ask = ask
        self._request = request
        self._ids = ids

    def find(self, total: int) -> list[int]:
        """Return the ids that are gone; none where the server takes no rules on ids."""
        if self._above(self._ids[-1]).total != 0:
            return []
        return list(self._within(0, len(self._ids), total, 0))

    def _within(self, start: int, stop: int, at_start: int, at_stop: int) -> Iterator[int]:
        """Yield what is gone between two places; from there on the server has `at_start`, `at_stop` rows."""
        there, known = at_start - at_stop, stop - start
        if there >= known:
            return
        if known <= PAGE:
            page = self._above(self._ids[start] - 1, rows=PAGE)
            present = {identity(record) for record in page.records}
            yield from (one for one in self._ids[start:stop] if one not in present)
            return
        middle = (start + stop) // 2
        at_middle = self._above(self._ids[middle] - 1).total or 0
        yield from self._within(start, middle, at_start, at_middle)
        yield from self._within(middle, stop, at_middle, at_stop)

    def _above(self, one: int, rows: int = 1) -> Page:
        page: Page = self._ask(replace(self._request.above(one), rows=rows))
        return page


def _wanted(
    snapshot: Snapshot, filters: Filters, columns: Sequence[str] | None, limit: int | None
) -> tuple[pa.Table, dict[str, int]]:
    """Return what is wanted, typed as a live read is, and how many values of it could not be read.

    Of columns that rows are chosen by, those of all rows count: a row may be left out because of one.
    """
    table = snapshot.table
    chosen_by = {name: count for name, count in _unreadable(table).items() if name in filters.columns}
    if filters.columns:
        rows = table.combine_chunks().to_batches()
        keep = [wanted for batch in rows for wanted in filters.mask(batch)]
        table = table.filter(pa.array(keep, pa.bool_()))
    if limit is not None:
        table = table.slice(0, limit)
    unreadable = _unreadable(table) | chosen_by
    found = assemble(snapshot.fields, [table], order=snapshot.order)
    if columns is None:
        return found, unreadable
    fields = _chosen(columns, snapshot.fields)
    shown = {name: unreadable[field.name] for name, field in fields.items() if field.name in unreadable}
    return pa.table({name: found.column(field.name) for name, field in fields.items()}), chosen_by | shown


def _chosen(names: Sequence[str], fields: Sequence[Field]) -> dict[str, Field]:
    chosen = {name: field_named(name, fields) for name in names}
    if unknown := [name for name, field in chosen.items() if field is None]:
        raise SalesmateError(
            f"columns: there is no column {unknown[0]!r}. There are: {', '.join(one.name for one in fields)}."
        )
    return {name: field for name, field in chosen.items() if field is not None}


def _last(table: pa.Table) -> int:
    return int(pc.max(table.column("id")).as_py())


def _typed(page: Page, reader: PageReader) -> tuple[pa.RecordBatch, list[int]]:
    """Return the rows of a page, each once, and their ids."""
    records = {identity(record): record for record in page.records}
    return _marked(reader.read(list(records.values())), reader), list(records)


def _is_zoned(record: Record) -> bool:
    written = record.get("lastModifiedAt", record.get("LastModifiedAt"))
    return _ZONED.fullmatch(str(written)) is not None


def _tells_seconds(table: pa.Table) -> bool:
    """Tell whether moments of change are finer than minutes, in each of which rows come in any order."""
    moments = table.column("last_modified_at").cast(pa.timestamp("us"))
    return pc.any(pc.not_equal(pc.second(moments), 0)).as_py() is True


def _holds(table: pa.Table, rows: pa.RecordBatch) -> bool:
    """Tell whether the rows of a page are there already, as they are."""
    held = table.filter(pc.is_in(table.column("id"), rows.column("id")))
    return bool(held.equals(pa.Table.from_batches([rows]).sort_by("id")))


def _marked(rows: pa.RecordBatch, reader: PageReader) -> pa.RecordBatch:
    """Return the page that was read last with the names of columns whose value could not be read."""
    names: dict[int, list[str]] = {}
    for name, places in reader.misfits.items():
        for place in places:
            names.setdefault(place, []).append(name)
    marks = [",".join(names[place]) if place in names else None for place in range(rows.num_rows)]
    return rows.append_column(UNREADABLE.name, pa.array(marks, pa.string()))


def _unreadable(table: pa.Table) -> dict[str, int]:
    """Return for each column that has any how many values could not be read."""
    marks = table.column(UNREADABLE.name).drop_null().to_pylist()
    return dict(Counter(name for mark in marks for name in mark.split(",")))
