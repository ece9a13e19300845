"""Reads of an account that behaves in many ways, against a truth that the test holds."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from salesmate_nb import IncompleteRead, LoginRequired, RateLimited, SalesmateError, Settings
from salesmate_nb.client import Salesmate
from tests.live_account import BEHAVIOURS, LiveAccount, made, random_behaviour

pytestmark = pytest.mark.filterwarnings("ignore:Custom columns use:UserWarning")

COUNT = 1_100
SEEDS = [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 24))]
REQUESTS = [1, 4, 9, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 14) if n not in {1, 4, 9})]
STRATEGIES = {
    "measured": "repeated passes",
    "windows only": "ranges",
    "ties in any order": "offsets by createdAt",
    "newest first": "offsets",
    "everything ignored": "offsets",
    "no totals, stable": "offsets",
    "kind": "offsets",
}
KEEPS_ORDER = {"stable", "newest first always", "stable within createdAt only"}


def reach(account, folder, **changes):
    settings = {"linkname": account.linkname, "access_token": account.session_key, "api_url": account.url}
    return Salesmate(Settings(**{**settings, "token_cache": folder, "calls_per_hour": 10_000, **changes}))


def read(connection, *, columns=("id",), **arguments):
    """Return the ids of a frame, and its report."""
    frame = connection.deals_df(columns=columns, **arguments)
    return list(frame["id"]), frame.attrs["salesmate"]


def columns_for(behaviour):
    """Return the columns to read: all where requests are counted, field catalog and pipelines included."""
    return None if behaviour.order in KEEPS_ORDER else ["id"]


def most_requests(behaviour, spare):
    """Return how many requests a read may take in all: users, field catalog and pipelines included.

    With pages of 250 rows and a total order by any form of the sort, that is N/250 + 8 the first time, and
    N/250 + 3 later. Smaller pages count with the row that two of them share. Where equal creation times come
    in any order, two pages share all rows of one time and the row before them, three here, and three more
    requests find which order is kept, or read the rows of one time that do not fit into one page.
    """
    if "createdAt" in behaviour.order:
        return COUNT / (behaviour.row_cap - 3) + spare + 3
    return COUNT / (250 if behaviour.row_cap == 250 else behaviour.row_cap - 1) + spare


def mixture(seed):
    """Return a random behaviour; some refuse an empty list of rules, if they support the epoch rule.

    Left out is a server that refuses it, lists no fields and counts nothing: that takes one request more.
    """
    behaviour = random_behaviour(seed)
    can_refuse = "refused" not in {behaviour.created_after, behaviour.epoch_rule}
    if seed % 3 or not can_refuse or (behaviour.catalogue, behaviour.totals) == ("none", "missing"):
        return behaviour
    return replace(behaviour, empty_rules="refused")


def ids(account):
    return account.ids("deals")


@pytest.fixture(scope="module")
def deals():
    return made("deals", COUNT)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_named_behaviour(name, deals, tmp_path):
    """All rows are read, twice; where an order is kept, N rows cost N/250 requests and a few."""
    with LiveAccount(deals=deals, behaviour=BEHAVIOURS[name]) as account:
        for spare in (8, 3):
            found, report = read(reach(account, tmp_path), columns=columns_for(BEHAVIOURS[name]))
            assert found == ids(account)
            assert report["strategy"] == STRATEGIES.get(name, report["strategy"])
            if BEHAVIOURS[name].order in KEEPS_ORDER:
                assert report["passes"] == 1
                assert report["calls"] <= most_requests(BEHAVIOURS[name], spare)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_behaviour(seed, deals, tmp_path):
    """In any mixture all rows are read, or the read fails loudly; it never fails where all were counted."""
    behaviour = mixture(seed)
    with LiveAccount(deals=deals, behaviour=behaviour, seed=seed) as account:
        for spare in (8, 3):
            try:
                found, report = read(reach(account, tmp_path), columns=columns_for(behaviour))
            except IncompleteRead:
                assert behaviour.totals == "lagging", str(behaviour)
                assert behaviour.total_lag < 0, str(behaviour)
                continue
            assert found == ids(account), str(behaviour)
            if behaviour.order in KEEPS_ORDER:
                assert report["calls"] <= most_requests(behaviour, spare), str(behaviour)


@pytest.mark.parametrize(
    "name", ["kind", "measured", "windows only", "ties in any order", "no totals, stable", "ids ignored"]
)
def test_page_too_large(name, deals, tmp_path, monkeypatch):
    """Where a page would be too large, smaller ones are read, by every strategy; no row is missing."""
    monkeypatch.setattr("salesmate_nb._api.session._MAX_BYTES", 300_000)
    large = {number: {"description": "x" * 9_000} for number in range(500, 560)}
    rows = [{**deal, **large.get(number, {})} for number, deal in enumerate(deals)]
    with LiveAccount(deals=rows, behaviour=BEHAVIOURS[name]) as account:
        found, report = read(reach(account, tmp_path), columns=["id", "description"])
        asked = [int(seen.query["rows"]) for seen in account.searches()]
    assert found == ids(account)
    assert report["strategy"] == STRATEGIES.get(name, report["strategy"])
    assert asked[0] == 250
    assert min(row for row in asked if row > 1) < 125
    assert asked[-1] < 125  # for the rest of the read


TOO_GREAT = replace(BEHAVIOURS["kind"], totals="lagging", total_lag=-2)


def test_total_too_great(deals, tmp_path):
    """If the server counts more rows than it returns, the error says that reading again does not help."""
    with LiveAccount(deals=deals, behaviour=TOO_GREAT) as account:
        with pytest.raises(IncompleteRead, match="found 1,100 deals, but the server counted 1,102") as caught:
            read(reach(account, tmp_path))
        assert len(account.requests) < 40
    assert (caught.value.read, caught.value.total) == (COUNT, COUNT + 2)
    assert "agree with each other" in str(caught.value)
    assert "allow_incomplete=True" in str(caught.value)
    assert "try again" not in str(caught.value)


@pytest.mark.parametrize("arguments", [{}, {"refresh": "auto"}], ids=str)
def test_allow_incomplete(arguments, deals, tmp_path):
    """Allowed, an incomplete read is a frame with a warning and both numbers, and never a snapshot."""
    with LiveAccount(deals=deals, behaviour=TOO_GREAT) as account:
        connection = reach(account, tmp_path)
        with pytest.warns(UserWarning, match="Only 1,100 of 1,102 deals were read"):
            found, report = read(connection, allow_incomplete=True, **arguments)
        assert found == ids(account)
        assert (report["complete"], report["read"], report["total"]) == (False, COUNT, COUNT + 2)
        with pytest.raises(SalesmateError, match="no snapshot"):
            read(connection, refresh="never")
        with pytest.warns(UserWarning, match="Only 1,100"):
            assert len(list(connection.deals(allow_incomplete=True))) == COUNT


def test_complete_is_reported(deals, tmp_path):
    """A complete read says so, allowed to be incomplete or not."""
    with LiveAccount(deals=deals, behaviour=BEHAVIOURS["kind"]) as account:
        report = read(reach(account, tmp_path), allow_incomplete=True)[1]
    assert report["complete"] is True
    assert "total" not in report


def test_list_sort(deals, tmp_path):
    """If only the list form of the sort is kept, it is found in a few requests, and used at once later."""
    behaviour = replace(BEHAVIOURS["measured"], stable_with="a list")
    with LiveAccount(deals=deals, behaviour=behaviour) as account:
        for spare in (8, 3):
            found, report = read(reach(account, tmp_path))
            assert found == ids(account)
            assert report["strategy"] == "offsets, list sort"
            assert report["calls"] <= COUNT / 250 + spare


REFUSED_RULES = replace(BEHAVIOURS["everything refused"], order="stable")
EPOCH_ONLY = replace(BEHAVIOURS["measured"], order="stable", empty_rules="refused")


@pytest.mark.parametrize(
    "catalogue", ["v3", "none", *(pytest.param(path, marks=pytest.mark.slow) for path in ("module/v4", "v1"))]
)
@pytest.mark.parametrize(
    "behaviour",
    [
        BEHAVIOURS["kind"],
        BEHAVIOURS["newest first"],
        EPOCH_ONLY,
        replace(EPOCH_ONLY, refusal="500"),
        replace(EPOCH_ONLY, order="newest first always"),
    ],
    ids=str,
)
def test_cost(behaviour, catalogue, deals, tmp_path):
    """Whichever path lists the fields, and whatever is refused, N rows cost N/250 + 8, later N/250 + 3."""
    with LiveAccount(deals=deals, behaviour=replace(behaviour, catalogue=catalogue)) as account:
        for spare in (8, 3):
            before = len(account.requests)
            assert read(reach(account, tmp_path), columns=None)[0] == ids(account)
            assert len(account.requests) - before <= COUNT / 250 + spare


@pytest.mark.parametrize(
    "behaviour", [BEHAVIOURS["no totals, stable"], replace(EPOCH_ONLY, totals="missing")]
)
def test_cost_without_totals(behaviour, deals, tmp_path):
    """The request that shows the end of an uncounted list is made once in a month."""
    test_cost(behaviour, "v1", deals, tmp_path)


def test_empty_rules_refused(deals, tmp_path):
    """If only the epoch rule means all, one request is refused; another kernel sends that rule at once."""
    with LiveAccount(deals=deals, behaviour=EPOCH_ONLY) as account:
        for refused in (1, 0):
            before = len(account.requests)
            found, report = read(reach(account, tmp_path))
            assert found == ids(account)
            assert (report["strategy"], report["passes"], report["totals"]) == ("offsets", 1, [COUNT])
            seen = account.requests[before:]
            assert [each.status for each in seen].count(400) == refused
            searches = [each for each in seen if each.path.endswith("/search")]
            rules = [each.body["filterQuery"]["group"]["rules"] for each in searches]
            assert [len(each) for each in rules] == [0] * refused + [1] * 5


@pytest.mark.parametrize("behaviour", [REFUSED_RULES, replace(REFUSED_RULES, refusal="403"), EPOCH_ONLY])
def test_refused_filter(behaviour, deals, tmp_path):
    """If a filter is refused, all rows are read and filtered here; another kernel reads so at once."""
    behaviour = replace(behaviour, other_rules="refused", refusal="403")
    won = [record["id"] for record in deals if record["status"] == "Won"]
    with LiveAccount(deals=deals, behaviour=behaviour) as account:
        for spare in (8, 3):
            found, report = read(reach(account, tmp_path), columns=None, status="Won")
            assert found == won
            assert report["calls"] <= COUNT / 250 + spare
        assert read(reach(account, tmp_path))[0] == ids(account)


@pytest.mark.parametrize("name", ["AuthorizationFailed", "Forbidden"])
def test_refusal_as_if_rights_lacked(name, deals, tmp_path):
    """After a success, a 403 of a rule means that the rule is not supported, never that the key is wrong."""
    behaviour = replace(BEHAVIOURS["measured"], refusal="403", refusal_name=name)
    with LiveAccount(deals=deals, behaviour=behaviour) as account:
        found, report = read(reach(account, tmp_path), status="Won")
        assert any(seen.status == 403 for seen in account.requests)
        assert report["passes"] >= 1
        assert found == [record["id"] for record in deals if record["status"] == "Won"]


@pytest.mark.parametrize("first", REQUESTS)
def test_key_expires(first, deals, tmp_path):
    """A key that ends during a read, at a page or a probe, ends the read; nothing is learned from it."""

    def expire(count, account):
        account.expired = count >= first

    with LiveAccount(deals=deals, on_request=expire) as account:
        with pytest.raises(LoginRequired, match="has expired"):
            read(reach(account, tmp_path))
        assert len(account.requests) <= first + 8
    assert not list(tmp_path.rglob("server.json"))


@pytest.mark.parametrize("limit", REQUESTS)
def test_hourly_limit(limit, deals, tmp_path):
    """The end of the hourly limit, at a page or a probe, ends a read that is not to wait."""
    behaviour = replace(BEHAVIOURS["measured"], limit=limit)
    with LiveAccount(deals=deals, behaviour=behaviour) as account, pytest.raises(RateLimited):
        read(reach(account, tmp_path), wait=False)
    assert not list(tmp_path.rglob("server.json"))


@pytest.mark.parametrize(
    ("changes", "zone"),
    [
        ({"disorder": 0.9}, None),
        ({"disorder": 0.9}, "America/New_York"),
        ({"timestamps": "mixed"}, None),
        ({"timestamps": "v3", "disorder": 0.9}, None),
        ({"timestamps": "v3"}, "America/New_York"),
        ({"minute_edge": "next minute"}, "America/New_York"),
        ({"minute_edge": "same minute"}, "America/New_York"),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["windows only", pytest.param("ties in any order", marks=pytest.mark.slow)])
def test_times_that_differ(name, changes, zone, deals, tmp_path):
    """Disorder within a second, two formats in a page, or another clock do not end a strategy."""
    with LiveAccount(deals=deals, behaviour=replace(BEHAVIOURS[name], **changes)) as account:
        found, report = read(reach(account, tmp_path, timezone=zone))
    assert found == ids(account)
    assert (report["strategy"], report["passes"]) == (STRATEGIES[name], 1)


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


@pytest.mark.parametrize(
    "name",
    [
        "measured",
        "kind",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("windows only", "ties in any order", "newest first")
        ),
    ],
)
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


@pytest.mark.parametrize(
    "count",
    [0, 249, 250, 251, *(pytest.param(count, marks=pytest.mark.slow) for count in (1, 499, 500, 501))],
)
@pytest.mark.parametrize("name", ["measured", "kind", "no totals, stable"])
def test_page_borders(name, count, deals, tmp_path):
    """Lists that end at the end of a page, or beside it, are read to their end."""
    with LiveAccount(deals=deals[:count], behaviour=BEHAVIOURS[name]) as account:
        found, report = read(reach(account, tmp_path))
        assert found == ids(account)
    if BEHAVIOURS[name].order == "stable":
        assert report["calls"] <= math.ceil(count / 250) + 8
