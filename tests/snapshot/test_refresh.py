"""Refreshed snapshots: what a refresh costs in requests, and that it equals a live read."""

from __future__ import annotations

import dataclasses
import errno
import itertools
import json
import random
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb import (
    IncompleteRead,
    LoginError,
    LoginRequired,
    Salesmate,
    SalesmateError,
    Settings,
    SettingsError,
    connect,
    deals_df,
    sandbox,
)
from salesmate_nb._auth.stored_logins import add_login
from salesmate_nb._auth.token_stores.registry import make_token_store
from salesmate_nb._auth.tokens import Token
from salesmate_nb._snapshot import incremental
from salesmate_nb.analysis import movement
from salesmate_nb.resources import DEALS
from salesmate_nb.sandbox import ScriptedResponse
from tests.helpers import is_private, reach, same
from tests.live_account import LiveAccount, made

SEARCH = "/apis/deal/v4/search"


@pytest.fixture
def box():
    with sandbox.start(deals=800, behavior="kind", api="v1") as running:
        yield running


def requests_of(box, read):
    """Return what a read returns, and the paths of its requests."""
    before = len(box.log)
    frame = read()
    return frame, [call.path for call in box.log[before:]]


def wide_requests_of(box, read):
    """Return what a read returns, and how many of its searches asked for more than ids and times."""
    before = len(box.log)
    frame = read()
    searches = [call.json["displayingFields"] for call in box.log[before:] if call.path == SEARCH]
    return frame, sum(not {"deal.id", "deal.lastModifiedAt"}.issuperset(fields) for fields in searches)


def interrupted_read(box, request):
    """Refresh for the first time, and have the server refuse the search from this request on."""
    count = itertools.count(1)

    def refuse_later():
        if next(count) == request:
            box.script(SEARCH, *[ScriptedResponse(status=403)] * 20)

    box.before_search = refuse_later
    with pytest.raises(SalesmateError, match="403"):
        reach(box).deals_df(refresh="auto")
    box.before_search = None
    box.unscript()


def says(reason):
    """Expect the warning that changes alone cannot be read."""
    return pytest.warns(UserWarning, match=rf"^refresh='auto' reads all deals here.*: {reason}\. No row")


def checkpoints(box):
    return list((box.settings.token_cache / "snapshots").rglob("*.parts"))


def test_live_read_writes_no_file(box):
    """Without `refresh`, no customers' data are written to disk."""
    reach(box).deals_df()
    assert not (box.settings.token_cache / "snapshots").exists()


def test_refresh_of_an_unchanged_account(box):
    """It costs one page of deals, all ids, which a page holds 250 of, and two pages that are read again."""
    first = reach(box).deals_df(refresh="auto")
    again, requests = requests_of(box, lambda: reach(box).deals_df(refresh="auto"))
    assert requests[:2] == ["/apis/v3/fields/getAllVisibleFields", "/apis/v3/apps/dealPipeline"]
    assert len(requests) <= 2 + 1 + 1 + 800 / 250 + 2 + 2
    _, wide = wide_requests_of(box, lambda: reach(box).deals_df(refresh="auto"))
    assert wide == 3
    same(first, again)
    same(again, reach(box).deals_df())
    assert again.attrs["salesmate"]["strategy"] == "snapshot"


def test_offline_read_needs_no_server_or_login(box, tmp_path):
    """refresh="never" returns what the last refresh did, though server and token are gone."""
    live = reach(box, token_cache=tmp_path / "mine").deals_df(refresh="auto")
    account = dataclasses.replace(box.settings, linkname=box.linkname, token_cache=tmp_path / "mine")
    settings = Settings(**account)
    box.stop()
    same(Salesmate(settings).deals_df(refresh="never"), live)
    (tmp_path / "mine" / "default.json").unlink()
    same(Salesmate(settings).deals_df(refresh="never"), live)
    with pytest.raises(SalesmateError, match="refresh='auto'"):
        Salesmate(settings, profile="other").deals_df(refresh="never")


def test_offline_read_equals_live_read(box):
    """Filters, columns by label or API name, and limit have the same effect."""
    connection = reach(box)
    live = connection.deals_df(refresh="auto")
    frame, requests = requests_of(box, lambda: connection.deals_df(refresh="never", status="won", owner=11))
    assert requests == []
    same(frame, connection.deals_df(status="won", owner=11))
    columns = ["text_custom_field_1", "id", "contract_length"]
    assert list(connection.deals_df(refresh="never", columns=columns).columns) == columns
    same(connection.deals_df(refresh="never", limit=7), connection.deals_df(limit=7))
    same(connection.deals_df(refresh="never"), live)
    with pytest.raises(SalesmateError, match="no column 'x'"):
        connection.deals_df(refresh="never", columns=["x"])


@pytest.mark.parametrize(
    ("setting", "arguments"), [("", {"refresh": "never"}), ("never", {}), ("auto", {"as_of": "2999-01-01"})]
)
def test_offline_read_in_a_new_kernel(box, monkeypatch, setting, arguments):
    """A snapshot that is not refreshed, and the past, are read without a request and a login prompt."""
    reach(box).deals_df(refresh="auto")
    from salesmate_nb import _connect

    monkeypatch.setattr(_connect, "_newest", [])
    for name in box.settings.keys():  # noqa: SIM118 - not a mapping
        monkeypatch.setenv(f"SALESMATE_{name.upper()}", str(box.settings[name]))
    monkeypatch.setenv("SALESMATE_LINKNAME", box.linkname)
    monkeypatch.setenv("SALESMATE_REFRESH", setting)
    frame, requests = requests_of(box, lambda: deals_df(**arguments))
    assert (len(frame), requests) == (800, [])


def test_setting(box, tmp_path):
    """With the setting, methods that have `refresh` use the snapshot; the others read live."""
    connection = reach(box, refresh="auto")
    frames = [connection.deals_df(), connection.deals_df(limit=5), connection.contacts_df(columns="id")]
    assert {frame.attrs["salesmate"]["strategy"] for frame in frames} == {"snapshot"}
    assert frames[1]["id"].to_list() == box.deals.ids()[:5]
    assert b'"strategy": "snapshot"' in connection.deals_arrow().schema.metadata[b"salesmate"]
    box.deals.edit(box.deals.ids()[0], title="changed")
    assert connection.deals_df(refresh="never")["title"].iloc[0] != "changed"
    assert next(connection.deals(limit=1))["title"] == "changed"
    assert connection.write_dataset("deals", tmp_path / "deals") == 800
    assert connection.deals_df(refresh="live")["title"].iloc[0] == "changed"


def test_one_clock():
    """Live reads, refreshes and the past are dated by the server's clock, and movement compares them."""
    with sandbox.start(deals=120, login="session_key") as box:
        connection = connect(box)
        box.pass_days(0)
        then = connection.deals_df(refresh="auto")
        box.pass_days(2)
        now, live = connection.deals_df(refresh="auto"), connection.deals_df()
        past = [connection.deals_df(as_of=f"2026-07-0{day}T23:00Z") for day in (1, 2)]
    times = [frame.attrs["salesmate"]["read_at"] for frame in (then, past[0], now, past[1], live)]
    assert times[:4] == [times[0], times[0], times[2], times[2]]
    assert [time[:16] for time in times[::2]] == ["2026-06-30T18:00", "2026-07-02T18:00", "2026-07-02T18:00"]
    assert [frame.attrs["salesmate"]["stale_hours"] for frame in past] == pytest.approx([29, 5], abs=0.1)
    assert movement(past[0], live).equals(movement(then, now))


def test_only_changed_rows_are_read(box):
    """If 1 % of 800 deals changed, a refresh reads one page of them, and two that it checks."""
    connection = reach(box)
    connection.deals_df(refresh="auto")
    for deal in box.deals.ids()[::100]:
        box.deals.edit(deal, title="changed", dealValue=1.0)
    new = box.deals.create(title="new", status="Won")
    frame, wide = wide_requests_of(box, lambda: connection.deals_df(refresh="auto"))
    assert wide == 3
    assert (frame["title"] == "changed").sum() == 8
    assert frame.set_index("id").loc[new, "title"] == "new"
    same(frame, connection.deals_df())


@pytest.mark.parametrize(
    ("deals", "deleted", "most"), [(2_600, 1, 12), pytest.param(20_000, 3, 35, marks=pytest.mark.slow)]
)
def test_deletions_are_found_by_counts(deals, deleted, most, monkeypatch):
    """A few deleted rows among many cost a few requests, and not all ids are read, if they were that day."""
    monkeypatch.setattr(incremental, "_PAGES_COMPARED", 10)
    with sandbox.start(deals=deals, behavior="kind") as box:
        connection = reach(box)
        connection.deals_df(refresh="auto", progress=False)
        gone = random.Random(3).sample(box.deals.ids(), deleted)
        for deal in gone:
            box.deals.delete(deal)
        frame, requests = requests_of(box, lambda: connection.deals_df(refresh="auto"))
        assert len(requests) < most
        assert len(frame) == deals - deleted
        assert not frame["id"].isin(gone).any()
        assert list(frame["id"]) == box.deals.ids()


@pytest.mark.parametrize("id_rules", ["supported", "ignored"])
@pytest.mark.parametrize("count", [3, 799, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 400))])
def test_deletions_are_found_by_ids(count, id_rules):
    """After many deletions, or if the server ignores rules on ids, all ids are read."""
    with sandbox.start(deals=800, id_rules=id_rules, behavior="kind") as box:
        connection = reach(box)
        connection.deals_df(refresh="auto")
        for deal in random.Random(5).sample(box.deals.ids(), count):
            box.deals.delete(deal)
        same(connection.deals_df(refresh="auto"), connection.deals_df())


VERBS = st.lists(
    st.tuples(
        st.sampled_from(["create", "edit", "delete", "refresh", "custom", "garble"]), st.integers(0, 10**6)
    ),
    max_size=25,
)
EDITS = {"edit": {"dealValue": 7}, "custom": {"textCustomField7": "x"}, "garble": {"dealValue": "a lot"}}


HISTORIES = given(VERBS, st.sampled_from(["supported", "ignored"]), st.integers(0, 40))


def check_history(history, id_rules, deals):
    with sandbox.start(deals=deals, id_rules=id_rules, behavior="kind") as box, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Values that could not be read are missing")
        found = []
        for verb, number in history:
            ids = box.deals.ids()
            if verb == "create":
                box.deals.create(title=f"new {number}", dealValue=number)
            elif verb == "refresh":
                found.append(reach(box).deals_df(refresh="auto"))
            elif len(ids) > 1 and verb == "delete":  # no rows at all are an error, see test_empty_response
                box.deals.delete(ids[number % len(ids)])
            elif ids and verb in EDITS:
                box.deals.edit(ids[number % len(ids)], title=f"{verb} {number}", **EDITS[verb])
        live = reach(box).deals_df()
        found.append(reach(box).deals_df(refresh="auto"))
        same(found[-1], live)
        same(reach(box).deals_df(refresh="never"), live)
        check_past(box, found)


def check_past(box, found):
    """Compare the state as of each refresh with what it found, in the columns of today."""
    (folder,) = box.settings.token_cache.rglob("deals.history")
    refreshes = refreshes_in(folder)
    assert len(refreshes) == len(found)
    for at, frame in zip(refreshes, found, strict=True):
        past = reach(box).deals_df(as_of=at)
        expected = frame.reindex(columns=past.columns)
        pd.testing.assert_frame_equal(
            past.astype(dict.fromkeys(past.select_dtypes("category").columns, "str")),
            expected.astype(past.dtypes.to_dict()).astype(
                dict.fromkeys(past.select_dtypes("category").columns, "str")
            ),
        )


def refreshes_in(folder):
    """Return the time of each refresh in a history, from its public format."""
    names = ["baseline.parquet", *sorted(path.name for path in folder.glob("0*.parquet"))]
    schemas = [pq.read_schema(folder / name) for name in names]
    return [time for schema in schemas for time in json.loads(schema.metadata[b"salesmate"])["refreshes"]]


@settings(max_examples=3)
@HISTORIES
def test_any_history_equals_live_read(history, id_rules, deals):
    """Creates, edits and deletes in any order, with refreshes between them and unreadable values."""
    check_history(history, id_rules, deals)


@pytest.mark.slow
@settings(max_examples=15)
@HISTORIES
def test_many_histories_equal_live_reads(history, id_rules, deals):
    """The same for many histories."""
    check_history(history, id_rules, deals)


def test_unreadable_values_are_reported(box):
    """Values that could not be read are counted, with a warning, offline too, until they are corrected."""
    garbled, gone, corrected, lost = box.deals.ids()[:4]
    for deal in (garbled, gone, corrected):
        box.deals.edit(deal, dealValue="a lot", estimatedCloseDate="soon", status="Won")
    box.deals.edit(lost, dealValue="a lot", status="Lost")
    live = r"missing: 4 in deal_value, 3 in estimated_close_date\."
    for mode in ("full", "auto", "never"):
        with pytest.warns(UserWarning, match=live):
            frame = reach(box).deals_df(refresh=mode)
        assert frame.attrs["salesmate"]["unreadable"] == {"deal_value": 4, "estimated_close_date": 3}
    with pytest.warns(UserWarning, match=r"missing: 3 in deal_value\."):
        reach(box).deals_df(refresh="never", status="Won", columns=["deal_value"])
    assert reach(box).deals_df(refresh="never", columns=["id"]).attrs["salesmate"]["unreadable"] == {}
    box.deals.delete(gone)
    box.deals.edit(corrected, dealValue=1, estimatedCloseDate="")
    for mode in ("auto", "never"):
        with pytest.warns(UserWarning, match=r"missing: 2 in deal_value, 1 in estimated_close_date\."):
            reach(box).deals_df(refresh=mode)


def test_unreadable_filter_values_are_reported(box):
    """Rows that have no readable value in a filtered column are counted, though they are not returned."""
    box.deals.edit(box.deals.ids()[0], lastModifiedAt="long ago")
    filtered = {"refresh": "never", "modified_since": "2000-01-01", "columns": ["id"]}
    for options in ({"refresh": "auto"}, filtered):
        with pytest.warns(UserWarning, match=r"missing: 1 in last_modified_at\."):
            reach(box).deals_df(**options)


def test_changes_during_a_refresh(box):
    """After edits, creates and deletes before each page, the next refresh equals a live read."""
    connection, chance = reach(box), random.Random(11)
    connection.deals_df(refresh="auto")

    def change():
        ids = box.deals.ids()
        box.deals.edit(chance.choice(ids), title=f"busy {chance.random()}")
        box.deals.delete(chance.choice(ids)) if chance.random() < 0.5 else box.deals.create(title="busy new")

    for deal in box.deals.ids()[:700]:
        box.deals.edit(deal, title="first")
    box.before_search = change
    connection.deals_df(refresh="auto")
    box.before_search = None
    same(connection.deals_df(refresh="auto"), connection.deals_df())


@pytest.mark.parametrize("number", [5, 8, 9])
def test_deletion_during_a_refresh(number):
    """A colleague who deletes a deal before any page of a refresh makes no other deal disappear."""
    with sandbox.start(deals=1100, behavior="kind") as box:
        crm = reach(box)
        crm.deals_df(refresh="auto")
        requests = itertools.count(1)

        def delete_before_a_page():
            if next(requests) == number:
                box.deals.delete(box.deals.ids()[0])

        box.before_search = delete_before_a_page
        frame = crm.deals_df(refresh="auto")
        assert next(requests) > number
        assert set(box.deals.ids()) <= set(frame["id"])


def test_empty_page_during_a_refresh():
    """A page that comes back empty, as a fault, makes no deal disappear."""
    with sandbox.start(deals=1100, behavior="kind") as box:
        crm = reach(box)
        before = crm.deals_df(refresh="auto")
        empty = ScriptedResponse(body=b'{"Status":"success","Data":{"data":[],"totalRows":0}}')
        real = [ScriptedResponse(real=True)] * 8
        box.script(SEARCH, *real, empty)
        same(crm.deals_df(refresh="auto"), before)


def test_interrupted_read_resumes(box):
    """The rows that were read stay on disk, and the next refresh reads only the others."""
    interrupted_read(box, 4)
    assert checkpoints(box)
    box.deals.edit(box.deals.ids()[10], title="edited since")
    frame, wide = wide_requests_of(box, lambda: reach(box).deals_df(refresh="auto"))
    assert wide <= 6  # the last 2 of 4 pages, changes, and two pages that are read again
    same(frame, reach(box).deals_df())
    assert not checkpoints(box)


@pytest.mark.slow
def test_long_interrupted_read_resumes():
    """The same after more pages than one file of a checkpoint holds, and with a row deleted since."""
    with sandbox.start(deals=9000, behavior="kind") as box:
        interrupted_read(box, 27)
        edited, deleted = box.deals.ids()[10], box.deals.ids()[20]
        box.deals.edit(edited, title="edited since")
        box.deals.delete(deleted)
        frame, requests = requests_of(box, lambda: reach(box).deals_df(refresh="auto"))
        assert len(requests) < 60  # 36 of them compare all ids; a read from the start takes 36 more
        same(frame, reach(box).deals_df())
        assert not checkpoints(box)


def test_full_refresh_reads_all_rows(box):
    """refresh="full" reads every page; so does a refresh after a custom field was added."""
    connection = reach(box)
    connection.deals_df(refresh="auto")
    _, requests = requests_of(box, lambda: connection.deals_df(refresh="full"))
    assert len(requests) >= 5
    box.deals.edit(box.deals.ids()[0], zebraCustomField9="new")
    frame = reach(box).deals_df(refresh="auto")
    assert frame.iloc[0][frame.columns[-1]] == "new"
    same(frame, reach(box).deals_df())


def test_records_without_timestamps(tmp_path):
    """If no change has a timestamp, each refresh is a full read, and equals a live read."""
    born = "2026-01-01T00:00:00Z"
    rows = [{"id": number, "title": "A", "createdAt": born, "lastModifiedAt": ""} for number in range(1, 601)]
    (tmp_path / "deals.json").write_text(json.dumps(rows))
    with sandbox.start(data=tmp_path / "deals.json", behavior="kind") as box:
        for title in ("B", "C"):
            box.deals.edit(7, title=title, lastModifiedAt="")
            with says("the newest lastModifiedAt cannot be read") if title == "C" else nullcontext():
                frame = reach(box).deals_df(refresh="auto")
            assert frame["title"].value_counts()[title] == 1
            same(frame, reach(box).deals_df())


def test_snapshot_of_another_login_is_not_used(box):
    """A snapshot is used only by the login that made it, not by a Session Key of the same account."""
    connection = reach(box)
    connection.deals_df(refresh="auto")
    keyed = Settings(
        linkname=box.linkname,
        session_key=box.session_key,
        api_url=box.url,
        token_cache=box.settings.token_cache,
        timezone=box.settings.timezone,
    )
    with pytest.raises(SalesmateError, match="no snapshot"):
        connect(keyed).deals_df(refresh="never")
    assert len(connect(keyed).deals_df(refresh="auto")) == 800


def test_snapshots_require_v4(box):
    """Without a linkname a refresh is an error that names the setting, and nothing is written."""
    with pytest.raises(SettingsError, match=r"Snapshots need the name of your workspace.*SALESMATE_LINKNAME"):
        connect(box).deals_df(refresh="auto")
    assert not (box.settings.token_cache / "snapshots").exists()


@pytest.mark.parametrize("mode", ["Auto", "yes", True, 1])
def test_invalid_refresh_mode(box, mode):
    """The error lists the valid modes."""
    with pytest.raises(SalesmateError, match="'auto', 'full', 'never' or 'live'"):
        reach(box).deals_df(refresh=mode)


def test_missing_rows_are_an_error(box):
    """A server that counts more rows than it returns never makes a short snapshot."""
    real = len(box.deals)
    connection = reach(box)

    def more(body):
        return ScriptedResponse(
            body=json.dumps({"Status": "success", "Data": {"data": body, "totalRows": real + 5}}).encode()
        )

    box.script(SEARCH, *[more(box.deals.records()[:250])] * 60)
    with pytest.raises(IncompleteRead):
        connection.deals_df(refresh="auto")


def test_logout_removes_snapshots(box):
    """Snapshots and their history are readable by this user only, and are removed with the login."""
    connection = reach(box)
    connection.deals_df(refresh="auto")
    box.deals.edit(box.deals.ids()[0], stage="Demo")
    connection.deals_df(refresh="auto")
    folder = box.settings.token_cache / "snapshots"
    assert len(list(folder.rglob("deals.history/*.parquet"))) == 2
    assert all(map(is_private, folder.rglob("*")))
    connection.logout()
    assert not list(folder.rglob("*.parquet"))
    with pytest.raises(SalesmateError, match="no snapshot"):
        connection.history_df()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ('"GREATER_THAN"', nullcontext()),
        ('"fieldName": "deal.lastModifiedAt", "order"', says("the newest lastModifiedAt cannot be read")),
    ],
)
def test_refused_requests(box, word, expected):
    """A server that refuses rules on ids, or sorting by the last change, costs requests but no rows."""
    box.deals.refuse_search = lambda body: word in json.dumps(body)
    interrupted_read(box, 3)
    same(reach(box).deals_df(refresh="auto"), reach(box).deals_df())
    box.deals.edit(box.deals.ids()[0], title="changed")
    box.deals.delete(box.deals.ids()[5])
    with expected:
        frame = reach(box).deals_df(refresh="auto")
    same(frame, reach(box).deals_df())


def test_empty_page_among_changes(box):
    """If a page of changes is empty though the server counted more, all rows are read."""
    connection = reach(box)
    connection.deals_df(refresh="auto")
    for deal in box.deals.ids()[:600]:
        box.deals.edit(deal, title="changed")
    real = len(box.deals)
    empty = json.dumps({"Status": "success", "Data": {"data": [], "totalRows": real}}).encode()
    box.script(SEARCH, ScriptedResponse(real=True), ScriptedResponse(body=empty))
    same(connection.deals_df(refresh="auto"), connection.deals_df())
    box.deals.edit(box.deals.ids()[0], title="later")
    box.script(SEARCH, ScriptedResponse(body=empty))
    same(connection.deals_df(refresh="auto"), connection.deals_df())


@pytest.mark.parametrize(("at", "pages"), [({}, 6), ({"lastModifiedAt": "2031-03-04T21:15:00.000Z"}, 7)])
def test_bulk_change(box, at, pages):
    """A bulk edit costs its pages, once more its first one, and two pages that are checked."""
    reach(box).deals_df(refresh="auto")
    for deal in box.deals.ids()[:600]:
        box.deals.edit(deal, title="in bulk", **at)
    frame, wide = wide_requests_of(box, lambda: reach(box).deals_df(refresh="auto"))
    assert wide <= 7
    assert (frame["title"] == "in bulk").sum() == 600
    assert wide_requests_of(box, lambda: reach(box).deals_df(refresh="auto"))[1] <= pages


@pytest.mark.parametrize("minute", ["Mar 04, 2031 09:15 PM", "2031-03-04T21:15:00Z"])
def test_timestamps_to_the_minute(box, minute):
    """Deals that change within the minute of the watermark, sorted behind others of it, are found."""
    for deal in box.deals.ids():
        box.deals.edit(deal, title="first", lastModifiedAt=minute)
    reach(box).deals_df(refresh="auto")
    for deal in box.deals.ids()[:600:50]:
        box.deals.edit(deal, title="second", lastModifiedAt=minute)
    frame = reach(box).deals_df(refresh="auto")
    assert (frame["title"] == "second").sum() == 12
    same(frame, reach(box).deals_df())


def test_row_that_changes_again_during_the_refresh(box):
    """A deal won before the refresh, and tagged while the first page is read, is won in the snapshot."""
    connection = reach(box)
    connection.deals_df(refresh="auto")
    won, new, *others = box.deals.ids()[0], box.deals.create(title="new"), *box.deals.ids()[1:700]
    box.deals.edit(won, title="won", status="Won")
    for deal in others:
        box.deals.edit(deal, title="other")
    count = itertools.count(1)

    def tag():
        if next(count) == 2:
            box.deals.edit(won, tags="late")
            box.deals.edit(new, tags="late")

    box.before_search = tag
    frame, wide = wide_requests_of(box, lambda: connection.deals_df(refresh="auto"))
    assert wide <= 9  # what changed takes a second pass: 3 pages, 3 and 1, and two that are read again
    assert list(frame.set_index("id").loc[[won, new], "title"]) == ["won", "new"]
    same(frame, connection.deals_df())


def test_server_without_totals():
    """Deletions are found by reading all ids."""
    with sandbox.start(deals=1200, totals="missing", behavior="kind") as box:
        connection = reach(box)
        connection.deals_df(refresh="auto")
        for deal in box.deals.ids()[::400]:
            box.deals.delete(deal)
        same(connection.deals_df(refresh="auto"), connection.deals_df())


def test_deal_created_while_ids_are_read():
    """If a deletion takes reading all ids, a deal created during that costs a page, not a full read."""
    with sandbox.start(deals=1500, id_rules="ignored", behavior="kind") as box:
        connection = reach(box)
        connection.deals_df(refresh="auto")
        box.deals.delete(box.deals.ids()[77])
        count = itertools.count(1)

        def create():
            if next(count) == 5:
                box.deals.create(title="created since")

        box.before_search = create
        frame, wide = wide_requests_of(box, lambda: connection.deals_df(refresh="auto"))
        assert wide <= 4  # changes, the new deal, and two pages that are read again
        same(frame, connection.deals_df())


def test_restored_deal_is_found(box):
    """A deal restored from the recycle bin has an old timestamp, but it is counted."""
    restored = box.deals.get(box.deals.ids()[3])
    box.deals.delete(restored["id"])
    reach(box).deals_df(refresh="auto")
    box.deals.put(restored)
    frame = reach(box).deals_df(refresh="auto")
    assert restored["id"] in set(frame["id"])
    same(frame, reach(box).deals_df())


@pytest.mark.parametrize("timestamp", ["2026-01-01T00:00:00Z", ""])
def test_interrupted_read_resumes_only_when_safe(box, timestamp):
    """If a deal was restored among those read, or changes have no timestamps, all rows are read."""
    for deal in box.deals.ids():
        box.deals.edit(deal, lastModifiedAt=timestamp)
    restored = box.deals.get(box.deals.ids()[3])
    box.deals.delete(restored["id"])
    interrupted_read(box, 4)
    assert checkpoints(box)
    box.deals.put({**restored, "lastModifiedAt": timestamp and "2020-01-01T00:00:00Z"})
    edited = {} if timestamp else {"lastModifiedAt": ""}
    box.deals.edit(box.deals.ids()[0], title="edited since", **edited)
    for number in range(2):
        with says("the newest lastModifiedAt cannot be read") if number and not timestamp else nullcontext():
            frame = reach(box).deals_df(refresh="auto")
        same(frame, reach(box).deals_df())


def test_another_time_zone_reads_all_rows(tmp_path):
    """A snapshot is not used with another `timezone`, since timestamps without a zone differ then."""
    rows = [
        {"id": 7, "title": "A", "createdAt": "2026-01-01T00:00:00", "lastModifiedAt": "2026-01-02T12:00:00"}
    ]
    (tmp_path / "deals.json").write_text(json.dumps(rows))
    with sandbox.start(data=tmp_path / "deals.json", behavior="kind") as box:
        reach(box).deals_df(refresh="auto")
        with pytest.raises(SalesmateError, match="no snapshot"):
            reach(box, timezone="Asia/Kolkata").deals_df(refresh="never")
        frame = reach(box, timezone="Asia/Kolkata").deals_df(refresh="auto")
        assert frame["created_at"][0] == pd.Timestamp("2025-12-31T18:30Z")
        same(frame, reach(box, timezone="Asia/Kolkata").deals_df())


CATALOG = "/apis/v3/fields/getAllVisibleFields"
LABELLED = {"fieldName": "textCustomField1", "displayName": "Contract length", "type": "Text"}


@pytest.mark.parametrize(
    "entries", [[{**LABELLED, "displayName": "Term"}], [{**LABELLED, "type": "Integer"}], []]
)
def test_changed_field_catalog(box, entries):
    """A custom field that was renamed, retyped or removed is as in a live read."""
    reach(box).deals_df(refresh="auto")
    changed = ScriptedResponse(body=json.dumps({"Status": "success", "Data": {"deal": entries}}).encode())
    box.script(CATALOG, changed, changed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Values that could not be read are missing")
        frame = reach(box).deals_df(refresh="auto")
        same(frame, reach(box).deals_df(columns=list(frame.columns)))
    assert len(frame.columns) == len(DEALS.fields) + len(entries)


def test_concurrent_refreshes_read_once(box):
    """The second kernel waits for the first, and then reads only what changed."""
    reach(box)
    with ThreadPoolExecutor(4) as pool:
        frames, requests = requests_of(
            box, lambda: list(pool.map(lambda _: reach(box).deals_df(refresh="auto"), range(4)))
        )
    assert len(requests) < 7 + 4 * 3 + 3 * 9
    for frame in frames:
        same(frame, reach(box).deals_df())


def test_damaged_snapshot(box):
    """A damaged file is moved aside, with a warning, and the next refresh reads all rows."""
    live = reach(box).deals_df(refresh="auto")
    (path,) = box.settings.token_cache.rglob("deals.parquet")
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    with pytest.warns(UserWarning, match=r"moved to deals\.damaged"), pytest.raises(SalesmateError):
        reach(box).deals_df(refresh="never")
    path.write_bytes(whole[:100])
    with pytest.warns(UserWarning, match=r"moved to deals\.damaged") as caught:
        same(reach(box).deals_df(refresh="auto"), live)
    assert caught[0].filename == __file__
    same(reach(box).deals_df(refresh="never"), live)


def test_full_disk_keeps_the_previous_snapshot(box, monkeypatch):
    """A full disk is an error that names the file; the previous snapshot stays as it was."""
    before = reach(box).deals_df(refresh="auto")
    box.deals.edit(box.deals.ids()[0], title="changed")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.write_table", full)
        with pytest.raises(SalesmateError, match=r"deals\.history cannot be written \(No space left"):
            reach(box).deals_df(refresh="auto")
    same(reach(box).deals_df(refresh="never"), before)
    (path,) = box.settings.token_cache.rglob("deals.parquet")
    names = {entry.name for entry in path.parent.rglob("*")}
    assert names == {"deals.lock", "deals.parquet", "deals.history", "baseline.parquet"}
    same(reach(box).deals_df(refresh="auto"), reach(box).deals_df())


def test_full_refresh_reads_from_scratch(box):
    """refresh="full" never resumes an interrupted read, whose rows may be old."""
    interrupted_read(box, 4)
    assert checkpoints(box)
    for deal in box.deals.ids():
        box.deals.edit(deal, title="new", lastModifiedAt=box.deals.get(deal)["lastModifiedAt"])
    frame, wide = wide_requests_of(box, lambda: reach(box).deals_df(refresh="full"))
    assert (set(frame["title"]), wide >= 4) == ({"new"}, True)
    assert not checkpoints(box)


@pytest.fixture
def account():
    with LiveAccount(deals=made("deals", 300), contacts=made("contacts", 3)) as running:
        running.users = [{"id": 1, "name": "Ann", "isCurrentUser": True}, {"id": 2, "name": "Bob"}]
        yield running


def stored_login(account, folder):
    """Return the settings of an account without its key, which is stored as after a login."""
    settings = Settings(linkname=account.linkname, api_url=account.url, token_cache=folder, timezone="UTC")
    token = Token.from_key(dataclasses.replace(settings, session_key=account.session_key))
    add_login(make_token_store(settings, "default"), token)
    return settings


def sign_in_as_bob(account):
    account.users = [{**user, "isCurrentUser": user["name"] == "Bob"} for user in account.users]
    account.session_key = "key-of-Bob-0123456789"


def snapshots(folder):
    return sorted(path.name for path in folder.glob("snapshots/*/*/*.parquet"))


def test_another_user_begins_from_scratch(account, tmp_path):
    """After somebody else has logged in, the rows of the first user are gone, and a warning says so."""
    connection = Salesmate(stored_login(account, tmp_path))
    connection.deals_df(refresh="auto")
    connection.contacts_df(refresh="auto")
    assert snapshots(tmp_path) == ["contacts.parquet", "deals.parquet"]
    sign_in_as_bob(account)
    for deal in account.truth("deals")[50:]:
        account.delete("deals", deal["id"])  # Bob does not see them
    connection = Salesmate(stored_login(account, tmp_path))
    with pytest.raises(SalesmateError, match="no snapshot"):
        connection.deals_df(refresh="never")
    with pytest.warns(match="of another user, so they were removed"):
        assert len(connection.deals_df(refresh="auto")) == 50
    assert snapshots(tmp_path) == ["deals.parquet"]


def test_new_key_of_a_user_who_is_not_known(account, tmp_path):
    """Its rows are read again, the history continues, and a warning says what to do if it is not the same."""
    account.users = []
    Salesmate(stored_login(account, tmp_path)).deals_df(refresh="auto")
    account.session_key = "another-key-0123456789"
    deleted = account.truth("deals")[0]["id"]
    account.delete("deals", deleted)
    connection = Salesmate(stored_login(account, tmp_path))
    with pytest.warns(match="does not say whose it was.*history of deals continues"):
        live = connection.deals_df(refresh="auto")
    assert len(live) == len(account.truth("deals"))
    history = connection.history_df()
    assert (history["field"][0], set(history["id"])) == ("deleted", {deleted})


@pytest.mark.parametrize("is_bob", [False, True])
def test_key_replaced_during_a_refresh(account, tmp_path, is_bob):
    """A new key of the same user keeps the snapshot; with one of somebody else nothing is saved."""
    connection = Salesmate(stored_login(account, tmp_path))

    def replace_key(count, _):
        if count == 6:
            account.session_key = "another-key-0123456789"
            if is_bob:
                sign_in_as_bob(account)
            stored_login(account, tmp_path)

    account.on_request = replace_key
    with pytest.raises(SalesmateError, match="Somebody else has logged in") if is_bob else nullcontext():
        connection.deals_df(refresh="auto")
    account.on_request = None
    assert snapshots(tmp_path) == ["deals.parquet"] * (not is_bob)
    if not is_bob:
        assert len(Salesmate(stored_login(account, tmp_path)).deals_df(refresh="never")) == 300


@pytest.mark.parametrize("is_stored", [True, False])
def test_logout_during_a_refresh(account, tmp_path, is_stored):
    """If another kernel logs out while a refresh runs, it writes nothing, though the settings hold a key."""
    settings = stored_login(account, tmp_path)
    if not is_stored:
        settings = dataclasses.replace(settings, session_key=account.session_key)
    connection = Salesmate(settings)

    def log_out(count, _):
        if count == 6:
            with nullcontext() if is_stored else pytest.raises(LoginError, match="still signs you in"):
                Salesmate(settings).logout()

    account.on_request = log_out
    with pytest.raises(LoginRequired, match="while records were read"):
        connection.deals_df(refresh="auto")
    assert not [*tmp_path.glob("snapshots/*/*"), *tmp_path.glob("default.account")]
