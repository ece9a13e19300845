"""Incremental reads: the changes since the watermark, the ids of all rows, and a few rows read again."""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import pyarrow as pa

from salesmate_nb._frames.arrow import BatchBuilder
from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._pagination.paginators import KeysetPaginator, OffsetPaginator
from salesmate_nb._pagination.parallel_fetch import unsupported_if_rejected
from salesmate_nb._reading.read_context import ReadContext
from salesmate_nb._reading.reader import ResourceReader
from salesmate_nb._search.filters.filters import Filters
from salesmate_nb._search.search import PAGE, SearchRequest
from salesmate_nb._snapshot.changes import EPOCH, OVERLAP, Changed, Changes, FullReadDue, most_requests
from salesmate_nb._snapshot.checks import DeletedRows, Deletions, confirm_deleted, list_deleted, read_again
from salesmate_nb._snapshot.merge import minutes, rows_from, upsert, without
from salesmate_nb._snapshot.store import Snapshot, now
from salesmate_nb.resources.base import requested_paths

NO_ORDER = "sorted by id, the server returns them in another order for each page"
KEEPS_ORDER = {OffsetPaginator().name: False, OffsetPaginator(sorts_by_list=True).name: True}
"""The strategies that only a server supports which keeps a list's order, and how that sort is sent."""

_DELETED_LIST = "list of deleted rows"  # its name in the server profile
_PAGES_COMPARED = 40  # up to so many, the ids of all rows are compared in each refresh
_LONGEST_UNCOMPARED = dt.timedelta(days=1)
_SEARCH_DEPTH = 10  # requests that finding one deleted row takes, among 100,000
_PAGES_READ_AGAIN = 2  # in each refresh, or 1 % of all pages
_LATEST = dt.timedelta(hours=2)  # what changed longer ago is not late, but had its time changed
_NEW_ROWS = PAGE - 1  # of a page that begins with the last row of the page before
_FEW = 20  # rows, too few to know that most rows have changed


def all_rows(reader: ResourceReader, context: ReadContext, fields: Sequence[str]) -> SearchRequest:
    """Return the request for these fields of all rows, in the form that the server is known to accept."""
    request = SearchRequest.matching(Filters(), fields, reader.resource)
    return request.unfiltered(by_epoch=context.support.needs_epoch)


def pages_read_again(rows: int) -> int:
    """Return how many pages of so many rows each refresh reads again: 2, or 1 % of them.

    Examples
    --------
    >>> pages_read_again(800), pages_read_again(100_000)
    (2, 5)
    """
    return max(_PAGES_READ_AGAIN, math.ceil(rows / _NEW_ROWS / 100))


def refreshes_per_round(rows: int) -> int:
    """Return within how many refreshes each of so many rows is read again, whatever the server reports.

    Examples
    --------
    >>> refreshes_per_round(800), refreshes_per_round(100_000)
    (2, 81)
    """
    return math.ceil(rows / _NEW_ROWS / pages_read_again(rows))


@dataclass(frozen=True, kw_only=True)
class Existing:
    """The rows of a snapshot that exist, by what the server counts or lists.

    Parameters
    ----------
    snapshot : Snapshot
        Without rows that do not exist.
    differing : collection of int
        The ids of rows that are not as listed, if ids were listed.
    listed : collection of int or None
        The ids of all rows; ``None`` if they were not listed.
    """

    snapshot: Snapshot
    differing: Collection[int] = ()
    listed: Collection[int] | None = None


class IncrementalRead:
    """Brings a snapshot up to date by reading what changed, and checks a little of the rest.

    Rows that were modified are listed newest first, until the watermark. Which rows exist is shown by the
    server's list of deleted rows, if it has one that works, and by its total. A total alone does not show
    that one row was deleted and another one restored, which keeps its old ``lastModifiedAt``. So the ids and
    ``lastModifiedAt`` of all rows are compared: of up to 10,000 rows in each refresh, of more rows once a
    day and if the total differs. This costs a request for 250 rows, as a full read does, but little data.
    Rows that differ are read again, and so are rows without a time of change.

    A server may not report an edit at all: its index is late, its clocks differ, or the edit leaves
    ``lastModifiedAt`` as it was. So each refresh reads the next rows by id again: two pages, or 1 % of all.
    By how much the server was seen to be late, the next changes are read back twice as far.

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

    def start(self, empty: Snapshot, *, is_useful: bool) -> Snapshot:
        """Return an empty snapshot with the watermark and the time of now, for a full read that begins.

        The watermark is requested if changes since could be of use; it is ``None`` if the server gives none.
        """
        changes = self._changes()
        watermark = changes.newest() if is_useful else EPOCH
        began_at = changes.began_at.isoformat(timespec="seconds")
        return replace(
            empty, watermark=watermark, began_at=began_at, round_since=began_at, checked_since=began_at
        )

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
        overlap = max(OVERLAP, 2 * dt.timedelta(seconds=snapshot.lateness))
        settled = dt.datetime.fromisoformat(snapshot.began_at) - overlap
        changed = changes.apply(snapshot.table, snapshot.watermark, overlap=overlap, settled=settled)
        began_at = changes.began_at.isoformat(timespec="seconds")
        current = replace(snapshot, table=changed.table, watermark=changed.watermark, began_at=began_at)
        found = self._existing(changes, current, changed)
        current, gone = self._checked(found, changed.ids)
        if gone and found.listed is None:  # only the ids of all rows decide which rows exist
            found = self._compared(changes, found.snapshot, DeletedRows())
            current, _ = self._checked(found, changed.ids)
        self._confirm_deleted(snapshot, current)
        return with_lateness(current, snapshot)

    def _existing(self, changes: Changes, current: Snapshot, changed: Changed) -> Existing:
        """Return the rows that exist, by the cheapest evidence that suffices."""
        strategy, total, table = self._support.strategy, changed.total, current.table
        is_due = not strategy or _is_due(current)
        deleted = self._list_deleted() if is_due or current.deleted else DeletedRows()
        has_same_deleted = strategy and deleted.is_whole and deleted.ids == current.deleted != ()
        if table.num_rows == total and (has_same_deleted or not is_due):
            return Existing(snapshot=current)
        found = [] if total is None or is_due else self._find_deleted(table, total)
        if found and changed.ids.isdisjoint(found):  # or one may have stood for a change that did not come
            return Existing(snapshot=replace(current, table=without(table, found)))
        return self._compared(changes, current, deleted)

    def _compared(self, changes: Changes, current: Snapshot, deleted: DeletedRows) -> Existing:
        """Compare with the ids and ``lastModifiedAt`` of all rows; drop those that do not exist."""
        read = self._reader.full_read(self._context, self._request(("id", "lastModifiedAt")))
        pages = [
            self._builder.build(page.records).select(["id", "last_modified_at"]) for page in read.pages()
        ]
        if read.strategy not in KEEPS_ORDER:
            raise PaginationUnsupported(NO_ORDER)
        if KEEPS_ORDER[read.strategy] != changes.sorts_by_list:
            raise FullReadDue("only another form of the sort keeps its order")
        listed, held = minutes(pa.Table.from_batches(pages)), minutes(current.table)
        if held and not listed:
            raise FullReadDue("no ids are listed")
        if deleted.ids and listed.keys() >= set(deleted.ids):  # the server ignored the rule
            self._reject(_DELETED_LIST)
        is_list_proven = deleted.is_whole and listed.keys().isdisjoint(deleted.ids)
        current = replace(
            current,
            table=without(current.table, held.keys() - listed.keys()),
            compared_at=now(),
            deleted=deleted.ids if is_list_proven else (),
        )
        differing = [number for number, minute in listed.items() if held.get(number, -1) != minute]
        return Existing(snapshot=current, differing=differing, listed=listed.keys())

    def _checked(self, found: Existing, changed: frozenset[int]) -> tuple[Snapshot, frozenset[int]]:
        """Read again the rows that differ, those without a time of change, and the next ones by id.

        Returns
        -------
        Snapshot
            With these rows; none is dropped.
        frozenset of int
            The ids of rows that were not at their place.
        """
        current, differing = found.snapshot, found.differing
        before = minutes(current.table)
        known = sorted({*before, *differing})
        untimed = {number for number, minute in before.items() if minute is None}
        wanted = sorted({*differing, *untimed.difference(changed)})
        request = self._request(requested_paths(self._builder.fields))
        request = replace(request, sorts_by_list=KEEPS_ORDER.get(self._support.strategy, False))
        most = most_requests(len(known))
        if len({bisect_left(known, number) // PAGE for number in wanted}) > most:
            raise FullReadDue("too many rows are not listed among the changes")
        named = read_again(self._fetch, request, known, wanted, most)
        if named.left:
            raise FullReadDue("rows are not where their ids are expected")
        following = known[bisect_right(known, current.checked) :] or known
        following = following[: pages_read_again(len(known)) * _NEW_ROWS]
        part = read_again(self._fetch, request, known, following, most)
        if part.left:
            raise FullReadDue("rows are not where their ids are expected")
        rows = rows_from(self._builder, [*named.records, *part.records])
        after = minutes(rows)
        others = after.keys() - {*wanted, *changed}
        differ = [number for number in others if before.get(number) != after[number]]
        if len(differ) > max(len(others) // 2, _FEW):  # as if the account's time zone had changed
            raise FullReadDue("most rows that were read again had changed")
        lagging = {each for each in after.keys() & changed if (after[each] or 0) < (before.get(each) or 0)}
        checked = replace(current, table=upsert(current.table, without(rows, lagging)))
        gone = (named.gone | part.gone).difference(after)
        if not following or following[-1] == known[-1]:
            checked = replace(
                checked, checked=-1, checked_since=current.round_since, round_since=current.began_at
            )
        else:
            checked = replace(checked, checked=following[-1])
        return checked, gone

    def _confirm_deleted(self, before: Snapshot, current: Snapshot) -> None:
        left = minutes(current.table).keys()
        if deleted := minutes(before.table).keys() - left:
            by_list = KEEPS_ORDER.get(self._support.strategy, False)
            request = replace(self._request(("id",)), sorts_by_list=by_list)
            confirm_deleted(self._fetch, request, deleted, sorted(left))

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
                return found if len(found) == deleted else []
            self._reject(rules_on_ids)
        return []

    def _reject(self, name: str) -> None:
        """Remember that the server does not support something."""
        self._support.reject(name)
        self._reader.remember(self._context)

    def _changes(self) -> Changes:
        request = self._request(requested_paths(self._builder.fields))
        by_list = KEEPS_ORDER.get(self._support.strategy, False)
        request = replace(request, sorts_by_list=by_list)
        return Changes(self._fetch, request, self._builder, self._zone, server_time=self._context.server_time)

    def _request(self, fields: Sequence[str]) -> SearchRequest:
        return all_rows(self._reader, self._context, fields)


def _is_due(snapshot: Snapshot) -> bool:
    """Return whether the ids of all rows are to be compared, even if the server's total does not differ."""
    if snapshot.table.num_rows <= _PAGES_COMPARED * PAGE or not snapshot.compared_at:
        return True
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(snapshot.compared_at)
    return not dt.timedelta() <= age < _LONGEST_UNCOMPARED


def with_lateness(current: Snapshot, before: Snapshot) -> Snapshot:
    """Return a snapshot that knows how late the server reported changes: those from before the watermark."""
    if before.watermark is None:
        return current
    held, watermark = minutes(before.table), before.watermark.timestamp()
    late = [
        watermark - at / 1e6
        for number, at in minutes(current.table).items()
        if at is not None and held.get(number, at) != at
    ]
    seen = [seconds for seconds in late if 0 < seconds < _LATEST.total_seconds()]
    return replace(current, lateness=max([before.lateness, *seen]))
