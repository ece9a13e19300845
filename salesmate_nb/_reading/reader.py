"""The reader of one resource: from a query to raw records, or to a typed table and a report."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
from tqdm.auto import tqdm

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.waiting import Waiter
from salesmate_nb._base.fork import renew_in_child
from salesmate_nb._frames.arrow import BatchBuilder, assemble
from salesmate_nb._pagination.paginators import paginators_for
from salesmate_nb._reading.full_read import FullRead
from salesmate_nb._reading.report import ReadReport
from salesmate_nb._reading.server_profile import ServerProfile
from salesmate_nb._search.field_catalog import FieldCatalog, ResourceFields
from salesmate_nb._search.query import Filters, Query, choose_columns
from salesmate_nb._search.search import PAGE, Record, SearchPage, SearchRequest, list_v1, search_v4
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import Field, Resource, is_custom, requested_paths
from salesmate_nb.settings import Settings

_LONGEST_WAIT = 3700.0  # seconds; a rate limit by the hour has room again after one

renew_in_child(tqdm, lambda bars: bars.set_lock(threading.RLock()))  # a thread may have been drawing a bar


class Page(NamedTuple):
    """The records of one page that were asked for, as the server sent them and typed."""

    records: list[Record]
    rows: pa.RecordBatch


class ResourceReader:
    """Reads the records of one resource of one account.

    Parameters
    ----------
    resource : Resource
        What is read.
    api_client : ApiClient
        Makes authorized requests.
    settings : Settings
        A linkname in them means the v4 search, none means v1; and the zone of dates without one.
    catalog : FieldCatalog
        The account's own fields, shared by all resources.
    profile_store : ServerProfile, optional
        Remembers what the server supports; by default in this object only.
    """

    def __init__(
        self,
        resource: Resource,
        api_client: ApiClient,
        settings: Settings,
        catalog: FieldCatalog,
        profile_store: ServerProfile | None = None,
    ) -> None:
        self.resource = resource
        self._api_client = api_client
        self._settings = settings
        self._catalog = catalog
        api: Literal["v1", "v4"] = "v4" if settings.linkname else "v1"
        self._zone = ZoneInfo(settings.zone) if api == "v4" else None
        self._paginators = paginators_for(api, ZoneInfo(settings.zone))
        self._profile_store = profile_store or ServerProfile(None, settings.api_url, api)

    def records(self, query: Query) -> Iterator[Record]:
        """Yield records as the server sent them, page by page as they are asked for."""
        fields = list(choose_columns(("id", *query.filters.columns), self.resource.fields).values())
        builder = BatchBuilder(fields, timezone=self._settings.zone, discover=False)
        with closing(self.open(query)) as context:
            full_read = self._full_read(context, query, self.fields(context).fields, ordered=True)
            for page in context.matching(full_read, query.filters, builder):
                yield from page.records

    def table(self, query: Query) -> tuple[pa.Table, ReadReport]:
        """Read records into a typed table, and report how."""
        with closing(self.open(query)) as context:
            known = self.fields(context)
            fields: Sequence[Field] = known.fields
            if query.columns is not None:
                columns = ("id", *query.filters.columns, *query.columns)
                chosen = choose_columns(columns, fields, unlisted=not known.is_complete)
                fields = list(chosen.values())
            order = self.order(context, known, fields)
            discover = query.columns is None
            builder = BatchBuilder(fields, timezone=self._settings.zone, discover=discover)
            full_read = self._full_read(context, query, fields, ordered=query.limit is not None)
            pages = [page.rows for page in context.matching(full_read, query.filters, builder)]
        table = assemble(builder.fields, pages, order=order)
        report = ReadReport(
            strategy=full_read.strategy,
            passes=full_read.passes,
            totals=full_read.totals,
            unreadable=dict(builder.unreadable),
            fields={field.name: field.path for field in builder.fields if is_custom(field.path)},
        )
        return table if query.columns is None else table.select(list(query.columns)), report

    def batches(self, context: ReadContext, query: Query) -> tuple[BatchBuilder, Iterator[pa.RecordBatch]]:
        """Return typed rows page by page, all with the same columns, and what builds them."""
        fields = self.fields(context).fields
        builder = BatchBuilder(fields, timezone=self._settings.zone, discover=False)
        full_read = self._full_read(context, query, fields)
        return builder, (page.rows for page in context.matching(full_read, query.filters, builder))

    def open(self, query: Query) -> ReadContext:
        """Begin a read."""
        return ReadContext(self._api_client, self.resource.name, query)

    def fields(self, context: ReadContext) -> ResourceFields:
        """Return the schema's fields, over v4 with the account's custom ones, and the order of their options.

        v1 has no field catalog; its custom fields are discovered while reading.
        """
        self.fetcher(context)
        known = ResourceFields(is_complete=False)
        if self._settings.linkname:
            known = self._catalog.of(self.resource, context.request)
        return replace(known, fields=(*(known.standard or self.resource.fields), *known.fields))

    def order(
        self, context: ReadContext, known: ResourceFields, fields: Sequence[Field]
    ) -> Mapping[str, Sequence[str]]:
        """Return the order of the categories in these fields; that of a deal's stage is its pipeline's."""
        has_stages = {"pipeline", "stage"}.intersection(field.name for field in fields)
        if self.resource is not DEALS or not self._settings.linkname or not has_stages:
            return known.order
        return self._catalog.pipelines.merge_into(known.order, context.request)

    def fetcher(self, context: ReadContext) -> Callable[[SearchRequest], SearchPage]:
        """Return what requests a page.

        Raises
        ------
        SettingsError
            If the API that the settings name does not have this resource.
        """
        if self.resource is not DEALS:
            self._settings.require_v4(self.resource.name.capitalize())
        return partial(search_v4 if self._settings.linkname else list_v1, context.request)

    def _full_read(
        self, context: ReadContext, query: Query, fields: Sequence[Field], *, ordered: bool = False
    ) -> FullRead:
        """Return the read of whatever the query may want; the server is asked to filter as far as it can."""
        request = SearchRequest.matching(query.filters, requested_paths(fields), self.resource)
        if query.limit is not None and not query.filters.columns:  # every record that comes is wanted
            request = replace(request, rows=max(min(query.limit, PAGE), 1))
        support = self._profile_store.load(self.resource.name)
        return FullRead(
            self.fetcher(context),
            request,
            self._paginators,
            zone=self._zone,
            support=support,
            workers=self._settings.concurrency,
            ordered=ordered,
            plan=context.plan,
            cancel=context.waiter.cancel,
            done=lambda: self._profile_store.save(self.resource.name, support),
        )


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
    """

    def __init__(self, api_client: ApiClient, noun: str, query: Query) -> None:
        self._bar = tqdm(desc=noun, unit=f" {noun}", disable=not query.progress, leave=False)
        self._limit = query.limit
        self._noun = self._description = noun
        self._api_client = api_client
        self.waiter = Waiter(_LONGEST_WAIT if query.wait else 0.0, self._show_wait)
        self.request = partial(api_client.request, waiter=self.waiter)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()

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
