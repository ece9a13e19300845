"""Salesmate, over real sockets against the sandbox."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest

from salesmate_nb import (
    ApiError,
    LoginError,
    LoginRequired,
    NotFound,
    Salesmate,
    SalesmateError,
    Settings,
    connect,
    sandbox,
)
from salesmate_nb._api.client import ApiClient
from salesmate_nb.errors import Interrupted
from tests.helpers import same
from tests.live_account import Behaviour, LiveAccount, made


@pytest.fixture
def box():
    with sandbox.start(deals=60, behavior="kind", api="v1") as running:
        yield running


def test_session_key(box):
    """A key and a linkname connect without OAuth."""
    settings = Settings(
        linkname=box.linkname, session_key=box.session_key, api_url=box.url, timezone=box.settings.timezone
    )
    connection = connect(settings)
    assert (connection.authorized, connection.login_url) == (True, None)
    assert len(connection.deals_df()) == 60
    assert not any(call.path.startswith("/oauth") for call in box.log)
    assert {call.headers["Accesstoken"] for call in box.log} == {box.session_key}
    with pytest.raises(LoginError, match="The Session Key in the argument session_key still signs you in"):
        connection.logout()


def test_wrong_key_or_linkname(box):
    """A wrong key and a wrong linkname are each named."""
    good = Settings(linkname=box.linkname, session_key=box.session_key, api_url=box.url)
    with pytest.raises(SalesmateError, match="Session Key was not accepted"):
        connect(dataclasses.replace(good, access_token="wrong")).deals_df()
    with pytest.raises(NotFound, match="SALESMATE_LINKNAME"):
        connect(dataclasses.replace(good, linkname="other")).deals_df()


def test_get_and_post(box):
    """Parameters and body reach the server; the data inside the envelope comes back."""
    connection = connect(box)
    users = connection.get("/apis/core/v4/users", status="active")
    assert {"id", "firstName", "email"} <= users[0].keys()
    assert box.log[-1].query == {"status": "active"}
    body = {
        "displayingFields": ["deal.id"],
        "filterQuery": {"group": {"operator": "AND", "rules": []}},
        "moduleId": 4,
    }
    found = connection.post("apis/deal/v4/search?rows=3&from=0", body)
    assert len(found["data"]) == 3
    with pytest.raises(NotFound):
        connection.get("apis/deal/v4/1")


def test_expired_token_is_refreshed(box):
    """A read refreshes an expired access token without an error."""
    connection = connect(box)
    box.expire_access_tokens()
    assert len(connection.deals_df()) == 60
    assert [call.form.get("grant_type") for call in box.log if call.path == "/oauth/token"] == [
        "authorization_code",
        "refresh_token",
    ]


def test_revoked_grant_requires_login(box):
    """If the server ends the login, the next read raises LoginRequired, and connect() logs in again."""
    connection = connect(box)
    box.revoke_all()
    with pytest.raises(LoginRequired, match=r"connect\(\)"):
        connection.deals_df()
    assert not connection.authorized
    assert len(connect(box).deals_df()) == 60


def test_salesmate_without_connect(box):
    """The class connects without asking anybody."""
    connect(box)
    assert len(Salesmate(Settings(**box.settings)).deals_df(limit=1)) == 1


@pytest.fixture
def by_key(box):
    """Connect over v4, with a Session Key."""
    settings = Settings(**dict(box.settings) | {"linkname": box.linkname, "session_key": box.session_key})
    return connect(settings)


@pytest.mark.parametrize("resource", ["deals", "contacts", "companies", "activities"])
def test_three_forms_of_each_resource(by_key, resource):
    """A frame, an Arrow table and an iterator hold the same records; the first two are sorted by id."""
    frame = getattr(by_key, f"{resource}_df")()
    table = getattr(by_key, f"{resource}_arrow")()
    records = list(getattr(by_key, resource)())
    ids = sorted(record["id"] for record in records)
    assert list(frame["id"]) == table.column("id").to_pylist() == ids
    assert table.column_names == list(frame.columns)
    assert json.loads(table.schema.metadata[b"salesmate"]).keys() == frame.attrs["salesmate"].keys()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("id", ["id"]),
        (["id", "id"], ["id"]),
        (("title", "id"), ["title", "id"]),
        (["text_custom_field_1", "contract_length"], ["text_custom_field_1", "contract_length"]),
    ],
)
def test_columns_live_and_from_snapshot(by_key, columns, expected):
    """Columns are chosen alike, live and from a snapshot."""
    live, kept = by_key.deals_df(columns=columns), by_key.deals_df(columns=columns, refresh="auto")
    assert list(live.columns) == list(kept.columns) == expected
    pd.testing.assert_frame_equal(live, kept)


@pytest.mark.parametrize(
    "columns", ["deal_vlaue", ["deal_vlaue"], ["id", 7], 7, [], ["text_custom_field_99"]]
)
def test_invalid_columns_live_and_from_snapshot(by_key, columns):
    """A column that does not exist is the same error, live and from a snapshot."""
    messages = []
    for refresh in (None, "auto"):
        with pytest.raises(SalesmateError, match="columns") as caught:
            by_key.deals_df(columns=columns, refresh=refresh)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("resource", ["contacts", "companies", "activities"])
def test_filters_of_other_resources(by_key, resource):
    """Contacts, companies and activities are filtered by any column, and up to a time, as deals are."""
    frame = getattr(by_key, f"{resource}_df")()
    kind, newest = frame["type"].mode()[0], frame["created_at"].median()
    found = getattr(by_key, f"{resource}_df")(where={"type": kind}, created_until=newest)
    assert 0 < len(found) < len(frame)
    assert list(found["id"]) == list(frame["id"][(frame["type"] == kind) & (frame["created_at"] <= newest)])


def test_arrow_in_polars(by_key):
    """Polars reads the table with the right types, and shares its numbers and times."""
    table = by_key.deals_arrow()
    frame = pl.from_arrow(table)
    assert (frame.height, frame.columns) == (60, table.column_names)
    types = {name: frame.schema[name] for name in ("id", "title", "deal_value", "status", "created_at")}
    assert types == {
        "id": pl.Int64,
        "title": pl.String,
        "deal_value": pl.Float64,
        "status": pl.Categorical,
        "created_at": pl.Datetime("us", "UTC"),
    }
    for name in ("id", "deal_value", "created_at"):
        ours = {values.buffers()[1].address for values in table[name].chunks if len(values)}
        assert {chunk.to_arrow().buffers()[1].address for chunk in frame[name].get_chunks()} == ours
    assert pl.DataFrame(table).equals(frame)


def test_arrow_in_duckdb(by_key):
    """DuckDB finds the table by the name of its variable, and knows its types."""
    deals = by_key.deals_arrow()
    found = duckdb.sql(
        "select status, sum(deal_value) as value, max(created_at) as newest from deals group by all"
    )
    assert [str(kind) for kind in found.types[1:]] == ["DOUBLE", "TIMESTAMP WITH TIME ZONE"]
    expected = deals.to_pandas().groupby("status", observed=True)["deal_value"].sum().to_dict()
    assert {status: value for status, value, _ in found.fetchall()} == pytest.approx(expected)


def test_unknown_resource_of_dataset(by_key, tmp_path):
    """write_dataset names the resources there are."""
    with pytest.raises(SalesmateError, match=r"resource='tickets' is not known\. Use one of deals, contacts"):
        by_key.write_dataset("tickets", tmp_path / "tickets")


@pytest.fixture
def account():
    """Return an account written from the facts alone, whose zone is Asia/Kolkata."""
    with LiveAccount(deals=made("deals", 30), contacts=made("contacts", 5)) as running:
        yield running


def keyed(account, **changes):
    """Return settings with the account's Session Key and no time zone."""
    given = {"linkname": account.linkname, "session_key": account.session_key, "api_url": account.url}
    return Settings(**given | {"token_cache": Path.cwd() / "logins"} | changes)


@pytest.mark.parametrize("name", ["access_key", "secret_key"])
def test_another_of_the_three_keys(account, name):
    """Either of the other two keys is refused with where the right one is, and is not in the message."""
    key = getattr(account, name)
    with pytest.raises(
        LoginRequired, match=r"\(AuthorizationFailed\): the Session Key was not acc"
    ) as caught:
        Salesmate(keyed(account, session_key=key)).deals_df()
    assert "another of the three keys" in str(caught.value)
    assert "My Account, tab Access Key: the third one, Session Key" in str(caught.value)
    assert key not in f"{caught.value!r} {vars(caught.value)}"


def test_wrong_key(account):
    """A key that Salesmate does not know is refused by the first request."""
    with pytest.raises(LoginRequired, match=r"HTTP 401 .*regenerated.*SALESMATE_SESSION_KEY"):
        Salesmate(keyed(account, session_key="wrong")).deals_df()
    assert len(account.requests) == 1


@pytest.mark.parametrize("status", [401, 200])
def test_expired_key(account, status):
    """A key that expires, before or while it is in use, is LoginRequired, whatever the status."""
    account.behaviour = Behaviour(expired_status=status)
    connection = Salesmate(keyed(account))
    assert connection.get("apis/core/v4/users")
    account.expired = True
    for used in (connection, Salesmate(keyed(account))):
        with pytest.raises(
            LoginRequired, match=f"HTTP {status} .*has expired: keys last some weeks"
        ) as caught:
            used.deals_df()
        assert account.session_key not in str(caught.value)


def test_forbidden_resource(account):
    """If one resource is refused while another is read, the message is about rights."""
    account.behaviour = Behaviour(forbidden=("contacts",))
    connection = Salesmate(keyed(account))
    assert connection.get("apis/core/v4/users")
    with pytest.raises(ApiError, match=r"lack the right to this\..*The Session Key works") as caught:
        connection.post("apis/contact/v4/search?rows=1&from=0", {"moduleId": 1})
    assert type(caught.value) is ApiError


@pytest.mark.parametrize(
    "refused", [["/fields"], ["/users", "/fields"], ["/users", "/fields", "/dealPipeline"]]
)
@pytest.mark.filterwarnings("ignore:Custom columns use", "ignore:Dates without a time zone")
def test_no_right_to_settings(refused):
    """Deals are read also if users, fields and pipelines are refused as a wrong key would be."""

    class Limited(LiveAccount):
        def _respond(self, seen):
            response = super()._respond(seen)
            if any(part in seen.path for part in refused):
                error = {"code": "4004", "name": "AuthorizationFailed", "message": ""}
                response.status, response.payload = 403, {"Status": "failure", "Error": error}
            return response

    with Limited(deals=made("deals", 30)) as account:
        for _kernel in range(2):
            assert len(Salesmate(keyed(account)).deals_df()) == 30


class Regenerated(LiveAccount):
    """From some request on, each is refused as one with another of the three keys is."""

    works_for = 10**9

    def _respond(self, seen):
        self.works_for -= 1
        response = super()._respond(seen)
        if self.works_for < 0:
            error = {"code": "4004", "name": "AuthorizationFailed", "message": ""}
            response.status, response.payload = 403, {"Status": "failure", "Error": error}
        return response


@pytest.mark.parametrize("works_for", [0, 3])
def test_regenerated_key(works_for):
    """If a key that has worked is refused for everything, the error is about the key, not about rights."""
    with Regenerated(deals=made("deals", 2_000)) as account:
        connection = Salesmate(keyed(account))
        assert len(connection.deals_df()) == 2_000
        account.works_for = works_for
        with pytest.raises(LoginRequired, match="or have been regenerated"):
            connection.deals_df()
        assert not connection.authorized


def test_wrong_linkname(account):
    """A linkname that Salesmate does not know is named."""
    with pytest.raises(NotFound, match=r"the workspace 'other' does not exist\. Check SALESMATE_LINKNAME"):
        Salesmate(keyed(account, linkname="other")).deals_df()


def test_dates_without_zone():
    """Without any time zone, they count as UTC, with one warning for each connection."""
    behaviour = Behaviour(timestamps="v3", order="stable")
    with LiveAccount(deals=made("deals", 30), users=[], behaviour=behaviour) as account:
        connection = connect(keyed(account))
        with pytest.warns(UserWarning, match=r"zone is not known.*UTC\. Set SALESMATE_TIMEZONE") as warned:
            frame = connection.deals_df()
        assert len(warned) == 1
        connection.deals_df()  # warnings are errors here
        same(frame, connect(keyed(account, timezone="UTC")).deals_df())


def test_offline_makes_no_request(account):
    """refresh="never" asks for no time zone."""
    with pytest.raises(SalesmateError, match="no snapshot"):
        Salesmate(keyed(account)).deals_df(refresh="never")
    assert account.requests == []


def test_oauth_with_v4_names_the_key(box):
    """A refused OAuth login over v4 says that nobody is known to use it there, and names the key."""
    connection = connect(box)
    refusal = sandbox.ScriptedResponse(status=401)
    box.script("/apis/core/v4/users", refusal, refusal)  # the second after the token was refreshed
    with pytest.raises(LoginRequired, match=r"No public client is known to use OAuth.*SALESMATE_SESSION_KEY"):
        connection.get("apis/core/v4/users")


@pytest.mark.parametrize(
    ("method", "arguments", "words"),
    [
        ("users_df", (), "Reading users was"),
        ("fields_df", (), "Reading fields was"),
        ("pipelines_df", (), "Reading pipelines was"),
        ("contacts_df", (), "Reading contacts was"),
        ("doctor", (), "The doctor was"),
        ("get", ("x",), "The request was interrupted. Run this again."),
        ("post", ("x",), "The request was interrupted. It may have been carried out"),
        ("login_with_key", ("acme", "k3y"), "The login was"),
    ],
)
def test_interrupt(account, monkeypatch, tmp_path, method, arguments, words):
    """An interrupt says in a sentence what was interrupted, before the first page of a read too."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(ApiClient, "request", interrupted)
    settings = keyed(account, token_cache=tmp_path)
    if method == "login_with_key":
        settings = Settings(token_cache=tmp_path)
    with pytest.raises(Interrupted, match=words):
        getattr(Salesmate(settings), method)(*arguments)
