"""One connection: its login, status and cards, and how it is ended."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from salesmate_nb import (
    LoginDenied,
    LoginError,
    LoginRequired,
    Salesmate,
    SalesmateError,
    Settings,
    StateMismatch,
    _connection,
    connect,
    sandbox,
)
from salesmate_nb._base.secret.text import Secret
from tests.helpers import decide, reach, same
from tests.live_account import LiveAccount, made


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


def test_connection_repr_has_no_secret(box):
    """repr and vars of a connection and its session hold no token and no client secret."""
    connection = connect(box)
    token = connection.session.current_token
    secrets = [token.access_token.reveal(), token.refresh_token.reveal(), box.settings.client_secret]
    shown = f"{connection!r} {vars(connection)} {vars(connection.session)} {connection.session.token}"
    assert not any(secret in shown for secret in secrets)


@pytest.fixture
def by_key(box):
    """Connect over v4, with a Session Key."""
    settings = Settings(**dict(box.settings) | {"linkname": box.linkname, "session_key": box.session_key})
    return connect(settings)


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
    return Settings(**given | {"token_cache": Path.cwd() / "logins"} | changes)


def bare(box):
    """Return settings with a sandbox's key and no time zone."""
    return Settings(
        linkname=box.linkname, session_key=box.session_key, api_url=box.url, token_cache=Path.cwd() / "logins"
    )


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


@pytest.mark.parametrize("key", ["session_key", "access_key"])
def test_status_of_a_key_that_was_never_used(account, key):
    """A key of the settings counts as connected once a request has succeeded with it, and not before."""
    connection = Salesmate(keyed(account, session_key=getattr(account, key)))
    assert repr(connection.status()).startswith("Salesmate: Session Key not tried yet")
    assert "✓" not in connection._repr_html_()
    with contextlib.suppress(LoginRequired):
        connection.deals_df(limit=1)
    expected = "connected" if key == "session_key" else "not logged in"
    assert repr(connection.status()).startswith(f"Salesmate: {expected}\n")


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


@pytest.mark.parametrize("by", ["login", "key"])
def test_card(box, by_key, by):
    """In a notebook a connection is a card: who and where, the rest behind Details, and no secret."""
    connection = by_key if by == "key" else connect(box)
    html = connection._repr_html_()
    assert ("Session Key not tried yet" if by == "key" else "Connected to Salesmate") in html
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

    monkeypatch.setattr(_connection, "Output", Output)
    monkeypatch.setattr(_connection, "running_kernel", object)
    monkeypatch.setattr(_connection, "running_cell", lambda: 7)
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
