"""Reading deals: the real ones three ways, filters, columns, limits, and servers unlike their documents."""

from __future__ import annotations

import dataclasses
import json

import pandas as pd
import pytest
import requests_mock

from salesmate_nb import BadResponse, IncompleteRead, RateLimited, SalesmateError, Settings, connect, sandbox
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import column_name
from salesmate_nb.sandbox import Answer

WAYS = ["oauth-v1", "oauth-v4", "key-v4"]
DTYPES = {
    "int": "Int64",
    "string": "str",
    "category": "category",
    "float": "float64",
    "datetime": "datetime64[us, UTC]",
    "bool": "boolean",
}


def reach(box, way):
    """Connect to a sandbox by OAuth and v1, OAuth and v4, or an access key and v4."""
    if way == "oauth-v1":
        return connect(box)
    settings = Settings(**dataclasses.replace(box.settings, linkname=box.linkname))
    if way == "key-v4":
        return connect(dataclasses.replace(settings, access_token=box.access_key))
    connection = connect(settings)
    if connection.login_url:
        box.visit(connection.login_url)
    return connection


@pytest.fixture(scope="module")
def box():
    with sandbox.start(deals=600) as running:
        yield running


def check_contract(frame):
    """Assert what holds for every frame: the fixed columns first, their dtypes, distinct ids in order."""
    assert list(frame.columns[:24]) == [field.name for field in DEALS.fields]
    assert {field.name: DTYPES[field.kind] for field in DEALS.fields} == dict(
        frame.dtypes.iloc[:24].astype(str)
    )
    assert list(frame.columns[24:]) == sorted(frame.columns[24:])
    assert frame["id"].is_unique
    assert frame["id"].is_monotonic_increasing


@pytest.mark.parametrize("way", WAYS)
def test_the_real_deals_give_their_true_figures(real_deals, way):
    """8,800 real opportunities read exactly, whichever way: their README's figures, the contract's types."""
    with sandbox.start(data=real_deals) as box:
        frame = reach(box, way).deals_df()
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
    assert [paths[name] for name in frame.columns[24:]] == ["text_custom_field_1", "text_custom_field_2"]
    assert frame.attrs["salesmate"]["unreadable"] == {}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_read_is_what_the_server_has(box, way):
    """Each deal of the sandbox is there, once."""
    frame = reach(box, way).deals_df()
    check_contract(frame)
    assert list(frame["id"]) == sorted(box.deals.ids())


@pytest.mark.parametrize("way", WAYS)
def test_the_ways_agree(box, way):
    """v1 and v4 give the same values; labels of custom fields and the order of categories are v4's alone."""
    first, second = (mechanical(reach(box, one).deals_df()) for one in (way, "oauth-v1"))
    pd.testing.assert_frame_equal(first, second, check_categorical=False)


def mechanical(frame):
    """Return a frame whose custom columns go by the API's names, columns sorted."""
    names = {name: column_name(path) for name, path in frame.attrs["salesmate"]["fields"].items()}
    return frame.rename(columns=names).sort_index(axis="columns")


@pytest.mark.parametrize("way", WAYS)
def test_an_empty_account_gives_the_same_columns(way):
    """No deals is a result like any other."""
    with sandbox.start(deals=0) as box:
        frame = reach(box, way).deals_df()
    check_contract(frame)
    assert len(frame) == 0


@pytest.mark.parametrize("way", WAYS)
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
def test_a_filter_gives_what_filtering_the_whole_frame_gives(box, way, filters):
    """What the server was asked for changes the calls, never the result."""
    connection = reach(box, way)
    expected = connection.deals_df()
    for name, wanted in filters.items():
        if name.endswith("_since"):
            column = {"created_since": "created_at", "modified_since": "last_modified_at"}[name]
            expected = expected[expected[column] >= pd.Timestamp(wanted, tz="UTC")]
        elif name == "owner":
            expected = expected[expected["owner_id"] == wanted]
        else:
            folded = [one.casefold() for one in ([wanted] if isinstance(wanted, str) else wanted)]
            expected = expected[expected[name].astype("str").str.casefold().isin(folded)]
    frame = connection.deals_df(**filters)
    check_contract(frame)
    assert list(frame["id"]) == list(expected["id"])


def test_v4_asks_the_server_to_filter(box):
    """Status and moments go along as rules, so that fewer pages come; moments with a day's margin."""
    reach(box, "key-v4").deals_df(status="won", created_since="2026-01-02")
    rules = box.log[-1].json["filterQuery"]["group"]["rules"]
    sent = {rule["field"]["fieldName"]: (rule["condition"], rule["data"]) for rule in rules}
    assert sent == {"deal.status": ("EQUALS", "Won"), "deal.createdAt": ("IS_AFTER", "Jan 01, 2026 12:00 AM")}


@pytest.mark.parametrize("way", WAYS)
def test_columns_come_in_the_order_they_were_asked_for(box, way):
    """Only what is asked for is in the frame, custom fields by name too."""
    frame = reach(box, way).deals_df(columns=["title", "deal_value"], status="Won")
    assert list(frame.columns) == ["title", "deal_value"]
    assert len(frame) > 0


def test_v4_is_asked_for_the_columns_that_are_needed_only(box):
    """displayingFields holds what the frame and the filters need."""
    reach(box, "key-v4").deals_df(columns=["title"], owner="nobody")
    assert box.log[-1].json["displayingFields"] == [
        "deal.id",
        "deal.owner.name",
        "deal.owner.id",
        "deal.title",
    ]


@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_column_is_answered_with_a_near_one(box, way):
    """A slip of the pen gets the name that was meant."""
    with pytest.raises(SalesmateError, match="Did you mean 'deal_value'"):
        reach(box, way).deals_df(columns=["deal_vlaue"])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("limit", [0, 1, 250, 251, 10_000])
def test_a_limit_counts_rows_in_all(box, way, limit):
    """A limit is of rows, not of a page, and saves calls."""
    connection = reach(box, way)
    before = len(box.log)
    frame = connection.deals_df(limit=limit)
    assert list(frame["id"]) == sorted(box.deals.ids())[:limit]
    assert len(box.log) - before <= -(-min(limit, 600) // 250) + 2


@pytest.mark.parametrize("limit", [-1, 1.5, "5", True])
def test_a_limit_that_is_none_is_named(box, limit):
    """A limit is a whole number from 0."""
    with pytest.raises(SalesmateError, match="limit="):
        reach(box, "oauth-v1").deals_df(limit=limit)


@pytest.mark.parametrize("way", WAYS)
def test_records_come_lazily_and_as_sent(box, way):
    """deals() yields dictionaries in the server's own shape, and asks for a page when it is needed."""
    connection = reach(box, way)
    before = len(box.log)
    records = connection.deals()
    assert len(box.log) == before
    first = next(records)
    assert first["id"] == min(box.deals.ids())
    assert isinstance(first["owner"], dict)
    assert len(box.log) - before <= 2
    assert 1 + sum(1 for _ in records) == 600


def test_attrs_tell_host_api_moment_and_calls(box):
    """A frame knows where it comes from; nothing in it is secret, and Parquet keeps it."""
    connection = reach(box, "key-v4")
    attrs = connection.deals_df().attrs["salesmate"]
    assert (attrs["host"], attrs["api"]) == (box.url, "v4")
    assert attrs["calls"] == 4  # the field catalogue and three pages
    assert pd.Timestamp(attrs["read_at"]).tzinfo is not None
    assert box.access_key not in json.dumps(attrs)


def test_unreadable_values_are_counted_and_warned_of_once(fresh):
    """What did not fit is missing, counted in attrs, and told in one warning."""
    rows = [{"id": n, "dealValue": "much", "createdAt": "soon" if n else "2026-01-01"} for n in range(3)]
    with pytest.warns(UserWarning, match="missing: 2 in created_at, 3 in deal_value") as warned:
        frame = answers(fresh, connect(fresh), lambda _: {"Data": {"data": rows, "totalRows": 3}})
    assert len(warned) == 1
    assert frame.attrs["salesmate"]["unreadable"] == {"deal_value": 3, "created_at": 2}


def answers(box, connection, give):
    """Read while /v1/deals answers with the JSON that `give` has for each offset."""
    with requests_mock.Mocker() as mocker:
        mocker.get(f"{box.url}/v1/deals", json=lambda request, _: give(int(request.qs["from"][0])))
        return connection.deals_df()


@pytest.fixture
def fresh():
    with sandbox.start(deals=3) as running:
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
def test_v1_is_read_right_however_it_pages(fresh, count, give):
    """Total or none, paging or none, any place and order of the list: each deal once."""
    assert list(answers(fresh, connect(fresh), give)["id"]) == list(range(count))


def test_a_read_that_stays_short_is_no_frame(fresh):
    """Where fewer deals come than the total says, twice over, the numbers are raised."""
    with pytest.raises(
        IncompleteRead, match="9 deals were read, twice over, where the server counted 10"
    ) as caught:
        answers(fresh, connect(fresh), lambda at: {"Data": {"data": deals(*range(at, 9)), "totalRows": 10}})
    assert (caught.value.read, caught.value.total) == (9, 10)


def test_a_row_that_slipped_past_the_offset_is_read_again(fresh):
    """Newest first, so that no order shows it: a deletion moves a row to a page that was read already."""
    calls = []

    def give(at):
        calls.append(at)
        there = range(600, 0, -1) if len(calls) < 4 else range(599, 0, -1)
        return {"Data": {"data": deals(*there[at : at + 250]), "totalRows": len(there)}}

    assert set(range(1, 600)) <= set(answers(fresh, connect(fresh), give)["id"])


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
def test_an_answer_without_deals_is_a_bad_response(fresh, page):
    """Something else than a list of deals is never an empty frame."""
    with pytest.raises(BadResponse):
        answers(fresh, connect(fresh), lambda _: page)


@pytest.mark.parametrize("given", [7, "7", " 7 ", "7.0", 7.0])
def test_an_id_is_read_in_any_form_a_number_comes_in(fresh, given):
    """What tells rows apart is the id that the frame shows."""
    ids = answers(fresh, connect(fresh), lambda at: {"data": [{"id": given}, {"id": str(2**63 - 1)}][at:]})[
        "id"
    ]
    assert list(ids) == [7, 2**63 - 1]


def test_a_catalogue_that_does_not_answer_leaves_the_standard_columns(fresh):
    """Where custom fields cannot be listed, the rest is read, and a warning says so."""
    fresh.script("/apis/v3/fields/getAllVisibleFields", *[Answer(status=403, body=b"{}")] * 2)
    with pytest.warns(UserWarning, match="field catalogue cannot be read"):
        frame = reach(fresh, "key-v4").deals_df()
    check_contract(frame)


def test_custom_columns_go_by_label_or_by_the_apis_name(box):
    """A column is found under both names; attrs tell the API's."""
    connection = reach(box, "key-v4")
    frame = connection.deals_df()
    assert frame.attrs["salesmate"]["fields"]["contract_length"] == "textCustomField1"
    both = connection.deals_df(columns=["contract_length", "text_custom_field_1"])
    assert list(both.columns) == ["contract_length", "text_custom_field_1"]
    assert both["contract_length"].notna().any()
    pd.testing.assert_series_equal(both["contract_length"], both["text_custom_field_1"], check_names=False)


def test_stages_come_in_the_servers_order(box):
    """Sorting by stage sorts as the pipeline does, not by the alphabet."""
    stages = list(reach(box, "key-v4").deals_df()["stage"].cat.categories)
    assert stages[:5] == ["Qualified", "Demo", "Proposal", "Negotiation", "Signed"]


def test_without_the_catalogue_custom_fields_keep_their_api_names(box):
    """Where the catalogue does not answer, the newest deal tells which custom fields there are."""
    connection = reach(box, "key-v4")
    box.script("/apis/v3/fields/getAllVisibleFields", sandbox.Answer(status=404))
    with pytest.warns(UserWarning, match="go by the API's names, and those that the newest record lacks"):
        frame = connection.deals_df()
    custom = frame.columns[24:]
    assert len(custom) > 0
    assert all("custom_field" in name for name in custom)


def test_the_arrow_table_holds_what_the_frame_holds(box):
    """deals_arrow gives the same columns, rows and attrs, in Arrow's types."""
    connection = reach(box, "key-v4")
    table, frame = connection.deals_arrow(), connection.deals_df()
    assert table.column_names == list(frame.columns)
    assert str(table.schema.field("id").type) == "int64"
    assert str(table.schema.field("created_at").type) == "timestamp[us, tz=UTC]"
    assert str(table.schema.field("stage").type).startswith("dictionary")
    assert table.column("id").to_pylist() == frame["id"].to_list()
    told = json.loads(table.schema.metadata[b"salesmate"])
    assert told.keys() == frame.attrs["salesmate"].keys()


@pytest.mark.parametrize("deals", [0, 600])
def test_parquet_keeps_columns_types_order_and_attrs(deals, tmp_path):
    """What is written and read again is the same frame, whole or empty."""
    with sandbox.start(deals=deals) as small:
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


def test_a_plan_that_does_not_fit_the_hour_is_refused_where_waiting_is_off():
    """The first page tells how many calls it takes: more than are left, so no other is made."""
    with sandbox.start(deals=2_000) as box:
        account = dataclasses.replace(box.settings, linkname=box.linkname, access_token=box.access_key)
        connection = connect(Settings(**account, calls_per_hour=6))
        with pytest.raises(RateLimited, match="no room for 7 more calls") as caught:
            connection.deals_df(wait=False)
        assert 3_500 < caught.value.retry_after <= 3_600
        assert len(box.log) == 2
        assert len(connection.deals_df(limit=250, wait=False)) == 250
        assert connection.status().calls_left == 3


def test_a_read_that_has_to_wait_says_so_in_its_bar(capsys, monkeypatch):
    """The hour's calls are used up in the middle: the bar counts down, and the frame is whole."""
    monkeypatch.setattr("salesmate_nb._api.rate_limit.HOUR", 4.0)
    with sandbox.start(deals=2_000) as box:
        account = dataclasses.replace(box.settings, linkname=box.linkname, access_token=box.access_key)
        frame = connect(Settings(**account, calls_per_hour=6)).deals_df(progress=True)
    assert list(frame["id"]) == box.deals.ids()
    shown = capsys.readouterr().err
    assert "deals: hourly limit, on in 0:0" in shown
    assert "deals, 8 calls, 1 min of waiting" in shown


def test_connections_that_share_a_folder_share_the_hour(box):
    """What one kernel calls is missing from what another has left."""
    first, second = reach(box, "key-v4"), reach(box, "key-v4")
    before = second.status()
    first.get("apis/core/v4/users")
    after = second.status()
    assert (after.calls_made, after.calls_left) == (before.calls_made + 1, before.calls_left - 1)
