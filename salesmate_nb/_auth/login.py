"""The login of one connection: from the settings, from the token store, or still to come."""

from __future__ import annotations

import contextlib
from typing import NoReturn

import requests

from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.session import ApiKeySession, BoundedSession
from salesmate_nb._auth.current_user import CurrentUser
from salesmate_nb._auth.hosts import caution_of_login, check_key_host
from salesmate_nb._auth.key_login import WHERE_THE_KEY_IS, prove_key, settings_with_key, why_refused
from salesmate_nb._auth.oauth.revocation import end_grant
from salesmate_nb._auth.oauth.session import OAuthSession
from salesmate_nb._auth.stored_logins import (
    add_login,
    end_login,
    find_login,
    last_login,
    login_required,
    remove_logins,
    why_none,
)
from salesmate_nb._auth.token_stores.base import TokenStore
from salesmate_nb._auth.tokens import OAUTH, SESSION_KEY, Token
from salesmate_nb._base.fork import fork_safe_lock
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._base.warn import warn
from salesmate_nb.errors import KeyRefused, LoginRequired, SalesmateError
from salesmate_nb.settings import COPY_THE_KEY, Settings

_REMOVED = "Somebody has logged out in another notebook or terminal."


class Login:
    """Who is logged in to what, for one connection; several threads may use it at once.

    Tried in order: the Session Key of the settings; the stored login that belongs to them. If the server has
    refused the key of the settings, a stored key of the same workspace is used in its place. If there is
    nothing to use, the login is pending. Then nothing is sent.

    Parameters
    ----------
    settings : Settings
        As the user gave them. They need not name an account: a stored login knows its own.
    store : TokenStore
        Where logins are stored.
    profile : str
        The name of the login, for messages.

    Attributes
    ----------
    settings : Settings
        The given ones with the account, and the key or client, of the login in use.
    session : BoundedSession
        Sends requests with the login.
    generation : int
        Changes with the credential in use.
    """

    def __init__(self, settings: Settings, store: TokenStore, *, profile: str = "default") -> None:
        self.given = settings
        self.store = store
        self.settings = settings
        self.generation = 0
        self._profile = profile
        self._key: Token | None = None  # the stored Session Key in use
        self._is_removed = False  # the login that was in use, by another process
        self._refusal = ""  # why the key of the settings is not used any more
        self._lock = fork_safe_lock()
        self.session: BoundedSession = self._pending_session()
        if settings.session_key:
            check_key_host(settings)
            self.session = ApiKeySession(settings)
            return
        self.look()
        ended = None if self._is_live() else last_login(store, settings)
        if ended is not None:  # its account stays known, for a snapshot offline, a new key and logout
            self.settings = ended.applied_to(settings)

    @property
    def is_authorized(self) -> bool:
        """Whether requests can be made without anybody logging in."""
        self.look()
        return self._is_live()

    @property
    def stands(self) -> bool:
        """Whether the login in use is still there: in the settings, or stored, where others may remove it."""
        return self.is_of_settings or find_login(self.store, self.settings) is not None

    @property
    def is_of_settings(self) -> bool:
        """Whether the key of the settings is the one in use, or nobody has entered another in its place."""
        return bool(self.given.session_key) and self._key is None

    @property
    def takes_key(self) -> bool:
        """Whether somebody may enter a key: not as long as one of the settings, which comes first, works."""
        return not self.given.session_key or bool(self._refusal)

    @property
    def reason(self) -> str:
        """Why nobody is logged in, in a sentence; empty if somebody is, or nobody ever was."""
        if self.is_authorized:
            return ""
        return self._refusal or why_none(self.store, self.given) or (_REMOVED if self._is_removed else "")

    @property
    def had_key(self) -> bool:
        """Whether the stored login that has ended was a Session Key."""
        last = last_login(self.store, self.given)
        return last is not None and last.kind == SESSION_KEY and last.ended is not None

    def look(self) -> None:
        """Without a login that works, take the one that this or another process has stored."""
        with self._lock:
            if self._is_live() or not self.takes_key:
                return
            token = self._replacement() if self.given.session_key else find_login(self.store, self.given)
            if token is not None:
                self._use(token)
                if self.given.session_key:
                    warn(
                        f"Salesmate refused the Session Key of {self.given.source('session_key')}. The one "
                        f"that is stored in {self.store.location} is used instead. Correct it there."
                    )

    def notice_logout(self) -> None:
        """Stop using a login that another process has removed from the token store."""
        with self._lock:
            if not self._is_live() or self.stands:
                return
            if isinstance(self.session, OAuthSession):
                self.session.release()
            self._key, self._is_removed = None, True
            self._change(self._pending_session(), self.given)

    def ensure(self) -> None:
        """Make sure that requests can be made; refresh a token that is about to expire.

        Raises
        ------
        LoginRequired
            If somebody has to log in first; the message says how.
        """
        self.look()
        if not self._is_live():
            raise self._required()
        if isinstance(self.session, OAuthSession):
            self.session.ensure_fresh()

    def recheck(self, limiter: RateLimiter) -> None:
        """If the key of the settings is in doubt, find out whether Salesmate accepts it.

        It is if it was refused before, or somebody has stored another one for the same workspace.
        """
        if self._refusal or (self.given.session_key and self._replacement() is not None):
            with contextlib.suppress(SalesmateError):
                self.check_key(limiter)

    def check_key(self, limiter: RateLimiter) -> CurrentUser:
        """Find out whether Salesmate accepts the key of the settings; one that it refuses is not used.

        Raises
        ------
        LoginError, ConnectionFailed, ApiError
            As :func:`salesmate_nb._auth.key_login.prove_key` raises them.
        """
        try:
            user = prove_key(self.given, limiter)
        except LoginRequired as err:
            with self._lock:
                if not (self._refusal or self._key):
                    self._end_key_of_settings(str(err).partition(f" {WHERE_THE_KEY_IS}")[0])
            raise LoginRequired(self._refusal) from None
        with self._lock:
            if self._refusal:
                self._refusal, self._key = "", None
                self._change(ApiKeySession(self.given), self.given)
        return user

    def log_in_with_key(self, workspace: str, key: Secret, limiter: type[RateLimiter]) -> CurrentUser:
        """Prove a Session Key by one request, store it, and use it; after an error nothing is stored.

        Raises
        ------
        SettingsError
            If workspace or key is not valid.
        LoginError, ConnectionFailed, ApiError
            As :func:`salesmate_nb._auth.key_login.prove_key` raises them.
        """
        settings = settings_with_key(self.given, workspace, key)
        folder = None if settings.token_store == "memory" else settings.token_cache  # noqa: S105 - a kind
        user = prove_key(settings, limiter(settings.api_url, settings.calls_per_hour, folder))
        self.accept(Token.from_key(settings))
        return user

    def accept(self, token: Token) -> None:
        """Store the token of a new login, and use it."""
        with self._lock, self.store.lock():
            add_login(self.store, token)
            if isinstance(self.session, OAuthSession):
                self.session.release()
            self._use(token)

    def refused(self, err: LoginRequired, generation: int, path: str) -> bool:
        """Take note that the API did not accept the credential of a generation.

        Returns
        -------
        bool
            Whether there is a newer one, of another thread or process, to send the request again with.

        Raises
        ------
        LoginRequired
            If there is none; the message says where the key came from.
        """
        if isinstance(err, KeyRefused) and not path.partition("?")[0].endswith("/search"):
            return False  # perhaps no right to this one list: the next search shows which
        with self._lock:
            if generation != self.generation:
                return True
            if not self._is_live():  # nothing was sent
                return False
            what = str(err).partition(f" {COPY_THE_KEY}")[0]
            if isinstance(self.session, OAuthSession):
                has_newer = self.session.end(what.removesuffix(" Run connect() again."))
                self.generation += 1
                return has_newer
            if self._key is not None and self._replace_key(self._key, what):
                return True
            if self.given.session_key:
                self._end_key_of_settings(what)
            else:
                self._change(self._pending_session(), self.settings)
            required = self._required()
            required.code = err.code
            raise required

    def forget(self) -> tuple[list[Token], list[str]]:
        """Delete the stored logins of the profile and revoke their tokens.

        Returns
        -------
        tuple of (list of Token, list of str)
            The logins, the newest last, and in sentences what failed.
        """
        with self._lock, self.store.lock():
            removed, still_in = remove_logins(self.store)
            if isinstance(self.session, OAuthSession):
                self.session.release()
            if not self.is_of_settings:
                self._key = None
                self._change(self._pending_session(), self.given)
        failures = [end_grant(self.given, token) for token in removed if token.kind == OAUTH]
        if still_in:
            failures.append(f"The login could not be removed from {still_in}. Delete it there yourself.")
        return removed, [failure for failure in failures if failure]

    def _is_live(self) -> bool:
        if isinstance(self.session, OAuthSession):
            return self.session.current_token is not None
        return isinstance(self.session, ApiKeySession)

    def _use(self, token: Token) -> None:
        settings = token.applied_to(self.given)
        if caution := caution_of_login(self.given, settings.api_url):
            warn(caution)
        if token.kind == SESSION_KEY:
            self._key = token
            self._change(ApiKeySession(settings), settings)
            return
        self._key = None
        if not isinstance(self.session, OAuthSession) or settings != self.settings:
            self._change(OAuthSession(settings, self.store, profile=self._profile), settings)

    def _replace_key(self, used: Token, what: str) -> bool:
        """Use a newer key of the same account, if another process has stored one; else mark this one."""
        with self.store.lock():
            newer = find_login(self.store, self.settings, kind=SESSION_KEY)
            if (
                newer is not None
                and newer.is_of_same_account(used)
                and newer.access_token != used.access_token
                and isinstance(self.session, ApiKeySession)
            ):
                self._key, self.settings = newer, newer.applied_to(self.given)
                self.session.use(self.settings)  # in place: a read that is running goes on
                self.generation += 1
                return True
            end_login(self.store, used, what)
            return False

    def _replacement(self) -> Token | None:
        """Return the stored key that may be used in place of a refused one of the settings."""
        token = find_login(self.store, self.given, kind=SESSION_KEY)
        return None if token is None or token.access_token == self.given.session_key else token

    def _end_key_of_settings(self, what: str) -> None:
        """Stop using the key of the settings, or the one entered in its place, and keep in mind why."""
        self._refusal = why_refused(
            what, self.given.source("session_key"), is_replacement=self._key is not None
        )
        self._key = None
        self._change(self._pending_session(), self.given)

    def _change(self, session: BoundedSession, settings: Settings) -> None:
        if isinstance(self.session, ApiKeySession) and session is not self.session:
            self.session.auth = self._refuse  # who still holds it sends nothing
        self.session, self.settings = session, settings
        self.generation += 1

    def _pending_session(self) -> BoundedSession:
        """Return a session that raises ``LoginRequired`` until somebody logs in."""
        if self.given.client_id and not self.given.session_key:
            return OAuthSession(self.given, self.store, profile=self._profile)
        session = BoundedSession(self.given.timeout)
        session.auth = self._refuse
        return session

    def _refuse(self, request: requests.PreparedRequest) -> NoReturn:
        del request
        raise self._required()

    def _required(self) -> LoginRequired:
        if self._refusal:
            return LoginRequired(self._refusal)
        reason = why_none(self.store, self.given) or (_REMOVED if self._is_removed else "")
        if not reason and not (self.given.client_id or self.given.linkname):
            reason = "Not logged in to Salesmate."
        return login_required(reason, self.given, self._profile)
