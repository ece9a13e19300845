"""Pages of fewer rows, if a response would otherwise be too large to be read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from salesmate_nb._search.search import PAGE, SearchPage, SearchRequest
from salesmate_nb.errors import BadResponse

log = logging.getLogger("salesmate_nb")


class FittingPages:
    """Requests a page, of half as many rows while its response is too large, and remembers how many fit.

    Parameters
    ----------
    fetch : callable
        Makes one request for a page; several threads may call it at the same time.
    """

    def __init__(self, fetch: Callable[[SearchRequest], SearchPage]) -> None:
        self._fetch = fetch
        self._most = PAGE

    def __call__(self, request: SearchRequest) -> SearchPage:
        """Return a page; its `rows` says how many were requested, if they are fewer than in the request.

        Raises
        ------
        BadResponse
            If a single row is too large.
        """
        rows = min(request.rows, self._most)
        while True:
            try:
                page = self._fetch(replace(request, rows=rows))
            except BadResponse as err:
                if not err.is_too_large:
                    raise
                if rows == 1:
                    raise BadResponse(
                        f"{err.url} returned HTTP {err.status} with a response that is too large, even with "
                        "a single row. Read without its long fields, by columns=[...].",
                        status=err.status,
                        url=err.url,
                    ) from err
                rows = max(min(rows // 2, self._most), 1)
                self._most = min(self._most, rows)
                log.info("a page of %s is too large, requesting %d rows", request.resource.name, rows)
            else:
                return page if rows == request.rows else replace(page, rows=rows)
