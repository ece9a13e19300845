"""Records in the truth's own form: times in Unix seconds, numbers, lists, and None where nothing is."""

from __future__ import annotations

import datetime as dt
import functools
import json
import random
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, eq=False)
class Module:
    """A kind of record, and its names in the API (section 2 of the facts)."""

    name: str  # deal: in paths
    number: int  # the moduleId
    prefixes: tuple[str, ...]  # before the names of fields
    fields: dict[str, str]  # the type of each in the catalogue; section 3


@dataclass
class Seen:
    """A request that the account received, and the status of its response."""

    count: int
    method: str
    path: str
    query: dict[str, str]
    body: object
    headers: dict[str, str]
    status: int = 0


def _typed(**names):
    return {name: kind for kind, text in names.items() for name in text.split()}


_COMMON = _typed(
    number="id",
    text="description lastCommunicationMode",
    multiSelect="tags",
    dateTime="createdAt lastModifiedAt lastCommunicationAt",
    lookup="owner createdBy lastModifiedBy",
)
MODULES = {
    "deals": Module(
        "deal",
        4,
        ("deal",),
        _COMMON
        | _typed(
            text="title lostReason lastNote",
            number="dealValue winProbability",
            select="currency status stage pipeline priority source",
            date="estimatedCloseDate",
            dateTime="closedDate lastActivityAt rottenDate",
            boolean="isSplitted",
            lookup="primaryContact primaryCompany",
        ),
    ),
    "contacts": Module(
        "contact",
        1,
        ("contact",),
        _COMMON
        | _typed(
            text="name firstName lastName email phone mobile",
            number="openDealCount wonDealCount",
            boolean="emailOptOut",
            lookup="company",
        ),
    ),
    "companies": Module(
        "company",
        5,
        ("company",),
        _COMMON
        | _typed(
            text="name website phone",
            number="annualRevenue numberOfEmployees openDealCount wonDealCount lostDealCount"
            " totalAmountOfOpenDeal totalAmountOfWonDeal totalAmountOfLostDeal",
        ),
    ),
    "activities": Module(
        "activity",
        2,
        ("activity", "task"),
        _COMMON
        | _typed(
            text="title location outcome",
            select="type",
            number="duration",
            dateTime="dueDate completedAt",
            boolean="isCompleted",
            lookup="contact company deal",
        ),
    ),
}
LINKS = {"primaryContact": "contact", "primaryCompany": "company", "relatedTo": "deal"}
_LOOKUP, _TIME = re.compile(r".*LookupCustomField\d+"), re.compile(r"dateTimeCustomField\d+")


_PREFIXES = {prefix for module in MODULES.values() for prefix in module.prefixes}


def bare(name):
    """Return a field's name without its module.

    Examples
    --------
    >>> bare("deal.owner.name"), bare("owner.name")
    ('owner.name', 'owner.name')
    """
    first, dot, rest = str(name).partition(".")
    return rest if dot and first in _PREFIXES else str(name)


@functools.cache
def is_relation(module, name):
    """Say whether a field of a module is a relation to another record."""
    return module.fields.get(name) == "lookup" or bool(_LOOKUP.fullmatch(name))


@functools.cache
def is_time(module, name):
    """Say whether a field of a module is a date with a time."""
    return module.fields.get(name) == "dateTime" or bool(_TIME.fullmatch(name))


def seconds(text):
    """Return the Unix seconds of an ISO date with a time.

    Examples
    --------
    >>> seconds("1970-01-01T00:01:00Z")
    60
    """
    return int(dt.datetime.fromisoformat(text).timestamp())


def load_real_deals(path, count=None):
    """Load the 8,800 real opportunities, which lie outside the repository, in the truth's own form.

    Parameters
    ----------
    path
        Of deals.json: dates in ISO, values as text, tags as text.
    count
        How many of them, from the oldest id; all where it is None.

    Returns
    -------
    list of dict
    """
    found = []
    for row in json.loads(Path(path).read_text(encoding="utf-8"))[:count]:
        record = {name: value or None for name, value in row.items()}
        for name in ("createdAt", "lastModifiedAt", "closedDate"):
            record[name] = record[name] and seconds(record[name])
        value = row["dealValue"]
        record["dealValue"] = None if value is None else int(value)
        record["tags"] = (row["tags"] or "").split(",") if row["tags"] else []
        found.append(record)
    return found


OWNERS = [
    {"id": number, "name": name, "email": f"{name.split()[0].lower()}@example.com"}
    for number, name in enumerate(("Ada Berg", "Ben Cole", "Chloé Duval", "Dev Rao"), 1)
]
_STAGES = (("New", "Open"), ("Offer", "Open"), ("Won", "Won"), ("Lost", "Lost"))
_START = seconds("2023-01-02T03:04:05Z")


def made(module, count, *, seed=0):
    """Make records of a module.

    Ids leave gaps, one in ten shares its createdAt with the one before, and every field that the facts
    name is filled in some records and empty in others.

    Parameters
    ----------
    module
        deals, contacts, companies or activities.
    count
        How many.
    seed
        What makes them repeatable.

    Returns
    -------
    list of dict
    """
    rng = random.Random(f"made {module} {seed}")
    number, created, found = 100, _START, []
    for _ in range(count):
        number += rng.choice((1, 1, 1, 2, 7))
        created += 0 if rng.random() < 0.1 else rng.randint(1, 90_000)
        modified = created + rng.choice((0, rng.randint(1, 5_000_000)))
        record = {
            "id": number,
            "createdAt": created,
            "lastModifiedAt": modified,
            "lastCommunicationAt": rng.choice((None, modified)),
            "description": rng.choice((None, "Met at the fair;\n“very keen”")),
            "tags": rng.sample(["hot", "fair 2023", "Zürich"], rng.randint(0, 3)),
            "owner": rng.choice([None, *OWNERS]),
            "createdBy": rng.choice(OWNERS),
        }
        found.append(record | _MAKERS[module](rng, number, created))
    return found


def _link(rng, number, **more):
    return {"id": number % 50 + 1, **more} if rng.random() < 0.7 else None


def _deal(rng, number, created):
    stage, status = rng.choice(_STAGES)
    return {
        "title": f"Deal {number}",
        "dealValue": rng.choice((None, 0, rng.randint(1, 90_000), rng.randint(1, 9_000_000) / 100)),
        "currency": rng.choice(("EUR", "USD")),
        "status": status,
        "stage": stage,
        "pipeline": rng.choice(("Sales", "Sales", "Renewals")),
        "priority": rng.choice((None, "High", "Low")),
        "source": rng.choice((None, "Web", "Fair")),
        "winProbability": rng.choice((None, 0, 50, 100)),
        "lostReason": "Price" if status == "Lost" else None,
        "estimatedCloseDate": rng.choice((None, f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}")),
        "closedDate": None if status == "Open" else created + rng.randint(1, 9_000_000),
        "primaryContact": _link(rng, number, name="Max Muster", email="max@example.com", phone="+41 1"),
        "primaryCompany": _link(rng, number, name="Muster & Söhne"),
        "textCustomField1": rng.choice((None, "north", "south")),
        "companySingleLookupCustomField2": _link(rng, number, name="Reseller"),
    }


def _contact(rng, number, _created):
    return {
        "name": f"Max Muster {number}",
        "firstName": "Max",
        "lastName": f"Muster {number}",
        "email": rng.choice((None, f"max{number}@example.com")),
        "phone": rng.choice((None, "+41 44 000 00 00")),
        "mobile": None,
        "openDealCount": rng.randint(0, 3),
        "wonDealCount": rng.randint(0, 3),
        "emailOptOut": rng.random() < 0.2,
        "company": _link(rng, number, name="Muster & Söhne"),
    }


def _company(rng, number, _created):
    return {
        "name": f"Muster {number} AG",
        "website": rng.choice((None, f"https://muster{number}.example.com")),
        "phone": None,
        "annualRevenue": rng.choice((None, rng.randint(1, 10**9))),
        "numberOfEmployees": rng.choice((None, rng.randint(1, 900))),
        "openDealCount": rng.randint(0, 3),
        "totalAmountOfWonDeal": rng.choice((None, rng.randint(0, 10**6))),
    }


def _activity(rng, number, created):
    done = rng.random() < 0.5
    linked = rng.random() < 0.3  # most have none: section 3
    return {
        "title": f"Activity {number}",
        "type": rng.choice(("Call", "Meeting", "Task")),
        "dueDate": created + rng.randint(0, 900_000),
        "duration": rng.choice((None, 15, 60)),
        "isCompleted": done,
        "completedAt": created + 900_000 if done else None,
        "contact": _link(rng, number, name="Max Muster") if linked else None,
        "company": _link(rng, number, name="Muster & Söhne") if linked else None,
        "deal": _link(rng, number, name="Deal 7") if linked else None,
    }


_MAKERS = {"deals": _deal, "contacts": _contact, "companies": _company, "activities": _activity}
