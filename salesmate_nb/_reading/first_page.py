"""The first page of a read: with the filters that the server accepts, or without."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

from salesmate_nb._api.response import NO_RIGHT
from salesmate_nb._pagination.parallel_fetch import FetchFunction, fetch_probe
from salesmate_nb._reading.server_profile import Support
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.errors import ApiError, BadResponse, LoginRequired, RateLimited

log = logging.getLogger("salesmate_nb")

_NOT_FOUND = 404


def fetch_first_page(
    fetch: FetchFunction,
    request: SearchRequest,
    every: SearchRequest,
    support: Support,
    is_wanted: Callable[[SearchPage], bool] = lambda _page: False,
) -> tuple[SearchRequest, SearchPage]:
    """Request the first page; if the server refuses filters, or an empty list of rules, without.

    A server may also return nothing for a filter that it does not understand. So an empty page is compared
    with the newest rows without filters.

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
    is_wanted : callable, optional
        Returns whether a page without filters holds a row that meets them.

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
            if choice.is_filtered and not page.records and _has_wanted(fetch, choice, plain, is_wanted):
                log.info("the server finds nothing by the rules %s, although there are rows", choice.rules)
                support.refuse_rules(choice.rule_names)
                continue
            _learn(support, request, choice, refusals)
            return choice, page
    is_settled = not refusals[-1].is_transient and refusals[-1].code != NO_RIGHT
    if is_settled and plain == request.unfiltered(by_epoch=support.needs_epoch):
        raise refusals[0]
    return plain, fetch(plain)  # no probe: it was perhaps not about rules, but about the server or the key


def _choices(request: SearchRequest, support: Support) -> Iterator[SearchRequest]:
    """Yield the first page with fewer and fewer rules."""
    if request.is_filtered and not support.refuses_rules(request.rule_names):
        yield request
    yield request.unfiltered(by_epoch=support.needs_epoch)
    yield request.unfiltered(by_epoch=not support.needs_epoch)


def _has_wanted(
    fetch: FetchFunction,
    filtered: SearchRequest,
    plain: SearchRequest,
    is_wanted: Callable[[SearchPage], bool],
) -> bool:
    """Return whether the newest rows show that an empty page is wrong."""
    sort = "lastModifiedAt" if "lastModifiedAt" in filtered.rule_names else "createdAt"
    fields = tuple(dict.fromkeys((*plain.fields, sort)))
    newest = replace(plain, sort=sort, is_descending=True, sorts_by_list=False, fields=fields)
    try:
        return is_wanted(fetch_probe(fetch, newest))
    except RateLimited:
        raise
    except ApiError:
        return False


def _is_refusal(err: ApiError | LoginRequired, choice: SearchRequest) -> bool:
    """Return whether an error may be about the rules alone."""
    if isinstance(err, LoginRequired):  # before any success, it may mean another of the three keys, too
        return choice.is_filtered and err.code == NO_RIGHT
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
