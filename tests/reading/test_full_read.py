"""All deals, each exactly once: whatever the server honours, and whoever changes them meanwhile."""

from __future__ import annotations

import datetime as dt
import math
import random
import signal
import threading
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from salesmate_nb import Settings, connect, sandbox
from salesmate_nb._reading.full_read import FullRead
from salesmate_nb._reading.paginators import CreatedWindowPaginator, KeysetPaginator, OffsetPaginator
from salesmate_nb._reading.search import SearchPage, SearchRequest
from salesmate_nb.errors import ApiError, ConnectionFailed, IncompleteRead

WAYS = {
    "keyset": KeysetPaginator,
    "windows": lambda: CreatedWindowPaginator(ZoneInfo("UTC")),
    "offsets": OffsetPaginator,
}


def reach(box, **further):
    """Connect to the v4 search of a sandbox."""
    account = replace(box.settings, linkname=box.linkname, access_token=box.access_key)
    return connect(Settings(**{**account, **further}))


def searches(box):
    """Return the bodies of the searches that the server received."""
    return [call.json for call in box.log if call.path.endswith("/search")]


def paging(call):
    """Return what tells one page from another."""
    sort = call["sort"]["fieldName"].removeprefix("deal.")
    return sort, [rule["field"]["fieldName"] for rule in call["filterQuery"]["group"]["rules"][1:]]


class Colleagues:
    """Create, edit and delete deals before each page is answered, by a seed."""

    def __init__(self, box, changes, seed=1):
        self.there_throughout = set(box.deals.ids())
        self._ids = box.deals.ids()
        self._changes = changes
        self._deals = box.deals
        self._random = random.Random(seed)
        box.deals.before_search = self

    def __call__(self):
        for _ in range(self._changes):
            change = self._random.choice((self._create, self._edit, self._delete))
            change(self._random.randrange(len(self._ids)))

    def _create(self, _):
        self._ids.append(self._deals.create(title="new"))

    def _edit(self, index):
        self._deals.edit(self._ids[index], title="edited")

    def _delete(self, index):
        self._deals.delete(self._ids[index])
        self.there_throughout.discard(self._ids[index])
        self._ids[index] = self._ids[-1]
        self._ids.pop()


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("way", ["keyset", "windows", "offsets"])
def test_nothing_is_missed_or_twice_while_colleagues_work(way, concurrency):
    """20,000 deals, 10 changes before each page: what was there throughout is in the frame, once."""
    with sandbox.start(deals=20_000, id_rules=way == "keyset") as box:
        connection = reach(box, concurrency=concurrency)
        if way == "offsets":
            connection._records["deals"]._ways[:] = [OffsetPaginator()]
        colleagues = Colleagues(box, changes=10)
        frame = connection.deals_df()
    told = frame.attrs["salesmate"]
    assert not colleagues.there_throughout - set(frame["id"])
    assert frame["id"].is_unique
    assert frame["id"].is_monotonic_increasing
    assert told["strategy"] == way
    assert abs(told["totals"][0] - 20_000) <= 10
    assert len(told["totals"]) > 1


@pytest.mark.parametrize("deals", [0, 1, 249, 250, 251, 500, 4_999])
@pytest.mark.parametrize("way", ["keyset", "windows", "offsets"])
def test_reading_costs_few_calls_more_than_pages(way, deals):
    """N deals cost at most ceil(N / 250) + 8 calls, the catalogue and all probes included."""
    with sandbox.start(deals=deals, id_rules=way == "keyset") as box:
        connection = reach(box)
        if way == "offsets":
            connection._records["deals"]._ways[:] = [OffsetPaginator()]
        frame = connection.deals_df()
        calls = len(box.log)
    assert list(frame["id"]) == box.deals.ids()
    assert calls <= math.ceil(deals / 250) + 8
    assert frame.attrs["salesmate"]["calls"] == calls


def test_the_server_is_probed_once_for_a_connection():
    """A rule on ids that is not honoured is sent once; later reads begin with the way that works."""
    with sandbox.start(deals=600, id_rules=False) as box:
        connection = reach(box, concurrency=1)
        connection.deals_df()
        assert [paging(call) for call in searches(box)] == [
            ("id", []),
            ("id", ["deal.id"]),
            ("createdAt", []),
            ("createdAt", ["deal.createdAt"]),
            ("createdAt", ["deal.createdAt"]),
        ]
        before = len(box.log)
        frame = connection.deals_df()
        assert [paging(call) for call in searches(box)[-3:]] == [
            ("createdAt", []),
            ("createdAt", ["deal.createdAt"]),
            ("createdAt", ["deal.createdAt"]),
        ]
        assert len(box.log) - before == 3
    assert frame.attrs["salesmate"]["strategy"] == "windows"


@pytest.mark.parametrize(
    ("theirs", "ours"), [("Asia/Kolkata", "America/New_York"), ("America/New_York", "Asia/Kolkata")]
)
def test_another_time_zone_than_the_settings_say_costs_calls_only(theirs, ours):
    """Windows that begin hours early overlap; where they begin too late, they begin again further back."""
    with sandbox.start(deals=1_200, id_rules=False, time_zone=theirs) as box:
        frame = reach(box, timezone=ours).deals_df()
    assert list(frame["id"]) == box.deals.ids()
    assert frame.attrs["salesmate"]["calls"] <= 5 + 8


def test_windows_are_written_in_the_accounts_own_zone():
    """Where the settings name that zone, windows join, a change of clocks included."""
    with sandbox.start(deals=1_200, id_rules=False, time_zone="Asia/Kolkata") as box:
        frame = reach(box, timezone="Asia/Kolkata").deals_df()
    assert list(frame["id"]) == box.deals.ids()
    assert frame.attrs["salesmate"]["strategy"] == "windows"


def test_more_deals_of_one_minute_than_a_page_holds_are_all_read():
    """700 deals that an import made at once come by windows, and offsets within."""
    with sandbox.start(deals=0, id_rules=False) as box:
        for number in range(1_000):
            minute = 0 if number < 100 else 5 if number < 800 else number
            box.deals.create(createdAt=f"2026-03-01T{minute // 60:02d}:{minute % 60:02d}:00Z")
        frame = reach(box, concurrency=1).deals_df()
    assert list(frame["id"]) == box.deals.ids()
    assert frame.attrs["salesmate"]["strategy"] == "windows"


@pytest.mark.parametrize("filters", [{"status": "Won"}, {"modified_since": "2026-01-01"}])
def test_a_filter_that_the_server_refuses_is_applied_here(filters):
    """A refused rule costs calls, never correctness."""
    refused = b'{"Status": "failure", "Error": {"Code": "4001", "Name": "ValidationError"}}'
    with sandbox.start(deals=600) as box:
        connection = reach(box)
        expected = connection.deals_df(**filters)
        box.script("/apis/deal/v4/search", sandbox.Answer(status=200, body=refused))
        frame = connection.deals_df(**filters)
        assert len(searches(box)[-1]["filterQuery"]["group"]["rules"]) <= 2
    assert 0 < len(expected) < 600
    assert list(frame["id"]) == list(expected["id"])


def test_pages_are_fetched_side_by_side():
    """Four calls are on their way at a time, no more; one with concurrency=1."""
    for concurrency in (1, 4):
        with sandbox.start(deals=4_000) as box:
            gauge = Gauge(concurrency)
            box.deals.before_search = gauge
            reach(box, concurrency=concurrency).deals_df()
        assert gauge.most == concurrency


class Gauge:
    """Counts the searches that are answered at the same time, and holds each until others came."""

    def __init__(self, expected):
        self.most = 0
        self._now = 0
        self._changed = threading.Condition()
        self._expected = expected

    def __call__(self):
        with self._changed:
            self._now += 1
            self.most = max(self.most, self._now)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._now >= self._expected, timeout=0.2)
            self._now -= 1


def test_the_first_error_ends_the_read_and_all_its_threads():
    """One page that cannot be had: the error comes at once, and nothing goes on calling."""
    fault = sandbox.Answer(status=403, body=b'{"Status": "failure", "Error": {"Name": "Forbidden"}}')
    with sandbox.start(deals=5_000) as box:
        connection = reach(box)
        real = sandbox.Answer(real=True)
        box.script("/apis/deal/v4/search", real, real, real, real, real, fault)
        with pytest.raises(ApiError, match="403"):
            connection.deals_df()
        calls = len(box.log)
        assert calls < 5_000 / 250
        assert not [one.name for one in threading.enumerate() if one.name.startswith("salesmate_nb-read")]
        assert len(connection.deals_df()) == 5_000
    assert len(box.log) > calls


@pytest.mark.parametrize("when", [1, 6])
def test_an_interrupt_ends_the_read_and_its_waits(when, monkeypatch):
    """Ctrl+C while workers wait for the server's rate limit: they end with it."""
    limited = sandbox.Answer(status=429, headers={"Retry-After": "600"})
    with sandbox.start(deals=5_000) as box:
        connection = reach(box)
        connection.get("apis/core/v4/users")
        box.script("/apis/deal/v4/search", *[sandbox.Answer(real=True)] * when, *[limited] * 4)
        interrupted = threading.Timer(1.0, interrupt)
        interrupted.start()
        with pytest.raises(KeyboardInterrupt):
            connection.deals_df()
        assert not [one.name for one in threading.enumerate() if one.name.startswith("salesmate_nb-read")]


def interrupt():
    """Interrupt the main thread, as Ctrl+C and a notebook's stop button do."""
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


@pytest.mark.parametrize(
    "fault",
    [
        sandbox.Answer(status=500),
        sandbox.Answer(status=502, body=b"<html>"),
        sandbox.Answer(status=503),
        sandbox.Answer(status=429, headers={"Retry-After": "0"}),
        sandbox.Answer(drop="before"),
        sandbox.Answer(real=True, drop="in-body"),
        sandbox.Answer(status=200, body=b'{"Status": "success", "Data": {"data": [{"id": 1'),
    ],
    ids=lambda fault: fault.drop or str(fault.status),
)
def test_a_fault_in_the_middle_costs_one_call_and_no_row(fault, monkeypatch):
    """The read goes on with the page that failed, and asks for no other page again."""
    monkeypatch.setattr("salesmate_nb._api.waiting.Waiter.sleep", lambda *_: None)
    with sandbox.start(deals=3_000) as box:
        connection = reach(box, concurrency=1)  # side by side, where walks meet depends on timing
        calm = connection.deals_df().attrs["salesmate"]["calls"] - 1  # the catalogue is known afterwards
        real = sandbox.Answer(real=True)
        box.script("/apis/deal/v4/search", real, real, real, fault, real, fault)
        frame = connection.deals_df()
    assert list(frame["id"]) == box.deals.ids()
    assert frame.attrs["salesmate"]["calls"] == calm + 2


def test_a_token_that_dies_in_the_middle_is_renewed_once_for_all_workers():
    """Four workers meet the end of the token at the same time: one refresh, and no page twice."""
    with sandbox.start(deals=4_000) as box:
        connection = connect(Settings(**replace(box.settings, linkname=box.linkname)))
        box.visit(connection.login_url)
        real = connection.deals_df().attrs["salesmate"]["calls"] - 1
        pages = []

        def expire():
            pages.append(1)
            if len(pages) == 5:
                box.expire_access_tokens()

        box.deals.before_search = expire
        before = [call.path for call in box.log].count("/oauth/token")
        frame = connection.deals_df()
        refreshes = [call.path for call in box.log].count("/oauth/token") - before
    assert list(frame["id"]) == box.deals.ids()
    assert refreshes == 1
    assert real <= frame.attrs["salesmate"]["calls"] <= real + 4


# Odd servers, without a socket: what matters is which pages come, in which order.


@dataclass
class Odd:
    """A server that may do anything but lie about single rows."""

    rows: list[tuple[int, int]]  # ids, and the minute each was created in
    id_rules: bool | str = True
    created_rules: bool = True
    zone_ahead: int = 0  # minutes that its rules mean later than they are written
    sorts: bool = True
    pages: bool = True
    most_rows: int = 250
    deepest: int | None = None
    counts: str = "true"
    changes: list[str] = field(default_factory=list)
    per_call: int = 1
    calls: int = 0
    throughout: set[int] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self):
        self.throughout = {one for one, _ in self.rows}

    def __call__(self, request: SearchRequest) -> SearchPage:
        with self.lock:
            self.calls += 1
            assert self.calls < 500, "it never ends"
            self._change()
            return self._answer(request)

    def _change(self):
        for _ in range(self.per_call):
            if self.changes:
                self._make(self.changes.pop())

    def _make(self, change):
        if change == "create":
            self.rows.append((max([0, *(one for one, _ in self.rows)]) + 1, 10**6 + self.calls))
        elif self.rows:
            gone = self.rows.pop(0 if change == "delete first" else len(self.rows) // 2)
            self.throughout.discard(gone[0])

    def _answer(self, request: SearchRequest) -> SearchPage:
        if self.deepest is not None and request.offset > self.deepest:
            raise ApiError("too deep", status=400)
        found = list(self.rows)
        for rule in request.rules:
            name, data = rule.path, rule.data
            if name == "id" and self.id_rules and (self.id_rules != "now and then" or self.calls % 3):
                found = [row for row in found if row[0] > data]
                found = [] if self.id_rules == "nothing" else found
            elif name == "createdAt" and self.created_rules and data != "Jan 01, 1970 05:30 AM":
                since = minute_of(data) + self.zone_ahead
                found = [row for row in found if row[1] > since]
        if self.sorts:
            found.sort(key=lambda row: row[0 if request.sort == "id" else 1])
        total = {"true": len(found), "never": None, "capped": min(len(found), 40), "page": 0}[self.counts]
        if self.pages:
            found = found[request.offset :][: min(request.rows, self.most_rows)]
        total = len(found) if self.counts == "page" else total
        return SearchPage(
            records=[{"id": one, "createdAt": created(minute)} for one, minute in found], total=total
        )


def created(minute):
    """Write a minute since 2020, or a part of one, as records do."""
    return (dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)).isoformat()


def minute_of(written):
    """Read a rule's date as minutes since 2020."""
    moment = dt.datetime.strptime(written, "%b %d, %Y %I:%M %p").replace(tzinfo=dt.UTC)
    return (moment - dt.datetime(2020, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(minutes=1)


def read(server, ways=None, **how):
    """Return the ids that a sweep of an odd server finds, and the sweep."""
    request = SearchRequest(resource=DEALS, fields=("id",), rows=10).unfiltered()
    sweep = FullRead(server, request, [make() for make in WAYS.values()] if ways is None else ways, **how)
    return [int(record["id"]) for page in sweep.pages() for record in page.records], sweep


def drawn(most, make):
    """Return lists up to a length, each length as likely; hypothesis draws short ones mostly."""
    return st.builds(lambda size, seed: make(random.Random(seed), size), st.integers(0, most), st.integers(0))


rows = drawn(
    120, lambda one, size: [(record_id, one.randrange(41)) for record_id in one.sample(range(1, 10**6), size)]
)
changes = drawn(60, lambda one, size: one.choices(["create", "delete first", "delete middle"], k=size))


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=rows,
    quirks=st.fixed_dictionaries(
        {},
        optional={
            "id_rules": st.sampled_from([False, "nothing", "now and then"]),
            "created_rules": st.just(False),
            "sorts": st.just(False),
            "pages": st.just(False),
            "most_rows": st.sampled_from([1, 3, 9]),
            "deepest": st.sampled_from([0, 10, 30]),
            "counts": st.sampled_from(["never", "capped", "page"]),
        },
    ),
    concurrency=st.sampled_from([1, 3]),
)
def test_a_calm_account_is_read_whole_or_not_at_all(rows, quirks, concurrency):
    """Whatever the server honours: all rows once, or an error; never a quiet short read.

    One that neither sorts nor counts, as documented, or that counts too few where its pages are smaller
    than was asked for, leaves nothing to find that out by.
    """
    assume(quirks.get("sorts", True) or "counts" not in quirks)
    assume(quirks.get("counts") != "page" or "id_rules" not in quirks)
    assume(quirks.get("counts") not in {"page", "capped"} or "most_rows" not in quirks)
    server = Odd(rows, **quirks)
    try:
        found, _ = read(server, workers=concurrency)
    except (IncompleteRead, ApiError):
        assert quirks, "a server as documented is always read"
        return
    assert sorted(found) == sorted(server.throughout)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=rows,
    way=st.sampled_from(list(WAYS)),
    changes=changes,
    per_call=st.integers(1, 4),
    zone_ahead=st.sampled_from([0, 5, 90]),
    concurrency=st.sampled_from([1, 3]),
)
def test_what_is_there_throughout_is_read_by_every_way(rows, way, changes, per_call, zone_ahead, concurrency):
    """Changes before each call, of the worst kind for offsets: no row that stays is missed."""
    distinct = [(one, number) for number, (one, _) in enumerate(rows)]  # a minute each
    server = Odd(distinct, changes=changes, per_call=per_call, zone_ahead=zone_ahead)
    try:
        found, _ = read(server, [WAYS[way](), OffsetPaginator()], workers=concurrency)
    except IncompleteRead:
        return
    assert not server.throughout - set(found)
    assert len(found) == len(set(found))


def test_a_rule_that_is_kept_to_now_and_then():
    """A server that forgets the rule on ids on each third page is read by another way, and ends."""
    server = Odd([(number, number) for number in range(1, 61)], id_rules="now and then")
    found, sweep = read(server)
    assert sorted(found) == list(range(1, 61))
    assert sweep.strategy == "windows"


def test_a_minute_of_very_many_deals_is_no_endless_read():
    """Where IS_AFTER means the rest of its own minute too, a window never leads back to an earlier one."""
    seconds = [0, *range(600, 622, 2), *range(660, 700, 5), *range(1200, 6000, 600)]
    server = Odd([(number, second / 60) for number, second in enumerate(seconds)], id_rules=False)
    found, sweep = read(server)
    assert sorted(found) == list(range(len(seconds)))
    assert sweep.strategy == "windows"


def test_rows_that_are_gone_do_not_make_up_for_rows_that_were_missed():
    """Where no way is honoured and rows slip in both passes, what was read and is gone does not count."""
    server = Odd([(number, number) for number in range(40, 0, -1)], sorts=False, per_call=2)
    server.changes = ["delete first"] * 200
    with pytest.raises(IncompleteRead):
        read(server)


def test_a_list_that_comes_by_id_is_read_while_it_grows():
    """v1 knows no rules: its total moves in every pass, but its order shows that no row slipped."""
    server = Odd([(number, number) for number in range(1, 601)], changes=["create"] * 100)
    found, sweep = read(server, [OffsetPaginator()])
    assert not server.throughout - set(found)
    assert len(found) == len(set(found))
    assert sweep.strategy == "offsets"


def test_a_total_that_is_told_once_is_checked_against():
    """A second reading that gets no total is measured by the one that was told before."""
    server = Odd([(number, number) for number in range(1, 31)], sorts=False)
    answer = server._answer
    server._answer = lambda request: replace(
        page := answer(request), total=31 if server.calls == 1 else None, records=page.records[::-1]
    )
    with pytest.raises(IncompleteRead, match="30 deals were read, X"):
        read(server)


def test_a_server_that_holds_rows_back_is_found_out():
    """It says 30 and gives 25, twice over: that is an error with the numbers, not a frame."""
    server = Odd([(number, number) for number in range(1, 31)])
    answer = server._answer
    server._answer = lambda request: replace(
        page := answer(request), records=[one for one in page.records if one["id"] % 6]
    )
    with pytest.raises(IncompleteRead) as caught:
        read(server)
    assert (caught.value.read, caught.value.total) == (25, 30)


def test_an_unreachable_server_is_no_reason_to_try_another_way():
    """A network that fails says nothing of what the server honours."""
    calls = []

    def ask(request):
        calls.append(request)
        raise ConnectionFailed("no network")

    with pytest.raises(ConnectionFailed):
        read(ask)
    assert len(calls) == 1
