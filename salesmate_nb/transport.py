"""One call to one answer: counted, timed, and repeated where that is safe."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import MaxRetryError
from urllib3.util import Retry

from salesmate_nb import answer
from salesmate_nb.budget import Budget
from salesmate_nb.errors import ApiError, BadResponse, ConnectionFailed, RateLimited, SalesmateError
from salesmate_nb.wire import answer_of

log = logging.getLogger("salesmate_nb")

LONGEST_WAIT = 60.0  # seconds; a server that asks for more is reported, not waited for
_PASSING = frozenset({500, 502, 503, 504})
_POLICY = Retry(total=4, backoff_factor=0.5, backoff_jitter=0.5, backoff_max=20)


class Transport:
    """Calls to one API over one authorised session.

    Parameters
    ----------
    session : requests.Session
        Puts the credential on each call.
    api_url : str
        What paths are appended to.
    budget : Budget
        Where calls are counted.
    """

    def __init__(self, session: requests.Session, api_url: str, budget: Budget) -> None:
        self._session = session
        self._api_url = api_url
        self._budget = budget

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        repeatable: bool | None = None,
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
        repeatable : bool, optional
            Whether the call may be made twice; by default a GET may, a POST not.

        Raises
        ------
        SalesmateError
            As :func:`salesmate_nb.answer.read` says, or ``ConnectionFailed``.
        """
        url = f"{self._api_url}/{path.lstrip('/')}"
        again = method == "GET" if repeatable is None else repeatable
        retry = _POLICY
        while True:
            try:
                return self._once(method, url, params, json)
            except SalesmateError as err:
                if not _is_passing(err, again):
                    raise
                try:
                    retry = retry.increment(method, path, error=err)
                except MaxRetryError:
                    raise err from None
                wait = getattr(err, "retry_after", None) or retry.get_backoff_time()
                if wait > LONGEST_WAIT:
                    raise
                log.info("%s %s: %s, again in %.1f s", method, path, type(err).__name__, wait)
                time.sleep(wait)

    def _once(self, method: str, url: str, params: Mapping[str, Any] | None, json: Any) -> Any:
        place = url.partition("?")[0]
        self._budget.spend()
        start = time.perf_counter()
        response = answer_of(lambda: self._session.request(method, url, params=params, json=json), place)
        milliseconds = (time.perf_counter() - start) * 1000
        try:
            payload = answer.read(response)
        except SalesmateError:
            log.debug("%s %s %d %.0f ms", method, place, response.status_code, milliseconds)
            raise
        found = answer.rows(payload)
        count = "" if found is None else f" {len(found)} rows"
        log.debug("%s %s %d %.0f ms%s", method, place, response.status_code, milliseconds, count)
        return payload


def _is_passing(err: SalesmateError, repeatable: bool) -> bool:  # noqa: FBT001 - read at its one call
    if isinstance(err, RateLimited):
        return True
    if isinstance(err, BadResponse):
        return repeatable and err.cut_off
    return repeatable and (
        isinstance(err, ConnectionFailed) or (isinstance(err, ApiError) and err.status in _PASSING)
    )
