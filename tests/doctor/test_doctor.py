"""The doctor: true findings on unlike servers, few requests, nothing secret or of customers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesmate_nb import ConnectionFailed, LoginRequired, NotFound, Salesmate, Settings, sandbox
from salesmate_nb._doctor.probes import MAX_REQUESTS
from tests.helpers import reach
from tests.live_account import BEHAVIOURS, Behaviour, LiveAccount, made, random_behaviour

SHOWN = {"supported": "applied", "refused": "refused (HTTP ", "ignored": "ignored"}
FIRST_ID = 7_000_000  # as in conftest.py
LOOPBACK = "http://127.0.0.1:0/callback"


def keyed(account, **changes):
    """Return settings with the key of an account."""
    given = {"linkname": account.linkname, "session_key": account.session_key, "api_url": account.url}
    return Settings(**given | changes)


@pytest.mark.parametrize(
    ("behaviour", "name", "finding"),
    [
        ({}, "timestamps", "Unix seconds"),
        ({"timestamps": "milliseconds"}, "timestamps", "Unix milliseconds"),
        ({"timestamps": "text seconds"}, "timestamps", "Unix seconds, as text"),
        ({"timestamps": "text milliseconds"}, "timestamps", "Unix milliseconds, as text"),
        ({"timestamps": "ISO"}, "timestamps", "ISO 8601 with a zone"),
        ({"timestamps": "ISO offset"}, "timestamps", "ISO 8601 with a zone"),
        ({"timestamps": "ISO local"}, "timestamps", "ISO 8601 without a zone"),
        ({}, "dates", "ISO date"),
        ({}, "currency", "text"),
        ({"currency": "object"}, "currency", "object with code"),
        ({}, "relations", "nested"),
        ({"relation_keys": "capitalised"}, "relations", "nested, capitalised"),
        ({"relation_keys": "flat"}, "relations", "flat"),
        ({"relation_form": "id"}, "relations", "an id alone"),
        ({"numbers_as_text": 1.0}, "ids", "text"),
        ({}, "flags", "1 and 0"),
        ({"flags": "boolean"}, "flags", "true and false"),
    ],
)
def test_formats(examine, behaviour, name, finding):
    """Each form of a value has a name."""
    assert examine(Behaviour(**behaviour)).formats[name] == finding


def test_v3_dates(examine):
    """Text with 24 hours beside AM and PM is recognized."""
    assert "'Mar 04, 2024 21:15 PM'" in examine(BEHAVIOURS["v3 dates"]).formats["timestamps"]


def test_connection(examine):
    """It shows the user's own name and zone, and how many API calls are left."""
    diagnosis = examine(Behaviour())
    assert diagnosis.connection["login"] == "Session Key"
    assert diagnosis.connection["who"] == "Ada Berg"
    assert diagnosis.connection["time zone"] == "none in the settings, Asia/Kolkata of this user"
    left = 1_500 - diagnosis.requests
    assert diagnosis.connection["API calls left"] == f"{left:,} of 1,500 this hour"
    assert diagnosis.problem is None


def test_user_is_remembered(tmp_path):
    """status() knows who is connected after it, also with a time zone in the settings."""
    with LiveAccount() as account:
        connection = Salesmate(keyed(account, token_cache=tmp_path, timezone="UTC"))
        connection.doctor()
        assert connection.status().who == f"{account.users[0]['name']} (Session Key)"


def test_earlier_reads(tmp_path):
    """It shows what earlier reads found of the server."""
    with LiveAccount(deals=made("deals", 300)) as account:
        Salesmate(keyed(account, token_cache=tmp_path)).deals_df()
        connection = Salesmate(keyed(account, token_cache=tmp_path))
        assert connection.doctor().earlier == connection.status().server != {}


def test_forbidden(examine):
    """What this user may not read is a finding, also if it is deals."""
    found = examine(Behaviour(forbidden=("deals", "contacts")))
    refused = "refused (HTTP 403 Forbidden)"
    assert found.totals["deals"] == found.totals["contacts"] == found.search["rules: []"] == refused
    assert found.totals["companies"] == "fewer than 100"


def test_hostile_account(examine):
    """Names, labels and values that customers wrote are not shown, whatever they hold."""
    hostile = "Geheim GmbH\n\x1b[31m <script>"
    deals = [{**deal, "id": FIRST_ID + deal["id"]} for deal in made("deals", 300)]
    for deal in deals:
        deal |= {"title": hostile, "textCustomField1": hostile, "source": hostile, "stage": hostile}
    shown = examine(Behaviour(order="stable"), deals=deals, private=("Geheim", "script", "\x1b"))
    assert shown.totals["deals"] == "about 300"


@pytest.mark.parametrize(
    ("expired", "changes", "requests", "problem"),
    [
        (True, {}, 1, "The Session Key has expired (AuthenticationFailed). Copy the key"),
        (False, {"session_key": lambda _: "wrong"}, 1, "The Session Key was not accepted (Auth"),
        (
            False,
            {"session_key": lambda account: account.access_key},
            2,
            "The Session Key was not accepted (AuthorizationFailed). Copy the key",
        ),
        (False, {"linkname": lambda _: "other"}, 1, "The workspace does not exist (NoSuchLinkExist). Check"),
    ],
)
def test_refused_login(examine, expired, changes, requests, problem):
    """A login that is not accepted is what it shows, with what to do; the error is there to be raised."""
    diagnosis = examine(Behaviour(), expired=expired, changes=changes)
    assert diagnosis.connection["problem"].startswith(problem)
    assert isinstance(diagnosis.problem, LoginRequired | NotFound)
    assert diagnosis.requests == requests
    assert list(diagnosis.versions) == ["salesmate_nb", "Python", "pandas", "pyarrow"]


def test_key_that_ends(examine):
    """If the key ends meanwhile, what was found before is shown."""
    diagnosis = examine(Behaviour(key_lasts=5))
    assert isinstance(diagnosis.problem, LoginRequired)
    assert diagnosis.connection["who"] == "Ada Berg"
    assert diagnosis.totals == {"deals": "about 360"}


def test_no_network(tmp_path):
    """Without a server it shows what is known here."""
    with LiveAccount() as account:
        settings = keyed(account, token_cache=tmp_path)
    diagnosis = Salesmate(settings).doctor()
    assert isinstance(diagnosis.problem, ConnectionFailed)
    assert diagnosis.connection["problem"].startswith("No response came. Check the network")
    assert diagnosis.versions


def test_nobody_logged_in(tmp_path):
    """Without a login it makes no request, and says how to log in."""
    with LiveAccount() as account:
        settings = Settings(
            client_id="app", linkname="acme", api_url=account.url, token_cache=tmp_path, redirect_uri=LOOPBACK
        )
        diagnosis = Salesmate(settings).doctor()
        assert account.requests == []
    assert diagnosis.connection["problem"].startswith("Not logged in, or the login was not accepted. Run")


@pytest.mark.parametrize("seed", range(6))
def test_random_behaviour(examine, seed):
    """Whatever an account does: at most 12 requests, no error, and nothing private."""
    behaviour = random_behaviour(seed)
    search = examine(behaviour, seed=seed).search
    assert search["rule on id"].startswith(SHOWN[behaviour.id_rules])


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6))
def test_random_behaviours(examine, seed):
    """As above, with more mixtures."""
    behaviour = random_behaviour(seed, decidable=False)
    search = examine(behaviour, seed=seed).search
    assert search["rule on id"].startswith(SHOWN[behaviour.id_rules])


class Odd(LiveAccount):
    """An account with one response of another shape."""

    def __init__(self, path, payload, status=200):
        super().__init__(deals=made("deals", 10))
        self.odd = path, payload, status

    def _respond(self, seen):
        response = super()._respond(seen)
        path, payload, status = self.odd
        if seen.path == path:
            response.payload, response.status = payload, status
        return response


@pytest.mark.parametrize("payload", [[], {}, "text", {"Data": [None, 3, {"isCurrentUser": 1}]}])
def test_odd_users(tmp_path, payload):
    """A list of users of any shape is a finding."""
    with Odd("/apis/core/v4/users", payload) as account:
        diagnosis = Salesmate(keyed(account, token_cache=tmp_path)).doctor()
    assert diagnosis.connection["who"].startswith("not known")
    assert diagnosis.totals["deals"] == "fewer than 100"


def test_no_right_to_users(tmp_path):
    """403 AuthorizationFailed for the list of users alone is about rights, not about the key."""
    refused = {"Status": "failure", "Error": {"code": "4004", "name": "AuthorizationFailed", "message": ""}}
    with Odd("/apis/core/v4/users", refused, 403) as account:
        diagnosis = Salesmate(keyed(account, token_cache=tmp_path)).doctor()
    assert (
        diagnosis.connection["who"]
        == "not known: the list of users is refused (HTTP 403 AuthorizationFailed)"
    )
    assert diagnosis.problem is None


@pytest.mark.parametrize(
    "row", [{}, {"id": "x"}, {"id": 1, "createdAt": {}}, {"id": True}, {"id": 9, "createdAt": 1e300}]
)
def test_odd_deals(tmp_path, row):
    """Deals without ids or dates, or with odd ones, are a finding."""
    payload = {"Status": "success", "Data": {"data": [row] * 5, "totalRows": 5}}
    with Odd("/apis/deal/v4/search", payload) as account:
        diagnosis = Salesmate(keyed(account, token_cache=tmp_path)).doctor()
    assert "applied" not in diagnosis.search.values()


@pytest.fixture
def box():
    """Return a running sandbox."""
    with sandbox.start(deals=500) as running:
        yield running


def test_sandbox(box):
    """It examines the sandbox as any account."""
    diagnosis = reach(box, "key-v4").doctor()
    assert len(box.log) == diagnosis.requests <= MAX_REQUESTS
    assert diagnosis.problem is None
    assert diagnosis.totals["deals"] == "about 500"


def test_v1(box):
    """OAuth without a linkname reads pages of deals only."""
    diagnosis = reach(box, "oauth-v1").doctor()
    assert diagnosis.requests == 2
    assert diagnosis.totals == {"deals": "about 500"}
    assert diagnosis.search["sort by id"] == "kept between two pages"
    assert diagnosis.connection["API"].startswith("v1")
    assert "SALESMATE_LINKNAME" in diagnosis.connection["who"]
