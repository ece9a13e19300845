"""Reads of an account that behaves in many ways, against a truth that the test holds."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from salesmate_nb import IncompleteRead, Settings
from salesmate_nb.client import Salesmate
from tests.live_account import BEHAVIOURS, LiveAccount, made, random_behaviour

pytestmark = pytest.mark.filterwarnings("ignore:Custom columns use:UserWarning")

COUNT = 1_100
SEEDS = [*range(12), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(12, 212))]
STRATEGIES = {
    "measured": "repeated passes",
    "windows only": "ranges",
    "ties in any order": "offsets by createdAt",
    "newest first": "offsets",
    "everything ignored": "offsets",
    "no totals, stable": "offsets",
    "kind": "offsets",
}
KEEPS_ORDER = {"stable", "newest first always"}


def reach(account, folder, **changes):
    settings = {"linkname": account.linkname, "access_token": account.session_key, "api_url": account.url}
    return Salesmate(Settings(**{**settings, "token_cache": folder, "calls_per_hour": 10_000, **changes}))


def read(connection, **arguments):
    """Return the ids of a frame, and its report."""
    frame = connection.deals_df(columns=["id"], **arguments)
    return list(frame["id"]), frame.attrs["salesmate"]


def extra(behaviour):
    """Return the requests besides pages: the pipelines, and a field catalog that is not at the first path."""
    return 1 if behaviour.catalogue == "v3" else 3


def ids(account):
    return [record["id"] for record in account.truth("deals")]


@pytest.fixture(scope="module")
def deals():
    return made("deals", COUNT)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_named_behaviour(name, deals, tmp_path):
    """All rows are read, twice; where an order is kept, N rows cost N/250 requests and a few."""
    with LiveAccount(deals=deals, behaviour=BEHAVIOURS[name]) as account:
        for spare in (8, 3):
            found, report = read(reach(account, tmp_path))
            assert found == ids(account)
            assert report["strategy"] == STRATEGIES.get(name, report["strategy"])
            if BEHAVIOURS[name].order in KEEPS_ORDER:
                assert report["passes"] == 1
                assert report["calls"] <= COUNT / 250 + spare + extra(BEHAVIOURS[name])


@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(n, marks=pytest.mark.slow) for n in range(12, 212))]
)
def test_random_behaviour(seed, deals, tmp_path):
    """In any mixture all rows are read, or the read fails loudly; it never fails where all were counted."""
    behaviour = random_behaviour(seed)
    with LiveAccount(deals=deals, behaviour=behaviour, seed=seed) as account:
        for spare in (8, 3):
            try:
                found, report = read(reach(account, tmp_path))
            except IncompleteRead:
                assert behaviour.totals == "lagging", str(behaviour)
                assert behaviour.total_lag < 0, str(behaviour)
                continue
            assert found == ids(account), str(behaviour)
            if behaviour.order in KEEPS_ORDER:
                most = COUNT / behaviour.row_cap + spare + extra(behaviour)
                assert report["calls"] <= most, str(behaviour)


def test_total_too_great(deals, tmp_path):
    """If the server counts more rows than it returns, nobody can know what is missing."""
    behaviour = replace(BEHAVIOURS["kind"], totals="lagging", total_lag=-2)
    with LiveAccount(deals=deals, behaviour=behaviour) as account:
        with pytest.raises(IncompleteRead, match="found 1,100 deals, but the server counted 1,102") as caught:
            read(reach(account, tmp_path))
        assert len(account.requests) < 35
    assert (caught.value.read, caught.value.total) == (COUNT, COUNT + 2)


def test_list_sort(deals, tmp_path):
    """If only the list form of the sort is kept, it is found in a few requests, and used at once later."""
    behaviour = replace(BEHAVIOURS["measured"], stable_with="a list")
    with LiveAccount(deals=deals, behaviour=behaviour) as account:
        for spare in (8, 3):
            found, report = read(reach(account, tmp_path))
            assert found == ids(account)
            assert report["strategy"] == "offsets, list sort"
            assert report["calls"] <= COUNT / 250 + spare


def test_refusals_are_not_retried(deals, tmp_path, caplog):
    """A server that refuses rules with HTTP 500 costs no retries with delays."""
    behaviour = replace(BEHAVIOURS["measured"], refusal="500")
    with LiveAccount(deals=deals, behaviour=behaviour) as account, caplog.at_level("INFO", "salesmate_nb"):
        assert read(reach(account, tmp_path))[0] == ids(account)
    assert "retrying" not in caplog.text


def test_support_is_remembered(deals, tmp_path):
    """Another kernel starts with what worked, without a single refused request."""
    with LiveAccount(deals=deals, behaviour=BEHAVIOURS["everything refused"]) as account:
        read(reach(account, tmp_path))
        assert any(seen.status != 200 for seen in account.requests)
        before = len(account.requests)
        read(reach(account, tmp_path))
        assert all(seen.status == 200 for seen in account.requests[before:])
        saved = list(tmp_path.glob("servers/*/server.json"))
        assert len(saved) == 1
        assert account.session_key not in saved[0].read_text()


def test_nothing_is_saved_in_memory(deals, tmp_path):
    """With SALESMATE_TOKEN_STORE=memory nothing is written."""
    with LiveAccount(deals=deals) as account:
        read(reach(account, tmp_path, token_store="memory"))
    assert not list(tmp_path.rglob("server.json"))


@pytest.mark.parametrize("name", ["measured", "kind", "newest first"])
@pytest.mark.parametrize("limit", [1, 250, 600])
def test_limit(name, limit, deals, tmp_path):
    """A limit gives that many rows, and costs no more requests than they need."""
    with LiveAccount(deals=deals, behaviour=BEHAVIOURS[name]) as account:
        found, report = read(reach(account, tmp_path), limit=limit)
        everything = ids(account)
    assert len(found) == len(set(found)) == limit
    assert set(found) <= set(everything)
    if name == "kind":
        assert found == everything[:limit]
        assert report["calls"] <= limit / 250 + 3


@pytest.mark.parametrize("name", ["measured", "kind", "windows only", "ties in any order", "newest first"])
def test_colleagues(name, deals, tmp_path):
    """While colleagues create, edit and delete, every deal that stays is read, or the read fails loudly."""
    chance = random.Random(name)
    there = set()

    def change(count, account):
        if count % 2:
            account.create("deals", title="new")
            gone = chance.choice(sorted(there))
            account.delete("deals", gone)
            there.discard(gone)

    with LiveAccount(deals=deals, behaviour=BEHAVIOURS[name], on_request=change) as account:
        there.update(ids(account))
        try:
            found, _ = read(reach(account, tmp_path))
        except IncompleteRead:
            assert BEHAVIOURS[name].order == "unstable"
            return
        assert not there - set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("count", [0, 1, 249, 250, 251, 499, 500, 501])
@pytest.mark.parametrize("name", ["measured", "kind", "no totals, stable"])
def test_page_borders(name, count, deals, tmp_path):
    """Lists that end at the end of a page, or beside it, are read to their end."""
    with LiveAccount(deals=deals[:count], behaviour=BEHAVIOURS[name]) as account:
        found, report = read(reach(account, tmp_path))
        assert found == ids(account)
    if BEHAVIOURS[name].order == "stable":
        assert report["calls"] <= math.ceil(count / 250) + 8
