"""The filter of a search: which rules are refused, which are ignored, and what the others mean."""

from __future__ import annotations

import datetime as dt
import re

from tests.live_account.records import bare
from tests.live_account.writing import MONTHS

_DATE = re.compile(r"([A-Z][a-z]{2}) (\d{2}), (\d{4}) (\d{1,2}):(\d{2}) ([AP]M)")
_OTHERS = {  # section 2: seen in use
    "status": {"EQUALS"},
    "owner": {"EQUALS"},
    "pipeline": {"EQUALS"},
    "isCompleted": {"EQUALS"},
    "email": {"EQUALS"},
    "isDeleted": {"EQUALS"},
    "tags": {"EQUALS", "NOT_EQUALS"},
}
_ANYWHERE = {"CONTAINS", "NOT_CONTAINS", "DOES_NOT_CONTAIN", "DOES_NOT_CONTAINS", "EMPTY", "NOT_EMPTY"}


class RefusedError(Exception):
    """The account does not take this rule."""


def rule_date(text, zone):
    """Return the Unix seconds of a date as written in rules: to the minute, in the account's zone.

    Examples
    --------
    >>> rule_date("Jan 01, 1970 05:30 AM", dt.timezone(dt.timedelta(hours=5.5)))
    0
    >>> rule_date("Mar 04, 2024 21:15 PM", dt.UTC) == rule_date("Mar 04, 2024 09:15 PM", dt.UTC)
    True
    """
    found = _DATE.fullmatch(str(text))
    if not found or found[1] not in MONTHS:
        raise RefusedError(f"a date in a rule: {text!r}")
    hour = int(found[4])
    if hour <= 12:
        hour = hour % 12 + (12 if found[6] == "PM" else 0)
    day = int(found[3]), MONTHS.index(found[1]) + 1, int(found[2])
    try:
        return int(dt.datetime(*day, hour, int(found[5]), tzinfo=zone).timestamp())
    except ValueError as error:
        raise RefusedError(f"a date in a rule: {text!r}") from error


class Filter:
    """The rules of one search, ready to be tried on records.

    Parameters
    ----------
    behaviour
        What is supported.
    zone
        The account's.
    me
        The id of the user whose key it is.
    query
        The filterQuery of the body.

    Attributes
    ----------
    deleted
        Whether the deleted records are searched in place of the others.

    Raises
    ------
    RefusedError
        Where one of the rules is refused.
    """

    def __init__(self, behaviour, zone, me, query):
        self._as = behaviour
        self._zone = zone
        self._me = me
        self._tests = []
        self.deleted = False
        group = query.get("group") or {} if isinstance(query, dict) else {}
        if behaviour.empty_rules == "refused" and not group.get("rules"):
            raise RefusedError("an empty list of rules")
        self._add_group(group)

    def __call__(self, record):
        return all(test(record) for test in self._tests)

    def _add_group(self, group):
        rules = group.get("rules") or []
        if str(group.get("operator", "AND")).upper() != "AND" and len(rules) > 1:
            self._unknown("OR")  # seen nowhere: section 2
            return
        for rule in rules:
            if "group" in rule:
                self._add_group(rule["group"])
            else:
                self._add_rule(rule)

    def _add_rule(self, rule):
        name = bare((rule.get("field") or {}).get("fieldName", ""))
        name = "owner" if name == "owner.id" else name
        condition, data = str(rule.get("condition", "")).upper(), rule.get("data")
        if name == "id":
            self._take(self._as.id_rules, name, lambda: _compared(condition, data))
        elif name in {"createdAt", "lastModifiedAt"}:
            self._add_time(name, condition, data)
        elif name == "isDeleted" and str(data).lower() == "true":
            self._take(self._as.deleted_rule, name, self._search_deleted)
        elif condition in _OTHERS.get(name, set()) | _ANYWHERE:
            self._take(self._as.other_rules, name, lambda: self._other(name, condition, data))
        else:
            self._unknown(f"{name} {condition}")

    def _take(self, support, name, build):
        """Add a test where the rule is supported; `build` is not run where it is ignored."""
        if support == "refused":
            raise RefusedError(f"a rule on {name}")
        if support == "supported":
            test = build()
            self._tests.append(lambda record: test(record, record.get(name)))

    def _search_deleted(self):
        self.deleted = True
        return lambda *_: True

    def _unknown(self, what):
        if self._as.unknown_rules == "refused":
            raise RefusedError(f"the rule {what}")

    def _add_time(self, name, condition, data):
        condition = "BETWEEN" if condition == "IS_BETWEEN" else condition
        if condition == "IS_AFTER":
            support = self._as.created_after if name == "createdAt" else self._as.modified_after
            if name == "createdAt" and re.search(r"\b1970\b", str(data)) and support == "supported":
                support = self._as.epoch_rule
        elif condition in {"IS_BEFORE", "BETWEEN"} and name == "createdAt":
            support = self._as.created_until
            if support in {"IS_BEFORE", "BETWEEN"}:
                support = "supported" if support == condition else "refused"
        else:
            self._unknown(f"{name} {condition}")
            return
        self._take(support, name, lambda: self._timed(condition, data))

    def _timed(self, condition, data):
        edge = self._as.minute_edge

        def at(value):
            return value if edge == "later seconds" else value - value % 60

        if condition == "BETWEEN":
            both = list(data.values()) if isinstance(data, dict) else data
            if not isinstance(both, list) or len(both) != 2:
                raise RefusedError("both ends of a range")
            low, high = (rule_date(end, self._zone) for end in both)
            return lambda _, value: value is not None and low <= at(value) <= high
        limit = rule_date(data, self._zone)
        direction = 1 if condition == "IS_AFTER" else -1
        include = edge == "same minute"

        def test(_, value):
            if value is None:
                return False
            return direction * (at(value) - limit) > 0 or (include and at(value) == limit)

        return test

    def _other(self, name, condition, data):
        if condition in {"EMPTY", "NOT_EMPTY"}:
            return lambda _, value: (value in (None, "", [], {})) == (condition == "EMPTY")
        wanted = str(data).lower()
        if name == "pipeline" and isinstance(data, dict):
            pair = data.get("group"), data.get("value")
            return lambda record, _: (record.get("pipeline"), record.get("stage")) == pair
        if name == "owner":
            number = str(self._me) if data == "$MYSELF$" else str(data)
            return lambda _, value: str((value or {}).get("id")) == number
        if name == "isDeleted":
            return lambda *_: True
        if name == "isCompleted":
            return lambda _, value: bool(value) == (wanted in {"true", "1"})
        positive = condition in {"EQUALS", "CONTAINS"}
        whole = "EQUALS" in condition

        def test(_, value):
            texts = [str(one).lower() for one in (value if isinstance(value, list) else [value or ""])]
            return any(wanted == text if whole else wanted in text for text in texts) == positive

        return test


def _compared(condition, data):
    """Return the test of a rule on the id; its conditions have no known names, so any likely one is taken."""
    words = condition.removeprefix("IS_")
    numbers = [int(one) for one in (data if isinstance(data, list) else re.findall(r"\d+", str(data)))]
    if not numbers:
        raise RefusedError("a rule on the id without a number")
    first, same = numbers[0], "EQUAL" in words
    if words == "BETWEEN":
        return lambda _, value: first <= value <= numbers[-1]
    if words in {"IN", "EQUALS", "EQUAL", "EQUAL_TO"}:
        return lambda _, value: value in numbers
    if words.startswith("NOT_"):
        return lambda _, value: value not in numbers
    if re.match(r"GREATER|MORE|AFTER|GT", words):
        return lambda _, value: value > first or (same and value == first)
    if re.match(r"LESS|SMALLER|BEFORE|LT", words):
        return lambda _, value: value < first or (same and value == first)
    raise RefusedError(f"the condition {condition} on the id")
