"""requests sessions with a deadline and a size limit, which send a credential to one origin only."""

from __future__ import annotations

import http.client
import io
import time
from collections.abc import Callable
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import ReadTimeoutError

from salesmate_nb._base.redaction import Secret
from salesmate_nb._base.urls import origin
from salesmate_nb.errors import BadResponse, ConnectionFailed, SettingsError
from salesmate_nb.settings import COPY_THE_KEY, Settings

CONNECT_TIMEOUT = 5.0  # seconds
_DEADLINE = 4  # timeouts within which a response has to arrive completely
_MAX_BYTES = 32 * 2**20  # of a response, uncompressed; a page of 250 rows has 0.3 MB, seldom 3
_CHUNK = 2**16  # bytes


class BoundedSession(requests.Session):
    """A session that times out, follows no redirect, and never takes a password from ``.netrc``.

    Redirects are never needed (v4 reference), and one to another host would hand over ``accessToken``,
    which requests does not know to be a secret. A response has four timeouts to arrive completely, however
    slowly its bytes come, and at most 32 MB; with ``stream=True`` the caller limits its size.

    Parameters
    ----------
    timeout : float
        Seconds to wait for a response, if a request does not set its own.
    """

    def __init__(self, timeout: float = 30.0) -> None:
        super().__init__()
        self.timeout = (CONNECT_TIMEOUT, timeout)
        self.auth = _no_auth
        for scheme in ("https://", "http://"):
            self.mount(scheme, _DeadlineAdapter())

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request as requests does, but never without a timeout."""
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        return super().request(method, url, *args, **kwargs)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a prepared request, and read its response up to the size limit.

        Raises
        ------
        BadResponse
            If the response is larger.
        """
        is_streamed = kwargs.pop("stream", False)
        response = super().send(request, stream=True, **kwargs)
        if not is_streamed:
            with response:  # the content stays; the connection goes back to its pool
                response._content = _read_body(response)  # noqa: SLF001 - where requests itself keeps it
        return response

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow no redirect: the 3xx itself is the response."""
        del resp
        return None


class HostBoundAuth(AuthBase):
    """Authentication headers for requests to one origin; requests to any other are refused.

    Parameters
    ----------
    api_url : str
        The only scheme, host and port that receive the headers.
    headers : dict of str to str
        The headers; a :class:`~salesmate_nb._base.redaction.Secret` stays hidden in ``request.headers``.

    Raises
    ------
    SettingsError
        If a request goes elsewhere.
    """

    def __init__(self, api_url: str, headers: dict[str, str]) -> None:
        self._api_url = api_url
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the headers to a request to the API."""
        if origin(request.url or "") != origin(self._api_url):
            raise SettingsError(
                f"This session sends requests to {self._api_url} only, so that its login reaches no other "
                "host. Use requests itself for other URLs, or set SALESMATE_API_URL."
            )
        request.headers.update(self._headers)  # still Secret; http.client writes their plain text
        return request


class ApiKeySession(BoundedSession):
    """A session with a Session Key, sent as ``accessToken`` and ``x-linkname`` (measured)."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.timeout)
        if not settings.session_key:
            raise SettingsError(f"SALESMATE_SESSION_KEY is not set. {COPY_THE_KEY} Or use OAuth.")
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Send the Session Key of these settings from now on, and to their host only."""
        headers = {
            "accessToken": settings.session_key or Secret(),
            "x-linkname": f"{settings.linkname}.salesmate.io",
        }
        self.auth = HostBoundAuth(settings.api_url, headers)


def send_or_raise(
    send: Callable[[], requests.Response], place: str, *, is_transient: bool = False
) -> requests.Response:
    """Return the response that `send` returns, or raise an error that says in one sentence why none came.

    The cause is not chained: its frames and its request hold what was sent, secrets too.

    Parameters
    ----------
    send : callable
        Sends the request.
    place : str
        The URL without its query, for the message.
    is_transient : bool
        What the error's ``is_transient`` is to be; a rejected certificate is never transient.

    Raises
    ------
    ConnectionFailed
        If no complete response arrived.
    """
    try:
        return send()
    except requests.RequestException as err:
        reason = _reason(err)
        is_transient = is_transient and not isinstance(err, requests.exceptions.SSLError)
    failed = ConnectionFailed(f"No response from {place}: {reason}. Check the network, then run this again.")
    failed.is_transient = is_transient
    raise failed


def _read_body(response: requests.Response) -> bytes:
    """Return the body of a response, uncompressed."""
    parts, size = [], 0
    for part in response.iter_content(_CHUNK):
        size += len(part)
        if size > _MAX_BYTES:
            url = response.url.partition("?")[0]
            raise BadResponse(
                f"{url} returned HTTP {response.status_code} with more than {_MAX_BYTES >> 20} MB. Ask for "
                "fewer rows or fields; for a large file use .session with stream=True.",
                status=response.status_code,
                url=url,
            )
        parts.append(part)
    return b"".join(parts)


class _DeadlineReader(io.RawIOBase):
    """Bytes of a socket until one deadline; the socket's own timeout starts again with each byte."""

    def __init__(self, file: io.RawIOBase, seconds: float) -> None:
        self._file = file
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if time.monotonic() > self._deadline:
            raise TimeoutError("the response did not arrive completely in time")
        return cast("int", self._file.readinto(buffer))

    def close(self) -> None:
        self._file.close()
        super().close()


class _DeadlineResponse(http.client.HTTPResponse):
    """A response whose status line, headers and body share one deadline.

    A check between the pieces of the body would be shorter, but it never runs while the status line, the
    headers or a chunk's length drip in, and a token refresh that hangs holds the lock of the token file.
    """

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        if (seconds := sock.gettimeout()) is not None:
            self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), seconds * _DEADLINE))


class _DeadlineAdapter(HTTPAdapter):
    """Connects as requests does, directly or by proxy, with connections whose responses have a deadline."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        if pool.ConnectionCls.response_class is not _DeadlineResponse:
            namespace = {"response_class": _DeadlineResponse}
            pool.ConnectionCls = type("_DeadlineConnection", (pool.ConnectionCls,), namespace)
        return pool


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _reason(err: requests.RequestException) -> str:
    kinds: list[tuple[type[requests.RequestException], str]] = [
        (requests.exceptions.SSLError, "its certificate was not accepted"),
        (requests.exceptions.ProxyError, "the proxy could not be reached"),
        (requests.exceptions.ConnectTimeout, f"not reached within {CONNECT_TIMEOUT:.0f} s"),
        (requests.exceptions.ReadTimeout, "it did not respond in time"),
        (requests.exceptions.ChunkedEncodingError, "the response was cut off"),
        (requests.exceptions.ContentDecodingError, "the response's compression is broken"),
        (requests.exceptions.ConnectionError, "the connection was refused or cut off"),
    ]
    if err.args and isinstance(err.args[0], ReadTimeoutError):  # in the body, requests has no class for it
        return "it did not respond in time"
    return next((words for kind, words in kinds if isinstance(err, kind)), type(err).__name__)
