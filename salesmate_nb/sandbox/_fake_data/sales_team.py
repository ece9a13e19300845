"""The work of a sales team after the made-up past: what it does to the deals, one day at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import timestamps
from salesmate_nb.sandbox._fake_data import vocabulary
from salesmate_nb.sandbox._fake_data.deals import FORGOTTEN, SPAN, DealMaker
from salesmate_nb.sandbox._fake_data.values import number_of
from salesmate_nb.sandbox.records import MISSING, Record, getter
from salesmate_nb.sandbox.timestamps import DAY, MINUTE

_WORKDAY = 600 * MINUTE  # before 18:00 UTC
_WEEKDAYS = 5
_LONGEST_ESTIMATE = 1.2  # an a close date is estimated at 0.7 to 1.2 times the days that the deal takes
_SHORTEST_ESTIMATE = 0.7
_FOLLOW_UP = 20  # days after it was closed in which a deal is edited
_REGRET = 60  # days after it was closed in which a deal is reopened
_BIN = 30  # days for which a deleted deal can be restored (Salesmate's help pages)

# The chances of what happens to a deal on a weekday.
_MOVE_ON = 0.3  # if its stage is behind its plan
_MOVE_BACK = 0.002
_POSTPONE = 0.25  # if its close date is past
_REPLAN = 0.015
_REPRICE = 0.025
_TALK = 0.04
_HAND_OVER = 0.003
_REPLACE_OWNER = 0.06  # who left the company
_REOPEN = {"Lost": 0.0025, "Won": 0.0004}
_DELETE = {"Open": 0.0025, "Won": 0.00005, "Lost": 0.0001}
_RESTORE = 0.03

_get_id, _get_owner = getter("id"), getter("owner.id")
_STAGES = {pipeline: [stage for stage, _ in stages] for pipeline, stages in vocabulary.PIPELINES.items()}
_INACTIVE = {user_id for user_id, _, is_active in vocabulary.OWNERS if not is_active}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one person did to a deal.

    Parameters
    ----------
    time : int
        When, in milliseconds since 1970.
    deal_id : int, optional
        The deal; None for a new one.
    record : dict, optional
        The deal afterwards; None if it was deleted.
    """

    time: int
    deal_id: int | None
    record: Record | None


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """How an open deal goes on: when it ends, in milliseconds since 1970, and how fast its stages pass."""

    start: int
    end: int
    pace: float
    is_forgotten: bool


class SalesTeam(DealMaker):
    """A sales team that works on deals on weekdays, from 8:00 to 18:00 UTC.

    New deals come as often as in the made-up past, and their companies and contacts are the same. A deal
    passes through the stages of its pipeline within the time that made-up deals take, is then won or lost at
    their rates, or forgotten, and stays as it is. Deals of other pipelines stay as they are.

    Parameters
    ----------
    count : int
        The number of deals in the made-up past.
    seed : int
        Their seed; the same one makes the same changes of the same deals.
    zone : zoneinfo.ZoneInfo
        The time zone of the account.

    Examples
    --------
    >>> zone = ZoneInfo("UTC")
    >>> past = DealMaker(Random(0), zone, count=500).deals()
    >>> changes = SalesTeam(500, seed=0, zone=zone).work(past, 1_782_842_400_000 + DAY)
    >>> len(changes) > 3, timestamps.format_iso(changes[0].time)[:10]
    (True, '2026-07-01')
    """

    def __init__(self, count: int, *, seed: int, zone: ZoneInfo) -> None:
        super().__init__(Random(seed), zone, count=count)  # noqa: S311 - no secrets
        self._seed = seed
        self._owners = [owner for owner in self._owners if owner["id"] not in _INACTIVE]
        self._plans: dict[int, _Plan] = {}
        self._deleted: dict[int, tuple[int, Record]] = {}
        self._now = 0

    def work(self, deals: Iterable[Record], end: int) -> list[Change]:
        """Return what the team does to all deals on one day, in the order of time.

        Parameters
        ----------
        deals : iterable of dict
            All deals, as the day before left them. They are not modified.
        end : int
            When the day ends, in milliseconds since 1970: 18:00 UTC.
        """
        if (end // DAY + 3) % 7 >= _WEEKDAYS:  # 1970 began on a Thursday
            return []
        self._random = Random(f"{self._seed} {end}")  # noqa: S311 - no secrets
        changes = self._new_deals(end)
        for deal in deals:
            deal_id = int(_get_id(deal))
            self._deleted.pop(deal_id, None)  # somebody else restored it
            self._now = end - int(self._random.random() * _WORKDAY)
            record = self._after(deal_id, deal)
            if record is not deal:
                changes.append(Change(time=self._now, deal_id=deal_id, record=record))
        return sorted([*changes, *self._restored(end)], key=lambda change: change.time)

    def _new_deals(self, end: int) -> list[Change]:
        deals_per_weekday = self._count / SPAN * 7 / _WEEKDAYS
        made, time = [], end - _WORKDAY
        while deals_per_weekday:
            time += int(self._random.expovariate(deals_per_weekday) * _WORKDAY) + 1
            if time > end:
                break
            record = self._deal(0, time, time)
            untouched = dict.fromkeys(("lastActivityAt", "lastCommunicationAt", "lastCommunicationMode"))
            record |= {"lastModifiedBy": record["createdBy"], "openActivities": 0, "closedActivities": 0}
            made.append(Change(time=time, deal_id=None, record=record | untouched))
        return made

    def _restored(self, end: int) -> list[Change]:
        restored = []
        for deal_id, (deleted_at, record) in [*self._deleted.items()]:
            if end - deleted_at > _BIN * DAY:
                del self._deleted[deal_id]
            elif deleted_at < end - DAY and self._chance(_RESTORE):
                del self._deleted[deal_id]
                time = end - int(self._random.random() * _WORKDAY)
                restored.append(Change(time=time, deal_id=deal_id, record=record))
        return restored

    def _after(self, deal_id: int, deal: Record) -> Record | None:
        """Return the deal itself if nobody touches it, None if it is deleted, or what it is afterwards."""
        status = deal.get("status")
        if status not in _DELETE or deal.get("stage") not in _STAGES.get(str(deal.get("pipeline")), ()):
            return deal
        if status == "Open":
            plan = self._plan(deal_id, deal)
            if plan.is_forgotten and plan.end <= self._now:
                return deal
            changed = self._progress(deal, plan)
        else:
            self._plans.pop(deal_id, None)
            changed = self._afterthought(deal_id, deal)
        if self._chance(_DELETE[status]):
            self._deleted[deal_id] = self._now, deal
            return None
        return self._edited(deal, changed) if changed else deal

    def _plan(self, deal_id: int, deal: Record) -> _Plan:
        """Return the plan of an open deal; one that is new to the team gets a plan that fits what it shows.

        Whoever made its estimate was right by 0.7 to 1.2. If it is later than even that, it was forgotten.
        """
        if deal_id in self._plans:
            return self._plans[deal_id]
        created = self._time(deal, "createdAt") or self._now
        age = max(self._now - created, DAY)
        estimate = self._time(deal, "estimatedCloseDate")
        is_forgotten = self._chance(FORGOTTEN)
        if estimate is None:
            cycle = age + int(self._random.expovariate(1 / 30) * DAY)
        else:
            planned = max(estimate + DAY - created, DAY)
            low, high = _SHORTEST_ESTIMATE, min(_LONGEST_ESTIMATE, planned / age)
            is_forgotten = is_forgotten or high < low
            cycle = int(planned / self._random.uniform(low, max(low, high)))
        pace = self._random.uniform(0.6, 1.0)
        plan = _Plan(start=created, end=created + cycle, pace=pace, is_forgotten=is_forgotten)
        self._plans[deal_id] = plan
        return plan

    def _progress(self, deal: Record, plan: _Plan) -> Record:
        """Return the fields of an open deal that change."""
        if plan.end <= self._now:
            return self._closed(deal)
        stages = _STAGES[deal["pipeline"]]
        place = stages.index(deal["stage"])
        reached = (self._now - plan.start) / (plan.end - plan.start) * plan.pace
        changed: Record = {}
        if int(reached * (len(stages) - 1)) > place and self._chance(_MOVE_ON):
            changed |= self._at_stage(deal, place + 1)
        elif place and self._chance(_MOVE_BACK):
            changed |= self._at_stage(deal, place - 1)
        estimate = self._time(deal, "estimatedCloseDate") or self._now
        if self._chance(_REPLAN if estimate >= self._now else _POSTPONE):
            days = self._pick((7, 7, 14, 14, 21, 30, 45) if estimate <= self._now else (-14, -7, 7, 14, 30))
            planned = max(max(estimate, self._now) + days * DAY, self._now + 2 * DAY)
            changed["estimatedCloseDate"] = self._timestamp(self._midnight(planned))
        if self._chance(_REPRICE) or (changed.get("stage") and deal.get("dealValue") in MISSING):
            changed |= self._repriced(deal)
        owner = _get_owner(deal)
        if self._chance(_REPLACE_OWNER if owner in _INACTIVE else _HAND_OVER):
            changed["owner"] = self._pick([each for each in self._owners if each["id"] != owner])
        if self._chance(_TALK):
            changed |= self._talk()
        return changed

    def _afterthought(self, deal_id: int, deal: Record) -> Record:
        """Return the fields of a closed deal that change."""
        is_reopened, is_followed_up = self._chance(_REOPEN[deal["status"]]), self._chance(_TALK)
        days = _REGRET if is_reopened else _FOLLOW_UP if is_followed_up else 0
        if not days or (self._time(deal, "closedDate") or 0) < self._now - days * DAY:
            return {}
        return self._reopened(deal_id, deal) if is_reopened else self._talk()

    def _closed(self, deal: Record) -> Record:
        won = self._chance(vocabulary.WIN_RATES[deal["pipeline"]])
        changed = {
            "status": "Won" if won else "Lost",
            "winProbability": 100 if won else 0,
            "closedDate": self._timestamp(self._now),
        }
        if won:
            changed["stage"] = _STAGES[deal["pipeline"]][-1]
            live = self._timestamp(self._now + int(self._random.uniform(5, 90)) * DAY)
            self._set(changed, "dateTimeCustomField1", live, missing=0.3)
        else:
            self._set(changed, "lostReason", self._pick(vocabulary.LOST_REASONS), missing=0.1)
        return changed

    def _reopened(self, deal_id: int, deal: Record) -> Record:
        """Return the fields of a reopened deal, which has two months at most to be closed again."""
        stages = _STAGES[deal["pipeline"]]
        place = min(stages.index(deal["stage"]), len(stages) - 2)
        days = self._random.uniform(10, 60)
        self._plans[deal_id] = _Plan(
            start=self._now, end=self._now + int(days * DAY), pace=1.0, is_forgotten=False
        )
        planned = self._midnight(self._now + int(days * self._random.uniform(0.7, 1.2) * DAY))
        return {
            **self._at_stage(deal, place),
            "status": "Open",
            "closedDate": None,
            "lostReason": None,
            "dateTimeCustomField1": None,
            "estimatedCloseDate": self._timestamp(planned),
        }

    def _at_stage(self, deal: Record, place: int) -> Record:
        stage, percent = vocabulary.PIPELINES[deal["pipeline"]][place]
        return {"stage": stage, "winProbability": self._number(percent)}

    def _repriced(self, deal: Record) -> Record:
        value = deal.get("dealValue")
        if value in MISSING:
            currency = deal.get("currency")
            known = currency in vocabulary.CURRENCIES
            return {"dealValue": self._number(self._amount(str(currency)))} if known else {}
        changed = number_of(value) * self._pick((0.7, 0.8, 0.9, 0.9, 1.1, 1.1, 1.2, 1.3))
        return {"dealValue": self._number(max(round(changed / 50) * 50, 50))}

    def _talk(self) -> Record:
        """Return the fields that change when somebody talks to the customer."""
        return {
            "lastActivityAt": self._timestamp(self._now),
            "lastCommunicationAt": timestamps.format_iso(self._now),
            "lastCommunicationMode": self._pick(vocabulary.COMMUNICATION_MODES),
        }

    def _time(self, deal: Record, key: str) -> int | None:
        return timestamps.parse(deal.get(key), self._zone)

    def _edited(self, deal: Record, changed: Record) -> Record:
        """Return a deal with changed fields, by its owner or by somebody who is still there."""
        record = {**deal, **changed}
        owners = [each for each in self._owners if each["id"] == _get_owner(record)]
        editor: dict[str, Any] = owners[0] if owners and self._chance(0.9) else self._user()
        is_open = record["status"] == "Open"
        rotten = timestamps.format_iso(self._now + vocabulary.ROTTEN_AFTER * DAY) if is_open else None
        return record | {
            "lastModifiedAt": timestamps.format_iso(self._now),
            "lastModifiedBy": {"id": editor["id"], "name": editor["name"]},
            "rottenDate": rotten,
        }
