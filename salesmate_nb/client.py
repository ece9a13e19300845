"""A connection to one account: its login, its calls, and by its frames all that can be read."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from typing import Any

import pandas as pd
import requests

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.response import unwrap
from salesmate_nb._api.session import ApiKeySession
from salesmate_nb._auth import token_endpoint
from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb._auth.session import OAuthSession
from salesmate_nb._auth.token_store import FileTokenStore, KeyringTokenStore
from salesmate_nb._auth.tokens import Token
from salesmate_nb._redaction import Secret
from salesmate_nb._snapshot.store import snapshot_folder
from salesmate_nb.errors import LoginError, LoginRequired, SalesmateError, SettingsError
from salesmate_nb.frames import Frames
from salesmate_nb.settings import Settings


@dataclasses.dataclass(frozen=True, kw_only=True)
class Status:
    """Who is connected to what, until when; holds no secret.

    Parameters
    ----------
    authorized : bool
        Whether calls can be made now.
    profile, who, host, api : str
        The name of this login, the client or key it uses, the API's address and which of its readings.
    expires_at : pandas.Timestamp or None
        When the token ends (UTC); it is renewed before. None for an access key, or where nobody said.
    token_in : str
        Where the token lies.
    calls_made, calls_left : int
        Calls of the last hour that were made from this machine, and what they leave of the company's.
    """

    authorized: bool
    profile: str
    who: str
    host: str
    api: str
    expires_at: pd.Timestamp | None
    token_in: str
    calls_made: int
    calls_left: int

    def lines(self) -> dict[str, str]:
        """Return it in words, line by line."""
        ends = f"{self.expires_at:%Y-%m-%d %H:%M} UTC, then renewed" if self.expires_at else "it is refused"
        if not self.authorized:
            ends = "nobody is logged in: run connect() or `salesmate-nb login`"
        return {
            "as": self.who,
            "to": f"{self.host} ({self.api})",
            "until": ends,
            "token in": self.token_in,
            "profile": self.profile,
            "calls left": f"{self.calls_left:,} this hour ({self.calls_made:,} made from this machine)",
        }

    def __repr__(self) -> str:
        state = "connected" if self.authorized else "not logged in"
        lines = "".join(f"\n  {name:<10} {value}" for name, value in self.lines().items())
        return f"Salesmate: {state}{lines}"


class Salesmate(Frames):
    """A connection to one Salesmate account; :func:`connect` makes it.

    Parameters
    ----------
    settings : Settings
        With an access key, or with a client id for OAuth.
    profile : str
        The name its login is kept under.

    Raises
    ------
    SettingsError
        Where there is neither an access key nor a client id.
    """

    def __init__(self, settings: Settings, *, profile: str = "default") -> None:
        in_keychain = settings.token_store == "keyring"  # noqa: S105 - a kind of place
        cache = KeyringTokenStore if in_keychain else FileTokenStore
        self._cache = cache(settings.token_cache, profile)
        self._login: LoginFlow | None = None
        self.session: requests.Session = _session(settings, self._cache, profile)
        limiter = RateLimiter(settings.api_url, settings.calls_per_hour, settings.token_cache)
        super().__init__(settings, profile, ApiClient(self.session, settings.api_url, limiter), limiter)

    def __repr__(self) -> str:
        state = "authorized" if self.authorized else "pending"
        return f"<Salesmate {self.settings.api_url} profile={self.profile!r} {state}>"

    @property
    def authorized(self) -> bool:
        """Whether calls can be made without anybody logging in."""
        return not isinstance(self.session, OAuthSession) or self.session.current_token is not None

    @property
    def login_url(self) -> str | None:
        """The address where a person allows, while that is pending; the redirect is then listened for."""
        return None if self.authorized else self.pending_login().url

    def finish_login(self, pasted: str) -> None:
        """Finish a pending login with what came back from Salesmate's page.

        Parameters
        ----------
        pasted : str
            The full address of the redirect, its query string, or the bare code of this very attempt.

        Raises
        ------
        StateMismatch, LoginDenied, LoginError
            Where it belongs to another attempt, consent was refused, or it cannot end this login;
            the login stays pending, and can be finished still.
        """
        pasted = Secret(pasted)  # it holds the code, and tracebacks may show arguments
        if not self.authorized:
            self.pending_login().finish(pasted)

    def logout(self) -> None:
        """Forget the token here and in the cache; revoke it where a revocation endpoint is set.

        Snapshots of this profile are removed too.

        Raises
        ------
        LoginError
            Where an access key still signs in, since that is not kept here; or where the token was
            forgotten, but the revocation endpoint did not confirm.
        """
        shutil.rmtree(snapshot_folder(self.settings, self.profile), ignore_errors=True)
        session = self.session
        if not isinstance(session, OAuthSession):  # the key hides a login kept before; it ends too
            session = OAuthSession(self.settings, self._cache, profile=self.profile)
        token = session.current_token
        session.forget()
        if self._login is not None:
            self._login.expire()
        if token is not None:
            self._revoke(token)
        if self.settings.access_token:
            raise LoginError(
                "The access key in SALESMATE_ACCESS_TOKEN still signs you in. Remove it from the environment "
                "or .env; to end it for good, make a new one in Salesmate under My Account."
            )

    def status(self) -> Status:
        """Tell who is connected to what, until when, and how many calls are left; makes no call."""
        token = self.session.current_token if isinstance(self.session, OAuthSession) else None
        ends = token.expires_at if token else None
        return Status(
            authorized=self.authorized,
            profile=self.profile,
            who=f"client {self.settings.client_id}" if not self.settings.access_token else "an access key",
            host=self.settings.api_url,
            api=self._api,
            expires_at=pd.Timestamp(ends, unit="s", tz="UTC") if ends else None,
            token_in="the settings" if self.settings.access_token else self._cache.location,
            calls_made=self._limiter.used,
            calls_left=self._limiter.remaining,
        )

    def get(self, path: str, **params: Any) -> Any:
        """Call any other endpoint with GET, and return the data under the answer's envelope.

        Parameters
        ----------
        path : str
            The path on the API's host, ``"apis/core/v4/users"`` for example.
        **params
            The query.

        Returns
        -------
        dict or list
            What stands under ``Data``, or the whole answer without such an envelope.

        Raises
        ------
        SalesmateError
            Where there is no login, no answer, or a failure.
        """
        return unwrap(self._call("GET", path, params=params))

    def post(self, path: str, json: Any = None) -> Any:
        """Call any other endpoint with POST, once, and return the data under the answer's envelope.

        Parameters
        ----------
        path : str
            The path on the API's host.
        json : optional
            The body.

        Raises
        ------
        SalesmateError
            Where there is no login, no answer, or a failure. It is not repeated, since a second POST
            may do a thing twice.
        """
        return unwrap(self._call("POST", path, json=json))

    def require_login(self) -> None:
        """Make sure that calls can be made, renewing the token where it is time.

        Raises
        ------
        LoginRequired
            Where somebody has to log in first; it says how.
        """
        if isinstance(self.session, OAuthSession):
            self.session.ensure_fresh()

    def renew(self) -> None:
        """Renew the token where it is time; with none, or one that has ended, the connection is pending."""
        with contextlib.suppress(LoginRequired):
            self.require_login()

    def pending_login(self) -> LoginFlow:
        """Return the login that waits for a person: the same one until it is done."""
        if not isinstance(self.session, OAuthSession):
            raise LoginError("This connection uses an access key; there is nothing to log in to.")
        if self._login is None or self._login.phase is LoginState.DONE:
            self._login = LoginFlow(self.settings, self.session.accept)
        return self._login

    def _revoke(self, token: Token) -> None:
        try:
            token_endpoint.revoke_token(self.settings, token)
        except SalesmateError as err:
            why = getattr(err, "status", None) or type(err).__name__
            raise LoginError(
                f"The login is forgotten here, but {self.settings.revoke_url} did not confirm that it is "
                f"revoked ({why}). Until it is revoked in Salesmate, a copy of its token still works."
            ) from err

    def _call(self, method: str, path: str, **how: Any) -> Any:
        return self._api_client.request(method, path, **how)


def _session(settings: Settings, cache: FileTokenStore, profile: str) -> requests.Session:
    if settings.access_token:
        return ApiKeySession(settings)
    if not settings.client_id:
        raise SettingsError(
            "SALESMATE_CLIENT_ID is not set (looked in arguments, the environment and .env). "
            "Copy .env.example to .env and fill it in, or try the sandbox: connect(sandbox.start())."
        )
    return OAuthSession(settings, cache, profile=profile)
