"""The authorization response: what comes back from the consent page (RFC 6749, section 4.1.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from salesmate_nb._redaction import Secret
from salesmate_nb.errors import LoginError

_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\ud800-\udfff]")  # the last: halves of a sign
RESPONSE_FIELD = re.compile(r"(?:^|[?&#])(?:code|error|state)=")
_LONGEST = 16_384  # characters; no address that a browser shows is longer


@dataclass(frozen=True, kw_only=True)
class AuthorizationResponse:
    """What a redirect says (RFC 6749, sections 4.1.2 and 4.1.2.1); a bare code says nothing else."""

    code: Secret | None = None
    is_bare: bool = False
    state: Secret | None = None
    error: str | None = None
    error_description: str | None = None
    issuer: str | None = None


def parse_authorization_response(pasted: str) -> AuthorizationResponse:
    """Read a full redirect address, its query string or the bare code, however it was copied.

    Line breaks, quotes, angle brackets, invisible signs and ``&amp;`` around or within are forgiven.

    Parameters
    ----------
    pasted : str
        What a person copied.

    Returns
    -------
    AuthorizationResponse
        What it says. Whether it belongs to this login is for the caller to check.

    Raises
    ------
    LoginError
        Where there is no code and no error in it, with what to copy instead.

    Examples
    --------
    >>> parse_authorization_response(
    ...     ' "http://localhost:3000/callback?code=c0de&state=st4te" '
    ... ).state == "st4te"
    True
    >>> parse_authorization_response("c0de")
    AuthorizationResponse(code='***', is_bare=True, state=None, error=None, error_description=None, issuer=None)
    """
    came = _read(Secret(pasted))
    if isinstance(came, str):
        raise LoginError(came)
    return came


def _read(pasted: Secret) -> AuthorizationResponse | str:
    """Return what an address says, or what is wrong with it; no error is raised where its code is at hand."""
    text = _INVISIBLE.sub("", pasted.reveal()).strip().strip("\"'`<>").strip()
    if not text:
        return "Nothing was pasted. Copy the whole address from the browser's address bar."
    if len(text) > _LONGEST:
        return "That is too long to be the address. Copy the browser's address bar only."
    is_address = "://" in text or RESPONSE_FIELD.search(text) is not None
    if not is_address and re.search(r"\s", text) is None:
        return AuthorizationResponse(code=Secret(unquote(text)), is_bare=True)
    text = re.sub(r"\s", "", text).replace("&amp;", "&")
    if not is_address or RESPONSE_FIELD.search(text) is None:
        return (
            "There is no code in that. Follow the link, allow, and copy the address of the page you end on: "
            "it has 'code=' in it, even where the page itself cannot be reached."
        )
    parts = re.split(r"[?#]", text.removesuffix("#_=_"), maxsplit=1)
    fields = parse_qsl(parts[-1].replace("#", "&").replace("?", "&"), keep_blank_values=True)
    found = {name: value for name, value in fields if value}
    if any([name for name, _ in fields].count(name) > 1 for name in ("code", "state", "error")):
        return "That address says a thing twice, as no login page does. Follow the link again."
    return _told(found) or "There is no code in that address. Copy the one you end on after you allowed."


def _told(found: dict[str, str]) -> AuthorizationResponse | None:
    """Return what the fields of an address say; None without a code and an error."""
    if "code" not in found and "error" not in found:
        return None
    return AuthorizationResponse(
        code=Secret(found["code"]) if "code" in found else None,
        state=Secret(found["state"]) if "state" in found else None,
        error=found.get("error"),
        error_description=found.get("error_description"),
        issuer=found.get("iss"),
    )
