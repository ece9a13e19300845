"""The context of one read: its requests, how long they may wait, and the bar that shows it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import pyarrow as pa

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.waiting import Waiter
from salesmate_nb._display.bars import start_bar
from salesmate_nb._frames.arrow import BatchBuilder
from salesmate_nb._pagination.parallel_fetch import DaemonPool
from salesmate_nb._reading.full_read import FullRead
from salesmate_nb._reading.server_profile import Support
from salesmate_nb._search.filters.filters import Filters
from salesmate_nb._search.filters.unmatched import FilterTally
from salesmate_nb._search.query import Query
from salesmate_nb._search.search import PAGE, Record
from salesmate_nb.errors import Interrupted

_LONGEST_WAIT = 3700.0  # seconds; a rate limit by the hour has room again after one
_T = TypeVar("_T")


class Page(NamedTuple):
    """The records of one page that were asked for, as the server sent them and typed."""

    records: list[Record]
    rows: pa.RecordBatch


class ReadContext:
    """One read, until its ``with`` block ends: its requests, how long they may wait, and the bar shown.

    Parameters
    ----------
    api_client : ApiClient
        Makes its requests.
    noun : str
        What is read, for the bar.
    query : Query
        Its limit, and whether to wait and to show a bar.
    support : Support
        What the server is known to support, which the read adds to.
    concurrency : int
        How many requests may be made at the same time.
    """

    def __init__(
        self, api_client: ApiClient, noun: str, query: Query, support: Support, concurrency: int
    ) -> None:
        self._bar = start_bar(noun, is_shown=query.progress)
        self._limit = query.limit
        self._api_client = api_client
        self.support = support
        self._pool = DaemonPool(1) if concurrency > 1 else None
        self._beside: Future[Any] | None = None
        self.waiter = Waiter(_LONGEST_WAIT if query.wait else 0.0, self._bar.wait)
        self.request = partial(api_client.request, waiter=self.waiter)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bar; an interrupt of the read becomes one that says so in a sentence."""
        if self._pool is not None:
            self.waiter.cancel()
            self._pool.close()
        self._bar.close()
        if isinstance(err, KeyboardInterrupt):
            read = f"Reading {self._bar.noun} was interrupted{self._bar.reached}"
            raise Interrupted(f"{read}. Run this again to read all of them.") from err

    def server_time(self) -> dt.datetime | None:
        """Return what the server's clock said in its last response; ``None`` if it did not say."""
        return self._api_client.server_time

    def read_at(self) -> dt.datetime:
        """Return when the last response came, by the server's clock, or else by this machine's.

        Times in rows are by the server's clock too, so that they can be compared.
        """
        return self.server_time() or dt.datetime.now(dt.UTC)

    def beside_first_page(self, work: Callable[[], _T]) -> Callable[[], _T]:
        """Begin what takes a request while the first page is under way, and return what waits for it.

        The second page is not requested before it has ended, so there are never too many requests at a time.
        """
        if self._pool is None:
            result = work()
            return lambda: result
        beside = self._pool.submit(work)
        self._beside = beside
        return beside.result

    def plan(self, total: int | None, requests: int) -> None:
        """Show what is ahead, once the first page is there.

        Parameters
        ----------
        total : int or None
            How many records the server has.
        requests : int
            How many more requests that takes.

        Raises
        ------
        RateLimited
            If the hourly limit leaves too few for it, and this read is not to wait.
        """
        self._end_beside()
        if self._limit is not None:
            total = self._limit
            requests = min(requests, math.ceil(self._limit / PAGE) - 1)
        minutes = math.ceil(self._api_client.plan(requests, self.waiter) / 60)
        self._bar.plan(total, requests, minutes)

    def _end_beside(self) -> None:
        """Wait for what was begun beside the first page."""
        if self._beside is not None:
            self._beside.result()

    def typed(self, full_read: FullRead, builder: BatchBuilder) -> Iterator[pa.RecordBatch]:
        """Yield the typed rows of each page, whatever they hold."""
        with closing(full_read.pages()) as pages:
            for page in pages:
                yield builder.build(page.records)
                self._bar.add(len(page.records), full_read.passes)

    def matching(
        self, full_read: FullRead, filters: Filters | FilterTally, builder: BatchBuilder
    ) -> Iterator[Page]:
        """Yield of each page the records that meet the filters, up to the limit."""
        left = self._limit
        if left == 0:
            return
        with closing(full_read.pages()) as pages:
            for page in pages:
                rows = builder.build(page.records)
                mask = filters.mask(rows).to_pylist()
                keep = [number for number, is_match in enumerate(mask) if is_match][:left]
                self._bar.add(len(page.records) if left is None else len(keep), full_read.passes)
                if len(keep) == rows.num_rows:
                    yield Page(page.records, rows)
                else:
                    records = [page.records[number] for number in keep]
                    yield Page(records, rows.take(pa.array(keep, pa.int64())))
                if left is not None:
                    left -= len(keep)
                    if left <= 0:
                        self._end_beside()  # before the pages are closed, which cancels it
                        return
