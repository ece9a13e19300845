"""The rules of a v4 search, made into tests of records."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import moments
from salesmate_nb.sandbox.answers import invalid
from salesmate_nb.sandbox.fields import MISSING, Catalogue, Record, getter

Test = Callable[[Record], bool]
Limits = tuple[float, float]
"""A range of numbers: the first included, the last not."""

_DEEPEST = 16  # groups within groups; people write two
_LEAST = -sys.float_info.max  # above -inf, by which missing moments are sorted
_COMPARED = re.compile(r"(GREATER|LESS)_THAN(?:_OR)?(_EQUALS?)?(?:_TO)?")
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "CONTAINS": lambda value, wanted: wanted in value,
    "STARTS_WITH": str.startswith,
    "ENDS_WITH": str.endswith,
}


class Rules:
    """Reads rules and groups of them.

    Parameters
    ----------
    catalogue : Catalogue
        The fields there are.
    zone : zoneinfo.ZoneInfo
        The account's, in which rules write their dates.
    id_rules : bool
        Whether rules on the id are honoured; else they are as if absent.
    """

    def __init__(self, catalogue: Catalogue, zone: ZoneInfo, *, id_rules: bool) -> None:
        self._catalogue = catalogue
        self._zone = zone
        self._id_rules = id_rules

    def group(self, group: Any, depth: int = 1) -> Test:
        """Return the test that a group of rules is.

        Parameters
        ----------
        group : object
            As it was sent.
        depth : int
            How many groups there are around it, itself included.

        Raises
        ------
        Refusal
            Where it is not written as groups are, or a rule in it cannot be.
        """
        operator, rules = parts(group)
        if depth > _DEEPEST:
            raise invalid("Groups of rules are nested too deep.")
        tests = [self.rule(rule, depth) for rule in rules if not self.is_ignored(rule)]
        if len(tests) == 1:
            return tests[0]
        if operator == "OR" and tests:
            return lambda record: any(test(record) for test in tests)
        return lambda record: all(test(record) for test in tests)

    def rule(self, rule: Any, depth: int = 1) -> Test:
        """Return the test that a rule, or a group in place of one, is."""
        if isinstance(rule, dict) and "group" in rule:
            return self.group(rule["group"], depth + 1)
        path, condition, data = self._read(rule)
        if condition in {"EMPTY", "NOT_EMPTY"}:
            get, empty = getter(path), condition == "EMPTY"
            return lambda record: (get(record) in MISSING) is empty
        if path == "pipeline" and any(isinstance(one, dict) for one in _listed(data)):
            return self._pipeline(condition, _listed(data))
        limits = self.limits(rule)
        if limits:
            return self._within(path, limits)
        return self._test(path, condition, _listed(data))

    def limits(self, rule: Any) -> Limits | None:
        """Return the range a rule keeps of its field's numbers or moments; None for other rules."""
        path, condition, data = self._read(rule)
        kind = self._catalogue.kind(path)
        if kind == "moment" and condition in {"IS_AFTER", "IS_BEFORE"}:
            minute = moments.read_plain(data, self._zone) if isinstance(data, str) else None
            if minute is None:
                raise invalid(f"{path}: data has to be a date such as 'Jan 01, 1970 05:30 AM'.")
            return (minute + moments.MINUTE, math.inf) if condition == "IS_AFTER" else (_LEAST, minute)
        compared = _COMPARED.fullmatch(condition)
        if kind != "number" or not (compared or (condition == "EQUALS" and not isinstance(data, list))):
            return None
        number = _number(data)
        if number is None:
            raise invalid(f"{path}: data has to be a number.")
        after = math.nextafter(number, math.inf)
        if not compared:
            return number, after
        if compared[1] == "GREATER":
            return (number if compared[2] else after), math.inf
        return _LEAST, (after if compared[2] else number)

    def path(self, rule: Any) -> str | None:
        """Return the field that a rule is about; None for a group."""
        return None if isinstance(rule, dict) and "group" in rule else self._read(rule)[0]

    def is_ignored(self, rule: Any) -> bool:
        """Tell whether the server takes no notice of a rule."""
        return not self._id_rules and self.path(rule) == "id"

    def _read(self, rule: Any) -> tuple[str, str, Any]:
        field = rule.get("field") if isinstance(rule, dict) else None
        name = field.get("fieldName") if isinstance(field, dict) else None
        if not isinstance(name, str) or not isinstance(rule.get("condition"), str):
            raise invalid("A rule needs a condition and a field with a fieldName.")
        module = self._catalogue.module
        if rule.get("moduleName", module.rule_name) != module.rule_name:
            raise invalid(f"moduleName {rule['moduleName']!r} does not fit a search of {module.plural}.")
        return known(name, self._catalogue), rule["condition"], rule.get("data")

    def _within(self, path: str, limits: Limits) -> Test:
        get, (low, high) = getter(path), limits
        if self._catalogue.kind(path) == "moment":
            zone = self._zone
            return lambda record: (at := moments.read(get(record), zone)) is not None and low <= at < high
        return lambda record: (number := _number(get(record))) is not None and low <= number < high

    def _test(self, path: str, condition: str, wanted: list[Any]) -> Test:
        get, kind = getter(path), self._catalogue.kind(path) or ""
        if condition in {"EQUALS", "NOT_EQUALS"} and kind != "moment":
            among, fits = {one for value in wanted for one in _words(value, kind)}, condition == "EQUALS"
            return lambda record: (not among.isdisjoint(_words(get(record), kind))) is fits
        positive = "CONTAINS" if condition == "DOES_NOT_CONTAINS" else condition
        if positive not in _TEXT_TESTS or kind not in {"text", "tags"}:
            raise invalid(f"Condition {condition!r} does not fit {path}.")
        check, fits = _TEXT_TESTS[positive], positive == condition
        texts = [str(value).casefold() for value in wanted]
        return lambda record: (
            any(check(word, text) for word in _words(get(record), kind) for text in texts) is fits
        )

    def _pipeline(self, condition: str, pairs: list[Any]) -> Test:
        """Return the test of ``{"group": pipeline, "value": stage}``, one or several of them."""
        tests = []
        for pair in pairs:
            if not isinstance(pair, dict) or not pair.keys() <= {"group", "value"}:
                raise invalid("pipeline: data has to be {'group': pipeline, 'value': stage}.")
            named = {"pipeline": pair.get("group"), "stage": pair.get("value")}
            tests.append([self._test(path, "EQUALS", [name]) for path, name in named.items() if name])
        if condition not in {"EQUALS", "NOT_EQUALS"}:
            raise invalid(f"Condition {condition!r} does not fit pipeline.")
        fits = condition == "EQUALS"
        return lambda record: any(all(test(record) for test in both) for both in tests) is fits


def known(name: Any, catalogue: Catalogue) -> str:
    """Return a field's path from its name in a search, ``deal.owner.name``.

    Raises
    ------
    Refusal
        Where its records have no such field.
    """
    prefix = f"{catalogue.module.name}."
    path = name.removeprefix(prefix) if isinstance(name, str) and name.startswith(prefix) else None
    if path is None or catalogue.kind(path) is None:
        raise invalid(f"There is no field {name!r}.")
    return path


def parts(group: Any) -> tuple[str, list[Any]]:
    """Return the operator and the rules of a group."""
    operator = group.get("operator", "AND") if isinstance(group, dict) else None
    rules = group.get("rules", []) if isinstance(group, dict) else None
    if operator not in {"AND", "OR"} or not isinstance(rules, list):
        raise invalid("A group needs an operator, AND or OR, and a list of rules.")
    return operator, rules


def _words(value: Any, kind: str) -> Iterable[Any]:
    """Return what a value is compared by; of tags each."""
    if kind == "flag":
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
    if isinstance(value, dict):  # a relation is found by its id
        value = value.get("id")
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _listed(data: Any) -> list[Any]:
    return data if isinstance(data, list) else [data]
