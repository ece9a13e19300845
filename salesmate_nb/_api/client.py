"""One call to one answer: counted, timed, and repeated where that is safe."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import MaxRetryError
from urllib3.util import Retry

from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.response import decode, find_rows
from salesmate_nb._api.session import send_or_raise
from salesmate_nb._api.waiting import Waiter
from salesmate_nb.errors import RateLimited, SalesmateError

log = logging.getLogger("salesmate_nb")

LONGEST_WAIT = 60.0  # seconds; where more would be needed for one call, that is an error
_POLICY = Retry(total=4, backoff_factor=0.5, backoff_jitter=0.5, backoff_max=20)
_REFUSED = Retry(total=None, backoff_factor=1, backoff_max=60)  # where no Retry-After came


class ApiClient:
    """Calls to one API over one authorised session.

    Parameters
    ----------
    session : requests.Session
        Puts the credential on each call.
    api_url : str
        What paths are appended to.
    limiter : RateLimiter
        Where calls are counted.
    """

    def __init__(self, session: requests.Session, api_url: str, limiter: RateLimiter) -> None:
        self._session = session
        self._api_url = api_url
        self._limiter = limiter

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
        """Make a call and return the JSON it got, its envelope included.

        A call that failed in passing (no answer, a cut-off one, 500, 502, 503, 504) is repeated up to four
        times where that cannot do a thing twice; one that was refused for its rate (429) always.

        Parameters
        ----------
        method, path : str
            ``"GET"`` and ``"/v1/deals"``, for example.
        params : mapping, optional
            The query.
        json : optional
            The body.
        idempotent : bool, optional
            Whether the call may be made twice; by default a GET may, a POST not.
        waiter : Waiter, optional
            How long to wait where the hour's calls are used up; by default a minute.

        Raises
        ------
        SalesmateError
            As :func:`salesmate_nb._api.response.read` says, or ``ConnectionFailed``.
        """
        url = f"{self._api_url}/{path.lstrip('/')}"
        again = method == "GET" if idempotent is None else idempotent
        waiter = waiter or Waiter(LONGEST_WAIT)
        retry, refused, refused_for = _POLICY, _REFUSED, 0.0
        while True:
            self._take_a_call(waiter, url)
            try:
                return self._once(method, url, params, json)
            except SalesmateError as err:
                if not err.is_transient:
                    raise
                failure = err
            if isinstance(failure, RateLimited):
                refused = refused.increment(error=failure)
                wait = refused.get_backoff_time() if failure.retry_after is None else failure.retry_after
                refused_for += max(wait, 1.0)
                if refused_for > waiter.max_seconds:
                    raise failure
                self._limiter.pause(wait)
                continue
            if not again:
                raise failure
            try:
                retry = retry.increment(error=failure)
            except MaxRetryError:
                raise failure from None
            wait = retry.get_backoff_time()
            log.info("%s %s: %s, again in %.1f s", method, path, type(failure).__name__, wait)
            waiter.sleep(wait, "call failed, again in")

    def plan(self, calls: int, waiter: Waiter) -> float:
        """Return the seconds that so many calls would have to wait in all for the company's hour.

        Raises
        ------
        RateLimited
            Where they would, and there is no waiter for it.
        """
        wait = self._limiter.delay_for(calls)
        if wait and not waiter.max_seconds:
            raise _limited(calls, wait, self._limiter, self._api_url)
        return wait

    def _take_a_call(self, waiter: Waiter, url: str) -> None:
        """Take one call from the hour's, as soon as there is one."""
        waiter.check()
        wait = self._limiter.acquire()
        if wait > waiter.max_seconds:
            raise _limited(1, wait, self._limiter, url)
        if wait:
            log.info("waiting %.0f s for the company's calls", wait)
            waiter.wait(self._limiter.acquire, "hourly limit, on in")

    def _once(self, method: str, url: str, params: Mapping[str, Any] | None, json: Any) -> Any:
        place = url.partition("?")[0]
        start = time.perf_counter()
        response = send_or_raise(
            lambda: self._session.request(method, url, params=params, json=json), place, is_transient=True
        )
        milliseconds = (time.perf_counter() - start) * 1000
        try:
            payload = decode(response)
        except SalesmateError:
            log.debug("%s %s %d %.0f ms", method, place, response.status_code, milliseconds)
            raise
        found = find_rows(payload)
        count = "" if found is None else f" {len(found)} rows"
        log.debug("%s %s %d %.0f ms%s", method, place, response.status_code, milliseconds, count)
        return payload


def _limited(calls: int, wait: float, limiter: RateLimiter, url: str) -> RateLimited:
    place = url.partition("?")[0]
    err = RateLimited(
        f"There is no room for {calls:,} more calls to {place}: the company has {limiter.calls_per_hour:,} an "
        f"hour, and {limiter.used:,} were made from this machine. There will be in {wait / 60:.0f} min. "
        "Try again then, read less (limit=, filters), or let the read wait by itself (wait=True).",
        url=place,
    )
    err.retry_after = wait
    return err
