"""Accounts to be examined, and the proof that a diagnosis holds nothing private of them."""

from __future__ import annotations

import re

import pytest

from salesmate_nb import Salesmate, Settings
from salesmate_nb._doctor.probes import MAX_REQUESTS
from tests.live_account import LiveAccount, made

FIRST_ID = 7_000_000  # so that no count can be taken for an id
COUNTS = {"deals": 359, "contacts": 120, "companies": 8, "activities": 130}
TEXTS = ("Muster", "Deal 1", "Activity", "example.com", "fair", "+41", "north", "Reseller", "Ben Cole")


@pytest.fixture
def examine(tmp_path):
    """Return a function that examines an account, and returns a diagnosis that holds nothing private."""

    def examine(behaviour, *, seed=0, expired=False, private=(), changes=None, **records):
        records = {
            kind: some(kind, rows) if isinstance(rows, int) else rows
            for kind, rows in {**COUNTS, **records}.items()
        }
        with LiveAccount(**records, behaviour=behaviour, seed=seed) as account:
            account.expired = expired
            given = {"linkname": account.linkname, "session_key": account.session_key, "api_url": account.url}
            given |= {name: change(account) for name, change in (changes or {}).items()}
            connection = Salesmate(Settings(**given, token_cache=tmp_path / "logins"))
            diagnosis = connection.doctor()
        assert len(account.requests) == diagnosis.requests <= MAX_REQUESTS
        check_private(repr(diagnosis), account, private)
        return diagnosis

    return examine


def some(kind, count):
    """Return made-up records with ids that no count can be taken for."""
    return [{**record, "id": FIRST_ID + record["id"]} for record in made(kind, count)]


def check_private(text, account, private):
    """Assert that no key, name of a customer, id or amount is in a text."""
    secrets = [account.session_key, account.access_key, account.secret_key, account.linkname, account.url]
    assert not [secret for secret in (*secrets, *TEXTS, *private) if secret in text]
    numbers = {int(number) for number in re.findall(r"\d+", text.partition("versions")[0].replace(",", ""))}
    assert max(numbers) < FIRST_ID
    amounts = {int(deal.get("dealValue") or 0) for deal in account.truth("deals")}
    assert not numbers & {amount for amount in amounts if amount > 10_000}
