"""Issue, check and revoke authorization codes, access tokens and refresh tokens."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from salesmate_nb.sandbox.options import Options


class OAuthError(Exception):
    """A request that gets an OAuth error response (RFC 6749, section 5.2).

    Parameters
    ----------
    error, description : str
        The OAuth error code, and a sentence.
    status : int
        The HTTP status code.
    """

    def __init__(self, error: str, description: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
    """What a client asks a person to allow (RFC 6749, section 4.1.1; RFC 7636, section 4.3)."""

    redirect_uri: str
    code_challenge: str = field(repr=False)
    state: str | None = field(default=None, repr=False)
    scope: str | None = None


@dataclass
class _Grant:
    """A person's consent; once revoked, it stays revoked."""

    scope: str | None
    is_revoked: bool = False


@dataclass
class _Credential:
    """A code or token: its grant, its expiry, and whether it was used."""

    grant: _Grant
    expires_at: float
    request: AuthorizationRequest | None = None
    is_used: bool = False

    @property
    def is_active(self) -> bool:
        return not self.grant.is_revoked and not self.is_used and time.monotonic() < self.expires_at


class TokenIssuer:
    """The codes and tokens that were issued; safe to use from many threads.

    Parameters
    ----------
    options : Options
        The lifetimes, and whether refresh tokens rotate.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._codes: dict[str, _Credential] = {}
        self._access_tokens: dict[str, _Credential] = {}
        self._refresh_tokens: dict[str, _Credential] = {}

    def issue_code(self, request: AuthorizationRequest) -> str:
        """Return a new authorization code for a request that was allowed."""
        code = f"sandbox-code-{secrets.token_urlsafe(24)}"
        expires_at = time.monotonic() + self._options.code_ttl
        with self._lock:
            self._codes[code] = _Credential(_Grant(request.scope), expires_at, request)
        return code

    def exchange_code(self, code: str, *, redirect_uri: str, verifier: str) -> dict[str, Any]:
        """Exchange a code for tokens; each code works once, and a failed attempt uses it up.

        Returns
        -------
        dict
            The token response (RFC 6749, section 5.1).

        Raises
        ------
        OAuthError
            If the code is unknown, expired or used before (which revokes the grant, RFC 6749,
            section 4.1.2), or does not belong to this redirect URI or verifier.
        """
        with self._lock:
            credential = self._codes.get(code)
            if credential is None or credential.request is None:
                raise OAuthError("invalid_grant", "The code is unknown.")
            if credential.is_used:
                credential.grant.is_revoked = True
                raise OAuthError("invalid_grant", "The code was used before; its tokens are now revoked.")
            if not credential.is_active:
                raise OAuthError("invalid_grant", "The code has expired or was revoked.")
            credential.is_used = True
            if redirect_uri != credential.request.redirect_uri:
                raise OAuthError("invalid_grant", "redirect_uri is not the one that the code was sent to.")
            if challenge_of(verifier) != credential.request.code_challenge:
                raise OAuthError("invalid_grant", "code_verifier does not match the code_challenge.")
            return self._issue_tokens(credential.grant, None)

    def refresh(self, token: str, *, scope: str | None) -> dict[str, Any]:
        """Exchange a refresh token for new tokens.

        Returns
        -------
        dict
            The token response (RFC 6749, section 5.1).

        Raises
        ------
        OAuthError
            If the token is unknown, expired, or was used before, which revokes the whole grant
            (RFC 9700, section 4.14.2); or if `scope` exceeds what was granted.
        """
        with self._lock:
            credential = self._refresh_tokens.get(token)
            if credential is None or credential.grant.is_revoked:
                raise OAuthError("invalid_grant", "The refresh token is unknown or was revoked.")
            if credential.is_used:
                credential.grant.is_revoked = True
                raise OAuthError(
                    "invalid_grant", "The refresh token was used before; the login is now revoked."
                )
            if not credential.is_active:
                raise OAuthError("invalid_grant", "The refresh token has expired.")
            if scope and not set(scope.split()) <= set((credential.grant.scope or "").split()):
                raise OAuthError("invalid_scope", "scope exceeds what was granted.")
            credential.is_used = self._options.rotate
            return self._issue_tokens(credential.grant, None if self._options.rotate else token)

    def is_valid(self, access_token: str) -> bool:
        """Return whether an access token is known, not expired and not revoked."""
        with self._lock:
            credential = self._access_tokens.get(access_token)
            return credential is not None and credential.is_active

    def revoke(self, token: str) -> None:
        """Revoke an access token, or with a refresh token its whole grant (RFC 7009, section 2.1)."""
        with self._lock:
            if token in self._refresh_tokens:
                self._refresh_tokens[token].grant.is_revoked = True
            elif token in self._access_tokens:
                self._access_tokens[token].is_used = True

    def revoke_all(self) -> None:
        """Revoke all grants, with all their codes and tokens."""
        with self._lock:
            for credential in self._codes.values():  # every grant began with a code
                credential.grant.is_revoked = True

    def expire_access_tokens(self) -> None:
        """Expire all access tokens; refresh tokens stay valid."""
        with self._lock:
            for credential in self._access_tokens.values():
                credential.expires_at = time.monotonic()

    def _issue_tokens(self, grant: _Grant, refresh_token: str | None) -> dict[str, Any]:
        now, options = time.monotonic(), self._options
        access_token = f"sandbox-access-{secrets.token_urlsafe(24)}"
        self._access_tokens[access_token] = _Credential(grant, now + options.access_ttl)
        if refresh_token is None:
            refresh_token = f"sandbox-refresh-{secrets.token_urlsafe(24)}"
            expires_at = float("inf") if options.refresh_ttl is None else now + options.refresh_ttl
            self._refresh_tokens[refresh_token] = _Credential(grant, expires_at)
        return {
            "access_token": access_token,
            "refresh_token": refresh_token,
            "expires_in": int(options.access_ttl),
            "token_type": "Bearer",
        }


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier (RFC 7636, section 4.2).

    Examples
    --------
    >>> challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")  # the example of RFC 7636
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
