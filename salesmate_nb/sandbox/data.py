"""Made-up deals that look like a sales team's, the same for the same seed."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import moments, words
from salesmate_nb.sandbox.fields import Record

_DAY = 24 * 60 * moments.MINUTE
_END = (
    1_782_842_400_000  # 2026-06-30T18:00:00Z, a Tuesday: the day these deals stand still, whatever today is
)
_SPAN = 730  # days
_WEEKEND = (2, 3)  # days before a Tuesday, or a whole number of weeks more
_FIRST_ID = 1001
_IMPORTED = 0.04  # of all deals came in one file, so they share one minute
_ABSENT = object()
_NO_VALUE: tuple[Any, ...] = (None, None, None, "", _ABSENT)  # what stands where there is nothing
_NO_RELATION: tuple[Any, ...] = ({}, {}, None, "", _ABSENT)
_ASCII = str.maketrans("łŁøØ", "lLoO", "'")


def make_deals(count: int, *, seed: int, zone: ZoneInfo) -> list[Record]:
    """Return made-up deals.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        The same makes the same.
    zone : zoneinfo.ZoneInfo
        Of the few moments that are written without one.

    Examples
    --------
    >>> deals = make_deals(500, seed=0, zone=ZoneInfo("UTC"))
    >>> deals[0]["id"], deals == make_deals(500, seed=0, zone=ZoneInfo("UTC"))
    (1001, True)
    """
    return _Team(Random(seed), zone, companies=max(12, count // 6)).deals(count)  # noqa: S311 - no secrets


def choices(records: Iterable[Record]) -> dict[str, list[str]]:
    """Return the pipelines and stages that occur in records, in the order that people work through them."""
    met = [(record.get("pipeline"), record.get("stage")) for record in records]
    used = {"pipeline": {pipeline for pipeline, _ in met}, "stage": {stage for _, stage in met}}
    known = {
        "pipeline": list(words.PIPELINES),
        "stage": [stage for stages in words.PIPELINES.values() for stage, _ in stages],
    }
    return {name: [one for one in known[name] if one in used[name]] for name in known}


def put(record: Record, key: str, value: Any, random: Random, *, missing: float) -> None:
    """Set a field, or leave it out in one of the ways in which answers do.

    Parameters
    ----------
    record, key, value
        What is set, and where.
    random : random.Random
        Decides.
    missing : float
        How probable it is that there is nothing.
    """
    if random.random() >= missing:
        record[key] = value
        return
    ways = _NO_RELATION if isinstance(value, dict) else _NO_VALUE
    nothing = ways[int(random.random() * len(ways))]
    if nothing is not _ABSENT:
        record[key] = nothing


def users(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Return the users who own deals, as their endpoint answers them."""
    owners = (record.get("owner", record.get("Owner")) for record in records)
    found = {
        owner["id"]: owner for owner in owners if isinstance(owner, dict) and owner.get("id") is not None
    }
    left = {(one, name) for one, name, active in words.OWNERS if not active}
    listed = []
    for one, owner in sorted(found.items(), key=lambda item: str(item[0])):
        name = str(owner.get("name") or "")
        first, _, last = name.partition(" ")
        listed.append(
            {
                "id": one,
                "firstName": first,
                "lastName": last,
                "email": owner.get("email") or email_of(name, "sandbox"),
                "isActive": (one, name) not in left,
                "Role": {"id": 2, "name": "Sales"},
            }
        )
    return listed


class _Team:
    """A sales team's two years."""

    def __init__(self, random: Random, zone: ZoneInfo, *, companies: int) -> None:
        self._random = random
        self._draw = random.random
        self._zone = zone
        self._owners = [
            {"id": one, "name": name, "email": email_of(name, "sandbox")} for one, name, _ in words.OWNERS
        ]
        self._companies = [self._company(number) for number in range(companies)]
        self._contacts = [self._contact(number) for number in range(companies * 2)]

    def deals(self, count: int) -> list[Record]:
        days = sorted(self._day() for _ in range(count))
        imported = int(count * _IMPORTED)
        if imported:
            start = count // 3
            days[start : start + imported] = [days[start]] * imported
        deal, deals = _FIRST_ID, []
        for created in days:
            deals.append(self._deal(deal, created))
            deal += 1 if self._chance(0.85) else self._random.randrange(2, 9)
        return deals

    def _deal(self, deal: int, created: int) -> Record:
        random = self._random
        owner = self._pick(self._owners)
        number = int(random.random() ** 1.7 * len(self._companies))  # some buy often
        company = self._companies[number]
        contact = self._contacts[number * 2 + self._chance(0.3)]
        is_renewal = self._chance(0.3)
        record: Record = {
            "id": deal,
            "title": self._pick(words.TITLES).format(
                company=company["name"], product=self._pick(words.PRODUCTS), year=_year(created)
            ),
            "pipeline": "Renewals" if is_renewal else "New business",
            "createdAt": moments.iso(created),
            "createdBy": self._named_owner(),
        }
        self._set(record, "owner", owner, missing=0.02)
        self._set(record, "primaryCompany", company, missing=0.08)
        self._set(record, "primaryContact", contact, missing=0.06)
        self._progress(record, created, is_renewal=is_renewal)
        self._worth(record)
        self._remarks(record)
        self._custom(record, is_renewal=is_renewal)
        return record

    def _progress(self, record: Record, created: int, *, is_renewal: bool) -> None:
        """Set how far a deal has come, and all moments that follow from it."""
        random = self._random
        cycle = int(math.exp(random.gauss(3.8, 0.7)) * _DAY)
        closed = created + cycle
        stages = words.PIPELINES[record["pipeline"]]
        is_closed = closed < _END and not self._chance(0.06)  # a few are forgotten, and stay open
        if is_closed:
            won = self._chance(0.72 if is_renewal else 0.34)
            record["status"] = "Won" if won else "Lost"
            record["winProbability"] = 100 if won else 0
            modified = min(closed + int(random.random() ** 2 * 20 * _DAY), _END)
            stage = stages[-1] if won else self._pick(stages[:-1])
        else:
            modified = created + int(random.random() * (_END - created))
            reached = min((_END - created) / cycle, 0.99) * random.uniform(0.6, 1.0)
            stage = stages[int(reached * (len(stages) - 1))]
            record["status"] = "Open"
            self._set(record, "winProbability", self._as_sent(stage[1]), missing=0.05)
        record["stage"] = stage[0]
        record["lastModifiedAt"] = moments.iso(modified)
        record["lastModifiedBy"] = record["createdBy"] if self._chance(0.7) else self._named_owner()
        self._set(record, "closedDate", self._written(closed), missing=0.0 if is_closed else 1.0)
        planned = (created + int(cycle * random.uniform(0.7, 1.2))) // _DAY * _DAY
        self._set(record, "estimatedCloseDate", self._written(planned), missing=0.1)
        lost = record["status"] == "Lost"
        self._set(record, "lostReason", self._pick(words.LOST_REASONS), missing=0.1 if lost else 1.0)
        live = closed + int(random.uniform(5, 90)) * _DAY
        won = record["status"] == "Won"
        self._set(record, "dateTimeCustomField1", self._written(live), missing=0.3 if won else 1.0)
        touched = created + int(random.random() * (modified - created))
        self._set(record, "lastActivityAt", self._written(touched), missing=0.15)
        self._set(record, "lastCommunicationAt", moments.iso(touched), missing=0.4)
        self._set(record, "lastCommunicationMode", self._pick(words.MODES), missing=0.4)

    def _worth(self, record: Record) -> None:
        drawn, currency = self._random.random(), "GBP"
        for one, (share, _) in words.MONEY.items():
            drawn -= share
            if drawn < 0:
                currency = one
                break
        value = math.exp(self._random.gauss(words.MONEY[currency][1], 0.9))
        rounded = round(value, 2) if self._chance(0.15) else round(value / 50) * 50
        is_vague = record["status"] == "Open" and record["stage"] in {"Qualified", "Upcoming"}
        record["currency"] = currency
        self._set(record, "dealValue", self._as_sent(rounded), missing=0.25 if is_vague else 0.03)

    def _remarks(self, record: Record) -> None:
        random = self._random
        tags = random.sample(words.TAGS, 1 + self._chance(0.4))
        self._set(record, "tags", tags if self._chance(0.05) else ",".join(tags), missing=0.35)
        self._set(record, "priority", self._pick(words.PRIORITIES), missing=0.15)
        self._set(record, "source", self._pick(words.SOURCES), missing=0.1)
        self._set(record, "description", self._pick(words.DESCRIPTIONS), missing=0.65)
        record["openActivities"] = 0 if record["status"] != "Open" else int(random.random() * 4)
        record["closedActivities"] = int(random.random() * 15)

    def _custom(self, record: Record, *, is_renewal: bool) -> None:
        random = self._random
        self._set(record, "textCustomField1", self._pick(words.CONTRACTS), missing=0.3)
        self._set(record, "intCustomField1", self._as_sent(1 + int(random.random() ** 3 * 400)), missing=0.2)
        discount = f"{int(random.random() * 40) / 2:.9f}"  # as decimals come: "12.500000000"
        self._set(record, "decimalCustomField1", discount, missing=0.5)
        record["checkboxCustomField1"] = is_renewal

    def _set(self, record: Record, key: str, value: Any, *, missing: float) -> None:
        put(record, key, value, self._random, missing=missing)

    def _as_sent(self, number: float) -> float | str:
        return str(number) if self._chance(0.08) else number

    def _written(self, moment: int) -> str:
        if self._chance(0.03):
            text, minute = moments.plain(moment, self._zone), moment // moments.MINUTE * moments.MINUTE
            if moments.read_plain(text, self._zone) == minute:  # not in the hour that autumn has twice
                return text
        return moments.iso(moment)

    def _day(self) -> int:
        """Return a moment in working hours of a weekday."""
        random = self._random
        back = int(random.random() * _SPAN)
        if back % 7 in _WEEKEND:
            back += 2
        return _END - back * _DAY - int(random.random() * 10 * 60 * moments.MINUTE)

    def _named_owner(self) -> dict[str, Any]:
        one, name, _ = self._pick(words.OWNERS)
        return {"id": one, "name": name}

    def _company(self, number: int) -> dict[str, Any]:
        name = f"{self._pick(words.COMPANY_FIRST)} {self._pick(words.COMPANY_SECOND)}"
        return {"id": 301 + number, "name": name + self._pick(words.COMPANY_LAST)}

    def _contact(self, number: int) -> dict[str, Any]:
        name = f"{self._pick(words.FIRST_NAMES)} {self._pick(words.LAST_NAMES)}"
        company = self._companies[number // 2]["name"]
        phone = f"+1 555 01{number % 100:02}"  # numbers kept for fiction
        return {
            "id": 5001 + number,
            "name": name,
            "email": email_of(name, company.split()[0]),
            "phone": phone,
        }

    def _pick(self, among: Any) -> Any:
        return among[int(self._draw() * len(among))]

    def _chance(self, share: float) -> bool:
        return self._draw() < share


def email_of(name: str, company: str) -> str:
    """Return an address that nobody has (RFC 6761, section 6.5)."""
    plain = unicodedata.normalize("NFKD", f"{name}@{company}.example".translate(_ASCII)).replace(" ", ".")
    return plain.encode("ascii", "ignore").decode().lower()


def _year(moment: int) -> str:
    return moments.iso(moment)[:4]
