"""Requests to the OAuth endpoints: build the consent URL; exchange, refresh and revoke a token."""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import requests
from oauthlib.oauth2 import WebApplicationClient
from requests_oauthlib import OAuth2Session

from salesmate_nb._api.json_body import parse_json
from salesmate_nb._api.response import error_words
from salesmate_nb._api.session import BoundedSession, send_or_raise
from salesmate_nb._auth.tokens import Token, is_token
from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret, WireText
from salesmate_nb.errors import BadResponse, LoginError, LoginRequired, RateLimited, SalesmateError
from salesmate_nb.settings import Settings


class InvalidGrant(LoginRequired):
    """The code or refresh token is no longer valid (``invalid_grant``; RFC 6749, section 5.2)."""


class TokenResponseError(LoginError, BadResponse):
    """The response is not a token response, nor an error response (RFC 6749, sections 5.1 and 5.2)."""


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

    url: str = field(repr=False)  # it contains the state
    redirect_uri: str
    state: Secret
    verifier: Secret


@sealed
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
    form = _exchange_form(settings, authorization, code)
    try:
        payload = _post(settings, settings.token_url, form, hide=(code, authorization.verifier))
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
    form = _refresh_form(settings, token.refresh_token or Secret())
    payload = _post(settings, settings.token_url, form, hide=(token.refresh_token, token.access_token))
    return Token.from_response(payload, settings, previous=token)


def revoke_token(settings: Settings, token: Token) -> None:
    """Revoke a token at the revocation endpoint (RFC 7009); without one, do nothing.

    Raises
    ------
    ConnectionFailed, ApiError, LoginError
        If the endpoint does not confirm.
    """
    if settings.revoke_url is not None:
        form = _revocation_form(settings, token)
        _post(settings, settings.revoke_url, form, hide=(token.refresh_token, token.access_token))


@sealed
def _exchange_form(settings: Settings, authorization: AuthorizationRequest, code: Secret) -> Secret:
    return Secret(
        _client(settings).prepare_request_body(
            code=code.reveal(),
            redirect_uri=authorization.redirect_uri,
            code_verifier=authorization.verifier.reveal(),
            include_client_id=True,
            **_client_secret(settings),
        )
    )


@sealed
def _refresh_form(settings: Settings, token: Secret) -> Secret:
    return Secret(
        _client(settings).prepare_refresh_body(
            refresh_token=token.reveal(), client_id=settings.client_id, **_client_secret(settings)
        )
    )


@sealed
def _revocation_form(settings: Settings, token: Token) -> Secret:
    _, _, form = _client(settings).prepare_token_revocation_request(
        "https://",
        (token.refresh_token or token.access_token).reveal(),
        "refresh_token" if token.refresh_token else "access_token",
        client_id=settings.client_id,
        **_client_secret(settings),
    )
    return Secret(form)


@sealed
def _post(settings: Settings, url: str, form: Secret, *, hide: tuple[Secret | None, ...]) -> dict[str, Any]:
    """Post a form to an OAuth endpoint once; return the token of its response, or raise the error."""
    body, headers = _body_and_headers(settings, form)
    with BoundedSession(settings.timeout) as session:
        response = send_or_raise(lambda: session.post(url, data=body, headers=headers), url)
    payload = _payload(response)
    tokens = {name: _secret(payload.get(name)) for name in ("access_token", "refresh_token")}
    has_result = is_token(tokens["access_token"]) or url == settings.revoke_url
    is_error = response.status_code >= requests.codes.multiple_choices or bool(payload.get("error"))
    if has_result and not is_error:
        return {**tokens, "expires_in": payload.get("expires_in")}
    raise _error(response.status_code, url, *error_words(payload, (*hide, settings.client_secret)))


def _body_and_headers(settings: Settings, form: Secret) -> tuple[WireText, dict[str, str]]:
    """Return OAuth's fields in the form that the settings name; in plain text only once they are sent."""
    fields = dict(parse_qsl(form.reveal()))
    headers = {"Accept": "application/json"}
    is_basic = settings.token_endpoint_auth_method == "client_secret_basic"  # noqa: S105 - a method
    if is_basic and settings.client_secret:
        pair = (quote(fields[name].encode(), safe="") for name in ("client_id", "client_secret"))
        credentials = b64encode(":".join(pair).encode()).decode()
        headers["Authorization"] = WireText(Secret(f"Basic {credentials}"))
        del fields["client_secret"]
    is_json = settings.token_body == "json"  # noqa: S105 - a kind of body
    headers["Content-Type"] = "application/json" if is_json else "application/x-www-form-urlencoded"
    return WireText(Secret(json.dumps(fields) if is_json else urlencode(fields))), headers


def _payload(response: requests.Response) -> dict[str, Any]:
    """Return the JSON object of a response; an empty one if it is anything else."""
    try:
        payload = parse_json(response.content)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _secret(value: Any) -> Secret | None:
    return Secret(value) if isinstance(value, str) else None


def _error(status: int, url: str, name: str | None, message: str | None) -> SalesmateError:
    """Return the error that a response stands for; `name` and `message` are the server's own words."""
    words = ": ".join(filter(None, (_printable(name), _printable(message))))
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
    kind = BadResponse if is_fault else TokenResponseError
    return kind(
        f"{returned}: {what}. Try again; if it happens again, check SALESMATE_TOKEN_URL.",
        status=status,
        url=url,
    )


def _printable(words: str | None) -> str:
    return "".join(character for character in words or "" if character.isprintable())


def _client(settings: Settings) -> WebApplicationClient:
    return WebApplicationClient(settings.client_id or "")


def _client_secret(settings: Settings) -> dict[str, str]:
    return {"client_secret": settings.client_secret.reveal()} if settings.client_secret else {}
