"""Made-up deals: the same for the same seed, consistent, and as irregular as real responses."""

from __future__ import annotations

import collections
import datetime as dt
import statistics
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb.sandbox import make_deals, timestamps
from salesmate_nb.sandbox._crm.crm import Crm
from salesmate_nb.sandbox._crm.resources import DEALS
from salesmate_nb.sandbox._fake_data import vocabulary
from salesmate_nb.sandbox._fake_data.deals import END
from salesmate_nb.sandbox.records import MISSING

UTC = ZoneInfo("UTC")
TIMESTAMPS = (
    "createdAt",
    "lastModifiedAt",
    "estimatedCloseDate",
    "closedDate",
    "lastActivityAt",
    "lastCommunicationAt",
    "dateTimeCustomField1",
)


@pytest.fixture(scope="module")
def deals():
    """Return so many deals that every rare form occurs."""
    return make_deals(2000, seed=0, zone=UTC)


def test_seed():
    """The same seed makes the same deals, another seed others."""
    assert make_deals(50, seed=1, zone=UTC) == make_deals(50, seed=1, zone=UTC)
    assert make_deals(50, seed=1, zone=UTC) != make_deals(50, seed=2, zone=UTC)


def test_sandbox_seed(make_client):
    """The deals served depend only on seed and number, not on the date."""
    first, same, other = (
        make_client(deals=30, seed=seed, behavior="kind").search().json()["Data"]["data"]
        for seed in (3, 3, 4)
    )
    assert first == same == make_deals(30, seed=3, zone=UTC)
    assert first != other


def test_ids(deals):
    """Ids start at 1001, increase in the order of creation, and have gaps."""
    ids = [deal["id"] for deal in deals]
    assert ids[0] == 1001
    assert ids == sorted(set(ids))
    assert ids[-1] > 1001 + len(ids)
    created = [deal["createdAt"] for deal in deals]
    assert created == sorted(created)


def test_creation_dates(deals):
    """Deals are created on weekdays in the two years before 2026-06-30."""
    days = [dt.datetime.fromisoformat(deal["createdAt"]) for deal in deals]
    assert dt.datetime(2024, 6, 28, tzinfo=dt.UTC) < days[0] < dt.datetime(2024, 7, 15, tzinfo=dt.UTC)
    assert dt.datetime(2026, 6, 20, tzinfo=dt.UTC) < days[-1] < dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    assert {day.weekday() for day in days} == {0, 1, 2, 3, 4}


def test_import(deals):
    """An import created many deals in one minute."""
    (_, most), *_ = collections.Counter(deal["createdAt"][:16] for deal in deals).most_common(1)
    assert most >= 80


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_timestamps(zone):
    """Timestamps are ISO 8601 or, a few, text in the account's time zone, and in a plausible order."""
    texts = 0
    for deal in make_deals(800, seed=5, zone=ZoneInfo(zone)):
        parsed = {}
        for name in TIMESTAMPS:
            if deal.get(name) not in MISSING:
                parsed[name] = timestamps.parse(deal[name], ZoneInfo(zone))
                assert parsed[name] is not None, (name, deal[name])
                texts += not deal[name].endswith("Z")
        assert (
            parsed["createdAt"] <= parsed["lastModifiedAt"] <= timestamps.parse("2026-06-30T18:00:00Z", UTC)
        )
        if "closedDate" in parsed:
            assert parsed["createdAt"] - timestamps.MINUTE < parsed["closedDate"]
            assert parsed["closedDate"] - timestamps.MINUTE < parsed["lastModifiedAt"]
    assert 10 < texts < 300


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_close_dates(zone):
    """An estimated close date is the beginning of a day in the account's time zone."""
    zone = ZoneInfo(zone)
    planned = [deal.get("estimatedCloseDate") for deal in make_deals(60, seed=5, zone=zone)]
    times = [timestamps.parse(value, zone) for value in planned if value not in MISSING]
    assert len(times) > 30
    days = [dt.datetime.fromtimestamp(time / 1000, zone) for time in times]
    assert {day.time() for day in days} == {dt.time()}


def test_rotten_date(deals):
    """An open deal rots 30 days after its last change, others never."""
    for deal in deals:
        assert ("rottenDate" in deal) == (deal["status"] == "Open")
        if "rottenDate" in deal:
            rotten, modified = (
                timestamps.parse(deal[name], UTC) for name in ("rottenDate", "lastModifiedAt")
            )
            assert rotten - modified == 30 * timestamps.DAY


def test_status_is_consistent(deals):
    """Only won and lost deals have a closed date; stages, probabilities and reasons are consistent."""
    for deal in deals:
        stages = [name for name, _ in vocabulary.PIPELINES[deal["pipeline"]]]
        is_closed, has_reason = (deal.get(name) not in MISSING for name in ("closedDate", "lostReason"))
        assert is_closed == (deal["status"] != "Open")
        assert deal["stage"] in stages
        assert (deal["stage"] == stages[-1]) == (deal["status"] == "Won")
        assert not has_reason or deal["status"] == "Lost"
        if deal["status"] != "Open":
            assert deal["winProbability"] == (100 if deal["status"] == "Won" else 0)
        elif deal.get("winProbability") not in MISSING:
            assert 0 < int(deal["winProbability"]) < 100


def test_distribution(deals):
    """There are two pipelines, eight owners, three currencies, and more lost than won."""
    counts = {
        name: collections.Counter(deal[name] for deal in deals) for name in ("pipeline", "status", "currency")
    }
    assert counts["pipeline"].keys() == {"New business", "Renewals"}
    assert counts["currency"].keys() == {"USD", "EUR", "GBP"}
    assert counts["status"]["Lost"] > counts["status"]["Won"] > counts["status"]["Open"] > 100
    assert len({deal["owner"]["id"] for deal in deals if deal.get("owner")}) == 8
    values = sorted(float(deal["dealValue"]) for deal in deals if deal.get("dealValue") not in MISSING)
    assert 5000 < values[len(values) // 2] < 20_000 < values[-1]
    assert values[0] >= 0


def age(deal, until):
    """Return the days from the creation of a deal to a time in milliseconds, or a field of it."""
    end = until if isinstance(until, int) else timestamps.parse(deal[until], UTC)
    return (end - timestamps.parse(deal["createdAt"], UTC)) / timestamps.DAY


def days_late(deal, now=END):
    """Return how many days an open deal is past its close date; 0 if it is not."""
    planned = timestamps.parse(deal.get("estimatedCloseDate"), UTC) if deal["status"] == "Open" else None
    return max(now // timestamps.DAY - (planned or now) // timestamps.DAY, 0)


def counts_of(deals):
    """Return the number of won and lost deals, and the win rate, as the table of the docs shows them."""
    counts = collections.Counter(deal["status"] for deal in deals)
    won, lost = counts["Won"], counts["Lost"]
    return won, lost, f"{won / (won + lost):.2f}"


def quarter(deal):
    closed = dt.datetime.fromtimestamp(timestamps.parse(deal["closedDate"], UTC) / 1000, dt.UTC)
    return f"{closed.year}-Q{(closed.month + 2) // 3}"


def test_documented_figures():
    """The tables in the docstring are those of the deals."""
    deals, rows = make_deals(500, seed=0, zone=UTC), []
    for pipeline in vocabulary.PIPELINES:
        own = [deal for deal in deals if deal["pipeline"] == pipeline]
        open_deals = [deal for deal in own if deal["status"] == "Open"]
        slipped = sum(days_late(deal) > 0 for deal in open_deals)
        cycle = statistics.median(age(deal, "closedDate") for deal in own if deal["status"] == "Won")
        so_far = statistics.median(age(deal, END) for deal in open_deals)
        rows.append((pipeline, len(open_deals), slipped, *counts_of(own), round(cycle), round(so_far)))
    closed = collections.defaultdict(list)
    for deal in deals:
        if deal["status"] != "Open":
            closed[quarter(deal)].append(deal)
    rows += [(name, *counts_of(own)) for name, own in sorted(closed.items())]
    lines = [line.split() for line in make_deals.__doc__.splitlines()]
    assert [row for row in rows if " ".join(map(str, row)).split() not in lines] == []


@pytest.mark.parametrize("days", [0, 90])
def test_credible(days):
    """Deals slip by days and weeks, and are open for some months, also after 90 days of work."""
    crm = Crm(make_deals(1000, seed=1, zone=UTC), seed=1, zone=UTC)
    crm.pass_days(days)
    now = END + days * timestamps.DAY
    open_deals = [deal for deal in crm.deals.records() if deal["status"] == "Open"]
    late = sorted(filter(None, (days_late(deal, now) for deal in open_deals)))
    ages = sorted(age(deal, now) for deal in open_deals)
    assert 75 < len(open_deals) < 150
    assert 0.1 < len(late) / len(open_deals) < 0.28
    assert 5 < late[len(late) // 2] < 40
    assert sum(each > 60 for each in late) < 0.08 * len(open_deals)
    assert 25 < ages[len(ages) // 2] < 100 < ages[-1] < 500


def test_story(deals):
    """The best owner, source and quarter win clearly more often than the worst."""
    business = [deal for deal in deals if deal["pipeline"] == "New business" and deal["status"] != "Open"]

    def rate(of, name):
        chosen = [deal for deal in business if of(deal) == name]
        return sum(deal["status"] == "Won" for deal in chosen) / len(chosen)

    def owner(deal):
        return (deal.get("owner") or {}).get("name")

    assert rate(owner, "Priya Raman") > rate(owner, "Owen Gallagher") + 0.15
    assert rate(lambda deal: deal.get("source"), "Referral") > 0.3
    assert rate(quarter, "2026-Q1") > rate(quarter, "2026-Q2") + 0.15


def test_irregular_values(deals):
    """Missing values occur in every form, some numbers are text, and some titles are not ASCII."""
    forms = collections.Counter(repr(deal.get("primaryCompany", "absent")) for deal in deals)
    assert {"{}", "None", "''", "'absent'"} <= forms.keys()
    assert {repr(deal.get("source", "absent")) for deal in deals} >= {"None", "''", "'absent'"}
    assert {type(deal.get("dealValue")) for deal in deals} >= {int, float, str, type(None)}
    assert {type(deal.get("tags")) for deal in deals} >= {str, list}
    assert any(not deal["title"].isascii() for deal in deals)
    assert len({frozenset(deal) for deal in deals}) > 20


def test_fields(deals):
    """Deals contain only standard fields and five custom fields."""
    keys = {key for deal in deals for key in deal}
    custom = {key for key in keys if "CustomField" in key}
    assert len(custom) == 5
    assert keys - custom <= {field.name for field in DEALS.fields}
    assert max(len(deal["title"]) for deal in deals) <= 255


@pytest.mark.parametrize("count", [0, 1, 3])
def test_few_deals(count):
    """Any number of deals can be made."""
    assert len(make_deals(count, seed=0, zone=UTC)) == count
