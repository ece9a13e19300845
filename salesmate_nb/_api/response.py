"""What a response contains: its data, rows and total, or the error it stands for."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from salesmate_nb._api.json_body import TooManyValues, parse_json
from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.redaction import redact
from salesmate_nb._base.secret.text import Secret, WireText
from salesmate_nb.errors import (
    ApiError,
    BadResponse,
    KeyRefused,
    LoginRequired,
    NotFound,
    RateLimited,
    SalesmateError,
)
from salesmate_nb.settings import COPY_THE_KEY

EXCERPT = 200  # characters of the server's own words in an error message
_MAX_LENGTH = 10_000  # characters of them that are searched for secrets
_ROW_KEYS = ("Data", "data", "deals", "results")  # where rows were seen
_MAX_DEPTH = 4  # nested objects in which rows are searched; a response may nest thousands
_COUNT = re.compile(r"([0-9]{1,15})(?:\.0*)?")
_INVALID = object()
_TRANSIENT = frozenset({500, 502, 503, 504})
NO_RIGHT = "AuthorizationFailed"  # with a key: or it is another of the three (measured)
_KNOWN_NAMES = frozenset(
    f"{NO_RIGHT} AuthenticationFailed ValidationError Forbidden ObjectNotFound NoSuchLinkExist AlreadyExists "
    "Unknown invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type "
    "invalid_scope access_denied unsupported_response_type server_error temporarily_unavailable".split()
)  # of errors (v4 reference; RFC 6749): no secrets, even if one contains such a word
_EXPIRED = "4002"  # the code of an expired Session Key (measured)
_NO_OAUTH_OVER_V4 = "No public client is known to use OAuth with the v4 API; a Session Key works there."


@sealed
def decode(response: requests.Response, *, has_worked: bool = False) -> Any:
    """Return the JSON of a response, or raise the error that it stands for.

    Salesmate wraps data as ``{"Status": "success", "Data": ...}`` and failures as
    ``{"Status": "failure", "Error": {"Code", "Name", "Message"}}``, which can come with HTTP 200
    (v4 reference; lower-case names were measured in live responses).

    Parameters
    ----------
    response : requests.Response
        A complete response.
    has_worked : bool
        Whether a request with the same Session Key has succeeded before. If so, ``AuthorizationFailed`` is
        about rights; if not, it means another of the three keys (measured: 403 with an empty message).

    Returns
    -------
    dict or list
        The JSON as received, the envelope included.

    Raises
    ------
    LoginRequired
        If the login or the Session Key was not accepted: 401, ``AuthenticationFailed``, code ``4002`` (an
        expired key; also with HTTP 200), and ``AuthorizationFailed`` as `has_worked` says (`KeyRefused`).
    RateLimited, NotFound
        If the status is 429, or 404.
    BadResponse
        If the body is not a JSON object or list, or would fill the memory.
    ApiError
        If the request failed in another way.
    """
    payload = _json(response)
    status = payload.get("Status") if isinstance(payload, dict) else None
    failed = isinstance(status, str) and status.lower() == "failure"
    if failed or response.status_code >= requests.codes.bad_request:
        name, message = error_words(payload, _sent_credentials(response))
        is_expired = _error_code(payload) == _EXPIRED
        raise _failure(response, name, message, is_expired=is_expired, has_worked=has_worked)
    if response.status_code >= requests.codes.multiple_choices or not isinstance(payload, dict | list):
        raise _bad_response(response, payload)
    return payload


def unwrap(payload: Any) -> Any:
    """Return the ``Data`` of Salesmate's envelope, or the payload itself if it has no envelope.

    Examples
    --------
    >>> unwrap({"Status": "success", "Data": {"id": 7}}), unwrap([1, 2])
    ({'id': 7}, [1, 2])
    """
    return payload["Data"] if isinstance(payload, dict) and {"Status", "Data"} <= payload.keys() else payload


def find_rows(payload: Any) -> list[Any] | None:
    """Return the list of rows in a payload, or ``None`` if it has none.

    Rows were seen at the top level, and under ``Data.data``, ``Data``, ``data``, ``deals`` and ``results``.
    If there are none, ``null`` was seen in their place; it is an empty list, unless there is a total above 0.

    Examples
    --------
    >>> find_rows({"Status": "success", "Data": {"data": [{"id": 1}], "totalRows": 1}})
    [{'id': 1}]
    >>> find_rows({"Status": "success", "Data": {"data": None, "totalRows": 0}})
    []
    """
    if isinstance(payload, list):
        return payload
    values = list(_row_values(payload, _MAX_DEPTH))
    is_empty = None in values and not find_total(payload)
    return next((value for value in values if isinstance(value, list)), [] if is_empty else None)


def _row_values(payload: Any, depth: int) -> Iterator[Any]:
    """Yield what is in each place where rows were seen."""
    if isinstance(payload, dict) and depth:
        for key in _ROW_KEYS:
            if key in payload:
                yield payload[key]
                yield from _row_values(payload[key], depth - 1)


def find_total(payload: Any, depth: int = _MAX_DEPTH) -> int | None:
    """Return the number of rows that the server reports, or ``None`` if it reports none.

    What cannot be a number of rows (``true``, less than zero, more than 15 digits) counts as none.

    Examples
    --------
    >>> find_total({"Data": {"data": [], "totalRows": "8800"}}), find_total({"totalRows": 2.0})
    (8800, 2)
    >>> [find_total({"totalRows": total}) for total in (True, -1, 2.5, 10**40, None)]
    [None, None, None, None, None]
    """
    if not isinstance(payload, dict) or not depth:
        return None
    total = payload.get("totalRows")
    if isinstance(total, str | int | float) and (count := _COUNT.fullmatch(str(total).strip())):
        return int(count[1])
    nested = (find_total(payload.get(key), depth - 1) for key in ("Data", "data"))
    return next((total for total in nested if total is not None), None)


def error_words(payload: Any, secrets: Iterable[Secret | None]) -> tuple[str | None, str | None]:
    """Return the name and message of an error as the server worded them, redacted and cut to `EXCERPT`.

    Reads Salesmate's ``{"Error": {"Code", "Name", "Message"}}`` in upper or lower case (v4 reference;
    measured) and OAuth's ``{"error", "error_description"}`` (RFC 6749, section 5.2).

    Parameters
    ----------
    payload : Any
        The JSON of a response.
    secrets : iterable of Secret or None
        What the server may repeat. It is replaced by ``***`` before the text is cut to length.

    Returns
    -------
    tuple of (str or None, str or None)
        ``None`` if the payload has no such part. What cannot be printed, such as a line break or a control
        sequence of a terminal, is a space.

    Examples
    --------
    >>> error_words({"Error": {"Code": "4001", "Name": "ValidationError", "Message": "rows is 251"}}, [])
    ('ValidationError', 'rows is 251')
    >>> error_words(
    ...     {"error": "invalid_grant", "error_description": "unknown code c0de-1"}, [Secret("c0de-1")]
    ... )
    ('invalid_grant', 'unknown code ***')
    """
    if not isinstance(payload, dict):
        return None, None
    error = payload.get("Error") or payload.get("error")
    if isinstance(error, dict):
        fields = {str(key).lower(): value for key, value in error.items() if value is not None}
        name, message = fields.get("name") or fields.get("code"), fields.get("message")
    elif isinstance(error, str):
        name, message = payload.get("error"), payload.get("error_description")
        if name is None:
            message = error
    else:
        return None, None
    shorten = _RedactingRepr(secrets)
    is_known = isinstance(name, str) and name in _KNOWN_NAMES
    return name if is_known else shorten.excerpt(name), shorten.excerpt(message)


class _RedactingRepr(reprlib.Repr):
    """A short repr of JSON values, however deep they nest, that redacts each text before it is shortened."""

    def __init__(self, secrets: Iterable[Secret | None]) -> None:
        super().__init__()
        self._secrets = list(secrets)

    def repr_str(self, text: str, level: int) -> str:
        return super().repr_str(redact(text[:_MAX_LENGTH], self._secrets), level)

    def excerpt(self, value: Any) -> str | None:
        if value is None:
            return None
        text = value[:_MAX_LENGTH] if isinstance(value, str) else self.repr(value)
        redacted = redact(text, self._secrets)[:EXCERPT]
        return "".join(each if each.isprintable() else " " for each in redacted)


def _json(response: requests.Response) -> Any:
    """Return the parsed body, ``None`` if it is empty, or `_INVALID` if it is not JSON.

    Raises
    ------
    BadResponse
        If it holds so many values that they would fill the memory.
    """
    if not response.content.strip():
        return None
    try:
        return parse_json(response.content)
    except TooManyValues as err:
        if response.status_code >= requests.codes.bad_request:
            return _INVALID
        url = _url_without_query(response)
        bad = BadResponse(
            f"{url} returned HTTP {response.status_code} with JSON of very many values: {err}. Ask for fewer "
            "rows or fields.",
            status=response.status_code,
            url=url,
        )
        bad.is_too_large = True
        raise bad from None
    except (ValueError, RecursionError):  # cut off, HTML, another encoding, or nested too deep
        return _INVALID


def _error_code(payload: Any) -> str | None:
    """Return the code of Salesmate's error, which comes as text or as a number, in either case."""
    error = (payload.get("Error") or payload.get("error")) if isinstance(payload, dict) else None
    code = error.get("Code", error.get("code")) if isinstance(error, dict) else None
    return str(code) if isinstance(code, str | int) else None


def _sent_headers(response: requests.Response) -> Mapping[str, str]:
    return getattr(response.request, "headers", {})


def _sent_key(response: requests.Response) -> bool:
    """Return whether the request carried a Session Key, and not a token."""
    return "accessToken" in _sent_headers(response)


def _sent_credentials(response: requests.Response) -> list[Secret]:
    """Return the Session Key or token that the request carried, which the server may repeat."""
    values = map(_sent_headers(response).get, ("accessToken", "Authorization"))
    return [
        Secret(value.secret.reveal().removeprefix("Bearer "))
        for value in values
        if isinstance(value, WireText)
    ]


def _refusal_of_login(
    response: requests.Response, name: str | None, *, is_expired: bool, has_worked: bool
) -> str | None:
    """Return why the login was not accepted and what to do next; ``None`` if the failure is another."""
    is_refused = response.status_code == requests.codes.unauthorized or name == "AuthenticationFailed"
    if not _sent_key(response):
        return _refused_oauth(response, has_worked=has_worked) if is_refused or is_expired else None
    if is_expired:
        reason = "has expired: keys last some weeks, and a key that is regenerated ends at once"
    elif is_refused or (name == NO_RIGHT and not has_worked):
        reason = (
            "was not accepted. It may be another of the three keys of My Account, have expired "
            "(keys last some weeks), or have been regenerated"
        )
    else:
        return None
    return f"the Session Key {reason}. {COPY_THE_KEY} Then run this again."


def _refused_oauth(response: requests.Response, *, has_worked: bool) -> str:
    if _is_v4(response) and not has_worked:
        return f"the OAuth login was not accepted. {_NO_OAUTH_OVER_V4} {COPY_THE_KEY}"
    return "the login was not accepted. Run connect() again."


def _denied_access(response: requests.Response, *, has_worked: bool) -> str:
    """Return what a 403 means that is not about the key itself."""
    rights = "access denied. Your Salesmate user may lack the right to this. Ask your administrator for it."
    if not _sent_key(response):
        if not _is_v4(response) or has_worked:
            return rights
        return f"{rights} Or it is the OAuth login. {_NO_OAUTH_OVER_V4} {COPY_THE_KEY}"
    if has_worked:
        return f"{rights} The Session Key works: other requests with it succeeded."
    return f"{rights} If other requests are refused too, it is the Session Key. {COPY_THE_KEY}"


def _unknown_workspace(response: requests.Response) -> str:
    linkname = _sent_headers(response).get("x-linkname", "").partition(".")[0]
    named = f" {linkname!r}" if linkname else ""
    unless = f" {_NO_OAUTH_OVER_V4} {COPY_THE_KEY}" if _is_v4(response) else ""
    return (
        f"the workspace{named} does not exist. Check SALESMATE_LINKNAME, the 'acme' of "
        f"https://acme.salesmate.io.{unless}"
    )


def _is_v4(response: requests.Response) -> bool:
    """Return whether a token was sent to the workspace API, of which only v1 is in the guide for OAuth."""
    return urlsplit(response.url or "").path.startswith("/apis/") and bool(
        _sent_headers(response).get("Authorization")
    )


def _failure(
    response: requests.Response, name: str | None, message: str | None, *, is_expired: bool, has_worked: bool
) -> SalesmateError:
    status, url = response.status_code, _url_without_query(response)
    words = ": ".join(filter(None, (name, message)))
    returned = f"{url} returned HTTP {status}" + (f" ({words})" if words else "")
    details: dict[str, Any] = {"status": status, "code": name, "message": message, "url": url}
    refused = _refusal_of_login(response, name, is_expired=is_expired, has_worked=has_worked)
    if refused and name == NO_RIGHT and _sent_key(response) and not is_expired:
        return KeyRefused(
            f"{returned}: {refused} If it is the right key, your Salesmate user lacks the right to this.",
            **details,
        )
    if refused:
        required = LoginRequired(f"{returned}: {refused}")
        required.code = name
        return required
    if status == requests.codes.too_many_requests:
        limited = RateLimited(
            f"{returned}: the account's hourly rate limit is exhausted. Try again later.", **details
        )
        limited.retry_after = _retry_after(response)
        limited.is_transient = True
        return limited
    if name == "NoSuchLinkExist":
        return NotFound(f"{returned}: {_unknown_workspace(response)}", **details)
    if status == requests.codes.not_found or name == "ObjectNotFound":
        return NotFound(f"{returned}: not found. Check the path and the id.", **details)
    if status == requests.codes.forbidden or name == NO_RIGHT:
        advice = _denied_access(response, has_worked=has_worked)
    elif status >= requests.codes.server_error:
        advice = "Salesmate has an internal error. Try again in a few minutes."
    else:
        advice = "the request was refused. Check its path and parameters."
    failed = ApiError(f"{returned}: {advice}", **details)
    failed.is_transient = status in _TRANSIENT
    return failed


def _bad_response(response: requests.Response, payload: Any) -> BadResponse:
    status, url, body = response.status_code, _url_without_query(response), response.content.strip()
    if status >= requests.codes.multiple_choices:
        content, advice = "a redirect, which is not followed", "Check SALESMATE_API_URL"
    elif payload is not _INVALID:
        content, advice = "JSON without rows or fields" if body else "an empty body", "Check the path"
    elif body[:1] == b"<":
        content, advice = "an HTML page", "Check SALESMATE_API_URL and any proxy in between"
    else:
        content, advice = f"{len(body):,} bytes that are not complete JSON", "Try again"
    bad = BadResponse(f"{url} returned HTTP {status} with {content}. {advice}.", status=status, url=url)
    bad.is_transient = payload is _INVALID and body[:1] in {b"{", b"["}  # probably cut off
    return bad


def _retry_after(response: requests.Response) -> float | None:
    try:
        return float(Retry().parse_retry_after(response.headers["Retry-After"]))
    except (KeyError, InvalidHeader, ValueError, OverflowError):  # the latter: numbers beyond any clock
        return None


def _url_without_query(response: requests.Response) -> str:
    return (response.url or "").partition("?")[0]
