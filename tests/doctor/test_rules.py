"""The doctor's findings about rules: what the account does with each, and nothing else."""

from __future__ import annotations

import dataclasses

import pytest

from tests.live_account import BEHAVIOURS, Behaviour


def matches(finding, support):
    """Return whether a finding says what a behaviour does; nothing may be claimed that is not so."""
    started = {"supported": "applied", "refused": "refused (HTTP ", "ignored": "ignored"}[support]
    return finding.startswith(started)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_rules(examine, name):
    """Each rule is found to be applied, ignored or refused, as the account does it."""
    behaviour = BEHAVIOURS[name]
    search = examine(behaviour).search
    assert search["rules: []"] == "all rows"
    assert matches(search["rule on id"], behaviour.id_rules)
    assert matches(search["createdAt, one end"], behaviour.created_after)
    assert matches(search["lastModifiedAt"], behaviour.modified_after)
    assert matches(search["createdAt, both ends"], behaviour.created_until)
    epoch = search["rule of 1970"]
    assert epoch.startswith("refused") if behaviour.epoch_rule == "refused" else epoch == "all rows"


@pytest.mark.parametrize(("condition", "other"), [("IS_BEFORE", None), ("BETWEEN", "applied")])
def test_both_ends(examine, condition, other):
    """BETWEEN is tried if two rules are not applied."""
    search = examine(Behaviour(created_until=condition)).search
    assert (search["createdAt, both ends"] == "applied") == (condition == "IS_BEFORE")
    assert search.get("createdAt, BETWEEN") == other


@pytest.mark.parametrize("status", ["400", "403", "422", "500", "200"])
def test_any_refusal(examine, status):
    """A refusal of any status is a finding, and is not asked again."""
    search = examine(dataclasses.replace(BEHAVIOURS["everything refused"], refusal=status)).search
    assert search["rule on id"].startswith(f"refused (HTTP {status} ")


def test_ends_of_the_calendar(examine):
    """Deals of the year 1 are no reason for the doctor to fail."""
    deals = [{"id": 7_000_000 + number, "createdAt": number - 62135596800} for number in range(9)]
    search = examine(Behaviour(), deals=deals).search
    assert search["createdAt, one end"].startswith("accepted")
