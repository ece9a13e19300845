"""Made-up companies, contacts and activities of given deals, with the ids that the deals refer to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import timestamps
from salesmate_nb.sandbox._fake_data.values import email_of, number_of, phone_of, set_field
from salesmate_nb.sandbox.records import MISSING, Record, getter
from salesmate_nb.sandbox.timestamps import DAY, MINUTE

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
_OUTCOMES = ("Answered", "Answered", "Not answered", "Moved")
_STATUSES = ("Open", "Won", "Lost")
_FIRST_ACTIVITY_ID = 20_001
_MAX_PLANNING = 60 * DAY  # from the last change of a deal to its open activities


def companies(deals: Iterable[Record], *, seed: int, zone: ZoneInfo) -> list[Record]:
    """Return a company for each one that deals refer to, by id."""
    return [
        _company(company_id, own, Random(f"{seed} company {company_id}"), zone)  # noqa: S311 - no secrets
        for company_id, own in sorted(_deals_of(deals, "primaryCompany").items())
    ]


def contacts(deals: Iterable[Record], *, seed: int, zone: ZoneInfo) -> list[Record]:
    """Return a contact for each one that deals refer to, by id."""
    return [
        _contact(contact_id, own, Random(f"{seed} contact {contact_id}"), zone)  # noqa: S311 - no secrets
        for contact_id, own in sorted(_deals_of(deals, "primaryContact").items())
    ]


def activities(deals: Iterable[Record], *, seed: int, zone: ZoneInfo) -> list[Record]:
    """Return the open and closed activities that each deal counts, and one of each contact, by id."""
    deals = list(deals)
    records = [record for deal in deals for record in _deal_activities(deal, seed, zone)]
    records += [
        _contact_activity(contact_id, own[0], seed, zone)
        for contact_id, own in sorted(_deals_of(deals, "primaryContact").items())
    ]
    for activity_id, record in enumerate(records, _FIRST_ACTIVITY_ID):
        record["id"] = activity_id
    return records


MAKERS: Mapping[str, Callable[..., list[Record]]] = {
    "company": companies,
    "contact": contacts,
    "activity": activities,
}
"""The functions that make the records of each resource from the deals."""

COUNTS = {
    "company": (
        *(f"{status.lower()}DealCount" for status in _STATUSES),
        *(f"totalAmountOf{status}Deal" for status in _STATUSES),
    ),
    "contact": ("openDealCount", "wonDealCount"),
}
"""The fields of each resource that count its deals, or add up their values."""

LATEST = {"company": ("lastCommunicationAt",), "contact": ("lastCommunicationAt", "lastCommunicationMode")}
"""The fields of each resource that are those of one of its deals."""


def with_measured_links(activity: Record) -> Record:
    """Return an activity whose links are named as they were measured: contact, company and deal.

    Examples
    --------
    >>> with_measured_links({"id": 1, "relatedToModule": "Deal", "relatedToId": 7, "primaryContact": {}})
    {'id': 1, 'contact': {}, 'company': {}, 'deal': {'id': 7}}
    """
    names = ("primaryContact", "primaryCompany", "relatedTo", "relatedToId", "relatedToModule")
    renamed = {key: value for key, value in activity.items() if key not in names}
    renamed |= {"contact": activity.get("primaryContact", {}), "company": activity.get("primaryCompany", {})}
    is_of_deal = activity.get("relatedToModule") == "Deal"
    deal = activity.get("relatedTo") or {"id": activity.get("relatedToId")}
    return renamed | {"deal": deal if is_of_deal else {}}


def _company(company_id: int, deals: list[Record], random: Random, zone: ZoneInfo) -> Record:
    deal = deals[0]
    name = str(getter("primaryCompany.name")(deal) or f"Company {company_id}")
    city, state, country, code = random.choice(_PLACES)
    record = _common_fields(company_id, deal, random, zone) | {
        "name": name,
        "billingCity": city,
        "billingState": state,
        "billingCountry": country,
        "billingZipCode": code,
    }
    company_type = "Customer" if deal.get("status") == "Won" else "Prospect"
    set_field(record, "type", company_type, random, missing=0.1)
    host = email_of("www", name.split(maxsplit=1)[0]).replace("@", ".") if name.split() else ""
    set_field(record, "website", f"https://{host}/", random, missing=0.2)
    set_field(record, "phone", phone_of(company_id), random, missing=0.2)
    employees = int(5 * 10 ** (random.random() * 3))
    set_field(record, "intCustomField1", employees, random, missing=0.15)
    set_field(record, "numberOfEmployees", employees, random, missing=0.3)
    set_field(record, "annualRevenue", employees * random.randrange(60, 200) * 1000, random, missing=0.4)
    _set_from_deals(record, deals, _STATUSES)
    for status in _STATUSES:
        values = (number_of(deal.get("dealValue")) for deal in deals if deal.get("status") == status)
        record[f"totalAmountOf{status}Deal"] = round(sum(values), 2)
    return record


def _contact(contact_id: int, deals: list[Record], random: Random, zone: ZoneInfo) -> Record:
    deal = deals[0]
    parts = {part: getter(f"primaryContact.{part}")(deal) for part in ("name", "email", "phone", "mobile")}
    name = str(parts["name"] or f"Contact {contact_id}")
    first, _, last = name.partition(" ")
    record = _common_fields(contact_id, deal, random, zone) | {
        "name": name,
        "firstName": first,
        "lastName": last,
    }
    for part in ("email", "phone", "mobile"):
        set_field(record, part, parts[part], random, missing=0.0 if parts[part] else 1.0)
    set_field(record, "company", _relation(deal, "primaryCompany"), random, missing=0.05)
    set_field(record, "designation", random.choice(_DESIGNATIONS), random, missing=0.3)
    set_field(record, "type", "Customer" if deal.get("status") == "Won" else "Lead", random, missing=0.1)
    record["checkboxCustomField1"] = random.random() < 0.4  # noqa: PLR2004 - a share
    latest = _set_from_deals(record, deals, ("Open", "Won"))
    record["lastCommunicationMode"] = latest.get("lastCommunicationMode")
    return record


def _set_from_deals(record: Record, deals: list[Record], statuses: Iterable[str]) -> Record:
    """Set how many deals of each status a contact or company has, and when somebody last communicated.

    Returns
    -------
    dict
        The deal of the last communication.
    """
    for status in statuses:
        count = sum(deal.get("status") == status for deal in deals)
        record[f"{status.lower()}DealCount"] = count
    latest = max(deals, key=lambda deal: str(deal.get("lastCommunicationAt") or ""))
    record["lastCommunicationAt"] = latest.get("lastCommunicationAt")
    return latest


def _deal_activities(deal: Record, seed: int, zone: ZoneInfo) -> list[Record]:
    random = Random(f"{seed} activities {deal.get('id')}")  # noqa: S311 - no secrets
    start, end = _timestamp(deal, "createdAt", zone), _timestamp(deal, "lastModifiedAt", zone)
    records = []
    for is_completed, key in ((True, "closedActivities"), (False, "openActivities")):
        for _ in range(_whole_number(deal.get(key)) or 0):
            due = int(random.uniform(start, max(start, end)))
            if not is_completed:
                due = max(start, end) + int(random.random() * _MAX_PLANNING)
            records.append(_activity(deal, due, start, random, is_completed=is_completed))
    return records


def _contact_activity(contact_id: int, deal: Record, seed: int, zone: ZoneInfo) -> Record:
    random = Random(f"{seed} activity of contact {contact_id}")  # noqa: S311 - no secrets
    start = _timestamp(deal, "createdAt", zone)
    record = _activity(deal, start, start, random, is_completed=True)
    record.pop("relatedToId", None)
    relation = {"id": contact_id, "title": getter("primaryContact.name")(deal)}
    return record | {"title": "Welcome", "relatedToModule": "Contact", "relatedTo": relation}


def _activity(deal: Record, due: int, start: int, random: Random, *, is_completed: bool) -> Record:
    activity_type = random.choice((*_TYPES, "Meeting", "Meeting") if deal.get("status") == "Won" else _TYPES)
    minutes = random.choice(_MINUTES[activity_type])
    created = max(start, due - int(random.random() * 10 * DAY))
    record: Record = {
        "id": 0,
        "title": f"{activity_type}: {deal.get('title') or 'deal'}",
        "type": activity_type,
        "isCompleted": int(is_completed),
        "dueDate": timestamps.format_iso(due),
        "duration": minutes,
        "relatedToModule": "Deal",
        "primaryContact": _relation(deal, "primaryContact"),
        "primaryCompany": _relation(deal, "primaryCompany"),
        "owner": _relation(deal, "owner"),
        "createdAt": timestamps.format_iso(created),
        "lastModifiedAt": timestamps.format_iso(due if is_completed else created),
    }
    if random.random() < 0.2:  # noqa: PLR2004 - a share has a bare id, as other connectors have seen
        record["relatedToId"] = getter("id")(deal)
    else:
        record["relatedTo"] = {"id": getter("id")(deal), "title": deal.get("title")}
    if is_completed:
        record["completedAt"] = timestamps.format_iso(due)
    set_field(record, "endDate", timestamps.format_iso(due + minutes * MINUTE), random, missing=0.1)
    set_field(record, "outcome", random.choice(_OUTCOMES), random, missing=0.3 if is_completed else 1.0)
    return record


def _common_fields(record_id: int, deal: Record, random: Random, zone: ZoneInfo) -> Record:
    """Return the fields that contacts and companies share; they are created before their first deal."""
    created = _timestamp(deal, "createdAt", zone) - int(random.random() * 30 * DAY)
    modified = max(created, _timestamp(deal, "lastModifiedAt", zone))
    return {
        "id": record_id,
        "owner": _relation(deal, "owner"),
        "createdAt": timestamps.format_iso(created),
        "lastModifiedAt": timestamps.format_iso(modified),
    }


def _deals_of(deals: Iterable[Record], relation: str) -> dict[int, list[Record]]:
    """Return the deals that refer to each record of a relation, by the record's id."""
    get_id = getter(f"{relation}.id")
    found: dict[int, list[Record]] = {}
    for deal in deals:
        record_id = _whole_number(get_id(deal))
        if record_id is not None:
            found.setdefault(record_id, []).append(deal)
    return found


def _relation(deal: Record, relation: str) -> dict[str, Any]:
    parts = {part: getter(f"{relation}.{part}")(deal) for part in ("id", "name")}
    return {} if parts["id"] in MISSING else parts


def _timestamp(deal: Record, key: str, zone: ZoneInfo) -> int:
    return timestamps.parse(getter(key)(deal), zone) or 0


def _whole_number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
