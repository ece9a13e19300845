"""What an answer of the API says: its data, rows and total, or the error it stands for."""

from __future__ import annotations

import contextlib
import json
import re
import reprlib
from collections.abc import Iterable
from typing import Any

import requests
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from salesmate_nb._redaction import redact
from salesmate_nb.errors import ApiError, BadResponse, LoginRequired, NotFound, RateLimited, SalesmateError

try:
    import orjson
except ModuleNotFoundError:  # an extra
    orjson = None  # type: ignore[assignment] # what absence looks like

_DEEPEST = 4  # objects within objects in which rows are looked for; an answer may nest thousands
_COUNT = re.compile(r"[0-9]{1,18}")
EXCERPT = 200  # characters of the server's own words in a message
_BROKEN = object()
_PASSING = frozenset({500, 502, 503, 504})


def decode(response: requests.Response) -> Any:
    """Return the JSON of an answer, or raise the error that it stands for.

    Salesmate wraps answers as ``{"Status": "success", "Data": ...}`` and failures as
    ``{"Status": "failure", "Error": {"Code", "Name", "Message"}}``, which can come with HTTP 200
    (v4 reference; lower-case names in live answers were measured).

    Parameters
    ----------
    response : requests.Response
        A whole answer.

    Returns
    -------
    dict or list
        The JSON as it came, its envelope included.

    Raises
    ------
    LoginRequired
        401: the login, or the access key, is not accepted.
    RateLimited, NotFound, BadResponse, ApiError
        429; 404; an answer that is no JSON object or list; any other failure.
    """
    payload = _json(response)
    status = payload.get("Status") if isinstance(payload, dict) else None
    failed = isinstance(status, str) and status.lower() == "failure"
    if failed or response.status_code >= requests.codes.bad_request:
        raise _failure(response, *error_words(payload, _sent_credentials(response)))
    if response.status_code >= requests.codes.multiple_choices or not isinstance(payload, dict | list):
        raise _bad_response(response, payload)
    return payload


def unwrap(payload: Any) -> Any:
    """Return what stands under ``Data`` of Salesmate's envelope, or the payload itself without one.

    Examples
    --------
    >>> unwrap({"Status": "success", "Data": {"id": 7}}), unwrap([1, 2])
    ({'id': 7}, [1, 2])
    """
    return payload["Data"] if isinstance(payload, dict) and {"Status", "Data"} <= payload.keys() else payload


def find_rows(payload: Any, depth: int = _DEEPEST) -> list[Any] | None:
    """Return the list of rows in an answer, wherever it stands, or ``None`` without one.

    It was seen at the top level, and under ``Data.data``, ``Data``, ``data``, ``deals`` and ``results``.

    Examples
    --------
    >>> find_rows({"Status": "success", "Data": {"data": [{"id": 1}], "totalRows": 1}})
    [{'id': 1}]
    """
    if isinstance(payload, list):
        return payload
    if isinstance(payload, dict) and depth:
        for key in ("Data", "data", "deals", "results"):
            if (found := find_rows(payload.get(key), depth - 1)) is not None:
                return found
    return None


def find_total(payload: Any, depth: int = _DEEPEST) -> int | None:
    """Return the number of rows the server says there are, or ``None`` where it does not say.

    Examples
    --------
    >>> find_total({"Data": {"data": [], "totalRows": "8800"}}), find_total([])
    (8800, None)
    """
    if not isinstance(payload, dict) or not depth:
        return None
    said = payload.get("totalRows")
    if isinstance(said, str | int) and _COUNT.fullmatch(str(said)):
        return int(said)
    told = (find_total(payload.get(key), depth - 1) for key in ("Data", "data"))
    return next((found for found in told if found is not None), None)


def error_words(payload: Any, secrets: Iterable[str | None]) -> tuple[str | None, str | None]:
    """Return the name and message of an error as the server worded them, redacted and cut to `EXCERPT`.

    Reads Salesmate's ``{"Error": {"Code", "Name", "Message"}}`` in upper or lower case (v4 reference;
    measured) and OAuth's ``{"error", "error_description"}`` (RFC 6749, section 5.2).

    Parameters
    ----------
    payload : Any
        The JSON of a response.
    secrets : iterable of str or None
        What the server may repeat; replaced by ``***`` before the text is cut, as a part is not found.

    Returns
    -------
    tuple of (str or None, str or None)
        ``None`` if the payload has no such part.

    Examples
    --------
    >>> error_words({"Error": {"Code": "4001", "Name": "ValidationError", "Message": "rows is 251"}}, [])
    ('ValidationError', 'rows is 251')
    >>> error_words({"error": "invalid_grant", "error_description": "unknown code c0de-1"}, ["c0de-1"])
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
    return shorten.excerpt(name), shorten.excerpt(message)


class _RedactingRepr(reprlib.Repr):
    """A short repr of JSON values, however deep they nest, that redacts each text before it is shortened."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        super().__init__()
        self._secrets = list(secrets)

    def repr_str(self, text: str, level: int) -> str:
        return super().repr_str(redact(text, self._secrets), level)

    def excerpt(self, value: Any) -> str | None:
        if value is None:
            return None
        text = "".join(value) if isinstance(value, str) else self.repr(value)
        return redact(text, self._secrets)[:EXCERPT]


def _json(response: requests.Response) -> Any:
    """Return what the body holds, ``None`` for an empty one and `_BROKEN` for one that is no JSON."""
    if not response.content.strip():
        return None
    try:
        return _loads(response.content)
    except (ValueError, RecursionError):  # cut off, HTML, another charset, or nested beyond sense
        return _BROKEN


def _loads(body: bytes) -> Any:
    """Parse by orjson where it is installed; what that refuses, NaN for example, the slower one may take."""
    if orjson is not None:
        with contextlib.suppress(ValueError):
            return orjson.loads(body)
    return json.loads(body)


def _sent_credentials(response: requests.Response) -> tuple[str | None, ...]:
    """Return the access key or token that the request carried, which the server may repeat."""
    headers = getattr(response.request, "headers", {})
    return headers.get("accessToken"), headers.get("Authorization", "").removeprefix("Bearer ")


def _failure(response: requests.Response, name: str | None, message: str | None) -> SalesmateError:
    status, place = response.status_code, _place(response)
    said = ": ".join(filter(None, (name, message)))
    answered = f"{place} answered {status}" + (f" ({said})" if said else "")
    details: dict[str, Any] = {"status": status, "code": name, "message": message, "url": place}
    if status == requests.codes.unauthorized or name == "AuthenticationFailed":
        return LoginRequired(
            f"{answered}: the login is not accepted. Run connect() again; "
            "with an access key, copy it anew to SALESMATE_ACCESS_TOKEN."
        )
    if status == requests.codes.too_many_requests:
        limited = RateLimited(
            f"{answered}: the company's calls are used up for now. Try again later.", **details
        )
        limited.retry_after = _retry_after(response)
        limited.is_transient = True
        return limited
    if name == "NoSuchLinkExist":
        return NotFound(f"{answered}: there is no such workspace. Check SALESMATE_LINKNAME.", **details)
    if status == requests.codes.not_found or name == "ObjectNotFound":
        return NotFound(f"{answered}: there is nothing here. Check the path and the id.", **details)
    if status == requests.codes.forbidden:
        advice = (
            "not allowed. Ask your Salesmate administrator for access; an access key may also be mistyped"
        )
    elif status >= requests.codes.server_error:
        advice = "Salesmate has a fault. Try again in a while"
    else:
        advice = "the call was refused. Check what was asked"
    failed = ApiError(f"{answered}: {advice}.", **details)
    failed.is_transient = status in _PASSING
    return failed


def _bad_response(response: requests.Response, payload: Any) -> BadResponse:
    status, place, body = response.status_code, _place(response), response.content.strip()
    if status >= requests.codes.multiple_choices:
        shape, advice = "a redirect, which is not followed", "Check SALESMATE_API_URL"
    elif payload is not _BROKEN:
        shape, advice = "no rows and no object" if body else "nothing", "Check the path"
    elif body[:1] == b"<":
        shape, advice = "an HTML page", "Check SALESMATE_API_URL and any proxy between"
    else:
        shape, advice = f"{len(body):,} bytes that are no whole JSON", "Try again"
    bad = BadResponse(f"{place} answered {status} with {shape}. {advice}.", status=status, url=place)
    bad.is_transient = payload is _BROKEN and body[:1] in {b"{", b"["}  # cut off, it seems
    return bad


def _retry_after(response: requests.Response) -> float | None:
    try:
        return float(Retry().parse_retry_after(response.headers["Retry-After"]))
    except (KeyError, InvalidHeader, ValueError, OverflowError):  # the latter: numbers beyond any clock
        return None


def _place(response: requests.Response) -> str:
    return (response.url or "").partition("?")[0]
