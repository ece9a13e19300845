"""The records of one account: read live or through a snapshot, with a report on how."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.response import find_rows
from salesmate_nb._base.redaction import fingerprint
from salesmate_nb._base.warn import warn
from salesmate_nb._frames import dataset
from salesmate_nb._frames.arrow import BatchBuilder, assemble
from salesmate_nb._frames.dataframe import to_pandas
from salesmate_nb._reading.field_catalog import FieldCatalog, list_fields
from salesmate_nb._reading.query import Query, choose_columns
from salesmate_nb._reading.reader import ResourceReader
from salesmate_nb._reading.report import ReadReport
from salesmate_nb._snapshot.refresh import SnapshotRefresher
from salesmate_nb._snapshot.store import SnapshotFile, snapshot_folder
from salesmate_nb._ui.frontend import Frontend, frontend
from salesmate_nb.errors import BadResponse, SalesmateError, SettingsError
from salesmate_nb.resources import RESOURCES
from salesmate_nb.resources.base import Resource
from salesmate_nb.resources.users import USER_FIELDS, USERS_PATH
from salesmate_nb.settings import Settings


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
    """

    def __init__(
        self,
        settings: Settings,
        profile: str,
        api_client: ApiClient,
        limiter: RateLimiter,
        *,
        has_snapshots: bool = True,
    ) -> None:
        self._settings = settings
        self._profile = profile
        self._api_client = api_client
        self._limiter = limiter
        self._has_snapshots = has_snapshots
        self._catalog = FieldCatalog()
        self._readers = {
            name: ResourceReader(resource, api_client, settings, self._catalog)
            for name, resource in RESOURCES.items()
        }

    @property
    def api(self) -> str:
        """The API that is read: ``"v4"`` or ``"v1"``."""
        return "v4" if self._settings.linkname else "v1"

    def frame(self, resource: Resource, arguments: Mapping[str, Any]) -> pd.DataFrame:
        """Read a DataFrame; its ``attrs`` hold the report."""
        table, report = self._read(resource, arguments)
        frame = to_pandas(table, consume=True)
        frame.attrs["salesmate"] = report.as_attrs()
        return frame

    def arrow(self, resource: Resource, arguments: Mapping[str, Any]) -> pa.Table:
        """Read an Arrow table; the metadata of its schema hold the report."""
        table, report = self._read(resource, arguments)
        return table.replace_schema_metadata({"salesmate": json.dumps(report.as_attrs())})

    def records(self, resource: Resource, arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield records as the server sent them."""
        return self._readers[resource.name].records(self._query(arguments))

    def users(self) -> pd.DataFrame:
        """Read the users, who are not searched but listed in one response."""
        self._settings.require_v4("Users")
        users = find_rows(self._api_client.request("GET", USERS_PATH))
        if users is None or not all(isinstance(user, dict) for user in users):
            raise BadResponse("The response has no list of users. Check SALESMATE_API_URL.")
        builder = BatchBuilder(USER_FIELDS, timezone=self._settings.timezone, discover=False)
        frame = to_pandas(assemble(USER_FIELDS, [builder.build(users)]))
        _warn_of_unreadable(builder.unreadable)
        return frame

    def fields(self) -> pd.DataFrame:
        """Read the field catalog of every resource."""
        self._settings.require_v4("Fields")
        payload = self._catalog.payload(self._api_client.request)
        names = ["resource", "column", "label", "path", "type", "is_custom", "options"]
        rows = []
        for resource in RESOURCES.values():
            try:
                rows += list_fields(payload, resource)
            except SalesmateError as err:
                warn(f"{err} It is left out.")
        frame = pd.DataFrame(rows, columns=pd.Index(names, dtype="str"))
        return frame.astype(dict.fromkeys(names, "str") | {"is_custom": "bool"})

    def write_dataset(
        self, resource: str, path: Path, partition_by: Sequence[str], arguments: Mapping[str, Any]
    ) -> int:
        """Write all records of a resource to a folder of Parquet files, and return their number."""
        if resource not in self._readers:
            raise SalesmateError(
                f"resource={resource!r} is not known. Use one of {', '.join(self._readers)}."
            )
        reader = self._readers[resource]
        query = self._query(arguments)
        with closing(reader.open(query)) as context:
            builder, batches = reader.batches(context, query)
            columns = {field.path: field.name for field in builder.fields}
            chosen = choose_columns(partition_by, builder.fields).values()
            rows = dataset.write(
                path, builder.fields, batches, partition_by=[columns[field.path] for field in chosen]
            )
        _warn_of_unreadable(builder.unreadable)
        return rows

    def _read(self, resource: Resource, arguments: Mapping[str, Any]) -> tuple[pa.Table, ReadReport]:
        query, before = self._query(arguments), self._limiter.request_count
        reader = self._readers[resource.name]
        if query.refresh is None:
            table, report = reader.table(query)
        else:
            refresher = SnapshotRefresher(reader, self._snapshot_file(resource), self._settings)
            table, report = refresher.table(query)
        _warn_of_unreadable(report.unreadable)
        return table, replace(
            report,
            host=self._settings.api_url,
            api=self.api,
            calls=self._limiter.request_count - before,
            calls_left=self._limiter.remaining,
        )

    def _query(self, arguments: Mapping[str, Any]) -> Query:
        named = {name: value for name, value in arguments.items() if name != "self"}
        is_watched = frontend() is not Frontend.NOBODY
        return Query.parse(named, timezone=self._settings.timezone, is_watched=is_watched)

    def _snapshot_file(self, resource: Resource) -> SnapshotFile:
        if not self._has_snapshots:
            raise SettingsError(
                "Snapshots are files that every login of this machine's user could read. There are none with "
                "SALESMATE_TOKEN_STORE=memory or connect(token_store=...): read live with refresh=None."
            )
        key, folder = self._settings.access_token, snapshot_folder(self._settings, self._profile)
        bound = {
            "host": self._settings.api_url,
            "api": self.api,
            "profile": self._profile,
            "who": f"key {fingerprint(key)}" if key else f"client {self._settings.client_id}",
            "timezone": self._settings.timezone,  # in which timestamps without a zone were read
        }
        return SnapshotFile(folder, resource.name, bound)


def _warn_of_unreadable(unreadable: Mapping[str, int]) -> None:
    if unreadable:
        counts = ", ".join(f"{count:,} in {name}" for name, count in sorted(unreadable.items()))
        warn(f"Values that could not be read are missing: {counts}.")
