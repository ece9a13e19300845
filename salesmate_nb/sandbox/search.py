"""The body of a v4 search, read into a query of the store."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import moments
from salesmate_nb.sandbox.answers import invalid
from salesmate_nb.sandbox.fields import Catalogue, Record, getter, projection
from salesmate_nb.sandbox.rules import Rules, Test, known, parts

_SORTABLE = {"id", "createdAt", "lastModifiedAt", "title", "name"}  # v4 reference
_TEXTS = {"title", "name"}


@dataclass(frozen=True, kw_only=True)
class Query:
    """Which records are wanted, and in which order.

    Parameters
    ----------
    key : str
        The same for queries that differ in their limits, direction and fields only.
    test : callable
        Tells whether a record is wanted.
    sort : str
        The field it is sorted by.
    descending : bool
        Whether the last come first.
    low, high : float, optional
        Keep records that are sorted by ``low <= value < high``.
    cut : callable, optional
        Takes the wanted fields out of a record.
    is_counted : bool
        Whether the answer says how many there are.
    """

    key: str = "all"
    test: Test = bool
    sort: str = "id"
    descending: bool = False
    low: float | None = None
    high: float | None = None
    cut: Callable[[Record], Record] | None = None
    is_counted: bool = True


def read(body: Any, catalogue: Catalogue, zone: ZoneInfo, *, id_rules: bool) -> Query:
    """Read the body of a search.

    Rules that every record has to pass, and that are about the field it is sorted by, become limits:
    so a client that asks for one range after another is served from one sorted view.

    Parameters
    ----------
    body : object
        The JSON that was sent.
    catalogue : Catalogue
        The fields there are.
    zone : zoneinfo.ZoneInfo
        The account's.
    id_rules : bool
        Whether rules on the id are honoured.

    Raises
    ------
    Refusal
        400, where anything in it cannot be.
    """
    if not isinstance(body, dict):
        raise invalid("The body has to be a JSON object.")
    module = catalogue.module
    if str(body.get("moduleId", module.number)) != str(module.number):
        raise invalid(f"moduleId {body['moduleId']!r} is not that of {module.plural}, {module.number}.")
    sort, descending = _sort(body.get("sort"), catalogue)
    rules = Rules(catalogue, zone, id_rules=id_rules)
    low, high, rest = _split(body.get("filterQuery"), sort, rules)
    return Query(
        test=rules.group(rest),
        key=json.dumps([sort, rest], sort_keys=True),
        sort=sort,
        descending=descending,
        low=low,
        high=high,
        cut=_cut(body.get("displayingFields"), catalogue),
        is_counted=bool(body.get("getRecordsCount")),
    )


def order(sort: str, zone: ZoneInfo) -> Callable[[Record], Any]:
    """Return what tells the value that a record is sorted by."""
    get = getter(sort)
    if sort == "id":
        return lambda record: int(get(record))
    if sort in _TEXTS:
        return lambda record: str(get(record) or "").casefold()

    def moment(record: Record) -> float:
        at = moments.read(get(record), zone)
        return -math.inf if at is None else at

    return moment


def _sort(sort: Any, catalogue: Catalogue) -> tuple[str, bool]:
    if not sort:
        return "id", False
    if not isinstance(sort, dict):
        raise invalid("sort has to be an object with a fieldName and an order.")
    module = catalogue.module
    name = str(sort.get("fieldName")).removeprefix(f"{module.name}.")
    direction = str(sort.get("order", sort.get("orderType", "asc"))).lower()
    if name not in _SORTABLE or catalogue.kind(name) is None:
        raise invalid(f"{module.plural.capitalize()} cannot be sorted by {sort.get('fieldName')!r}.")
    if direction not in {"asc", "desc"}:
        raise invalid(f"order {direction!r} is neither asc nor desc.")
    return name, direction == "desc"


def _cut(fields: Any, catalogue: Catalogue) -> Callable[[Record], Record] | None:
    if not fields:
        return None
    if not isinstance(fields, list):
        raise invalid("displayingFields has to be a list.")
    return projection([known(name, catalogue) for name in fields])


def _split(query: Any, sort: str, rules: Rules) -> tuple[float | None, float | None, dict[str, Any]]:
    """Return the limits of what is sorted by, and a group of the rules that remain."""
    if not query:
        return None, None, {}
    if not isinstance(query, dict):
        raise invalid("filterQuery has to be an object with a group.")
    group = query.get("group", {})
    operator, given = parts(group)
    if operator == "OR" or sort in _TEXTS:
        return None, None, group
    lows, highs, rest = [-math.inf], [math.inf], []
    for rule in given:
        limits = rules.limits(rule) if rules.path(rule) == sort and not rules.is_ignored(rule) else None
        if limits:
            lows.append(limits[0])
            highs.append(limits[1])
        else:
            rest.append(rule)
    return max(lows), min(highs), {"operator": "AND", "rules": rest}
