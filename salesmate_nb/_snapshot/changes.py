"""What changed since a moment, asked for newest first, and put into the rows that are kept."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._frames.arrow import BatchBuilder
from salesmate_nb._reading.paginators import LastModifiedPaginator, PageWalk, PaginationUnsupported
from salesmate_nb._reading.search import Record, SearchPage, SearchRequest, modified_at, record_id
from salesmate_nb._snapshot.store import rows_of, upsert, with_parse_errors

_OVERLAP = dt.timedelta(minutes=2)  # moments may be told to the minute
_FOLD = dt.timedelta(minutes=62)  # without a zone, an hour of autumn is told twice
_ZONED = re.compile(r".*(Z|[+-]\d\d:?\d\d)|\d+(\.\d+)?")
_EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # where there are no rows yet


class Changes:
    """Reads what changed last, down to a moment up to which all is known, and a little further.

    Parameters
    ----------
    ask : callable
        Makes a call for a page; raises `PaginationUnsupported` where the server refuses it.
    request : SearchRequest
        Asks for all rows and fields.
    reader : BatchBuilder
        Types them.
    zone : zoneinfo.ZoneInfo
        That of moments which come without one.
    """

    def __init__(
        self,
        ask: Callable[[SearchRequest], SearchPage],
        request: SearchRequest,
        reader: BatchBuilder,
        zone: ZoneInfo,
    ) -> None:
        self._fetch = ask
        self._request = replace(request, sort="lastModifiedAt", is_descending=True)
        self._reader = reader
        self._zone = zone

    def newest(self) -> dt.datetime | None:
        """Return the moment of the last change of all, or ``None`` where that cannot be read."""
        try:
            found = self._fetch(replace(self._request, fields=("id", "lastModifiedAt"), rows=1)).records
            return self._moment(found[0]) if found else _EVER
        except PaginationUnsupported:
            return None

    def apply(self, table: pa.Table, watermark: dt.datetime) -> tuple[pa.Table, dt.datetime, int | None]:
        """Put what changed since a moment into the rows of a snapshot.

        Returns
        -------
        tuple of pyarrow.Table, datetime and (int or None)
            The rows, when the last of them changed, and how many the server says there are.

        Raises
        ------
        PaginationUnsupported
            Where the server does not tell what changed last.
        """
        walk = PageWalk(LastModifiedPaginator(self._zone), self._request)
        changed: list[pa.RecordBatch] = []
        seen: set[int] = set()
        page = first = self._fetch(self._request)
        while True:
            rows, ids = self._typed(page)
            changed.append(rows.filter(pa.array([one not in seen for one in ids], pa.bool_())))
            seen.update(ids)
            walk.take(page)
            if page.records and self._is_caught_up(page.records, rows, table, watermark):
                break
            if walk.request is None:
                if page.total and not page.records:
                    raise PaginationUnsupported("a page of changes came empty")
                break
            page = self._fetch(walk.request)
        updated = upsert(table, rows_of(self._reader.fields, changed))
        newest = self._moment(first.records[0]) if first.records else watermark
        if page is first:
            return updated, newest, first.total
        again = self._fetch(
            self._request
        )  # what changed once more meanwhile went to the front, past the walk
        return upsert(updated, rows_of(self._reader.fields, [self._typed(again)[0]])), newest, again.total

    def _typed(self, page: SearchPage) -> tuple[pa.RecordBatch, list[int]]:
        """Return the rows of a page, each once, and their ids."""
        records = {record_id(record): record for record in page.records}
        return with_parse_errors(self._reader.build(list(records.values())), self._reader.parse_errors), list(
            records
        )

    def _is_caught_up(
        self, records: Sequence[Record], rows: pa.RecordBatch, table: pa.Table, watermark: dt.datetime
    ) -> bool:
        """Tell whether a page goes back far enough, or holds nothing new, and so nothing behind it does."""
        last = records[-1]
        if self._moment(last) < watermark - (_OVERLAP if _is_zoned(last) else _FOLD):
            return True
        # within the overlap, where many changed at once
        return all(map(_is_zoned, records)) and _tells_seconds(table) and _holds(table, rows)

    def _moment(self, record: Record) -> dt.datetime:
        try:
            return modified_at(record, self._zone)
        except (ValueError, TypeError, OverflowError):
            raise PaginationUnsupported("a lastModifiedAt cannot be read") from None


def _is_zoned(record: Record) -> bool:
    return _ZONED.fullmatch(str(record.get("lastModifiedAt"))) is not None


def _tells_seconds(table: pa.Table) -> bool:
    """Tell whether moments of change are finer than minutes, in each of which rows come in any order."""
    moments = table.column("last_modified_at").cast(pa.timestamp("us"))
    return pc.any(pc.not_equal(pc.second(moments), 0)).as_py() is True


def _holds(table: pa.Table, rows: pa.RecordBatch) -> bool:
    """Tell whether the rows of a page are there already, as they are."""
    held = table.filter(pc.is_in(table.column("id"), rows.column("id")))
    return bool(held.equals(pa.Table.from_batches([rows]).sort_by("id")))
