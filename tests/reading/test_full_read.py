"""Full reads: every record exactly once, on any server, and while records change."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import random
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from zoneinfo import ZoneInfo

import pytest
import requests
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from salesmate_nb import Settings, connect, sandbox
from salesmate_nb._pagination.created.offsets import CreatedOffsets
from salesmate_nb._pagination.paginators import CreatedWindowPaginator, KeysetPaginator, OffsetPaginator
from salesmate_nb._pagination.parallel_walks import ParallelWalks
from salesmate_nb._pagination.strategies import strategies_for
from salesmate_nb._reading.full_read import FullRead
from salesmate_nb._reading.server_profile import Support
from salesmate_nb._search.search import SearchPage, SearchRequest, search_v4
from salesmate_nb.errors import ApiError, ConnectionFailed, IncompleteRead, LoginRequired, RateLimited
from salesmate_nb.resources import DEALS
from tests.helpers import posix, reach

UTC = ZoneInfo("UTC")
STRATEGIES = {
    "keyset": lambda: ParallelWalks(KeysetPaginator()),
    "windows": lambda: ParallelWalks(CreatedWindowPaginator(UTC)),
    "offsets": lambda: ParallelWalks(OffsetPaginator()),
    "offsets by createdAt": lambda: CreatedOffsets(UTC),
}
WITHOUT_RANGES = [each for each in strategies_for("v4", UTC) if not each.name.startswith("ranges")]
REQUEST = SearchRequest(resource=DEALS, fields=("id",)).unfiltered()


def fetch_from(box):
    """Return a function that fetches pages from a sandbox, with nothing of the package in between."""
    headers = {"accessToken": box.session_key, "x-linkname": f"{box.linkname}.salesmate.io"}

    def call(method, path, *, params, json, **_):
        return requests.request(
            method, f"{box.url}/{path}", params=params, json=json, headers=headers, timeout=10
        ).json()

    return partial(search_v4, call)


def searches(box):
    """Return the bodies of the searches that the server received."""
    return [call.json for call in box.log if call.path.endswith("/search")]


def paging(body):
    """Return the sort field of a search, and the fields of its rules besides the filter."""
    sort = body["sort"]["fieldName"].removeprefix("deal.")
    return sort, [rule["field"]["fieldName"] for rule in body["filterQuery"]["group"]["rules"][1:]]


def ids_of(read):
    """Return the ids that a full read finds, in order of arrival."""
    return [int(record["id"]) for page in read.pages() for record in page.records]


def read_threads():
    """Return the threads of reads that do not end within some seconds."""
    for thread in threading.enumerate():
        if thread.name.startswith("salesmate_nb-read"):
            thread.join(20)
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("salesmate_nb-read")]


class Colleagues:
    """Create, edit and delete deals before each page is returned, by a seed."""

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


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize(
    ("deals", "workers"),
    [(2_000, 4), *(pytest.param(*given, marks=pytest.mark.slow) for given in ((2_000, 1), (13_000, 4)))],
)
def test_concurrent_changes(deals, workers, name):
    """10 changes before each page: every record that existed throughout is read, or the read fails.

    Pages by offsets show it on their own. The others need a total, which proves nothing while it changes, so
    the rows are read again. Of 13,000 deals, over 500 have the same createdAt: such rows need a total, too.
    """
    is_exact = name == "offsets" or (name, deals) == ("offsets by createdAt", 2_000)
    with sandbox.start(
        deals=deals, id_rules="supported" if name == "keyset" else "ignored", behavior="kind"
    ) as box:
        colleagues = Colleagues(box, changes=10)
        read = FullRead(fetch_from(box), REQUEST, [STRATEGIES[name]()], workers=workers)
        try:
            found = ids_of(read)
        except IncompleteRead:
            assert not is_exact
            return
    assert not colleagues.there_throughout - set(found)
    assert len(found) == len(set(found))
    assert read.strategy == (name if is_exact else "repeated passes")
    assert abs(read.totals[0] - deals) <= 10
    assert len(read.totals) > 1


@pytest.mark.slow
def test_frame_under_changes():
    """20,000 deals, 10 changes before each page: the frame is complete, unique and sorted."""
    with sandbox.start(deals=20_000, behavior="kind") as box:
        connection = reach(box, "key-v4")
        colleagues = Colleagues(box, changes=10)
        frame = connection.deals_df()
    assert not colleagues.there_throughout - set(frame["id"])
    assert frame["id"].is_unique
    assert frame["id"].is_monotonic_increasing
    assert frame.attrs["salesmate"]["strategy"] == "offsets"
    assert len(frame.attrs["salesmate"]["totals"]) > 1


@pytest.mark.parametrize("deals", [0, 1, 249, 250, 251, 500, 4_999])
@pytest.mark.parametrize("name", STRATEGIES)
def test_number_of_requests(name, deals):
    """N records cost at most ceil(N / 250) + 7 requests, all probes included."""
    server = OddServer([(number, number) for number in range(deals)], id_rules=name == "keyset")
    strategies = [STRATEGIES["offsets"]()] if name == "offsets" else WITHOUT_RANGES
    assert sorted(ids_of(FullRead(server, REQUEST, strategies, workers=4))) == list(range(deals))
    assert server.calls <= math.ceil(deals / 250) + 7


@pytest.mark.parametrize("id_rules", ["supported", "ignored"])
def test_reported_requests(id_rules):
    """A frame reports the requests it took, the field catalog included."""
    with sandbox.start(deals=1_100, id_rules=id_rules, behavior="kind") as box:
        frame = reach(box, "key-v4").deals_df()
        calls = len(box.log)
    assert list(frame["id"]) == box.deals.ids()
    assert calls <= math.ceil(1_100 / 250) + 8
    assert frame.attrs["salesmate"]["calls"] == calls


def test_server_is_probed_once():
    """What the server does not support is tried once; later reads start with what works."""
    server = OddServer([(number, number) for number in range(1, 61)], deepest=8)
    support = Support()
    found, _ = read(server, support=support)
    assert sorted(found) == list(range(1, 61))
    assert (support.strategy, len(support.unsupported)) == ("keyset", 5)
    before = server.calls
    read(server, support=support)
    assert server.calls - before == 7


@pytest.mark.parametrize(
    ("theirs", "ours"), [("Asia/Kolkata", "America/New_York"), ("America/New_York", "Asia/Kolkata")]
)
def test_wrong_time_zone(theirs, ours):
    """If the settings name the wrong time zone, windows overlap or are repeated: more requests, no gap."""
    with sandbox.start(deals=1_200, id_rules="ignored", time_zone=theirs, behavior="kind") as box:
        frame = reach(box, "key-v4", timezone=ours).deals_df()
    assert list(frame["id"]) == box.deals.ids()
    assert frame.attrs["salesmate"]["calls"] <= 5 + 8


def test_right_time_zone():
    """If the settings name the account's time zone, windows are contiguous."""
    with sandbox.start(deals=1_200, id_rules="ignored", time_zone="Asia/Kolkata", behavior="kind") as box:
        full_read = FullRead(
            fetch_from(box), REQUEST, [ParallelWalks(CreatedWindowPaginator(ZoneInfo("Asia/Kolkata")))]
        )
        assert sorted(ids_of(full_read)) == box.deals.ids()
    assert full_read.strategy == "windows"


@pytest.mark.parametrize("name", ["windows", "offsets by createdAt"])
def test_full_minutes(name):
    """700 deals that an import created in one minute are read by creation time, with offsets inside."""
    with sandbox.start(deals=0, id_rules="ignored", behavior="kind") as box:
        for number in range(1_000):
            minute = 0 if number < 100 else 5 if number < 800 else number
            box.deals.create(createdAt=f"2026-03-01T{minute // 60:02d}:{minute % 60:02d}:00Z")
        full_read = FullRead(fetch_from(box), REQUEST, [STRATEGIES[name]()])
        assert sorted(ids_of(full_read)) == box.deals.ids()
    assert full_read.strategy == name


@pytest.mark.parametrize("filters", [{"status": "Won"}, {"modified_since": "2026-01-01"}])
def test_rejected_filter(filters):
    """If the server rejects a filter, all rows are read and filtered here."""
    rejected = b'{"Status": "failure", "Error": {"Code": "4001", "Name": "ValidationError"}}'
    with sandbox.start(deals=600, behavior="kind") as box:
        connection = reach(box, "key-v4")
        expected = connection.deals_df(**filters)
        box.script("/apis/deal/v4/search", sandbox.ScriptedResponse(status=200, body=rejected))
        frame = connection.deals_df(**filters)
        assert len(searches(box)[-1]["filterQuery"]["group"]["rules"]) <= 2
    assert 0 < len(expected) < 600
    assert list(frame["id"]) == list(expected["id"])


@pytest.mark.parametrize("concurrency", [1, 4])
def test_concurrency(concurrency):
    """As many requests as the settings say are made at the same time, and never more."""
    with sandbox.start(deals=3_000, behavior="kind") as box:
        gauge = Gauge(concurrency)
        box.deals.before_search = gauge
        reach(box, "key-v4", concurrency=concurrency).deals_df()
    assert gauge.most == concurrency


class Gauge:
    """Counts the searches at the same time; from the third on, each waits until enough have arrived."""

    def __init__(self, expected):
        self.most = 0
        self._total = 0
        self._now = 0
        self._changed = threading.Condition()
        self._expected = expected

    def __call__(self):
        with self._changed:
            self._now += 1
            self._total += 1
            self.most = max(self.most, self._now)
            self._changed.notify_all()
            if self._total > 2:  # the first two are made alone, to probe the server
                self._changed.wait_for(lambda: self.most >= self._expected, timeout=30)
        time.sleep(0.01)
        with self._changed:
            self._now -= 1


def test_first_error_ends_the_read():
    """If one page cannot be fetched, the error is raised at once, and no thread makes further requests."""
    fault = sandbox.ScriptedResponse(
        status=401, body=b'{"Status": "failure", "Error": {"Name": "AuthenticationFailed"}}'
    )
    with sandbox.start(deals=3_000, behavior="kind") as box:
        connection = reach(box, "key-v4")
        real = sandbox.ScriptedResponse(real=True)
        box.script("/apis/deal/v4/search", real, real, real, fault)
        with pytest.raises(LoginRequired, match="401"):
            connection.deals_df()
        calls = len(box.log)
        assert calls < 3_000 / 250
        assert not read_threads()
        connection.renew()  # one request shows that the key works after all
        assert len(connection.deals_df()) == 3_000
    assert len(box.log) > calls


@posix
@pytest.mark.parametrize("pages", [1, 6])
def test_interrupt(pages):
    """Ctrl+C while workers wait for the server's rate limit ends the read and all its waits."""
    limited = sandbox.ScriptedResponse(status=429, headers={"Retry-After": "600"})
    with sandbox.start(deals=5_000, behavior="kind") as box:
        connection = reach(box, "key-v4")
        connection.get("apis/core/v4/users")
        box.script("/apis/deal/v4/search", *[sandbox.ScriptedResponse(real=True)] * pages, *[limited] * 4)
        thread = threading.Thread(target=interrupt_after, args=(box, pages + 1))
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            connection.deals_df()
        thread.join()
        assert not read_threads()


def interrupt_after(box, count):
    """Interrupt the main thread, as Ctrl+C does, once a sandbox has received so many searches."""
    for _ in range(1500):
        if len(searches(box)) >= count:
            break
        time.sleep(0.02)
    time.sleep(0.1)  # until the client waits
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


@pytest.fixture(scope="module")
def seven_pages():
    with sandbox.start(deals=1_600, behavior="kind") as running:
        yield running


@pytest.mark.parametrize(
    "fault",
    [
        sandbox.ScriptedResponse(status=500),
        sandbox.ScriptedResponse(status=502, body=b"<html>"),
        sandbox.ScriptedResponse(status=503),
        sandbox.ScriptedResponse(status=429, headers={"Retry-After": "0"}),
        sandbox.ScriptedResponse(drop="before"),
        sandbox.ScriptedResponse(real=True, drop="in-body"),
        sandbox.ScriptedResponse(status=200, body=b'{"Status": "success", "Data": {"data": [{"id": 1'),
    ],
    ids=lambda fault: fault.drop or str(fault.status),
)
def test_transient_fault(seven_pages, fault, monkeypatch):
    """The read retries the page that failed, and fetches no other page again."""
    monkeypatch.setattr("salesmate_nb._api.waiting.Waiter.sleep", lambda *_: None)
    box = seven_pages
    connection = reach(box, "key-v4", concurrency=1)  # otherwise the number of requests depends on timing
    known = 2  # the field catalog and the pipelines, which are requested once
    undisturbed = connection.deals_df().attrs["salesmate"]["calls"] - known
    real = sandbox.ScriptedResponse(real=True)
    box.script("/apis/deal/v4/search", real, real, real, fault, real, fault)
    frame = connection.deals_df()
    assert list(frame["id"]) == box.deals.ids()
    assert frame.attrs["salesmate"]["calls"] == undisturbed + 2


def test_token_expires_during_the_read():
    """Four workers meet an expired token at the same time: one refresh, and no page fetched twice."""
    with sandbox.start(deals=2_500, behavior="kind") as box:
        connection = connect(Settings(**replace(box.settings, linkname=box.linkname)))
        box.visit(connection.login_url)
        connection.deals_df()
        pages = []

        def expire():
            pages.append(1)
            if len(pages) == 5:
                box.expire_access_tokens()

        box.deals.before_search = expire
        before = len(box.log)
        frame = connection.deals_df()
        log = box.log[before:]
    assert list(frame["id"]) == box.deals.ids()
    assert [request.path for request in log].count("/oauth/token") == 1
    assert 1 <= [request.status for request in log].count(401) <= 4
    fetched = [f"{request.query} {request.json}" for request in log if request.status == 200 and request.json]
    assert len(fetched) == len(set(fetched))


# Odd servers, without a socket: what matters is which pages arrive, in which order.


@dataclass
class OddServer:
    """A server that may misbehave, except about single rows."""

    rows: list[tuple[int, int]]  # ids, and the minute each was created in
    id_rules: bool | str = True
    created_rules: bool = True
    zone_ahead: int = 0  # minutes by which its rules are later than they are written
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
        self.throughout = {number for number, _ in self.rows}

    def __call__(self, request: SearchRequest) -> SearchPage:
        with self.lock:
            self.calls += 1
            assert self.calls < 500, "it never ends"
            self._change()
            return self._respond(request)

    def _change(self):
        for _ in range(self.per_call):
            if self.changes:
                self._make(self.changes.pop())

    def _make(self, change):
        if change == "create":
            self.rows.append((max([0, *(number for number, _ in self.rows)]) + 1, 10**6 + self.calls))
        elif self.rows:
            gone = self.rows.pop(0 if change == "delete first" else len(self.rows) // 2)
            self.throughout.discard(gone[0])

    def _respond(self, request: SearchRequest) -> SearchPage:
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
            records=[{"id": number, "createdAt": created(minute)} for number, minute in found], total=total
        )


def created(minute):
    """Format a minute since 2020, or a fraction of one, as records do."""
    return (dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)).isoformat()


def minute_of(written):
    """Parse a rule's date as minutes since 2020."""
    timestamp = dt.datetime.strptime(written, "%b %d, %Y %I:%M %p").replace(tzinfo=dt.UTC)
    return (timestamp - dt.datetime(2020, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(minutes=1)


def read(server, strategies=WITHOUT_RANGES, **options):
    """Return the ids that a full read of an odd server finds, and the read."""
    full_read = FullRead(server, replace(REQUEST, rows=10), strategies, **options)
    return ids_of(full_read), full_read


def drawn(most, make):
    """Return lists up to a length, each length as likely; hypothesis prefers short ones."""
    return st.builds(lambda size, seed: make(random.Random(seed), size), st.integers(0, most), st.integers(0))


rows = drawn(
    120,
    lambda chance, size: [(number, chance.randrange(41)) for number in chance.sample(range(1, 10**6), size)],
)
stable_servers = given(
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
    workers=st.sampled_from([1, 3]),
)
changing_servers = given(
    rows=rows,
    name=st.sampled_from(list(STRATEGIES)),
    changes=drawn(
        60, lambda chance, size: chance.choices(["create", "delete first", "delete middle"], k=size)
    ),
    per_call=st.integers(1, 4),
    zone_ahead=st.sampled_from([0, 5, 90]),
    workers=st.sampled_from([1, 3]),
)


def check_stable(rows, quirks, workers):
    """Assert that a server whose rows do not change is read completely, or with an error.

    One that neither sorts nor counts as documented, or that counts too few while its pages are smaller
    than requested, offers nothing to detect that by.
    """
    assume(quirks.get("sorts", True) or "counts" not in quirks)
    assume(quirks.get("counts") != "page" or "id_rules" not in quirks)
    assume(quirks.get("counts") not in {"page", "capped"} or "most_rows" not in quirks)
    server = OddServer(rows, **quirks)
    try:
        found, _ = read(server, workers=workers)
    except (IncompleteRead, ApiError):
        assert quirks, "a server as documented is always read"
        return
    assert sorted(found) == sorted(server.throughout)


def check_changing(rows, name, changes, per_call, zone_ahead, workers):
    """Assert that no row that exists throughout is missed, or that the read fails."""
    distinct = [(number, minute) for minute, (number, _) in enumerate(rows)]  # a minute each
    server = OddServer(distinct, changes=changes, per_call=per_call, zone_ahead=zone_ahead)
    try:
        found, _ = read(server, [STRATEGIES[name](), STRATEGIES["offsets"]()], workers=workers)
    except IncompleteRead:
        return
    assert not server.throughout - set(found)
    assert len(found) == len(set(found))


@settings(max_examples=60)
@stable_servers
def test_stable_server(rows, quirks, workers):
    """On any server: all rows once, or an error; never a silent short read."""
    check_stable(rows, quirks, workers)


@pytest.mark.slow
@settings(max_examples=200)
@stable_servers
def test_stable_server_long(rows, quirks, workers):
    """As above, with ten times as many servers."""
    check_stable(rows, quirks, workers)


@settings(max_examples=60)
@changing_servers
def test_changing_server(rows, name, changes, per_call, zone_ahead, workers):
    """Changes before each request, of the worst kind for offsets: no row that stays is missed."""
    check_changing(rows, name, changes, per_call, zone_ahead, workers)


@pytest.mark.slow
@settings(max_examples=200)
@changing_servers
def test_changing_server_long(rows, name, changes, per_call, zone_ahead, workers):
    """As above, with ten times as many servers."""
    check_changing(rows, name, changes, per_call, zone_ahead, workers)


def test_id_rule_ignored_now_and_then():
    """If the server ignores the rule on ids on each third page, another paginator takes over."""
    server = OddServer([(number, number) for number in range(1, 61)], id_rules="now and then")
    found, full_read = read(server, [STRATEGIES["keyset"](), STRATEGIES["windows"]()])
    assert sorted(found) == list(range(1, 61))
    assert full_read.strategy == "windows"


def test_windows_never_go_back():
    """If IS_AFTER includes the rest of its own minute, a window still never leads to an earlier one."""
    seconds = [0, *range(600, 622, 2), *range(660, 700, 5), *range(1200, 6000, 600)]
    server = OddServer([(number, second / 60) for number, second in enumerate(seconds)], id_rules=False)
    found, full_read = read(server, [STRATEGIES["windows"]()])
    assert sorted(found) == list(range(len(seconds)))
    assert full_read.strategy == "windows"


def test_ordered_read():
    """A read in the order of ids uses strategies with that order only, one request at a time."""
    server = OddServer([(number, -number) for number in range(1, 301)], id_rules=False)
    found, full_read = read(server, workers=4, ordered=True)
    assert found == list(range(1, 301))
    assert full_read.strategy == "offsets"


def test_unsupported_strategies_are_noted():
    """A paginator that the server does not support is noted, for later reads too."""
    support = Support()
    server = OddServer([(number, number) for number in range(1, 61)], id_rules=False)
    read(server, [STRATEGIES["keyset"](), STRATEGIES["offsets"]()], support=support)
    assert (support.strategy, support.unsupported) == ("offsets", ["keyset"])


def test_contradicted():
    """If the server no longer supports what worked last time, everything is learned again."""
    support = Support(strategy="keyset", unsupported=["offsets"])
    server = OddServer([(number, number) for number in range(1, 61)], id_rules=False)
    found, _ = read(server, support=support)
    assert sorted(found) == list(range(1, 61))
    assert (support.strategy, support.unsupported) == ("offsets", ["keyset"])


def test_small_list_teaches_nothing():
    """Rows that fit one page can be read by any strategy, so none is remembered."""
    support = Support()
    read(OddServer([(number, number) for number in range(1, 8)]), support=support)
    assert support == Support()


def test_deep_offsets_rejected():
    """If the server rejects deep offsets, the walk before covers what a further walk cannot reach."""
    server = OddServer([(number, number) for number in range(1, 301)], deepest=30)
    found, full_read = read(server, workers=4)
    assert sorted(found) == list(range(1, 301))
    assert full_read.strategy == "keyset"


def test_plan():
    """After the first page, the total and the number of further requests are reported once."""
    plans = []
    server = OddServer([(number, number) for number in range(1, 96)])
    read(server, plan=lambda total, count: plans.append((total, count)))
    assert plans == [(95, 9)]


def test_deleted_rows_do_not_offset_missed_ones():
    """Rows that were read and then deleted do not make up for rows that slipped."""
    server = OddServer([(number, number) for number in range(40, 0, -1)], sorts=False, per_call=2)
    server.changes = ["delete first"] * 200
    try:
        found, _ = read(server)
    except IncompleteRead:
        return
    assert not server.throughout - set(found)


def test_growing_list_by_offset():
    """v1 has no rules: its total changes in every attempt, but the order shows that no row slipped."""
    server = OddServer([(number, number) for number in range(1, 601)], changes=["create"] * 100)
    found, full_read = read(server, [STRATEGIES["offsets"]()])
    assert not server.throughout - set(found)
    assert len(found) == len(set(found))
    assert full_read.strategy == "offsets"


def test_total_sent_once():
    """A second attempt that gets no total is measured by the earlier one."""
    server = OddServer([(number, number) for number in range(1, 31)], sorts=False)
    respond = server._respond
    server._respond = lambda request: replace(
        page := respond(request), total=31 if server.calls == 1 else None, records=page.records[::-1]
    )
    with pytest.raises(IncompleteRead, match="full reads found 30 deals, but the server counted 31,"):
        read(server)


def test_withheld_rows():
    """A server that counts 30 and returns 25, twice, is an error with both numbers, not a frame."""
    server = OddServer([(number, number) for number in range(1, 31)])
    respond = server._respond
    server._respond = lambda request: replace(
        page := respond(request), records=[record for record in page.records if record["id"] % 6]
    )
    with pytest.raises(IncompleteRead) as caught:
        read(server)
    assert (caught.value.read, caught.value.total) == (25, 30)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_no_network(count):
    """If no response comes, no other strategy is tried; a request that is not retried is sent once more."""
    server = OddServer([(number, number) for number in range(1, 301)])
    with pytest.raises(ConnectionFailed):
        read(failing_from(server, count, ConnectionFailed("no network")))
    assert server.calls <= count + 1


@pytest.mark.parametrize("count", [1, 2, 4])
def test_everything_refused(count):
    """If even plain pages are refused, that error is raised."""
    server = OddServer([(number, number) for number in range(1, 301)])
    with pytest.raises(ApiError, match="forbidden") as caught:
        read(failing_from(server, count, ApiError("forbidden", status=403)))
    assert caught.value.status == 403
    assert server.calls <= count + 8


@pytest.mark.parametrize("error", [RateLimited("hour"), LoginRequired("expired")])
def test_not_a_refusal(error):
    """The end of the login or of the hourly limit says nothing about what the server supports."""
    server = OddServer([(number, number) for number in range(1, 301)])
    with pytest.raises(type(error)):
        read(failing_from(server, 3, error))
    assert server.calls == 3


def failing_from(server, count, error):
    """Return a fetch function that fails from some request on."""

    def fetch(request):
        page = server(request)
        if server.calls >= count:
            raise error
        return page

    return fetch


def test_rejected_sort():
    """If the server rejects a paginator's first request, the next paginator is tried."""
    server = OddServer([(number, number) for number in range(1, 61)])

    def fetch(request):
        if request.sort == "createdAt":
            raise ApiError("no such field", status=200, code="ValidationError")
        return server(request)

    found, full_read = read(fetch, [STRATEGIES["windows"](), STRATEGIES["offsets"]()])
    assert found == list(range(1, 61))
    assert full_read.strategy == "offsets"


def test_rejection_in_the_middle():
    """If the server starts to reject a paginator's requests, the next one reads the rest."""
    server = OddServer([(number, number) for number in range(1, 61)])

    def fetch(request):
        if server.calls > 3 and any(rule.path == "id" for rule in request.rules):
            raise ApiError("no such rule", status=422)
        return server(request)

    support = Support()
    found, full_read = read(fetch, [STRATEGIES["keyset"](), STRATEGIES["windows"]()], support=support)
    assert sorted(found) == list(range(1, 61))
    assert full_read.strategy == "windows"


@pytest.mark.parametrize(("total", "most"), [(100, 300), pytest.param(10, 10_000, marks=pytest.mark.slow)])
def test_list_without_end(total, most):
    """A list whose pages are always full and new ends with an error, bounded by the server's total if any."""
    requests_ = []

    def fetch(request):
        requests_.append(request)
        rows = range(request.offset, request.offset + request.rows)
        return SearchPage(records=[{"id": row, "createdAt": created(row)} for row in rows], total=total)

    with pytest.raises(IncompleteRead):
        read(fetch, [STRATEGIES["offsets"]()])
    assert len(requests_) <= most


def test_empty_page_by_a_fault():
    """An empty page where rows should be is requested again; nothing is concluded from it."""
    for fault in range(1, 7):
        server, support = OddServer([(number, number) for number in range(1, 61)]), Support()
        respond = server._respond

        def fail_once(request, fault=fault, server=server, respond=respond):
            page = respond(request)
            return replace(page, records=[]) if server.calls == fault else page

        server._respond = fail_once
        found, full_read = read(server, support=support)
        assert found == list(range(1, 61))
        assert (full_read.strategy, full_read.passes, support.unsupported) == ("offsets", 1, [])


@pytest.mark.parametrize("is_counted", [True, False])
def test_pages_that_come_early(is_counted):
    """If each second page holds rows of a later one, strategies are given up after a few requests."""
    calls = itertools.count()

    def fetch(request):
        offset = request.offset + 5 * (next(calls) % 2)
        rows = range(1, 501)[offset : offset + 10]
        records = [{"id": row, "createdAt": created(row)} for row in rows]
        return SearchPage(records=records, total=500 if is_counted else None)

    try:
        found, _ = read(fetch)
    except IncompleteRead:
        found = range(1, 501)
    assert set(found) == set(range(1, 501))
    assert next(calls) < 20 * 50 + 100


class CappedServer:
    """A search that returns and counts no more than the first rows of a list, as search engines do."""

    def __init__(self, count, *, cap=10_000, is_counted=False, rules=(), deep=None, newest_first=False):
        self.rows = range(1, count + 1)
        self.requests = 0
        self._cap, self._is_counted, self._rules, self._deep = cap, is_counted, rules, deep
        self._newest_first = newest_first

    def __call__(self, request):
        self.requests += 1
        rows = self.rows
        for rule in request.rules:
            if rule.path == "createdAt" and rule.condition == "IS_AFTER" and "createdAt" in self._rules:
                rows = range(max(minute_of(rule.data) // 9 + 1, 1), len(self.rows) + 1)
            if rule.condition == "BETWEEN":
                raise ApiError("not supported", status=400)
        if request.is_descending or self._newest_first:
            rows = rows[::-1]
        if request.offset >= self._cap and self._deep:
            raise ApiError("Unknown", status=self._deep)
        total = len(rows) if self._is_counted else min(len(rows), self._cap)
        page = rows[: self._cap][request.offset :][: request.rows]
        return SearchPage(records=[{"id": row, "createdAt": created(9 * row)} for row in page], total=total)


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("deep", [None, 500])
@pytest.mark.parametrize("is_counted", [True, False])
def test_list_cut_off(is_counted, deep, workers):
    """If no offset reaches beyond 10,000 rows, rules on createdAt find the others, next time at once."""
    support = Support()
    for _ in range(2):
        server = CappedServer(12_500, is_counted=is_counted, deep=deep, rules=["createdAt"])
        full_read = FullRead(server, REQUEST, strategies_for("v4", UTC), support=support, workers=workers)
        assert sorted(ids_of(full_read)) == list(server.rows)
    assert (full_read.strategy, server.requests < 60) == ("windows", True)


@pytest.mark.parametrize("options", [{}, {"newest_first": True}, {"deep": 500}], ids=str)
@pytest.mark.parametrize("api", ["v4", "v1"])
def test_cut_off_without_rules(api, options):
    """If nothing shows what follows 10,000 rows, that is an error which says so, or a warning if allowed."""
    server = CappedServer(25_000, **options)
    with pytest.raises(IncompleteRead, match="no more than 10,000 of a list"):
        ids_of(FullRead(server, REQUEST, strategies_for(api, UTC)))
    full_read = FullRead(server, REQUEST, strategies_for(api, UTC), allow_incomplete=True)
    with pytest.warns(UserWarning, match="of an unknown number"):
        assert 10_000 <= len(ids_of(full_read)) < 11_000
    assert full_read.shortfall[1] is None


def test_exactly_as_many():
    """A list that has 10,000 rows by chance costs one request more, for its other end."""
    server = CappedServer(10_000)
    found = ids_of(FullRead(server, REQUEST, strategies_for("v4", UTC), workers=4))
    assert sorted(found) == list(server.rows)
    assert server.requests <= 10_000 / 249 + 2


@pytest.mark.parametrize("hidden", [0, 30])
def test_round_number_in_any_order(hidden, monkeypatch):
    """If each pass has another order, a round number is no limit: passes would find what lies beyond it."""
    monkeypatch.setattr("salesmate_nb._pagination.open_read.ROUND", 100)
    chance, rows, support = random.Random(1), list(range(100 + hidden)), Support()

    def fetch(request):
        if request.offset == 0 or request.offset % 10:  # not on the pages of a pass
            chance.shuffle(rows)
        page = rows[:100][request.offset :][: request.rows]
        return SearchPage(records=[{"id": row} for row in page], total=100)

    for _ in range(2):
        full_read = FullRead(fetch, replace(REQUEST, rows=10), strategies_for("v1", UTC), support=support)
        assert sorted(ids_of(full_read)) == sorted(rows)
        assert full_read.strategy == "repeated passes"


@pytest.mark.parametrize("is_counted", [True, False])
@pytest.mark.parametrize("sign", [1, -1])
def test_cut_off_while_rows_are_deleted(sign, is_counted, monkeypatch):
    """If rows are deleted while a list is read up to the limit, others follow: their number is not round."""
    monkeypatch.setattr("salesmate_nb._pagination.open_read.ROUND", 100)
    for seed in range(12):
        chance, rows = random.Random(seed), list(range(130))[::sign]

        def fetch(request, chance=chance, rows=rows):
            if chance.random() < 0.3:
                rows.remove(chance.choice(rows))
            page = rows[:100][request.offset :][: request.rows]
            return SearchPage(records=[{"id": row} for row in page], total=100 if is_counted else None)

        with pytest.raises(IncompleteRead):
            ids_of(FullRead(fetch, replace(REQUEST, rows=10), strategies_for("v1", UTC)))


class ChangingList:
    """A list in some order, in which colleagues change rows before each page but the first."""

    def __init__(self, count, order, change, seed):
        self.random = random.Random(seed)
        self.rows = {number: self.random.random() for number in range(1, count + 1)}
        self.there = set(self.rows)
        self.requests = 0
        self._change, self._lock = change, threading.Lock()
        if order is not None:
            self._order = order

    def __call__(self, request):
        with self._lock:
            self.requests += 1
            if self.requests > 1:
                self._change(self)
            rows = sorted(self.rows, key=lambda number: self._order(number, self.rows[number]))
            page = rows[request.offset :][: request.rows]
            return SearchPage(records=[{"id": number} for number in page], total=len(rows))

    def create(self):
        self.rows[max(self.rows) + 1] = self.random.random()

    def create_and_delete(self):
        self.create()
        gone = self.random.choice(sorted(self.rows))
        self.there.discard(gone)
        del self.rows[gone]

    def create_now_and_then(self):
        if self.requests % 20 == 0:
            self.create()


def test_list_in_another_order():
    """In an order other than that of ids, one row created and one deleted before each page hide no other."""
    whole = 0
    for seed in range(8):
        server = ChangingList(1_100, lambda _number, place: place, ChangingList.create_and_delete, seed)
        with suppress(IncompleteRead):
            found = ids_of(FullRead(server, REQUEST, strategies_for("v1", UTC), workers=4))
            assert not server.there - set(found)
            whole += 1
    assert whole >= 4  # most; a few may fail loudly


class EditedFirst(ChangingList):
    """Sorts by the last change, whatever is asked for."""

    def edit_or_delete(self):
        number = self.random.choice(sorted(self.rows))
        if self.random.random() < 0.3:
            del self.rows[number]
            self.there.discard(number)
        else:
            self.rows[number] = 2.0 + self.requests


def test_edited_first_while_rows_are_deleted():
    """A row that an edit moves to the start is not missed: a deleted one does not stand for it."""
    for seed in range(40):
        server = EditedFirst(
            60, lambda number, place: (-(place // 1), -number), EditedFirst.edit_or_delete, seed
        )
        with suppress(IncompleteRead):
            found = ids_of(FullRead(server, replace(REQUEST, rows=10), strategies_for("v1", UTC)))
            assert not server.there - set(found)


class OtherTies(ChangingList):
    """Either of two servers, which order equal rows differently, returns a page."""

    factor = 1

    def _order(self, number, place):
        return place // 0.05, number * self.factor % 61

    def delete_and_draw(self):
        self.factor = self.random.choice([1, 37])
        if self.random.random() < 0.2:
            gone = self.random.choice(sorted(self.rows))
            self.there.discard(gone)
            del self.rows[gone]


def test_servers_with_other_orders():
    """If equal rows come in one of two orders, a deleted row does not stand for one that slipped."""
    for seed in range(60):
        server = OtherTies(60, None, OtherTies.delete_and_draw, seed)
        with suppress(IncompleteRead):
            found = ids_of(FullRead(server, replace(REQUEST, rows=10), strategies_for("v1", UTC)))
            assert not server.there - set(found)


def test_newest_first_while_it_grows():
    """Rows created while a list is read, newest first, are no reason to read it again."""
    server = ChangingList(20_000, lambda number, _place: -number, ChangingList.create_now_and_then, 0)
    found = ids_of(FullRead(server, REQUEST, strategies_for("v1", UTC), workers=4))
    assert not server.there - set(found)
    assert server.requests <= 20_000 / 249 + 10


@pytest.mark.parametrize("seed", range(8))
def test_replica_without_some_rows(seed):
    """If a server behind the same address lacks rows and counts its own, the greater count has to be met."""
    chance, totals = random.Random(seed), set()

    def fetch(request):
        is_behind = chance.random() < 0.5
        rows = [row for row in range(1, 1_001) if not (is_behind and 300 <= row <= 320)]
        totals.add(len(rows))
        page = rows[request.offset :][: request.rows]
        return SearchPage(records=[{"id": row} for row in page], total=len(rows))

    found = ids_of(FullRead(fetch, REQUEST, strategies_for("v1", UTC)))
    assert len(found) == max(totals)


def test_list_without_end_in_time(monkeypatch):
    """A list whose pages never end is given up after some hours, however many requests are left."""
    now = itertools.count(0, 3_600)
    monkeypatch.setattr("salesmate_nb._reading.full_read.time.monotonic", lambda: next(now))

    def fetch(request):
        rows = range(request.offset, request.offset + request.rows)
        return SearchPage(records=[{"id": row} for row in rows], total=None)

    with pytest.raises(IncompleteRead, match=r"did not end in 1\d requests"):
        ids_of(FullRead(fetch, REQUEST, strategies_for("v1", UTC)))
