"""The doctor: true findings on unlike servers, few requests, nothing secret or of customers."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesmate_nb import ConnectionFailed, LoginRequired, Salesmate, Settings, connect, sandbox
from salesmate_nb._doctor import MAX_REQUESTS
from tests.live_account import BEHAVIOURS, Behaviour, LiveAccount, made, random_behaviour

FIRST_ID = 7_000_000  # so that no count can be taken for an id


def some(kind, count):
    return [{**record, "id": FIRST_ID + record["id"]} for record in made(kind, count)]


RECORDS = {
    "deals": some("deals", 359),
    "contacts": some("contacts", 120),
    "companies": some("companies", 8),
    "activities": some("activities", 130),
}
TEXTS = ("Muster", "Deal 1", "Activity", "example.com", "fair", "+41", "north", "Reseller", "Ben Cole")


def diagnose(account, folder, **changes):
    options = {"linkname": account.linkname, "access_token": account.session_key, "api_url": account.url}
    return Salesmate(Settings(**{**options, "token_cache": Path(folder), **changes})).doctor()


def examine(folder, behaviour, *, seed=0, **records):
    """Return the diagnosis of an account, which holds nothing private, and the account."""
    with LiveAccount(**{**RECORDS, **records}, behaviour=behaviour, seed=seed) as account:
        diagnosis = diagnose(account, folder)
    assert len(account.requests) == diagnosis.requests <= MAX_REQUESTS
    check_private(repr(diagnosis), account)
    return diagnosis, account


def check_private(text, account):
    """Assert that no key, name of a customer, id or amount is in a text."""
    secrets = [account.session_key, account.access_key, account.secret_key, account.linkname, account.url]
    assert not [secret for secret in (*secrets, *TEXTS) if secret in text]
    numbers = {int(number) for number in re.findall(r"\d+", text.partition("versions")[0].replace(",", ""))}
    assert max(numbers) < FIRST_ID
    amounts = {int(deal["dealValue"] or 0) for deal in account.truth("deals")}
    assert not numbers & {amount for amount in amounts if amount > 10_000}


def matches(finding, support):
    """Return whether a finding says what a behaviour does; nothing may be claimed that is not so."""
    started = {"supported": "applied", "refused": "refused (HTTP ", "ignored": "ignored"}[support]
    return finding.startswith(started)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_rules(tmp_path, name):
    """Each rule is found to be applied, ignored or refused, as the account does it."""
    behaviour = BEHAVIOURS[name]
    search = examine(tmp_path, behaviour)[0].search
    assert search["rules: []"] == "all rows"
    assert matches(search["rule on id"], behaviour.id_rules)
    if behaviour.timestamps not in {"v3", "mixed"}:  # not all of them can be read by this version
        assert matches(search["createdAt, one end"], behaviour.created_after)
        assert matches(search["lastModifiedAt"], behaviour.modified_after)
        assert matches(search["createdAt, both ends"], behaviour.created_until)
    epoch = search["rule of 1970"]
    assert epoch.startswith("refused") if behaviour.epoch_rule == "refused" else epoch == "all rows"


@pytest.mark.parametrize(
    ("order", "finding"),
    [
        ("stable", "kept between two pages"),
        ("unstable", "not kept between two pages"),
        ("newest first always", "ignored: a page is in another order"),
        ("shuffled", "ignored: a page is in another order"),
    ],
)
@pytest.mark.parametrize("deals", [40, 359, 700])
def test_sort(tmp_path, order, finding, deals):
    """Two pages that overlap show whether the order is kept, also in an account that fits one page."""
    found = examine(tmp_path, Behaviour(order=order), deals=some("deals", deals), seed=3)[0]
    assert found.search["sort by id"] == finding


@pytest.mark.parametrize(("condition", "other"), [("IS_BEFORE", None), ("BETWEEN", "applied")])
def test_both_ends(tmp_path, condition, other):
    """BETWEEN is tried if two rules are not applied."""
    search = examine(tmp_path, Behaviour(created_until=condition))[0].search
    assert (search["createdAt, both ends"] == "applied") == (condition == "IS_BEFORE")
    assert search.get("createdAt, BETWEEN") == other


@pytest.mark.parametrize(
    ("behaviour", "finding"),
    [
        ({}, "250 at most"),
        ({"row_cap": 40}, "40 at most"),
        ({"paging": "everything"}, "more than 250"),
    ],
)
def test_rows_in_a_page(tmp_path, behaviour, finding):
    """The first page asks for one row more than is documented."""
    found = examine(tmp_path, Behaviour(order="stable", **behaviour))[0]
    assert found.search["rows in a page"] == finding


def test_same_page(tmp_path):
    """A server that ignores `from` is recognized."""
    found = examine(tmp_path, Behaviour(order="stable", paging="same page"))[0]
    assert "the same page comes again" in found.search["sort by id"]


@pytest.mark.parametrize(
    ("totals", "finding"),
    [
        ("right", "about 360"),
        ("text", "about 360, as text"),
        ("missing", "not given"),
        ("zero", "too small: less than one page"),
    ],
)
def test_totals(tmp_path, totals, finding):
    """Totals are rounded, and odd ones named; activities may have none."""
    found = examine(tmp_path, Behaviour(totals=totals, activity_totals="missing"))[0]
    assert found.totals["deals"] == finding
    assert found.totals["activities"] == "not given"
    assert list(found.totals) == ["deals", "contacts", "companies", "activities"]


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
def test_formats(tmp_path, behaviour, name, finding):
    """Each form of a value has a name."""
    assert examine(tmp_path, Behaviour(**behaviour))[0].formats[name] == finding


def test_v3_dates(tmp_path):
    """Text with 24 hours beside AM and PM is recognized."""
    assert "'Mar 04, 2024 21:15 PM'" in examine(tmp_path, BEHAVIOURS["v3 dates"])[0].formats["timestamps"]


def test_connection(tmp_path):
    """It shows the user's own name and zone, and how many API calls are left."""
    diagnosis, account = examine(tmp_path, Behaviour())
    assert diagnosis.connection["who"] == "Ada Berg"
    assert diagnosis.connection["time zone"] == "none in the settings, Asia/Kolkata of this user"
    left = 1_500 - len(account.requests)
    assert diagnosis.connection["API calls left"] == f"{left:,} of 1,500 this hour"
    assert list(diagnosis.versions) == ["salesmate_nb", "Python", "pandas", "pyarrow"]


@pytest.mark.parametrize("deals", [0, 1, 3])
def test_few_deals(tmp_path, deals):
    """What cannot be seen in a few deals is not claimed."""
    search = examine(tmp_path, Behaviour(), deals=some("deals", deals))[0].search
    assert search["sort by id"] == "not seen: too few deals"
    assert search["rows in a page"] == "not seen: too few deals"
    assert "applied" not in search.values() or deals > 1


@pytest.mark.parametrize("status", ["400", "403", "422", "500", "200"])
def test_any_refusal(tmp_path, status):
    """A refusal of any status is a finding, and is not asked again."""
    search = examine(tmp_path, dataclasses.replace(BEHAVIOURS["everything refused"], refusal=status))[
        0
    ].search
    assert search["rule on id"].startswith(f"refused (HTTP {status} ")


def test_forbidden(tmp_path):
    """What this user may not read is a finding, also if it is deals."""
    found = examine(tmp_path, Behaviour(forbidden=("deals", "contacts")))[0]
    refused = "refused (HTTP 403 Forbidden)"
    assert found.totals["deals"] == found.totals["contacts"] == found.search["rules: []"] == refused
    assert found.totals["companies"] == "fewer than 100"


def test_rate_limit(tmp_path):
    """The hourly limit is a finding: neither waited for nor asked again."""
    found = examine(tmp_path, Behaviour(limit=3))[0]
    assert found.totals["contacts"] == "refused: the hourly limit is reached"


def test_expired_key(tmp_path):
    """A key that is not accepted is LoginRequired, as in every read."""
    with LiveAccount(**RECORDS) as account:
        account.expired = True
        with pytest.raises(LoginRequired):
            diagnose(account, tmp_path)


def test_no_network(tmp_path):
    """Without a server it is ConnectionFailed, as in every read."""
    with LiveAccount() as account:
        url = account.url
    with pytest.raises(ConnectionFailed):
        diagnose(account, tmp_path, api_url=url)


@pytest.mark.parametrize("seed", range(6))
def test_random_behaviour(tmp_path, seed):
    """Whatever an account does: at most 12 requests, no error, and nothing private."""
    behaviour = random_behaviour(seed)
    search = examine(tmp_path, behaviour, seed=seed)[0].search
    assert matches(search["rule on id"], behaviour.id_rules)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6))
def test_random_behaviours(tmp_path, seed):
    """As above, with more mixtures."""
    behaviour = random_behaviour(seed, decidable=False)
    search = examine(tmp_path, behaviour, seed=seed)[0].search
    assert matches(search["rule on id"], behaviour.id_rules)


@pytest.fixture
def box():
    with sandbox.start(deals=500, behavior="kind", api="v1") as running:
        yield running


def test_sandbox(box):
    """A kind sandbox supports everything, and sends at most 250 rows."""
    account = dataclasses.replace(box.settings, linkname=box.linkname, session_key=box.session_key)
    diagnosis = Salesmate(Settings(**account)).doctor()
    assert len(box.log) == diagnosis.requests <= MAX_REQUESTS
    found = set(diagnosis.search.values())
    assert found == {
        "all rows",
        "applied",
        "kept between two pages",
        "250 at most",
    }
    assert box.session_key not in repr(diagnosis)
    assert all(len(line) <= 110 for line in repr(diagnosis).splitlines())


def test_v1(box):
    """OAuth without a linkname reads pages of deals only."""
    diagnosis = connect(box).doctor()
    assert diagnosis.requests == 2
    assert diagnosis.totals == {"deals": "about 500"}
    assert diagnosis.search["sort by id"] == "kept between two pages"
    assert diagnosis.connection["API"].startswith("v1")
    assert "SALESMATE_LINKNAME" in diagnosis.connection["who"]


@pytest.mark.parametrize("payload", [[], {}, "text", {"Data": [None, 3, {"isCurrentUser": 1}]}])
def test_odd_users(box, payload):
    """A list of users of any shape is a finding."""
    body = json.dumps(payload).encode()
    box.script("/apis/core/v4/users", sandbox.ScriptedResponse(body=body))
    account = dataclasses.replace(box.settings, linkname=box.linkname, session_key=box.session_key)
    who = Salesmate(Settings(**account)).doctor().connection["who"]
    assert who.startswith("not known") or who == "a user without a name"


@pytest.mark.parametrize(
    "row", [{}, {"id": "x"}, {"id": 1, "createdAt": {}}, {"id": True}, {"id": 9, "createdAt": 1e300}]
)
def test_odd_deals(box, row):
    """Deals without ids or dates, or with odd ones, are a finding."""
    body = json.dumps({"Status": "success", "Data": {"data": [row] * 5, "totalRows": 5}}).encode()
    box.script("/apis/deal/v4/search", *[sandbox.ScriptedResponse(body=body)] * 8)
    account = dataclasses.replace(box.settings, linkname=box.linkname, session_key=box.session_key)
    diagnosis = Salesmate(Settings(**account)).doctor()
    assert "applied" not in diagnosis.search.values()
