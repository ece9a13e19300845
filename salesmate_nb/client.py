"""A connection to one Salesmate account: log in, read records, call any other endpoint."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import requests

from salesmate_nb._account import Account
from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.response import unwrap
from salesmate_nb._api.session import BoundedSession
from salesmate_nb._auth.current_user import CurrentUserLookup
from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb._auth.hosts import UnusualHost, unusual_hosts
from salesmate_nb._auth.login import Login
from salesmate_nb._auth.oauth.session import OAuthSession
from salesmate_nb._auth.token_stores.base import TokenStore, check_profile
from salesmate_nb._auth.token_stores.registry import make_token_store
from salesmate_nb._auth.tokens import Token
from salesmate_nb._base.redaction import Secret
from salesmate_nb._base.signatures import same_arguments
from salesmate_nb._display.cards import card
from salesmate_nb._display.explained import explained_by
from salesmate_nb._display.output import Output, running_cell, running_kernel
from salesmate_nb._doctor.diagnosis import Diagnosis
from salesmate_nb._search.query import DatetimeLike, Refresh, TextFilter
from salesmate_nb._snapshot.store import snapshot_folder
from salesmate_nb._status import Status
from salesmate_nb.errors import LoginError, LoginRequired, SalesmateError, SettingsError
from salesmate_nb.resources import ACTIVITIES, COMPANIES, CONTACTS, DEALS
from salesmate_nb.settings import Settings


class ShownPanel(Protocol):
    """The panel of a pending login, below a cell of a notebook."""

    def wait(self) -> None:
        """Block the running cell until somebody has logged in; raise ``LoginRequired`` if it cannot wait."""


@explained_by("deals_df")
class Salesmate:
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

    def __init__(
        self, settings: Settings, *, profile: str = "default", token_store: TokenStore | None = None
    ) -> None:
        self.profile = check_profile(profile)
        self._token_store = make_token_store(settings, profile) if token_store is None else token_store
        self._login_flow: LoginFlow | None = None
        self.panel_cell: int | None = None  # the notebook cell that shows the panel of its login
        self.login_panel: ShownPanel | None = None
        self._login = Login(settings, self._token_store, profile=profile)
        self._in_memory = settings.token_store == "memory"  # noqa: S105 - a kind of store
        self._has_snapshots = token_store is None and not self._in_memory
        self._made: tuple[requests.Session, _Parts] | None = None

    @property
    def settings(self) -> Settings:
        """The settings, with the account of the login in use."""
        return self._login.settings

    @property
    def session(self) -> requests.Session:
        """The session of the login in use: an ``OAuth2Session``, or one that sends the Session Key."""
        return self._login.session

    @property
    def _parts(self) -> _Parts:
        """What depends on the login in use; it is made again if that is another one."""
        self._login.look()
        if self._made is None or self._made[0] is not self._login.session:
            self._made = self._login.session, self._make_parts(self._login.settings, self._login.session)
        return self._made[1]

    def _make_parts(self, settings: Settings, session: BoundedSession) -> _Parts:
        folder = None if self._in_memory else settings.token_cache
        limiter = RateLimiter(settings.api_url, settings.calls_per_hour, folder)
        api_client = ApiClient(session, settings.api_url, limiter, self._login)
        current_user = CurrentUserLookup(
            settings, self.profile, api_client.request, is_stored=self._has_snapshots
        )
        account = Account(
            settings,
            self.profile,
            api_client,
            limiter,
            current_user,
            has_snapshots=self._has_snapshots,
            profile_folder=folder,
        )
        return _Parts(limiter, api_client, current_user, account)

    @property
    def _account(self) -> Account:
        return self._parts.account

    def __repr__(self) -> str:
        state = "authorized" if self.authorized else "pending"
        return f"<Salesmate {self.settings.api_url} profile={self.profile!r} {state}>"

    def _repr_html_(self) -> str:
        status = self.status()
        state = "Connected to Salesmate" if status.authorized else "Not logged in to Salesmate yet"
        lines = list(status.lines().items())
        return card(state, dict(lines[:2]), is_on=status.authorized, folded=dict(lines[2:]))

    def _ipython_display_(self) -> None:
        """Show the card of a pending login so that it follows the login; below its panel, show nothing."""
        if running_kernel() is None or (self.authorized and self.panel_cell != running_cell()):
            raise NotImplementedError  # IPython then shows the object as any other
        if self.panel_cell == running_cell():
            return
        output = Output()

        def show(_: object) -> None:
            output.show(self._repr_html_(), repr(self))

        if self.has_login_link:
            self.pending_login().subscribe(show)
        show(self)

    def deals_df(
        self,
        *,
        status: TextFilter = None,
        stage: TextFilter = None,
        pipeline: TextFilter = None,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        created_since: DatetimeLike = None,
        columns: str | Sequence[str] | None = None,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
        refresh: Refresh | None = None,
    ) -> pd.DataFrame:
        """Read deals into a DataFrame: one row each, ordered by id, typed by the schema.

        Parameters
        ----------
        status, stage, pipeline : str or list of str, optional
            Keep rows with one of these values, without regard to case. Salesmate calls a deal that was
            won ``Won`` or ``Close``; if an account has both, ask for both.
        owner : str, int or list of them, optional
            Names or ids of owners.
        modified_since, created_since : datetime, date, Timestamp or str, optional
            Keep rows modified, or created, at this time or later. Without a time zone, it is in that of
            the settings.
        columns : str or sequence of str, optional
            Columns of the frame, in that order; by default all, custom fields included.
        limit : int, optional
            Rows in all: the first by id if the server keeps that order, else the first to arrive.
        progress : bool, optional
            Whether to show a progress bar; by default in a notebook or a terminal only.
        wait : bool
            Whether to wait, with a countdown in the bar, if the account's hourly limit is reached. If
            not, ``RateLimited`` is raised before the read begins.
        refresh : {"auto", "full", "never"}, optional
            By default every row is read from the server, and nothing is written to disk. ``"auto"`` keeps
            a snapshot in a file that only you can read: it reads what changed since, and compares the ids
            of all rows, or reads everything if the server's order allows no less. ``"full"`` rebuilds it,
            with changes that do not touch ``last_modified_at``, such as the new name of a colleague.
            ``"never"`` reads the snapshot without any request.

        Returns
        -------
        pandas.DataFrame
            The schema's columns, also if there are no rows, then custom fields by name. Ids are
            ``Int64``, amounts ``float64``, timestamps ``datetime64[us, UTC]``, texts ``str``, and repeated
            values ``category``. ``df.attrs["salesmate"]`` reports ``host``, ``api``, ``read_at``, the
            ``calls`` made and ``calls_left`` this hour; the ``strategy`` of paging, how many ``passes`` over
            all rows it took, and the server's ``totals``; ``fields``, the API's names of custom columns; and
            ``unreadable``, how many values of which column could not be read and are missing.

        Raises
        ------
        LoginRequired
            If somebody has to log in first.
        IncompleteRead
            If not every deal could be read; there is never a short frame.
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
        return self._ready(refresh).frame(DEALS, locals())

    @same_arguments(deals_df)
    def deals_arrow(self, **arguments: Any) -> pa.Table:
        """Read deals into an Arrow table, with the arguments of :meth:`deals_df`.

        Returns
        -------
        pyarrow.Table
            The rows and columns of :meth:`deals_df`: ids ``int64``, amounts ``double``, timestamps
            ``timestamp[us, tz=UTC]``, texts ``string``, and repeated values ``dictionary``. The schema's
            metadata holds under ``salesmate``, as JSON, what ``attrs`` of a frame reports.
        """
        return self._ready(arguments["refresh"]).arrow(DEALS, arguments)

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

        Arguments and errors are those of :meth:`deals_df`. A read that is followed to its end is complete,
        or raises ``IncompleteRead`` there.

        Yields
        ------
        dict
            One record, in the server's own shape.
        """
        return self._ready().records(DEALS, locals())

    def contacts_df(
        self,
        *,
        owner: TextFilter = None,
        modified_since: DatetimeLike = None,
        created_since: DatetimeLike = None,
        columns: str | Sequence[str] | None = None,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
        refresh: Refresh | None = None,
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
        created_since: DatetimeLike = None,
        limit: int | None = None,
        progress: bool | None = None,
        wait: bool = True,
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
            hand). The columns are the same without pipelines. One request.

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
        return self._ready().doctor()

    def write_dataset(
        self,
        resource: str,
        path: str | Path,
        *,
        partition_by: str | Sequence[str] = (),
        progress: bool | None = None,
        wait: bool = True,
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
            resource, Path(path), columns, {"progress": progress, "wait": wait}
        )

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

    @property
    def timezone(self) -> str:
        """The time zone of dates that Salesmate writes without one: the setting, else the user's, else UTC.

        Salesmate's list of users says which is the user's (`isCurrentUser`, `timezone`). It is asked once,
        and the zone is remembered beside the login for a month. Over v1 it is the setting or UTC.

        Examples
        --------
        >>> from salesmate_nb import connect, sandbox
        >>> with sandbox.start() as box:
        ...     connect(box).timezone
        'UTC'
        """
        return self._account.timezone()

    @property
    def authorized(self) -> bool:
        """Whether requests can be made without anybody logging in."""
        return self._login.is_authorized

    @property
    def login_url(self) -> str | None:
        """The address to open and allow access, while the login is pending; the redirect is then received."""
        return self.pending_login().url if self.has_login_link and not self.authorized else None

    @property
    def has_login_link(self) -> bool:
        """Whether the settings name an OAuth client, so that one can log in by a link."""
        return bool(self._login.given.client_id) and self.takes_key

    @property
    def takes_key(self) -> bool:
        """Whether :meth:`login_with_key` can be used: not if the settings hold a key, which comes first."""
        return not self._login.given.session_key

    @property
    def unusual_hosts(self) -> list[UnusualHost]:
        """The hosts to show to a person before a login is sent to them; usually none."""
        return unusual_hosts(self._login.given)

    @property
    def login_reason(self) -> str:
        """Why the login is pending, in a sentence; empty if it is not, or nobody has logged in before."""
        return self._login.reason

    def login_with_key(self, workspace: str, key: str) -> str:
        """Log in with a Session Key: prove it by one request, store it, and use it from now on.

        It is stored as a token is, under the profile's name, and is sent to this workspace only. After an
        error nothing is stored, and the connection is as before.

        Parameters
        ----------
        workspace : str
            ``acme``, ``acme.salesmate.io`` or ``https://acme.salesmate.io/``.
        key : str
            The Session Key: in Salesmate under My Account, tab Access Key, the third one.

        Returns
        -------
        str
            The user's name in Salesmate; empty if it is not known.

        Raises
        ------
        SettingsError
            If the workspace or the key is not written as one, or the settings name another workspace or
            hold a key themselves.
        LoginError
            If Salesmate does not accept the key, or does not know the workspace.
        ConnectionFailed, ApiError
            If no response arrived, or one that does not show whether the key works.
        """
        key = Secret(key)  # tracebacks may show arguments
        if self._login.given.session_key:
            raise SettingsError(
                f"The Session Key of {self._login.given.source('session_key')} comes before a stored one. "
                "Replace or remove it there."
            )
        user = self._login.log_in_with_key(workspace, key, RateLimiter)
        self._parts.current_user.set(user)
        if self._login_flow is not None:
            self._login_flow.supersede()
        return user.name

    def finish_login(self, pasted: str) -> None:
        """Finish a pending login with what came back from Salesmate's page.

        Parameters
        ----------
        pasted : str
            The full address of the redirect, its query string, or the bare code of this very attempt.

        Raises
        ------
        StateMismatch, LoginDenied, LoginError
            If it belongs to another attempt, access was denied, or it cannot finish this login. The login
            stays pending and can still be finished.
        """
        pasted = Secret(pasted)  # it holds the code, and tracebacks may show arguments
        if not self.authorized:
            self.pending_login().finish(pasted)

    def require_login(self) -> None:
        """Make sure that requests can be made, refreshing the token if it is about to expire.

        Raises
        ------
        LoginRequired
            If somebody has to log in first; the message says how.
        """
        self._login.ensure()

    def renew(self) -> None:
        """Refresh the token if it is about to expire; without one that works, the login is pending."""
        self._login.recheck(self._parts.limiter)
        with contextlib.suppress(LoginRequired):
            self.require_login()

    def identify(self) -> None:
        """Ask Salesmate once who is connected; if it does not say, the name stays unknown."""
        if self.settings.linkname:
            with contextlib.suppress(SalesmateError):
                self._parts.current_user.get()

    def pending_login(self) -> LoginFlow:
        """Return the login that waits for a person: the same one until it is finished."""
        given = self._login.given
        if given.session_key:
            raise LoginError(
                f"This connection uses the Session Key of {given.source('session_key')}, so there is nothing "
                "to log in to. To use another key, replace it there."
            )
        if not given.client_id:
            raise LoginError(
                "These settings have no SALESMATE_CLIENT_ID, so there is no login link. Log in with a "
                "Session Key: connect().login_with_key(workspace, key)."
            )
        if self._login_flow is None or self._login_flow.phase is LoginState.DONE:
            self._login_flow = LoginFlow(self._login.given, self._accept)
        return self._login_flow

    def logout(self) -> None:
        """Forget the token here and in the token store; revoke it if a revocation endpoint is set.

        Snapshots of this profile, and what is remembered of its user, are removed too.

        Raises
        ------
        LoginError
            If a Session Key in the settings still signs in; or if the token was forgotten, but the
            revocation endpoint did not confirm.
        """
        if self._has_snapshots:
            shutil.rmtree(snapshot_folder(self.settings, self.profile), ignore_errors=True)
        self._parts.current_user.forget()
        failures = self._login.forget()
        if self._login_flow is not None:
            self._login_flow.expire()
        if failures:
            raise LoginError(" ".join(failures))
        if self._login.given.session_key:
            raise LoginError(
                f"The Session Key in {self._login.given.source('session_key')} still signs you in. Remove it "
                "there. To end it for good, make a new one in Salesmate under My Account, tab Access Key."
            )

    def status(self) -> Status:
        """Return who is connected to what, and what is known of the server; makes no request.

        The user's name is there once Salesmate's list of users was read: by the first read, or
        :attr:`timezone`, if the settings give no time zone; by :meth:`doctor` and :meth:`users_df` in any
        case.
        """
        user = self._parts.current_user.known().name
        client = self.settings.client_id
        by = "Session Key" if self.settings.session_key else f"client {client}" if client else "nobody"
        token = self.session.current_token if isinstance(self.session, OAuthSession) else None
        ends = token.expires_at if token else None
        return Status(
            authorized=self.authorized,
            profile=self.profile,
            who=f"{user} ({by})" if user else by,
            host=self.settings.api_url,
            api=self._account.api,
            expires_at=pd.Timestamp(ends, unit="s", tz="UTC") if ends else None,
            token_location="the settings" if self._login.given.session_key else self._token_store.location,
            calls_made=self._parts.limiter.used,
            calls_left=self._parts.limiter.remaining,
            server=self._account.server_profile.describe(),
            user=user,
            workspace=self.settings.linkname or "",
        )

    def _ready(self, refresh: Refresh | None = None) -> Account:
        """Return the account, after somebody has logged in if this login's panel is shown."""
        if self.login_panel is not None and refresh != "never" and not self.authorized:
            self.login_panel.wait()
        return self._account

    def _accept(self, token: Token) -> None:
        self._login.accept(token)
        self._parts.current_user.forget()  # somebody else may have logged in


@dataclass(frozen=True)
class _Parts:
    """What a connection is made of, for one login."""

    limiter: RateLimiter
    api_client: ApiClient
    current_user: CurrentUserLookup
    account: Account
