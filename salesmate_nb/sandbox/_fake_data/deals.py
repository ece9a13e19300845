"""Made-up deals that look like a sales team's."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import timestamps
from salesmate_nb.sandbox._fake_data import vocabulary
from salesmate_nb.sandbox._fake_data.values import email_of, phone_of, set_field
from salesmate_nb.sandbox.records import Record
from salesmate_nb.sandbox.timestamps import DAY, MINUTE

END = 1_782_842_400_000
"""2026-06-30T18:00:00Z, a Tuesday, in milliseconds; fixed, so that a seed makes the same deals any day."""

SPAN = 730
"""Days before `END` in which deals are created."""

FORGOTTEN = 0.06
"""Share of deals that are neither won nor lost, but stay open."""

_WEEKEND = (2, 3)  # days before a Tuesday, or before it by whole weeks more
_FIRST_ID = 1001
_IMPORTED = 0.04  # share of deals imported from one file, which have one creation time


def make_deals(count: int, *, seed: int, zone: ZoneInfo) -> list[Record]:
    """Return made-up deals.

    Parameters
    ----------
    count : int
        Number of deals.
    seed : int
        The same seed makes the same deals.
    zone : zoneinfo.ZoneInfo
        The time zone of the few timestamps that are written without one, and of dates without a time.

    Examples
    --------
    >>> deals = make_deals(500, seed=0, zone=ZoneInfo("UTC"))
    >>> deals[0]["id"], deals == make_deals(500, seed=0, zone=ZoneInfo("UTC"))
    (1001, True)
    """
    return DealMaker(Random(seed), zone, count=count).deals()  # noqa: S311 - no secrets


def pick_lists(deals: Iterable[Record]) -> dict[str, list[str]]:
    """Return the pipelines and stages that occur in deals, in the order of the sales process."""
    pairs = [(deal.get("pipeline"), deal.get("stage")) for deal in deals]
    used = {"pipeline": {pipeline for pipeline, _ in pairs}, "stage": {stage for _, stage in pairs}}
    known = {
        "pipeline": list(vocabulary.PIPELINES),
        "stage": [stage for stages in vocabulary.PIPELINES.values() for stage, _ in stages],
    }
    return {name: [option for option in known[name] if option in used[name]] for name in known}


def pipelines(deals: Iterable[Record]) -> list[dict[str, Any]]:
    """Return the pipelines that occur in deals, as their endpoint sends them (as connectors read it)."""
    used = {deal.get("pipeline") for deal in deals}
    return [
        {
            "pipeline": pipeline,
            "isWinProbabilityEnabledManually": False,
            "stages": [
                {"stage": stage, "winProbability": percent, "rottenPeriod": vocabulary.ROTTEN_AFTER}
                for stage, percent in stages
            ],
        }
        for pipeline, stages in vocabulary.PIPELINES.items()
        if pipeline in used
    ]


class DealMaker:
    """Makes up the deals of two years; the order of the random draws decides what a seed makes.

    Parameters
    ----------
    random : random.Random
        The source of randomness.
    zone : zoneinfo.ZoneInfo
        The time zone of the account.
    count : int
        Number of deals.
    """

    def __init__(self, random: Random, zone: ZoneInfo, *, count: int) -> None:
        self._random = random
        self._zone = zone
        self._count = count
        self._owners = [
            {"id": user_id, "name": name, "email": email_of(name, "sandbox")}
            for user_id, name, _ in vocabulary.OWNERS
        ]
        companies = max(12, count // 6)
        self._companies = [self._company(number) for number in range(companies)]
        self._contacts = [self._contact(number) for number in range(companies * 2)]

    def deals(self) -> list[Record]:
        """Return the deals by id, which is their order of creation."""
        created_times = sorted(self._created_at() for _ in range(self._count))
        imported = int(self._count * _IMPORTED)
        if imported:
            start = self._count // 3
            created_times[start : start + imported] = [created_times[start]] * imported
        deal_id, deals = _FIRST_ID, []
        for created in created_times:
            deals.append(self._deal(deal_id, created, END))
            deal_id += 1 if self._chance(0.85) else self._random.randrange(2, 9)
        return deals

    def _deal(self, deal_id: int, created: int, now: int) -> Record:
        """Return a deal as it stands now."""
        random = self._random
        owner = self._pick(self._owners)
        number = int(random.random() ** 1.7 * len(self._companies))  # some buy often
        company = self._companies[number]
        contact = self._contacts[number * 2 + self._chance(0.3)]
        is_renewal = self._chance(0.3)
        record: Record = {
            "id": deal_id,
            "title": self._pick(vocabulary.TITLES).format(
                company=company["name"],
                product=self._pick(vocabulary.PRODUCTS),
                year=timestamps.format_iso(created)[:4],
            ),
            "pipeline": "Renewals" if is_renewal else "New business",
            "createdAt": timestamps.format_iso(created),
            "createdBy": self._user(),
        }
        self._set(record, "owner", owner, missing=0.02)
        self._set(record, "primaryCompany", company, missing=0.08)
        self._set(record, "primaryContact", contact, missing=0.06)
        self._set_progress(record, created, now)
        self._set_value(record)
        self._set_details(record)
        self._set_custom_fields(record, is_renewal=is_renewal)
        return record

    def _set_progress(self, record: Record, created: int, now: int) -> None:
        """Set status and stage, and the timestamps that follow from them."""
        random = self._random
        cycle = int(math.exp(random.gauss(3.8, 0.7)) * DAY)
        closed = created + cycle
        stages = vocabulary.PIPELINES[record["pipeline"]]
        is_closed = closed < now and not self._chance(FORGOTTEN)  # a few are forgotten, and stay open
        if is_closed:
            won = self._chance(vocabulary.WIN_RATES[record["pipeline"]])
            record["status"] = "Won" if won else "Lost"
            record["winProbability"] = 100 if won else 0
            modified = min(closed + int(random.random() ** 2 * 20 * DAY), now)
            stage = stages[-1] if won else self._pick(stages[:-1])
        else:
            modified = created + int(random.random() * (now - created))
            reached = min((now - created) / cycle, 0.99) * random.uniform(0.6, 1.0)
            stage = stages[int(reached * (len(stages) - 1))]
            record["status"] = "Open"
            self._set(record, "winProbability", self._number(stage[1]), missing=0.05)
            record["rottenDate"] = timestamps.format_iso(modified + vocabulary.ROTTEN_AFTER * DAY)
        record["stage"] = stage[0]
        record["lastModifiedAt"] = timestamps.format_iso(modified)
        record["lastModifiedBy"] = record["createdBy"] if self._chance(0.7) else self._user()
        self._set(record, "closedDate", self._timestamp(closed), missing=0.0 if is_closed else 1.0)
        planned = self._midnight(created + int(cycle * random.uniform(0.7, 1.2)))
        self._set(record, "estimatedCloseDate", self._timestamp(planned), missing=0.1)
        lost = record["status"] == "Lost"
        self._set(record, "lostReason", self._pick(vocabulary.LOST_REASONS), missing=0.1 if lost else 1.0)
        live = closed + int(random.uniform(5, 90)) * DAY
        won = record["status"] == "Won"
        self._set(record, "dateTimeCustomField1", self._timestamp(live), missing=0.3 if won else 1.0)
        touched = created + int(random.random() * (modified - created))
        self._set(record, "lastActivityAt", self._timestamp(touched), missing=0.15)
        self._set(record, "lastCommunicationAt", timestamps.format_iso(touched), missing=0.4)
        self._set(record, "lastCommunicationMode", self._pick(vocabulary.COMMUNICATION_MODES), missing=0.4)

    def _set_value(self, record: Record) -> None:
        draw, currency = self._random.random(), "GBP"
        for code, (share, _) in vocabulary.CURRENCIES.items():
            draw -= share
            if draw < 0:
                currency = code
                break
        rounded = self._amount(currency)
        is_vague = record["status"] == "Open" and record["stage"] in {"Qualified", "Upcoming"}
        record["currency"] = currency
        self._set(record, "dealValue", self._number(rounded), missing=0.25 if is_vague else 0.03)

    def _amount(self, currency: str) -> float:
        value = math.exp(self._random.gauss(vocabulary.CURRENCIES[currency][1], 0.9))
        return round(value, 2) if self._chance(0.15) else round(value / 50) * 50

    def _set_details(self, record: Record) -> None:
        random = self._random
        tags = random.sample(vocabulary.TAGS, 1 + self._chance(0.4))
        self._set(record, "tags", tags if self._chance(0.05) else ",".join(tags), missing=0.35)
        self._set(record, "priority", self._pick(vocabulary.PRIORITIES), missing=0.15)
        self._set(record, "source", self._pick(vocabulary.SOURCES), missing=0.1)
        self._set(record, "description", self._pick(vocabulary.DESCRIPTIONS), missing=0.65)
        record["openActivities"] = 0 if record["status"] != "Open" else int(random.random() * 4)
        record["closedActivities"] = int(random.random() * 15)

    def _set_custom_fields(self, record: Record, *, is_renewal: bool) -> None:
        random = self._random
        self._set(record, "textCustomField1", self._pick(vocabulary.CONTRACT_LENGTHS), missing=0.3)
        self._set(record, "intCustomField1", self._number(1 + int(random.random() ** 3 * 400)), missing=0.2)
        discount = f"{int(random.random() * 40) / 2:.9f}"  # decimals come as text: "12.500000000"
        self._set(record, "decimalCustomField1", discount, missing=0.5)
        record["checkboxCustomField1"] = is_renewal

    def _set(self, record: Record, key: str, value: Any, *, missing: float) -> None:
        set_field(record, key, value, self._random, missing=missing)

    def _number(self, number: float) -> float | str:
        """Return a number, sometimes as text."""
        return str(number) if self._chance(0.08) else number

    def _timestamp(self, milliseconds: int) -> str:
        """Return a timestamp in ISO 8601, sometimes in the text format without a time zone."""
        if self._chance(0.03):
            text, minute = timestamps.format_text(milliseconds, self._zone), milliseconds // MINUTE * MINUTE
            if timestamps.parse_text(text, self._zone) == minute:  # not in the hour that repeats in autumn
                return text
        return timestamps.format_iso(milliseconds)

    def _midnight(self, milliseconds: int) -> int:
        """Return when the day of a timestamp (in UTC) begins in the account's time zone."""
        day = dt.datetime.fromtimestamp(milliseconds // 1000, dt.UTC)
        return round(dt.datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp()) * 1000

    def _created_at(self) -> int:
        """Return a time in the working hours of a weekday."""
        random = self._random
        days = int(random.random() * SPAN)
        if days % 7 in _WEEKEND:
            days += 2
        return END - days * DAY - int(random.random() * 10 * 60 * MINUTE)

    def _user(self) -> dict[str, Any]:
        user = self._pick(self._owners)
        return {"id": user["id"], "name": user["name"]}

    def _company(self, number: int) -> dict[str, Any]:
        name = f"{self._pick(vocabulary.COMPANY_FIRST)} {self._pick(vocabulary.COMPANY_SECOND)}"
        return {"id": 301 + number, "name": name + self._pick(vocabulary.COMPANY_LAST)}

    def _contact(self, number: int) -> dict[str, Any]:
        name = f"{self._pick(vocabulary.FIRST_NAMES)} {self._pick(vocabulary.LAST_NAMES)}"
        company = self._companies[number // 2]["name"]
        return {
            "id": 5001 + number,
            "name": name,
            "email": email_of(name, company.split()[0]),
            "phone": phone_of(number),
        }

    def _pick(self, options: Any) -> Any:
        return options[int(self._random.random() * len(options))]

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability
