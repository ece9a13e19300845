"""The work of the made-up sales team: regular hours, steps that fit together, and credible rates."""

from __future__ import annotations

import collections
import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb.sandbox import make_deals, timestamps
from salesmate_nb.sandbox._fake_data import vocabulary
from salesmate_nb.sandbox._fake_data.deals import END
from salesmate_nb.sandbox._fake_data.process.chances import FORGOTTEN_AFTER, WIN_RATES
from salesmate_nb.sandbox._fake_data.sales_team import SalesTeam
from salesmate_nb.sandbox.records import MISSING
from salesmate_nb.sandbox.timestamps import DAY

UTC = ZoneInfo("UTC")
STAGES = {pipeline: [name for name, _ in stages] for pipeline, stages in vocabulary.PIPELINES.items()}


def live(days, *, count=600, seed=0, deals=None, undelete=False):
    """Let a team work, and return all deals by id, and for each change its time, the deal before and after.

    With `undelete`, somebody else restores each deleted deal at once.
    """
    team = SalesTeam(count, seed=seed, zone=UTC)
    state = {deal["id"]: deal for deal in deals or make_deals(count, seed=seed, zone=UTC)}
    steps, last_id = [], max(state)
    for day in range(1, days + 1):
        for change in team.work(list(state.values()), END + day * DAY):
            last_id += change.deal_id is None
            deal_id = change.deal_id or last_id
            after = change.record and {**change.record, "id": deal_id}
            before = state.get(deal_id)
            steps.append((change.time, before, after))
            if after or undelete:
                state[deal_id] = after or before
            else:
                del state[deal_id]
    return state, steps


def kinds(steps):
    """Count the steps of each kind, and the fields that edits change."""
    counts = collections.Counter()
    for time, before, after in steps:
        if not after:
            counts["deleted"] += 1
        elif not before:
            counts["created" if time_of(after, "createdAt") == time else "restored"] += 1
        else:
            counts.update(key for key in after if before.get(key) != after[key])
            if before["status"] != after["status"]:
                counts[f"{before['status']} to {after['status']}"] += 1
    return counts


def time_of(deal, key):
    return timestamps.parse(deal.get(key), UTC)


@pytest.fixture(scope="module")
def two_months():
    """Return the deals after 60 days, and the steps that led there."""
    return live(60, seed=2)


def test_seed():
    """The same seed makes the same changes, another seed others."""
    first, same, other = (live(7, count=90, seed=seed) for seed in (1, 1, 2))
    assert first == same
    assert first[1] != other[1]


def test_working_hours(two_months):
    """Somebody works on each weekday, nobody at weekends or at night, and the steps are in order of time."""
    times = [dt.datetime.fromtimestamp(time / 1000, dt.UTC) for time, _, _ in two_months[1]]
    assert times == sorted(times)
    assert {time.weekday() for time in times} == {0, 1, 2, 3, 4}
    assert {8, 17} <= {time.hour for time in times} <= set(range(8, 18))
    assert len({time.date() for time in times}) == 43
    assert times[0].date() == dt.date(2026, 7, 1)


def test_timestamps(two_months):
    """Each step is the last change of its deal, and no deal is closed before it was created."""
    for time, before, after in two_months[1]:
        if after and before:
            assert time_of(after, "lastModifiedAt") == time > time_of(before, "lastModifiedAt")
            assert after["createdAt"] == before["createdAt"]
    for deal in two_months[0].values():
        assert time_of(deal, "createdAt") <= time_of(deal, "lastModifiedAt") <= END + 60 * DAY
        if deal.get("closedDate") not in MISSING:
            assert time_of(deal, "createdAt") - timestamps.MINUTE < time_of(deal, "closedDate")


def test_deals_stay_consistent(two_months):
    """Status, stage, closed date, probability, reason and rotten date fit together after all changes."""
    for deal in two_months[0].values():
        is_open, stages = deal["status"] == "Open", STAGES[deal["pipeline"]]
        assert (deal.get("closedDate") in MISSING) == is_open
        assert (deal.get("rottenDate") not in MISSING) == is_open
        assert (deal["stage"] == stages[-1]) == (deal["status"] == "Won")
        assert deal.get("lostReason") in MISSING or deal["status"] == "Lost"
        if not is_open:
            assert deal["winProbability"] == (100 if deal["status"] == "Won" else 0)
        elif deal.get("winProbability") not in MISSING:
            assert 0 < int(deal["winProbability"]) < 100


def test_stages_pass_one_by_one(two_months):
    """An open deal moves by one stage at a time, mostly forward; close dates become days still to come."""
    moves = collections.Counter()
    for time, before, after in two_months[1]:
        if before and after and before["status"] == after["status"] == "Open":
            stages = STAGES[after["pipeline"]]
            moves[stages.index(after["stage"]) - stages.index(before["stage"])] += 1
            if before.get("estimatedCloseDate") != after.get("estimatedCloseDate"):
                assert time_of(after, "estimatedCloseDate") > time
    assert moves.keys() <= {-1, 0, 1}
    assert moves[1] > 10 * moves[-1]


def test_new_deals(two_months):
    """A new deal is open in the first stage, with nothing done yet, and a known company or none."""
    known = {
        deal["primaryCompany"]["id"]
        for deal in make_deals(600, seed=2, zone=UTC)
        if deal.get("primaryCompany")
    }
    new = [
        (time, after)
        for time, before, after in two_months[1]
        if not before and time_of(after, "createdAt") == time
    ]
    assert 20 < len(new) < 45  # it is summer
    companies = {deal["primaryCompany"]["id"] for _, deal in new if deal.get("primaryCompany")}
    assert len(companies & known) > len(companies) / 2
    for _, deal in new:
        assert (deal["status"], deal["stage"]) == ("Open", STAGES[deal["pipeline"]][0])
        assert deal["openActivities"] == deal["closedActivities"] == 0
        assert deal["lastActivityAt"] is None


def test_people(two_months):
    """Only people who are still there get deals or edit them; those of a colleague who left are handed on."""
    there = {number for number, _, is_active in vocabulary.OWNERS if is_active}
    handed_on = []
    for _, before, after in two_months[1]:
        if before and after:
            assert after["lastModifiedBy"]["id"] in there
            if before.get("owner") != after.get("owner"):
                assert after["owner"]["id"] in there
                handed_on.append((before.get("owner") or {}).get("id"))
    assert 23 in handed_on


def test_forgotten_deals():
    """Nobody touches a deal two months after its close date, until it is lost as one that went silent."""
    deals = [
        {
            "id": number,
            "pipeline": "New business",
            "stage": "Demo",
            "status": "Open",
            "estimatedCloseDate": timestamps.format_iso(END - (FORGOTTEN_AFTER + 1) * DAY),
        }
        for number in range(40)
    ]
    steps = live(30, count=5, deals=deals)[1]
    lost = [after for _, before, after in steps if before in deals and after]
    assert len(lost) > 5
    assert {(deal["status"], deal.get("lostReason") or "") for deal in lost} == {
        ("Lost", "Went silent"),
        ("Lost", ""),
    }


def test_other_deals():
    """Deals of other pipelines, or without what a deal has, stay as they are; odd values do not matter."""
    odd = [
        {"id": 1, "title": "New deal", "status": "Open"},
        {"id": 2, "pipeline": "Partners", "stage": "Demo", "status": "Open"},
    ]
    renewal = {"pipeline": "Renewals", "stage": "Quoted", "status": "Open", "dealValue": "much"}
    state, steps = live(30, count=5, deals=[*odd, *({**renewal, "id": number} for number in range(3, 23))])
    assert [state[1], state[2]] == odd
    assert kinds(steps)["dealValue"] > 0


def test_restored_deals():
    """A deleted deal sometimes comes back unchanged, within 30 days, unless somebody else restored it."""
    _, steps = live(60, seed=7)
    deleted = {before["id"]: (time, before) for time, before, after in steps if not after}
    back = [(time, after) for time, before, after in steps if not before and after["id"] in deleted]
    back = [(time, after) for time, after in back if time > deleted[after["id"]][0]]
    assert len(back) >= 2
    for time, after in back:
        assert after == deleted[after["id"]][1]
        assert time - deleted[after["id"]][0] < 31 * DAY
    counts = kinds(live(60, seed=7, undelete=True)[1])
    assert counts["deleted"] > counts["restored"] == 0


@pytest.mark.parametrize("seed", [0, 7])
def test_month(seed):
    """In 30 days, 600 deals show a few dozen changes of each common kind, and some of the rare ones."""
    counts = kinds(live(30, seed=seed)[1])
    common = ("created", "stage", "dealValue", "estimatedCloseDate", "lastCommunicationAt")
    assert all(10 <= counts[kind] <= 150 for kind in common), counts
    assert 12 <= counts["Open to Won"] + counts["Open to Lost"] <= 45
    assert 1 <= counts["owner"] + counts["deleted"] <= 25


@pytest.mark.slow
def test_year():
    """In a year the open pipeline stays about as large, and deals come, go and are won at the old rates."""
    before = make_deals(2000, seed=3, zone=UTC)
    state, steps = live(365, count=2000, seed=3)
    counts = kinds(steps)
    opening, closing = (sum(deal["status"] == "Open" for deal in deals) for deals in (before, state.values()))
    assert 0.8 < closing / opening < 1.5
    assert counts["created"] == pytest.approx(1000, rel=0.12)
    assert counts["Open to Won"] + counts["Open to Lost"] == pytest.approx(1000, rel=0.15)
    assert 10 < counts["Lost to Open"] + counts["Won to Open"] < 100
    assert 50 < counts["deleted"] < 250
    assert 10 < counts["restored"] < counts["deleted"] / 1.5
    for pipeline, rate in WIN_RATES.items():
        closed = collections.Counter(
            after["status"]
            for _, old, after in steps
            if old and after and after["pipeline"] == pipeline and old["status"] == "Open" != after["status"]
        )
        assert closed["Won"] / closed.total() == pytest.approx(rate, abs=0.08)
    days = sorted(
        (time_of(deal, "closedDate") - time_of(deal, "createdAt")) / DAY
        for deal in state.values()
        if deal["status"] != "Open" and END < time_of(deal, "createdAt") < END + 185 * DAY
    )
    assert 55 < days[len(days) // 2] < 85
