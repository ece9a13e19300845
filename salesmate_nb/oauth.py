"""requests-oauthlib's OAuth2Session made safe: PKCE, strict token calls, one locked refresh for all."""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote

import requests
from oauthlib.oauth2 import WebApplicationClient
from requests_oauthlib import OAuth2Session

from salesmate_nb.errors import BadResponse, LoginError, LoginRequired, RateLimited, SalesmateError
from salesmate_nb.settings import Secret, Settings
from salesmate_nb.tokens import Token, TokenCache
from salesmate_nb.wire import Credential, GuardedSession, answer_of, scrub

log = logging.getLogger("salesmate_nb")

_EXCERPT = 200  # characters of the server's own words in a message
_SETTLED = 60.0  # seconds after which a token's 403 may mean that it died


class InvalidGrant(LoginRequired):
    """The authorization server knows the code or refresh token no more (RFC 6749, section 5.2)."""


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """One request for consent: its address, and what proves that the answer belongs to it.

    Parameters
    ----------
    url : str
        Where the person allows or denies.
    redirect_uri : str
        Where the answer goes.
    state, verifier : Secret
        The redirect must bring back the state (RFC 6749, section 10.12); the verifier goes to the token
        endpoint only (RFC 7636).
    """

    url: str
    redirect_uri: str
    state: Secret
    verifier: Secret


def authorize(settings: Settings, redirect_uri: str) -> Authorization:
    """Make a request for consent, with a fresh state and a fresh PKCE verifier (S256)."""
    client = _client(settings)
    verifier = client.create_code_verifier(64)
    state = secrets.token_urlsafe(32)
    scheme, _, rest = settings.auth_url.partition("://")
    # oauthlib refuses http even on loopback, and its only switch is process-wide; settings have checked
    # the scheme, so the address is made for https and gets its own scheme back.
    address, _ = OAuth2Session(
        client=client, redirect_uri=redirect_uri, scope=settings.scope
    ).authorization_url(
        f"https://{rest}",
        state=state,
        code_challenge=client.create_code_challenge(verifier, "S256"),
        code_challenge_method="S256",
    )
    return Authorization(
        url=f"{scheme}://{address.partition('://')[2]}",
        redirect_uri=redirect_uri,
        state=Secret(state),
        verifier=Secret(verifier),
    )


def redeem(settings: Settings, authorization: Authorization, code: Secret) -> Token:
    """Exchange an authorization code for a token; a code works once, so this is never repeated.

    Raises
    ------
    LoginError
        Where the server refuses the code, the client or the answer carries no token.
    ConnectionFailed, ApiError
        Where no answer came, or none that an OAuth server gives.
    """
    body = Secret(
        _client(settings).prepare_request_body(
            code=code.reveal(),
            redirect_uri=authorization.redirect_uri,
            code_verifier=authorization.verifier.reveal(),
            include_client_id=True,
            **_client_secret(settings),
        )
    )
    try:
        answered = _token_call(settings, settings.token_url, body, hide=(code, authorization.verifier))
    except InvalidGrant as err:
        raise LoginError(
            f"Salesmate does not know this code any more ({err}): used, or too old. Open the link again."
        ) from None
    log.info("logged in at %s", settings.token_url)
    return Token.from_answer(answered, settings)


def revoke(settings: Settings, token: Token) -> None:
    """Revoke a token at the revocation endpoint (RFC 7009), where one is set."""
    if settings.revoke_url is None:
        return
    living = token.refresh_token or token.access_token
    _, _, form = _client(settings).prepare_token_revocation_request(
        "https://",
        living.reveal(),
        "refresh_token" if token.refresh_token else "access_token",
        client_id=settings.client_id,
        **_client_secret(settings),
    )
    body = Secret(form)
    del form
    _token_call(settings, settings.revoke_url, body, hide=(living,))
    log.info("revoked the login at %s", settings.revoke_url)


class OAuthSession(OAuth2Session, GuardedSession):
    """An ``OAuth2Session`` that keeps its token fresh, for all threads and kernels that share a cache.

    The token goes to the API's own host only. It is renewed a little before it ends, and once when
    the API does not accept it; then the call is sent again. Renewing happens under the cache's lock,
    after reading the cache again, so that a rotating refresh token is used once however many
    processes need it. Nothing but OAuth's own fields goes to the token endpoint.

    Parameters
    ----------
    settings : Settings
        With a client id.
    cache : TokenCache
        Where the token is kept.
    """

    def __init__(self, settings: Settings, cache: TokenCache) -> None:
        super().__init__(
            client_id=settings.client_id, redirect_uri=settings.redirect_uri, timeout=settings.timeout
        )
        self._settings = settings
        self._cache = cache
        self._held: Token | None = None
        self._ended: Secret | None = None  # the access token of a login that the server ended
        self._renewing = threading.RLock()

    @property
    def held(self) -> Token | None:
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
        token = self.held
        if token is None:
            raise LoginRequired(_how_to_log_in("Not logged in", self._settings))
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
        """Send a request as `requests` does, with a token that lives."""
        kwargs.pop("withhold_token", None)
        token = self.ensure_fresh()
        response = self._send_with(token, method, url, kwargs)
        if response.status_code == requests.codes.unauthorized or (
            response.status_code == requests.codes.forbidden and time.time() - token.obtained_at > _SETTLED
        ):
            newer = self._renew(token) if token.refresh_token else token
            if newer is not token:
                response.close()
                response = self._send_with(newer, method, url, kwargs)
        return response

    def _send_with(self, token: Token, method: str, url: str, kwargs: dict[str, Any]) -> requests.Response:
        bearer = Secret("Bearer " + token.access_token.reveal())
        credential = Credential(self._settings.api_url, {"Authorization": bearer})
        return GuardedSession.request(self, method, url, **{**kwargs, "auth": credential})

    def _renew(self, spent: Token) -> Token:
        """Return a newer token than `spent`: another thread's, another process's, or the server's."""
        with self._renewing:
            if self._held is not None and self._held.access_token != spent.access_token:
                return self._held
            with self._cache.lock():
                kept = self._kept()
                if kept is None:
                    self._hold(None)
                    raise LoginRequired(_how_to_log_in("This login was ended elsewhere", self._settings))
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
            raise LoginRequired(
                _how_to_log_in("The login has ended, and the server gave no refresh token", self._settings)
            )
        body = Secret(
            _client(self._settings).prepare_refresh_body(
                refresh_token=token.refresh_token.reveal(),
                client_id=self._settings.client_id,
                **_client_secret(self._settings),
            )
        )
        hide = (token.refresh_token, token.access_token)
        try:
            answered = _token_call(self._settings, self._settings.token_url, body, hide=hide)
        except InvalidGrant as err:
            self._ended = token.access_token
            self._hold(None)
            raise LoginRequired(_how_to_log_in(f"The login has ended ({err})", self._settings)) from None
        log.info("renewed the login at %s", self._settings.token_url)
        return Token.from_answer(answered, self._settings, previous=token)

    def _hold(self, token: Token | None) -> None:
        self._held = token
        self.token = (
            {}
            if token is None
            else {"access_token": token.access_token, "token_type": "Bearer", "expires_at": token.expires_at}
        )


def _token_call(settings: Settings, url: str, body: Secret, *, hide: tuple[Secret, ...]) -> dict[str, Any]:
    """Post a form to an OAuth endpoint once, and return the JSON object it answered.

    What is sent and what comes back is held as secrets, so that no traceback shows it.
    """
    with GuardedSession(settings.timeout) as session:
        response = answer_of(lambda: session.post(url, **_written(settings, body)), url)
    said = _said(response)
    has_token = isinstance(said.get("access_token"), str) and bool(said["access_token"])
    if response.ok and (has_token or url == settings.revoke_url):
        return said
    raise _refusal(response, url, scrub(_words(said), (*hide, settings.client_secret)), said.get("error"))


def _written(settings: Settings, sent: Secret) -> dict[str, Any]:
    """Return what requests needs to send OAuth's fields as the server wants them."""
    fields: dict[str, str] = {name: Secret(value) for name, value in parse_qsl(sent.reveal())}
    headers = {"Accept": "application/json"}
    if settings.client_auth == "basic" and settings.client_secret:
        pair = (
            quote(fields["client_id"].encode(), safe=""),
            quote(fields.pop("client_secret").encode(), safe=""),
        )
        headers["Authorization"] = Secret("Basic " + b64encode(":".join(pair).encode()).decode())
    if settings.token_body == "json":  # noqa: S105 - a kind of body
        return {"json": fields, "headers": headers}
    return {"data": {name: value.encode() for name, value in fields.items()}, "headers": headers}


def _said(response: requests.Response) -> dict[str, Any]:
    """Return the JSON object of an answer, its texts as secrets; anything else is an empty one."""
    try:
        said = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    return {str(name): Secret(value) if isinstance(value, str) else value for name, value in said.items()}


def _refusal(response: requests.Response, url: str, words: str, error: object) -> SalesmateError:
    status = response.status_code
    answered = f"{url} answered {status}" + (f" ({words})" if words else "")
    if error == "invalid_grant":
        return InvalidGrant(words)
    if error in {"invalid_client", "unauthorized_client"} or status == requests.codes.unauthorized:
        return LoginError(
            f"{answered}: check SALESMATE_CLIENT_ID, SALESMATE_CLIENT_SECRET and SALESMATE_CLIENT_AUTH."
        )
    if status == requests.codes.too_many_requests:
        return RateLimited(f"{answered}: try again in a while.", status=status, url=url)
    if words and status < requests.codes.server_error:
        return LoginError(f"{answered}: no token was issued. Run connect() again.")
    shape = "no JSON object with a token" if status < requests.codes.server_error else "a fault of its own"
    return BadResponse(
        f"{answered}: {shape}. Try again; if it goes on, check SALESMATE_TOKEN_URL.", status=status, url=url
    )


def _words(said: dict[str, Any]) -> str:
    """Return what a refusal says: OAuth's ``error`` (RFC 6749, section 5.2) or Salesmate's ``Error``."""
    error = said.get("error", said.get("Error"))
    if isinstance(error, dict):
        named = {str(key).lower(): value for key, value in error.items()}
        told = (named.get("name"), named.get("message"))
    else:
        told = (error, said.get("error_description"))
    return ": ".join(one for one in told if isinstance(one, str) and one)[:_EXCERPT]


def _client(settings: Settings) -> WebApplicationClient:
    return WebApplicationClient(settings.client_id or "")


def _client_secret(settings: Settings) -> dict[str, str]:
    return {"client_secret": Secret(settings.client_secret).reveal()} if settings.client_secret else {}


def _how_to_log_in(what: str, settings: Settings) -> str:
    return (
        f"{what} at {settings.api_url}. Run connect() in a notebook and follow its link, "
        "or `salesmate-nb login` in a terminal; then run this again."
    )
