"""The first page: with filters, without, or with the rule that stands for all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from salesmate_nb._reading.first_page import fetch_first_page
from salesmate_nb._reading.server_profile import Support
from salesmate_nb._search.filters.filters import Filters
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.errors import ApiError, LoginRequired, RateLimited
from salesmate_nb.resources import DEALS

FILTERED = SearchRequest.matching(Filters.parse(status="Won", modified_since="2026-01-01"), ["id"], DEALS)
PLAIN, BY_EPOCH = FILTERED.unfiltered(), FILTERED.unfiltered(by_epoch=True)
PAGE = SearchPage(records=[{"id": 1}], total=1)
REFUSED = ApiError("no", status=400)
HICCUP = ApiError("busy", status=503)
HICCUP.is_transient = True
NO_RIGHT = LoginRequired("403")
NO_RIGHT.code = "AuthorizationFailed"


def fetch(request, errors, support=None, every=None):
    """Fetch a first page; return what was accepted, all requests, and what was learned."""
    support, requests = Support() if support is None else support, []

    def respond(asked):
        requests.append(asked)
        error = errors.get((asked.rules, asked.sorts_by_list)) or errors.get(asked.rules)
        error = error.pop() if isinstance(error, list) and error else error
        if error:
            raise error
        return PAGE

    accepted, page = fetch_first_page(respond, request, every or request, support)
    assert page is PAGE
    return accepted, [replace(asked, is_probe=False) for asked in requests], support


@pytest.mark.parametrize(
    ("errors", "requests", "learned"),
    [
        ({}, [FILTERED], Support()),
        ({FILTERED.rules: REFUSED}, [FILTERED, PLAIN], Support(refused_rules=["lastModifiedAt+status"])),
        ({FILTERED.rules: NO_RIGHT}, [FILTERED, PLAIN], Support(refused_rules=["lastModifiedAt+status"])),
        ({FILTERED.rules: HICCUP}, [FILTERED, PLAIN], Support()),
        (
            {FILTERED.rules: REFUSED, (): REFUSED},
            [FILTERED, PLAIN, BY_EPOCH],
            Support(refused_rules=["lastModifiedAt+status"], needs_epoch=True),
        ),
    ],
)
def test_filters(errors, requests, learned):
    """The last request is accepted; what was refused for good is remembered, and not sent again."""
    accepted, made, support = fetch(FILTERED, errors)
    assert (accepted, made, support) == (requests[-1], requests, learned)
    if learned != Support():
        assert fetch(FILTERED, errors, support)[1] == requests[-1:]


def test_needs_epoch():
    """A server that accepts an empty list of rules again is asked so from then on."""
    accepted, requests, support = fetch(PLAIN, {BY_EPOCH.rules: REFUSED}, Support(needs_epoch=True))
    assert (accepted, requests, support.needs_epoch) == (PLAIN, [BY_EPOCH, PLAIN], False)


def test_everything_refused():
    """The first refusal is raised, after one request of each kind."""
    first = ApiError("first", status=403)
    made = []

    def respond(request):
        made.append(request)
        raise REFUSED if len(made) > 1 else first

    with pytest.raises(ApiError, match="first"):
        fetch_first_page(respond, FILTERED, FILTERED, Support())
    assert len(made) == 3


def test_server_is_busy():
    """What may be a passing fault is requested once more, with retries."""
    errors = {(): [HICCUP], BY_EPOCH.rules: HICCUP}
    accepted, requests, support = fetch(PLAIN, errors)
    assert (accepted, requests, support.needs_epoch) == (PLAIN, [PLAIN, BY_EPOCH, PLAIN], False)


def test_known_order_is_refused():
    """If the server refuses the form of sort that worked last time, the usual one is requested."""
    by_list = replace(PLAIN, sorts_by_list=True)
    errors = {((), True): REFUSED, (BY_EPOCH.rules, True): REFUSED}
    accepted, requests, _ = fetch(by_list, errors, every=PLAIN)
    assert (accepted, len(requests)) == (PLAIN, 3)


@pytest.mark.parametrize("error", [RateLimited("hour"), LoginRequired("expired"), ApiError("no", status=404)])
def test_not_about_rules(error):
    """The end of the hourly limit or of the login, and a wrong path, are raised at once."""
    with pytest.raises(type(error)):
        fetch(FILTERED, {FILTERED.rules: error})
    with pytest.raises(LoginRequired):
        fetch(PLAIN, {(): NO_RIGHT})


@pytest.mark.parametrize(("is_wanted", "accepted"), [(True, PLAIN), (False, FILTERED)])
def test_empty_page(is_wanted, accepted):
    """If filters find nothing, the newest rows show whether the server understood them."""
    support, made = Support(), []

    def respond(request):
        made.append(replace(request, is_probe=False))
        return SearchPage(records=[], total=0) if request.is_filtered else PAGE

    found = fetch_first_page(respond, FILTERED, FILTERED, support, lambda page: is_wanted and page is PAGE)
    newest = replace(PLAIN, sort="lastModifiedAt", is_descending=True, fields=("id", "lastModifiedAt"))
    assert found[0] == accepted
    assert made == [FILTERED, newest, *([PLAIN] if is_wanted else [])]
    assert support.refuses_rules(FILTERED.rule_names) == is_wanted
