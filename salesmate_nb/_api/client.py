"""One request to one response: counted, timed, and retried if that is safe."""

from __future__ import annotations

import datetime as dt
import logging
import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Protocol

from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.response import NO_RIGHT, decode, find_rows
from salesmate_nb._api.retry import RetryPolicy
from salesmate_nb._api.session import BoundedSession, send_or_raise
from salesmate_nb._api.waiting import Waiter
from salesmate_nb._values.times import shift
from salesmate_nb.errors import ApiError, LoginRequired, RateLimited, SalesmateError

log = logging.getLogger("salesmate_nb")

MAX_WAIT = 60.0  # seconds that a single request may wait for the rate limit; beyond it, an error is raised
_TRANSIENT = RetryPolicy(attempts=4, base=0.5, cap=20.0, jitter=0.5)
_REFUSED = RetryPolicy(attempts=None, base=1.0, cap=60.0)  # 429 without Retry-After


class _Request(NamedTuple):
    method: str
    url: str
    params: Mapping[str, Any] | None
    json: Any


class Credential(Protocol):
    """What a session logs in with, and can lose."""

    generation: int

    def refused(self, err: LoginRequired, generation: int, path: str) -> bool:
        """Take note that the API refused it; return whether there is a newer one to try."""


class ApiClient:
    """Requests to one API over one authenticated session.

    Parameters
    ----------
    session : BoundedSession
        Adds the credential to each request. From now on each of its requests is counted, whoever makes it.
    api_url : str
        The base URL that paths are appended to.
    limiter : RateLimiter
        Counts the requests.
    credential : Credential, optional
        Is notified if the API does not accept the login; the request is sent again if there is a newer one.
    """

    def __init__(
        self,
        session: BoundedSession,
        api_url: str,
        limiter: RateLimiter,
        credential: Credential | None = None,
    ) -> None:
        session.before_request = lambda: self._acquire(Waiter(MAX_WAIT), api_url)
        self._session = session
        self._credential = credential
        self._api_url = api_url
        self._limiter = limiter
        self.server_time: dt.datetime | None = None  # by the server's clock, in its last response
        self._clock_lead = dt.timedelta()  # of the server before this machine
        self._worked: _Request | None = None  # the last one that succeeded: then a refusal is about rights

    @property
    def has_succeeded(self) -> bool:
        """Whether a request with this login has succeeded, so that Salesmate accepts it."""
        return self._worked is not None

    def now(self) -> dt.datetime:
        """Return the time by the server's clock, or by this machine's before the first response."""
        return shift(dt.datetime.now(dt.UTC), self._clock_lead)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        idempotent: bool | None = None,
        waiter: Waiter | None = None,
    ) -> Any:
        """Send a request and return the JSON of its response, the envelope included.

        After a transient failure (no response, an incomplete one, 500, 502, 503, 504) an idempotent request
        is retried up to four times. A request refused by the rate limit (429) did nothing, so any is retried.

        Parameters
        ----------
        method, path : str
            ``"GET"`` and ``"/v1/deals"``, for example.
        params : mapping, optional
            The query string.
        json : optional
            The body.
        idempotent : bool, optional
            Whether the request may be sent twice; by default only a GET may.
        waiter : Waiter, optional
            How long to wait for the rate limit; by default 60 seconds in all.

        Returns
        -------
        dict or list
            As from :func:`salesmate_nb._api.response.decode`.

        Raises
        ------
        ConnectionFailed
            If no complete response arrived.
        SalesmateError
            As :func:`salesmate_nb._api.response.decode` raises it.
        """
        url = f"{self._api_url}/{path.lstrip('/')}"
        idempotent = method == "GET" if idempotent is None else idempotent
        waiter = waiter or Waiter(MAX_WAIT)
        retries = refusals = 0
        refused_for = 0.0
        has_renewed = False
        while True:
            generation = self._credential.generation if self._credential else 0
            try:
                return self._send_or_check_key(
                    _Request(method, url, params, json), waiter, is_repeatable=idempotent
                )
            except LoginRequired as err:
                is_renewed = self._credential is not None and self._credential.refused(err, generation, path)
                if has_renewed or not is_renewed:
                    raise
                has_renewed = True
                continue
            except SalesmateError as err:
                if not err.is_transient:
                    raise
                failure = err
            if isinstance(failure, RateLimited):
                refusals += 1
                wait = _REFUSED.delay(refusals) if failure.retry_after is None else failure.retry_after
                refused_for += max(wait, 1.0)  # a repeated "Retry-After: 0" ends too
                if refused_for > waiter.max_seconds:
                    raise failure
                self._limiter.pause(wait)
            elif idempotent and _TRANSIENT.allows(retries + 1):
                retries += 1
                wait = _TRANSIENT.delay(retries)
                log.info("%s %s: %s, retrying in %.1f s", method, path, type(failure).__name__, wait)
                waiter.sleep(wait, "request failed, retrying in")
            else:
                raise failure

    def plan(self, count: int, waiter: Waiter) -> float:
        """Return the seconds that so many requests would have to wait for the hourly rate limit.

        Raises
        ------
        RateLimited
            If they would have to wait and `waiter` does not allow any wait.
        """
        wait = self._limiter.delay_for(count)
        if wait and not waiter.max_seconds:
            raise _over_limit(count, wait, self._limiter, self._api_url)
        return wait

    def _send_or_check_key(self, request: _Request, waiter: Waiter, *, is_repeatable: bool) -> Any:
        """Send a request; if a right is missing for it, find out whether it is the key that has ended."""
        try:
            return self._send(*request, waiter)
        except ApiError as err:
            worked = self._worked
            if err.code != NO_RIGHT or worked is None or not is_repeatable:
                raise
            try:
                self._send(*worked, waiter)
            except SalesmateError as again:
                if not isinstance(again, LoginRequired) and getattr(again, "code", None) != NO_RIGHT:
                    raise err from None
            else:
                raise
        self._worked = None  # what succeeded before is refused too
        return self._send(*request, waiter, has_worked=False)  # a late response may set it again

    def _acquire(self, waiter: Waiter, url: str) -> None:
        """Count one request, as soon as the rate limit allows it."""
        waiter.check()
        wait = self._limiter.acquire()
        if wait > waiter.max_seconds:
            raise _over_limit(1, wait, self._limiter, url)
        if wait:
            log.info("waiting %.0f s for the rate limit", wait)
            waiter.wait(self._limiter.acquire, "rate limit reached, resuming in")

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        json: Any,
        waiter: Waiter,
        *,
        has_worked: bool = True,
    ) -> Any:
        place = url.partition("?")[0]
        self._acquire(waiter, url)  # before the session chooses a token, which could expire during a wait
        start, is_counted = time.perf_counter(), True

        def before_request() -> None:
            nonlocal is_counted
            if not is_counted:  # the session sends again, with a new token
                self._acquire(waiter, url)
            is_counted = False

        response = send_or_raise(
            lambda: self._session.request(
                method, url, params=params, json=json, before_request=before_request
            ),
            place,
            is_transient=True,
        )
        self.server_time = _date(response.headers.get("Date"))
        if self.server_time is not None:
            self._clock_lead = self.server_time - dt.datetime.now(dt.UTC)
        milliseconds = (time.perf_counter() - start) * 1000
        try:
            payload = decode(response, has_worked=has_worked and self._worked is not None)
        except SalesmateError:
            log.debug("%s %s %d %.0f ms", method, place, response.status_code, milliseconds)
            raise
        self._worked = _Request(method, url, params, json)
        rows = find_rows(payload)
        count = "" if rows is None else f" {len(rows)} rows"
        log.debug("%s %s %d %.0f ms%s", method, place, response.status_code, milliseconds, count)
        return payload


def _date(header: str | None) -> dt.datetime | None:
    """Return the time in a ``Date`` header (RFC 9110), in UTC; ``None`` if it has none that can be read."""
    try:
        return parsedate_to_datetime(header or "").astimezone(dt.UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _over_limit(count: int, wait: float, limiter: RateLimiter, url: str) -> RateLimited:
    place = url.partition("?")[0]
    more = "1 more request" if count == 1 else f"{count:,} more requests"
    err = RateLimited(
        f"Rate limit: {more} to {place} would exceed the account's {limiter.calls_per_hour:,} per hour "
        f"({limiter.used:,} were made from this machine). Try again in {math.ceil(wait / 60)} min, read less "
        "(limit=, filters), or let the read wait (wait=True).",
        url=place,
    )
    err.retry_after = wait
    return err
