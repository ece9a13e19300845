"""Made-up deals: the same for the same seed, true to themselves, and as odd as real answers."""

from __future__ import annotations

import collections
import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb.sandbox import moments, words
from salesmate_nb.sandbox.data import make_deals
from salesmate_nb.sandbox.fields import MISSING
from salesmate_nb.sandbox.modules import DEALS

UTC = ZoneInfo("UTC")
MOMENTS = (
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
    """Enough of them that every rare thing happens."""
    return make_deals(2000, seed=0, zone=UTC)


def test_a_seed_makes_the_same_deals():
    """The same seed makes the same deals, another seed others."""
    assert make_deals(50, seed=1, zone=UTC) == make_deals(50, seed=1, zone=UTC)
    assert make_deals(50, seed=1, zone=UTC) != make_deals(50, seed=2, zone=UTC)


def test_a_sandbox_serves_its_seed(visit):
    """What is served depends on seed and number alone, not on the day."""
    one, same, other = (visit(deals=30, seed=seed).search().json()["Data"]["data"] for seed in (3, 3, 4))
    assert one == same == make_deals(30, seed=3, zone=UTC)
    assert one != other


def test_ids_grow_with_gaps(deals):
    """Ids are in the order of creation, begin at 1001, and leave some out."""
    ids = [deal["id"] for deal in deals]
    assert ids[0] == 1001
    assert ids == sorted(set(ids))
    assert ids[-1] > 1001 + len(ids)
    created = [deal["createdAt"] for deal in deals]
    assert created == sorted(created)


def test_dates_lie_within_two_years(deals):
    """Creation is on weekdays of the two years before 2026-06-30, in the plain ISO form."""
    days = [dt.datetime.fromisoformat(deal["createdAt"]) for deal in deals]
    assert dt.datetime(2024, 6, 28, tzinfo=dt.UTC) < days[0] < dt.datetime(2024, 7, 15, tzinfo=dt.UTC)
    assert dt.datetime(2026, 6, 20, tzinfo=dt.UTC) < days[-1] < dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    assert {day.weekday() for day in days} == {0, 1, 2, 3, 4}


def test_some_came_in_one_minute(deals):
    """An import put many deals into one moment."""
    (_, most), *_ = collections.Counter(deal["createdAt"][:16] for deal in deals).most_common(1)
    assert most >= 80


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_every_moment_can_be_read(zone):
    """Moments are ISO or, a few, text in the account's zone; they follow each other sensibly."""
    texts = 0
    for deal in make_deals(1500, seed=5, zone=ZoneInfo(zone)):
        read = {}
        for name in MOMENTS:
            if deal.get(name) not in MISSING:
                read[name] = moments.read(deal[name], ZoneInfo(zone))
                assert read[name] is not None, (name, deal[name])
                texts += not deal[name].endswith("Z")
        assert read["createdAt"] <= read["lastModifiedAt"] <= moments.read("2026-06-30T18:00:00Z", UTC)
        if "closedDate" in read:
            assert read["createdAt"] - moments.MINUTE < read["closedDate"]
            assert read["closedDate"] - moments.MINUTE < read["lastModifiedAt"]
    assert 20 < texts < 500


def test_status_stage_and_dates_agree(deals):
    """Won and lost deals are closed, open ones are not; probabilities and reasons follow."""
    for deal in deals:
        stages = [name for name, _ in words.PIPELINES[deal["pipeline"]]]
        closed, reason = deal.get("closedDate") not in MISSING, deal.get("lostReason") not in MISSING
        assert closed == (deal["status"] != "Open")
        assert deal["stage"] in stages
        assert (deal["stage"] == stages[-1]) == (deal["status"] == "Won")
        assert not reason or deal["status"] == "Lost"
        if deal["status"] != "Open":
            assert deal["winProbability"] == (100 if deal["status"] == "Won" else 0)
        elif deal.get("winProbability") not in MISSING:
            assert 0 < int(deal["winProbability"]) < 100


def test_a_team_looks_real(deals):
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


def test_answers_are_as_odd_as_real_ones(deals):
    """Missing values take every form, some numbers are text, and some titles are not ASCII."""
    forms = collections.Counter(repr(deal.get("primaryCompany", "absent")) for deal in deals)
    assert {"{}", "None", "''", "'absent'"} <= forms.keys()
    assert {repr(deal.get("source", "absent")) for deal in deals} >= {"None", "''", "'absent'"}
    assert {type(deal.get("dealValue")) for deal in deals} >= {int, float, str, type(None)}
    assert {type(deal.get("tags")) for deal in deals} >= {str, list}
    assert any(not deal["title"].isascii() for deal in deals)
    assert len({frozenset(deal) for deal in deals}) > 20


def test_every_field_is_a_known_one(deals):
    """Deals hold the standard fields and five custom ones, nothing else."""
    keys = {key for deal in deals for key in deal}
    custom = {key for key in keys if "CustomField" in key}
    assert len(custom) == 5
    assert keys - custom <= {field.name for field in DEALS.fields}
    assert max(len(deal["title"]) for deal in deals) <= 255


@pytest.mark.parametrize("count", [0, 1, 3])
def test_small_teams_work(count):
    """Few deals are deals too."""
    assert len(make_deals(count, seed=0, zone=UTC)) == count
