"""The first page of a read: with the filters that the server accepts, or without."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from salesmate_nb._pagination.parallel_fetch import FetchFunction, fetch_probe
from salesmate_nb._reading.server_profile import Support
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.errors import ApiError, BadResponse, LoginRequired, RateLimited

log = logging.getLogger("salesmate_nb")

_NOT_FOUND = 404


def fetch_first_page(
    fetch: FetchFunction, request: SearchRequest, every: SearchRequest, support: Support
) -> tuple[SearchRequest, SearchPage]:
    """Request the first page; if the server refuses filters, or an empty list of rules, without.

    Parameters
    ----------
    fetch : callable
        Makes one request for a page.
    request : SearchRequest
        The first page, with filters, in the order that worked last time.
    every : SearchRequest
        The same in the usual order, should the server refuse the other one now.
    support : Support
        What the server is known to support; what this shows is added.

    Returns
    -------
    request : SearchRequest
        The request that the server accepted.
    page : SearchPage
        Its response.

    Raises
    ------
    SalesmateError
        If it refuses all of them: its first refusal.
    """
    refusals: list[ApiError | LoginRequired] = []
    plain = every.unfiltered(by_epoch=support.needs_epoch)
    for choice in _choices(request, support):
        try:
            page = fetch_probe(fetch, choice)
        except (ApiError, LoginRequired) as err:
            if not _is_refusal(err, choice):
                raise
            log.info("the server refuses the rules %s: %s", choice.rules, err)
            refusals.append(err)
        else:
            _learn(support, request, choice, refusals)
            return choice, page
    if plain == request.unfiltered(by_epoch=support.needs_epoch) and not refusals[-1].is_transient:
        raise refusals[0]
    return plain, fetch(plain)  # with retries: it was perhaps not about rules


def _choices(request: SearchRequest, support: Support) -> Iterator[SearchRequest]:
    """Yield the first page with fewer and fewer rules."""
    if request.is_filtered and not support.refuses_rules(request.rule_names):
        yield request
    yield request.unfiltered(by_epoch=support.needs_epoch)
    yield request.unfiltered(by_epoch=not support.needs_epoch)


def _is_refusal(err: ApiError | LoginRequired, choice: SearchRequest) -> bool:
    """Return whether an error may be about the rules alone."""
    if isinstance(err, LoginRequired):  # before any success, it may mean another of the three keys, too
        return choice.is_filtered and err.code == "AuthorizationFailed"
    return not isinstance(err, RateLimited | BadResponse) and err.status != _NOT_FOUND


def _learn(
    support: Support,
    request: SearchRequest,
    accepted: SearchRequest,
    refusals: list[ApiError | LoginRequired],
) -> None:
    if accepted.is_filtered:
        return
    support.needs_epoch = bool(accepted.rules)
    if request.is_filtered and refusals and not refusals[0].is_transient:
        support.refuse_rules(request.rule_names)
