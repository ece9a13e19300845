"""requests-oauthlib's OAuth2Session with one fresh token for all threads and kernels."""

from __future__ import annotations

import functools
import logging
import os
import time
from typing import Any

import requests
from requests_oauthlib import OAuth2Session

from salesmate_nb._api.session import BoundedSession, HostBoundAuth
from salesmate_nb._auth.oauth import token_endpoint
from salesmate_nb._auth.oauth.uninterrupted import let_work_end, uninterrupted
from salesmate_nb._auth.stored_logins import (
    add_login,
    end_login,
    find_login,
    is_inherited,
    login_required,
    remove_logins,
    why_none,
    why_not_replaced,
)
from salesmate_nb._auth.token_stores.base import TextTokenStore, TokenStore
from salesmate_nb._auth.tokens import OAUTH, Token
from salesmate_nb._base import files
from salesmate_nb._base.fork import fork_safe_lock
from salesmate_nb._base.secret.text import Secret, WireText
from salesmate_nb._base.warn import warn
from salesmate_nb.errors import LoginRequired, SalesmateError
from salesmate_nb.settings import Settings

log = logging.getLogger("salesmate_nb")

_SETTLED = 60.0  # seconds after its issue from which a refusal may mean that the token was revoked


class OAuthSession(OAuth2Session, BoundedSession):
    """An ``OAuth2Session`` that refreshes its token for all threads and kernels that share a token store.

    The token is sent to the API's host only. It is refreshed shortly before it expires, and once if
    the API does not accept it; then the request is sent again. A refresh happens under the store's
    lock, after loading from the store again, so that a rotating refresh token is used once however many
    processes need it. Only OAuth's own fields are sent to the token endpoint.

    Parameters
    ----------
    settings : Settings
        With a client id.
    store : TokenStore
        Where the token is stored.
    profile : str
        The name of the login, for messages that say how to log in again.
    """

    def __init__(self, settings: Settings, store: TokenStore, *, profile: str = "default") -> None:
        super().__init__(
            client_id=settings.client_id, redirect_uri=settings.redirect_uri, timeout=settings.timeout
        )
        self._settings = settings
        self._store = store
        self._profile = profile
        self._held: Token | None = None
        self._holder = os.getpid()  # the process that was the first to hold it
        self._used_up: Token | None = None  # still in the store, which refused the one after it
        self._refreshing = fork_safe_lock()
        let_work_end()

    @property
    def current_token(self) -> Token | None:
        """The token in use, or the one that another process has stored since."""
        if self._held is None:
            self._hold(self._stored())
        return self._held

    def accept(self, token: Token) -> None:
        """Use a token that was just issued, and store it."""
        with self._refreshing, self._store.lock():
            add_login(self._store, token)
            self._hold(token)

    def forget(self) -> None:
        """Forget the token, here and in the store."""
        with self._refreshing, self._store.lock():
            remove_logins(self._store)
            self._hold(None)

    def release(self) -> None:
        """Forget the token in use, because another login is used from now on; what is stored stays."""
        self._hold(None)

    def end(self, reason: str) -> bool:
        """Mark the token in use as ended by the server, and stop using it.

        Returns
        -------
        bool
            Whether the store has a newer token, which is used from now on.
        """
        with self._refreshing, self._store.lock():
            used, stored = self._held, self._stored()
            if used is not None and stored is not None and stored.access_token != used.access_token:
                self._hold(stored)
                return True
            if used is not None:
                end_login(self._store, used, reason)
            self._hold(None)
            return False

    def ensure_fresh(self) -> Token:
        """Return a valid token, refreshed if it is about to expire.

        Raises
        ------
        LoginRequired
            If there is no token, or it cannot be refreshed any more.
        ConnectionFailed, ApiError
            If the token endpoint did not respond, or failed. The token is kept.
        SalesmateError
            If the token has expired, and the store could not keep a new one. None is requested.
        """
        token = self.current_token
        if token is None:
            raise self._login_required(why_none(self._store, self._settings))
        return self._refresh(token) if token.needs_refresh() else token

    def refresh_token(self, token_url: str = "", **_: Any) -> dict[str, Any]:  # type: ignore[override] # see below
        """Refresh the token at the settings' token endpoint.

        The base class posts the keywords of the pending request to the endpoint; here none is sent.
        """
        del token_url
        self._refresh(self.ensure_fresh(), is_refused=True)
        return dict(self.token)

    def request(  # type: ignore[override] # the base class's further arguments are for its own refresh
        self, method: str, url: str, **kwargs: Any
    ) -> requests.Response:
        """Send a request as `requests` does, with a valid token.

        If its body is a file or a stream, which was consumed, it is not sent again: the 401 is returned.
        """
        kwargs.pop("withhold_token", None)
        token = self.ensure_fresh()
        response = self._send_with(token, method, url, kwargs)
        has_renewed = False
        while token.refresh_token and _may_have_ended(response, token, has_renewed=has_renewed):
            is_refused = response.status_code == requests.codes.unauthorized
            newer = self._refresh(token, is_refused=is_refused)
            if newer.access_token == token.access_token or not _is_repeatable(kwargs):
                break
            response.close()
            token, has_renewed = newer, True
            response = self._send_with(token, method, url, kwargs)
        return response

    def _send_with(self, token: Token, method: str, url: str, kwargs: dict[str, Any]) -> requests.Response:
        bearer = WireText(Secret("Bearer " + token.access_token.reveal()))
        credential = HostBoundAuth(self._settings.api_url, {"Authorization": bearer})
        return BoundedSession.request(self, method, url, **{**kwargs, "auth": credential})

    def _refresh(self, old: Token, *, is_refused: bool = False) -> Token:
        """Return a newer token than `old`: another thread's, another process's, or the server's.

        If none may be requested here, a token is used until it ends, or the server has refused it.
        """
        with self._refreshing, self._store.lock():
            token = self._stored()
            if token is None:
                self._hold(None)
                raise self._login_required(f"The login at {self._settings.api_url} was ended elsewhere.")
            is_old = token.access_token == old.access_token
            if is_old or token.needs_refresh():
                obstacle = self._obstacle(token)
                if obstacle is None:
                    token = uninterrupted(functools.partial(self._renew, token))
                elif (is_old and is_refused) or token.has_expired():
                    raise obstacle
            self._hold(token)
            return token

    def _obstacle(self, token: Token) -> SalesmateError | None:
        """Return why a refresh token must not be sent: the one after it would not reach who else has it."""
        if token.refresh_token is None or self._used_up is not None:  # the latter: only this process has it
            return None
        if is_inherited(self._store, self._holder):
            return self._login_required(
                f"The login at {self._settings.api_url} is in the memory of the process that this one was "
                "forked from, which alone may refresh it. Log in after the fork, or before it with "
                "SALESMATE_TOKEN_STORE=file."
            )
        why = why_not_replaced(self._store, token)
        if not why:
            return None
        remedy = self._store.remedy if isinstance(self._store, TextTokenStore) else ""
        return SalesmateError(
            f"The login was not refreshed, since {self._store.location} cannot be written ({why}): the new "
            "token would be lost, and with it the login. Make it writable and run this again. "
            f"{remedy} Or log in with SALESMATE_TOKEN_STORE=memory."
        )

    def _renew(self, token: Token) -> Token:
        """Refresh a token, and store the new one."""
        refreshed = self._request_refresh(token)
        self._hold(refreshed)
        try:
            self._store.save(refreshed)
            self._used_up = None
        except OSError as err:  # of a store of the user's own
            self._used_up = token
            warn(
                f"The login cannot be kept in {self._store.location} ({files.reason(err)}); it ends with "
                "this process. A used refresh token may still be there. Delete it: using it again ends the "
                "login."
            )
        return refreshed

    def _stored(self) -> Token | None:
        """Return the stored token, if it is for these settings and the server has not ended its login."""
        found = find_login(self._store, self._settings, kind=OAUTH)
        return self._held if found is not None and found == self._used_up else found

    def _request_refresh(self, token: Token) -> Token:
        if token.refresh_token is None:
            raise self._login_required(
                f"The login at {self._settings.api_url} has ended, and the server gave no refresh token."
            )
        try:
            refreshed = token_endpoint.refresh_token(self._settings, token)
        except token_endpoint.InvalidGrant as err:
            reason = f"The login at {self._settings.api_url} has ended ({err})."
            newer = self._stored()  # of a process on a disk where locks do not hold
            if newer is not None and newer.access_token != token.access_token:
                return newer
            end_login(self._store, token, reason)
            self._hold(None)
            raise self._login_required(reason) from None
        log.info("refreshed the token at %s", self._settings.token_url)
        return refreshed

    def _hold(self, token: Token | None) -> None:
        if token != self._held:
            self._holder = os.getpid()
        self._held = token
        self.token = (
            {}
            if token is None
            else {"access_token": token.access_token, "token_type": "Bearer", "expires_at": token.expires_at}
        )

    def _login_required(self, reason: str) -> LoginRequired:
        return login_required(reason, self._settings, self._profile)


def _may_have_ended(response: requests.Response, token: Token, *, has_renewed: bool) -> bool:
    """Return whether a response may mean that the token has expired or was revoked.

    A token that another process has stored since may have ended too; one that was issued just now has not.
    """
    is_settled = time.time() - token.obtained_at > _SETTLED
    if response.status_code == requests.codes.unauthorized:
        return is_settled or not has_renewed
    return response.status_code == requests.codes.forbidden and is_settled


def _is_repeatable(kwargs: dict[str, Any]) -> bool:
    body = kwargs.get("data")
    return not kwargs.get("files") and (body is None or isinstance(body, str | bytes | dict | list | tuple))
