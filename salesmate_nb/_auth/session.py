"""requests-oauthlib's OAuth2Session made safe: one fresh token for all threads and kernels."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import requests
from requests_oauthlib import OAuth2Session

from salesmate_nb._api.session import BoundedSession, HostBoundAuth
from salesmate_nb._auth import token_endpoint
from salesmate_nb._auth.token_store import TokenStore
from salesmate_nb._auth.tokens import Token
from salesmate_nb._redaction import Secret
from salesmate_nb.errors import LoginRequired
from salesmate_nb.settings import Settings

log = logging.getLogger("salesmate_nb")

_SETTLED = 60.0  # seconds after which a token's 403 may mean that it died


class OAuthSession(OAuth2Session, BoundedSession):
    """An ``OAuth2Session`` that keeps its token fresh, for all threads and kernels that share a cache.

    The token goes to the API's own host only. It is renewed a little before it ends, and once when
    the API does not accept it; then the call is sent again. Renewing happens under the cache's lock,
    after reading the cache again, so that a rotating refresh token is used once however many
    processes need it. Nothing but OAuth's own fields goes to the token endpoint.

    Parameters
    ----------
    settings : Settings
        With a client id.
    cache : TokenStore
        Where the token is kept.
    profile : str
        The name of the login, for messages that say how to renew it.
    """

    def __init__(self, settings: Settings, cache: TokenStore, *, profile: str = "default") -> None:
        super().__init__(
            client_id=settings.client_id, redirect_uri=settings.redirect_uri, timeout=settings.timeout
        )
        self._settings = settings
        self._cache = cache
        self._profile = profile
        self._held: Token | None = None
        self._ended: Secret | None = None  # the access token of a login that the server ended
        self._renewing = threading.RLock()

    @property
    def current_token(self) -> Token | None:
        """The token in use, or the one that another process has put in the cache since."""
        if self._held is None:
            self._hold(self._kept())
        return self._held

    def accept(self, token: Token) -> None:
        """Use a token that was just issued, and keep it."""
        with self._renewing, self._cache.lock():
            self._cache.save(token)
            self._hold(token)

    def forget(self) -> None:
        """Forget the token, here and in the cache."""
        with self._renewing, self._cache.lock():
            self._cache.save(None)
            self._hold(None)

    def ensure_fresh(self) -> Token:
        """Return a token that lives, renewing it where it is time.

        Raises
        ------
        LoginRequired
            Where there is none, or it cannot be renewed any more.
        ConnectionFailed, ApiError
            Where the token endpoint did not answer, or has a fault. The token is kept.
        """
        token = self.current_token
        if token is None:
            raise self._login_required("Not logged in")
        return self._renew(token) if token.is_stale() else token

    def refresh_token(self, token_url: str = "", **_: Any) -> dict[str, Any]:  # type: ignore[override] # see below
        """Renew the token at the endpoint of the settings.

        The base class takes whatever keywords the pending call had and posts them; here none of them
        goes anywhere.
        """
        del token_url
        self._renew(self.ensure_fresh())
        return dict(self.token)

    def request(  # type: ignore[override] # the base class's further arguments are for its own refresh
        self, method: str, url: str, **kwargs: Any
    ) -> requests.Response:
        """Send a request as `requests` does, with a token that lives.

        One whose body is a file or a stream, and was read, is not sent again: its 401 is the answer.
        """
        kwargs.pop("withhold_token", None)
        token = self.ensure_fresh()
        response = self._send_with(token, method, url, kwargs)
        if response.status_code == requests.codes.unauthorized or (
            response.status_code == requests.codes.forbidden and time.time() - token.obtained_at > _SETTLED
        ):
            newer = self._renew(token) if token.refresh_token else token
            if newer is not token and _can_be_sent_again(kwargs):
                response.close()
                response = self._send_with(newer, method, url, kwargs)
        return response

    def _send_with(self, token: Token, method: str, url: str, kwargs: dict[str, Any]) -> requests.Response:
        bearer = Secret("Bearer " + token.access_token.reveal())
        credential = HostBoundAuth(self._settings.api_url, {"Authorization": bearer})
        return BoundedSession.request(self, method, url, **{**kwargs, "auth": credential})

    def _renew(self, spent: Token) -> Token:
        """Return a newer token than `spent`: another thread's, another process's, or the server's."""
        with self._renewing, self._cache.lock():
            kept = self._kept()
            if kept is None:
                self._hold(None)
                raise self._login_required("This login was ended elsewhere")
            if kept.access_token == spent.access_token or kept.is_stale():
                kept = self._refresh(kept)
                self._cache.save(kept)
            self._hold(kept)
            return kept

    def _kept(self) -> Token | None:
        """Return the cache's token, if it is for these settings and the server did not end its login."""
        kept = self._cache.load()
        usable = kept is not None and kept.fits(self._settings) and kept.access_token != self._ended
        return kept if usable else None

    def _refresh(self, token: Token) -> Token:
        if token.refresh_token is None:
            raise self._login_required("The login has ended, and the server gave no refresh token")
        try:
            renewed = token_endpoint.refresh_token(self._settings, token)
        except token_endpoint.InvalidGrant as err:
            self._ended = token.access_token
            if (newer := self._kept()) is not None:  # by a process that shares the file and no lock
                return newer
            self._hold(None)
            raise self._login_required(f"The login has ended ({err})") from None
        log.info("renewed the login at %s", self._settings.token_url)
        return renewed

    def _hold(self, token: Token | None) -> None:
        self._held = token
        self.token = (
            {}
            if token is None
            else {"access_token": token.access_token, "token_type": "Bearer", "expires_at": token.expires_at}
        )

    def _login_required(self, what: str) -> LoginRequired:
        named = self._profile != "default"
        call, option = (f"profile={self._profile!r}", f" --profile {self._profile}") if named else ("", "")
        return LoginRequired(
            f"{what} at {self._settings.api_url}. Run connect({call}) in a notebook and follow its link, "
            f"or `salesmate-nb login{option}` in a terminal; then run this again. Where nobody can log in, "
            "set SALESMATE_ACCESS_TOKEN and SALESMATE_LINKNAME."
        )


def _can_be_sent_again(kwargs: dict[str, Any]) -> bool:
    body = kwargs.get("data")
    return not kwargs.get("files") and (body is None or isinstance(body, str | bytes | dict | list | tuple))
