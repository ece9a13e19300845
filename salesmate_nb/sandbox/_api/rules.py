"""Parse the rules of a v4 search into predicates of records."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

from salesmate_nb.sandbox import timestamps
from salesmate_nb.sandbox._crm.field_catalog import FieldCatalog
from salesmate_nb.sandbox._crm.query import Predicate
from salesmate_nb.sandbox._responses.envelope import invalid, refused
from salesmate_nb.sandbox.options import Behavior, Support
from salesmate_nb.sandbox.records import MISSING, Record, getter

Range = tuple[float, float]
"""A range of numbers: the first included, the last excluded."""

_MAX_DEPTH = 16  # groups within groups; clients send two
_LOWEST = -sys.float_info.max  # above -inf, which is the sort key of missing timestamps
_TIME_CONDITIONS = {"IS_AFTER", "IS_BEFORE", "BETWEEN"}
_COMPARISON = re.compile(r"(GREATER|LESS)_THAN(?:_OR)?(_EQUALS?)?(?:_TO)?")
_TEXT_CONDITIONS: dict[str, Callable[[str, str], bool]] = {
    "CONTAINS": lambda value, wanted: wanted in value,
    "STARTS_WITH": str.startswith,
    "ENDS_WITH": str.endswith,
}


class RuleParser:
    """Parse rules, and groups of them.

    Parameters
    ----------
    catalog : FieldCatalog
        The fields of the resource.
    behavior : Behavior
        Which rules are ignored or refused, and the time zone of their dates.
    """

    def __init__(self, catalog: FieldCatalog, behavior: Behavior) -> None:
        self._catalog = catalog
        self._zone = behavior.zone
        self._behavior = behavior

    def parse_group(self, group: Any, depth: int = 1) -> Predicate:
        """Return the predicate of a group of rules.

        Parameters
        ----------
        group : object
            The group, as it was sent.
        depth : int
            How deep it is nested; 1 for the outermost group.

        Raises
        ------
        ApiFailure
            If the group, or a rule in it, is not valid or refused.
        """
        operator, rules = operator_and_rules(group)
        if depth > _MAX_DEPTH:
            raise invalid("Groups of rules are nested too deep.")
        predicates = [self._parse_rule(rule, depth) for rule in rules if not self.is_ignored(rule)]
        if len(predicates) == 1:
            return predicates[0]
        if operator == "OR" and predicates:
            return lambda record: any(predicate(record) for predicate in predicates)
        return lambda record: all(predicate(record) for predicate in predicates)

    def parse_range(self, rule: Any) -> Range | None:
        """Return the range of numbers or timestamps that match a rule; None for other rules."""
        path, condition, data = self._split(rule)
        kind = self._catalog.kind(path)
        if kind == "datetime" and condition in _TIME_CONDITIONS:
            return self._parse_times(path, condition, data)
        comparison = _COMPARISON.fullmatch(condition)
        is_equality = condition == "EQUALS" and not isinstance(data, list)
        if kind != "number" or not (comparison or is_equality):
            return None
        number = _number(data)
        if number is None:
            raise invalid(f"{path}: data must be a number.")
        after = math.nextafter(number, math.inf)
        if not comparison:
            return number, after
        is_inclusive = comparison[2] is not None
        if comparison[1] == "GREATER":
            return (number if is_inclusive else after), math.inf
        return _LOWEST, (after if is_inclusive else number)

    def _parse_times(self, path: str, condition: str, data: Any) -> Range:
        """Return the range of a rule on a timestamp; it names minutes, in the account's time zone."""
        texts = data if condition == "BETWEEN" and isinstance(data, list) else [data]
        minutes = [timestamps.parse_text(text, self._zone) for text in texts if isinstance(text, str)]
        expected = 2 if condition == "BETWEEN" else 1
        found = [minute for minute in minutes if minute is not None]
        if len(found) != expected or len(texts) != expected:
            dates = "a date such as 'Jan 01, 1970 05:30 AM'" if expected == 1 else "a list of two dates"
            raise invalid(f"{path}: data must be {dates}.")
        if condition == "BETWEEN":
            return found[0], found[1] + timestamps.MINUTE
        return (found[0] + timestamps.MINUTE, math.inf) if condition == "IS_AFTER" else (_LOWEST, found[0])

    def path_of(self, rule: Any) -> str | None:
        """Return the field that a rule is about; None for a group."""
        return None if isinstance(rule, dict) and "group" in rule else self._split(rule)[0]

    def is_ignored(self, rule: Any) -> bool:
        """Return whether the account ignores a rule.

        Raises
        ------
        ApiFailure
            If the account refuses it, with the status that its behavior names.
        """
        if self.path_of(rule) is None:
            return False
        path, condition, _ = self._split(rule)
        support = self._support_of(path, condition)
        if support == "refused":
            raise refused(self._behavior.refusal, f"Condition {condition!r} is not supported for {path}.")
        return support == "ignored"

    def _support_of(self, path: str, condition: str) -> Support:
        behavior = self._behavior
        if path == "createdAt":
            is_range = condition in {"IS_BEFORE", "BETWEEN"}
            return behavior.range_rules if is_range else behavior.created_rules
        by_path = {"id": behavior.id_rules, "lastModifiedAt": behavior.modified_rules}
        return by_path.get(path, behavior.other_rules)

    def _parse_rule(self, rule: Any, depth: int) -> Predicate:
        """Return the predicate of a rule, or of a group in its place."""
        if isinstance(rule, dict) and "group" in rule:
            return self.parse_group(rule["group"], depth + 1)
        path, condition, data = self._split(rule)
        if condition in {"EMPTY", "NOT_EMPTY"}:
            get, is_empty = getter(path), condition == "EMPTY"
            return lambda record: (get(record) in MISSING) is is_empty
        values = data if isinstance(data, list) else [data]
        if path == "pipeline" and any(isinstance(value, dict) for value in values):
            return self._pipeline_predicate(condition, values)
        limits = self.parse_range(rule)
        if limits:
            return self._range_predicate(path, limits)
        return self._value_predicate(path, condition, values)

    def _split(self, rule: Any) -> tuple[str, str, Any]:
        """Return the field, condition and data of a rule."""
        field = rule.get("field") if isinstance(rule, dict) else None
        name = field.get("fieldName") if isinstance(field, dict) else None
        if not isinstance(name, str) or not isinstance(rule.get("condition"), str):
            raise invalid("A rule requires a condition, and a field with a fieldName.")
        resource = self._catalog.resource
        if rule.get("moduleName", resource.rule_name) != resource.rule_name:
            raise invalid(f"moduleName {rule['moduleName']!r} is not valid in a search of {resource.plural}.")
        return field_path(name, self._catalog), rule["condition"], rule.get("data")

    def _range_predicate(self, path: str, limits: Range) -> Predicate:
        get, (low, high), zone = getter(path), limits, self._zone
        is_datetime = self._catalog.kind(path) == "datetime"

        def is_within(record: Record) -> bool:
            value = get(record)
            number = timestamps.parse(value, zone) if is_datetime else _number(value)
            return number is not None and low <= number < high

        return is_within

    def _value_predicate(self, path: str, condition: str, wanted: list[Any]) -> Predicate:
        get, kind = getter(path), self._catalog.kind(path) or ""
        if condition in {"EQUALS", "NOT_EQUALS"} and kind != "datetime":
            is_positive = condition == "EQUALS"
            accepted = {item for value in wanted for item in _comparable(value, kind)}
            return lambda record: (not accepted.isdisjoint(_comparable(get(record), kind))) is is_positive
        is_positive = condition != "DOES_NOT_CONTAINS"
        matches = _TEXT_CONDITIONS.get(condition if is_positive else "CONTAINS")
        if matches is None or kind not in {"text", "tags"}:
            raise invalid(f"Condition {condition!r} is not supported for {path}.")
        texts = [str(value).casefold() for value in wanted]
        return lambda record: (
            any(matches(item, text) for item in _comparable(get(record), kind) for text in texts)
            is is_positive
        )

    def _pipeline_predicate(self, condition: str, pairs: list[Any]) -> Predicate:
        """Return the predicate of one or more ``{"group": pipeline, "value": stage}``."""
        alternatives = []
        for pair in pairs:
            if not isinstance(pair, dict) or not pair.keys() <= {"group", "value"}:
                raise invalid("pipeline: data must be {'group': pipeline, 'value': stage}.")
            names = {"pipeline": pair.get("group"), "stage": pair.get("value")}
            alternatives.append(
                [self._value_predicate(path, "EQUALS", [name]) for path, name in names.items() if name]
            )
        if condition not in {"EQUALS", "NOT_EQUALS"}:
            raise invalid(f"Condition {condition!r} is not supported for pipeline.")
        is_positive = condition == "EQUALS"
        return lambda record: (
            any(all(predicate(record) for predicate in both) for both in alternatives) is is_positive
        )


def field_path(name: Any, catalog: FieldCatalog) -> str:
    """Return the path of a field from its name in a search, such as ``deal.owner.name``.

    Raises
    ------
    ApiFailure
        400 if the resource has no such field.
    """
    prefix = f"{catalog.resource.name}."
    path = name.removeprefix(prefix) if isinstance(name, str) and name.startswith(prefix) else None
    if path is None or catalog.kind(path) is None:
        raise invalid(f"There is no field {name!r}.")
    return path


def operator_and_rules(group: Any) -> tuple[str, list[Any]]:
    """Return the operator and the rules of a group.

    Raises
    ------
    ApiFailure
        400 if the group is not valid.
    """
    operator = group.get("operator", "AND") if isinstance(group, dict) else None
    rules = group.get("rules", []) if isinstance(group, dict) else None
    if operator not in {"AND", "OR"} or not isinstance(rules, list):
        raise invalid("A group requires an operator, AND or OR, and a list of rules.")
    return operator, rules


def _comparable(value: Any, kind: str) -> Iterable[Any]:
    """Return what a value is compared by: each of its tags, or at most one number or text."""
    if kind == "bool":
        return ("true" if str(value).casefold() in {"true", "1"} else "false",)
    if value in MISSING:
        return ()
    if kind == "number":
        number = _number(value)
        return () if number is None else (number,)
    if kind == "tags":
        tags = value if isinstance(value, list) else str(value).split(",")
        return tuple(str(tag).strip().casefold() for tag in tags)
    return (str(value).casefold(),)


def _number(value: Any) -> float | None:
    if isinstance(value, dict):  # a relation is compared by its id
        value = value.get("id")
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
