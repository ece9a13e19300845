"""The OAuth grants: ask for consent, then one strict call each to exchange_code, refresh and revoke."""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote

import requests
from oauthlib.oauth2 import WebApplicationClient
from requests_oauthlib import OAuth2Session

from salesmate_nb._api.session import BoundedSession, send_or_raise
from salesmate_nb._auth.tokens import Token, is_token
from salesmate_nb._redaction import Secret, redact
from salesmate_nb.errors import BadResponse, LoginError, LoginRequired, RateLimited, SalesmateError
from salesmate_nb.settings import Settings

_EXCERPT = 200  # characters of the server's own words in a message


class InvalidGrant(LoginRequired):
    """The authorization server knows the code or refresh token no more (RFC 6749, section 5.2)."""


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
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


def build_authorization_request(settings: Settings, redirect_uri: str) -> AuthorizationRequest:
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
        **dict(parse_qsl(settings.auth_params or "")),
    )
    return AuthorizationRequest(
        url=f"{scheme}://{address.partition('://')[2]}",
        redirect_uri=redirect_uri,
        state=Secret(state),
        verifier=Secret(verifier),
    )


def exchange_code(settings: Settings, authorization: AuthorizationRequest, code: Secret) -> Token:
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
    return Token.from_response(answered, settings)


def refresh_token(settings: Settings, token: Token) -> Token:
    """Exchange a refresh token for a new token; a rotating one works once, so this is never repeated.

    Raises
    ------
    InvalidGrant
        Where the server has ended the login.
    ConnectionFailed, ApiError, LoginError
        Where no answer came, none that an OAuth server gives, or the client was refused.
    """
    body = Secret(
        _client(settings).prepare_refresh_body(
            refresh_token=Secret(token.refresh_token or "").reveal(),
            client_id=settings.client_id,
            **_client_secret(settings),
        )
    )
    hide = (token.refresh_token or Secret(), token.access_token)
    return Token.from_response(
        _token_call(settings, settings.token_url, body, hide=hide), settings, previous=token
    )


def revoke_token(settings: Settings, token: Token) -> None:
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


def _token_call(settings: Settings, url: str, body: Secret, *, hide: tuple[Secret, ...]) -> dict[str, Any]:
    """Post a form to an OAuth endpoint once, and return the JSON object it answered.

    What is sent and what comes back is held as secrets, so that no traceback shows it.
    """
    with BoundedSession(settings.timeout) as session:
        response = send_or_raise(lambda: session.post(url, **_written(settings, body)), url)
    said = _said(response)
    is_fine = is_token(said.get("access_token")) or url == settings.revoke_url
    if response.status_code < requests.codes.multiple_choices and is_fine:
        return said
    raise _refusal(response, url, _words(said, (*hide, settings.client_secret)), said.get("error"))


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
    return {"data": fields, "headers": headers}


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


def _words(said: dict[str, Any], hide: Iterable[str | None]) -> str:
    """Return what a refusal says: OAuth's ``error`` (RFC 6749, section 5.2) or Salesmate's ``Error``.

    Secrets are blotted out before it is cut to length, since a part of one would not be found.
    """
    error = said.get("error", said.get("Error"))
    if isinstance(error, dict):
        named = {str(key).lower(): value for key, value in error.items()}
        told = (named.get("name"), named.get("message"))
    else:
        told = (error, said.get("error_description"))
    return redact(": ".join(one for one in told if isinstance(one, str) and one), hide)[:_EXCERPT]


def _client(settings: Settings) -> WebApplicationClient:
    return WebApplicationClient(settings.client_id or "")


def _client_secret(settings: Settings) -> dict[str, str]:
    return {"client_secret": Secret(settings.client_secret).reveal()} if settings.client_secret else {}
