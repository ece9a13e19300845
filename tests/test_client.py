"""Salesmate, over real sockets against the sandbox."""

from __future__ import annotations

import dataclasses
import json
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
import requests

from salesmate_nb import (
    ApiError,
    LoginDenied,
    LoginError,
    LoginRequired,
    NotFound,
    Salesmate,
    SalesmateError,
    Settings,
    StateMismatch,
    client,
    connect,
    sandbox,
)
from salesmate_nb._base.redaction import Secret
from tests.helpers import decide, reach, same
from tests.live_account import Behaviour, LiveAccount, made


@pytest.fixture
def box():
    with sandbox.start(deals=60, behavior="kind", api="v1") as running:
        yield running


@pytest.fixture
def asking():
    with sandbox.start(deals=60, approve="ask") as running:
        yield running


def test_finish_login(asking):
    """login_url and finish_login log in without a panel, with space or quotes around the pasted address."""
    connection = connect(asking)
    connection.finish_login(f'\n "{decide(connection.login_url)}" \n')
    assert connection.authorized
    connection.finish_login("anything")  # done already: nothing to do
    assert len(connection.deals_df()) == 60


def test_wrong_paste_keeps_login_pending(asking):
    """A denial, a missing code and a wrong state are each named; the login can still be finished."""
    connection = connect(asking)
    url = connection.login_url
    good = decide(url)
    state = parse_qs(urlsplit(good).query)["state"][0]
    with pytest.raises(LoginDenied):
        connection.finish_login(decide(url, "deny"))
    with pytest.raises(StateMismatch):
        connection.finish_login(good.replace(state, "x" * len(state)))
    with pytest.raises(LoginError, match="No authorization code"):
        connection.finish_login("http://localhost:3000/callback")
    assert connection.login_url == url
    connection.finish_login(good)
    assert connection.authorized


def test_logout_ends_pending_login(asking):
    """After logout an old link cannot log in, and its port is free."""
    connection = connect(asking)
    old = connection.login_url
    receiver = urlsplit(parse_qs(urlsplit(old).query)["redirect_uri"][0])
    connection.logout()
    with pytest.raises(requests.ConnectionError):
        requests.get(receiver.geturl(), timeout=30)
    assert connection.login_url != old


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


def test_status(box):
    """The status says who, where and until when, and holds no secret."""
    connection = reach(box, "oauth-v1")
    status = connection.status()
    assert status.authorized
    assert (status.host, status.api, status.profile) == (box.url, "v1", "default")
    assert 3500 < status.expires_at.timestamp() - __import__("time").time() <= 3600
    assert status.calls_left == 1500
    shown = repr(status)
    assert all(word in shown for word in ("connected", box.url, "default.json", "API calls"))
    assert not any(
        secret in shown
        for secret in (box.settings.client_secret, connection.session.current_token.access_token.reveal())
    )


def test_logout_forgets_and_revokes(box):
    """The token is gone here and at the server, and the connection is pending again."""
    connection = connect(box)
    token = connection.session.current_token.access_token.reveal()
    connection.logout()
    assert (connection.authorized, list(connection.settings.token_cache.glob("*.json"))) == (False, [])
    assert box.log[-1].path == "/oauth/revoke"
    response = requests.get(f"{box.url}/v1/deals", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert response.status_code == 401
    with pytest.raises(LoginRequired):
        connection.deals_df()
    assert connection.login_url


def test_logout_with_session_key(box):
    """A stored login behind a Session Key is revoked too; the error says that the key still signs in."""
    token = connect(box).session.current_token.refresh_token.reveal()
    settings = Settings(**dict(box.settings) | {"linkname": box.linkname, "session_key": box.session_key})
    with pytest.raises(LoginError, match="The Session Key in the argument session_key still signs you in"):
        Salesmate(settings).logout()
    assert (box.log[-1].path, box.log[-1].form["token"]) == ("/oauth/revoke", token)
    assert list(settings.token_cache.glob("*.json")) == []


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 401}, {"drop": "before"}])
def test_unconfirmed_revocation(box, fault):
    """The token is forgotten here, and the error says that it may still work elsewhere."""
    connection = connect(box)
    box.script("/oauth/revoke", sandbox.ScriptedResponse(**fault))
    with pytest.raises(LoginError, match=r"forgotten here, but .*/oauth/revoke did not confirm"):
        connection.logout()
    assert (connection.authorized, list(connection.settings.token_cache.glob("*.json"))) == (False, [])


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


def test_connection_repr_has_no_secret(box):
    """repr and vars of a connection and its session hold no token and no client secret."""
    connection = connect(box)
    token = connection.session.current_token
    secrets = [token.access_token.reveal(), token.refresh_token.reveal(), box.settings.client_secret]
    shown = f"{connection!r} {vars(connection)} {vars(connection.session)} {connection.session.token}"
    assert not any(secret in shown for secret in secrets)


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
        ([], []),
        (["text_custom_field_1", "contract_length"], ["text_custom_field_1", "contract_length"]),
    ],
)
def test_columns_live_and_from_snapshot(by_key, columns, expected):
    """Columns are chosen alike, live and from a snapshot."""
    live, kept = by_key.deals_df(columns=columns), by_key.deals_df(columns=columns, refresh="auto")
    assert list(live.columns) == list(kept.columns) == expected
    pd.testing.assert_frame_equal(live, kept)


@pytest.mark.parametrize("columns", ["deal_vlaue", ["deal_vlaue"], ["id", 7], 7, ["text_custom_field_99"]])
def test_invalid_columns_live_and_from_snapshot(by_key, columns):
    """A column that does not exist is the same error, live and from a snapshot."""
    messages = []
    for refresh in (None, "auto"):
        with pytest.raises(SalesmateError, match="columns") as caught:
            by_key.deals_df(columns=columns, refresh=refresh)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_unknown_resource_of_dataset(by_key, tmp_path):
    """write_dataset names the resources there are."""
    with pytest.raises(SalesmateError, match=r"resource='tickets' is not known\. Use one of deals, contacts"):
        by_key.write_dataset("tickets", tmp_path / "tickets")


def test_session_key_has_no_login():
    """A connection with a Session Key has no pending login."""
    connection = Salesmate(Settings(linkname="acme", session_key="k3y"))
    assert connection.login_url is None
    with pytest.raises(LoginError, match="Session Key"):
        connection.pending_login()


@pytest.fixture
def account():
    """Return an account written from the facts alone, whose zone is Asia/Kolkata."""
    with LiveAccount(deals=made("deals", 30), contacts=made("contacts", 5)) as running:
        yield running


def keyed(account, **changes):
    """Return settings with the account's Session Key and no time zone."""
    given = {"linkname": account.linkname, "session_key": account.session_key, "api_url": account.url}
    return Settings(**given | {"token_cache": "logins"} | changes)


def bare(box):
    """Return settings with a sandbox's key and no time zone."""
    return Settings(linkname=box.linkname, session_key=box.session_key, api_url=box.url, token_cache="logins")


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


def test_status_names_user(account):
    """status() says who one is once that was asked, in this kernel and the next, and makes no request."""
    connection = Salesmate(keyed(account))
    assert (connection.status().who, account.requests) == ("Session Key", [])
    assert connection.timezone == "Asia/Kolkata"
    name = account.users[0]["name"]
    for kernel in (connection, Salesmate(keyed(account))):
        assert kernel.status().who == f"{name} (Session Key)"
    assert "expires    not known; Session Keys last some weeks" in repr(connection.status())
    assert len(account.requests) == 1


def test_status_shows_server_profile():
    """status() shows what reads found of the server, also in the next kernel, without a request."""
    with LiveAccount(deals=made("deals", 300)) as account:
        Salesmate(keyed(account)).deals_df()
        count = len(account.requests)
        status = Salesmate(keyed(account)).status()
    assert len(account.requests) == count
    assert list(status.server) == ["deals"]
    assert "learned today" in status.server["deals"]
    assert "\n  deals      read by " in repr(status)


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


def users_of(box, zone):
    """Let a sandbox list one user, with a time zone."""
    user = {"name": "Ann Weber", "isCurrentUser": 1, "timezone": zone}
    body = json.dumps({"Status": "success", "Data": [user]}).encode()
    box.script("/apis/core/v4/users", sandbox.ScriptedResponse(body=body))


@pytest.mark.parametrize("refresh", [None, "auto"])
def test_zone_of_user(box, refresh):
    """Dates without a zone, datetimes in filters and snapshots are in the user's zone, as if it was set."""
    users_of(box, "America/New_York")
    arguments = {"created_since": "2025-06-01T00:30", "refresh": refresh}
    frame = connect(bare(box)).deals_df(**arguments)
    paths = [call.path for call in box.log]
    assert paths.count("/apis/core/v4/users") == 1
    assert frame.attrs["salesmate"]["calls"] == len(paths)
    assert len(frame) < 60
    given = connect(dataclasses.replace(bare(box), timezone="America/New_York"))
    same(frame, given.deals_df(**arguments))
    if refresh:
        same(frame, connect(bare(box)).deals_df(**arguments | {"refresh": "never"}))
        assert [call.path for call in box.log].count("/apis/core/v4/users") == 1


def test_unknown_zone_of_user(box):
    """A zone that this machine does not know is named in a warning, and UTC is used."""
    users_of(box, "Mars/Olympus")
    connection = connect(bare(box))
    with pytest.warns(UserWarning, match=r"'Mars/Olympus', is not known.*UTC") as warned:
        assert len(connection.deals_df()) == 60
    assert len(warned) == 1
    assert connection.timezone == "UTC"


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


@pytest.mark.parametrize("by", ["login", "key"])
def test_card(box, by_key, by):
    """In a notebook a connection is a card: who and where, the rest behind Details, and no secret."""
    connection = by_key if by == "key" else connect(box)
    html = connection._repr_html_()
    assert "Connected to Salesmate" in html
    assert html.index(box.url) < html.index("<details>") < html.index("API calls")
    token = getattr(connection.session, "current_token", None)
    held = [*vars(connection.settings).values(), *(vars(token).values() if token else [])]
    secrets = [value.reveal() for value in held if isinstance(value, Secret)]
    assert secrets
    assert not [secret for secret in secrets if secret in html]


class LoginPanel:
    """A panel at which somebody logs in as soon as a cell waits."""

    def __init__(self, log_in):
        self.log_in, self.wait_count = log_in, 0

    def wait(self):
        self.wait_count += 1
        self.log_in()


@pytest.mark.parametrize(
    "read",
    [
        lambda crm: crm.deals_df(),
        lambda crm: crm.deals_arrow(),
        lambda crm: list(crm.deals()),
        lambda crm: crm.companies_df(),
        lambda crm: crm.users_df(),
        lambda crm: crm.get("apis/core/v4/users"),
    ],
)
def test_reads_wait_at_the_panel(asking, read):
    """Whatever is read first waits at the panel of a pending login; later reads do not."""
    crm = Salesmate(Settings(**dict(asking.settings) | {"linkname": asking.linkname}))
    crm.login_panel = LoginPanel(lambda: crm.finish_login(decide(crm.login_url)))
    assert len(read(crm)) > 0
    read(crm)
    assert crm.login_panel.wait_count == 1


def test_snapshot_does_not_wait_at_the_panel(asking):
    """Reading a snapshot makes no request, so it does not wait for a login."""
    crm = Salesmate(Settings(**dict(asking.settings) | {"linkname": asking.linkname}))
    crm.login_panel = LoginPanel(lambda: pytest.fail("it waits"))
    with pytest.raises(SalesmateError, match="There is no snapshot"):
        crm.deals_df(refresh="never")


def test_identify(box, tmp_path):
    """The user's name is asked for once, and only if there is a list of users."""
    with LiveAccount(deals=made("deals", 2)) as account:
        crm = Salesmate(
            Settings(
                api_url=account.url,
                linkname=account.linkname,
                session_key=account.session_key,
                token_cache=tmp_path,
            )
        )
        crm.identify()
        crm.identify()
        assert (crm.status().user, crm.status().workspace) == ("Ada Berg", account.linkname)
        assert len(account.requests) == 1
    v1 = reach(box, "oauth-v1")
    calls = len(box.log)
    v1.identify()
    assert (len(box.log), v1.status().workspace) == (calls, "")


@pytest.fixture
def shown(monkeypatch):
    """Pretend to be cell 7 of a notebook, and record what is shown there."""
    outputs = []

    class Output:
        def show(self, html, text):
            outputs.append((html, text))

    monkeypatch.setattr(client, "Output", Output)
    monkeypatch.setattr(client, "running_kernel", object)
    monkeypatch.setattr(client, "running_cell", lambda: 7)
    return outputs


def test_pending_card_follows_the_login(asking, shown):
    """A pending connection is shown as one, and its card becomes that of a connected one."""
    connection = connect(asking)
    connection._ipython_display_()
    assert "Not logged in to Salesmate yet" in shown[-1][0]
    assert "pending" in shown[-1][1]
    connection.finish_login(decide(connection.login_url))
    assert "Connected to Salesmate" in shown[-1][0]
    assert "authorized" in shown[-1][1]


def test_card_of_a_connection(box, shown):
    """Once connected, IPython shows the card as the cell's result."""
    with pytest.raises(NotImplementedError):
        connect(box)._ipython_display_()
    assert shown == []


def test_no_card_below_the_panel(asking, shown):
    """The cell that shows the panel shows no card: the panel says the same."""
    connection = connect(asking)
    connection.panel_cell = 7
    connection._ipython_display_()
    connection.finish_login(decide(connection.login_url))
    connection._ipython_display_()
    assert shown == []
