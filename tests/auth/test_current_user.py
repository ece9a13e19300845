"""The current user of an account written from the facts, over real sockets: asked once, then remembered."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest

from salesmate_nb import (
    ApiError,
    ConnectionFailed,
    KeyRefused,
    LoginRequired,
    NotFound,
    RateLimited,
    Salesmate,
    Settings,
)
from salesmate_nb._auth.current_user import CurrentUser, CurrentUserLookup, login_fingerprint
from tests.helpers import is_private
from tests.live_account import LiveAccount

USERS = "/apis/core/v4/users"
USER = {"name": "Ann Weber", "isCurrentUser": 1, "timezone": "Asia/Kolkata", "email": "ann@example.com"}


@pytest.fixture
def account():
    """Return an account whose first user has the key."""
    with LiveAccount() as made:
        yield made


@pytest.fixture
def settings(account, tmp_path):
    """Return settings for it, without a time zone."""
    return Settings(
        linkname=account.linkname,
        session_key=account.session_key,
        api_url=account.url,
        token_cache=tmp_path / "logins",
    )


def asked(account):
    """Return how often the list of users was requested."""
    return [seen.path for seen in account.requests].count(USERS)


def lookup(settings, response, *, is_stored=True):
    """Return a lookup that gets a response, or an error, and counts its requests."""
    requests = []

    def request(method, path, *, waiter):
        requests.append((method, path))
        if isinstance(response, Exception):
            raise response
        return response

    made = CurrentUserLookup(settings, "default", request, is_stored=is_stored)
    made.requests = requests
    return made


@pytest.mark.parametrize("flag", [1, True, "1", "true", "True"])
def test_flag(flag):
    """isCurrentUser is a number, a boolean or a text of these."""
    users = [{"name": "Jo", "isCurrentUser": 0}, "odd", USER | {"isCurrentUser": flag}]
    assert CurrentUser.from_users(users) == CurrentUser(name="Ann Weber", timezone="Asia/Kolkata")


@pytest.mark.parametrize("users", [[], [{}], [{"name": "Jo", "isCurrentUser": False}], [7, None]])
def test_not_listed(users):
    """Without the user in the list, nothing is known."""
    assert CurrentUser.from_users(users) == CurrentUser()


def test_text_is_safe_to_show():
    """A name holds no control characters and is not endless; a time zone of another type is none."""
    user = CurrentUser.from_users([{"name": "Ann\x1b[31m" + "x" * 999, "isCurrentUser": 1, "timezone": 7}])
    assert (user.name[:7], len(user.name), user.timezone) == ("Ann[31m", 100, "")


def test_asked_once(account, settings):
    """One request tells name and time zone; the connection, and the next kernel, make no other."""
    first, second = Salesmate(settings), Salesmate(settings)
    assert first.timezone == first.timezone == second.timezone == "Asia/Kolkata"
    assert asked(account) == len(account.requests) == 1


def test_file(account, settings):
    """The file is private, and holds neither the key nor an e-mail address nor other users."""
    assert Salesmate(settings).timezone
    [path] = settings.token_cache.glob("*.account")
    assert is_private(path)
    content = json.loads(path.read_text())
    user = account.users[0]
    assert content["user"] == {"name": user["name"], "timezone": "Asia/Kolkata", "id": str(user["id"])}
    assert content["bound"]["host"] == account.url
    assert account.session_key not in path.read_text()
    assert "@" not in path.read_text()
    assert Salesmate(settings, profile="x")._token_store.profiles() == []


def test_memory_store_leaves_no_file(account, settings):
    """With SALESMATE_TOKEN_STORE=memory nothing is on disk; a connection still asks once."""
    connection = Salesmate(dataclasses.replace(settings, token_store="memory"))
    assert connection.timezone == connection.timezone == "Asia/Kolkata"
    assert asked(account) == 1
    assert not settings.token_cache.exists()


@pytest.mark.parametrize("change", ["profile", "key", "age", "clock", "damage", "depth"])
def test_asked_again(account, settings, change):
    """Another profile or key, a month, and a damaged file mean asking again."""
    assert Salesmate(settings).timezone
    path = settings.token_cache / "default.account"
    content = json.loads(path.read_text())
    profile = "other" if change == "profile" else "default"
    if change == "key":
        account.session_key = "another-key"
        settings = dataclasses.replace(settings, session_key="another-key")
    if change in {"age", "clock"}:
        content["asked_at"] = time.time() + 31 * 86400 * (1 if change == "clock" else -1)
        path.write_text(json.dumps(content))
    if change == "damage":
        path.write_text('{"user": 7')
    if change == "depth":
        path.write_text("[" * 200_000)
    assert Salesmate(settings, profile=profile).timezone == "Asia/Kolkata"
    assert asked(account) == 2


def test_no_request_where_zone_is_given(account, settings):
    """With SALESMATE_TIMEZONE nothing is asked."""
    assert Salesmate(dataclasses.replace(settings, timezone="Europe/Berlin")).timezone == "Europe/Berlin"
    assert account.requests == []


def test_no_request_over_v1(account, tmp_path):
    """Without a linkname there is no list of users, so the zone is UTC."""
    settings = Settings(client_id="my-app", api_url=account.url, token_cache=tmp_path)
    assert Salesmate(settings).timezone == "UTC"
    assert account.requests == []


def test_logout_forgets(account, settings):
    """logout() removes the file."""
    connection = Salesmate(settings)
    assert connection.timezone
    with pytest.raises(Exception, match="still signs you in"):
        connection.logout()
    assert list(settings.token_cache.glob("*.account")) == []


@pytest.mark.parametrize(
    "error", [ApiError("no", status=403), ApiError("no", status=404), KeyRefused("no", status=403)]
)
def test_no_right_is_remembered(settings, error):
    """If the user may not see the list, that is remembered too, by this kernel and by the next."""
    refused = lookup(settings, error)
    assert refused.get() == refused.get() == CurrentUser()
    again = lookup(settings, error)
    assert again.get() == CurrentUser()
    assert (len(refused.requests), again.requests) == (1, [])
    other_key = dataclasses.replace(settings, session_key="another-key")
    assert lookup(other_key, {"Data": [USER]}).get().name == "Ann Weber"


@pytest.mark.parametrize("response", [{"Data": "odd"}, {"Data": []}, ApiError("no", status=500)])
def test_failure_is_not_stored(settings, response):
    """After an internal error or an odd response, this connection goes without; the next one asks again."""
    failed = lookup(settings, response)
    assert failed.get() == failed.get() == CurrentUser()
    assert len(failed.requests) == 1
    assert lookup(settings, {"Data": [USER]}).get().name == "Ann Weber"


@pytest.mark.parametrize(
    "error",
    [LoginRequired("x"), RateLimited("x"), ConnectionFailed("x"), NotFound("x", code="NoSuchLinkExist")],
)
def test_failure_is_raised(settings, error):
    """What would stop the next request too is raised."""
    with pytest.raises(type(error)):
        lookup(settings, error).get()


def test_known_makes_no_request(settings):
    """known() takes what is remembered, even if it is old."""
    asking = lookup(settings, {"Data": [USER]})
    assert asking.known() == CurrentUser()
    asking.get()
    path = settings.token_cache / "default.account"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"asked_at": 0}))
    silent = lookup(settings, {"Data": []})
    assert (silent.known().name, silent.requests) == ("Ann Weber", [])


def test_learn_from_users_df(account, settings):
    """users_df() shows who is connected, too, even if the time zone is set."""
    connection = Salesmate(dataclasses.replace(settings, timezone="UTC"))
    connection.users_df()
    assert connection.status().who == f"{account.users[0]['name']} (Session Key)"
    assert lookup(settings, {"Data": []}).get().timezone == "Asia/Kolkata"


def test_rate_limit(account, settings):
    """With wait=False, a limit that is reached raises RateLimited at once, before anything is read."""
    limited = dataclasses.replace(settings, calls_per_hour=1)
    assert Salesmate(limited).get(USERS)
    with pytest.raises(RateLimited):
        Salesmate(limited).deals_df(wait=False)
    assert asked(account) == 1


def test_unwritable_folder(settings, tmp_path):
    """If the file cannot be written, the user is known to this connection until it is forgotten."""
    (tmp_path / "logins").write_text("not a folder")
    asking = lookup(settings, {"Data": [USER]})
    assert asking.get().name == asking.known().name == "Ann Weber"
    asking.forget()
    assert asking.known() == CurrentUser()


def test_identity(settings):
    """A user is known by id, else by the login; who logged in elsewhere since is asked for again."""
    users, response = lookup(settings, {"Data": [{**USER, "id": 7}]}), "user 7"
    assert (users.identity(), users.identity()) == (response, response)
    assert lookup(settings, OSError("offline")).identity(is_offline=True) == response
    users.forget()  # as another kernel does, in which somebody else logs in
    assert lookup(settings, {"Data": [{**USER, "id": 8}]}).identity() == "user 8"
    assert users.identity() == "user 8"
    users.forget()
    assert lookup(settings, {"Data": []}).identity() == login_fingerprint(settings)
