"""The authorization response: what the consent page sends back (RFC 6749, section 4.1.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret
from salesmate_nb.errors import LoginError

_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\ud800-\udfff]")  # the last: half of a surrogate pair
_MARKDOWN_LINK = re.compile(r"\]\(\s*<?([^\s>)]+)")  # [text](address "title")
_AROUND = "\"'`<>()[]{}*.,;:!? \t\r\n\u2018\u2019\u201c\u201d"
_WRAP = re.compile(r"\s*[\r\n]\s*")
_BETWEEN = re.compile("[\\s\u2026]+|(?<=[^=])(?=https?://)")  # words, or addresses without a space in between
_OUTCOME = re.compile(r"(?:^|[?&#])(?:code|error)=")
RESPONSE_FIELD = re.compile(r"(?:^|[?&#])(?:code|error|state)=")
_MAX_LENGTH = 16_384  # characters; no URL in a browser's address bar is longer


@dataclass(frozen=True, kw_only=True)
class AuthorizationResponse:
    """The fields of a redirect (RFC 6749, sections 4.1.2 and 4.1.2.1); a bare code has no other field."""

    code: Secret | None = None
    is_bare: bool = False
    state: Secret | None = None
    error: str | None = None
    error_description: str | None = None
    issuer: str | None = None


def parse_authorization_response(pasted: str | Secret) -> AuthorizationResponse:
    """Parse a full redirect URL, its query string or the bare code, however it was copied.

    Line breaks, quotes, angle brackets, invisible characters and ``&amp;`` in or around it are ignored.

    Parameters
    ----------
    pasted : str or Secret
        What a person copied.

    Returns
    -------
    AuthorizationResponse
        Its fields. The caller checks whether they belong to this login.

    Raises
    ------
    LoginError
        If it contains neither a code nor an error; the message says what to copy instead.

    Examples
    --------
    >>> parse_authorization_response(
    ...     ' "http://localhost:3000/callback?code=c0de&state=st4te" '
    ... ).state == "st4te"
    True
    >>> parse_authorization_response("c0de")
    AuthorizationResponse(code='***', is_bare=True, state=None, error=None, ...)
    """
    parsed = _parse(Secret(pasted))
    if isinstance(parsed, str):
        raise LoginError(parsed)
    return parsed


@sealed
def unwrapped(pasted: Secret) -> Secret:
    """Return an address without the sentence or the Markdown link around it; a bare code as it is.

    Only for what a person copied: what a browser sends is not part of a sentence. Of several addresses it is
    the first with a code or an error. Line breaks are taken for those of a long line.

    Examples
    --------
    >>> unwrapped(Secret("([my login](http://localhost:3000/callback?code=c0de&state=st4te)).")).reveal()
    'http://localhost:3000/callback?code=c0de&state=st4te'
    """
    text = _INVISIBLE.sub("", pasted.reveal()).strip()
    if "://" not in text and RESPONSE_FIELD.search(text) is None:
        return pasted
    link = _MARKDOWN_LINK.search(text)
    joined = _WRAP.sub("", link[1] if link else text)
    words = _BETWEEN.split(joined)
    return Secret(next(filter(_OUTCOME.search, words), joined).strip(_AROUND))


@sealed
def _parse(pasted: Secret) -> AuthorizationResponse | str:
    """Return the fields, or the message of the error."""
    text = _INVISIBLE.sub("", pasted.reveal()).strip().strip("\"'`<>").strip()
    if not text:
        return "Nothing was pasted. Copy the full URL from the browser's address bar."
    if len(text) > _MAX_LENGTH:
        return "The pasted text is too long for a URL. Copy only what the browser's address bar shows."
    is_url = "://" in text or RESPONSE_FIELD.search(text) is not None
    if not is_url and re.search(r"\s", text) is None:
        return AuthorizationResponse(code=Secret(unquote(text)), is_bare=True)
    text = re.sub(r"\s", "", text).replace("&amp;", "&")
    if not is_url or RESPONSE_FIELD.search(text) is None:
        return (
            "No authorization code found. Open the login link, allow access, then paste the full URL of the "
            "page you land on: it contains 'code=', even if the page itself cannot be reached."
        )
    parts = re.split(r"[?#]", text.removesuffix("#_=_"), maxsplit=1)
    fields = parse_qsl(parts[-1].replace("#", "&").replace("?", "&"), keep_blank_values=True)
    if any([name for name, _ in fields].count(field) > 1 for field in ("code", "state", "error")):
        return "The pasted URL repeats code, state or error. Open the login link again."
    found = {name: value for name, value in fields if value}
    return _response(found) or (
        "No authorization code found in this URL. Allow access, then paste the URL of the page you land on."
    )


def _response(fields: dict[str, str]) -> AuthorizationResponse | None:
    """Return the response with these fields; None if there is neither a code nor an error."""
    if "code" not in fields and "error" not in fields:
        return None
    return AuthorizationResponse(
        code=Secret(fields["code"]) if "code" in fields else None,
        state=Secret(fields["state"]) if "state" in fields else None,
        error=fields.get("error"),
        error_description=fields.get("error_description"),
        issuer=fields.get("iss"),
    )
