"""Made-up deals that look like a sales team's."""

from __future__ import annotations

import datetime as dt
import math
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import timestamps
from salesmate_nb.sandbox._fake_data import vocabulary
from salesmate_nb.sandbox._fake_data.process import chances, season
from salesmate_nb.sandbox._fake_data.process.course import Course, Courses
from salesmate_nb.sandbox._fake_data.values import email_of, phone_of, set_field
from salesmate_nb.sandbox.records import Record
from salesmate_nb.sandbox.timestamps import DAY, MINUTE

END = 1_782_842_400_000
"""2026-06-30T18:00:00Z, a Tuesday, in milliseconds; fixed, so that a seed makes the same deals any day."""

SPAN = 730
"""Days before `END` in which deals are created."""

FIRST_DAY, LAST_DAY = END // DAY - SPAN, END // DAY
"""The days in which deals are created, in days since 1970."""

_FIRST_ID = 1001
_IMPORTED = 0.04  # share of deals imported from one file, which have one creation time
_RENEWALS = 0.3  # share of deals
_LARGE = 0.012  # share of new business
_LEFT = END - 67 * DAY  # when a colleague left, on a Friday; nobody took over the open deals
_QUIET = 8  # days since the last change of an open deal, on average


INACTIVE = {user_id for user_id, _, is_active in vocabulary.OWNERS if not is_active}
"""The ids of colleagues who left."""


def make_deals(count: int, *, seed: int, zone: ZoneInfo) -> list[Record]:
    """Return the deals of a made-up sales team, as they stand on 2026-06-30.

    Parameters
    ----------
    count : int
        Number of deals.
    seed : int
        The same seed makes the same deals.
    zone : zoneinfo.ZoneInfo
        The time zone of the few timestamps that are written without one, and of dates without a time.

    Notes
    -----
    Deals are created within two years. Seven in ten are new business, which stays longest in the stage
    Proposal. The others are renewals, which close around their date. Few deals come in summer and in
    December, and many end in the last two weeks of a quarter. The first quarter of 2026 is the best one, the
    second is weak. Priya Raman wins most and Owen Gallagher least, who also postpones slowly. Referrals are
    won most often, cold calls least. Karim Benali left on 2026-04-24, and nobody took over his deals. One
    deal in a hundred is very large. Some values are missing or odd, as in real accounts.

    For ``count=500, seed=0``:

    ============ ==== ======= === ==== ======== ============== ================
    pipeline     open slipped won lost win rate days until won days open so far
    ============ ==== ======= === ==== ======== ============== ================
    New business   32       7  94  230     0.29            106               41
    Renewals       21       1 101   22     0.82             90               54
    ============ ==== ======= === ==== ======== ============== ================

    Slipped deals are open past their close date. Days are medians.

    ======= === ==== ========
    quarter won lost win rate
    ======= === ==== ========
    2024-Q3   1   14     0.07
    2024-Q4  13   22     0.37
    2025-Q1  32   34     0.48
    2025-Q2  34   37     0.48
    2025-Q3  27   34     0.44
    2025-Q4  25   33     0.43
    2026-Q1  46   25     0.65
    2026-Q2  17   53     0.24
    ======= === ==== ========

    Examples
    --------
    >>> deals = make_deals(500, seed=0, zone=ZoneInfo("UTC"))
    >>> deals[0]["id"], deals == make_deals(500, seed=0, zone=ZoneInfo("UTC"))
    (1001, True)
    """
    return DealMaker(seed, zone, count=count).deals()


class DealMaker:
    """Makes up the deals of two years; the order of the random draws decides what a seed makes.

    Parameters
    ----------
    seed : int
        The same seed makes the same deals.
    zone : zoneinfo.ZoneInfo
        The time zone of the account.
    count : int
        Number of deals.
    """

    def __init__(self, seed: int, zone: ZoneInfo, *, count: int) -> None:
        self._random = Random(f"{seed} {vocabulary.ACCOUNT}")  # noqa: S311 - no secrets
        self._zone = zone
        self._count = count
        self._owners = [
            {"id": user_id, "name": name, "email": email_of(name, "sandbox")}
            for user_id, name, _ in vocabulary.OWNERS
        ]
        self._there = [owner for owner in self._owners if owner["id"] not in INACTIVE]
        self._courses = Courses(self._random, FIRST_DAY, LAST_DAY + SPAN)
        companies = max(12, count // 6)
        self._companies = [self._company(number) for number in range(companies)]
        self._contacts = [self._contact(number) for number in range(companies * 2)]

    def deals(self) -> list[Record]:
        """Return the deals by id, which is their order of creation."""
        days = season.selling_days(FIRST_DAY, LAST_DAY)
        created_times = sorted(days.at(self._random.random() * days.total) for _ in range(self._count))
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
        if owner["id"] in INACTIVE and created > _LEFT:
            owner = self._pick(self._there)
        number = int(random.random() ** 1.7 * len(self._companies))  # some buy often
        company = self._companies[number]
        contact = self._contacts[number * 2 + self._chance(0.3)]
        is_renewal = self._chance(_RENEWALS)
        created_at = timestamps.format_iso(created)
        is_large = not is_renewal and self._chance(_LARGE)
        record: Record = {
            "id": deal_id,
            "title": self._pick(vocabulary.RENEWAL_TITLES if is_renewal else vocabulary.TITLES).format(
                company=company["name"],
                product=vocabulary.LARGEST_PRODUCT if is_large else self._pick(vocabulary.PRODUCTS),
                year=created_at[:4],
            ),
            "pipeline": "Renewals" if is_renewal else "New business",
            "createdAt": created_at,
            "createdBy": self._user(),
        }
        self._set(record, "owner", owner, missing=0.02)
        self._set(record, "primaryCompany", company, missing=0.08)
        self._set(record, "primaryContact", contact, missing=0.06)
        self._set(record, "source", self._pick(vocabulary.SOURCES), missing=0.1)
        self._set_progress(record, created, now)
        self._set_value(record, is_large=is_large)
        self._set_details(record, created)
        self._set_custom_fields(record, is_renewal=is_renewal)
        return record

    def _set_progress(self, record: Record, created: int, now: int) -> None:
        """Set status and stage, and the timestamps that follow from them."""
        random = self._random
        until = min(now, _LEFT) if chances.owner_of(record) in INACTIVE else now
        course = self._courses.of(record, created, until)
        modified = self._modified_at(course, now)
        stage, percent = vocabulary.PIPELINES[record["pipeline"]][course.place]
        is_won, is_lost, is_open = (course.status == status for status in ("Won", "Lost", "Open"))
        record["status"] = course.status
        record["stage"] = stage
        if is_open:
            self._set(record, "winProbability", self._number(percent), missing=0.05)
            record["rottenDate"] = timestamps.format_iso(modified + vocabulary.ROTTEN_AFTER * DAY)
        else:
            record["winProbability"] = 100 if is_won else 0
        record["lastModifiedAt"] = timestamps.format_iso(modified)
        record["lastModifiedBy"] = record["createdBy"] if self._chance(0.7) else self._user()
        closed = None if is_open else self._timestamp(course.worked_until)
        self._set(record, "closedDate", closed, missing=1.0 if is_open else 0.0)
        planned = self._midnight(course.estimate)
        self._set(record, "estimatedCloseDate", self._timestamp(planned), missing=0.1)
        reason = self._pick(vocabulary.LOST_REASONS) if is_lost else None
        self._set(record, "lostReason", reason, missing=0.1 if is_lost else 1.0)
        live = self._live_at(course.worked_until) if is_won else None
        self._set(record, "dateTimeCustomField1", live, missing=0.3 if is_won else 1.0)
        touched = modified - int(min(random.expovariate(1 / _QUIET) * DAY, modified - created))
        self._set(record, "lastActivityAt", self._timestamp(touched), missing=0.15)
        self._set(record, "lastCommunicationAt", timestamps.format_iso(touched), missing=0.4)
        self._set(record, "lastCommunicationMode", self._pick(vocabulary.COMMUNICATION_MODES), missing=0.4)

    def _live_at(self, closed: int) -> str:
        """Return when the customer of a won deal goes live."""
        return self._timestamp(closed + int(self._random.uniform(5, 90)) * DAY)

    def _modified_at(self, course: Course, now: int) -> int:
        """Return when a deal was changed last: after it was closed, or some days ago."""
        if course.status != "Open":
            return min(course.worked_until + int(self._random.random() ** 2 * 20 * DAY), now)
        quiet = int(self._random.expovariate(1 / _QUIET) * DAY)
        return max(course.entered, course.worked_until - quiet)

    def _set_value(self, record: Record, *, is_large: bool) -> None:
        draw, currency = self._random.random(), "GBP"
        for code, (share, _) in vocabulary.CURRENCIES.items():
            draw -= share
            if draw < 0:
                currency = code
                break
        amount = self._amount(currency)
        if is_large:
            amount = round(self._random.uniform(60, 150)) * 1000
        is_vague = record["status"] == "Open" and record["stage"] in {"Qualified", "Upcoming"}
        record["currency"] = currency
        self._set(record, "dealValue", self._number(amount), missing=0.25 if is_vague else 0.03)

    def _amount(self, currency: str) -> float:
        value = math.exp(self._random.gauss(vocabulary.CURRENCIES[currency][1], 0.75))
        return round(value, 2) if self._chance(0.15) else round(value / 50) * 50

    def _set_details(self, record: Record, created: int) -> None:
        random = self._random
        tags = random.sample(vocabulary.TAGS, 1 + self._chance(0.4))
        self._set(record, "tags", tags if self._chance(0.05) else ",".join(tags), missing=0.35)
        self._set(record, "priority", self._pick(vocabulary.PRIORITIES), missing=0.15)
        self._set(record, "description", self._pick(vocabulary.DESCRIPTIONS), missing=0.65)
        record["openActivities"] = 0 if record["status"] != "Open" else int(random.random() * 4)
        record["closedActivities"] = int(random.random() * min(15, 1 + (END - created) / DAY / 4))

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
