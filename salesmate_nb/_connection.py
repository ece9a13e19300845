"""One connection to Salesmate: its login, and what depends on it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Protocol

import pandas as pd
import requests

from salesmate_nb._account import Account
from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.session import BoundedSession
from salesmate_nb._auth.current_user import CurrentUserLookup
from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb._auth.hosts import UnusualHost, unusual_hosts
from salesmate_nb._auth.login import Login
from salesmate_nb._auth.oauth.session import OAuthSession
from salesmate_nb._auth.token_stores.base import TokenStore
from salesmate_nb._auth.token_stores.profiles import check_profile
from salesmate_nb._auth.token_stores.registry import make_token_store
from salesmate_nb._auth.tokens import Token
from salesmate_nb._base import files
from salesmate_nb._base.secret.frames import hides
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._display.cards import card
from salesmate_nb._display.explained import explained_by
from salesmate_nb._display.output import Output, running_cell, running_kernel
from salesmate_nb._snapshot.store import snapshot_folder
from salesmate_nb._status import IN_SETTINGS, NOBODY, Status
from salesmate_nb._values.times import DatetimeLike
from salesmate_nb.errors import LoginError, LoginRequired, SalesmateError, SettingsError, interruptible
from salesmate_nb.settings import VENDOR, Refresh, Settings


class ShownPanel(Protocol):
    """The panel of a pending login, below a cell of a notebook."""

    def wait(self) -> None:
        """Block the running cell until somebody has logged in; raise ``LoginRequired`` if it cannot wait."""


@explained_by("login_with_key")
class Connection:
    """A login to one Salesmate account, which may be pending, and what requests are made with.

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
        self._made: tuple[requests.Session, Settings, _Parts] | None = None

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
        """What depends on the login in use; it is made again if that is another one, or has another key."""
        self._login.look()
        session, settings = self._login.session, self._login.settings
        if self._made is None or self._made[0] is not session or self._made[1] != settings:
            self._made = session, settings, self._make_parts(settings, session)
        return self._made[2]

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
            login=lambda: self._login.settings if self._login.stands else None,
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
        title = status.title if status.authorized else f"{status.title} yet"
        is_on = status.authorized and not status.is_untried
        lines = list(status.lines().items())
        return card(title, dict(lines[:2]), is_on=is_on, folded=dict(lines[2:]))

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
        return bool(self._login.given.client_id) and not self._login.given.session_key

    @property
    def takes_key(self) -> bool:
        """Whether :meth:`login_with_key` can be used: not if the settings hold a key that works."""
        return self._login.takes_key

    @property
    def had_key(self) -> bool:
        """Whether the login that has ended was a stored Session Key."""
        return self._login.had_key

    @property
    def has_refused_key(self) -> bool:
        """Whether the settings hold a key that Salesmate has refused."""
        return self.takes_key and bool(self._login.given.session_key)

    @property
    def unusual_hosts(self) -> list[UnusualHost]:
        """The hosts to show to a person before a login is sent to them; usually none."""
        return unusual_hosts(self._login.given)

    @property
    def login_reason(self) -> str:
        """Why the login is pending, in a sentence; empty if it is not, or nobody has logged in before."""
        return self._login.reason

    @hides("key")
    @interruptible("The login")
    def login_with_key(self, workspace: str, key: str | Secret) -> str:
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
            hold a key themselves that Salesmate has not refused.
        LoginError
            If Salesmate does not accept the key, or does not know the workspace.
        ConnectionFailed, ApiError
            If no response arrived, or one that does not show whether the key works.
        """
        if not self.takes_key:
            raise SettingsError(
                f"Nothing was stored: the Session Key of {self._login.given.source('session_key')} comes "
                "before a stored one. Put the new key there in its place, or remove it there and log in "
                "again."
            )
        user = self._login.log_in_with_key(workspace, Secret(key), RateLimiter)
        self._parts.current_user.set(user)
        if self._login_flow is not None:
            self._login_flow.supersede()
        return user.name

    @hides("pasted")
    def finish_login(self, pasted: str | Secret) -> None:
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
        if not self.authorized:
            self.pending_login().finish(pasted)

    def check_login(self) -> None:
        """Make sure that requests can be made, and that Salesmate accepts the login.

        Raises
        ------
        LoginError, ConnectionFailed, ApiError
            If it does not, no response shows whether it does, or somebody has to log in first.
        """
        if self._login.is_of_settings and self.authorized:
            self._parts.current_user.set(self._login.check_key(self._parts.limiter))
        elif self.authorized:
            self.identify()
        self.require_login()

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

    def identify(self) -> str:
        """Ask Salesmate once who is connected; if it does not say, the name stays unknown.

        Returns
        -------
        str
            Why it does not accept the login, or empty.
        """
        if self.settings.linkname:
            with contextlib.suppress(SalesmateError):
                self._parts.current_user.get()
        return self.login_reason

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

    def logout(self) -> list[str]:
        """Forget every login of this profile, here and in the token store; then nobody is connected by it.

        A token is revoked if a revocation endpoint is set. Snapshots of this profile, the history of its
        deals, and what is remembered of its user are removed too.

        Returns
        -------
        list of str
            The workspaces, or hosts, whose logins were forgotten.

        Raises
        ------
        LoginError
            If a Session Key in the settings still signs in; if the disk refuses to remove something; or if
            the revocation endpoint did not confirm.
        """
        account, current_user = self.settings, self._parts.current_user
        forgotten, failures = self._login.forget()  # first: then no other process writes rows after that
        accounts = [account, *(replace(account, api_url=token.api_url or VENDOR) for token in forgotten)]
        for folder in dict.fromkeys(snapshot_folder(each, self.profile) for each in accounts):
            if self._has_snapshots and (refused := files.remove_folder(folder)):
                failures.append(
                    f"The rows in {folder} could not be removed ({refused}). Delete them yourself."
                )
        failures += filter(None, [current_user.forget()])
        if self._login_flow is not None:
            self._login_flow.expire()
        if failures:
            raise LoginError(" ".join(failures))
        if not self.takes_key:
            raise LoginError(
                f"The Session Key in {self._login.given.source('session_key')} still signs you in. Remove it "
                "there. To end it for good, make a new one in Salesmate under My Account, tab Access Key."
            )
        return list(dict.fromkeys(token.account for token in forgotten))

    def status(self) -> Status:
        """Return who is connected to what, and what is known of the server; makes no request.

        The user's name is there once Salesmate's list of users was read: by the first read, or
        :attr:`timezone`, if the settings give no time zone; by :meth:`doctor` and :meth:`users_df` in any
        case.
        """
        user = self._parts.current_user.known().name
        client = self.settings.client_id
        by = "Session Key" if self.settings.session_key else f"client {client}" if client else NOBODY
        token = self.session.current_token if isinstance(self.session, OAuthSession) else None
        ends = token.expires_at if token else None
        return Status(
            authorized=self.authorized,
            profile=self.profile,
            who=f"{user} ({by})" if user else by,
            host=self.settings.api_url,
            api=self._account.api,
            expires_at=pd.Timestamp(ends, unit="s", tz="UTC") if ends else None,
            token_location=IN_SETTINGS if self._login.is_of_settings else self._token_store.location,
            calls_made=self._parts.limiter.used,
            calls_left=self._parts.limiter.remaining,
            server=self._account.server_profile.describe(),
            user=user,
            workspace=self.settings.linkname or "",
            is_untried=bool(
                self._login.is_of_settings and not (user or self._parts.api_client.has_succeeded)
            ),
        )

    def is_offline(self, refresh: Refresh | None, as_of: DatetimeLike) -> bool:
        """Return whether a read with these arguments makes no request."""
        return self._account.refresh(refresh, as_of) == "never"

    def _ready(self, refresh: Refresh | None = "live", as_of: DatetimeLike = None) -> Account:
        """Return the account, after somebody has logged in if this login's panel is shown and is needed."""
        if not self.is_offline(refresh, as_of):
            self._login.notice_logout()
            if self.login_panel is not None and not self.authorized:
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
