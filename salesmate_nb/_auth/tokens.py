"""A token: what the token endpoint issued or a Session Key, whom it is for, and its JSON form."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, TypeGuard
from urllib.parse import urlsplit

from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._base.urls import origin
from salesmate_nb.settings import VENDOR, Settings

VERSION = 2
OAUTH, SESSION_KEY = "oauth", "session key"  # the kinds of tokens
_LEEWAY = 60.0  # seconds before its expiry at which a token is refreshed
_LONGEST = 2**16  # characters of a token; no server takes a longer header
_LATEST = 10**11  # Unix seconds: the year 5138, which calendars can still represent


@dataclass(frozen=True, kw_only=True)
class Token:
    """What the token endpoint issued, or a Session Key, and for whom; its repr shows no secret.

    Salesmate takes a Session Key in the header ``accessToken``, and here it is one, too.

    Parameters
    ----------
    access_token, refresh_token : Secret
        The refresh token is ``None`` if the server issues none.
    obtained_at, expires_at : int
        Unix seconds by this machine's clock. ``expires_at`` is ``None`` if the server did not state it.
    client_id, token_url, scope : str, optional
        What it was issued for; it is used for nothing else. ``None`` for a Session Key.
    kind : {"oauth", "session key"}
        What it is.
    api_url, linkname : str, optional
        The API's address and the workspace that it is for; it is sent to no other. Tokens that were stored
        before this was recorded have no ``api_url``, and are for ``https://api.salesmate.io`` alone.
    revoke_url : str, optional
        The revocation endpoint at the time of the login, the only one that it is sent to.
    ended : str, optional
        Why the server ended the login. It is then not used any more.
    is_confidential : bool, optional
        Whether its client has a secret (RFC 6749, section 2.1), without which it cannot be refreshed.

    Examples
    --------
    >>> settings = Settings(client_id="my-app")
    >>> payload = {"access_token": "at-1", "refresh_token": "rt-1", "expires_in": "3600"}
    >>> token = Token.from_response(payload, settings, now=1_700_000_000)
    >>> token.access_token, token.expires_at, token.needs_refresh(now=1_700_003_550)
    ('***', 1700003600, True)
    >>> Token.from_json(token.to_json()) == token
    True
    """

    access_token: Secret
    refresh_token: Secret | None
    obtained_at: int
    expires_at: int | None
    client_id: str | None
    token_url: str | None
    scope: str | None
    kind: str = OAUTH
    api_url: str | None = None
    linkname: str | None = None
    revoke_url: str | None = None
    ended: str | None = None
    is_confidential: bool | None = None

    @classmethod
    def from_key(cls, settings: Settings, now: float | None = None) -> Self:
        """Make a token of the Session Key in settings that name its workspace."""
        return cls(
            access_token=settings.session_key or Secret(),
            refresh_token=None,
            obtained_at=int(time.time() if now is None else now),
            expires_at=None,
            client_id=None,
            token_url=None,
            scope=None,
            kind=SESSION_KEY,
            api_url=settings.api_url,
            linkname=settings.linkname,
        )

    @classmethod
    def from_response(
        cls,
        payload: Mapping[str, Any],
        settings: Settings,
        *,
        previous: Token | None = None,
        now: float | None = None,
    ) -> Self:
        """Make a token from the JSON object that the token endpoint returned.

        If the refresh token is absent, empty, ``null`` or malformed, the one of `previous` stays in force
        (RFC 6749, section 6). ``expires_in`` may be a number or text; anything else counts as unknown.

        Parameters
        ----------
        payload : mapping
            The endpoint's JSON object, with a valid ``access_token``.
        settings : Settings
            Whom the token was issued for.
        previous : Token, optional
            The token that was refreshed.
        now : float, optional
            Unix seconds; by default this machine's clock.
        """
        obtained = int(time.time() if now is None else now)
        lifetime = _lifetime(payload.get("expires_in"))
        issued = payload.get("refresh_token")
        refresh_token = previous.refresh_token if previous else None
        return cls(
            access_token=Secret(payload["access_token"]),
            refresh_token=Secret(issued) if is_token(issued) else refresh_token,
            obtained_at=obtained,
            expires_at=None if lifetime is None else obtained + lifetime,
            client_id=settings.client_id or "",
            token_url=settings.token_url,
            scope=settings.scope,
            api_url=settings.api_url,
            linkname=settings.linkname,
            revoke_url=previous.revoke_url if previous else settings.revoke_url,
            is_confidential=settings.client_secret is not None,
        )

    @classmethod
    @sealed
    def from_json(cls, text: Secret | str) -> Self:
        """Read a token from the text that :meth:`to_json` wrote.

        Raises
        ------
        ValueError
            If the text is not such a text, or a value in it is not valid.
        """
        try:
            fields = json.loads(Secret(text).reveal())
        except (ValueError, RecursionError):  # whose own error holds the text
            raise ValueError("not JSON, or nested too deeply") from None
        if not isinstance(fields, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004 - wrong text, as elsewhere in it
        for name in ("access_token", "refresh_token"):
            if isinstance(fields.get(name), str):
                fields[name] = Secret(fields[name])
        version = fields.pop("version", None)
        if version == 1:  # it had no more fields than these
            fields = {**vars(_FIRST_VERSION), **fields} if fields.keys() == _FIRST_FIELDS else {}
        elif version == VERSION:
            fields.setdefault("is_confidential", None)
        else:
            raise ValueError("not a token of this version")
        if fields.keys() != cls.__annotations__.keys() or not _is_valid(fields):
            raise ValueError("not the fields of a token")
        return cls(**fields)

    @sealed
    def to_json(self) -> Secret:
        """Return the token as text to be stored, a secret as a whole, since it contains the tokens."""
        fields = {"version": VERSION, **vars(self)}
        return Secret(json.dumps(fields, indent=1, default=Secret.reveal))

    def needs_refresh(self, now: float | None = None) -> bool:
        """Return whether it expires within a minute, or within the last tenth of a shorter lifetime."""
        if self.expires_at is None:
            return False
        leeway = min(_LEEWAY, (self.expires_at - self.obtained_at) / 10)
        return (time.time() if now is None else now) >= self.expires_at - leeway

    def has_expired(self, now: float | None = None) -> bool:
        """Return whether its lifetime, as far as it is known, is over."""
        return self.expires_at is not None and (time.time() if now is None else now) >= self.expires_at

    def belongs_to(self, settings: Settings) -> bool:
        """Return whether these settings may use it: they match it, and can refresh it."""
        return self.matches(settings) and not (settings.client_id is None and self.is_confidential)

    def matches(self, settings: Settings) -> bool:
        """Return whether these settings name its client and account, or none at all."""
        is_free = self.kind == SESSION_KEY or settings.client_id is None
        issued_for = (self.client_id, self.token_url, self.scope)
        if not is_free and issued_for != (settings.client_id, settings.token_url, settings.scope):
            return False
        if self.api_url is None:
            return settings.linkname is None and settings.api_url == VENDOR
        if is_free and settings.linkname is None:
            return settings.api_url == VENDOR or self.is_at(settings)
        return self.linkname == settings.linkname and self.is_at(settings)

    def is_at(self, settings: Settings) -> bool:
        """Return whether it is for the API's host of these settings."""
        return origin(self.api_url or VENDOR) == origin(settings.api_url)

    @property
    def account(self) -> str:
        """The workspace that it is for, or the API's host if it names none."""
        return self.linkname or urlsplit(self.api_url or VENDOR).netloc

    def replaces(self, other: Token) -> bool:
        """Return whether it is a newer token of the same kind, client and account."""
        return _place(self) == _place(other) or (
            other.api_url is None and _place(replace(self, api_url=None, linkname=None)) == _place(other)
        )

    def is_of_same_account(self, other: Token) -> bool:
        """Return whether both are for one workspace at one host."""
        return _place(self)[-2:] == _place(other)[-2:]

    def applied_to(self, settings: Settings) -> Settings:
        """Return settings with its account, and its key or client; they are equal if they name these."""
        if self.kind == SESSION_KEY:
            account: dict[str, Any] = {
                "session_key": self.access_token,
                "linkname": self.linkname,
                "api_url": self.api_url,
            }
            return replace(settings, **account)
        if settings.client_id is not None:
            return settings
        client: dict[str, Any] = {
            "client_id": self.client_id,
            "token_url": self.token_url,
            "scope": self.scope,
        }
        return replace(settings, **client, linkname=self.linkname, api_url=self.api_url or VENDOR)


def _place(token: Token) -> tuple[Any, ...]:
    host = None if token.api_url is None else origin(token.api_url)
    return token.kind, token.client_id, token.token_url, token.scope, host, token.linkname


def is_token(value: object) -> TypeGuard[Secret | str]:
    """Return whether a value is a token's text: printable ASCII (RFC 6749, appendices A.12 and A.17).

    Anything else cannot be sent in a header, and the error that reports it would show it.
    """
    return isinstance(value, Secret | str) and _is_printable_ascii(Secret(value))


@sealed
def _is_printable_ascii(secret: Secret) -> bool:
    plain = secret.reveal()
    return 0 < len(plain) <= _LONGEST and plain.isascii() and plain.isprintable()


_NEEDED = {OAUTH: ("client_id", "token_url"), SESSION_KEY: ("api_url", "linkname")}
_TEXTS = ("client_id", "token_url", "scope", "api_url", "linkname", "revoke_url", "ended")
_FIRST_VERSION = Token(
    access_token=Secret(),
    refresh_token=None,
    obtained_at=0,
    expires_at=None,
    client_id=None,
    token_url=None,
    scope=None,
)
_FIRST_FIELDS = vars(_FIRST_VERSION).keys() - {
    "kind",
    "api_url",
    "linkname",
    "revoke_url",
    "ended",
    "is_confidential",
}


def _is_valid(fields: dict[str, Any]) -> bool:
    timestamps = (fields["obtained_at"], 0 if fields["expires_at"] is None else fields["expires_at"])
    return (
        is_token(fields["access_token"])
        and (fields["refresh_token"] is None or is_token(fields["refresh_token"]))
        and fields["kind"] in (OAUTH, SESSION_KEY)
        and all(isinstance(fields[name], str) and fields[name] for name in _NEEDED[fields["kind"]])
        and all(fields[name] is None or isinstance(fields[name], str) for name in _TEXTS)
        and fields["is_confidential"] in (None, True, False)
        and all(type(timestamp) is int and 0 <= timestamp <= _LATEST for timestamp in timestamps)
    )


def _lifetime(value: object) -> int | None:
    """Read ``expires_in`` in seconds; below 1 counts as unknown, as it would mean to refresh every time."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return int(seconds) if 1 <= seconds <= _LATEST / 2 else None
