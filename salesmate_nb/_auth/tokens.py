"""A token: what the token endpoint issued, and its JSON form."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeGuard

from salesmate_nb._redaction import Secret
from salesmate_nb.settings import Settings

VERSION = 1
_LEEWAY = 60.0  # seconds before its end at which a token is renewed
_LATEST = 10**11  # Unix seconds: in the year 5138, which calendars can still tell


@dataclass(frozen=True, kw_only=True)
class Token:
    """What the token endpoint issued, and for whom; its repr shows no secret.

    Parameters
    ----------
    access_token, refresh_token : Secret
        The refresh token is ``None`` where the server gives none.
    obtained_at, expires_at : int
        Unix seconds by this machine's clock. ``expires_at`` is ``None`` where the server did not say.
    client_id, token_url, scope
        What it was issued for; it is used for nothing else.

    Examples
    --------
    >>> settings = Settings(client_id="my-app")
    >>> answer = {"access_token": "at-1", "refresh_token": "rt-1", "expires_in": "3600"}
    >>> token = Token.from_response(answer, settings, now=1_700_000_000)
    >>> token.access_token, token.expires_at, token.is_stale(now=1_700_003_550)
    ('***', 1700003600, True)
    """

    access_token: Secret
    refresh_token: Secret | None
    obtained_at: int
    expires_at: int | None
    client_id: str
    token_url: str
    scope: str | None

    @classmethod
    def from_response(
        cls,
        answer: Mapping[str, Any],
        settings: Settings,
        *,
        previous: Token | None = None,
        now: float | None = None,
    ) -> Self:
        """Make a token of what the token endpoint answered.

        An absent, empty or ``null`` refresh token, or one that is none, leaves the one of `previous` in
        force (RFC 6749, section 6). ``expires_in`` may come as a number or as text; anything else means
        unknown.
        """
        obtained = int(time.time() if now is None else now)
        lifetime = _seconds(answer.get("expires_in"))
        renewal = answer.get("refresh_token")
        kept = previous.refresh_token if previous else None
        return cls(
            access_token=Secret(answer["access_token"]),
            refresh_token=Secret(renewal) if is_token(renewal) else kept,
            obtained_at=obtained,
            expires_at=None if lifetime is None else obtained + lifetime,
            client_id=settings.client_id or "",
            token_url=settings.token_url,
            scope=settings.scope,
        )

    def is_stale(self, now: float | None = None) -> bool:
        """Tell whether it is time to renew: a minute before its end, or the last tenth of a short life."""
        if self.expires_at is None:
            return False
        leeway = min(_LEEWAY, (self.expires_at - self.obtained_at) / 10)
        return (time.time() if now is None else now) >= self.expires_at - leeway

    def fits(self, settings: Settings) -> bool:
        """Tell whether it was issued for these settings' client, token endpoint and scope."""
        issued_for = (self.client_id, self.token_url, self.scope)
        return issued_for == (settings.client_id, settings.token_url, settings.scope)


def is_token(given: object) -> TypeGuard[str]:
    """Tell whether it is the text of a token: ASCII that can be printed (RFC 6749, appendices A.12 and A.17).

    Anything else could not be sent, and would be shown by the error that says so.
    """
    return isinstance(given, str) and given != "" and given.isascii() and given.isprintable()


def serialize(token: Token) -> Secret:
    """Return a token as the text that is kept; a secret as a whole, since it holds the tokens."""
    # json writes a Secret's true text, being str: here is the one place where that is wanted
    return Secret(json.dumps({"version": VERSION, **vars(token)}, indent=1))


def parse(text: str) -> Token:
    """Read a token from the text that was kept; ``ValueError`` where that is no such text."""
    try:
        kept = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(kept, dict) or kept.pop("version", None) != VERSION:
        raise ValueError("not a token file of this version")
    try:
        token = Token(**kept)
    except TypeError:
        raise ValueError("not the fields of a token") from None
    said: dict[str, Any] = vars(token)
    moments = (said["obtained_at"], 0 if said["expires_at"] is None else said["expires_at"])
    if not (
        is_token(said["access_token"])
        and (said["refresh_token"] is None or is_token(said["refresh_token"]))
        and all(isinstance(said[name], str) and said[name] for name in ("client_id", "token_url"))
        and (said["scope"] is None or isinstance(said["scope"], str))
        and all(type(one) is int and 0 <= one <= _LATEST for one in moments)
    ):
        raise ValueError("not the values of a token")
    renewal = Secret(token.refresh_token) if token.refresh_token else None
    return Token(**{**kept, "access_token": Secret(token.access_token), "refresh_token": renewal})


def _seconds(given: object) -> int | None:
    """Read ``expires_in``; 0 and less would mean to renew before every call, so they count as unknown."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    try:
        seconds = float(given)
    except (ValueError, OverflowError):
        return None
    return int(seconds) if 1 <= seconds <= _LATEST / 2 else None
