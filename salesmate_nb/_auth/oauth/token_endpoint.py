"""Requests to the OAuth endpoints: build the consent URL; exchange, refresh and revoke a token."""

from __future__ import annotations

import secrets
from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote

import requests
from oauthlib.oauth2 import WebApplicationClient
from requests_oauthlib import OAuth2Session

from salesmate_nb._api.json_body import parse_json
from salesmate_nb._api.response import error_words
from salesmate_nb._api.session import BoundedSession, send_or_raise
from salesmate_nb._auth.tokens import Token, is_token
from salesmate_nb._base.redaction import Secret
from salesmate_nb.errors import BadResponse, LoginError, LoginRequired, RateLimited, SalesmateError
from salesmate_nb.settings import Settings


class InvalidGrant(LoginRequired):
    """The code or refresh token is no longer valid (``invalid_grant``; RFC 6749, section 5.2)."""


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
    """One authorization request: its URL, and what proves that a response belongs to it.

    Parameters
    ----------
    url : str
        Where the person allows or denies access.
    redirect_uri : str
        Where the response is sent.
    state, verifier : Secret
        The response must repeat the state (RFC 6749, section 10.12); the verifier is sent to the token
        endpoint only (RFC 7636).
    """

    url: str
    redirect_uri: str
    state: Secret
    verifier: Secret


def build_authorization_request(settings: Settings, redirect_uri: str) -> AuthorizationRequest:
    """Build an authorization request with a new state and a new PKCE verifier (S256)."""
    client = _client(settings)
    verifier = client.create_code_verifier(64)
    state = secrets.token_urlsafe(32)
    scheme, _, rest = settings.auth_url.partition("://")
    # oauthlib refuses http even on loopback, and its only switch is process-wide; the settings have
    # checked the scheme, so the URL is built for https and gets its own scheme back.
    https_url, _ = OAuth2Session(
        client=client, redirect_uri=redirect_uri, scope=settings.scope
    ).authorization_url(
        f"https://{rest}",
        state=state,
        code_challenge=client.create_code_challenge(verifier, "S256"),
        code_challenge_method="S256",
        **dict(parse_qsl(settings.auth_params or "")),
    )
    return AuthorizationRequest(
        url=f"{scheme}://{https_url.partition('://')[2]}",
        redirect_uri=redirect_uri,
        state=Secret(state),
        verifier=Secret(verifier),
    )


def exchange_code(settings: Settings, authorization: AuthorizationRequest, code: Secret) -> Token:
    """Exchange an authorization code for a token; a code works once, so this is never repeated.

    Raises
    ------
    LoginError
        If the server refuses the code or the client, or issues no token.
    ConnectionFailed, ApiError
        If there is no response, or not one of an OAuth server.
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
        payload = _post(settings, settings.token_url, body, hide=(code, authorization.verifier))
    except InvalidGrant as err:
        raise LoginError(
            f"The authorization code is no longer valid ({err}): already used, or expired. "
            "Open the link again."
        ) from None
    return Token.from_response(payload, settings)


def refresh_token(settings: Settings, token: Token) -> Token:
    """Exchange a refresh token for a new token; a rotating one works once, so this is never repeated.

    Raises
    ------
    InvalidGrant
        If the server has ended the login.
    ConnectionFailed, ApiError, LoginError
        If there is no response, not one of an OAuth server, or the client was refused.
    """
    body = Secret(
        _client(settings).prepare_refresh_body(
            refresh_token=Secret(token.refresh_token or "").reveal(),
            client_id=settings.client_id,
            **_client_secret(settings),
        )
    )
    hide = (token.refresh_token or Secret(), token.access_token)
    payload = _post(settings, settings.token_url, body, hide=hide)
    return Token.from_response(payload, settings, previous=token)


def revoke_token(settings: Settings, token: Token) -> None:
    """Revoke a token at the revocation endpoint (RFC 7009); without one, do nothing.

    Raises
    ------
    ConnectionFailed, ApiError, LoginError
        If the endpoint does not confirm.
    """
    if settings.revoke_url is None:
        return
    longest = token.refresh_token or token.access_token
    _, _, form = _client(settings).prepare_token_revocation_request(
        "https://",
        longest.reveal(),
        "refresh_token" if token.refresh_token else "access_token",
        client_id=settings.client_id,
        **_client_secret(settings),
    )
    body = Secret(form)
    del form
    _post(settings, settings.revoke_url, body, hide=(longest,))


def _post(settings: Settings, url: str, body: Secret, *, hide: tuple[Secret, ...]) -> dict[str, Any]:
    """Post a form to an OAuth endpoint once, and return the JSON object of its response.

    The texts sent and received are secrets, so that no traceback shows them.
    """
    with BoundedSession(settings.timeout) as session:
        response = send_or_raise(lambda: session.post(url, **_request_arguments(settings, body)), url)
    payload = _payload(response)
    has_result = is_token(payload.get("access_token")) or url == settings.revoke_url
    if response.status_code < requests.codes.multiple_choices and has_result:
        return payload
    raise _error(response, url, *error_words(payload, (*hide, settings.client_secret)))


def _request_arguments(settings: Settings, body: Secret) -> dict[str, Any]:
    """Return the arguments for `requests` that send OAuth's fields in the form the settings name."""
    fields: dict[str, str] = {name: Secret(value) for name, value in parse_qsl(body.reveal())}
    headers = {"Accept": "application/json"}
    is_basic = settings.token_endpoint_auth_method == "client_secret_basic"  # noqa: S105 - a method
    if is_basic and settings.client_secret:
        pair = (
            quote(fields["client_id"].encode(), safe=""),
            quote(fields.pop("client_secret").encode(), safe=""),
        )
        headers["Authorization"] = Secret("Basic " + b64encode(":".join(pair).encode()).decode())
    if settings.token_body == "json":  # noqa: S105 - a kind of body
        return {"json": fields, "headers": headers}
    return {"data": fields, "headers": headers}


def _payload(response: requests.Response) -> dict[str, Any]:
    """Return the JSON object of a response, its texts as secrets; an empty one if it is anything else."""
    try:
        payload = parse_json(response.content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(payload, dict):
        return {}
    return {name: Secret(value) if isinstance(value, str) else value for name, value in payload.items()}


def _error(response: requests.Response, url: str, name: str | None, message: str | None) -> SalesmateError:
    """Return the error that a response stands for; `name` and `message` are the server's own words."""
    status = response.status_code
    words = ": ".join(filter(None, (name, message)))
    returned = f"{url} returned {status}" + (f" ({words})" if words else "")
    if name == "invalid_grant":
        return InvalidGrant(words)
    if name in {"invalid_client", "unauthorized_client"} or status == requests.codes.unauthorized:
        return LoginError(
            f"{returned}: the client was refused. Check SALESMATE_CLIENT_ID, SALESMATE_CLIENT_SECRET and "
            "SALESMATE_TOKEN_ENDPOINT_AUTH_METHOD."
        )
    if status == requests.codes.too_many_requests:
        return RateLimited(f"{returned}: too many requests. Try again later.", status=status, url=url)
    if words and status < requests.codes.server_error:
        return LoginError(f"{returned}: no token was issued. Run connect() again.")
    is_fault = status >= requests.codes.server_error
    what = "a server error" if is_fault else "not a JSON object with a token"
    return BadResponse(
        f"{returned}: {what}. Try again; if it happens again, check SALESMATE_TOKEN_URL.",
        status=status,
        url=url,
    )


def _client(settings: Settings) -> WebApplicationClient:
    return WebApplicationClient(settings.client_id or "")


def _client_secret(settings: Settings) -> dict[str, str]:
    return {"client_secret": Secret(settings.client_secret).reveal()} if settings.client_secret else {}
