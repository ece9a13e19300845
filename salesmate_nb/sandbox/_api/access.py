"""Access to the API: the linkname, the Session Key or token, and the hourly rate limit."""

from __future__ import annotations

import collections
import math
import threading
import time
from collections.abc import Callable
from http import HTTPStatus

from werkzeug.wrappers import Request

from salesmate_nb.sandbox._responses.envelope import ApiFailure
from salesmate_nb.sandbox.options import Behavior, Options

_HOUR = 3600.0  # seconds


class AccessControl:
    """Decide whether a request may use the API.

    Parameters
    ----------
    options : Options
        The account.
    is_valid_token : callable
        Returns whether an access token is valid.

    Attributes
    ----------
    session_key : SessionKey
        The key that works.
    """

    def __init__(self, options: Options, is_valid_token: Callable[[str], bool]) -> None:
        self.session_key = SessionKey(options.session_key, options.behavior)
        self._linkname = options.linkname
        self._is_valid_token = is_valid_token
        self._limit = RateLimit(options.behavior.calls_per_hour)

    def check(self, request: Request) -> None:
        """Authenticate a request, and count it against the rate limit.

        Raises
        ------
        ApiFailure
            404 for another workspace, 401 for a missing or invalid token or an expired key, 403 for any
            other key, 429 if the rate limit is reached.
        """
        linkname = request.headers.get("x-linkname")
        key = request.headers.get("accessToken")
        if (key or linkname) and linkname != f"{self._linkname}.salesmate.io":
            raise ApiFailure(
                HTTPStatus.NOT_FOUND, "NoSuchLinkExist", "The x-linkname is not that of this workspace."
            )
        authorization = request.authorization
        if authorization is not None and authorization.type == "bearer":
            if not self._is_valid_token(authorization.token or ""):
                raise ApiFailure(
                    HTTPStatus.UNAUTHORIZED,
                    "AuthenticationFailed",
                    "The access token is unknown, expired or revoked.",
                    headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
                )
        elif key:
            self.session_key.check(key)
        else:
            raise ApiFailure(
                HTTPStatus.UNAUTHORIZED,
                "AuthenticationFailed",
                "The request has neither an access token nor a Session Key.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        self._limit.count()


class SessionKey:
    """The key that works, until it expires; safe to use from many threads.

    Parameters
    ----------
    value : str
        The key.
    behavior : Behavior
        After how many requests or seconds it expires, and the status of the failure then.
    clock : callable
        Returns the time in seconds.
    """

    def __init__(self, value: str, behavior: Behavior, clock: Callable[[], float] = time.monotonic) -> None:
        self._value = value
        self._status = behavior.expired_status
        self._lock = threading.Lock()
        self._clock = clock
        self._requests_left = math.inf if behavior.key_requests is None else behavior.key_requests
        self._expires_at = math.inf if behavior.key_seconds is None else clock() + behavior.key_seconds

    def check(self, key: str) -> None:
        """Check a key, and count the request if it works.

        Raises
        ------
        ApiFailure
            403 with an empty message for another key, such as the Access Key and the App Private Key that
            Salesmate shows beside it; 4002 if it has expired (both measured).
        """
        if key != self._value:
            raise ApiFailure(HTTPStatus.FORBIDDEN, "AuthorizationFailed", "")
        with self._lock:
            if self._requests_left <= 0 or self._clock() >= self._expires_at:
                raise ApiFailure(
                    self._status, "AuthenticationFailed", "The session has expired.", code="4002"
                )
            self._requests_left -= 1

    def expire(self) -> None:
        """Let the key expire now."""
        with self._lock:
            self._requests_left = 0


class RateLimit:
    """A limit of calls in any 3,600 s; safe to use from many threads.

    Parameters
    ----------
    calls_per_hour : int, optional
        The limit; None means no limit.
    clock : callable
        Returns the time in seconds.
    """

    def __init__(self, calls_per_hour: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls_per_hour = calls_per_hour
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: collections.deque[float] = collections.deque()

    def count(self) -> None:
        """Count a call.

        Raises
        ------
        ApiFailure
            429 if the limit is reached, with the seconds until the next call in ``Retry-After``.
        """
        if self._calls_per_hour is None:
            return
        with self._lock:
            now = self._clock()
            while self._calls and self._calls[0] <= now - _HOUR:
                self._calls.popleft()
            if len(self._calls) >= self._calls_per_hour:
                wait = math.ceil(self._calls[0] + _HOUR - now) if self._calls else int(_HOUR)
                raise ApiFailure(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "TooManyRequests",
                    f"The account's limit of {self._calls_per_hour} calls per hour is reached.",
                    headers={"Retry-After": str(wait)},
                )
            self._calls.append(now)
