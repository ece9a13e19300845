"""requests sessions that send a credential only where the settings say, and take no endless answer."""

from __future__ import annotations

import http.client
import io
import time
from collections.abc import Callable
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ReadTimeoutError

from salesmate_nb._urls import origin
from salesmate_nb.errors import BadResponse, ConnectionFailed, SettingsError
from salesmate_nb.settings import Settings

CONNECT_TIMEOUT = 5.0  # seconds
_WHOLE = 4  # timeouts in which an answer has to arrive whole
_LARGEST = 32 * 2**20  # bytes of an answer, unpacked; a page of 250 rows has 0.3 MB, seldom 3
_CHUNK = 2**16  # bytes


class BoundedSession(requests.Session):
    """A session that times out, follows no redirect, and never takes a password from ``.netrc``.

    Redirects are never needed (v4 reference), and one that leads off the host would hand over
    ``accessToken``, which requests does not know to be a secret. An answer has four timeouts to arrive
    whole, however slowly it drips, and at most 32 MB; with ``stream=True`` its size is the caller's concern.

    Parameters
    ----------
    timeout : float
        Seconds to wait for an answer, where a call names none itself.
    """

    def __init__(self, timeout: float = 30.0) -> None:
        super().__init__()
        self.timeout = (CONNECT_TIMEOUT, timeout)
        self.auth = _no_auth
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Adapter())

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request as `requests` does, with a timeout always."""
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        return super().request(method, url, *args, **kwargs)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a prepared request, and take its answer in up to the limit.

        Raises
        ------
        BadResponse
            Where the answer is larger.
        """
        is_streamed = kwargs.pop("stream", False)
        response = super().send(request, stream=True, **kwargs)
        if not is_streamed:
            with response:  # what was read stays; the connection goes back to its pool
                response._content = _body(response)  # noqa: SLF001 - where requests itself keeps it
        return response

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow no redirect: the 3xx is the answer."""
        del resp
        return None


class HostBoundAuth(AuthBase):
    """Headers that prove who calls, put on requests to one origin; other hosts are refused.

    Parameters
    ----------
    api_url : str
        The only scheme, host and port they are sent to.
    headers : dict of str to str
        What is sent there; a :class:`~salesmate_nb._redaction.Secret` does not show in the request's own headers.

    Raises
    ------
    SettingsError
        When a request goes elsewhere.
    """

    def __init__(self, api_url: str, headers: dict[str, str]) -> None:
        self._api_url = api_url
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the headers on a request that goes to the API."""
        if origin(request.url or "") != origin(self._api_url):
            raise SettingsError(
                f"This session talks to {self._api_url} only, so that no other host is handed its login. "
                "Use requests itself for other addresses, or set SALESMATE_API_URL."
            )
        request.headers.update(self._headers)  # secrets still, which http.client writes as they are
        return request


class ApiKeySession(BoundedSession):
    """A session with an access key, sent as ``accessToken`` and ``x-linkname`` (v4 reference)."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.timeout)
        if not settings.access_token:
            raise SettingsError(
                "SALESMATE_ACCESS_TOKEN is not set; an access key is what this session sends."
            )
        linkname = f"{settings.linkname}.salesmate.io"
        self.auth = HostBoundAuth(
            settings.api_url, {"accessToken": settings.access_token, "x-linkname": linkname}
        )


def send_or_raise(
    send: Callable[[], requests.Response], place: str, *, is_transient: bool = False
) -> requests.Response:
    """Return what `send` gets, or say in one sentence why nothing came.

    The cause is not chained: its frames and its request hold what was sent, secrets too.

    Parameters
    ----------
    send : callable
        Makes the call.
    place : str
        The address without its query, for the message.
    is_transient : bool
        What the error says of making the call again.

    Raises
    ------
    ConnectionFailed
        Where no whole answer came.
    """
    try:
        return send()
    except requests.RequestException as err:
        reason = _reason(err)
        is_transient = is_transient and not isinstance(err, requests.exceptions.SSLError)
    failed = ConnectionFailed(f"No answer from {place}: {reason}. Check the network, then run this again.")
    failed.is_transient = is_transient
    raise failed


def _body(response: requests.Response) -> bytes:
    """Return an answer's body, unpacked."""
    parts, size = [], 0
    for part in response.iter_content(_CHUNK):
        size += len(part)
        if size > _LARGEST:
            place = response.url.partition("?")[0]
            raise BadResponse(
                f"{place} answered {response.status_code} with more than {_LARGEST >> 20} MB. Ask for less: "
                "fewer rows or fields; for a large file use .session with stream=True.",
                status=response.status_code,
                url=place,
            )
        parts.append(part)
    return b"".join(parts)


class _InTime(io.RawIOBase):
    """What a socket brings until one deadline; its own timeout starts anew with each byte."""

    def __init__(self, file: io.RawIOBase, seconds: float) -> None:
        self._file = file
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if time.monotonic() > self._deadline:
            raise TimeoutError("the answer did not arrive whole in time")
        return cast("int", self._file.readinto(buffer))

    def close(self) -> None:
        self._file.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer whose status line, headers and body share one deadline."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        if (seconds := sock.gettimeout()) is not None:
            self.fp = io.BufferedReader(_InTime(self.fp.detach(), seconds * _WHOLE))


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """Connects as requests does, by connections that keep to a deadline."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _take_over(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> PoolManager:
        return _take_over(super().proxy_manager_for(*args, **kwargs))


def _take_over(manager: PoolManager) -> PoolManager:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return manager


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _reason(err: requests.RequestException) -> str:
    kinds: list[tuple[type[requests.RequestException], str]] = [
        (requests.exceptions.SSLError, "its certificate was not accepted"),
        (requests.exceptions.ProxyError, "the proxy could not be reached"),
        (requests.exceptions.ConnectTimeout, f"not reached within {CONNECT_TIMEOUT:.0f} s"),
        (requests.exceptions.ReadTimeout, "it did not answer in time"),
        (requests.exceptions.ChunkedEncodingError, "the answer broke off"),
        (requests.exceptions.ContentDecodingError, "the answer's compression is broken"),
        (requests.exceptions.ConnectionError, "the connection was refused or broke off"),
    ]
    if err.args and isinstance(
        err.args[0], ReadTimeoutError
    ):  # requests knows these from the body by no class
        return "it did not answer in time"
    return next((words for kind, words in kinds if isinstance(err, kind)), type(err).__name__)
