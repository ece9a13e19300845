"""Account: live reads, snapshots and the report of each."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from salesmate_nb import SalesmateError, Settings, SettingsError, sandbox
from salesmate_nb._account import Account
from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.session import BoundedSession
from salesmate_nb._auth.current_user import CurrentUserLookup
from salesmate_nb.resources import CONTACTS, DEALS
from tests.helpers import reach, same

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
