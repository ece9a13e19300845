"""Reads from the sandbox in each of its behaviors, and in random mixtures, against what it holds."""

from __future__ import annotations

import random
import warnings
from typing import get_args, get_type_hints
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from salesmate_nb import IncompleteRead, LoginRequired, Salesmate, Settings, connect, sandbox
from salesmate_nb.resources import RESOURCES
from salesmate_nb.sandbox import BEHAVIORS, Behavior, timestamps

ZONE = "Europe/Berlin"
TIMES = {
    "created_at": "createdAt",
    "last_modified_at": "lastModifiedAt",
    "closed_date": "closedDate",
    "rotten_date": "rottenDate",
    "completed_at": "completedAt",
    "go_live": "dateTimeCustomField1",
}
TEXTS = {"title": "title", "name": "name", "status": "status"}
RELATIONS = {  # by the names that the links of activities have, too
    "owner_id": ("owner",),
    "company_id": ("company",),
    "primary_company_id": ("primaryCompany", "company"),
    "related_to_title": ("relatedTo", "deal"),
}
RULES = [name for name in get_type_hints(Behavior) if name.endswith("_rules")]
FREE = [*RULES, "timestamps", "order", "refusal", "totals", "relations", "links", "expired_status"]


def mixture(seed):
    """Return a random behavior, and whether a client can find out that it has every row.

    If the order is unstable, only right totals show that; without them, nobody can know.
    """
    draw, hints = random.Random(f"mixture {seed}"), get_type_hints(Behavior)
    switches = {name: draw.choice(get_args(hints[name])) for name in FREE}
    behavior = Behavior(**switches, max_rows=draw.choice((250, 250, 100, 40)), time_zone=ZONE)
    return behavior, behavior.order != "unstable" or behavior.totals in {"given", "not of activities"}


def start(behavior, deals=300):
    """Start a sandbox for a login with the Session Key."""
    return sandbox.start(behavior=behavior, deals=deals, login="session_key", time_zone=ZONE, seed=deals)


def read(box, name, **arguments):
    """Read a resource over a new connection; a value that cannot be read is an error here."""
    connection = Salesmate(Settings(**box.settings, calls_per_hour=10**6))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return getattr(connection, f"{name}_df")(**arguments)


def check(frame, records, resolution):
    """Assert that a frame holds these records, and their values as far as the formats tell them."""
    assert list(frame["id"]) == sorted(record["id"] for record in records)
    rows = {row["id"]: row for row in frame.to_dict("records")}
    for record in records:
        row = rows[record["id"]]
        for column in TIMES.keys() & row.keys():
            assert_time(row[column], record.get(TIMES[column]), resolution)
        for column in TEXTS.keys() & row.keys():
            assert row[column] == record[TEXTS[column]] or not record.get(TEXTS[column])
        for column in RELATIONS.keys() & row.keys():
            related = next((record[name] for name in RELATIONS[column] if record.get(name)), {})
            expected = related.get("title" if column.endswith("title") else "id")
            assert row[column] == expected or (pd.isna(row[column]) and expected is None)


def assert_time(value, stored, resolution):
    """Assert that a time is the one that is stored, rounded down to `resolution` milliseconds."""
    expected = timestamps.parse(stored, ZoneInfo(ZONE))
    if expected is None:
        assert pd.isna(value)
    else:
        assert 0 <= expected - value.timestamp() * 1000 < resolution, (value, stored)


def resolution_of(behavior):
    return {"text": 60_000, "mixed": 60_000, "seconds": 1000}.get(behavior.timestamps, 1)


@pytest.mark.parametrize("name", BEHAVIORS)
def test_named_behavior(name):
    """A read in each named behavior has every deal with its values, with and without a filter."""
    with start(name) as box:
        deals, resolution = box.deals.records(), resolution_of(Behavior.named(name))
        check(read(box, "deals"), deals, resolution)
        won = [deal for deal in deals if deal["status"] == "Won"]
        check(read(box, "deals", status="Won"), won, resolution)


@pytest.mark.slow
@pytest.mark.parametrize("resource", [name for name in RESOURCES if name != "deals"])
@pytest.mark.parametrize("name", BEHAVIORS)
def test_other_resources(name, resource):
    """Contacts, companies and activities are as exact in each named behavior."""
    with start(name, deals=700) as box:
        check_resource(box, resource, Behavior.named(name))


def check_resource(box, resource, behavior):
    records = getattr(box, resource).records()
    check(read(box, resource), records, resolution_of(behavior))


def check_mixture(seed, resources):
    """Assert that a mixture is read exactly, or, only if nobody can know, that the read fails."""
    behavior, is_decidable = mixture(seed)
    with start(behavior, deals=random.Random(seed).choice((0, 7, 101, 251, 530))) as box:
        for resource in resources:
            try:
                check_resource(box, resource, behavior)
            except IncompleteRead:
                assert not is_decidable


@pytest.mark.parametrize("seed", range(6))
def test_mixture(seed):
    """Random mixtures of behaviors are read exactly, or the read fails loudly."""
    check_mixture(seed, ["deals"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 18))
def test_many_mixtures(seed):
    """The same for many mixtures and all resources."""
    check_mixture(seed, RESOURCES)


@pytest.mark.parametrize("status", [401, 200])
def test_key_expires_during_a_read(status):
    """A key that expires between two pages ends the read with the remedy, not with a short frame."""
    behavior = Behavior(key_requests=6, expired_status=status)
    with start(behavior) as box, pytest.raises(LoginRequired, match="has expired") as caught:
        read(box, "deals")
    assert box.session_key not in str(caught.value)


def test_time_zone_of_the_user():
    """Without the setting, dates without a zone are in the zone of the user whose key it is."""
    with start(Behavior(timestamps="text")) as box:
        account = {**box.settings}
        del account["timezone"]
        connection = Salesmate(Settings(**account))
        check(connection.deals_df(), box.deals.records(), 60_000)
        assert connection.timezone == ZONE
        assert connection.status().who.startswith("Maya Lindqvist")


@pytest.mark.filterwarnings("ignore:refresh='auto' reads all deals here")
@pytest.mark.parametrize(("name", "login"), [("measured", "oauth"), ("kind", "session_key")])
def test_refresh_after_a_week(name, login):
    """After a week, a refreshed snapshot equals a live read; where the order is kept, by what changed."""
    with sandbox.start(behavior=name, deals=520, login=login, time_zone=ZONE) as box:
        connection = connect(box)
        before = connection.deals_df(refresh="auto")
        box.pass_days(7)
        start = len(box.log)
        after = connection.deals_df(refresh="auto")
        sorts = [str(each.json["sort"]) for each in box.log[start:] if each.path.endswith("/search")]
        assert any("lastModifiedAt" in sort for sort in sorts) == (name == "kind")
        pd.testing.assert_frame_equal(after, connection.deals_df())
        assert list(after["id"]) == box.deals.ids() != list(before["id"])
        assert after["last_modified_at"].max() > pd.Timestamp("2026-07-06", tz="UTC")


@pytest.mark.slow
def test_history_as_days_pass():
    """Refreshed week after week, the history has each state at the account's time, and what was created."""
    with sandbox.start(deals=200, seed=7, login="session_key") as box:
        connection, frames = connect(box), []
        ids, created = set(), 0
        for days in (0, 7, 7, 35):
            box.pass_days(days)
            frames.append(connection.deals_df(refresh="auto"))
            created += len(ids) and len(set(box.deals.ids()) - ids)
            ids.update(box.deals.ids())
        for day, frame in zip(("2026-06-30", "2026-07-07", "2026-07-14", "2026-08-18"), frames, strict=True):
            pd.testing.assert_frame_equal(
                connection.deals_df(as_of=f"{day}T18:30:00Z"), frame, check_categorical=False
            )
        fields = connection.history_df()["field"].value_counts()
        assert fields["created"] == created > 5
        assert fields["stage"] > fields["created"]
