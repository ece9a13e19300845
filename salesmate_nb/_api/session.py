"""requests sessions with a deadline and a size limit, which send a credential to one origin only."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from salesmate_nb._api.adapter import CONNECT_TIMEOUT, DeadlineAdapter, discard, explain
from salesmate_nb._base.fork import renew_in_child
from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret, WireText
from salesmate_nb._base.urls import is_loopback, origin
from salesmate_nb.errors import BadResponse, ConnectionFailed, SettingsError
from salesmate_nb.settings import COPY_THE_KEY, Settings

_MAX_BYTES = 32 * 2**20  # of a response, uncompressed; a page of 250 rows has 0.3 MB, seldom 3
_CHUNK = 2**16  # bytes


class BoundedSession(requests.Session):
    """A session that times out, follows no redirect, and never takes a password from ``.netrc``.

    Redirects are never needed (v4 reference), and one to another host would hand over ``accessToken``,
    which requests does not know to be a secret. A response has four timeouts to arrive completely, however
    slowly its bytes come, and at most 32 MB; with ``stream=True`` the caller limits its size. A forked
    child has connections of its own. What stays on this machine never goes by a proxy.

    Parameters
    ----------
    timeout : float
        Seconds to wait for a response, if a request does not set its own.

    Attributes
    ----------
    before_request : callable
        Called before each request, so that it is counted; a request may bring its own.
    """

    def __init__(self, timeout: float = 30.0) -> None:
        super().__init__()
        self.timeout = (CONNECT_TIMEOUT, timeout)
        self.auth = _no_auth
        self.before_request: Callable[[], object] = lambda: None
        for scheme in ("https://", "http://"):
            self.mount(scheme, DeadlineAdapter())
        renew_in_child(self, BoundedSession._leave_to_parent)

    @sealed
    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request as requests does, but never without a timeout, nor without being counted."""
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        kwargs.pop("before_request", self.before_request)()
        return super().request(method, url, *args, **kwargs)

    @sealed
    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a prepared request, and read its response up to the size limit.

        Raises
        ------
        BadResponse
            If the response is larger.
        """
        is_streamed = kwargs.pop("stream", False)
        if is_loopback(request.url or ""):
            kwargs["proxies"] = {}
        response = super().send(request, stream=True, **kwargs)
        if not is_streamed:
            with response:  # the content stays; the connection goes back to its pool
                response._content = _read_body(response)  # noqa: SLF001 - where requests itself keeps it
        return response

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow no redirect: the 3xx itself is the response."""
        del resp
        return None

    def _leave_to_parent(self) -> None:
        """Begin with new connections and locks in a forked child; the old ones are the parent's."""
        old = list(self.adapters.values())
        self.adapters = OrderedDict((prefix, copy.copy(each)) for prefix, each in self.adapters.items())
        self.cookies = self.cookies.copy()
        for adapter in old:
            if isinstance(adapter, HTTPAdapter):
                discard(adapter)


class HostBoundAuth(AuthBase):
    """Authentication headers for requests to one origin; requests to any other are refused.

    Parameters
    ----------
    api_url : str
        The only scheme, host and port that receive the headers.
    headers : dict of str to str
        The headers; a :class:`~salesmate_nb._base.secret.text.WireText` stays hidden in ``request.headers``.

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
        request.headers.update(self._headers)
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
            "accessToken": WireText(settings.session_key or Secret()),
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
        reason, advice = explain(err, place)
        is_transient = is_transient and not isinstance(err, requests.exceptions.SSLError)
    failed = ConnectionFailed(f"No response from {place}: {reason}. {advice}")
    failed.is_transient = is_transient
    raise failed


def _read_body(response: requests.Response) -> bytes:
    """Return the body of a response, uncompressed."""
    parts, size = [], 0
    for part in response.iter_content(_CHUNK):
        size += len(part)
        if size > _MAX_BYTES:
            url = response.url.partition("?")[0]
            err = BadResponse(
                f"{url} returned HTTP {response.status_code} with more than {_MAX_BYTES >> 20} MB. Ask for "
                "fewer rows or fields; for a large file use .session with stream=True.",
                status=response.status_code,
                url=url,
            )
            err.is_too_large = True
            raise err
        parts.append(part)
    return b"".join(parts)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
