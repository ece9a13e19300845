"""Made-up companies, contacts and activities of given deals, so that the ids that deals carry join."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import moments
from salesmate_nb.sandbox.data import email_of, put
from salesmate_nb.sandbox.fields import MISSING, Record, getter

INDUSTRIES = ("Manufacturing", "Health", "Education", "Retail", "Logistics", "Media")
_PLACES = (
    ("Aarhus", "", "Denmark", "8000"),
    ("Bremen", "", "Germany", "28195"),
    ("Cork", "", "Ireland", "T12"),
    ("Denver", "CO", "United States", "80202"),
    ("Lyon", "", "France", "69001"),
    ("Portland", "OR", "United States", "97201"),
)
_DESIGNATIONS = ("Buyer", "CFO", "Head of IT", "Managing director", "Office manager")
_TYPES = ("Email", "Email", "Call", "Call", "Meeting", "Task")
_MINUTES = {"Email": (5,), "Call": (10, 15, 30), "Meeting": (30, 45, 60, 90), "Task": (15, 60)}
_OUTCOMES = ("Answered", "Answered", "No answer", "Moved")
_FIRST_ACTIVITY = 20_001
_DAY = 24 * 60 * moments.MINUTE
_LONGEST = 60 * _DAY  # from a deal's creation to what is planned for it, where nothing says more


def companies(deals: Iterable[Record], *, seed: int, zone: ZoneInfo) -> list[Record]:
    """Return a company for each that deals name, by id."""
    return [
        _company(number, deal, Random(f"{seed} company {number}"), zone)  # noqa: S311 - no secrets
        for number, deal in sorted(_first(deals, "primaryCompany").items())
    ]


def contacts(deals: Iterable[Record], *, seed: int, zone: ZoneInfo) -> list[Record]:
    """Return a contact for each that deals name, by id."""
    return [
        _contact(number, deal, Random(f"{seed} contact {number}"), zone)  # noqa: S311 - no secrets
        for number, deal in sorted(_first(deals, "primaryContact").items())
    ]


def activities(deals: Iterable[Record], *, seed: int, zone: ZoneInfo) -> list[Record]:
    """Return as many open and closed activities as each deal says it has, and one of each contact, by id."""
    deals = list(deals)
    made: list[Record] = []
    for deal in deals:
        random = Random(f"{seed} activities {deal.get('id')}")  # noqa: S311 - no secrets
        start, end = _moment(deal, "createdAt", zone), _moment(deal, "lastModifiedAt", zone)
        for is_completed, key in ((True, "closedActivities"), (False, "openActivities")):
            for _ in range(_whole(deal.get(key)) or 0):
                at = int(random.uniform(start, max(start, end)))
                if not is_completed:
                    at = max(start, end) + int(random.random() * _LONGEST)
                made.append(_activity(deal, at, start, random, is_completed=is_completed))
    for contact, deal in sorted(_first(deals, "primaryContact").items()):
        random = Random(f"{seed} activity of contact {contact}")  # noqa: S311 - no secrets
        start = _moment(deal, "createdAt", zone)
        record = _activity(deal, start, start, random, is_completed=True)
        relation = {"id": contact, "title": getter("primaryContact.name")(deal)}
        record.pop("relatedToId", None)
        made.append(record | {"title": "Welcome", "relatedToModule": "Contact", "relatedTo": relation})
    for number, record in enumerate(made, _FIRST_ACTIVITY):
        record["id"] = number
    return made


MAKERS: Mapping[str, Callable[..., list[Record]]] = {
    "company": companies,
    "contact": contacts,
    "activity": activities,
}
"""What makes each kind of record from the deals."""


def _company(number: int, deal: Record, random: Random, zone: ZoneInfo) -> Record:
    name = str(getter("primaryCompany.name")(deal) or f"Company {number}")
    city, state, country, code = random.choice(_PLACES)
    record = _base(number, deal, random, zone) | {
        "name": name,
        "billingCity": city,
        "billingState": state,
        "billingCountry": country,
        "billingZipCode": code,
    }
    put(record, "type", "Customer" if deal.get("status") == "Won" else "Prospect", random, missing=0.1)
    put(record, "industry", random.choice(INDUSTRIES), random, missing=0.1)
    site = email_of("www", name.split(maxsplit=1)[0]).replace("@", ".") if name.split() else ""
    put(record, "website", f"https://{site}/", random, missing=0.2)
    put(record, "phone", f"+1 555 01{number % 100:02}", random, missing=0.2)
    put(record, "intCustomField1", int(5 * 10 ** (random.random() * 3)), random, missing=0.15)
    return record


def _contact(number: int, deal: Record, random: Random, zone: ZoneInfo) -> Record:
    find = {part: getter(f"primaryContact.{part}") for part in ("name", "email", "phone", "mobile")}
    found = {part: find[part](deal) for part in find}
    name = str(found["name"] or f"Contact {number}")
    first, _, last = name.partition(" ")
    record = _base(number, deal, random, zone) | {"name": name, "firstName": first, "lastName": last}
    for part in ("email", "phone", "mobile"):
        put(record, part, found[part], random, missing=0.0 if found[part] else 1.0)
    put(record, "company", _relation(deal, "primaryCompany"), random, missing=0.05)
    put(record, "designation", random.choice(_DESIGNATIONS), random, missing=0.3)
    put(record, "type", "Customer" if deal.get("status") == "Won" else "Lead", random, missing=0.1)
    record["checkboxCustomField1"] = random.random() < 0.4  # noqa: PLR2004 - a share
    return record


def _activity(deal: Record, at: int, start: int, random: Random, *, is_completed: bool) -> Record:
    kind = random.choice((*_TYPES, "Meeting", "Meeting") if deal.get("status") == "Won" else _TYPES)
    minutes = random.choice(_MINUTES[kind])
    planned = max(start, at - int(random.random() * 10 * _DAY))
    record: Record = {
        "id": 0,
        "title": f"{kind}: {deal.get('title') or 'deal'}",
        "type": kind,
        "isCompleted": is_completed,
        "dueDate": moments.iso(at),
        "duration": minutes,
        "relatedToModule": "Deal",
        "primaryContact": _relation(deal, "primaryContact"),
        "primaryCompany": _relation(deal, "primaryCompany"),
        "owner": _relation(deal, "owner"),
        "createdAt": moments.iso(planned),
        "lastModifiedAt": moments.iso(at if is_completed else planned),
    }
    if random.random() < 0.2:  # noqa: PLR2004 - a share comes flat, as other connectors have seen it
        record["relatedToId"] = getter("id")(deal)
    else:
        record["relatedTo"] = {"id": getter("id")(deal), "title": deal.get("title")}
    put(record, "endDate", moments.iso(at + minutes * moments.MINUTE), random, missing=0.1)
    put(record, "outcome", random.choice(_OUTCOMES), random, missing=0.3 if is_completed else 1.0)
    return record


def _base(number: int, deal: Record, random: Random, zone: ZoneInfo) -> Record:
    """Return what contacts and companies have in common; they are there before their first deal."""
    created = _moment(deal, "createdAt", zone) - int(random.random() * 30 * _DAY)
    changed = max(created, _moment(deal, "lastModifiedAt", zone))
    return {
        "id": number,
        "owner": _relation(deal, "owner"),
        "createdAt": moments.iso(created),
        "lastModifiedAt": moments.iso(changed),
    }


def _first(deals: Iterable[Record], relation: str) -> dict[int, Record]:
    """Return the first deal that names each record of a relation, by its id."""
    find = getter(f"{relation}.id")
    first: dict[int, Record] = {}
    for deal in deals:
        number = _whole(find(deal))
        if number is not None:
            first.setdefault(number, deal)
    return first


def _relation(deal: Record, relation: str) -> dict[str, Any]:
    found = {part: getter(f"{relation}.{part}")(deal) for part in ("id", "name")}
    return {} if found["id"] in MISSING else found


def _moment(deal: Record, key: str, zone: ZoneInfo) -> int:
    return moments.read(getter(key)(deal), zone) or 0


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
