"""Rows modified since a watermark, read newest first and upserted into a snapshot's table."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._frames.arrow import BatchBuilder
from salesmate_nb._pagination.page_walk import PageWalk, PaginationUnsupported
from salesmate_nb._pagination.paginators import LastModifiedPaginator
from salesmate_nb._search.search import Record, SearchPage, SearchRequest, modified_at, record_id
from salesmate_nb._snapshot.merge import rows_of, upsert, with_parse_errors

_OVERLAP = dt.timedelta(minutes=2)  # timestamps may be written to the minute
_FOLD = dt.timedelta(minutes=62)  # without a zone, one hour of autumn occurs twice
_ZONED = re.compile(r".*(Z|[+-]\d\d:?\d\d)|\d+(\.\d+)?")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # the watermark that every change is after
_CLOCK_MARGIN = dt.timedelta(days=1)  # by how much this machine's clock may be fast


class FullReadDue(PaginationUnsupported):
    """All rows have to be read now, though another time their changes may suffice."""


class Changes:
    """Reads the rows modified last, newest first, until the watermark and a margin are passed.

    This needs a server that keeps the order of a list from page to page.

    Parameters
    ----------
    fetch : callable
        Requests a page; raises `PaginationUnsupported` if the server refuses the request.
    request : SearchRequest
        Selects all rows and fields.
    builder : BatchBuilder
        Converts records to typed rows.
    zone : zoneinfo.ZoneInfo
        The time zone of timestamps written without one.
    now : datetime, optional
        When the refresh began, by this machine's clock; no watermark is much later.
    """

    def __init__(
        self,
        fetch: Callable[[SearchRequest], SearchPage],
        request: SearchRequest,
        builder: BatchBuilder,
        zone: ZoneInfo,
        now: dt.datetime | None = None,
    ) -> None:
        self._fetch = fetch
        self._now = now or dt.datetime.now(dt.UTC)
        self._request = replace(request, sort="lastModifiedAt", is_descending=True)
        self._builder = builder
        self._zone = zone

    @property
    def sorts_by_list(self) -> bool:
        """Whether the sort is sent as a list."""
        return self._request.sorts_by_list

    def newest(self) -> dt.datetime | None:
        """Return the newest ``lastModifiedAt`` of all rows, or ``None`` if it cannot be read.

        One in the future is not when anything changed: then it is a day before now.
        """
        try:
            found = self._fetch(replace(self._request, fields=("id", "lastModifiedAt"), rows=1)).records
            return self._past(self._modified_at(found[0])) if found else EPOCH
        except PaginationUnsupported:
            return None

    def apply(self, table: pa.Table, watermark: dt.datetime) -> tuple[pa.Table, dt.datetime, int | None]:
        """Upsert rows modified since the watermark.

        Returns
        -------
        tuple of pyarrow.Table, datetime and (int or None)
            The rows, the new watermark, and the server's total of all rows.

        Raises
        ------
        PaginationUnsupported
            If the server cannot list rows by their last change, or some rows have none.
        """
        if table.column("last_modified_at").null_count:
            raise PaginationUnsupported("some rows have no lastModifiedAt that can be read")
        watermark = self._past(watermark)
        walk = PageWalk(LastModifiedPaginator(self._zone), self._request)
        changed: list[pa.RecordBatch] = []
        seen: set[int] = set()
        page = first = self._fetch(self._request)
        while True:
            rows, ids = self._typed(page)
            changed.append(rows.filter(pa.array([row_id not in seen for row_id in ids], pa.bool_())))
            seen.update(ids)
            walk.take(page)
            if not page.records and (page.total or table.num_rows):
                raise FullReadDue("a page of changes is empty")
            if page.records and self._is_caught_up(page.records, rows, table, watermark):
                break
            if walk.request is None:
                break
            page = self._fetch(walk.request)
        updated = upsert(table, rows_of(self._builder.fields, changed))
        newest = self._past(self._modified_at(first.records[0])) if first.records else watermark
        if page is first:
            return updated, newest, first.total
        # a row that changed again while these pages were read moved to the front, where it was missed
        again = self._fetch(self._request)
        return upsert(updated, rows_of(self._builder.fields, [self._typed(again)[0]])), newest, again.total

    def _typed(self, page: SearchPage) -> tuple[pa.RecordBatch, list[int]]:
        """Return the rows of a page, each once, and their ids."""
        records = {record_id(record): record for record in page.records}
        rows = self._builder.build(list(records.values()))
        return with_parse_errors(rows, self._builder.parse_errors), list(records)

    def _is_caught_up(
        self, records: Sequence[Record], rows: pa.RecordBatch, table: pa.Table, watermark: dt.datetime
    ) -> bool:
        """Return whether a page reaches back far enough, or holds nothing new, so no later page does."""
        last = records[-1]
        if self._modified_at(last) < watermark - (_OVERLAP if _is_zoned(last) else _FOLD):
            return True
        # inside the overlap, after a bulk change: a page that is known in full ends the search, unless its
        # timestamps are in the future, where rows that changed now are sorted behind
        is_past = self._modified_at(records[0]) <= watermark
        return is_past and all(map(_is_zoned, records)) and _has_seconds(table) and _contains(table, rows)

    def _past(self, timestamp: dt.datetime) -> dt.datetime:
        """Return a timestamp as watermark: one in the future would hide the changes until then."""
        return timestamp if timestamp <= self._now + _OVERLAP else self._now - _CLOCK_MARGIN

    def _modified_at(self, record: Record) -> dt.datetime:
        try:
            return modified_at(record, self._zone)
        except (ValueError, TypeError, OverflowError):
            raise PaginationUnsupported("a lastModifiedAt cannot be read") from None


def _is_zoned(record: Record) -> bool:
    return _ZONED.fullmatch(str(record.get("lastModifiedAt"))) is not None


def _has_seconds(table: pa.Table) -> bool:
    """Return whether timestamps are finer than minutes; within one, rows come in any order."""
    timestamps = table.column("last_modified_at").cast(pa.timestamp("us"))
    return pc.any(pc.not_equal(pc.second(timestamps), 0)).as_py() is True


def _contains(table: pa.Table, rows: pa.RecordBatch) -> bool:
    """Return whether the table holds these rows with the same values."""
    held = table.filter(pc.is_in(table.column("id"), rows.column("id")))
    return bool(held.equals(pa.Table.from_batches([rows]).sort_by("id")))
