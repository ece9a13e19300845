"""Deleted rows are found by a binary search over counts, in few requests."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb._pagination.page_walk import PaginationUnsupported
from salesmate_nb._search.search import PAGE, SearchPage, SearchRequest
from salesmate_nb._snapshot import checks
from salesmate_nb._snapshot.changes import FullReadDue
from salesmate_nb._snapshot.checks import DeletedRows, Deletions, confirm_deleted, list_deleted, read_again
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
    """A server that ignores rules on ids is noticed by the first count."""
    known = range(1, 1001)
    server = Server(set(known) - {7}, supports_id_rules=False)
    with pytest.raises(PaginationUnsupported, match="ignored a rule on id"):
        find(server, known)
    assert server.requests == 1


def test_restored_beside_deleted():
    """If a row of the same page was restored, counts do not show what is deleted: nothing is reported."""
    known = [number for number in range(1, 201) if number != 100]
    assert find(Server(set(range(1, 201)) - {99, 101}), known) == []


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


def read(server_ids, known, wanted, most=9, rows=PAGE):
    """Read rows again from a server that has these ids; return the result and the offsets requested."""
    offsets = []

    def fetch(request):
        offsets.append(request.offset)
        page = list(server_ids)[request.offset : request.offset + rows]
        return SearchPage(records=[{"id": number} for number in page], total=len(server_ids))

    return read_again(fetch, EVERYTHING, list(known), wanted, most), offsets


def test_rows_are_read_by_their_places():
    """One request reads the wanted rows of a page; what is left would take more than allowed."""
    again, offsets = read(range(1000), range(1000), [10, 20, 700], most=1)
    assert (offsets, again.left) == ([10], [700])
    again, offsets = read(range(1000), range(1000), [10, 20, 700])
    assert (offsets, list(again.left), again.gone) == ([10, 700], [], frozenset())
    assert {10, 20, 700} <= {record["id"] for record in again.records}
    assert read(range(1000), range(1000), [])[1] == []


@pytest.mark.parametrize("rows", [PAGE, 40])
@pytest.mark.parametrize("gone", [{500}, {999}, set(range(400)), set(range(900, 1000)), {0}])
def test_rows_are_found_though_others_are_gone(gone, rows):
    """Rows that were deleted unnoticed are reported as gone, if they are wanted or on the same page."""
    there = sorted(set(range(1000)) - gone)
    again, _ = read(there, range(1000), [0, 500, 999], most=99, rows=rows)
    assert {0, 500, 999} - gone <= {record["id"] for record in again.records}
    assert {0, 500, 999} & gone <= again.gone <= gone
    assert not again.left


def test_rows_that_slide_between_two_pages():
    """A row that slides over the edge of a page, since another one is deleted, is read, and not gone."""
    there = list(range(1000))
    pages = listing(there, [])

    def fetch(request):
        page = pages(request)
        if 0 in there:
            there.remove(0)
        return page

    again = read_again(fetch, EVERYTHING, list(range(1000)), list(range(498)), 9)
    assert {record["id"] for record in again.records} >= set(range(498))
    assert (again.gone, list(again.left)) == (frozenset(), [])


def test_none_is_passed_over(monkeypatch):
    """Whatever is deleted and restored between pages, a wanted row that stays is read, or left to be read."""
    monkeypatch.setattr(checks, "PAGE", 8)
    wholes = 0
    for seed in range(400):
        chance = random.Random(seed)
        known = list(range(60))
        stay = set(chance.sample(known, chance.randrange(1, 60)))
        there = set(stay)

        def fetch(request, chance=chance, there=there, stay=stay):
            for number in chance.sample(range(60), chance.choice([0, 0, 1, 4])):
                there.symmetric_difference_update({number} - stay)
            page = sorted(there)[request.offset : request.offset + 8]
            return SearchPage(records=[{"id": number} for number in page], total=len(there))

        wanted = sorted(chance.sample(known, 30))
        with suppress(FullReadDue):
            again = read_again(fetch, EVERYTHING, known, wanted, 30)
            found = {record["id"] for record in again.records}
            assert stay.intersection(wanted) <= found.union(again.left)
            assert again.gone.isdisjoint(stay)
            wholes += not again.left
    assert wholes > 200


def test_rows_are_not_where_expected():
    """Rows that are not in the order of their ids, or an empty page where rows are counted, are noticed."""
    with pytest.raises(PaginationUnsupported, match="sorted by id"):
        read([2, 1], [1, 2], [1])
    with pytest.raises(FullReadDue, match="empty"):
        read_again(lambda _: SearchPage(records=[], total=5), EVERYTHING, [1, 2], [1], 9)


@pytest.mark.parametrize("deleted", [{1}, {500}, {1000}, {1, 1000}, set(range(1, 1001))], ids=len)
def test_deletions_are_confirmed(deleted):
    """Two pages around the places of deleted rows show that they are gone."""
    left, asked = [number for number in range(1, 1001) if number not in deleted], []
    confirm_deleted(listing(left, asked), EVERYTHING, deleted, left)
    assert len(asked) == 2


@pytest.mark.parametrize(("there", "problem"), [
    (range(1, 1001), "exist after all"),
    (range(1, 400), "not where"),
    (range(600, 1001), "not where"),
])  # fmt: skip
def test_deletions_are_not_confirmed(there, problem):
    """A page that has such a row, or does not reach its place, makes a full read due."""
    left = [number for number in range(1, 1001) if number != 500]
    with pytest.raises(FullReadDue, match=problem):
        confirm_deleted(listing(list(there), []), EVERYTHING, {500}, left)


def listing(ids, asked):
    """Return a function that fetches pages of these ids, and notes the requests."""

    def fetch(request):
        asked.append(request)
        page = ids[request.offset :][: request.rows]
        return SearchPage(records=[{"id": number} for number in page], total=len(ids))

    return fetch
