"""The work of a sales team after the made-up past: what it does to the deals, one day at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import timestamps
from salesmate_nb.sandbox._fake_data import vocabulary
from salesmate_nb.sandbox._fake_data.deals import FIRST_DAY, INACTIVE, LAST_DAY, DealMaker
from salesmate_nb.sandbox._fake_data.process import chances, course, season
from salesmate_nb.sandbox._fake_data.process.season import WORKDAY
from salesmate_nb.sandbox._fake_data.values import number_of
from salesmate_nb.sandbox.records import MISSING, Record, getter
from salesmate_nb.sandbox.timestamps import DAY

_WEEKDAYS = 5
_FOLLOW_UP = 20  # days after it was closed in which a deal is edited
_REGRET = 60  # days after it was closed in which a deal is reopened
_BIN = 30  # days for which a deleted deal can be restored (Salesmate's help pages)

# The chances of what happens to a deal on a weekday.
_MOVE_BACK = 0.002
_REPLAN = 0.01  # while its close date is still to come
_REPRICE = 0.02
_TALK = 0.06
_HAND_OVER = 0.002
_REPLACE_OWNER = 0.06  # who left the company
_REOPEN = {"Lost": 0.0015, "Won": 0.0004}
_DELETE = {"Open": 0.002, "Won": 0.00005, "Lost": 0.0001}
_RESTORE = 0.03

_get_id = getter("id")
_STAGES = {pipeline: [stage for stage, _ in stages] for pipeline, stages in vocabulary.PIPELINES.items()}


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


class SalesTeam(DealMaker):
    """A sales team that works on deals on weekdays, from 8:00 to 18:00 UTC.

    New deals come as often as in the made-up past, in the same seasons, and their companies and contacts are
    the same. A deal passes through the stages of its pipeline and is won or lost at the rates of the past.
    Deals of other pipelines stay as they are.

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
    >>> past = DealMaker(0, zone, count=500).deals()
    >>> changes = SalesTeam(500, seed=0, zone=zone).work(past, 1_782_842_400_000 + DAY)
    >>> len(changes) > 3, timestamps.format_iso(changes[0].time)[:10]
    (True, '2026-07-01')
    """

    def __init__(self, count: int, *, seed: int, zone: ZoneInfo) -> None:
        super().__init__(seed, zone, count=count)
        self._seed = seed
        self._owners = self._there
        self._deals_per_demand = count / season.selling_days(FIRST_DAY, LAST_DAY).total
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
        self._random.seed(f"{self._seed} {end}")
        changes = self._new_deals(end)
        for deal in deals:
            deal_id = int(_get_id(deal))
            self._deleted.pop(deal_id, None)  # somebody else restored it
            self._now = end - int(self._random.random() * WORKDAY)
            record = self._after(deal_id, deal)
            if record is not deal:
                changes.append(Change(time=self._now, deal_id=deal_id, record=record))
        return sorted([*changes, *self._restored(end)], key=lambda change: change.time)

    def _new_deals(self, end: int) -> list[Change]:
        deals_per_day = self._deals_per_demand * season.demand(end // DAY)
        made, time = [], end - WORKDAY
        while deals_per_day:
            time += int(self._random.expovariate(deals_per_day) * WORKDAY) + 1
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
                time = end - int(self._random.random() * WORKDAY)
                restored.append(Change(time=time, deal_id=deal_id, record=record))
        return restored

    def _after(self, deal_id: int, deal: Record) -> Record | None:
        """Return the deal itself if nobody touches it, None if it is deleted, or what it is afterwards."""
        status = deal.get("status")
        if status not in _DELETE or deal.get("stage") not in _STAGES.get(str(deal.get("pipeline")), ()):
            return deal
        changed = self._progress(deal) if status == "Open" else self._afterthought(deal)
        if self._chance(_DELETE[status]):
            self._deleted[deal_id] = self._now, deal
            return None
        return self._edited(deal, changed) if changed else deal

    def _progress(self, deal: Record) -> Record:
        """Return the fields of an open deal that change."""
        owner = chances.owner_of(deal)
        estimate = self._time(deal, "estimatedCloseDate")
        days_late = (self._now - (estimate or self._now)) / DAY
        if owner in INACTIVE:
            return self._handed_over(deal, days_late) if self._chance(_REPLACE_OWNER) else {}
        if days_late > chances.FORGOTTEN_AFTER:
            return self._lost("Went silent") if self._chance(chances.CLEAR_UP) else {}
        place = _STAGES[deal["pipeline"]].index(deal["stage"])
        changed = self._moved(deal, place, estimate)
        if changed.get("status"):
            return changed
        if not changed.get("estimatedCloseDate"):
            changed |= self._replanned(owner, days_late)
        if self._chance(_REPRICE) or (changed.get("stage") and deal.get("dealValue") in MISSING):
            changed |= self._repriced(deal)
        if self._chance(_HAND_OVER):
            changed |= self._handed_over(deal, 0)
        if self._chance(_TALK):
            changed |= self._talk()
        return changed

    def _moved(self, deal: Record, place: int, estimate: int | None) -> Record:
        """Return the fields that change if a deal goes on to another stage, or is won or lost."""
        pipeline = deal["pipeline"]
        stage = chances.STAGES[pipeline][min(place, len(chances.STAGES[pipeline]) - 1)]
        is_too_early = stage.opens is not None and (estimate or 0) > self._now + stage.opens * DAY
        if is_too_early or self._chance(math.exp(-season.pace(self._now // DAY) / stage.work)):
            return self._at_stage(deal, place - 1) if place and self._chance(_MOVE_BACK) else {}
        if not self._chance(chances.share_at(stage, chances.odds(deal), self._now)):
            return self._lost(self._pick(vocabulary.LOST_REASONS))
        if place + 2 >= len(_STAGES[pipeline]):
            return self._won(pipeline)
        changed = self._at_stage(deal, place + 1)
        if planned := course.revised(self._random, pipeline, place + 1, self._now):
            changed |= self._planned(planned)
        return changed

    def _replanned(self, owner: Any, days_late: float) -> Record:
        """Return the new close date of a deal, if it gets one."""
        if days_late > 1:
            late = self._chance(chances.postpone_chance(owner))
            return self._planned(course.postponed(self._random, self._now)) if late else {}
        if not self._chance(_REPLAN):
            return {}
        return self._planned(self._now + self._pick((3, 7, 14, 21, 30, 45)) * DAY)

    def _planned(self, time: int) -> Record:
        planned = self._midnight(max(time, self._now + 2 * DAY))
        return {"estimatedCloseDate": self._timestamp(planned)}

    def _handed_over(self, deal: Record, days_late: float) -> Record:
        """Return the fields that change when a deal gets another owner, who postpones it if it is late."""
        owner = chances.owner_of(deal)
        changed: Record = {"owner": self._pick([each for each in self._owners if each["id"] != owner])}
        return changed | (self._planned(course.postponed(self._random, self._now)) if days_late > 0 else {})

    def _afterthought(self, deal: Record) -> Record:
        """Return the fields of a closed deal that change."""
        is_reopened, is_followed_up = self._chance(_REOPEN[deal["status"]]), self._chance(_TALK)
        days = _REGRET if is_reopened else _FOLLOW_UP if is_followed_up else 0
        if not days or (self._time(deal, "closedDate") or 0) < self._now - days * DAY:
            return {}
        return self._reopened(deal) if is_reopened else self._talk()

    def _won(self, pipeline: str) -> Record:
        changed = {
            "status": "Won",
            "winProbability": 100,
            "closedDate": self._timestamp(self._now),
            "stage": _STAGES[pipeline][-1],
        }
        self._set(changed, "dateTimeCustomField1", self._live_at(self._now), missing=0.3)
        return changed

    def _lost(self, reason: str) -> Record:
        changed = {"status": "Lost", "winProbability": 0, "closedDate": self._timestamp(self._now)}
        self._set(changed, "lostReason", reason, missing=0.1)
        return changed

    def _reopened(self, deal: Record) -> Record:
        """Return the fields of a reopened deal, which should be closed again within two months."""
        place = min(_STAGES[deal["pipeline"]].index(deal["stage"]), len(_STAGES[deal["pipeline"]]) - 2)
        return {
            **self._at_stage(deal, place),
            **self._planned(self._now + int(self._random.uniform(10, 60)) * DAY),
            "status": "Open",
            "closedDate": None,
            "lostReason": None,
            "dateTimeCustomField1": None,
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
        owners = [each for each in self._owners if each["id"] == chances.owner_of(record)]
        editor: dict[str, Any] = owners[0] if owners and self._chance(0.9) else self._user()
        is_open = record["status"] == "Open"
        rotten = timestamps.format_iso(self._now + vocabulary.ROTTEN_AFTER * DAY) if is_open else None
        return record | {
            "lastModifiedAt": timestamps.format_iso(self._now),
            "lastModifiedBy": {"id": editor["id"], "name": editor["name"]},
            "rottenDate": rotten,
        }
