"""The reader of one resource: from a query to raw records, or to a typed table and a report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

import pyarrow as pa

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.response import find_rows
from salesmate_nb._api.waiting import Waiter
from salesmate_nb._base.warn import warn
from salesmate_nb._frames.arrow import BatchBuilder, assemble
from salesmate_nb._pagination.strategies import strategies_for
from salesmate_nb._reading.full_read import FullRead
from salesmate_nb._reading.read_context import ReadContext
from salesmate_nb._reading.report import ReadReport
from salesmate_nb._reading.server_profile import ServerProfile
from salesmate_nb._search.columns import choose_columns
from salesmate_nb._search.field_catalog import NO_PATH, FieldCatalog
from salesmate_nb._search.field_entries import ResourceFields
from salesmate_nb._search.filters.filters import Filters
from salesmate_nb._search.filters.unmatched import FilterTally, User, users_of
from salesmate_nb._search.page_size import FittingPages
from salesmate_nb._search.query import Query
from salesmate_nb._search.search import PAGE, Record, SearchPage, SearchRequest, list_v1, search_v4
from salesmate_nb._values.text import enumerate_counts
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import Field, Resource, is_custom, requested_paths
from salesmate_nb.resources.users import USERS_PATH
from salesmate_nb.settings import Settings

log = logging.getLogger("salesmate_nb")


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
        self._strategies = strategies_for(api, ZoneInfo(settings.zone))
        self._profile_store = profile_store or ServerProfile(None, settings.api_url, api)

    def records(self, query: Query) -> Iterator[Record]:
        """Yield records as the server sent them, page by page as they are asked for."""
        with self.open(query) as context:
            known = self.fields(context)
            query, fields = self._bound(query, known)
            builder = BatchBuilder(fields, timezone=self._settings.zone, discover=False)
            tally, count = FilterTally(query.filters), 0
            full_read = self._full_read(context, query, known, _united(known.fields, fields), ordered=True)
            for page in context.matching(full_read, tally, builder):
                count += len(page.records)
                yield from page.records
            if builder.unreadable:  # only columns that filters check are typed here
                counts = enumerate_counts(builder.unreadable)
                warn(f"Values that could not be read are missing to the filters: {counts}.")
            if tally.unmatched() and _is_at_end(query, count):
                order = self.order(context, known, fields)
                self._warn_of_unmatched(query, tally, known, order)

    def table(self, query: Query) -> tuple[pa.Table, ReadReport]:
        """Read records into a typed table, and report how.

        If they show custom fields that the field catalog lacks, it is requested again, and so are they.
        """
        found = self._table(query)
        return self._table(query) if self.renew_fields() else found

    def renew_fields(self) -> bool:
        """Forget the field catalog if records showed custom fields that it lacks; return whether they did."""
        return self._catalog.renew()

    def _table(self, query: Query) -> tuple[pa.Table, ReadReport]:
        with self.open(query) as context:
            query, known, fields = self._known_and_chosen(context, query)
            order = context.beside_first_page(lambda: self.order(context, known, fields))
            discover = query.columns is None
            builder = BatchBuilder(fields, timezone=self._settings.zone, discover=discover)
            full_read = self._full_read(context, query, known, fields, ordered=query.limit is not None)
            tally = FilterTally(query.filters)
            pages = [page.rows for page in context.matching(full_read, tally, builder)]
            table = assemble(builder.fields, pages, order=order())
            if _is_at_end(query, table.num_rows):
                self._warn_of_unmatched(query, tally, known, order())
            read_at = context.read_at()
        report = ReadReport(
            strategy=full_read.strategy,
            passes=full_read.passes,
            totals=full_read.totals,
            shortfall=full_read.shortfall,
            unreadable=dict(builder.unreadable),
            fields={field.name: field.path for field in builder.fields if is_custom(field.path)},
            read_at=read_at.isoformat(timespec="seconds"),
        )
        return table if query.columns is None else table.select(list(query.columns)), report

    def _known_and_chosen(
        self, context: ReadContext, query: Query
    ) -> tuple[Query, ResourceFields, Sequence[Field]]:
        """Return the query, the fields that there are, and those to read; some need no field catalog."""
        if query.columns is not None:
            plain = {field.name: field for field in self.resource.fields if _is_plain(field)}
            columns = ("id", *query.filters.columns, *query.columns)
            if plain.keys() >= set(columns):
                self.fetcher(context)
                query, _ = self._bound(query, ResourceFields(fields=tuple(plain.values())))
                return query, ResourceFields(), [plain[name] for name in dict.fromkeys(columns)]
        known = self.fields(context)
        query, checked = self._bound(query, known)
        if query.columns is None:
            return query, known, _united(known.fields, checked)
        chosen = choose_columns(query.columns, known.fields, unlisted=not known.is_complete)
        return query, known, _united(checked, chosen.values())

    def _bound(self, query: Query, known: ResourceFields) -> tuple[Query, list[Field]]:
        """Return the query with its filters bound to the fields that there are, and those that they check."""
        unlisted = not known.is_complete
        filters = query.filters.bound(known.fields, unlisted=unlisted)
        checked = choose_columns(("id", *filters.columns), known.fields, unlisted=unlisted)
        return replace(query, filters=filters), list(checked.values())

    def batches(self, context: ReadContext, query: Query) -> tuple[BatchBuilder, Iterator[pa.RecordBatch]]:
        """Return typed rows page by page, all with the same columns, and what builds them."""
        known = self.fields(context)
        builder = BatchBuilder(known.fields, timezone=self._settings.zone, discover=False)
        full_read = self._full_read(context, query, known, known.fields)
        return builder, (page.rows for page in context.matching(full_read, query.filters, builder))

    def open(self, query: Query) -> ReadContext:
        """Begin a read."""
        support = self._profile_store.load(self.resource.name)
        return ReadContext(self._api_client, self.resource.name, query, support, self._settings.concurrency)

    def fields(self, context: ReadContext) -> ResourceFields:
        """Return the schema's fields, over v4 with the account's custom ones, and the order of their options.

        v1 has no field catalog; its custom fields are discovered while reading.
        """
        self.fetcher(context)
        known, support = ResourceFields(is_complete=False), context.support
        if self._settings.linkname:
            known = self._catalog.of(
                self.resource,
                context.request,
                path=support.fields_path,
                record_fields=support.record_fields,
                needs_epoch=support.needs_epoch,
            )
            support.fields_path, support.record_fields = known.path, list(known.record_fields)
            support.needs_epoch = support.needs_epoch or known.needs_epoch
        return replace(known, fields=(*(known.standard or self.resource.fields), *known.fields))

    def order(
        self, context: ReadContext, known: ResourceFields, fields: Sequence[Field]
    ) -> Mapping[str, Sequence[str]]:
        """Return the order of the categories in these fields; that of a deal's stage is its pipeline's.

        A server that lists no fields at all is not asked for pipelines.
        """
        has_stages = {"pipeline", "stage"}.intersection(field.name for field in fields)
        is_listed = self._settings.linkname and known.path != NO_PATH
        if self.resource is not DEALS or not is_listed or not has_stages:
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
        if not self._settings.linkname:
            return FittingPages(partial(list_v1, context.request))

        def fetch(request: SearchRequest) -> SearchPage:
            page = search_v4(context.request, request)
            self._catalog.notice(self.resource, page.records)
            return page

        return FittingPages(fetch)

    def _full_read(
        self,
        context: ReadContext,
        query: Query,
        known: ResourceFields,
        fields: Sequence[Field],
        *,
        ordered: bool = False,
    ) -> FullRead:
        """Return the read of whatever the query may want; the server is asked to filter as far as it can."""
        request = self._request(query, known, requested_paths(fields))
        if query.limit is not None and not query.filters.columns:  # every record that comes is wanted
            request = replace(request, rows=max(min(query.limit, PAGE), 1))
        return self.full_read(
            context,
            request,
            ordered=ordered,
            is_wanted=self._is_wanted(query.filters, fields),
            allow_incomplete=query.allow_incomplete,
        )

    def _request(self, query: Query, known: ResourceFields, paths: Iterable[str] = ()) -> SearchRequest:
        statuses = known.order.get("status", ())
        return SearchRequest.matching(query.filters, paths, self.resource, statuses=statuses)

    def _warn_of_unmatched(
        self, query: Query, tally: FilterTally, known: ResourceFields, order: Mapping[str, Sequence[str]]
    ) -> None:
        is_all = not (self._settings.linkname and self._request(query, known).is_filtered)
        self.warn_of_unmatched(tally, order, is_all=is_all)

    def warn_of_unmatched(
        self,
        tally: FilterTally,
        order: Mapping[str, Sequence[str]],
        *,
        is_all: bool = True,
        asks: bool = True,
    ) -> None:
        """Warn of wanted values that no record has, with what there is.

        Parameters
        ----------
        tally : FilterTally
            What the rows have.
        order : mapping of str to sequence of str
            What the account lists, by column.
        is_all : bool
            Whether all rows were read, not only those that the server chose.
        asks : bool
            Whether the list of users may be requested, once, if an owner is not found.
        """
        unmatched = tally.unmatched()
        if unmatched:
            listed = {**order, "status": order.get("status") or self.resource.statuses}
            users = self._users() if asks and "owner" in unmatched else []
            for text in tally.describe(self.resource.singular, listed=listed, users=users, is_all=is_all):
                warn(text)

    def _users(self) -> list[User]:
        """Return the account's users; none if that takes more than one request, or any wait."""
        if not self._settings.linkname:
            return []
        try:
            waiter = Waiter(0.0)
            payload = self._api_client.request("GET", USERS_PATH, idempotent=False, waiter=waiter)
        except SalesmateError as err:
            log.info("the owners in the records are all that is known, without the list of users: %s", err)
            return []
        return users_of(find_rows(payload) or [])

    def _is_wanted(self, filters: Filters, fields: Sequence[Field]) -> Callable[[SearchPage], bool]:
        checked = [field for field in fields if field.name in {"id", *filters.columns}]
        builder = BatchBuilder(checked, timezone=self._settings.zone, discover=False)
        return lambda page: any(filters.mask(builder.build(page.records)).to_pylist())

    def remember(self, context: ReadContext) -> None:
        """Save what is known of the server's support."""
        self._profile_store.save(self.resource.name, context.support)

    def full_read(
        self,
        context: ReadContext,
        request: SearchRequest,
        *,
        ordered: bool = False,
        is_wanted: Callable[[SearchPage], bool] = lambda _page: False,
        allow_incomplete: bool = False,
    ) -> FullRead:
        """Return the read of all records that match a request.

        Parameters
        ----------
        context : ReadContext
            The read that it is part of.
        request : SearchRequest
            Which records to read.
        ordered : bool
            Whether rows should arrive in order, one request at a time.
        is_wanted : callable, optional
            Returns whether a page without filters holds a row that meets them.
        allow_incomplete : bool
            Whether to warn where rows are missing that the server does not return.
        """
        return FullRead(
            self.fetcher(context),
            request,
            self._strategies,
            support=context.support,
            workers=self._settings.concurrency,
            ordered=ordered,
            plan=context.plan,
            cancel=context.waiter.cancel,
            done=lambda: self.remember(context),
            is_wanted=is_wanted,
            allow_incomplete=allow_incomplete,
        )


def _united(fields: Iterable[Field], others: Iterable[Field]) -> list[Field]:
    """Return fields, and those of the others whose columns have other names."""
    united = {field.name: field for field in fields}
    return list((united | {field.name: field for field in others if field.name not in united}).values())


def _is_at_end(query: Query, count: int) -> bool:
    """Return whether every record was read, and not only as many as the limit says."""
    return query.limit is None or count < query.limit


def _is_plain(field: Field) -> bool:
    """Return whether a standard field is the same in every account: name, request and values."""
    return field.kind != "category" and field.request == "always" and not field.aliases
