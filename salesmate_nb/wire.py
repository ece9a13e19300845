"""requests sessions that send a credential only where the settings say, and always with a timeout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from requests.auth import AuthBase

from salesmate_nb.errors import ConnectionFailed, SettingsError
from salesmate_nb.secret import Secret
from salesmate_nb.settings import Settings, origin

CONNECT_TIMEOUT = 5.0  # seconds


class GuardedSession(requests.Session):
    """A session that times out, follows no redirect, and never takes a password from ``.netrc``.

    Redirects are never needed (v4 reference), and one that leads off the host would hand over
    ``accessToken``, which requests does not know to be a secret.

    Parameters
    ----------
    timeout : float
        Seconds to wait for an answer, where a call names none itself.
    """

    def __init__(self, timeout: float = 30.0) -> None:
        super().__init__()
        self.timeout = (CONNECT_TIMEOUT, timeout)
        self.auth = _no_auth

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request as `requests` does, with a timeout always."""
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        return super().request(method, url, *args, **kwargs)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow no redirect: the 3xx is the answer."""
        del resp
        return None


class Credential(AuthBase):
    """Headers that prove who calls, put on requests to one origin; other hosts are refused.

    Parameters
    ----------
    api_url : str
        The only scheme, host and port they are sent to.
    headers : dict of str to Secret or str
        What is sent there.

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
        for name, value in self._headers.items():
            request.headers[name] = value.reveal() if isinstance(value, Secret) else value
        return request


class KeySession(GuardedSession):
    """A session with an access key, sent as ``accessToken`` and ``x-linkname`` (v4 reference)."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.timeout)
        if not settings.access_token:
            raise SettingsError(
                "SALESMATE_ACCESS_TOKEN is not set; an access key is what this session sends."
            )
        linkname = f"{settings.linkname}.salesmate.io"
        self.auth = Credential(
            settings.api_url, {"accessToken": settings.access_token, "x-linkname": linkname}
        )


def answer_of(send: Callable[[], requests.Response], place: str) -> requests.Response:
    """Return what `send` gets, or say in one sentence why nothing came.

    The cause is not chained: its frames and its request hold what was sent, secrets too.

    Parameters
    ----------
    send : callable
        Makes the call.
    place : str
        The address without its query, for the message.

    Raises
    ------
    ConnectionFailed
        Where no whole answer came.
    """
    try:
        return send()
    except requests.RequestException as err:
        reason = _reason(err)
    raise ConnectionFailed(f"No answer from {place}: {reason}. Check the network, then run this again.")


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
    return next((words for kind, words in kinds if isinstance(err, kind)), type(err).__name__)
