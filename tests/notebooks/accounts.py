"""Accounts that differ from the sandbox's in one thing each, for the notebooks to run on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from salesmate_nb import Salesmate, Settings, sandbox
from tests.helpers import reach
from tests.live_account import LiveAccount, made

DEALS = 90
DAYS = (0, 70, 14, 7)  # between the refreshes of an account with a history
LONG = "Überregionale Beschaffungsgesellschaft für Förder- und Hebetechnik an der Donau"
NAMES = (
    LONG + "s",
    "شركة النور للتجارة",
    "חברת הצפון",
    "🚀 Rocket & Søn 🎯",
    "株式会社さくら",
    "$x_1$ <b>%s",
)


def _owner(number, name):
    return {"id": 500 + number, "name": name, "email": f"owner{number}@sandbox.example"}


def _named(deal):
    """Return names that are long, right-to-left or emoji, of everything that has a name."""
    name = NAMES[deal["id"] % len(NAMES)]
    return {
        "title": name,
        "owner": _owner(deal["id"] % len(NAMES), name),
        "pipeline": NAMES[deal["id"] % 2],
        "stage": f"{NAMES[len(deal['stage']) % len(NAMES)]} {len(deal['stage'])}",
        "source": NAMES[-1 - deal["id"] % len(NAMES)],
        **_opened(deal),
    }


def _opened(deal):
    """Return what half of the deals have, so that many are open."""
    return {"status": "Open", "closedDate": None} if deal["id"] % 2 else {}


CURRENCIES = ("USD", "EUR", "GBP", "JPY", "CHF", "INR", "BRL")

CHANGES: dict[str, Callable] = {
    "as it is": lambda deal: {},
    "empty": lambda deal: None,
    "one deal": lambda deal: {"status": "Open", "closedDate": None} if deal["id"] == 1003 else None,
    "one pipeline": lambda deal: {"pipeline": "Sales", "stage": "Talk"},
    "five pipelines": lambda deal: {"pipeline": f"Pipeline {deal['id'] % 5}"},
    "no close dates": lambda deal: {"estimatedCloseDate": None},
    "no open deal": lambda deal: None if deal["status"] == "Open" else {},
    "none slipped": lambda deal: {"estimatedCloseDate": "2027-03-31T00:00:00.000Z"},
    "no probabilities": lambda deal: {"winProbability": None},
    "no stage on some": lambda deal: {"stage": None} if deal["id"] % 3 == 0 else {},
    "seven currencies": lambda deal: {"currency": CURRENCIES[deal["id"] % 7], **_opened(deal)},
    "forty owners": lambda deal: {
        "owner": _owner(deal["id"] % 40, f"Owner Number {deal['id'] % 40}"),
        **_opened(deal),
    },
    "one owner": lambda deal: {"owner": _owner(1, "Ada Berg")},
    "odd names": _named,
    "a million in one deal": lambda deal: {
        "dealValue": 1_000_000 if deal["id"] == 1025 else 50,
        **_opened(deal),
    },
    "odd values": lambda deal: {
        "dealValue": -50 if deal["id"] % 3 else deal["dealValue"],
        "currency": None if deal["id"] % 4 else "EUR",
        "status": "On hold" if deal["id"] % 5 == 0 else deal["status"],
        "closedDate": None if deal["id"] % 7 == 0 else "2028-01-05T10:00:00.000Z",
    },
    "nothing set": lambda deal: dict.fromkeys(
        ("owner", "stage", "pipeline", "currency", "source", "dealValue", "winProbability", "closedDate")
    ),
}
"""What each account has in place of a value of the sandbox; None for a deal that it does not have."""


@contextlib.contextmanager
def changed(change, *, days=DAYS, **options):
    """Start an account whose deals are those of the sandbox, each with the values that `change` returns.

    Parameters
    ----------
    change : callable
        Takes a deal and returns its new values, or None for a deal that is not there.
    days : sequence of int
        How many days pass before each refresh; the last one is the notebook's. Empty: there is no history.
    **options
        Of the sandbox that has the deals.

    Yields
    ------
    mapping
        The settings of a connection.
    """
    team = sandbox.start(deals=DEALS, behavior="kind")
    account = sandbox.start(deals=0, **{"behavior": "kind", "login": "session_key", **options})
    with team, account:
        for passed in days or (sum(DAYS),):
            team.pass_days(passed)
            account.pass_days(passed)
            _copy(team.deals, account.deals, change)
            if days:
                Salesmate(Settings(**account.settings)).deals_df(refresh="auto")
        yield {**account.settings}


def _copy(source, target, change):
    """Let `target` hold the records of `source`, changed."""
    kept = set()
    for deal in source.records():
        values = change(deal)
        if values is not None:
            target.put({**deal, **values})
            kept.add(deal["id"])
    for number in set(target.ids()) - kept:
        target.delete(number)


@contextlib.contextmanager
def over_v1():
    """Start an account that is read over the v1 API, by an OAuth login that is stored already."""
    with sandbox.start(deals=DEALS, api="v1") as account:
        reach(account, by="oauth-v1")
        yield {**account.settings}


@contextlib.contextmanager
def measured():
    """Start the independent live account of the tests, with made records of each kind."""
    kinds = ("deals", "contacts", "companies", "activities")
    with LiveAccount(**{kind: made(kind, DEALS) for kind in kinds}) as account:
        keys = ("linkname", "session_key")
        yield {"api_url": account.url, **{key: getattr(account, key) for key in keys}}


@contextlib.contextmanager
def of_file(path):
    """Start an account that has the deals of a JSON file."""
    with sandbox.start(data=path, behavior="kind", login="session_key") as account:
        yield {**account.settings}
