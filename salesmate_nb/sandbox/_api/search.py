"""Parse the body of a v4 search into a query of the store."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from salesmate_nb.sandbox._api.rules import RuleParser, field_path, operator_and_rules
from salesmate_nb.sandbox._crm.field_catalog import FieldCatalog
from salesmate_nb.sandbox._crm.query import SORTABLE_FIELDS, SORTABLE_TEXTS, Query
from salesmate_nb.sandbox._responses.envelope import invalid
from salesmate_nb.sandbox._responses.formats import RecordWriter
from salesmate_nb.sandbox.options import Behavior
from salesmate_nb.sandbox.records import Record, projection


def parse_search(body: Any, catalog: FieldCatalog, behavior: Behavior) -> Query:
    """Parse the body of a search.

    Rules on the sort field that all records must match become the range of the query, so that a client
    that reads one range after another is served from one sorted index.

    Parameters
    ----------
    body : object
        The JSON body of the request.
    catalog : FieldCatalog
        The fields of the resource.
    behavior : Behavior
        Which rules and fields apply, and how values are written.

    Raises
    ------
    ApiFailure
        400 if any part of the body is not valid; if a rule is refused, with the status of the behavior.
    """
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.")
    resource = catalog.resource
    module_id = str(body.get("moduleId") or resource.module_id)  # 0 was sent to the measured account
    if module_id != str(resource.module_id):
        raise invalid(
            f"moduleId {body['moduleId']!r} is not that of {resource.plural}, {resource.module_id}."
        )
    sort, descending = _parse_sort(body.get("sort"), catalog)
    if behavior.order == "newest first":
        sort, descending = "createdAt", True
    parser = RuleParser(catalog, behavior)
    low, high, group = _split_range(body.get("filterQuery"), sort, parser)
    return Query(
        predicate=parser.parse_group(group),
        key=json.dumps([sort, group], sort_keys=True),
        matching=json.dumps(group, sort_keys=True),
        sort=sort,
        descending=descending,
        low=low,
        high=high,
        project=_projection(body.get("displayingFields"), catalog, behavior),
    )


def _parse_sort(sort: Any, catalog: FieldCatalog) -> tuple[str, bool]:
    """Return the sort field, and whether the order is descending; of a list of sorts the first counts."""
    if not sort:
        return "id", False
    first = sort[0] if isinstance(sort, list) else sort
    if not isinstance(first, dict):
        raise invalid("sort must be an object with fieldName and order, or a list of them.")
    resource = catalog.resource
    name = str(first.get("fieldName")).removeprefix(f"{resource.name}.")
    direction = str(first.get("order", first.get("orderType", "asc"))).lower()
    if name not in SORTABLE_FIELDS or catalog.kind(name) is None:
        raise invalid(f"{resource.plural.capitalize()} cannot be sorted by {first.get('fieldName')!r}.")
    if direction not in {"asc", "desc"}:
        raise invalid(f"order {direction!r} is not valid. Use asc or desc.")
    return name, direction == "desc"


def _projection(fields: Any, catalog: FieldCatalog, behavior: Behavior) -> Callable[[Record], Record]:
    """Return the function that makes a row of a record: the requested fields, in the account's formats."""
    row = RecordWriter(behavior, catalog).row
    paths = _parse_fields(fields, catalog, behavior)
    if paths is None:
        return row
    project = projection(paths)
    return lambda record: row(project(record))


def _parse_fields(fields: Any, catalog: FieldCatalog, behavior: Behavior) -> list[str] | None:
    """Return the fields to send, or None for whole records."""
    is_whole = behavior.relations == "whole"
    if not fields:
        return None if is_whole else [field.name for field in catalog.fields if not field.parts]
    if not isinstance(fields, list):
        raise invalid("displayingFields must be a list.")
    if behavior.unknown_fields == "refused":
        paths = [field_path(name, catalog) for name in fields]
    else:
        paths = [str(name).removeprefix(f"{catalog.resource.name}.") for name in fields]
    relations = {field.name for field in catalog.fields if field.parts}
    return [path for path in paths if is_whole or path not in relations]


def _split_range(
    query: Any, sort: str, parser: RuleParser
) -> tuple[float | None, float | None, dict[str, Any]]:
    """Return the range of the sort field, and a group of the remaining rules."""
    if not query:
        return None, None, {}
    if not isinstance(query, dict):
        raise invalid("filterQuery must be an object with a group.")
    group = query.get("group", {})
    operator, rules = operator_and_rules(group)
    if operator == "OR" or sort in SORTABLE_TEXTS:
        return None, None, group
    lows, highs, rest = [-math.inf], [math.inf], []
    for rule in rules:
        is_on_sort = parser.path_of(rule) == sort and not parser.is_ignored(rule)
        limits = parser.parse_range(rule) if is_on_sort else None
        if limits:
            lows.append(limits[0])
            highs.append(limits[1])
        else:
            rest.append(rule)
    return max(lows), min(highs), {"operator": "AND", "rules": rest}
