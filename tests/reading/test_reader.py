"""The reader of a resource: both APIs and credentials, filters, columns, limits, and servers that differ."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import threading
import time
from contextlib import nullcontext

import pandas as pd
import pytest
import requests_mock

from salesmate_nb import (
    BadResponse,
    IncompleteRead,
    RateLimited,
    Salesmate,
    SalesmateError,
    Settings,
    connect,
    sandbox,
)
from salesmate_nb._reading.reader import ResourceReader
from salesmate_nb.errors import Interrupted
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import column_name
from salesmate_nb.sandbox import ScriptedResponse
from tests.helpers import DTYPES, reach
from tests.live_account import BEHAVIOURS, LiveAccount, made

STANDARD = len(DEALS.fields)
ACCESS = ["oauth-v1", "oauth-v4", "key-v4"]


@pytest.fixture(scope="module")
def box():
    with sandbox.start(deals=600, behavior="kind", api="v1") as running:
        yield running


def check_contract(frame):
    """Assert what holds for every frame: the fixed columns first, their dtypes, distinct ids in order."""
    assert list(frame.columns[:STANDARD]) == [field.name for field in DEALS.fields]
    assert {field.name: DTYPES[field.kind] for field in DEALS.fields} == dict(
        frame.dtypes.iloc[:STANDARD].astype(str)
    )
    assert list(frame.columns[STANDARD:]) == sorted(frame.columns[STANDARD:])
    assert frame["id"].is_unique
    assert frame["id"].is_monotonic_increasing


def live(account, folder):
    """Connect to a live account by its Session Key."""
    login = {"linkname": account.linkname, "session_key": account.session_key}
    return Salesmate(Settings(api_url=account.url, token_cache=folder, timezone="UTC", **login))


@pytest.mark.parametrize("access", ACCESS)
def test_real_deals(real_deals, access):
    """8,800 real opportunities are read exactly by each API: their README's figures, the contract's types."""
    with sandbox.start(data=real_deals, behavior="kind") as box:
        frame = reach(box, access).deals_df()
    check_contract(frame)
    won = frame[frame["status"] == "Won"]
    assert len(frame) == 8800
    assert (frame["id"].min(), frame["id"].max()) == (1001, 9800)
    assert frame["status"].value_counts().to_dict() == {"Won": 4238, "Lost": 2473, "Open": 2089}
    assert won["deal_value"].sum() == 10_005_534.0
    assert frame["primary_company_id"].isna().sum() == 1425
    assert frame["deal_value"].isna().sum() == 2089
    assert frame["owner_id"].nunique() == 30
    assert (frame["created_at"] == pd.Timestamp("2017-12-31", tz="UTC")).sum() == 500
    paths = {name: column_name(path) for name, path in frame.attrs["salesmate"]["fields"].items()}
    assert [paths[name] for name in frame.columns[STANDARD:]] == [
        "text_custom_field_1",
        "text_custom_field_2",
    ]
    assert frame.attrs["salesmate"]["unreadable"] == {}


@pytest.mark.parametrize("access", ACCESS)
def test_every_deal_once(box, access):
    """Each deal of the sandbox is there, once."""
    frame = reach(box, access).deals_df()
    check_contract(frame)
    assert list(frame["id"]) == sorted(box.deals.ids())


@pytest.mark.parametrize("access", ACCESS)
def test_v1_and_v4_agree(box, access):
    """v1 and v4 give the same values; labels of custom fields and the order of categories are v4's alone."""
    first, second = (mechanical(reach(box, by).deals_df()) for by in (access, "oauth-v1"))
    pd.testing.assert_frame_equal(first, second, check_categorical=False)


def mechanical(frame):
    """Return a frame whose custom columns go by the API's names, columns sorted."""
    names = {name: column_name(path) for name, path in frame.attrs["salesmate"]["fields"].items()}
    return frame.rename(columns=names).sort_index(axis="columns")


@pytest.mark.parametrize("access", ACCESS)
def test_empty_account(access):
    """Without deals the frame has the same columns and dtypes."""
    with sandbox.start(deals=0, behavior="kind") as box:
        frame = reach(box, access).deals_df()
    check_contract(frame)
    assert len(frame) == 0


@pytest.mark.parametrize("access", ACCESS)
@pytest.mark.parametrize(
    "filters",
    [
        {"status": "Won"},
        {"status": "wOn"},
        {"status": ["Won", "Lost"]},
        {"status": "Won", "modified_since": "2026-01-01"},
        {"created_since": "2025-12-24T18:00"},
        {"stage": "Won"},
        {"owner": 2},
        {"pipeline": "nothing has this"},
    ],
)
def test_filters(box, access, filters):
    """A filter gives what filtering the whole frame gives, even if the server does not support it."""
    connection = reach(box, access)
    expected = connection.deals_df()
    for name, wanted in filters.items():
        if name.endswith("_since"):
            column = {"created_since": "created_at", "modified_since": "last_modified_at"}[name]
            expected = expected[expected[column] >= pd.Timestamp(wanted, tz="UTC")]
        elif name == "owner":
            expected = expected[expected["owner_id"] == wanted]
        else:
            folded = [text.casefold() for text in ([wanted] if isinstance(wanted, str) else wanted)]
            expected = expected[expected[name].astype("str").str.casefold().isin(folded)]
    with pytest.warns(match="^No deal ") if expected.empty else nullcontext():
        frame = connection.deals_df(**filters)
    check_contract(frame)
    assert list(frame["id"]) == list(expected["id"])


def test_rules_of_filters(box):
    """v4 requests filter by status and time; times have a day's margin."""
    reach(box, "key-v4").deals_df(status="won", created_since="2026-01-02")
    rules = box.log[-1].json["filterQuery"]["group"]["rules"]
    sent = {rule["field"]["fieldName"]: (rule["condition"], rule["data"]) for rule in rules}
    assert sent == {"deal.status": ("EQUALS", "Won"), "deal.createdAt": ("IS_AFTER", "Jan 01, 2026 12:00 AM")}


@pytest.mark.parametrize("access", ACCESS)
def test_columns(box, access):
    """The frame has the columns of `columns`, in that order."""
    frame = reach(box, access).deals_df(columns=["title", "deal_value"], status="Won")
    assert list(frame.columns) == ["title", "deal_value"]
    assert len(frame) > 0


@pytest.mark.parametrize(
    ("columns", "lists"),
    [
        (["title", "deal_value"], []),
        (["status"], ["getAllVisibleFields"]),
        (["rotten_date"], ["getAllVisibleFields"]),
        (["stage"], ["getAllVisibleFields", "dealPipeline"]),
    ],
)
def test_lists_for_columns(box, columns, lists):
    """The field catalog and the pipelines are requested only if a column depends on them."""
    connection, before = reach(box, "key-v4"), len(box.log)
    assert list(connection.deals_df(columns=columns).columns) == columns
    paths = [call.path.rpartition("/")[2] for call in box.log[before:]]
    assert sorted(set(paths) - {"search"}) == sorted(lists)


def test_displaying_fields(box):
    """v4 requests name only the fields that columns and filters need."""
    with pytest.warns(match="No deal has owner 'nobody'"):
        reach(box, "key-v4").deals_df(columns=["title"], owner="nobody")
    search, _users = box.log[-2:]
    assert search.json["displayingFields"] == [
        "deal.id",
        "deal.owner.name",
        "deal.owner.id",
        "deal.title",
    ]


@pytest.mark.parametrize("access", ACCESS)
def test_owner_by_id_alone(box, access):
    """An owner's id needs no other column than the id."""
    assert list(reach(box, access).deals_df(columns=["owner_id"], owner=11)["owner_id"].unique()) == [11]


MISSPELT = [
    ({"status": "Wonn"}, "No deal has status 'Wonn'. Did you mean 'Won'? There are: Lost, Open, Won.", 0),
    ({"status": ["Won", "Wonn"]}, "No deal has status 'Wonn'. Did you mean 'Won'? There are: Lost, Op", 0),
    (
        {"stage": "Ofer"},
        "No deal has stage 'Ofer'. Did you mean 'Offer'? There are: Lost, New, Offer, Won.",
        0,
    ),
    (
        {"pipeline": "Sale"},
        "No deal has pipeline 'Sale'. Did you mean 'Sales'? There are: Renewals, Sales.",
        0,
    ),
    ({"owner": "ada"}, "owner 'ada'. Did you mean 'Ada Berg'? There are: Ada Berg, Ben Cole, Chloé Du", 1),
    ({"owner": 99}, "No deal has owner 99. There are: Ada Berg (1), Ben Cole (2), Chloé Duval (3), Dev", 1),
    ({"stage": "Ofer", "status": "Lost"}, "No deal that was read has stage 'Ofer'. Did you mean 'Offer'?", 0),
]


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Return an account, and a connection that has read it, live and into a snapshot."""
    with LiveAccount(deals=made("deals", 120), behaviour=BEHAVIOURS["kind"]) as account:
        connection = live(account, tmp_path_factory.mktemp("known"))
        connection.deals_df(refresh="auto")
        yield account, connection


@pytest.mark.parametrize(("filters", "text", "requests"), MISSPELT, ids=range(len(MISSPELT)))
def test_misspelt_filter(known, filters, text, requests):
    """A value that no deal has is warned of, with what there is; that takes one request at most."""
    account, connection = known
    before = len(account.requests)
    with pytest.warns(match=re.escape(text)):
        connection.deals_df(**filters)
    paths = [seen.path.rpartition("/")[2] for seen in account.requests[before:]]
    assert len(paths) - paths.count("search") == requests


@pytest.mark.parametrize("refresh", ["auto", "never"])
def test_misspelt_filter_of_a_snapshot(known, refresh):
    """A snapshot holds every deal; without any request, the owners in it are all that is known."""
    account, connection = known
    before = len(account.requests)
    with pytest.warns(match=r"^No deal has owner 'Adda'\. Did you mean 'Ada Berg'\?"):
        connection.deals_df(owner="Adda", status="Won", refresh=refresh)
    assert (len(account.requests) == before) == (refresh == "never")


def test_misspelt_filter_of_an_iterator(known):
    """An iterator warns at its end, and only if every record was asked for."""
    _account, connection = known
    with pytest.warns(match=r"^No deal has stage 'Ofer'\. Did you mean 'Offer'\?"):
        assert len(list(connection.deals(stage=["New", "Ofer"]))) > 1
    assert len(list(connection.deals(stage=["New", "Ofer"], limit=1))) == 1


def test_unreadable_values_of_an_iterator(tmp_path):
    """An iterator warns of values that a filter could not read, and of no others."""
    deals = [{**deal, "dealValue": "12.000,50"} for deal in made("deals", 3)]
    with LiveAccount(deals=deals, behaviour=BEHAVIOURS["kind"]) as account:
        connection = live(account, tmp_path)
        with pytest.warns(
            match=r"^Values that could not be read are missing to the filters: 3 in deal_value\.$"
        ):
            assert list(connection.deals(where={"deal_value": {"min": 1}})) == []
        assert len(list(connection.deals(created_since="2023-01-01"))) == 3


def test_filter_without_rows(tmp_path):
    """A value that the account offers is not warned of if no deal has it; nor is one beyond the limit."""
    stages = [{"pipeline": "Sales", "stages": [{"stage": "New"}, {"stage": "Contract"}]}]
    eve = {"id": 9, "name": "Eve New"}
    account = LiveAccount(
        deals=made("deals", 60), pipelines=stages, users=[eve], behaviour=BEHAVIOURS["kind"]
    )
    with account:
        connection = live(account, tmp_path)
        for filters in ({"stage": "Contract"}, {"owner": "eve new"}, {"owner": 9}):
            assert connection.deals_df(**filters).empty
        assert connection.deals_df(status="Won", created_since="2099-01-01").empty
        assert len(connection.deals_df(status=["Won", "Lost", "Wonn"], limit=1)) == 1


@pytest.mark.parametrize("given", ["Won", "Won "])
def test_status_of_two_spellings(tmp_path, given):
    """Deals with another spelling of a status are read, though a rule would leave them out."""
    deals = made("deals", 120)
    for deal in deals[::2]:
        deal["status"] += " "
    with LiveAccount(deals=deals, behaviour=BEHAVIOURS["kind"]) as account:
        frame = live(account, tmp_path).deals_df(status=given)
    assert list(frame["id"]) == [deal["id"] for deal in deals if deal["status"].strip() == "Won"]
    assert set(frame["status"]) == {"Won", "Won "}


@pytest.mark.parametrize("access", ACCESS)
def test_unknown_column(box, access):
    """A misspelt column is an error that names the closest one."""
    with pytest.raises(SalesmateError, match="Did you mean 'deal_value'"):
        reach(box, access).deals_df(columns=["deal_vlaue"])


@pytest.mark.parametrize("access", ACCESS)
@pytest.mark.parametrize("limit", [0, 1, 250, 251, 10_000])
def test_limit(box, access, limit):
    """A limit counts rows in all, not per page, and saves requests."""
    connection = reach(box, access)
    before = len(box.log)
    frame = connection.deals_df(limit=limit)
    assert list(frame["id"]) == sorted(box.deals.ids())[:limit]
    assert len(box.log) - before <= -(-min(limit, 600) // 250) + 2


def test_limit_beside_a_late_request(box, monkeypatch):
    """A limit that the first page reaches does not cancel what is requested beside it."""
    order = ResourceReader.order

    def late_order(*args):
        time.sleep(0.3)
        return order(*args)

    monkeypatch.setattr(ResourceReader, "order", late_order)
    assert len(reach(box, "key-v4").deals_df(limit=2)) == 2


@pytest.mark.parametrize("limit", [-1, 1.5, "5", True])
def test_invalid_limit(box, limit):
    """A limit is a whole number of 0 or more."""
    with pytest.raises(SalesmateError, match="limit="):
        reach(box, "oauth-v1").deals_df(limit=limit)


@pytest.mark.parametrize("access", ACCESS)
def test_iterator_is_lazy(box, access):
    """deals() yields dictionaries in the server's shape, and requests a page when it is needed."""
    connection = reach(box, access)
    before = len(box.log)
    records = connection.deals()
    assert len(box.log) == before
    first = next(records)
    assert first["id"] == min(box.deals.ids())
    assert isinstance(first["owner"], dict)
    assert len(box.log) - before <= 2
    assert 1 + sum(1 for _ in records) == 600


def test_attrs(box):
    """A frame reports where it comes from, without secrets."""
    connection = reach(box, "key-v4")
    attrs = connection.deals_df().attrs["salesmate"]
    assert (attrs["host"], attrs["api"]) == (box.url, "v4")
    assert attrs["calls"] == 5  # the field catalog, the pipelines and three pages
    assert pd.Timestamp(attrs["read_at"]).tzinfo is not None
    assert box.session_key not in json.dumps(attrs)


def test_unreadable_values(fresh):
    """Values that could not be read are missing, counted in attrs, and named in one warning."""
    rows = [{"id": n, "dealValue": "much", "createdAt": "soon" if n else "2026-01-01"} for n in range(3)]
    with pytest.warns(UserWarning, match="missing: 2 in created_at, 3 in deal_value") as warned:
        frame = read_v1(fresh, connect(fresh), lambda _: {"Data": {"data": rows, "totalRows": 3}})
    assert len(warned) == 1
    assert frame.attrs["salesmate"]["unreadable"] == {"deal_value": 3, "created_at": 2}


def read_v1(box, connection, give):
    """Read while the response of /v1/deals is the JSON that `give` returns for its offset."""
    with requests_mock.Mocker() as mocker:
        mocker.get(f"{box.url}/v1/deals", json=lambda request, _: give(int(request.qs["from"][0])))
        return connection.deals_df()


@pytest.fixture
def fresh():
    with sandbox.start(deals=3, behavior="kind", api="v1") as running:
        yield running


def deals(*numbers):
    return [{"id": number, "title": f"Deal {number}"} for number in numbers]


@pytest.mark.parametrize(
    ("count", "give"),
    [
        (700, lambda _: deals(*range(700))),  # paging is ignored: everything each time
        (700, lambda _: deals(*range(699, -1, -1))),  # the same, newest first
        (100, lambda at: {"data": deals(*range(at, 100)), "totalRows": "100"}),  # the total is text
        (100, lambda _: {"deals": deals(*range(100))}),  # no total; the same page each time
        (130, lambda at: {"Data": deals(*range(at, min(at + 100, 130)))}),  # pages of its own size
        (130, lambda at: {"Data": deals(*range(130)[::-1][at : at + 100])}),  # the same, newest first
        (0, lambda _: {"results": []}),
        (2, lambda at: deals(0, 0, 1)[at:]),  # twice on one page
        (5, lambda at: {"Data": {"data": deals(*range(max(at - 1, 0), min(at + 2, 5))), "totalRows": 5}}),
    ],
)
def test_v1_paging(fresh, count, give):
    """With or without a total or paging, in any place and order of the list: each deal once."""
    assert list(read_v1(fresh, connect(fresh), give)["id"]) == list(range(count))


def test_incomplete_read(fresh):
    """If fewer deals come than the total says, twice, the error has both numbers."""
    with pytest.raises(
        IncompleteRead, match="3 full reads found 9 deals, but the server counted 10"
    ) as caught:
        read_v1(fresh, connect(fresh), lambda at: {"Data": {"data": deals(*range(at, 9)), "totalRows": 10}})
    assert (caught.value.read, caught.value.total) == (9, 10)


def test_deletion_while_paging(fresh):
    """A deletion moves a row to a page that was already read: it is read again."""
    calls = []

    def give(at):
        calls.append(at)
        there = range(600, 0, -1) if len(calls) < 4 else range(599, 0, -1)
        return {"Data": {"data": deals(*there[at : at + 250]), "totalRows": len(there)}}

    assert set(range(1, 600)) <= set(read_v1(fresh, connect(fresh), give)["id"])


@pytest.mark.parametrize(
    "page",
    [
        {"Status": "success", "Data": {}},
        {"data": [1, 2]},
        {"data": [None]},
        {"data": [{"title": "no id"}]},
        {"data": [{"Id": 1}]},
        {"data": [{"id": ""}]},
        {"data": [{"id": "9223372036854775808"}]},
        {"data": [{"id": 1.5}]},
        {"data": [{"id": True}]},
    ],
)
def test_response_without_deals(fresh, page):
    """A response that is not a list of deals is an error, never an empty frame."""
    with pytest.raises(BadResponse):
        read_v1(fresh, connect(fresh), lambda _: page)


@pytest.mark.parametrize("given", [7, "7", " 7 ", "7.0", 7.0])
def test_id_formats(fresh, given):
    """An id is read from a number or a text."""
    ids = read_v1(fresh, connect(fresh), lambda at: {"data": [{"id": given}, {"id": str(2**63 - 1)}][at:]})[
        "id"
    ]
    assert list(ids) == [7, 2**63 - 1]


def test_field_catalog_is_refused(fresh):
    """If custom fields cannot be listed, the rest is read, with a warning."""
    fresh.script("/apis/v3/fields/getAllVisibleFields", *[ScriptedResponse(status=403, body=b"{}")] * 2)
    with pytest.warns(UserWarning, match="field catalog cannot be read"):
        frame = reach(fresh, "key-v4").deals_df()
    check_contract(frame)


def test_custom_columns(box):
    """A custom column is found by its label and by the API's name."""
    connection = reach(box, "key-v4")
    frame = connection.deals_df()
    assert frame.attrs["salesmate"]["fields"]["contract_length"] == "textCustomField1"
    both = connection.deals_df(columns=["contract_length", "text_custom_field_1"])
    assert list(both.columns) == ["contract_length", "text_custom_field_1"]
    assert both["contract_length"].notna().any()
    pd.testing.assert_series_equal(both["contract_length"], both["text_custom_field_1"], check_names=False)


def test_order_of_stages(box):
    """Stages sort as in the pipeline, not by the alphabet."""
    stages = list(reach(box, "key-v4").deals_df()["stage"].cat.categories)
    assert stages[:5] == ["Qualified", "Demo", "Proposal", "Negotiation", "Signed"]


def test_custom_columns_without_field_catalog(box):
    """Without the field catalog, the newest deal shows which custom fields there are."""
    connection = reach(box, "key-v4")
    box.script("/apis/v3/fields/getAllVisibleFields", sandbox.ScriptedResponse(status=404))
    with pytest.warns(
        UserWarning, match="use the API's field names, and custom fields that the newest record lacks"
    ):
        frame = connection.deals_df()
    custom = frame.columns[STANDARD:]
    assert len(custom) > 0
    assert all("custom_field" in name for name in custom)


def test_arrow_table(box):
    """deals_arrow gives the columns, rows and attrs of the frame, in Arrow's types."""
    connection = reach(box, "key-v4")
    table, frame = connection.deals_arrow(), connection.deals_df()
    assert table.column_names == list(frame.columns)
    assert str(table.schema.field("id").type) == "int64"
    assert str(table.schema.field("created_at").type) == "timestamp[us, tz=UTC]"
    assert str(table.schema.field("stage").type).startswith("dictionary")
    assert table.column("id").to_pylist() == frame["id"].to_list()
    report = json.loads(table.schema.metadata[b"salesmate"])
    assert report.keys() == frame.attrs["salesmate"].keys()


@pytest.mark.parametrize("deals", [0, 600])
def test_parquet_round_trip(deals, tmp_path):
    """Parquet keeps columns, dtypes, categories and attrs, with or without rows."""
    with sandbox.start(deals=deals, behavior="kind") as small:
        frame = reach(small, "key-v4").deals_df()
    frame.to_parquet(tmp_path / "deals.parquet")
    again = pd.read_parquet(tmp_path / "deals.parquet")
    assert list(map(str, again.dtypes)) == list(map(str, frame.dtypes))
    if deals:  # a file without rows does not keep which categories there might be
        pd.testing.assert_frame_equal(again, frame)
        one = frame.head(1)
        one.to_parquet(tmp_path / "one.parquet")
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "one.parquet"), one)
    assert again.attrs == frame.attrs


def test_wait_false():
    """If the hourly limit has too few requests left after the first page, no other is made."""
    with sandbox.start(deals=2_000, behavior="kind") as box:
        account = dataclasses.replace(box.settings, linkname=box.linkname, session_key=box.session_key)
        connection = connect(Settings(**account, calls_per_hour=7))
        with pytest.raises(RateLimited, match=r"7 more (calls|requests)") as caught:
            connection.deals_df(wait=False)
        assert 3_500 < caught.value.retry_after <= 3_600
        assert len(box.log) == 3  # the field catalog, the pipelines and a page
        assert len(connection.deals_df(limit=250, wait=False)) == 250
        assert connection.status().calls_left == 3


def test_wait_for_rate_limit(capsys, monkeypatch):
    """The hourly limit is reached in the middle: the bar counts down, and the frame is complete."""
    hour, now, delays = 0.2, [1_800_000_000.0], []
    monkeypatch.setattr("salesmate_nb._api.rate_limit.HOUR", hour)
    with sandbox.start(deals=2_000, behavior="kind") as box:
        connection = reach(box, "key-v4", calls_per_hour=6, concurrency=1)
        limiter = connection._account._limiter
        acquire = limiter.acquire

        def acquire_and_advance():
            delay = acquire()
            delays.extend([delay] if delay else [])
            now[0] += hour if len(delays) == 2 else 0  # the second delay is the one that is shown
            return delay

        monkeypatch.setattr(limiter, "_clock", lambda: now[0])
        monkeypatch.setattr(limiter, "acquire", acquire_and_advance)
        frame = connection.deals_df(progress=True)
    assert list(frame["id"]) == box.deals.ids()
    assert delays == pytest.approx([hour, hour])
    shown = capsys.readouterr().err
    assert "Rate limit reached, resuming in 1 s" in shown
    assert "Reading deals, 7 requests left, 1 min of waiting for the rate limit ahead" in shown


def test_shared_rate_limit(box):
    """Requests of one kernel count against the limit of another."""
    first, second = reach(box, "key-v4"), reach(box, "key-v4")
    before = second.status()
    first.get("apis/core/v4/users")
    after = second.status()
    assert (after.calls_made, after.calls_left) == (before.calls_made + 1, before.calls_left - 1)


@pytest.mark.slow
def test_interrupt_of_a_slow_server(tmp_path):
    """An interrupt ends a read while its requests have no response yet, and the next read works."""
    with LiveAccount(deals=made("deals", 2_000)) as account:
        connection = connect(
            Settings(
                session_key=account.session_key,
                linkname="acme",
                api_url=account.url,
                timezone="UTC",
                token_cache=tmp_path,
            )
        )
        quick = account.behaviour
        waiting = threading.Event()

        def become_slow(count, account):
            if count > 4:  # when pages are read side by side
                account.behaviour = dataclasses.replace(quick, latency=3_600.0)
                waiting.set()

        def interrupt():
            waiting.wait()
            os.kill(os.getpid(), signal.SIGINT)

        account.on_request = become_slow
        threading.Thread(target=interrupt).start()
        with pytest.raises(Interrupted, match=r"Reading deals was interrupted after \d+ of 2,000"):
            connection.deals_df()
        account.on_request, account.behaviour = None, quick
        assert len(connection.deals_df()) == 2_000
