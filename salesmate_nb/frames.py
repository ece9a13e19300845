"""What a connection reads: records, frames, tables and datasets of each kind."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.response import find_rows
from salesmate_nb._frames import dataset
from salesmate_nb._frames.arrow import BatchBuilder, assemble, to_pandas
from salesmate_nb._reading.field_catalog import FieldCatalog, list_fields
from salesmate_nb._reading.query import DatetimeLike, Filters, TextFilter
from salesmate_nb._reading.reader import ResourceReader
from salesmate_nb._redaction import fingerprint
from salesmate_nb._snapshot.refresh import Refresh, SnapshotRefresher
from salesmate_nb._snapshot.store import SnapshotFile, snapshot_folder
from salesmate_nb.errors import BadResponse, SalesmateError, SettingsError
from salesmate_nb.resources import RESOURCES
from salesmate_nb.resources.users import USER_FIELDS, USERS_PATH
from salesmate_nb.settings import Settings


class Frames:
    """What can be read over one authorised api_client.

    Parameters
    ----------
    settings : Settings
        The account.
    profile : str
        The name of the login, by which snapshots are kept apart.
    api_client : ApiClient
        Makes authorised calls.
    limiter : RateLimiter
        Counts them.
    """

    def __init__(self, settings: Settings, profile: str, api_client: ApiClient, limiter: RateLimiter) -> None:
        self.settings = settings
        self.profile = profile
        self._api_client = api_client
        self._limiter = limiter
        self._library = FieldCatalog()
        self._records = {
            name: ResourceReader(module, api_client, settings, self._library)
            for name, module in RESOURCES.items()
        }

    def deals(
        self,
        *,
        status: TextFilter = None,
        stage: TextFilter = None,
        pipeline: TextFilter = None,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        created_since: DatetimeLike = None,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """Yield deals as the server sent them, page by page as they are asked for.

        The arguments are those of :meth:`deals_df`. A read that is followed to its end is complete,
        or raises ``IncompleteRead`` there.

        Yields
        ------
        dict
            One record, in the server's own shape.
        """
        filters = Filters.make(
            status=status,
            stage=stage,
            pipeline=pipeline,
            owner=owner,
            modified_since=modified_since,
            created_since=created_since,
            timezone=self.settings.timezone,
        )
        return self._records["deals"].records(filters, limit=_positive(limit), progress=progress, wait=wait)

    def deals_df(
        self,
        *,
        status: TextFilter = None,
        stage: TextFilter = None,
        pipeline: TextFilter = None,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        created_since: DatetimeLike = None,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
        refresh: Refresh | None = None,
    ) -> pd.DataFrame:
        """Read deals into a frame: one row each, ordered by id, typed by the schema.

        Parameters
        ----------
        status, stage, pipeline : str or list of str, optional
            Keep deals that have one of these, whatever the case of letters. Salesmate calls a deal that
            was won ``Won`` or ``Close``; where an account has both, ask for both.
        owner : str, int or list of them, optional
            Names or ids of owners.
        modified_since, created_since : datetime, date, Timestamp or str, optional
            Keep deals modified, or created, then or later; naive moments are in the settings' time zone.
        columns : sequence of str, optional
            Columns of the frame to read, in that order; by default all, custom fields included.
        limit : int, optional
            Rows to read in all. They are the first by id over v4, the first to come over v1.
        progress : bool, optional
            Whether to show a bar; by default where somebody is watching.
        wait : bool
            Whether to wait, with a countdown in the bar, where the company's calls of this hour are
            used up; if not, ``RateLimited`` tells so before the read begins.
        refresh : {"auto", "full", "never"}, optional
            By default all is read from the server, and nothing is written to disk. ``"auto"`` keeps a
            snapshot in a file for you alone, and asks only for what changed since; ``"full"`` makes it
            anew, with what changed without ``last_modified_at`` too, as names of colleagues do;
            ``"never"`` reads it without any call.

        Returns
        -------
        pandas.DataFrame
            The schema's 24 columns, empty result or not, then custom fields by name. Ids are ``Int64``,
            amounts ``float64``, moments ``datetime64[us, UTC]``, texts ``str``, what repeats ``category``.
            ``df.attrs["salesmate"]`` tells ``host``, ``api``, ``read_at``, the ``calls`` made and
            ``calls_left`` this hour; the ``way`` of reading, and the ``totals`` that the server told;
            under ``fields`` the API's names of custom columns, and under ``unreadable`` how many values
            of which column did not fit and so are missing.

        Raises
        ------
        LoginRequired
            Where somebody has to log in first.
        IncompleteRead
            Where not every deal could be read; there is never a short frame.
        RateLimited
            Where the company's calls are used up, and waiting is off or would take over an hour.
        SalesmateError
            Where an argument cannot be, no answer came, or the API failed.
        """
        table = self.deals_arrow(
            status=status,
            stage=stage,
            pipeline=pipeline,
            owner=owner,
            modified_since=modified_since,
            created_since=created_since,
            columns=columns,
            limit=limit,
            progress=progress,
            wait=wait,
            refresh=refresh,
        )
        return _frame(table)

    def deals_arrow(
        self,
        *,
        status: TextFilter = None,
        stage: TextFilter = None,
        pipeline: TextFilter = None,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        created_since: DatetimeLike = None,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
        refresh: Refresh | None = None,
    ) -> pa.Table:
        """Read deals into an Arrow table, as :meth:`deals_df` does into a frame.

        Returns
        -------
        pyarrow.Table
            The same columns and rows: ids ``int64``, amounts ``double``, moments ``timestamp[us, tz=UTC]``,
            texts ``string``, what repeats ``dictionary``. What ``attrs`` tells of a frame stands as JSON
            in the schema's metadata, under ``salesmate``.
        """
        filters = Filters.make(
            status=status,
            stage=stage,
            pipeline=pipeline,
            owner=owner,
            modified_since=modified_since,
            created_since=created_since,
            timezone=self.settings.timezone,
        )
        how = {"columns": columns, "limit": limit, "progress": progress, "wait": wait}
        return self._table("deals", filters, refresh, **how)

    def contacts_df(
        self,
        *,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        created_since: DatetimeLike = None,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
        refresh: Refresh | None = None,
    ) -> pd.DataFrame:
        """Read contacts into a frame: one row each, ordered by id, typed by their schema.

        They are the people at customers; ``primary_contact_id`` of a deal is the ``id`` of one.

        Arguments, dtypes, ``attrs`` and errors are those of :meth:`deals_df`. The columns are those of
        ``salesmate_nb.resources.CONTACTS``, then custom fields by name. They need the v4 search.

        Raises
        ------
        SettingsError
            Where there is no linkname, and so no v4 search.
        """
        filters = Filters.make(
            owner=owner,
            modified_since=modified_since,
            created_since=created_since,
            timezone=self.settings.timezone,
        )
        how = {"columns": columns, "limit": limit, "progress": progress, "wait": wait}
        return _frame(self._table("contacts", filters, refresh, **how))

    def companies_df(
        self,
        *,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        created_since: DatetimeLike = None,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
        refresh: Refresh | None = None,
    ) -> pd.DataFrame:
        """Read companies into a frame: one row each, ordered by id, typed by their schema.

        They are the customers; ``primary_company_id`` of a deal is the ``id`` of one.

        Arguments, dtypes, ``attrs`` and errors are those of :meth:`deals_df`. The columns are those of
        ``salesmate_nb.resources.COMPANIES``, then custom fields by name. They need the v4 search.

        Raises
        ------
        SettingsError
            Where there is no linkname, and so no v4 search.
        """
        filters = Filters.make(
            owner=owner,
            modified_since=modified_since,
            created_since=created_since,
            timezone=self.settings.timezone,
        )
        how = {"columns": columns, "limit": limit, "progress": progress, "wait": wait}
        return _frame(self._table("companies", filters, refresh, **how))

    def activities_df(
        self,
        *,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        created_since: DatetimeLike = None,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
        refresh: Refresh | None = None,
    ) -> pd.DataFrame:
        """Read activities into a frame: one row each, ordered by id, typed by their schema.

        They are the calls, meetings, mails and tasks. Where ``related_to_module`` is ``"Deal"``,
        ``related_to_id`` is the ``id`` of a deal; ids of other kinds may be the same numbers.

        Arguments, dtypes, ``attrs`` and errors are those of :meth:`deals_df`. The columns are those of
        ``salesmate_nb.resources.ACTIVITIES``, then custom fields by name. They need the v4 search.

        Raises
        ------
        SettingsError
            Where there is no linkname, and so no v4 search.
        """
        filters = Filters.make(
            owner=owner,
            modified_since=modified_since,
            created_since=created_since,
            timezone=self.settings.timezone,
        )
        how = {"columns": columns, "limit": limit, "progress": progress, "wait": wait}
        return _frame(self._table("activities", filters, refresh, **how))

    def users_df(self) -> pd.DataFrame:
        """Read the colleagues into a frame; ``owner_id`` of any record is the ``id`` of one.

        Returns
        -------
        pandas.DataFrame
            ``id`` and ``role_id`` (``Int64``), ``first_name``, ``last_name`` and ``email`` (``str``),
            ``is_active`` (``boolean``) and ``role_name`` (``category``), by id. One call.

        Raises
        ------
        SalesmateError
            As :meth:`get` does.
        """
        self._need_v4("Users")
        listed = find_rows(self._api_client.request("GET", USERS_PATH))
        if listed is None or not all(isinstance(one, dict) for one in listed):
            raise BadResponse("The answer holds no list of users. Check SALESMATE_API_URL.")
        reader = BatchBuilder(USER_FIELDS, timezone=self.settings.timezone, discover=False)
        frame = to_pandas(assemble(USER_FIELDS, [reader.build(listed)]))
        _warn_of(reader.unreadable)
        return frame

    def fields_df(self) -> pd.DataFrame:
        """Read the field catalogue into a frame: what columns are called, in Salesmate and in the API.

        Returns
        -------
        pandas.DataFrame
            A row for each field of each kind of record: ``resource``, ``column`` (missing where frames leave
            the field out), ``label``, ``path`` (the API's name), ``type`` (the API's word), ``is_custom``
            (``bool``) and ``options`` (what may be chosen). One call at most.

        Raises
        ------
        SalesmateError
            As :meth:`get` does.
        """
        self._need_v4("Fields")
        with closing(self._records["deals"].reading(progress=False, wait=True)) as reading:
            payload = self._library.payload(reading.call)
        names = ["resource", "column", "label", "path", "type", "is_custom", "options"]
        rows = []
        for resource in RESOURCES.values():
            try:
                rows += list_fields(payload, resource)
            except SalesmateError as err:
                warnings.warn(f"{err} It is left out.", stacklevel=2)
        frame = pd.DataFrame(rows, columns=pd.Index(names, dtype="str"))
        return frame.astype(dict.fromkeys(names, "str") | {"is_custom": "bool"})

    def write_dataset(
        self,
        path: str | Path,
        *,
        of: str = "deals",
        partition_by: str | Sequence[str] = (),
        progress: bool | None = None,
        wait: bool = True,
    ) -> int:
        """Write all records of a kind to a folder of Parquet files, page by page, in constant memory.

        For accounts that outgrow a machine. DuckDB, Polars, Dask and Spark open the folder as it is; pandas
        does, but where values of a partition column are missing it has to be told how folders are named:
        ``pd.read_parquet(path, partitioning=pyarrow.dataset.partitioning(flavor="hive"))``.

        Parameters
        ----------
        path : str or Path
            A folder that does not exist yet. It appears when all is written, with mode 0700.
        of : {"deals", "contacts", "companies", "activities"}
            The kind of records.
        partition_by : str or sequence of str
            Columns of few values, each of which becomes a folder, in Hive's way: ``status=Won/``.
        progress, wait : bool
            As of :meth:`deals_df`.

        Returns
        -------
        int
            The number of rows.

        Raises
        ------
        IncompleteRead
            Where not every record could be read; the folder does not appear.
        SalesmateError
            Where it exists already, a column does not, or the disk refuses.
        """
        if of not in self._records:
            raise SalesmateError(f"of={of!r} is not known. Use one of {', '.join(self._records)}.")
        records, columns = (
            self._records[of],
            [partition_by] if isinstance(partition_by, str) else partition_by,
        )
        with closing(records.reading(progress=progress, wait=wait)) as reading:
            reader, pages = records.batches(reading, Filters())
            rows = dataset.write(Path(path), reader.fields, pages, partition_by=columns)
        _warn_of(reader.unreadable)
        return rows

    def _table(self, name: str, filters: Filters, refresh: Refresh | None, **how: Any) -> pa.Table:
        """Read one kind of records, live or by a snapshot, and tell in the metadata what is to be known."""
        before, how["limit"] = self._limiter.request_count, _positive(how["limit"])
        records = self._records[name]
        if refresh is None:
            table, told = records.table(filters, **how)
        else:
            refresher = SnapshotRefresher(records, self._snapshot_file(name), self.settings)
            table, told = refresher.table(refresh, filters, **how)
        _warn_of(told["unreadable"])
        told = {
            "read_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            **told,
            "host": self.settings.api_url,
            "api": self._api,
            "calls": self._limiter.request_count - before,
            "calls_left": self._limiter.remaining,
        }
        return table.replace_schema_metadata({"salesmate": json.dumps(told)})

    def _snapshot_file(self, name: str) -> SnapshotFile:
        bound = {
            "host": self.settings.api_url,
            "api": self._api,
            "profile": self.profile,
            "who": self._who,
            "timezone": self.settings.timezone,  # by which moments without a zone were read
        }
        return SnapshotFile(snapshot_folder(self.settings, self.profile), name, bound)

    def _need_v4(self, what: str) -> None:
        if self.settings.linkname is None:
            raise SettingsError(
                f"{what} are told by the v4 API, which needs SALESMATE_LINKNAME: set it to the 'acme' of "
                "https://acme.salesmate.io. Without it there are deals only."
            )

    @property
    def _api(self) -> str:
        return "v4" if self.settings.linkname else "v1"

    @property
    def _who(self) -> str:
        """Whose rows are read, without any secret: the client, or a fingerprint of the access key."""
        key = self.settings.access_token
        return f"key {fingerprint(key)}" if key else f"client {self.settings.client_id}"


def _frame(table: pa.Table) -> pd.DataFrame:
    told = json.loads(table.schema.metadata[b"salesmate"])
    frame = to_pandas(table, consume=True)
    frame.attrs["salesmate"] = told
    return frame


def _warn_of(unreadable: dict[str, int]) -> None:
    if unreadable:
        counts = ", ".join(f"{count:,} in {name}" for name, count in sorted(unreadable.items()))
        warnings.warn(f"Values that could not be read are missing: {counts}.", stacklevel=5)


def _positive(limit: int | None) -> int | None:
    if limit is not None and (isinstance(limit, bool) or not hasattr(limit, "__index__") or limit < 0):
        raise SalesmateError(f"limit={limit!r} is no number of rows. Give a whole number, or None for all.")
    return limit
