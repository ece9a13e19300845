"""Account: live reads, snapshots and the report of each."""

from __future__ import annotations

import datetime as dt
import json
from functools import partial

import pandas as pd
import pytest

from salesmate_nb import Salesmate, SalesmateError, Settings, SettingsError, sandbox
from salesmate_nb._account import Account
from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.session import BoundedSession
from salesmate_nb._auth.current_user import CurrentUserLookup
from salesmate_nb.resources import CONTACTS, DEALS
from tests.helpers import reach, same
from tests.live_account import LiveAccount, made

REPORT = {"host", "api", "read_at", "calls", "calls_left", "fields", "unreadable"}


@pytest.fixture
def box():
    with sandbox.start(deals=60) as running:
        yield running


def account_of(settings, api_client, limiter, **options):
    """Make an account whose current user is not stored."""
    user = CurrentUserLookup(settings, "default", api_client.request, is_stored=False)
    return Account(settings, "default", api_client, limiter, user, **options)


@pytest.fixture
def make(box):
    """Return a function that makes an account of the sandbox without a client around it."""

    def account(**options):
        connection = reach(box, "key-v4")
        limiter = RateLimiter(box.url, 100)
        api_client = ApiClient(connection.session, box.url, limiter)
        return account_of(connection.settings, api_client, limiter, **options)

    return account


@pytest.mark.parametrize("by", ["oauth-v1", "key-v4"])
def test_api(box, by):
    """The linkname decides which API is read, and the report names it."""
    account = reach(box, by)._account
    assert account.api == by[-2:]
    assert account.frame(DEALS, {}).attrs["salesmate"]["api"] == by[-2:]


def test_report(box, make):
    """A report has the requests that this read took, and how many of the hour are left."""
    account = make()
    first, second = (account.frame(DEALS, {}).attrs["salesmate"] for _ in range(2))
    assert first.keys() >= REPORT
    assert (first["host"], first["unreadable"]) == (box.url, {})
    assert (first["calls"], first["calls_left"]) == (4, 96)  # user, field catalog, pipelines, page
    assert (second["calls"], second["calls_left"]) == (2, 94)


def test_arrow_metadata(make):
    """The metadata of an Arrow table have the fields that the attrs of a frame have."""
    account = make()
    metadata = json.loads(account.arrow(DEALS, {}).schema.metadata[b"salesmate"])
    assert metadata.keys() == account.frame(DEALS, {}).attrs["salesmate"].keys()


def test_records(box, make):
    """Records are read when they are needed, in the server's form."""
    account = make()
    records = account.records(DEALS, {"limit": 2})
    before = len(box.log)
    assert [record["id"] for record in records] == box.deals.ids()[:2]
    assert len(box.log) > before


def test_live_or_snapshot(box, make):
    """A snapshot is read as it was; a live read and a refreshed snapshot have what changed since."""
    account = make()
    before = account.frame(DEALS, {"refresh": "auto"})
    box.deals.edit(box.deals.ids()[0], title="changed")
    unchanged = account.frame(DEALS, {"refresh": "never"})
    assert unchanged.attrs["salesmate"]["calls"] == 0
    same(unchanged, before)
    live = account.frame(DEALS, {"refresh": None})
    assert live["title"].iloc[0] == "changed"
    same(account.frame(DEALS, {"refresh": "auto"}), live)


@pytest.mark.parametrize(
    ("setting", "call", "expected"),
    [
        (None, {}, "live"),
        ("live", {}, "live"),
        ("auto", {}, "auto"),
        ("auto", {"refresh": None, "as_of": pd.NaT}, "auto"),
        ("auto", {"refresh": "live"}, "live"),
        ("never", {"refresh": "full"}, "full"),
        ("full", {"as_of": "2026-01-31"}, "never"),
        ("full", {"as_of": "2026-01-31", "refresh": "auto"}, "auto"),
    ],
)
def test_refresh(box, setting, call, expected):
    """A call's refresh wins over the past, which is on disk, that over the setting, and that over live."""
    account = reach(box, "key-v4", refresh=setting)._account
    assert account.refresh(call.get("refresh"), call.get("as_of")) == expected


def test_setting_without_snapshots(box):
    """The setting does not apply where there are no snapshots: to v1, and to a login in memory."""
    for connection in (
        reach(box, "oauth-v1", refresh="never"),
        reach(box, "key-v4", refresh="auto", token_store="memory"),
    ):
        assert connection.deals_df().attrs["salesmate"]["strategy"] != "snapshot"


def test_snapshot_folders(box):
    """Each profile and each Session Key has snapshots of its own."""
    reach(box, "key-v4")._account.frame(DEALS, {"refresh": "auto"})
    with pytest.raises(SalesmateError, match="snapshot"):
        reach(box, "oauth-v4")._account.frame(DEALS, {"refresh": "never"})


def test_no_snapshots(box, make):
    """Without snapshots the error says why and what works instead, and nothing is requested."""
    account = make(has_snapshots=False)
    before = len(box.log)
    with pytest.raises(SettingsError, match="read live with refresh='live'"):
        account.frame(DEALS, {"refresh": "auto"})
    assert len(box.log) == before
    assert len(account.frame(DEALS, {})) == 60


def test_without_v4():
    """Without a linkname, contacts, users and fields are errors that name the setting."""
    settings = Settings(access_token=None, token_store="memory")
    limiter = RateLimiter(settings.api_url, 100)
    account = account_of(settings, ApiClient(BoundedSession(), settings.api_url, limiter), limiter)
    for read in (account.users, account.fields, lambda: account.frame(CONTACTS, {})):
        with pytest.raises(SettingsError, match="SALESMATE_LINKNAME"):
            read()


def test_unknown_resource(make, tmp_path):
    """A dataset of an unknown resource is an error that lists the known ones."""
    with pytest.raises(SalesmateError, match=r"'leads' is not known\. Use one of deals, contacts"):
        make().write_dataset("leads", tmp_path / "leads", (), {})


@pytest.fixture(scope="module")
def read():
    """Return functions that read the same deals live, from a snapshot, as of a time and over v1."""
    with sandbox.start(deals=150, behavior="kind") as box:
        v4, v1 = (reach(box, by, timezone="Asia/Kolkata") for by in ("key-v4", "oauth-v1"))
        yield {
            "live": v4.deals_df,
            "snapshot": partial(v4.deals_df, refresh="auto"),
            "as of": partial(v4.deals_df, as_of="2100"),
            "v1": v1.deals_df,
        }


@pytest.fixture(scope="module")
def every(read):
    """Return all deals."""
    return read["live"]()


def cases(deals):
    """Return filters, each with what plain pandas finds by it, of whatever the made-up deals hold."""
    closed, created = (
        deals[column].dt.tz_convert("Asia/Kolkata").dt.tz_localize(None)
        for column in ("closed_date", "created_at")
    )
    day, month = closed.median().date(), f"{created.median():%Y-%m}"
    earlier = day - dt.timedelta(days=99)
    source, length = deals["source"].mode()[0], deals["contract_length"].mode()[0]
    tag = deals["tags"].dropna().iloc[0].partition(",")[0]
    low, high = deals["deal_value"].quantile([0.2, 0.8])
    lengths = (deals["contract_length"] == length) | deals["contract_length"].isna()
    months = created.dt.strftime("%Y-%m")
    return {
        "closed": ({"closed_since": earlier, "closed_until": day}, closed.dt.date.between(earlier, day)),
        "until": ({"created_until": month, "modified_until": "2100"}, months <= month),
        "values": (
            {"where": {"source": source.upper(), "text_custom_field_1": [length, None]}},
            (deals["source"] == source) & lengths,
        ),
        "range": (
            {"status": "Open", "where": {"deal_value": {"min": low, "max": str(high)}}},
            (deals["status"] == "Open") & deals["deal_value"].between(low, high),
        ),
        "tag": ({"where": {"tags": tag}}, deals["tags"].map(lambda tags: tag in str(tags).split(","))),
        "days": (
            {"where": {"created_at": {"min": month, "max": created.max().date()}}},
            (months >= month) & (created.dt.date <= created.max().date()),
        ),
    }


@pytest.mark.parametrize("name", ["closed", "until", "values", "range", "tag", "days"])
def test_filters_give_the_same_rows(read, every, name):
    """Filters keep the same rows live, from a snapshot, as of a time and over v1, and those are right."""
    filters, mask = cases(every)[name]
    wanted = every["id"][mask].to_list()
    assert 0 < len(wanted) < 150
    found = {way: list(read_deals(**filters, columns="id")["id"]) for way, read_deals in read.items()}
    assert found == dict.fromkeys(read, wanted)


@pytest.mark.parametrize("way", ["live", "snapshot"])
def test_where_is_checked_before_anything_is_read(read, way):
    """A misspelt column, or a value of another kind, is an error live and from a snapshot."""
    with pytest.raises(SalesmateError, match=r"where: there is no column 'sourse'\. Did you mean 'source'\?"):
        read[way](where={"sourse": "Web"})
    with pytest.raises(SalesmateError, match="where: owner_id is a whole number, and 'many' is not"):
        read[way](where={"owner_id": "many"})


@pytest.mark.parametrize("way", ["live", "snapshot", "v1"])
def test_where_of_a_value_that_nobody_has(read, every, way):
    """A warning names the value, the closest one, and what there is."""
    source = every["source"].mode()[0]
    with pytest.warns(UserWarning, match=rf"has source '{source}x'\. Did you mean '{source}'\? There are: "):
        assert read[way](where={"source": f"{source}x"}).empty


def test_links(read):
    """Each deal has its page in the last column, whatever the other columns, live, kept, or as of a time."""
    for way in ("live", "snapshot", "as of"):
        frame = read[way](url=True, columns=["title"], limit=2)
        assert list(frame.columns) == ["title", "deal_url"]
        assert frame["deal_url"][0].endswith("/#/app/deals/1001/detail")
        assert frame.dtypes.astype("str").to_dict() == {"title": "str", "deal_url": "str"}
    assert list(read["live"](url=True).columns)[-1] == "deal_url"
    for columns in (["deal_url", "title"], ["deal_url"]):
        assert list(read["live"](url=True, columns=columns, limit=1)) == columns
    with pytest.warns(UserWarning, match="Set SALESMATE_LINKNAME"):
        assert read["v1"](url=True)["deal_url"].isna().all()


def test_report_of_filters(read):
    """The report says what was read, by which filters, and in which time zone."""
    attrs = read["live"](status="Won", where={"deal_value": {"min": 5}}, limit=2).attrs["salesmate"]
    assert (attrs["resource"], attrs["timezone"], attrs["limit"]) == ("deals", "Asia/Kolkata", 2)
    assert attrs["filters"] == {"status": ["Won"], "where": {"deal_value": "from 5"}}


@pytest.mark.parametrize(
    ("filters", "rules", "fields"),
    [
        ({"closed_since": "2026-01-01"}, [], {"closedDate"}),
        ({"created_since": "2026-01-02", "created_until": "2026"}, ["createdAt IS_AFTER"], {"createdAt"}),
        ({"where": {"status": "Won", "tags": "hot"}}, ["status EQUALS"], {"status", "tags"}),
        ({"where": {"text_custom_field_1": None}}, [], {"textCustomField1"}),
    ],
)
def test_what_the_server_is_asked(filters, rules, fields):
    """The server is asked for the columns that filters check, and by rules that were seen in use only."""
    with LiveAccount(deals=made("deals", 30)) as account:
        given = {"linkname": account.linkname, "session_key": account.session_key, "api_url": account.url}
        Salesmate(Settings(**given)).deals_df(columns="title", **filters)
        body = next(seen.body for seen in account.requests if seen.path.endswith("/deal/v4/search"))
    sent = body["filterQuery"]["group"]["rules"]
    assert [f"{rule['field']['fieldName']} {rule['condition']}" for rule in sent] == [
        f"deal.{rule}" for rule in rules
    ]
    assert set(body["displayingFields"]) == {f"deal.{name}" for name in ("id", "title", *fields)}


def test_ages_count_from_the_time_of_the_server():
    """An age is one by the clock that also dates the rows, once a response has shown it."""
    with sandbox.start(deals=30) as box:
        box.pass_days(0)  # its clock now shows 2026-06-30
        crm = reach(box)
        every = crm.deals_df()
        start = pd.Timestamp("2026-06-20", tz="UTC")
        expected = every["id"][every["last_modified_at"] >= start].to_list()
        assert 0 < len(expected) < len(every)
        assert crm.deals_df(modified_since="10d")["id"].to_list() == expected
        assert crm.deals_df(where={"last_modified_at": {"min": "10d"}})["id"].to_list() == expected


@pytest.mark.parametrize("name", ["users", "pipelines", "fields"])
def test_source_of_lists(box, make, name):
    """Lists say where and when they are from, too, as an Excel file of them then does."""
    report = getattr(make(), name)().attrs["salesmate"]
    assert (report["host"], report["resource"]) == (box.url, name)
    assert dt.datetime.fromisoformat(report["read_at"]).tzinfo is not None
