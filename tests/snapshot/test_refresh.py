"""Snapshots brought up to date: what they cost, and that they equal a fresh live read."""

from __future__ import annotations

import dataclasses
import errno
import json
import random
import stat
import warnings
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesmate_nb import (
    IncompleteRead,
    Salesmate,
    SalesmateError,
    Settings,
    SettingsError,
    connect,
    deals_df,
    sandbox,
)
from salesmate_nb.sandbox import Answer

SEARCH = "/apis/deal/v4/search"


@pytest.fixture
def box():
    with sandbox.start(deals=1200) as running:
        yield running


def reach(box, **changes):
    """Connect over v4; each time anew, as the next kernel does."""
    told = {**dataclasses.replace(box.settings, linkname=box.linkname), **changes}
    connection = Salesmate(Settings(**told))
    if not connection.authorized:
        box.visit(connection.login_url)
    return connection


def same(left, right):
    """Compare two frames, and how many of their values could not be read."""
    pd.testing.assert_frame_equal(left.reset_index(drop=True), right.reset_index(drop=True))
    assert left.attrs["salesmate"]["unreadable"] == right.attrs["salesmate"]["unreadable"]


def calls_of(box, read):
    before = len(box.log)
    frame = read()
    return frame, [call.path for call in box.log[before:]]


def test_nothing_is_written_unless_asked(box):
    """A plain read leaves no file of customers' data."""
    reach(box).deals_df()
    assert not (box.settings.token_cache / "snapshots").exists()


def test_an_unchanged_account_costs_two_calls(box):
    """The catalogue and one page: nothing changed, and the count is right."""
    first = reach(box).deals_df(refresh="auto")
    again, calls = calls_of(box, lambda: reach(box).deals_df(refresh="auto"))
    assert calls == ["/apis/v3/fields/getAllVisibleFields", SEARCH]
    same(first, again)
    same(again, reach(box).deals_df())
    assert again.attrs["salesmate"]["strategy"] == "snapshot"


def test_offline_reads_make_no_call_and_need_no_login(box, tmp_path):
    """refresh="never" is what the last refresh gave, with the server and the login gone."""
    live = reach(box, token_cache=tmp_path / "mine").deals_df(refresh="auto")
    told = dataclasses.replace(box.settings, linkname=box.linkname, token_cache=tmp_path / "mine")
    box.stop()
    same(Salesmate(Settings(**told)).deals_df(refresh="never"), live)
    (tmp_path / "mine" / "default.json").unlink()
    same(Salesmate(Settings(**told)).deals_df(refresh="never"), live)
    with pytest.raises(SalesmateError, match="refresh='auto'"):
        Salesmate(Settings(**told), profile="other").deals_df(refresh="never")


def test_offline_reads_filter_as_live_ones_do(box):
    """Filters, columns by label or API name, and limit."""
    connection = reach(box)
    live = connection.deals_df(refresh="auto")
    frame, calls = calls_of(box, lambda: connection.deals_df(refresh="never", status="won", owner=11))
    assert calls == []
    same(frame, connection.deals_df(status="won", owner=11))
    columns = ["text_custom_field_1", "id", "contract_length"]
    assert list(connection.deals_df(refresh="never", columns=columns).columns) == columns
    same(connection.deals_df(refresh="never", limit=7), connection.deals_df(limit=7))
    same(connection.deals_df(refresh="never"), live)
    with pytest.raises(SalesmateError, match="no column 'x'"):
        connection.deals_df(refresh="never", columns=["x"])


def test_the_module_reads_offline_without_a_login(box, monkeypatch):
    """deals_df(refresh="never") in a fresh kernel asks nobody."""
    reach(box).deals_df(refresh="auto")
    from salesmate_nb import _connect

    monkeypatch.setattr(_connect, "_newest", [])
    for name in box.settings.keys():  # noqa: SIM118 - it is no mapping
        monkeypatch.setenv(f"SALESMATE_{name.upper()}", str(box.settings[name]))
    monkeypatch.setenv("SALESMATE_LINKNAME", box.linkname)
    frame, calls = calls_of(box, lambda: deals_df(refresh="never"))
    assert (len(frame), calls) == (1200, [])


def test_what_changed_is_read_and_no_more(box):
    """1 % of 1,200: a page of changes."""
    connection = reach(box)
    connection.deals_df(refresh="auto")
    for deal in box.deals.ids()[::100]:
        box.deals.edit(deal, title="changed", dealValue=1.0)
    new = box.deals.create(title="new", status="Won")
    frame, calls = calls_of(box, lambda: connection.deals_df(refresh="auto"))
    assert len(calls) <= 1
    assert (frame["title"] == "changed").sum() == 12
    assert frame.set_index("id").loc[new, "title"] == "new"
    same(frame, connection.deals_df())


def test_deletions_are_found_by_counting_ranges():
    """A few deleted rows among many cost a few calls, not a reading of all ids."""
    with sandbox.start(deals=20_000) as box:
        connection = reach(box)
        connection.deals_df(refresh="auto", progress=False)
        gone = random.Random(3).sample(box.deals.ids(), 3)
        for deal in gone:
            box.deals.delete(deal)
        frame, calls = calls_of(box, lambda: connection.deals_df(refresh="auto"))
        assert len(calls) < 35
        assert len(frame) == 19_997
        assert not frame["id"].isin(gone).any()
        assert list(frame["id"]) == box.deals.ids()


@pytest.mark.parametrize("id_rules", [True, False])
@pytest.mark.parametrize("count", [1, 3, 400, 1200])
def test_deletions_are_found_whatever_the_server_can(count, id_rules):
    """Many deletions, or a server that takes no notice of rules on ids: all ids are read."""
    with sandbox.start(deals=1200, id_rules=id_rules) as box:
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


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(VERBS, st.booleans(), st.integers(0, 40))
def test_any_history_ends_in_what_a_live_read_gives(history, id_rules, deals):
    """Creates, edits and deletes in any order, refreshed in between or not; with values nobody can read."""
    with sandbox.start(deals=deals, id_rules=id_rules) as box, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Values that could not be read are missing")
        for verb, number in history:
            ids = box.deals.ids()
            if verb == "create":
                box.deals.create(title=f"new {number}", dealValue=number)
            elif verb == "refresh":
                reach(box).deals_df(refresh="auto")
            elif ids and verb == "delete":
                box.deals.delete(ids[number % len(ids)])
            elif ids:
                box.deals.edit(ids[number % len(ids)], title=f"{verb} {number}", **EDITS[verb])
        live = reach(box).deals_df()
        same(reach(box).deals_df(refresh="auto"), live)
        same(reach(box).deals_df(refresh="never"), live)


def test_what_could_not_be_read_is_told_each_time(box):
    """A missing amount that nobody could read is counted and warned of offline too, until it is mended."""
    garbled, gone, mended, lost = box.deals.ids()[:4]
    for deal in (garbled, gone, mended):
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
    box.deals.edit(mended, dealValue=1, estimatedCloseDate="")
    for mode in ("auto", "never"):
        with pytest.warns(UserWarning, match=r"missing: 2 in deal_value, 1 in estimated_close_date\."):
            reach(box).deals_df(refresh=mode)


def test_a_row_left_out_for_want_of_a_moment_is_told(box):
    """Rows without a readable value to choose them by are counted, though they are not in the frame."""
    box.deals.edit(box.deals.ids()[0], lastModifiedAt="long ago")
    for how in ({"refresh": "auto"}, {"refresh": "never", "modified_since": "2000-01-01", "columns": ["id"]}):
        with pytest.warns(UserWarning, match=r"missing: 1 in last_modified_at\."):
            reach(box).deals_df(**how)


def test_changes_while_it_refreshes_are_not_lost(box):
    """Edits, creates and deletes before each page: what the next calm refresh gives is a fresh live read."""
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


def test_a_read_that_was_cut_off_goes_on(monkeypatch):
    """What was read stays on disk, and the next refresh asks for the rest only."""
    monkeypatch.setattr("salesmate_nb._api.waiting.Waiter.sleep", lambda *_: None)
    with sandbox.start(deals=9000) as box:
        calls = []

        def cut():
            calls.append(1)
            if len(calls) == 27:
                box.script(SEARCH, *[Answer(status=503)] * 9)

        box.before_search = cut
        with pytest.raises(SalesmateError):
            reach(box).deals_df(refresh="auto")
        box.before_search = None
        box.unscript()
        edited, deleted = box.deals.ids()[10], box.deals.ids()[20]
        box.deals.edit(edited, title="meanwhile")
        box.deals.delete(deleted)
        frame, again = calls_of(box, lambda: reach(box).deals_df(refresh="auto"))
        assert len(again) < 27
        same(frame, reach(box).deals_df())
        assert not list((box.settings.token_cache / "snapshots").rglob("*.parts"))


def test_full_makes_it_anew_and_other_fields_do_too(box):
    """refresh="full" reads all; so does a field that is new in the account."""
    connection = reach(box)
    connection.deals_df(refresh="auto")
    _, calls = calls_of(box, lambda: connection.deals_df(refresh="full"))
    assert len(calls) >= 5
    box.deals.edit(box.deals.ids()[0], zebraCustomField9="new")
    frame = reach(box).deals_df(refresh="auto")
    assert frame.iloc[0][frame.columns[-1]] == "new"
    same(frame, reach(box).deals_df())


def test_without_moments_of_change_all_is_read_anew_each_time(tmp_path):
    """Where changes cannot be asked for, a refresh costs a whole read, and is right."""
    born = "2026-01-01T00:00:00Z"
    rows = [{"id": number, "title": "A", "createdAt": born, "lastModifiedAt": ""} for number in range(1, 601)]
    (tmp_path / "deals.json").write_text(json.dumps(rows))
    with sandbox.start(data=tmp_path / "deals.json") as box:
        for title in ("B", "C"):
            box.deals.edit(7, title=title, lastModifiedAt="")
            frame = reach(box).deals_df(refresh="auto")
            assert frame["title"].value_counts()[title] == 1
            same(frame, reach(box).deals_df())


def test_profiles_hosts_and_keys_are_kept_apart(box):
    """A snapshot is used for the login it was made by; another key's is not."""
    connection = reach(box)
    connection.deals_df(refresh="auto")
    keyed = Settings(
        linkname=box.linkname,
        access_token=box.access_key,
        api_url=box.url,
        token_cache=box.settings.token_cache,
    )
    with pytest.raises(SalesmateError, match="no snapshot"):
        connect(keyed).deals_df(refresh="never")
    assert len(connect(keyed).deals_df(refresh="auto")) == 1200


def test_v1_says_that_it_cannot(box):
    """Without a linkname nobody can be asked what changed."""
    with pytest.raises(SettingsError, match="SALESMATE_LINKNAME"):
        connect(box).deals_df(refresh="auto")


@pytest.mark.parametrize("mode", ["Auto", "yes", True, 1])
def test_an_unknown_mode_is_refused(box, mode):
    """The error names those there are."""
    with pytest.raises(SalesmateError, match="'auto', 'full' or 'never'"):
        reach(box).deals_df(refresh=mode)


def test_rows_that_cannot_be_found_are_no_frame(box):
    """A server that tells of more rows than it gives is found out."""
    real = len(box.deals)
    connection = reach(box)

    def more(body):
        return Answer(
            body=json.dumps({"Status": "success", "Data": {"data": body, "totalRows": real + 5}}).encode()
        )

    box.script(SEARCH, *[more(box.deals.records()[:250])] * 60)
    with pytest.raises(IncompleteRead):
        connection.deals_df(refresh="auto")


def test_files_are_private_and_logout_removes_them(box):
    """Customers' rows are readable by this user alone, and go with the login."""
    connection = reach(box)
    connection.deals_df(refresh="auto")
    folder = box.settings.token_cache / "snapshots"
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert modes == {True: 0o700, False: 0o600}
    connection.logout()
    assert not list(folder.rglob("*.parquet"))


def refuse(monkeypatch, word):
    """Let the search refuse, with 400, every body that has a word in it."""
    read = sandbox.api.search.read

    def refusing(body, *what, **how):
        if word in json.dumps(body):
            raise sandbox.answers.invalid("This is not supported.")
        return read(body, *what, **how)

    monkeypatch.setattr(sandbox.api.search, "read", refusing)


@pytest.mark.parametrize("word", ['"GREATER_THAN"', '"fieldName": "deal.lastModifiedAt", "order"'])
def test_a_server_that_refuses_what_a_refresh_asks(monkeypatch, word):
    """Rules on ids or sorting by the last change, refused: it costs calls, and is right."""
    monkeypatch.setattr("salesmate_nb._api.waiting.Waiter.sleep", lambda *_: None)
    refuse(monkeypatch, word)
    asked = []

    def cut():
        asked.append(1)
        if len(asked) == 5:
            box.script(SEARCH, *[Answer(status=503)] * 9)

    with sandbox.start(deals=3000) as box:
        box.before_search = cut
        with pytest.raises(SalesmateError, match="503"):
            reach(box).deals_df(refresh="auto")
        box.before_search = None
        box.unscript()
        same(reach(box).deals_df(refresh="auto"), reach(box).deals_df())
        box.deals.edit(box.deals.ids()[0], title="changed")
        box.deals.delete(box.deals.ids()[5])
        same(reach(box).deals_df(refresh="auto"), reach(box).deals_df())


def test_an_empty_page_among_changes(box):
    """Where a page of changes comes empty though more were counted, all is read, and nothing is missed."""
    connection = reach(box)
    connection.deals_df(refresh="auto")
    for deal in box.deals.ids()[:600]:
        box.deals.edit(deal, title="changed")
    real = len(box.deals)
    empty = json.dumps({"Status": "success", "Data": {"data": [], "totalRows": real}}).encode()
    box.script(SEARCH, Answer(real=True), Answer(body=empty), Answer(body=empty))
    same(connection.deals_df(refresh="auto"), connection.deals_df())
    box.deals.edit(box.deals.ids()[0], title="later")
    box.script(SEARCH, *[Answer(body=empty)] * 3)
    same(connection.deals_df(refresh="auto"), connection.deals_df())


@pytest.mark.parametrize("at", [{}, {"lastModifiedAt": "2031-03-04T21:15:00.000Z"}])
def test_what_was_changed_in_bulk_is_not_read_again(box, at):
    """After 600 deals changed within a second, a refresh of the unchanged account costs two calls."""
    reach(box).deals_df(refresh="auto")
    for deal in box.deals.ids()[:600]:
        box.deals.edit(deal, title="in bulk", **at)
    frame, calls = calls_of(box, lambda: reach(box).deals_df(refresh="auto"))
    assert len(calls) <= 6
    assert (frame["title"] == "in bulk").sum() == 600
    assert len(calls_of(box, lambda: reach(box).deals_df(refresh="auto"))[1]) == 2


@pytest.mark.parametrize("minute", ["Mar 04, 2031 09:15 PM", "2031-03-04T21:15:00Z"])
def test_moments_told_to_the_minute(box, minute):
    """Deals that change in the minute of the last change, behind others of it, are found."""
    for deal in box.deals.ids():
        box.deals.edit(deal, title="first", lastModifiedAt=minute)
    reach(box).deals_df(refresh="auto")
    for deal in box.deals.ids()[:600:50]:
        box.deals.edit(deal, title="second", lastModifiedAt=minute)
    frame = reach(box).deals_df(refresh="auto")
    assert (frame["title"] == "second").sum() == 12
    same(frame, reach(box).deals_df())


def test_a_row_that_changes_again_meanwhile_is_found(box):
    """A deal won before the refresh, and tagged while its first page is read, is won in the snapshot."""
    connection = reach(box)
    connection.deals_df(refresh="auto")
    won, new, *others = box.deals.ids()[0], box.deals.create(title="new"), *box.deals.ids()[1:700]
    box.deals.edit(won, title="won", status="Won")
    for deal in others:
        box.deals.edit(deal, title="other")
    asked = []

    def tag():
        asked.append(1)
        if len(asked) == 2:
            box.deals.edit(won, tags="late")
            box.deals.edit(new, tags="late")

    box.before_search = tag
    frame, calls = calls_of(box, lambda: connection.deals_df(refresh="auto"))
    assert len(calls) <= 5
    assert list(frame.set_index("id").loc[[won, new], "title"]) == ["won", "new"]
    same(frame, connection.deals_df())


def test_a_server_that_tells_no_totals(box, monkeypatch):
    """Deletions that no count can show are found by reading all ids."""
    read = sandbox.api.search.read

    def uncounted(*what, **how):
        return dataclasses.replace(read(*what, **how), is_counted=False)

    monkeypatch.setattr(sandbox.api.search, "read", uncounted)
    connection = reach(box)
    connection.deals_df(refresh="auto")
    for deal in box.deals.ids()[::400]:
        box.deals.delete(deal)
    same(connection.deals_df(refresh="auto"), connection.deals_df())


def test_deals_made_while_ids_are_read_do_not_read_all_anew():
    """Where a deletion takes a reading of all ids, a colleague's new deal meanwhile costs a call, not all."""
    with sandbox.start(deals=5000, id_rules=False) as box:
        connection = reach(box)
        connection.deals_df(refresh="auto")
        box.deals.delete(box.deals.ids()[77])
        asked = []

        def create():
            asked.append(1)
            if len(asked) == 12:
                box.deals.create(title="meanwhile")

        box.before_search = create
        frame, calls = calls_of(box, lambda: connection.deals_df(refresh="auto"))
        assert len(calls) < 30
        same(frame, connection.deals_df())
        assert len(calls_of(box, lambda: connection.deals_df(refresh="auto"))[1]) == 1


def test_a_restored_deal_is_found(box):
    """A deal that comes back from the recycle bin as it was is among no changes, but counts."""
    restored = box.deals.get(box.deals.ids()[3])
    box.deals.delete(restored["id"])
    reach(box).deals_df(refresh="auto")
    box.deals._put(restored["id"], restored)
    frame = reach(box).deals_df(refresh="auto")
    assert restored["id"] in set(frame["id"])
    same(frame, reach(box).deals_df())


@pytest.mark.parametrize("moments", ["2026-01-01T00:00:00Z", ""])
def test_a_read_that_was_cut_off_is_gone_on_with_only_where_it_can_be(box, monkeypatch, moments):
    """A deal restored below what was read, or changes that nobody tells of: all is read, none is stuck."""
    monkeypatch.setattr("salesmate_nb._api.waiting.Waiter.sleep", lambda *_: None)
    for deal in box.deals.ids():
        box.deals.edit(deal, lastModifiedAt=moments)
    restored = box.deals.get(box.deals.ids()[3])
    box.deals.delete(restored["id"])
    asked = []

    def cut():
        asked.append(1)
        if len(asked) == 5:
            box.script(SEARCH, *[Answer(status=503)] * 9)

    box.before_search = cut
    with pytest.raises(SalesmateError):
        reach(box).deals_df(refresh="auto")
    box.before_search = None
    box.unscript()
    assert list((box.settings.token_cache / "snapshots").rglob("*.parts"))
    box.deals._put(restored["id"], {**restored, "lastModifiedAt": moments and "2020-01-01T00:00:00Z"})
    box.deals.edit(box.deals.ids()[0], title="meanwhile", **({} if moments else {"lastModifiedAt": ""}))
    for _ in range(2):
        same(reach(box).deals_df(refresh="auto"), reach(box).deals_df())


def test_another_time_zone_reads_all_anew(tmp_path):
    """Moments that came without a zone mean others in another zone, offline too."""
    rows = [
        {"id": 7, "title": "A", "createdAt": "2026-01-01T00:00:00", "lastModifiedAt": "2026-01-02T12:00:00"}
    ]
    (tmp_path / "deals.json").write_text(json.dumps(rows))
    with sandbox.start(data=tmp_path / "deals.json") as box:
        reach(box).deals_df(refresh="auto")
        with pytest.raises(SalesmateError, match="no snapshot"):
            reach(box, timezone="Asia/Kolkata").deals_df(refresh="never")
        frame = reach(box, timezone="Asia/Kolkata").deals_df(refresh="auto")
        assert frame["created_at"][0] == pd.Timestamp("2025-12-31T18:30Z")
        same(frame, reach(box, timezone="Asia/Kolkata").deals_df())


CATALOGUE = "/apis/v3/fields/getAllVisibleFields"
LABELLED = {"fieldName": "textCustomField1", "displayName": "Contract length", "type": "Text"}


@pytest.mark.parametrize(
    "entries", [[{**LABELLED, "displayName": "Term"}], [{**LABELLED, "type": "Integer"}], []]
)
def test_a_changed_catalogue_is_followed(box, entries):
    """A custom field that is called otherwise, holds something else, or is gone: as a fresh read has it."""
    reach(box).deals_df(refresh="auto")
    changed = Answer(body=json.dumps({"Status": "success", "Data": {"deal": entries}}).encode())
    box.script(CATALOGUE, changed, changed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Values that could not be read are missing")
        frame = reach(box).deals_df(refresh="auto")
        same(frame, reach(box).deals_df(columns=list(frame.columns)))
    assert len(frame.columns) == 24 + len(entries)


def test_kernels_that_refresh_at_once_read_once(box):
    """The second waits for the first, and then asks for what changed only."""
    reach(box)
    with ThreadPoolExecutor(4) as pool:
        frames, calls = calls_of(
            box, lambda: list(pool.map(lambda _: reach(box).deals_df(refresh="auto"), range(4)))
        )
    assert len(calls) < 7 + 4 * 2 + 3
    for frame in frames:
        same(frame, reach(box).deals_df())


def test_a_damaged_snapshot_is_set_aside(box):
    """One bit that flipped on the disk is noticed, wherever it is among the rows; all is read anew."""
    live = reach(box).deals_df(refresh="auto")
    (path,) = box.settings.token_cache.rglob("deals.parquet")
    whole, chance = path.read_bytes(), random.Random(8)
    for _ in range(20):
        place = chance.randrange(4, len(whole) * 3 // 4)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.warns(UserWarning, match=r"set aside as deals\.damaged"), pytest.raises(SalesmateError):
            reach(box).deals_df(refresh="never")
    path.write_bytes(whole[:100])
    with pytest.warns(UserWarning, match=r"set aside as deals\.damaged"):
        same(reach(box).deals_df(refresh="auto"), live)
    same(reach(box).deals_df(refresh="never"), live)


def test_what_a_killed_process_left_is_removed(box):
    """Half a file of customers' rows does not stay on disk."""
    reach(box).deals_df(refresh="auto")
    (path,) = box.settings.token_cache.rglob("deals.parquet")
    (path.parent / ".deals.x1y2z3.tmp").write_bytes(path.read_bytes()[:500])
    reach(box).deals_df(refresh="auto")
    assert sorted(one.name for one in path.parent.iterdir()) == ["deals.lock", "deals.parquet"]


def test_a_disk_that_refuses_leaves_the_snapshot_before(box, monkeypatch):
    """A full disk is an error that names the file; what was kept stays as it was."""
    before = reach(box).deals_df(refresh="auto")
    box.deals.edit(box.deals.ids()[0], title="changed")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.write_table", full)
        with pytest.raises(SalesmateError, match=r"deals\.parquet cannot be written \(No space left"):
            reach(box).deals_df(refresh="auto")
    same(reach(box).deals_df(refresh="never"), before)
    (path,) = box.settings.token_cache.rglob("deals.parquet")
    assert sorted(one.name for one in path.parent.iterdir()) == ["deals.lock", "deals.parquet"]
    same(reach(box).deals_df(refresh="auto"), reach(box).deals_df())
