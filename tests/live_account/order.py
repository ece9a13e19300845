"""The order of a search, and what a page of it holds."""

from __future__ import annotations

import math
import random

from tests.live_account.records import bare, is_relation


class Pages:
    """Cuts sorted records into pages as a behaviour has it.

    Parameters
    ----------
    account
        Whose behaviour, as it is at each request, decides.
    seed
        What makes the draws repeatable, as long as the requests come in the same order.
    """

    def __init__(self, account, seed):
        self._account = account
        self._seed = seed
        self._passes = {}
        self._lost = {}  # in the last pass, by module
        self._draws = 0

    @property
    def _as(self):
        return self._account.behaviour

    def order(self, module, body):
        """Name the order that a search gets: unstable, shuffled, stable, ties, or newest."""
        kind = self._as.activity_order if module.name == "activity" else self._as.order
        name, _ = sort_of(body)
        sort = body.get("sort")
        sorts = sort if isinstance(sort, list) else [sort or {}]
        made_stable = {
            "nothing": False,
            "moduleId": bool(body.get("moduleId")),
            "orderType": any(isinstance(one, dict) and "orderType" in one for one in sorts),
            "a list": isinstance(sort, list),
        }[self._as.stable_with]
        if kind == "newest first always":
            return "newest"
        if made_stable:
            return "stable"
        if kind == "stable within createdAt only":
            return "ties" if name == "createdAt" else "unstable"
        return kind

    def sort(self, module, order, body, records):
        """Sort records as asked, or as the account does it anyway."""
        name, descending = ("createdAt", True) if order == "newest" else sort_of(body)

        def key(record):
            value = record.get(name)
            if value is None or isinstance(value, dict | list):
                return (1, 0, record["id"])
            if isinstance(value, str):
                return (0, value.lower(), record["id"])
            if self._as.disorder and name == "createdAt":
                value += random.Random(f"{self._seed} {record['id']}").uniform(0, self._as.disorder)
            return (0, value, record["id"])

        if is_relation(module, name):
            return sorted(records, key=lambda record: record["id"], reverse=descending)
        return sorted(records, key=key, reverse=descending)

    def page(self, module, what, order, name, records, start, rows):
        """Return one page of sorted records.

        Parameters
        ----------
        module
            That is searched.
        what
            The search without its offset.
        order
            One of those that `order` names.
        name
            Of the field the records are sorted by.
        records
            All that match, sorted.
        start, rows
            The page.

        Returns
        -------
        list of dict
        """
        if order == "unstable":
            return self._of_pass(module, what, records, start, rows)
        if order == "shuffled":
            records = self._shuffled(records)
        elif order == "ties":
            records = self._with_ties(records, name, self._rng())
        elif order == "stable" and self._as.ties != "by id":
            by_replica = random.Random(f"{self._seed} replica {self._rng().randrange(2)}")
            records = self._with_ties(
                records, name, by_replica if self._as.ties == "by replica" else self._rng()
            )
        return records[start : start + rows]

    def _rng(self):
        self._draws += 1
        return random.Random(f"{self._seed} {self._draws}")

    def _of_pass(self, module, what, records, start, rows):
        """Read from the pass under way; it ends where an offset is asked for twice, or the rows change."""
        ids = [record["id"] for record in records]
        places = {number: place for place, number in enumerate(ids)}
        slots, served, before = self._passes.get(what, (None, None, None))
        if before != ids or start in served:
            slots, served = self._draw_pass(module, ids, rows), set()
            self._passes[what] = slots, served, ids
        served.add(start)
        chosen = dict.fromkeys(slots[start : start + rows])
        return [records[place] for place in sorted(places[number] for number in chosen)]

    def _draw_pass(self, module, ids, rows):
        """Lay out one pass: a share of the ids is lost, and ids of the page before stand in their places.

        No page holds an id twice, and whatever fits one page is whole, as in any single query.
        """
        count = len(ids)
        if count <= rows:
            return ids
        rng = self._rng()
        low, high = (share * count for share in self._as.loss)
        lost = min(rng.randint(math.ceil(low - 1e-9), max(1, math.floor(high + 1e-9))), count - rows)
        before, again = self._lost.get(module.name, ()), self._as.lost_again
        choice = [number for number in ids if number not in before or rng.random() < again]
        lost = min(lost, len(choice))
        gone = self._lost[module.name] = set(rng.sample(choice, lost))
        kept = iter([number for number in ids if number not in gone])
        repeats = set(rng.sample(range(rows, count), lost))
        own = {}
        for place in range(count):
            if place not in repeats:
                own.setdefault(place // rows, []).append(next(kept))
        slots, filled = [], {}
        for place in range(count):
            page = place // rows
            if place not in repeats:
                slots.append(own[page].pop(0))
                filled.setdefault(page, []).append(slots[-1])
                continue
            used = set(slots[page * rows :])
            choice = [number for number in filled.get(page - 1, []) if number not in used]
            choice = choice or [number for number in filled[0] if number not in used]
            slots.append(rng.choice(choice))
        return slots

    def _shuffled(self, records):
        rng = self._rng()
        places = rng.sample(range(len(records)), len(records) // 5)
        shuffled = list(records)
        for place, other in zip(sorted(places), places, strict=True):
            shuffled[place] = records[other]
        return shuffled

    def _with_ties(self, records, name, rng):
        groups = {}
        for record in records:
            groups.setdefault(record.get(name), []).append(record)
        for group in groups.values():
            if len(group) > 1:
                rng.shuffle(group)
        return [record for group in groups.values() for record in group]


def sort_of(body):
    """Return the field a search sorts by and whether downwards, in any form the facts know (section 2).

    Without one, it is by id upwards (decided here).

    Examples
    --------
    >>> sort_of({"sort": {"fieldName": "deal.createdAt", "order": "desc"}})
    ('createdAt', True)
    >>> sort_of({"sort": [{"fieldName": "deal.createdAt", "orderType": "asc"}]})
    ('createdAt', False)
    >>> sort_of({})
    ('id', False)
    """
    sort = body.get("sort")
    first = sort[0] if isinstance(sort, list) and sort else sort
    if not isinstance(first, dict):
        return "id", False
    return bare(first.get("fieldName") or "id"), str(
        first.get("order") or first.get("orderType") or "asc"
    ).lower() == "desc"
