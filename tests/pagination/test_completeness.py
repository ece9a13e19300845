"""Completeness as pure arithmetic: totals that lie, and passes that bring nothing new."""

from __future__ import annotations

from dataclasses import replace

import pytest

from salesmate_nb._pagination.completeness import MOST_PASSES, Completeness
from salesmate_nb._search.search import SearchPage, SearchRequest
from salesmate_nb.resources import DEALS

START = SearchRequest(resource=DEALS)


def page(count, total):
    return SearchPage(records=[{"id": number} for number in range(count)], total=total)


def make_pass(rows, found, length=0):
    """Make one pass that finds these rows."""
    rows.begin_pass()
    rows.seen.update(found)
    rows.end_pass(set(found), length)


@pytest.mark.parametrize("total", [0, 2])
def test_wrong_total(total):
    """A total that leaves out rows of its own page is not used."""
    rows = Completeness()
    rows.record_total(START, page(3, total))
    assert rows.totals == [total]
    assert not rows.has_total


@pytest.mark.parametrize(("seen", "is_exact", "expected"), [(9, True, False), (10, False, True)])
def test_after_walk(seen, is_exact, expected):
    """After a page walk, the total decides."""
    rows = Completeness(seen=set(range(seen)))
    rows.record_total(START, page(3, 10))
    assert rows.after_walk(is_exact=is_exact) is expected


@pytest.mark.parametrize("is_exact", [True, False])
def test_after_walk_without_total(is_exact):
    """Without a total, the pages themselves have to show that no row is missing."""
    assert Completeness(seen={1}).after_walk(is_exact=is_exact) is is_exact


def test_passes_are_judged_by_the_total():
    """Passes are complete once their rows together are as many as the server counts."""
    rows = Completeness()
    rows.record_total(START, page(2, 5))
    make_pass(rows, [1, 2, 3, 5])
    assert not rows.after_passes
    make_pass(rows, [1, 3, 4])
    assert not rows.after_passes  # deleted rows may stand for others, should new ones keep their number
    make_pass(rows, [1, 3, 4])
    assert rows.after_passes


@pytest.mark.parametrize(("before", "after", "expected"), [(5, 5, True), (5, 7, False), (None, 5, False)])
def test_newest_row(before, after, expected):
    """If the newest row stayed the same, as the total did, then none was created or deleted."""
    rows = Completeness()
    rows.record_total(START, page(2, 5))
    make_pass(rows, [1, 2, 3, 4, 5])
    rows.note_newest(after, before)
    assert rows.after_passes is expected


def test_row_of_an_earlier_strategy():
    """A row that came before the passes may be deleted by now, so it does not count among those of passes."""
    rows = Completeness(seen={1, 2, 3, 4, 9})
    rows.record_total(START, page(2, 5))
    make_pass(rows, [1, 2, 3, 4])
    assert rows.is_counted
    assert not rows.after_passes
    make_pass(rows, [1, 2, 3, 9])
    assert rows.after_passes


@pytest.mark.parametrize("totals", [[5, 4], [4]])
def test_passes_during_changes(totals):
    """If rows were created or deleted, passes have to bring nothing but new rows: three if some came once."""
    rows = Completeness()
    for total in totals:
        rows.record_total(START, page(2, total))
    make_pass(rows, [1, 2, 3, 4, 6])
    make_pass(rows, [1, 2, 3, 5, 7])  # 5 is late, 7 is new
    assert not rows.after_passes
    for created in (8, 9):
        make_pass(rows, [1, 2, 3, 5, created])
        assert not rows.after_passes
    make_pass(rows, [1, 2, 3, 5, 10])
    assert rows.after_passes


def test_created_row_stands_for_none():
    """A row that was created during the passes does not stand for one that was there before them."""
    rows = Completeness(seen={1, 2, 4})
    for total in (4, 5):
        rows.record_total(START, page(2, total))
    for _ in range(5):
        make_pass(rows, [1, 2, 4, 9])
        assert not rows.after_passes
    for _ in range(4):
        make_pass(rows, [1, 2, 3, 4, 9])
    assert rows.after_passes


def test_equal_passes_without_total():
    """Without a total, one whole pass that brings nothing new is enough if no pass missed a row."""
    rows = Completeness()
    make_pass(rows, [1, 2])
    assert not rows.after_passes
    make_pass(rows, [1, 2])
    assert rows.after_passes


def test_different_passes_without_total():
    """If a pass missed a row that another had, two passes in a row have to bring nothing new."""
    rows = Completeness()
    for found in ([1, 2], [1, 3], [2, 3]):
        make_pass(rows, found)
    assert not rows.after_passes
    make_pass(rows, [1, 2, 3])
    assert rows.after_passes


def test_more_offsets_than_rows():
    """Without a total, a list of five offsets has five rows, however often four of them come."""
    rows = Completeness()
    for _ in range(3):
        make_pass(rows, [1, 2, 3, 4], length=5)
        assert not rows.after_passes
    make_pass(rows, [1, 2, 3, 4], length=4)  # one was deleted
    assert rows.after_passes


def test_row_of_one_pass_without_total():
    """If a row came in one pass alone, three passes in a row have to bring nothing new."""
    rows = Completeness()
    for found in ([1, 2, 3], [1, 2], [1, 2]):
        make_pass(rows, found)
    assert not rows.after_passes
    make_pass(rows, [1, 2])
    assert rows.after_passes


def test_futile():
    """Three passes that bring nothing new, or eight in all, are enough."""
    rows = Completeness(totals=[9])
    for count in range(4):
        assert not rows.is_futile, count
        make_pass(rows, [1])
    assert rows.is_futile
    assert Completeness(passes=MOST_PASSES).is_futile


def test_created_rows_during_passes():
    """New rows under an unchanged total mean that others were deleted: the total alone proves nothing."""
    rows = Completeness()
    rows.record_total(START, page(3, 5))
    make_pass(rows, [1, 2, 3])
    make_pass(rows, [1, 2, 3, 6, 7])  # 6 and 7 are new, 2 and 3 are gone, 4 and 5 were never read
    assert rows.is_counted
    assert not rows.after_passes
    make_pass(rows, [1, 4, 5, 6, 7])
    for _ in range(2):
        assert not rows.after_passes
        make_pass(rows, [1, 4, 5, 6, 7])
    assert rows.after_passes


def test_take():
    """A row is new once, and the order of arrival is noted."""
    rows = Completeness()
    arrivals = [[1, 2, 2], [2, 5], [3]]
    pages = [SearchPage(records=[{"id": number} for number in ids], total=9) for ids in arrivals]
    assert [record["id"] for page in pages[:2] for record in rows.take(page).records] == [1, 2, 5]
    assert rows.is_ordered
    assert rows.take(pages[2]).total == 9
    assert (rows.seen, rows.is_ordered) == ({1, 2, 3, 5}, False)


def test_offset_ignored():
    """Rows that come again at a later offset do not make the total wrong."""
    rows = Completeness()
    for offset in (0, 250, 750):
        rows.record_total(replace(START, offset=offset), page(250, 760))
        rows.take(page(250, 760))
    assert rows.has_total
    assert not rows.is_counted


@pytest.mark.parametrize(("totals", "is_whole"), [([760, 750], True), ([750, 760, 750], False)])
def test_servers_that_take_turns(totals, is_whole):
    """A total that only falls shows that rows were deleted; one that rises and falls shows nothing."""
    rows = Completeness(seen=set(range(750)), totals=totals)
    rows.compare_totals(totals)
    assert rows.after_walk(is_exact=True) == is_whole


def test_counted_rows_are_confirmed():
    """If the last of the usual passes brings the last row, more passes confirm it in place of an error."""
    ids = [100, 200, *range(MOST_PASSES - 2)]  # the highest comes late, as if it was created during the read
    rows = Completeness(totals=[len(ids)])
    for number in range(1, MOST_PASSES + 1):
        assert not rows.is_futile
        make_pass(rows, ids[:number])
    assert len(rows.seen) == len(ids)
    for _ in range(2):
        assert (rows.is_futile, rows.after_passes) == (False, False)
        make_pass(rows, ids)
    assert rows.after_passes
