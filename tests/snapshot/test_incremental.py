"""Incremental reads of an account whose truth is known: what they find, and what they cost."""

from __future__ import annotations

import datetime as dt
import logging
import time
from dataclasses import replace

import pyarrow as pa
import pytest

from salesmate_nb import Settings
from salesmate_nb._snapshot import checks, incremental
from salesmate_nb._snapshot.store import Snapshot
from salesmate_nb.client import Salesmate
from tests.helpers import same
from tests.live_account import BEHAVIOURS, LiveAccount, made

pytestmark = [
    pytest.mark.filterwarnings("ignore:Custom columns use:UserWarning"),
    pytest.mark.usefixtures("one_page_read_again"),
]

COUNT = 270  # more than a page
STABLE = {
    "kind": BEHAVIOURS["kind"],
    "ids refused": replace(BEHAVIOURS["measured"], order="stable", refusal="500"),
    "no totals": BEHAVIOURS["no totals, stable"],
    "total too small": replace(BEHAVIOURS["kind"], totals="lagging", deleted_rule="ignored"),
    "list sort": replace(BEHAVIOURS["measured"], stable_with="a list"),
}


@pytest.fixture(scope="module")
def deals():
    return made("deals", COUNT)


SLOW = {"total too small", "no totals"}  # each is like another one


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in STABLE])
def stable(request, deals):
    """Serve an account that keeps its order."""
    with LiveAccount(deals=deals, behaviour=STABLE[request.param]) as account:
        yield account


@pytest.fixture
def kind(deals):
    with LiveAccount(deals=deals, behaviour=BEHAVIOURS["kind"]) as account:
        yield account


def reach(account, folder):
    login = {"linkname": account.linkname, "session_key": account.session_key, "api_url": account.url}
    return Salesmate(Settings(**login, token_cache=folder, calls_per_hour=10**6))


def ids(account):
    return [deal["id"] for deal in account.truth("deals")]


def check(account, connection, *, all_fields=None, live=False):
    """Refresh, compare with the truth and perhaps a live read, and count the requests for all fields."""
    before = len(account.searches())
    frame = connection.deals_df(refresh="auto")
    searches = [len(seen.body["displayingFields"]) for seen in account.searches()[before:]]
    truth = account.truth("deals")
    assert list(frame["id"]) == [deal["id"] for deal in truth]
    assert list(frame["title"]) == [deal["title"] for deal in truth]
    if all_fields is not None:
        assert sum(count > 2 for count in searches) == all_fields
    if live:
        same(frame, connection.deals_df())
    return len(searches)


def test_deleted_and_restored_in_one_refresh(stable, tmp_path):
    """If a deal is deleted and one with an old time of change is restored, the total shows nothing."""
    restored, deleted = ids(stable)[3], ids(stable)[-3]
    stable.delete("deals", restored)
    connection = reach(stable, tmp_path)
    for _ in range(2):  # the second refresh is incremental
        check(stable, connection)
    stable.restore("deals", restored)
    stable.delete("deals", deleted)
    check(stable, connection, live=True)


def test_timestamp_in_the_future(stable, tmp_path):
    """A deal changed in 2031 neither ends refreshes nor hides what changes afterwards."""
    connection = reach(stable, tmp_path)
    check(stable, connection)
    first, second, third = ids(stable)[:3]
    stable.edit("deals", first, at=1_930_000_000, title="future")
    check(stable, connection)
    stable.edit("deals", second, title="now")
    check(stable, connection)
    stable.edit("deals", third, title="later")
    stable.edit("deals", first, title="corrected")
    check(stable, connection, live=True)


def test_edits_in_the_same_second(stable, tmp_path):
    """A deal that changes twice in the second of the watermark, with a refresh between, is found."""
    connection = reach(stable, tmp_path)
    check(stable, connection)
    at = int(time.time()) - 1000
    for title in ("once", "twice"):
        for deal in ids(stable)[:20]:
            stable.edit("deals", deal, at=at, title=title)
        check(stable, connection)


def test_list_of_deleted_rows(kind, tmp_path):
    """If the server lists deleted rows, an unchanged account costs three requests, and so does an edit."""
    kind.delete("deals", ids(kind)[7])
    for _ in range(2):
        check(kind, reach(kind, tmp_path))
    assert check(kind, reach(kind, tmp_path), all_fields=2) == 3
    kind.edit("deals", ids(kind)[9], title="edited")
    assert check(kind, reach(kind, tmp_path), all_fields=2) == 3
    kind.restore("deals", min(kind.gone["deals"]))
    kind.delete("deals", ids(kind)[100])
    assert check(kind, reach(kind, tmp_path)) > 3


@pytest.mark.parametrize("support", ["refused", "ignored"])
def test_support_is_remembered(deals, tmp_path, support):
    """What the server refuses or ignores is not asked for again by a later kernel."""
    behaviour = replace(BEHAVIOURS["kind"], deleted_rule=support, refusal="403")
    with LiveAccount(deals=deals, behaviour=behaviour) as account:
        for _ in range(2):
            check(account, reach(account, tmp_path))
        before = len(account.searches())
        check(account, reach(account, tmp_path))
        later = account.searches()[before:]
    assert not any("isDeleted" in str(seen.body) for seen in later)
    assert all(seen.status == 200 for seen in later)


def test_only_changes_are_read_with_all_fields(stable, tmp_path):
    """A page of changes and one to check are read with all fields, of other rows ids and times of change."""
    connection = reach(stable, tmp_path)
    check(stable, connection)
    check(stable, connection)  # may learn which form of the sort keeps its order
    stable.edit("deals", ids(stable)[0], title="edited")
    stable.delete("deals", ids(stable)[5])
    before = len(stable.searches())
    frame = connection.deals_df(refresh="auto")
    assert list(frame["id"]) == ids(stable)
    assert sum(len(seen.body["displayingFields"]) > 2 for seen in stable.searches()[before:]) == 2


def test_many_rows_are_compared_once_a_day(kind, tmp_path, monkeypatch):
    """The ids of many rows are compared a day after the last time, or if the total differs."""
    monkeypatch.setattr(incremental, "_PAGES_COMPARED", 1)
    kind.behaviour = replace(kind.behaviour, deleted_rule="refused")
    connection = reach(kind, tmp_path)
    check(kind, connection)
    assert check(kind, connection, all_fields=2) == 2
    kind.delete("deals", ids(kind)[7])
    check(kind, connection, all_fields=2)
    assert check(kind, connection, all_fields=2) == 2
    kind.restore("deals", min(kind.gone["deals"]))
    kind.delete("deals", ids(kind)[100])
    monkeypatch.setattr(incremental, "_LONGEST_UNCOMPARED", incremental._LONGEST_UNCOMPARED * 0)
    check(kind, connection)


def test_order_that_is_lost(kind, tmp_path):
    """If the server no longer keeps its order, the refresh notices, reads all rows and says so."""
    connection = reach(kind, tmp_path)
    check(kind, connection)
    kind.edit("deals", ids(kind)[0], title="edited")
    kind.behaviour = BEHAVIOURS["measured"]
    with pytest.warns(UserWarning, match="in another order for each page"):
        check(kind, connection)


def test_rules_on_ids_are_refused(kind, tmp_path, monkeypatch, caplog):
    """If counts of id ranges are refused, deletions among many rows are found by all ids."""
    monkeypatch.setattr(incremental, "_PAGES_COMPARED", 1)
    monkeypatch.setattr(incremental, "_SEARCH_DEPTH", 0)
    kind.behaviour = replace(kind.behaviour, id_rules="refused")
    check(kind, reach(kind, tmp_path))
    for number in (5, 9):
        kind.delete("deals", ids(kind)[number])
        before = len(kind.searches())
        with caplog.at_level(logging.INFO, "salesmate_nb"):
            check(kind, reach(kind, tmp_path), all_fields=2)
        refused = [seen for seen in kind.searches()[before:] if seen.status != 200]
        assert len(refused) <= (number == 5) * 2


def refreshed(account, connection):
    """Refresh, and return the ids whose title is not the server's, and the requests that it took."""
    before = len(account.requests)
    frame = connection.deals_df(refresh="auto")
    truth = {deal["id"]: deal["title"] for deal in account.truth("deals")}
    assert list(frame["id"]) == sorted(truth)
    titles = dict(zip(frame["id"].tolist(), frame["title"], strict=True))
    stale = [number for number, title in titles.items() if truth[number] != title]
    return stale, len(account.requests) - before


@pytest.mark.parametrize("ties", ["anew", "by replica"])
def test_bulk_edit_in_any_order(deals, tmp_path, monkeypatch, ties):
    """Deals with one time of change, in another order in each response, are right after few requests."""
    monkeypatch.setattr(incremental, "_PAGES_COMPARED", 1)
    with LiveAccount(deals=deals, behaviour=replace(BEHAVIOURS["kind"], ties=ties)) as account:
        connection = reach(account, tmp_path)
        check(account, connection)
        for number in ids(account)[:260]:
            account.edit("deals", number, at=int(time.time()), title="in bulk")
        stale, requests = refreshed(account, connection)
        assert (stale, requests <= 20) == ([], True)


def test_deleted_deal_stands_for_no_change(kind, tmp_path, monkeypatch):
    """If a deal of a bulk edit is deleted between two pages, and another one restored, none is stale."""
    monkeypatch.setattr(incremental, "_PAGES_COMPARED", 1)
    monkeypatch.setattr(incremental, "_SEARCH_DEPTH", 0.5)
    monkeypatch.setattr(checks, "PAGE", 100)
    kind.behaviour = replace(kind.behaviour, deleted_rule="refused", row_cap=100)
    restored, *others = ids(kind)
    kind.edit("deals", restored, at=int(time.time()) - 300)
    kind.delete("deals", restored)
    connection = reach(kind, tmp_path)
    for _ in range(2):
        check(kind, connection)
    for number in others[:230]:
        kind.edit("deals", number, title="in bulk")
    before = len(kind.requests)

    def swap(count, account):
        searches = [seen for seen in account.requests[before:] if seen.path.endswith("search")]
        if len(searches) == 3 and restored in account.gone["deals"]:  # of three pages of changes
            account.delete("deals", others[200])
            account.restore("deals", restored)

    kind.on_request = swap
    assert refreshed(kind, connection)[0] == []
    assert restored not in kind.gone["deals"]


def test_edit_that_the_server_does_not_report(kind, tmp_path):
    """An edit that keeps its time of change is found within as many refreshes as attrs name."""
    kind.delete("deals", ids(kind)[7])  # a list of deleted rows, so that not all ids are compared
    connection = reach(kind, tmp_path)
    attrs = connection.deals_df(refresh="auto").attrs["salesmate"]
    check(kind, connection)
    for number in (ids(kind)[3], ids(kind)[-3]):
        kind.edit("deals", number, at=kind.records["deals"][number]["lastModifiedAt"], title="merged")
    stale = [len(refreshed(kind, connection)[0]) for _ in range(attrs["checked_within"])]
    assert (attrs["checked_within"], stale) == (2, [1, 0])
    later = connection.deals_df(refresh="never").attrs["salesmate"]
    assert attrs["checked_since"] <= later["checked_since"] <= later["read_at"]


def test_many_rows_changed_unreported(kind, tmp_path, monkeypatch):
    """If most rows that are checked have other times, as in a new time zone, all rows are read."""
    monkeypatch.setattr(incremental, "_FEW", 5)
    monkeypatch.setattr(incremental, "_PAGES_COMPARED", 1)
    connection = reach(kind, tmp_path)
    check(kind, connection)
    for number in ids(kind):
        before = kind.records["deals"][number]["lastModifiedAt"]
        kind.edit("deals", number, at=before - 5 * 3600, title="moved")
    assert refreshed(kind, connection)[0] == []


def test_new_deals_without_a_time(kind, tmp_path):
    """Deals without a time of change are read in each refresh, and take no full read."""
    connection = reach(kind, tmp_path)
    check(kind, connection)
    new = kind.create("deals", title="new", lastModifiedAt=None)
    check(kind, connection, all_fields=2)
    kind.edit("deals", new, at=None, title="newer")
    kind.records["deals"][new]["lastModifiedAt"] = None
    check(kind, connection, all_fields=2)


def test_lateness_is_remembered():
    """A change that was reported ten minutes after the watermark had passed it is remembered as late."""
    watermark = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)

    def snapshot(minutes):
        times = pa.array([watermark - dt.timedelta(minutes=minutes), watermark], pa.timestamp("us", "UTC"))
        return Snapshot(
            table=pa.table({"id": [1, 2], "last_modified_at": times}), fields=(), watermark=watermark
        )

    late = incremental.with_lateness(snapshot(10), snapshot(60))
    assert late.lateness == 600
    assert incremental.with_lateness(snapshot(10), late).lateness == 600
