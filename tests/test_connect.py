"""connect() and Salesmate, over real sockets against the sandbox."""

from __future__ import annotations

import dataclasses
import re
import socket
import webbrowser
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

import salesmate_nb
from salesmate_nb import (
    LoginDenied,
    LoginError,
    LoginRequired,
    NotFound,
    Salesmate,
    SalesmateError,
    Settings,
    SettingsError,
    StateMismatch,
    _connect,
    connect,
    deals_df,
    sandbox,
)
from salesmate_nb._auth.flow import LoginFlow, LoginState
from salesmate_nb._ui.frontend import Frontend


@pytest.fixture
def box():
    with sandbox.start(deals=60) as running:
        yield running


@pytest.fixture
def asking():
    with sandbox.start(deals=60, approve="ask") as running:
        yield running


def press(url, button="allow"):
    """Follow the consent page as a person does, and return the address the browser is sent to."""
    page = requests.get(url, timeout=5)
    assert page.ok
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    action = re.search(r'<form[^>]* action="([^"]*)"', page.text)
    target = requests.compat.urljoin(url, action.group(1) if action else "")
    answer = requests.post(target, data=fields | {"decision": button}, allow_redirects=False, timeout=5)
    assert answer.status_code in {302, 303}
    return answer.headers["Location"]


def test_the_sandbox_logs_in_through_the_true_flow(box):
    """authorize, redirect to the listener, code and verifier for tokens, bearer call."""
    connection = connect(box)
    assert connection.authorized
    assert len(deals_df(limit=5)) == 5
    asked, token, call = box.log[0], box.log[1], box.log[-1]
    assert (asked.path, asked.query["code_challenge_method"]) == ("/oauth/authorize", "S256")
    assert asked.query["redirect_uri"].startswith("http://127.0.0.1:")
    assert (token.path, token.form["grant_type"]) == ("/oauth/token", "authorization_code")
    assert token.form["code_verifier"]
    assert (call.path, call.headers["Authorization"].split()[0]) == ("/v1/deals", "Bearer")


def test_a_second_kernel_is_silent(box):
    """The token is in the file cache: another connection asks nobody and fetches nothing."""
    connect(box)
    calls = len(box.log)
    _connect._newest.clear()
    again = connect(Settings(**box.settings))
    assert (again.authorized, len(box.log)) == (True, calls)


def test_a_login_of_the_sandbox_is_kept_apart_from_the_real_one(box):
    """The sandbox brings a cache folder of its own."""
    Settings.load()
    connection = connect(box)
    assert str(connection.settings.token_cache) != str(Settings.load().token_cache)
    assert connection.status().token_in.startswith(str(box.settings.token_cache))


def test_a_person_is_not_needed_to_connect(asking):
    """Without a person the connection is pending, and quiet; data calls say what to do."""
    connection = connect(asking)
    assert not connection.authorized
    assert "pending" in repr(connection)
    with pytest.raises(LoginRequired, match="salesmate-nb login"):
        connection.deals_df()
    with pytest.raises(LoginRequired):
        connection.get("apis/core/v4/users")
    with pytest.raises(LoginRequired):
        deals_df()
    assert len(asking.log) == 0


def test_running_connect_again_shows_the_same_login(asking):
    """The address stays, so that a tab that is open still works."""
    first = connect(asking)
    again = connect(asking)
    assert again is first
    assert again.login_url == first.login_url
    assert requests.get(press(first.login_url), timeout=5).ok
    assert again.authorized
    assert again.login_url is None
    assert connect(asking).authorized


def test_other_profiles_have_logins_of_their_own(asking):
    """A profile is a login with its own file."""
    one, two = connect(asking), connect(asking, profile="emea")
    one.finish_login(press(one.login_url))
    assert (one.authorized, two.authorized) == (True, False)
    with pytest.raises(LoginRequired, match=r"connect\(profile='emea'\).*login --profile emea"):
        two.deals_df()
    two.finish_login(press(two.login_url))
    names = {path.name for path in two.settings.token_cache.glob("*.json")}
    assert names == {"default.json", "emea.json"}


def test_finishing_by_hand(asking):
    """login_url and finish_login do it without a panel: a full address, quotes around it."""
    connection = connect(asking)
    connection.finish_login(f'\n "{press(connection.login_url)}" \n')
    assert connection.authorized
    connection.finish_login("anything")  # done already: nothing to do
    assert len(connection.deals_df()) == 60


def test_a_wrong_paste_does_not_use_the_attempt_up(asking):
    """Denied, without code, of another state: each is said, and the login can still be finished."""
    connection = connect(asking)
    url = connection.login_url
    good = press(url)
    state = parse_qs(urlsplit(good).query)["state"][0]
    with pytest.raises(LoginDenied):
        connection.finish_login(press(url, "deny"))
    with pytest.raises(StateMismatch):
        connection.finish_login(good.replace(state, "x" * len(state)))
    with pytest.raises(LoginError, match="no code"):
        connection.finish_login("http://localhost:3000/callback")
    assert connection.login_url == url
    connection.finish_login(good)
    assert connection.authorized


def test_waiting_for_the_redirect(asking, monkeypatch, capsys):
    """connect(wait=...) blocks until the redirect arrives, and says what it waits for."""
    import threading

    shown = []
    person = threading.Timer(0.2, lambda: requests.get(press(shown[0]), timeout=5))
    real = LoginFlow.url.fget
    monkeypatch.setattr(LoginFlow, "url", property(lambda self: shown.append(real(self)) or shown[0]))
    person.start()
    assert connect(asking, wait=10).authorized
    person.join()
    assert shown[0] in capsys.readouterr().err


def test_waiting_ends(asking):
    """Nobody comes: the connection is pending, and not an error."""
    assert not connect(asking, wait=0.05).authorized


@pytest.mark.parametrize("there", list(Frontend))
def test_where_nothing_can_be_caught_it_does_not_wait(asking, monkeypatch, there):
    """With its port taken, waiting would be for nothing: the paste is asked for at once."""
    from salesmate_nb._ui import panel, prompt

    shown = []
    monkeypatch.setattr(panel, "show", lambda login, facts: shown.append(Frontend.NOTEBOOK))
    monkeypatch.setattr(prompt, "ask", lambda login: shown.append(Frontend.TERMINAL))
    monkeypatch.setattr(_connect, "frontend", lambda: there)
    monkeypatch.setattr(LoginFlow, "wait", lambda *_: pytest.fail("it waits"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        redirect = f"http://127.0.0.1:{other.getsockname()[1]}/callback"
        settings = Settings(**dict(asking.settings) | {"redirect_uri": redirect})
        assert not connect(settings, wait=60).authorized
    assert shown == ([] if there is Frontend.NOBODY else [there])


def test_running_connect_again_after_the_link_expired_shows_a_fresh_one(asking):
    """Nobody has to ask for a fresh link who has just run the cell."""
    connection = connect(asking)
    old = connection.login_url
    connection.pending_login().expire()
    assert connect(asking) is connection
    assert connection.pending_login().phase is LoginState.WAITING
    assert connection.login_url != old


@pytest.mark.parametrize("there", [Frontend.TERMINAL, Frontend.NOBODY])
def test_the_browser_is_tried_only_where_somebody_sits(asking, monkeypatch, there):
    """A terminal's wait opens the browser; a job that waits does not start one."""
    opened = []
    monkeypatch.setattr(_connect, "frontend", lambda: there)
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setenv("DISPLAY", ":0")
    connection = connect(asking, wait=0.01)
    assert opened == ([connection.login_url] if there is Frontend.TERMINAL else [])


def test_logging_out_ends_a_login_that_is_on_its_way(asking):
    """A link that somebody may still follow logs nobody in afterwards; the next one has the port."""
    connection = connect(asking)
    old = connection.login_url
    receiver = urlsplit(parse_qs(urlsplit(old).query)["redirect_uri"][0])
    connection.logout()
    with pytest.raises(requests.ConnectionError):
        requests.get(receiver.geturl(), timeout=5)
    assert connection.login_url != old


def test_a_notebook_gets_the_panel_and_a_terminal_the_prompt(asking, monkeypatch):
    """Who is there decides what is shown."""
    from salesmate_nb._ui import panel, prompt

    shown = []
    monkeypatch.setattr(panel, "show", lambda login, facts: shown.append(("panel", login)))
    monkeypatch.setattr(prompt, "ask", lambda login: shown.append(("prompt", login)))
    for there in (Frontend.NOTEBOOK, Frontend.TERMINAL, Frontend.NOBODY):
        monkeypatch.setattr(_connect, "frontend", lambda there=there: there)
        connect(asking)
    assert [what for what, _ in shown] == ["panel", "prompt"]
    assert shown[0][1] is shown[1][1]


def test_no_client_id_is_a_settings_error_that_names_the_way_out():
    """With neither client id nor access key, the error says what to set and how to try the sandbox."""
    with pytest.raises(SettingsError, match=r"SALESMATE_CLIENT_ID is not set.*connect\(sandbox.start\(\)\)"):
        connect()


@pytest.mark.parametrize("target", [7, "acme", object()])
def test_a_wrong_target_is_named(target):
    """connect() takes settings, a sandbox or nothing."""
    with pytest.raises(SettingsError, match=type(target).__name__):
        connect(target)


def test_an_access_key_needs_no_login(box):
    """A key and a linkname do it without OAuth."""
    settings = Settings(linkname=box.linkname, access_token=box.access_key, api_url=box.url)
    connection = connect(settings)
    assert (connection.authorized, connection.login_url) == (True, None)
    assert len(connection.deals_df()) == 60
    assert not any(call.path.startswith("/oauth") for call in box.log)
    assert {call.headers["Accesstoken"] for call in box.log} == {box.access_key}
    with pytest.raises(LoginError, match="SALESMATE_ACCESS_TOKEN"):
        connection.logout()


def test_a_wrong_key_or_linkname_says_so(box):
    """The vendor answers a bad key with 403 and a wrong linkname with 404."""
    good = Settings(linkname=box.linkname, access_token=box.access_key, api_url=box.url)
    with pytest.raises(SalesmateError, match="access key"):
        connect(dataclasses.replace(good, access_token="wrong")).deals_df()
    with pytest.raises(NotFound, match="SALESMATE_LINKNAME"):
        connect(dataclasses.replace(good, linkname="other")).deals_df()


def test_settings_come_from_the_environment(box, monkeypatch):
    """connect() and deals_df() alone read the environment."""
    for name in ("linkname", "access_token", "api_url"):
        value = {"linkname": box.linkname, "access_token": box.access_key, "api_url": box.url}[name]
        monkeypatch.setenv(f"SALESMATE_{name.upper()}", value)
    assert len(deals_df()) == 60


def test_other_endpoints_are_called_with_get_and_post(box):
    """get and post return the data under the envelope; parameters and body reach the server."""
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


def test_status_tells_who_where_and_until_when(box):
    """The status is a value with a readable repr, and holds no secret."""
    connection = connect(box)
    status = connection.status()
    assert status.authorized
    assert (status.host, status.api, status.profile) == (box.url, "v1", "default")
    assert 3500 < status.expires_at.timestamp() - __import__("time").time() <= 3600
    assert status.calls_left == 1500
    shown = repr(status)
    assert all(word in shown for word in ("connected", box.url, "default.json", "calls left"))
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
    answer = requests.get(f"{box.url}/v1/deals", headers={"Authorization": f"Bearer {token}"}, timeout=5)
    assert answer.status_code == 401
    with pytest.raises(LoginRequired):
        connection.deals_df()
    assert connection.login_url


def test_logout_with_an_access_key_ends_the_login_that_was_kept_too(box):
    """The key hides a login of before; logging out revokes that, and says that the key still signs in."""
    token = connect(box).session.current_token.refresh_token.reveal()
    settings = Settings(**dict(box.settings) | {"linkname": box.linkname, "access_token": box.access_key})
    with pytest.raises(LoginError, match="SALESMATE_ACCESS_TOKEN"):
        Salesmate(settings).logout()
    assert (box.log[-1].path, box.log[-1].form["token"]) == ("/oauth/revoke", token)
    assert list(settings.token_cache.glob("*.json")) == []


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 401}, {"drop": "before"}])
def test_a_logout_that_was_not_confirmed_says_what_is_left(box, fault):
    """The token is forgotten here, and whoever logs out knows that it may live on elsewhere."""
    connection = connect(box)
    box.script("/oauth/revoke", sandbox.Answer(**fault))
    with pytest.raises(LoginError, match=r"forgotten here, but .*/oauth/revoke did not confirm"):
        connection.logout()
    assert (connection.authorized, list(connection.settings.token_cache.glob("*.json"))) == (False, [])


def test_an_ended_token_is_renewed_in_passing(box):
    """Neither an expired nor a refused access token is seen by who reads."""
    connection = connect(box)
    box.expire_access_tokens()
    assert len(connection.deals_df()) == 60
    assert [call.form.get("grant_type") for call in box.log if call.path == "/oauth/token"] == [
        "authorization_code",
        "refresh_token",
    ]


def test_an_ended_grant_asks_to_log_in(box):
    """When the server ends the login, the next call says so, and connect() makes a new one."""
    connection = connect(box)
    box.revoke_all()
    with pytest.raises(LoginRequired, match=r"connect\(\)"):
        connection.deals_df()
    assert not connection.authorized
    assert len(connect(box).deals_df()) == 60


def test_everything_public_is_in_all_and_nothing_else():
    """`__all__` is the public surface."""
    public = {name for name in vars(salesmate_nb) if not name.startswith("_")}
    modules = {name for name in public if type(vars(salesmate_nb)[name]).__name__ == "module"}
    assert public - modules | {"__version__"} == set(salesmate_nb.__all__)


def test_a_connection_shows_no_secret(box):
    """repr and vars of a connection and its session hold no token and no client secret."""
    connection = connect(box)
    held = connection.session.current_token
    secrets = [held.access_token.reveal(), held.refresh_token.reveal(), box.settings.client_secret]
    shown = f"{connection!r} {vars(connection)} {vars(connection.session)} {connection.session.token}"
    assert not any(secret in shown for secret in secrets)


def test_salesmate_can_be_made_directly(box):
    """The class does what connect() does, without asking anybody."""
    connect(box)
    assert len(Salesmate(Settings(**box.settings)).deals_df(limit=1)) == 1
