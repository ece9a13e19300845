"""The records of one account: read live or through a snapshot, with a report on how."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.response import find_rows
from salesmate_nb._api.waiting import Waiter
from salesmate_nb._auth.current_user import CurrentUserLookup
from salesmate_nb._base.validators import is_timezone
from salesmate_nb._base.warn import warn
from salesmate_nb._doctor.diagnosis import Diagnosis
from salesmate_nb._doctor.doctor import Doctor
from salesmate_nb._frames import dataset
from salesmate_nb._frames.arrow import BatchBuilder, assemble
from salesmate_nb._frames.dataframe import to_pandas
from salesmate_nb._frames.links import with_links
from salesmate_nb._frames.parsing import collect_zoneless
from salesmate_nb._frames.plausibility import describe, implausible_dates
from salesmate_nb._history.folder import HistoryFolder
from salesmate_nb._history.timeline import deal_ids, field_names, history_filters, history_frame
from salesmate_nb._reading.reader import ResourceReader
from salesmate_nb._reading.report import ReadReport
from salesmate_nb._reading.server_profile import ServerProfile
from salesmate_nb._search.columns import choose_columns
from salesmate_nb._search.field_catalog import FieldCatalog
from salesmate_nb._search.field_entries import list_fields
from salesmate_nb._search.pipelines import stage_order, stage_records
from salesmate_nb._search.query import Query
from salesmate_nb._snapshot.refresh import SnapshotRefresher
from salesmate_nb._snapshot.store import SnapshotFile, history_owner, snapshot_folder
from salesmate_nb._ui.frontend import Frontend, frontend
from salesmate_nb._values.text import enumerate_counts
from salesmate_nb._values.times import DatetimeLike, parse_time
from salesmate_nb.errors import (
    ApiError,
    BadResponse,
    IncompleteRead,
    LoginRequired,
    SalesmateError,
    SettingsError,
    interruptible,
)
from salesmate_nb.resources import DEALS, RESOURCES
from salesmate_nb.resources.base import Resource
from salesmate_nb.resources.deals import LINK_COLUMN
from salesmate_nb.resources.pipelines import PIPELINE_FIELDS, PIPELINES_PATH
from salesmate_nb.resources.users import USER_FIELDS, USERS_PATH
from salesmate_nb.settings import Refresh, Settings

_LONGEST_WAIT = 3700.0  # seconds, as of a read: a rate limit by the hour has room again after one


class Account:
    """Reads the records of one account in every form.

    Parameters
    ----------
    settings : Settings
        The account.
    profile : str
        The name of the login, which has snapshots of its own.
    api_client : ApiClient
        Makes authorized requests.
    limiter : RateLimiter
        Counts them.
    has_snapshots : bool
        Whether this login may keep snapshots on disk.
    profile_folder : Path, optional
        Where to remember what the server supports; by default in this process only.
    current_user : CurrentUserLookup
        Knows whose login it is, and the time zone of dates without one, if the settings give none.
    login : callable, optional
        Returns the settings with the login in use, which may change; ``None`` once it was removed.
    """

    def __init__(
        self,
        settings: Settings,
        profile: str,
        api_client: ApiClient,
        limiter: RateLimiter,
        current_user: CurrentUserLookup,
        *,
        has_snapshots: bool = True,
        profile_folder: Path | None = None,
        login: Callable[[], Settings | None] | None = None,
    ) -> None:
        self._settings = settings
        self._profile = profile
        self._api_client = api_client
        self._limiter = limiter
        self._has_snapshots = has_snapshots
        self._current_user = current_user
        self._login = login or (lambda: settings)
        self._catalog = FieldCatalog()
        self._readers: dict[tuple[str, str], ResourceReader] = {}  # by resource and time zone
        self.server_profile = ServerProfile(profile_folder, settings.api_url, self.api)
        self._has_warned = False

    @property
    def api(self) -> str:
        """The API that is read: ``"v4"`` or ``"v1"``."""
        return "v4" if self._settings.linkname else "v1"

    def refresh(self, named: Refresh | None, as_of: DatetimeLike = None) -> Refresh:
        """Return how a read uses the snapshot: as the call says, or else as the settings say.

        The past is read from disk. The settings do not count where there are no snapshots.
        """
        if named is not None:
            return named
        if parse_time("as_of", as_of, "UTC") is not None:
            return "never"
        has_snapshots = self._has_snapshots and self.api == "v4"
        return (self._settings.refresh if has_snapshots else None) or "live"

    def frame(self, resource: Resource, arguments: Mapping[str, Any]) -> pd.DataFrame:
        """Read a DataFrame; its ``attrs`` hold the report."""
        with interruptible(f"Reading {resource.name}"):
            table, report = self._read(resource, arguments)
        frame = to_pandas(table, consume=True)
        frame.attrs["salesmate"] = report.as_attrs()
        return frame

    def arrow(self, resource: Resource, arguments: Mapping[str, Any]) -> pa.Table:
        """Read an Arrow table; the metadata of its schema hold the report."""
        with interruptible(f"Reading {resource.name}"):
            table, report = self._read(resource, arguments)
        return table.replace_schema_metadata({"salesmate": json.dumps(report.as_attrs())})

    def records(self, resource: Resource, arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield records as the server sent them."""
        settings = self._zoned(arguments)
        return self._reader(resource, settings).records(self._query(arguments, settings))

    def users(self) -> pd.DataFrame:
        """Read the users, who are not searched but listed in one response."""
        self._settings.require_v4("Users")
        users = find_rows(self._api_client.request("GET", USERS_PATH))
        if users is None or not all(isinstance(user, dict) for user in users):
            raise BadResponse("The response has no list of users. Check SALESMATE_API_URL.")
        self._current_user.learn(users)
        builder = BatchBuilder(USER_FIELDS, timezone=self._settings.zone, discover=False)
        frame = to_pandas(assemble(USER_FIELDS, [builder.build(users)]))
        _warn_of_unreadable(builder.unreadable)
        return self._with_source(frame, "users")

    def fields(self) -> pd.DataFrame:
        """Read the field catalog of every resource."""
        self._settings.require_v4("Fields")
        names = ["resource", "column", "label", "path", "type", "is_custom", "options"]
        rows, failures = [], []
        for resource in RESOURCES.values():
            try:
                rows += list_fields(self._catalog.payload(resource, self._api_client.request), resource)
            except ApiError as err:
                if err.is_transient:
                    raise
                failures.append(err)
        refusals = [failure for failure in failures if not isinstance(failure, BadResponse)]
        if refusals and not rows:
            raise refusals[0]
        for failure in failures:
            warn(f"{failure} It is left out.")
        frame = pd.DataFrame(rows, columns=pd.Index(names, dtype="str"))
        return self._with_source(frame.astype(dict.fromkeys(names, "str") | {"is_custom": "bool"}), "fields")

    def pipelines(self) -> pd.DataFrame:
        """Read the stages of all pipelines, which are listed in one response."""
        self._settings.require_v4("Pipelines")
        stages = stage_records(self._api_client.request("GET", PIPELINES_PATH))
        builder = BatchBuilder(PIPELINE_FIELDS, discover=False)
        rows = builder.build(stages)
        frame = to_pandas(assemble(PIPELINE_FIELDS, [rows], order=stage_order(rows.to_pylist())))
        percent = frame["win_probability"]
        outside = percent.notna() & ~percent.between(0, 100)
        frame["win_probability"] = percent.mask(outside)
        _warn_of_unreadable(Counter(builder.unreadable) + Counter(win_probability=int(outside.sum())))
        return self._with_source(frame, "pipelines")

    def _with_source(self, frame: pd.DataFrame, resource: str) -> pd.DataFrame:
        """Let the ``attrs`` of a list say where and when it is from."""
        read_at = self._api_client.now().isoformat(timespec="seconds")
        frame.attrs["salesmate"] = {
            "host": self._settings.api_url,
            "api": self.api,
            "resource": resource,
            "read_at": read_at,
        }
        return frame

    def doctor(self, problem: SalesmateError | None = None) -> Diagnosis:
        """Find out what the server supports, and which formats it sends; nothing if nobody is logged in."""
        doctor = Doctor(
            self._api_client,
            self._settings,
            self._limiter,
            earlier=self.server_profile.describe(),
            learn=self._current_user.learn,
        )
        return doctor.diagnose(problem)

    def write_dataset(
        self, resource: str, path: Path, partition_by: Sequence[str], arguments: Mapping[str, Any]
    ) -> int:
        """Write all records of a resource to a folder of Parquet files, and return their number."""
        if resource not in RESOURCES:
            raise SalesmateError(f"resource={resource!r} is not known. Use one of {', '.join(RESOURCES)}.")
        settings = self._zoned(arguments)
        reader = self._reader(RESOURCES[resource], settings)
        query = self._query(arguments, settings)
        with self._warning_of_zoneless(settings), reader.open(query) as context:
            builder, batches = reader.batches(context, query)
            columns = {field.path: field.name for field in builder.fields}
            chosen = choose_columns(partition_by, builder.fields).values()
            rows = dataset.write(
                path, builder.fields, batches, partition_by=[columns[field.path] for field in chosen]
            )
        _warn_of_unreadable(builder.unreadable)
        return rows

    def _read(self, resource: Resource, arguments: Mapping[str, Any]) -> tuple[pa.Table, ReadReport]:
        before = self._limiter.request_count
        refresh = self.refresh(arguments.get("refresh"), arguments.get("as_of"))
        arguments = {**arguments, "refresh": refresh}
        settings = self._zoned(arguments)
        query, reader = self._query(arguments, settings), self._reader(resource, settings)
        columns = query.columns
        if query.url and columns is not None:
            columns = tuple(dict.fromkeys((*columns, LINK_COLUMN)))  # at its end, unless it has a place there
            read = dict.fromkeys((*columns, "id"))
            query = replace(query, columns=tuple(name for name in read if name != LINK_COLUMN))
        with self._warning_of_zoneless(settings):
            if query.refresh == "live":
                table, report = reader.table(query)
            else:
                settings.require_v4("Snapshots")
                try:
                    table, report = self._refresher(resource, reader, settings, query).table(query)
                except IncompleteRead:
                    if not query.allow_incomplete or query.as_of is not None:
                        raise
                    table, report = reader.table(query)  # live: an incomplete read is never kept
        if query.url:
            table = with_links(table, settings)
            table = table if columns is None else table.select(columns)
        _warn_of_unreadable(report.unreadable)
        if implausible := implausible_dates(table, custom=report.fields):
            warn(describe(implausible))
        return table, replace(
            report,
            host=self._settings.api_url,
            api=self.api,
            resource=resource.name,
            filters=query.filters.describe(),
            limit=query.limit,
            timezone=settings.zone,
            calls=self._limiter.request_count - before,
            calls_left=self._limiter.remaining,
        )

    def history(
        self, since: DatetimeLike, field: str | Sequence[str] | None, deal: int | Sequence[int] | None
    ) -> pd.DataFrame:
        """Read the history of deals from disk; makes no request."""
        settings = self._zoned({"refresh": "never"})
        settings.require_v4("Snapshots")
        start = parse_time("since", since, settings.zone, self._api_client.now())
        names, ids = field_names(field), deal_ids(deal)
        query = Query(refresh="never")
        refresher = self._refresher(DEALS, self._reader(DEALS, settings), settings, query)
        table, snapshot, known = refresher.events(start, names, ids)
        about = {"host": self._settings.api_url, "resource": "history", "timezone": settings.zone}
        attrs = {**known, **about, "filters": history_filters(names, ids)}
        return history_frame(table, snapshot.order, attrs)

    def timezone(self) -> str:
        """Return the time zone of dates without one: of the settings, else of the user, else UTC."""
        return self._zoned({}).zone

    def _zoned(self, arguments: Mapping[str, Any]) -> Settings:
        """Return the settings with the user's time zone if they give none; without it, they stay as they are.

        The first time ever, this makes one request, unless the arguments of the read forbid any; it waits for
        the rate limit if they allow it. v1 has no list of users.
        """
        if self._settings.timezone or not self._settings.linkname:
            return self._settings
        if arguments.get("refresh") == "never":
            timezone = self._current_user.known().timezone
        else:
            waiter = Waiter(_LONGEST_WAIT if arguments.get("wait", True) else 0.0)
            timezone = self._current_user.get(waiter).timezone
        if timezone and is_timezone(timezone):
            return replace(self._settings, timezone=timezone)
        if timezone:
            self._warn_once(f"Salesmate's time zone for your user, {timezone!r}, is not known here.")
        return self._settings

    def _reader(self, resource: Resource, settings: Settings) -> ResourceReader:
        """Return the reader of a resource, which knows from earlier reads what the server supports."""
        key = (resource.name, settings.zone)
        if key not in self._readers:
            self._readers[key] = ResourceReader(
                resource, self._api_client, settings, self._catalog, profile_store=self.server_profile
            )
        return self._readers[key]

    @contextlib.contextmanager
    def _warning_of_zoneless(self, settings: Settings) -> Iterator[None]:
        """Warn once if a date without a time zone is read while the zone is not known."""
        with collect_zoneless() as found:
            yield
        if found and not settings.timezone:
            self._warn_once("Dates without a time zone were read, and the account's zone is not known.")

    def _warn_once(self, what: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            warn(f"{what} Such dates count as UTC. Set SALESMATE_TIMEZONE, as 'Europe/Berlin'.")

    def _query(self, arguments: Mapping[str, Any], settings: Settings) -> Query:
        named = {name: value for name, value in arguments.items() if name != "self"}
        is_watched = frontend() is not Frontend.NOBODY
        now = self._api_client.now()
        return Query.parse(named, timezone=settings.zone, is_watched=is_watched, now=now)

    def _refresher(
        self, resource: Resource, reader: ResourceReader, settings: Settings, query: Query
    ) -> SnapshotRefresher:
        """Return what keeps the snapshot of the user whose login it is, and of deals a history."""
        if not self._has_snapshots:
            raise SettingsError(
                "Snapshots are files that every login of this machine's user could read. There are none with "
                "SALESMATE_TOKEN_STORE=memory or connect(token_store=...): read live with refresh='live'."
            )
        waiter = Waiter(_LONGEST_WAIT if query.wait else 0.0)
        who = self._current_user.identity(waiter, is_offline=query.refresh == "never")
        folder = snapshot_folder(settings, self._profile)
        bound = {
            "host": settings.api_url,
            "workspace": settings.linkname or "",
            "api": self.api,
            "profile": self._profile,
            "who": who,
            "timezone": settings.zone,  # in which timestamps without a zone were read
        }
        file = SnapshotFile(folder, resource.name, bound, check=lambda: self._check_owner(who, waiter))
        history = (
            HistoryFolder(folder, resource.name, history_owner(bound), file.check_logout)
            if resource is DEALS
            else None
        )
        return SnapshotRefresher(reader, file, settings, history)

    def _check_owner(self, who: str, waiter: Waiter) -> None:
        """Check before rows are written that they are of this user still.

        Raises
        ------
        LoginRequired
            If the login was removed.
        SalesmateError
            If somebody else has logged in.
        """
        settings = self._login()
        if settings is None:
            raise LoginRequired(
                "The login was removed while records were read, so they were not saved. Run connect() to log "
                "in again."
            )
        user = self._current_user
        if settings != self._settings:  # another key
            user = CurrentUserLookup(settings, self._profile, self._api_client.request, is_stored=True)
        if user.identity(waiter) != who:
            raise SalesmateError(
                "Somebody else has logged in while records were read, so they were not saved. Run this again."
            )


def _warn_of_unreadable(unreadable: Mapping[str, int]) -> None:
    if unreadable:
        warn(f"Values that could not be read are missing: {enumerate_counts(unreadable)}.")
