"""A Salesmate account: read its records, call any other endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from salesmate_nb._api.response import unwrap
from salesmate_nb._base.signatures import same_arguments
from salesmate_nb._connection import Connection
from salesmate_nb._display.explained import explained_by
from salesmate_nb._doctor.diagnosis import Diagnosis
from salesmate_nb._search.filters.conditions import Where
from salesmate_nb._search.filters.filters import TextFilter
from salesmate_nb._values.times import DatetimeLike
from salesmate_nb.errors import ConnectionFailed, LoginRequired, interruptible
from salesmate_nb.resources import ACTIVITIES, COMPANIES, CONTACTS, DEALS
from salesmate_nb.settings import Refresh


@explained_by("deals_df")
class Salesmate(Connection):
    """A connection to one Salesmate account; :func:`connect` makes it.

    Parameters
    ----------
    settings : Settings
        What to connect to. A stored login of this profile knows its own account.
    profile : str
        The name under which its login is stored.
    token_store : TokenStore, optional
        Where its token is stored; by default where `settings` say. With another one there are no snapshots:
        their files would be shared by everybody whose login is stored elsewhere.
    """

    def deals_df(
        self,
        *,
        status: TextFilter = None,
        stage: TextFilter = None,
        pipeline: TextFilter = None,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        modified_until: DatetimeLike = None,
        created_since: DatetimeLike = None,
        created_until: DatetimeLike = None,
        closed_since: DatetimeLike = None,
        closed_until: DatetimeLike = None,
        where: Where = None,
        columns: str | Sequence[str] | None = None,
        url: bool = False,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
        refresh: Refresh | None = None,
        allow_incomplete: bool = False,
        as_of: DatetimeLike = None,
    ) -> pd.DataFrame:
        """Read deals into a DataFrame: one row each, ordered by id, typed by the schema.

        Parameters
        ----------
        status, stage, pipeline : str or list of str, optional
            Keep rows with one of these values, without regard to case and to spaces at the ends. A warning
            names a value that no deal has, with the closest one. Salesmate calls a deal that was won
            ``Won`` or ``Close``; if an account has both, ask for both.
        owner : str, int or list of them, optional
            Full names or ids of owners.
        modified_since, created_since, closed_since : datetime, date, timedelta, str or other, optional
            Keep rows modified, created, or closed, at this time or later. Text is ISO 8601, ``"2026-01-31"``
            or ``"2026-01-31T09:00"``; without a time zone, it is in that of the settings. Or it is an age:
            ``"7d"`` or ``"4w"`` is the start of the day so long ago. A timedelta is exact, so
            ``timedelta(days=7)`` is 168 hours ago. Both count back by Salesmate's clock, or before its first
            response by this computer's. Types of pandas and numpy will do too; ``NaT`` is as ``None``.
        modified_until, created_until, closed_until : datetime, date, timedelta, str or other, optional
            Keep rows modified, created, or closed, at this time or earlier. A day without a time of day is
            included to its end: ``"2026-01-31"`` keeps all of the 31st, and so does a date. So is
            ``"2026-01"``, a month. A datetime or Timestamp is exact: ``pd.Timestamp("2026-01-31")`` is the
            midnight at which that day begins, of which a warning reminds you.
        where : mapping of str to object, optional
            By column, also of a custom field, what to keep: a value, as ``{"source": "Web"}``; a list of
            values; ``None`` for rows without one; or a range of numbers or times, both ends included, as
            ``{"deal_value": {"min": 1000}}`` or ``{"rotten_date": {"min": "2026-01", "max": "7d"}}``. Text is
            compared as `status` is, and of ``tags`` one will do; a day is all of its times, but a datetime or
            Timestamp is exact. All columns must fit.
        columns : str or sequence of str, optional
            Columns of the frame, in that order; by default all, custom fields included.
        url : bool
            Whether to add the column ``deal_url``, at the end unless `columns` names it: the address of the
            deal's page in Salesmate. It is a link in :func:`to_excel`, and in a notebook by
            ``df.style.format(hyperlinks="html")``. Over v1 it is empty, with a warning: the workspace is not
            known.
        limit : int, optional
            Rows in all: the first by id if the server keeps that order, else the first to arrive.
        progress : bool, optional
            Whether to show a progress bar; by default in a notebook or a terminal only.
        wait : bool
            Whether to wait, with a countdown in the bar, if the account's hourly limit is reached. If
            not, ``RateLimited`` is raised before the read begins.
        refresh : {"auto", "full", "never", "live"}, optional
            By default what the setting ``SALESMATE_REFRESH`` says; without it, ``"live"``: every row is read
            from the server, and nothing is written to disk. ``"auto"`` keeps a snapshot in a file that only
            you can read: it reads what changed since, and compares the ids of all rows, or reads everything
            if the server's order allows no less. It also reads two pages, or 1 % of all rows, again, so that
            a change that does not touch ``last_modified_at``, such as the new name of a colleague, is there
            after at most 100 refreshes. ``"full"`` reads everything from scratch. ``"never"`` reads the
            snapshot without any request. With a snapshot, `limit` counts the first rows by id.
        allow_incomplete : bool
            Whether to return what there is, with a warning and ``complete``, ``read`` and ``total`` in
            ``attrs``, if the server counts rows that it does not return, however often all are read. Such a
            read is never kept as a snapshot.
        as_of : datetime, date, Timestamp, datetime64 or str, optional
            Return the deals as they stood then, as the last refresh before that time found them, from the
            history that refreshes keep; a day means its end, and a datetime or Timestamp is exact, also at
            midnight. No request is made unless `refresh` asks for it.

        Returns
        -------
        pandas.DataFrame
            The schema's columns, also if there are no rows, then custom fields by name. Ids are
            ``Int64``, amounts ``float64``, timestamps ``datetime64[us, UTC]``, texts ``str``, and repeated
            values ``category``. ``df.attrs["salesmate"]`` reports ``host``, ``api``, ``read_at``, the
            ``calls`` made and ``calls_left`` this hour; the ``strategy`` of paging, how many ``passes`` over
            all rows it took, the server's ``totals``, and whether the rows are ``complete``; ``fields``,
            the API's names of custom columns; ``resource``, ``filters``, ``limit`` and ``timezone``; and
            ``unreadable``, how many values of which column could not be read and are missing. With `as_of`,
            ``read_at`` is when that state was read; ``stale_hours`` are the hours from then to ``as_of``, in
            which changes are not known (24 and more if there was no refresh on that day); and
            ``history_since`` is since when the history knows.

        Notes
        -----
        All filters are checked here, on each row, and give the same rows live, from a snapshot and over v1.
        The server is asked for what it is known to support: the earliest time of creation and of the last
        change, and one status. A read with other filters alone takes as many requests as one without.

        Raises
        ------
        LoginRequired
            If somebody has to log in first.
        IncompleteRead
            If not every deal could be read; there is never a short frame unless you allow it.
        RateLimited
            If the hourly limit is reached, and waiting is off or would take over an hour.
        SalesmateError
            If an argument is not valid, no response came, or the API failed.

        Examples
        --------
        >>> from salesmate_nb import connect, sandbox
        >>> with sandbox.start(deals=500) as box:
        ...     df = connect(box).deals_df(status="Won", columns=["id", "deal_value"], limit=2)
        >>> df.dtypes.astype(str).to_dict()
        {'id': 'Int64', 'deal_value': 'float64'}
        """
        return self._ready(refresh, as_of).frame(DEALS, locals())

    @same_arguments(deals_df)
    def deals_arrow(self, **arguments: Any) -> pa.Table:
        """Read deals into an Arrow table, with the arguments of :meth:`deals_df`.

        Returns
        -------
        pyarrow.Table
            The rows and columns of :meth:`deals_df`: ids ``int64``, amounts ``double``, timestamps
            ``timestamp[us, tz=UTC]``, texts ``string``, and repeated values ``dictionary``. The schema's
            metadata holds under ``salesmate``, as JSON, what ``attrs`` of a frame reports.

        Notes
        -----
        This is the way to Polars and DuckDB. ``polars.from_arrow(deals)`` shares the memory of numbers and
        times; texts are copied into Polars' own form. DuckDB finds the table by the name of its variable:
        ``duckdb.sql("select status, sum(deal_value) from deals group by all")``. Whatever takes the Arrow
        PyCapsule interface takes the table.
        """
        return self._ready(arguments["refresh"], arguments["as_of"]).arrow(DEALS, arguments)

    def deals(
        self,
        *,
        status: TextFilter = None,
        stage: TextFilter = None,
        pipeline: TextFilter = None,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        modified_until: DatetimeLike = None,
        created_since: DatetimeLike = None,
        created_until: DatetimeLike = None,
        closed_since: DatetimeLike = None,
        closed_until: DatetimeLike = None,
        where: Where = None,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
        allow_incomplete: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Yield deals as the server sent them, page by page as they are asked for.

        Arguments and errors are those of :meth:`deals_df`. A read that is followed to its end is complete,
        or raises ``IncompleteRead`` there.

        Yields
        ------
        dict
            One record, in the server's own shape.
        """
        return self._ready().records(DEALS, locals())

    def history_df(
        self,
        since: DatetimeLike = None,
        field: str | Sequence[str] | None = None,
        id: int | Sequence[int] | None = None,  # noqa: A002 - the column's name
    ) -> pd.DataFrame:
        """Read what changed in deals, as the refreshes of their snapshot found it; makes no request.

        Salesmate has no history. Each ``refresh="auto"`` or ``"full"`` compares the deals with those of the
        refresh before, and keeps what differs in files that only you can read.

        Parameters
        ----------
        since : datetime, date, Timestamp, datetime64 or str, optional
            Leave out what refreshes before this time found.
        field : str or list of str, optional
            Columns of :meth:`deals_df`, or ``created``, ``deleted`` and ``restored``. By default these three,
            and ``stage``, ``pipeline``, ``status``, ``deal_value``, ``currency``, ``estimated_close_date``,
            ``owner_id`` and ``win_probability``.
        id : int or list of int, optional
            The deals.

        Returns
        -------
        pandas.DataFrame
            A row for each value that changed, the oldest first. ``id`` (``Int64``), ``title`` (``str``) and
            ``field`` (``category``); ``old`` and ``new``, as text, or in the column's own dtype if `field` is
            one column; ``changed_at``, when the deal was last modified, missing for a deletion; ``seen_at``,
            when a refresh found it (both ``datetime64[us, UTC]``). Then the deal as that refresh found it, or
            the one before if it is deleted: ``stage``, ``pipeline``, ``status``, ``owner_id``,
            ``owner_name``, ``deal_value`` and ``currency``. A deal that appeared, or disappeared, has a row
            for each of its values too. ``df.attrs["salesmate"]`` has ``since``, since when changes are known;
            ``refreshes``, when the deals were read, the last time before it included; and ``filters``, the
            fields and ids that were asked for.

        Raises
        ------
        SalesmateError
            If there is no history yet, or an argument is not valid.

        Examples
        --------
        >>> from salesmate_nb import connect, sandbox
        >>> with sandbox.start(deals=300) as box:
        ...     crm = connect(box)
        ...     deals = crm.deals_df(refresh="auto")
        ...     box.deals.edit(int(deals["id"][0]), stage="Negotiation")
        ...     deals = crm.deals_df(refresh="auto")
        ...     history = crm.history_df(field="stage")
        >>> history["new"].to_list()
        ['Negotiation']
        """
        return self._ready("never").history(since, field, id)

    def contacts_df(
        self,
        *,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        modified_until: DatetimeLike = None,
        created_since: DatetimeLike = None,
        created_until: DatetimeLike = None,
        where: Where = None,
        columns: str | Sequence[str] | None = None,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
        refresh: Refresh | None = None,
        allow_incomplete: bool = False,
    ) -> pd.DataFrame:
        """Read contacts, the people at customers, into a DataFrame: one row each, ordered by id.

        Arguments, dtypes, ``attrs`` and errors are those of :meth:`deals_df`. The columns are those of
        ``salesmate_nb.resources.CONTACTS``, then custom fields by name. A deal's ``primary_contact_id``
        is the ``id`` of one. Requires the v4 API.

        Raises
        ------
        SettingsError
            If the settings have no linkname, and so no v4 API.
        """
        return self._ready(refresh).frame(CONTACTS, locals())

    @same_arguments(contacts_df)
    def contacts_arrow(self, **arguments: Any) -> pa.Table:
        """Read contacts into an Arrow table, as :meth:`deals_arrow` reads deals."""
        return self._ready(arguments["refresh"]).arrow(CONTACTS, arguments)

    def contacts(
        self,
        *,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        modified_until: DatetimeLike = None,
        created_since: DatetimeLike = None,
        created_until: DatetimeLike = None,
        where: Where = None,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
        allow_incomplete: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Yield contacts as the server sent them, as :meth:`deals` yields deals."""
        return self._ready().records(CONTACTS, locals())

    @same_arguments(contacts_df)
    def companies_df(self, **arguments: Any) -> pd.DataFrame:
        """Read companies, the customers, into a DataFrame: one row each, ordered by id.

        As :meth:`contacts_df`, with the columns of ``salesmate_nb.resources.COMPANIES``. A deal's
        ``primary_company_id`` is the ``id`` of one.
        """
        return self._ready(arguments["refresh"]).frame(COMPANIES, arguments)

    @same_arguments(contacts_df)
    def companies_arrow(self, **arguments: Any) -> pa.Table:
        """Read companies into an Arrow table, as :meth:`deals_arrow` reads deals."""
        return self._ready(arguments["refresh"]).arrow(COMPANIES, arguments)

    @same_arguments(contacts)
    def companies(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Yield companies as the server sent them, as :meth:`deals` yields deals."""
        return self._ready().records(COMPANIES, arguments)

    @same_arguments(contacts_df)
    def activities_df(self, **arguments: Any) -> pd.DataFrame:
        """Read activities (calls, meetings, mails, tasks) into a DataFrame: one row each, ordered by id.

        As :meth:`contacts_df`, with the columns of ``salesmate_nb.resources.ACTIVITIES``. If
        ``related_to_module`` is ``"Deal"``, ``related_to_id`` is the ``id`` of a deal; other kinds of
        records may have the same ids.
        """
        return self._ready(arguments["refresh"]).frame(ACTIVITIES, arguments)

    @same_arguments(contacts_df)
    def activities_arrow(self, **arguments: Any) -> pa.Table:
        """Read activities into an Arrow table, as :meth:`deals_arrow` reads deals."""
        return self._ready(arguments["refresh"]).arrow(ACTIVITIES, arguments)

    @same_arguments(contacts)
    def activities(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Yield activities as the server sent them, as :meth:`deals` yields deals."""
        return self._ready().records(ACTIVITIES, arguments)

    @interruptible("Reading users")
    def users_df(self) -> pd.DataFrame:
        """Read the users of the account into a DataFrame; ``owner_id`` of any record is the ``id`` of one.

        Returns
        -------
        pandas.DataFrame
            ``id`` and ``role_id`` (``Int64``), ``first_name``, ``last_name`` and ``email`` (``str``),
            ``is_active`` (``boolean``) and ``role_name`` (``category``), by id. One request.

        Raises
        ------
        SalesmateError
            As :meth:`get` does.
        """
        return self._ready().users()

    @interruptible("Reading fields")
    def fields_df(self) -> pd.DataFrame:
        """Read the field catalog into a DataFrame: what each field is called, in Salesmate and in the API.

        Returns
        -------
        pandas.DataFrame
            A row for each field of each resource: ``resource``, ``column`` (missing if frames leave the
            field out), ``label``, ``path`` (the API's name), ``type`` (the API's word), ``is_custom``
            (``bool``) and ``options`` (the values to choose from). One request at most.

        Raises
        ------
        SalesmateError
            As :meth:`get` does.
        """
        return self._ready().fields()

    @interruptible("Reading pipelines")
    def pipelines_df(self) -> pd.DataFrame:
        """Read the pipelines into a DataFrame: a row for each stage, in the order of the sales process.

        Source: ``GET apis/v3/apps/dealPipeline``, as three other connectors read it; the v4 reference does
        not document it.

        Returns
        -------
        pandas.DataFrame
            ``pipeline`` and ``stage`` (``category``, in order), ``position`` (``Int64``, from 1 in each
            pipeline), ``win_probability`` (``float64``, percent from 0 to 100), ``rotten_after_days``
            (``Int64``, the days after which a deal in this stage counts as rotten) and
            ``is_probability_manual`` (``boolean``, whether win probabilities of the pipeline are entered by
            hand). What cannot be read, or is not a percentage, is missing, and a warning counts it. The
            columns are the same without pipelines. One request.

        Raises
        ------
        BadResponse
            If the response has no list of pipelines.
        SalesmateError
            As :meth:`get` does.

        Examples
        --------
        >>> from salesmate_nb import connect, sandbox
        >>> with sandbox.start() as box:
        ...     stages = connect(box).pipelines_df()
        >>> stages[["pipeline", "stage", "position", "win_probability"]].head(2)
               pipeline      stage  position  win_probability
        0  New business  Qualified         1             10.0
        1  New business       Demo         2             25.0
        """
        return self._ready().pipelines()

    @interruptible("The doctor")
    def doctor(self) -> Diagnosis:
        """Find out what the server supports and which formats it sends, to paste into a bug report.

        At most 12 requests, which change nothing. What the server refuses is a finding, not an error. If the
        login is not accepted or no response comes, the diagnosis says so, and ``problem`` holds the error.

        Returns
        -------
        Diagnosis
            Print it. It shows the rules, the sort and the totals of the search for deals; formats; what
            earlier reads learned of the server; versions; the time zone, API calls left, and your own name in
            Salesmate. It contains no secret, and of your customers neither texts, ids nor amounts; totals are
            rounded.

        Examples
        --------
        >>> from salesmate_nb import connect, sandbox
        >>> with sandbox.start(behavior="kind") as box:
        ...     diagnosis = connect(box).doctor()
        >>> diagnosis.search["rule on id"], diagnosis.totals["deals"], diagnosis.requests <= 12
        ('applied', 'about 500', True)
        """
        account = self._ready()
        try:
            self.require_login()
        except (LoginRequired, ConnectionFailed) as err:
            return account.doctor(err)
        return account.doctor()

    def write_dataset(
        self,
        resource: str,
        path: str | Path,
        *,
        partition_by: str | Sequence[str] = (),
        progress: bool | None = None,
        wait: bool = True,
        allow_incomplete: bool = False,
    ) -> int:
        """Write all records of a resource to a folder of Parquet files, page by page, in constant memory.

        For accounts that are too large for a machine's memory. DuckDB, Polars, Dask and Spark open the
        folder as it is. So does pandas; if values of a partition column are missing, pass it
        ``partitioning=pyarrow.dataset.partitioning(flavor="hive")``.

        Parameters
        ----------
        resource : {"deals", "contacts", "companies", "activities"}
            What to write.
        path : str or Path
            A folder that does not exist yet. It appears when everything is written, with mode 0700.
        partition_by : str or sequence of str
            Columns with few values, each of which becomes a folder, in Hive's way: ``status=Won/``.
        progress : bool, optional
            Whether to show a progress bar; by default in a notebook or a terminal only.
        wait : bool
            Whether to wait if the account's hourly limit is reached.
        allow_incomplete : bool
            As of :meth:`deals_df`.

        Returns
        -------
        int
            The number of rows.

        Raises
        ------
        IncompleteRead
            If not every record could be read; the folder does not appear.
        SalesmateError
            If the folder exists, a column does not, or the disk refuses.
        """
        columns = [partition_by] if isinstance(partition_by, str) else partition_by
        return self._ready().write_dataset(
            resource,
            Path(path),
            columns,
            {"progress": progress, "wait": wait, "allow_incomplete": allow_incomplete},
        )

    @interruptible("The request")
    def get(self, path: str, **params: Any) -> Any:
        """Send a GET request to any other endpoint, and return the data inside the response's envelope.

        Parameters
        ----------
        path : str
            The path on the API's host, ``"apis/core/v4/users"`` for example.
        **params
            The query.

        Returns
        -------
        dict or list
            The value under ``Data``, or the whole response if it has no such envelope.

        Raises
        ------
        SalesmateError
            If there is no login, no response, or a failure.
        """
        self._ready()
        return unwrap(self._parts.api_client.request("GET", path, params=params))

    @interruptible("The request", "It may have been carried out: check that before you run this again.")
    def post(self, path: str, json: Any = None) -> Any:
        """Send a POST request to any other endpoint, once, and return the data inside its envelope.

        Parameters
        ----------
        path : str
            The path on the API's host.
        json : optional
            The body.

        Raises
        ------
        SalesmateError
            If there is no login, no response, or a failure. The request is not retried, since a second
            POST may do a thing twice.
        """
        self._ready()
        return unwrap(self._parts.api_client.request("POST", path, json=json))
