"""Grants and what was issued from them: codes, access tokens and refresh tokens."""

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


class Denied(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request that gets an OAuth error for its answer (RFC 6749, section 5.2).

    Parameters
    ----------
    error, description : str
        OAuth's word, and a sentence.
    status : int
        HTTP's.
    """

    def __init__(self, error: str, description: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What a client asked a person to allow."""

    redirect_uri: str
    challenge: str = field(repr=False)
    state: str | None = field(default=None, repr=False)
    scope: str | None = None


@dataclass
class _Grant:
    """What a person allowed; ends for good."""

    scope: str | None
    is_live: bool = True


@dataclass
class _Issued:
    """A code or token: from which grant, until when, and whether it was used."""

    grant: _Grant
    expires_at: float
    consent: Consent | None = None
    is_used: bool = False

    @property
    def is_live(self) -> bool:
        return self.grant.is_live and not self.is_used and time.monotonic() < self.expires_at


class Grants:
    """All that was issued, for all threads.

    Parameters
    ----------
    options : Options
        How long what lives, and whether refresh tokens rotate.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._codes: dict[str, _Issued] = {}
        self._access: dict[str, _Issued] = {}
        self._refresh: dict[str, _Issued] = {}

    def issue_code(self, consent: Consent) -> str:
        """Return a code for what was allowed."""
        code = f"sandbox-code-{secrets.token_urlsafe(24)}"
        ends = time.monotonic() + self._options.code_ttl
        with self._lock:
            self._codes[code] = _Issued(_Grant(consent.scope), ends, consent)
        return code

    def redeem(self, code: str, *, redirect_uri: str, verifier: str) -> dict[str, Any]:
        """Exchange a code for tokens: once, whatever comes of it.

        Raises
        ------
        Denied
            Where it is unknown, too old, used (which ends the grant, RFC 6749, section 4.1.2), or
            does not belong to this redirect address or verifier.
        """
        with self._lock:
            issued = self._codes.get(code)
            if issued is None or issued.consent is None:
                raise Denied("invalid_grant", "This code is not known.")
            if issued.is_used:
                issued.grant.is_live = False
                raise Denied("invalid_grant", "This code was used before; what came of it is revoked.")
            if not issued.is_live:
                raise Denied("invalid_grant", "This code is too old.")
            issued.is_used = True
            if redirect_uri != issued.consent.redirect_uri:
                raise Denied("invalid_grant", "redirect_uri is not the one that the code was sent to.")
            if challenge_of(verifier) != issued.consent.challenge:
                raise Denied("invalid_grant", "code_verifier does not fit the code_challenge.")
            return self._issue(issued.grant, None)

    def refresh(self, token: str, *, scope: str | None) -> dict[str, Any]:
        """Exchange a refresh token for new tokens.

        Raises
        ------
        Denied
            Where it is unknown, too old, or was used before, which ends the whole grant; or where
            `scope` goes beyond what was allowed.
        """
        with self._lock:
            issued = self._refresh.get(token)
            if issued is None or not issued.grant.is_live:
                raise Denied("invalid_grant", "This refresh token is not known, or was revoked.")
            if issued.is_used:
                issued.grant.is_live = False
                raise Denied("invalid_grant", "This refresh token was used before; the login is revoked.")
            if not issued.is_live:
                raise Denied("invalid_grant", "This refresh token is too old.")
            if scope and not set(scope.split()) <= set((issued.grant.scope or "").split()):
                raise Denied("invalid_scope", "scope goes beyond what was allowed.")
            issued.is_used = self._options.rotate
            return self._issue(issued.grant, None if self._options.rotate else token)

    def accepts(self, access_token: str) -> bool:
        """Tell whether an access token lives."""
        with self._lock:
            issued = self._access.get(access_token)
            return issued is not None and issued.is_live

    def revoke(self, token: str) -> None:
        """End an access token, or with a refresh token its whole grant (RFC 7009, section 2.1)."""
        with self._lock:
            if token in self._refresh:
                self._refresh[token].grant.is_live = False
            elif token in self._access:
                self._access[token].is_used = True

    def revoke_all(self) -> None:
        """End all grants, and so all that was issued from them."""
        with self._lock:
            for issued in self._codes.values():  # with which every grant began
                issued.grant.is_live = False

    def expire_access_tokens(self) -> None:
        """End all access tokens; refresh tokens go on."""
        with self._lock:
            for issued in self._access.values():
                issued.expires_at = time.monotonic()

    def _issue(self, grant: _Grant, refresh_token: str | None) -> dict[str, Any]:
        now, options = time.monotonic(), self._options
        access_token = f"sandbox-access-{secrets.token_urlsafe(24)}"
        self._access[access_token] = _Issued(grant, now + options.access_ttl)
        if refresh_token is None:
            refresh_token = f"sandbox-refresh-{secrets.token_urlsafe(24)}"
            ends = float("inf") if options.refresh_ttl is None else now + options.refresh_ttl
            self._refresh[refresh_token] = _Issued(grant, ends)
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
    >>> challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")  # the RFC's own example
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
