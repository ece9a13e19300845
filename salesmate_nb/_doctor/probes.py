"""The doctor's probes: few requests, none repeated, and what is refused is a finding."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.waiting import Waiter
from salesmate_nb._search.search import SearchPage, SearchRequest, list_v1, search_v4
from salesmate_nb.errors import ApiError, BadResponse, KeyRefused, RateLimited

MAX_REQUESTS = 12

_NO_WORKSPACE = "NoSuchLinkExist"
_NAME = re.compile(r"[A-Za-z]{1,40}|[0-9]{4}")  # a server's name of an error, and no text of a customer


class Probes:
    """Makes at most `MAX_REQUESTS` requests, without retries and without waiting for the rate limit.

    Parameters
    ----------
    api_client : ApiClient
        Makes authorized requests.
    is_v4 : bool
        Whether records are searched over v4, or deals listed over v1.
    """

    def __init__(self, api_client: ApiClient, *, is_v4: bool) -> None:
        self._api_client = api_client
        self._is_v4 = is_v4
        self._left = MAX_REQUESTS
        self._is_doubtful = False
        self.last_response: Any = None

    def get(self, path: str) -> Any:
        """Return the JSON of a response, or in words why there is none.

        Raises
        ------
        LoginRequired, ConnectionFailed, NotFound
            If the login is not accepted, no response comes, or the workspace does not exist.
        """
        return self._attempt(lambda: self._send("GET", path, idempotent=False))

    def search(self, request: SearchRequest) -> SearchPage | str:
        """Return a page of records, or in words why there is none; raises as :meth:`get` does."""
        read, probe = (search_v4 if self._is_v4 else list_v1), replace(request, is_probe=True)
        found: SearchPage | str = self._attempt(lambda: read(self._send, probe))
        return found

    def _attempt(self, send: Callable[[], Any]) -> Any:
        if self._left <= 0:
            return "not tried"
        self._left -= 1
        try:
            return send()
        except KeyRefused as err:
            if self._is_doubtful:
                raise
            self._is_doubtful = True  # no right to this list, unless the next request is refused too
            return _refusal(err)
        except ApiError as err:
            if err.code == _NO_WORKSPACE:
                raise
            return _refusal(err)

    def _send(self, method: str, path: str, **options: Any) -> Any:
        self.last_response = self._api_client.request(method, path, waiter=Waiter(0.0), **options)
        return self.last_response


def error_name(code: str | None) -> str:
    """Return a server's name of an error if it can hold nothing private, with a space before it.

    Examples
    --------
    >>> error_name("ValidationError"), error_name("Deal 'Acme' is locked"), error_name(None)
    (' ValidationError', '', '')
    """
    return f" {code}" if _NAME.fullmatch(code or "") else ""


def _refusal(err: ApiError) -> str:
    """Return in words why there is no page, without the server's own message."""
    if isinstance(err, RateLimited):
        return "refused: the hourly limit is reached"
    if isinstance(err, BadResponse):
        return "not readable: no list of records came"
    return f"refused (HTTP {err.status}{error_name(err.code)})"
