"""Deleted rows are found by a binary search over counts, in few requests."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb._search.search import PAGE, SearchPage, SearchRequest
from salesmate_nb._snapshot.checks import DeletedRows, Deletions, list_deleted
from salesmate_nb.resources import DEALS

EVERYTHING = SearchRequest(resource=DEALS, fields=("id",))


class Server:
    """Counts and lists ids above the one that a rule names, and counts the requests."""

    def __init__(self, ids, *, supports_id_rules=True):
        self.ids = sorted(ids)
        self.supports_id_rules = supports_id_rules
        self.requests = 0

    def __call__(self, request):
        self.requests += 1
        (rule,) = request.rules[len(EVERYTHING.rules) :]
        found = [number for number in self.ids if number > rule.data or not self.supports_id_rules]
        return SearchPage(records=[{"id": number} for number in found[: request.rows]], total=len(found))


def find(server, known):
    return Deletions(server, EVERYTHING, known).find(len(server.ids))


@pytest.mark.parametrize("deleted", [[], [1], [1000], [500], [1, 2, 3], range(1, 1001), range(300, 800)])
def test_deleted_rows_are_found(deleted):
    """None, the first, the last, neighbours or all: exactly these are found, in order."""
    known = range(1, 1001)
    assert find(Server(set(known) - set(deleted)), known) == list(deleted)


@settings(max_examples=50)
@given(st.sets(st.integers(0, 10**6), min_size=1, max_size=1500), st.randoms(use_true_random=False))
def test_any_deletions_are_found(known, chance):
    """Exactly the deleted ids are found, for any ids."""
    ids = sorted(known)
    deleted = set(chance.sample(ids, chance.randint(0, len(ids))))
    assert find(Server(known - deleted), ids) == sorted(deleted)


def test_search_is_logarithmic():
    """One deleted row among 100,000 costs a page of rows and about ten counts."""
    known = range(1, 100_001)
    server = Server(set(known) - {77_777})
    assert find(server, known) == [77_777]
    assert server.requests <= 2 + (100_000 // PAGE).bit_length()


def test_few_deletions_cost_few_requests():
    """Five deleted rows cost at most five such searches."""
    known = range(1, 20_001)
    deleted = sorted(random.Random(3).sample(known, 5))
    server = Server(set(known) - set(deleted))
    assert find(server, known) == deleted
    assert server.requests <= 1 + 5 * (1 + (20_000 // PAGE).bit_length())


def test_server_without_id_rules():
    """A server that ignores rules on ids is noticed by the first count, and nothing is reported deleted."""
    known = range(1, 1001)
    server = Server(set(known) - {7}, supports_id_rules=False)
    assert find(server, known) == []
    assert server.requests == 1


@pytest.mark.parametrize(
    ("ids", "total", "expected"),
    [
        ([9, 7], 2, DeletedRows((7, 9), is_whole=True)),
        ([], 0, DeletedRows((), is_whole=True)),
        ([9, 7], None, DeletedRows((7, 9))),
        ([9, 7], 800, DeletedRows((7, 9))),
        (range(PAGE), PAGE, DeletedRows(tuple(range(PAGE)))),
    ],
)
def test_list_of_deleted_rows(ids, total, expected):
    """One page is complete if its total says so; a full page may not be."""
    requests = []

    def fetch(request):
        requests.append(request)
        return SearchPage(records=[{"id": number} for number in ids], total=total)

    assert list_deleted(fetch, EVERYTHING) == expected
    (rule,) = requests[0].rules
    assert (rule.condition, rule.path, rule.data) == ("EQUALS", "isDeleted", "true")
    assert requests[0].is_probe
