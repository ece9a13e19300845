"""The context of one read: its requests, how long they may wait, and the bar that shows it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple, TypeVar

import pyarrow as pa
from tqdm.auto import tqdm

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.waiting import Waiter
from salesmate_nb._base.fork import renew_in_child
from salesmate_nb._frames.arrow import BatchBuilder
from salesmate_nb._reading.full_read import FullRead
from salesmate_nb._reading.server_profile import Support
from salesmate_nb._search.query import Filters, Query
from salesmate_nb._search.search import PAGE, Record

_LONGEST_WAIT = 3700.0  # seconds; a rate limit by the hour has room again after one
_T = TypeVar("_T")

renew_in_child(tqdm, lambda bars: bars.set_lock(threading.RLock()))  # a thread may have been drawing a bar


class Page(NamedTuple):
    """The records of one page that were asked for, as the server sent them and typed."""

    records: list[Record]
    rows: pa.RecordBatch


class ReadContext:
    """One read in progress: its requests, how long they may wait, and the bar that shows it.

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
        self._bar = tqdm(desc=noun, unit=f" {noun}", disable=not query.progress, leave=False)
        self._limit = query.limit
        self._noun = self._description = noun
        self._api_client = api_client
        self.support = support
        self._pool = ThreadPoolExecutor(1, "salesmate_nb-read") if concurrency > 1 else None
        self._beside: Future[Any] | None = None
        self.waiter = Waiter(_LONGEST_WAIT if query.wait else 0.0, self._show_wait)
        self.request = partial(api_client.request, waiter=self.waiter)

    def close(self) -> None:
        """End the waits of requests that are under way, and remove the bar."""
        if self._pool is not None:
            self.waiter.cancel()
            self._pool.shutdown(cancel_futures=True)
        self._bar.close()

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
        if self._beside is not None:
            self._beside.result()
        if self._limit is not None:
            total = self._limit
            requests = min(requests, math.ceil(self._limit / PAGE) - 1)
        minutes = math.ceil(self._api_client.plan(requests, self.waiter) / 60)
        waiting = f", {minutes} min of waiting" if minutes else ""
        self._description = f"{self._noun}, {requests + 1:,} requests{waiting}"
        self._bar.total = total
        self._show_wait("")

    def typed(self, full_read: FullRead, builder: BatchBuilder) -> Iterator[pa.RecordBatch]:
        """Yield the typed rows of each page, whatever they hold."""
        with closing(full_read.pages()) as pages:
            for page in pages:
                yield builder.build(page.records)
                self._bar.update(len(page.records))

    def matching(self, full_read: FullRead, filters: Filters, builder: BatchBuilder) -> Iterator[Page]:
        """Yield of each page the records that meet the filters, up to the limit."""
        left = self._limit
        if left == 0:
            return
        with closing(full_read.pages()) as pages:
            for page in pages:
                rows = builder.build(page.records)
                mask = filters.mask(rows).to_pylist()
                keep = [number for number, is_match in enumerate(mask) if is_match][:left]
                self._bar.update(len(page.records) if left is None else len(keep))
                if len(keep) == rows.num_rows:
                    yield Page(page.records, rows)
                else:
                    records = [page.records[number] for number in keep]
                    yield Page(records, rows.take(pa.array(keep, pa.int64())))
                if left is not None:
                    left -= len(keep)
                    if left <= 0:
                        return

    def _show_wait(self, waiting: str) -> None:
        self._bar.set_description_str(f"{self._noun}: {waiting}" if waiting else self._description)
