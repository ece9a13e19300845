"""Records of one kind: from what is wanted to raw records, or to typed tables."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from tqdm.auto import tqdm

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.waiting import Waiter
from salesmate_nb._frames.arrow import BatchBuilder, assemble
from salesmate_nb._reading import search
from salesmate_nb._reading.field_catalog import FieldCatalog, ResourceFields
from salesmate_nb._reading.full_read import FullRead
from salesmate_nb._reading.paginators import (
    CreatedWindowPaginator,
    KeysetPaginator,
    OffsetPaginator,
    Paginator,
)
from salesmate_nb._reading.query import Filters
from salesmate_nb._ui.frontend import Frontend, frontend
from salesmate_nb.errors import SalesmateError, SettingsError
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import Field, Resource, custom_field, custom_path, is_custom
from salesmate_nb.settings import Settings

_LONGEST_WAIT = 3700.0  # seconds; an hour's calls are free again after one


class ResourceReader:
    """The records of one kind in one account.

    Parameters
    ----------
    resource : Resource
        Which kind.
    api_client : ApiClient
        Makes authorised calls.
    settings : Settings
        A linkname in them means the v4 search, none means v1; and the zone of dates without one.
    library : FieldCatalog
        The field catalogues, shared by all kinds.
    """

    def __init__(
        self, resource: Resource, api_client: ApiClient, settings: Settings, library: FieldCatalog
    ) -> None:
        self.resource = resource
        self._api_client = api_client
        self._settings = settings
        self._library = library
        windows = CreatedWindowPaginator(ZoneInfo(settings.timezone))
        self._ways: list[Paginator] = (
            [KeysetPaginator(), windows, OffsetPaginator()] if settings.linkname else [OffsetPaginator()]
        )

    def records(
        self, filters: Filters, *, limit: int | None, progress: bool | None, wait: bool
    ) -> Iterator[search.Record]:
        """Yield wanted records as the server sent them, page by page as they are asked for."""
        fields = _named(("id", *filters.columns), self.resource.fields)
        reader = BatchBuilder(fields, timezone=self._settings.timezone, discover=False)
        with closing(self.reading(limit, progress=progress, wait=wait)) as reading:
            sweep = self.sweep(reading, filters, self.catalogue(reading)[0], limit, ordered=True)
            for records, _ in reading.wanted(sweep, filters, reader):
                yield from records

    def table(
        self,
        filters: Filters,
        *,
        columns: Sequence[str] | None,
        limit: int | None,
        progress: bool | None,
        wait: bool,
    ) -> tuple[pa.Table, dict[str, Any]]:
        """Read wanted records into a table, and tell what is to be known of the reading."""
        with closing(self.reading(limit, progress=progress, wait=wait)) as reading:
            known, order = self.catalogue(reading)
            fields = known if columns is None else _named(("id", *filters.columns, *columns), known)
            reader = BatchBuilder(fields, timezone=self._settings.timezone, discover=columns is None)
            sweep = self.sweep(reading, filters, fields, limit, ordered=limit is not None)
            pages = [rows for _, rows in reading.wanted(sweep, filters, reader)]
        table = assemble(reader.fields, pages, order=order)
        told = {"strategy": sweep.strategy, "totals": sweep.totals, **_told(reader)}
        return table if columns is None else table.select(list(columns)), told

    def batches(
        self, reading: ReadContext, filters: Filters
    ) -> tuple[BatchBuilder, Iterator[pa.RecordBatch]]:
        """Return typed rows page by page, all with the same columns, and what reads them."""
        fields, _ = self.catalogue(reading)
        reader = BatchBuilder(fields, timezone=self._settings.timezone, discover=False)
        sweep = self.sweep(reading, filters, fields, None)
        return reader, (rows for _, rows in reading.wanted(sweep, filters, reader))

    def reading(self, limit: int | None = None, *, progress: bool | None, wait: bool) -> ReadContext:
        """Begin a reading."""
        return ReadContext(self._api_client, self.resource.name, limit, progress=progress, wait=wait)

    def sweep(
        self,
        reading: ReadContext,
        filters: Filters,
        fields: Sequence[Field],
        limit: int | None,
        *,
        ordered: bool = False,
    ) -> FullRead:
        """Return the pages that hold whatever is wanted."""
        request = search.SearchRequest.matching(filters, [field.path for field in fields], self.resource)
        if limit is not None and not filters.columns:  # all that comes is wanted
            request = replace(request, rows=max(min(limit, search.PAGE), 1))
        return FullRead(
            self.fetcher(reading),
            request,
            self._ways,
            workers=self._settings.concurrency,
            ordered=ordered,
            plan=reading.plan,
            cancel=reading.waiter.cancel,
        )

    def fetcher(self, reading: ReadContext) -> Callable[[search.SearchRequest], search.SearchPage]:
        """Return what makes a call for a page.

        Raises
        ------
        SettingsError
            Where these records are not known to the API that the settings mean.
        """
        if self._settings.linkname is None and self.resource is not DEALS:
            raise SettingsError(
                f"{self.resource.name.capitalize()} are read by the v4 search, which needs SALESMATE_LINKNAME: "
                "set it to the 'acme' of https://acme.salesmate.io. Without it there are deals only."
            )
        return partial(search.search_v4 if self._settings.linkname else search.list_v1, reading.call)

    def catalogue(self, reading: ReadContext) -> tuple[list[Field], Mapping[str, Sequence[str]]]:
        """Return the fields, over v4 with the account's custom ones, and the order of their choices.

        v1 has no catalogue; its custom fields are met while reading.
        """
        self.fetcher(reading)
        known = self._library.of(self.resource, reading.call) if self._settings.linkname else ResourceFields()
        return [*self.resource.fields, *known.fields], known.order


class ReadContext:
    """One reading on its way: its calls, how long they may wait, and the bar that shows it.

    Parameters
    ----------
    api_client : ApiClient
        Makes its calls.
    noun : str
        What is read.
    limit : int or None
        Rows that are wanted in all.
    progress : bool or None
        Whether to show a bar; ``None``: where somebody is watching.
    wait : bool
        Whether to wait where the hour's calls are used up.
    """

    def __init__(
        self, api_client: ApiClient, noun: str, limit: int | None = None, *, progress: bool | None, wait: bool
    ) -> None:
        shown = frontend() is not Frontend.NOBODY if progress is None else progress
        self._bar = tqdm(desc=noun, unit=f" {noun}", disable=not shown, leave=False)
        self._limit = limit
        self._noun = self._ahead = noun
        self._api_client = api_client
        self.waiter = Waiter(_LONGEST_WAIT if wait else 0.0, self._tell)
        self.call = partial(api_client.request, waiter=self.waiter)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()

    def plan(self, total: int | None, calls: int) -> None:
        """Say what is ahead.

        Raises
        ------
        RateLimited
            Where the hour has too few calls left for it, and this reading is not to wait.
        """
        if self._limit is not None:
            total = self._limit
            calls = min(calls, math.ceil(self._limit / search.PAGE) - 1)
        minutes = math.ceil(self._api_client.plan(calls, self.waiter) / 60)
        self._ahead = f"{self._noun}, {calls + 1:,} calls" + (
            f", {minutes} min of waiting" if minutes else ""
        )
        self._bar.total = total
        self._tell("")

    def _tell(self, waits: str) -> None:
        self._bar.set_description_str(f"{self._noun}: {waits}" if waits else self._ahead)

    def typed(self, sweep: FullRead, reader: BatchBuilder) -> Iterator[pa.RecordBatch]:
        """Yield the typed rows of each page, whatever they hold."""
        with closing(sweep.pages()) as pages:
            for page in pages:
                yield reader.build(page.records)
                self._bar.update(len(page.records))

    def wanted(
        self, sweep: FullRead, filters: Filters, reader: BatchBuilder
    ) -> Iterator[tuple[list[search.Record], pa.RecordBatch]]:
        """Yield of each page the wanted records and their typed rows, up to the limit."""
        left = self._limit
        if left == 0:
            return
        with closing(sweep.pages()) as pages:
            for page in pages:
                rows = reader.build(page.records)
                keep = [number for number, wanted in enumerate(filters.mask(rows)) if wanted][:left]
                self._bar.update(len(page.records) if left is None else len(keep))
                if len(keep) == rows.num_rows:
                    yield page.records, rows
                else:
                    yield [page.records[number] for number in keep], rows.take(pa.array(keep, pa.int64()))
                if left is not None:
                    left -= len(keep)
                    if left <= 0:
                        return


def _told(reader: BatchBuilder) -> dict[str, Any]:
    """Return what is to be known of the columns that were read."""
    return {
        "unreadable": dict(reader.unreadable),
        "fields": {one.name: one.path for one in reader.fields if is_custom(one.path)},
    }


def _named(names: Sequence[str], known: Sequence[Field]) -> list[Field]:
    """Return the fields of these columns; custom ones go by the API's name too."""
    by_name = {field.name: field for field in known}
    return [by_name.get(name) or _custom(name, by_name) for name in dict.fromkeys(names)]


def _custom(name: str, known: Mapping[str, Field]) -> Field:
    if path := custom_path(name):
        labelled = next((field for field in known.values() if field.path == path), custom_field(path))
        return replace(labelled, name=name)
    close = difflib.get_close_matches(name, known, n=1)
    advice = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(known)}."
    raise SalesmateError(f"columns: there is no column {name!r}. {advice}")
