"""The rules of a v4 search, and their groups."""

from __future__ import annotations

import pytest

from salesmate_nb.sandbox._responses.envelope import ApiFailure


@pytest.mark.parametrize(
    ("condition", "field", "data", "expected"),
    [
        ("EQUALS", "status", "Open", [1, 4]),
        ("EQUALS", "status", ["Won", "lost"], [2, 3]),
        ("NOT_EQUALS", "status", "Open", [2, 3]),
        ("EQUALS", "dealValue", "100.5", [1]),
        ("GREATER_THAN", "dealValue", 100.5, [2]),
        ("LESS_THAN_EQUALS", "dealValue", 200, [1, 2]),
        ("EMPTY", "dealValue", None, [3, 4]),
        ("NOT_EMPTY", "dealValue", None, [1, 2]),
        ("EMPTY", "owner", None, [3, 4]),
        ("EQUALS", "owner.id", 8, [2]),
        ("EQUALS", "owner", "7", [1]),
        ("EQUALS", "owner.id", ["7", 9], [1, 4]),
        ("EQUALS", "owner.name", "ann lee", [1]),
        ("CONTAINS", "title", "ALPHA", [1, 4]),
        ("DOES_NOT_CONTAINS", "title", "alpha", [2, 3]),
        ("STARTS_WITH", "title", "é", [3]),
        ("ENDS_WITH", "title", "bet", [4]),
        ("EQUALS", "tags", "blue", [1, 2]),
        ("NOT_EQUALS", "tags", ["old", "big"], [3, 4]),
        ("CONTAINS", "tags", "bl", [1, 2]),
        ("EMPTY", "tags", None, [3, 4]),
        ("EQUALS", "pipeline", {"group": "Sales", "value": "Demo"}, [1]),
        ("EQUALS", "pipeline", {"group": "Sales", "value": ""}, [1, 2]),
        ("EQUALS", "pipeline", [{"group": "Sales", "value": "Signed"}, {"value": "Demo"}], [1, 2, 3]),
        ("NOT_EQUALS", "pipeline", {"group": "Sales", "value": "Demo"}, [2, 3, 4]),
        ("EQUALS", "pipeline", "renewals", [3]),
        ("EQUALS", "isDeleted", "false", [1, 2, 3, 4]),
        ("EQUALS", "isDeleted", True, []),
        ("EQUALS", "checkboxCustomField1", "true", [3]),
        ("IS_AFTER", "createdAt", "Jan 01, 1970 05:30 AM", [1, 2, 3, 4]),
        ("IS_AFTER", "createdAt", "Jan 01, 2024 10:00 AM", [2, 3]),
        ("IS_BEFORE", "createdAt", "Jan 01, 2024 10:01 AM", [1, 4]),
        ("BETWEEN", "createdAt", ["Jan 01, 2024 10:00 AM", "Jan 01, 2024 10:01 AM"], [1, 2, 4]),
        ("BETWEEN", "createdAt", ["Jan 01, 2024 10:02 AM", "Jan 01, 2024 10:04 AM"], []),
        ("IS_BEFORE", "lastModifiedAt", "Jan 01, 2030 12:00 PM", [1, 2]),
        ("EMPTY", "lastModifiedAt", None, [3, 4]),
        ("EQUALS", "id", "3", [3]),
        ("EQUALS", "id", [1, "4"], [1, 4]),
        ("GREATER_THAN", "id", 2, [3, 4]),
        ("GREATER_THAN_EQUALS", "id", 2, [2, 3, 4]),
        ("GREATER_THAN_OR_EQUAL_TO", "id", "2", [2, 3, 4]),
        ("LESS_THAN", "id", 2, [1]),
        ("LESS_THAN_OR_EQUALS", "id", 2, [1, 2]),
    ],
)
@pytest.mark.parametrize("sort", ["id", "createdAt"])
def test_rule(four, rule, condition, field, data, expected, sort):
    """Each rule finds its deals, whether it becomes the range of the sort field or a predicate."""
    body = {"sort": {"fieldName": f"deal.{sort}", "order": "asc"}}
    assert sorted(four.ids(rule(condition, field, data), **body)) == expected


def test_nested_groups(four, rule):
    """A rule may be a group, with AND or OR."""
    either = {
        "group": {"operator": "OR", "rules": [rule("EQUALS", "status", "Won"), rule("EQUALS", "id", 4)]}
    }
    assert four.ids(either) == [2, 4]
    assert four.ids(either, rule("STARTS_WITH", "title", "al")) == [4]
    empty = {"group": {"operator": "OR", "rules": []}}
    assert four.ids(empty) == [1, 2, 3, 4]
    group = {"operator": "OR", "rules": [rule("EQUALS", "id", 1), rule("EQUALS", "id", 3)]}
    assert four.ids(filterQuery={"group": group}) == [1, 3]


def test_nesting_limit(four):
    """Groups may be nested 16 deep."""
    query = {"operator": "AND", "rules": []}
    for _ in range(15):
        query = {"operator": "AND", "rules": [{"group": query}]}
    assert four.ids(filterQuery={"group": query}) == [1, 2, 3, 4]
    query = {"operator": "AND", "rules": [{"group": query}]}
    assert "too deep" in four.refusal({"filterQuery": {"group": query}})


def test_ranges_intersect(four, rule):
    """Several rules on the sort field find what matches all of them."""
    above, below = rule("GREATER_THAN", "id", 1), rule("LESS_THAN", "id", 4)
    assert four.ids(above, below) == [2, 3]
    assert four.ids(rule("GREATER_THAN", "id", 3), rule("LESS_THAN", "id", 2)) == []
    records, total = four.page(above, below, rows=1)
    assert (len(records), total) == (1, 2)


def test_ignored_id_rules(four, search_of, rule):
    """An ignored rule on the id finds all: alone, beside others and in groups."""
    search = search_of(four.store.records(), id_rules="ignored")
    after = rule("GREATER_THAN", "id", 2)
    assert search.ids(after) == [1, 2, 3, 4]
    assert search.ids(after, rule("EQUALS", "status", "Open")) == [1, 4]
    either = {"group": {"operator": "OR", "rules": [after, rule("EQUALS", "status", "Won")]}}
    assert search.ids(either) == [2]


RULES = {
    "id_rules": ("GREATER_THAN", "id", 2),
    "created_rules": ("IS_AFTER", "createdAt", "Jan 01, 2024 10:00 AM"),
    "range_rules": ("IS_BEFORE", "createdAt", "Jan 01, 2024 10:00 AM"),
    "modified_rules": ("IS_AFTER", "lastModifiedAt", "Jan 10, 2024 10:00 AM"),
    "other_rules": ("EQUALS", "status", "Won"),
}


@pytest.mark.parametrize("sort", ["id", "createdAt"])
@pytest.mark.parametrize("status", [400, 403, 422, 500, 200])
@pytest.mark.parametrize("switch", RULES)
def test_refused_rules(four, search_of, rule, switch, status, sort):
    """Each kind of rules is refused by its own switch, with any status, also within groups."""
    search = search_of(four.store.records(), **{switch: "refused", "refusal": status})
    order = {"fieldName": f"deal.{sort}", "order": "asc"}
    for name, written in RULES.items():
        nested = {"group": {"operator": "OR", "rules": [rule(*written)]}}
        for body in (rule(*written), nested):
            if name != switch:
                assert search.ids(body, sort=order) == four.ids(body, sort=order)
                continue
            with pytest.raises(ApiFailure) as caught:
                search.ids(body, sort=order)
            assert caught.value.status == status


@pytest.mark.parametrize("sort", ["id", "createdAt"])
@pytest.mark.parametrize("switch", RULES)
def test_ignored_rules(four, search_of, rule, switch, sort):
    """Each kind of rules is ignored by its own switch."""
    search = search_of(four.store.records(), **{switch: "ignored"})
    order = {"fieldName": f"deal.{sort}", "order": "asc"}
    for name, written in RULES.items():
        found, expected = search.ids(rule(*written), sort=order), four.ids(rule(*written), sort=order)
        assert (len(found) == 4) if name == switch else (found == expected)
        assert len(expected) < 4


@pytest.mark.parametrize(
    ("zone", "ten_o_clock"),
    [
        ("UTC", "Jan 01, 2024 10:00 AM"),
        ("Asia/Kolkata", "Jan 01, 2024 03:30 PM"),
        ("America/New_York", "Jan 01, 2024 05:00 AM"),
    ],
)
def test_account_time_zone(search_of, rule, zone, ten_o_clock):
    """Dates without a time zone, in rules and in deals, are in the account's time zone."""
    deals = [
        {"id": 1, "createdAt": "2024-01-01T10:00:00Z"},
        {"id": 2, "createdAt": "2024-01-01T10:01:00Z"},
        {"id": 3, "createdAt": ten_o_clock},
        {"id": 4, "createdAt": ten_o_clock.replace(":00 ", ":05 ").replace(":30 ", ":35 ")},
        {"id": 5, "createdAt": "2024-01-01T10:02:00"},
    ]
    ids = search_of(deals, time_zone=zone).ids(rule("IS_AFTER", "createdAt", ten_o_clock))
    assert [deal_id for deal_id in ids if deal_id != 5] == [2, 4]
    assert (5 in ids) == (zone != "Asia/Kolkata")  # where 10:02 was before 10:02 in UTC


@pytest.mark.parametrize(
    ("condition", "field", "data"),
    [
        ("IS_AFTER", "createdAt", "2024-01-01T10:00:00Z"),
        ("IS_AFTER", "createdAt", "Foo 01, 2024 10:00 AM"),
        ("IS_AFTER", "createdAt", "Feb 31, 2024 10:00 AM"),
        ("IS_AFTER", "createdAt", "Jan 01, 2024 13:00 AM"),
        ("IS_AFTER", "createdAt", None),
        ("IS_AFTER", "createdAt", ["Jan 01, 2024 10:00 AM"]),
        ("BETWEEN", "createdAt", "Jan 01, 2024 10:00 AM"),
        ("BETWEEN", "createdAt", ["Jan 01, 2024 10:00 AM"]),
        ("BETWEEN", "createdAt", ["Jan 01, 2024 10:00 AM", "soon"]),
        ("BETWEEN", "createdAt", ["Jan 01, 2024 10:00 AM", 7, "Jan 01, 2024 10:00 AM"]),
        ("IS_AFTER", "title", "Jan 01, 1970 05:30 AM"),
        ("EQUALS", "createdAt", "Jan 01, 1970 05:30 AM"),
        ("IS_LIKE", "title", "x"),
        ("GREATER_THAN", "title", "x"),
        ("GREATER_THAN", "id", "x"),
        ("CONTAINS", "dealValue", "1"),
        ("CONTAINS", "pipeline", {"group": "Sales", "value": "Demo"}),
        ("EQUALS", "pipeline", {"name": "Sales"}),
        ("EQUALS", "colour", "x"),
        ("EQUALS", "owner.shoes", "x"),
        (None, "title", "x"),
    ],
)
@pytest.mark.parametrize("sort", ["id", "createdAt"])
def test_invalid_rule(four, rule, condition, field, data, sort):
    """Unknown fields and conditions, and data of the wrong type, are refused."""
    query = {"group": {"operator": "AND", "rules": [rule(condition, field, data)]}}
    assert four.refusal({"filterQuery": query, "sort": {"fieldName": f"deal.{sort}", "order": "asc"}})


def test_other_module(four, rule):
    """A rule of another module is refused."""
    wrong = {**rule("EQUALS", "title", "x"), "moduleName": "Task"}
    assert "Task" in four.refusal({"filterQuery": {"group": {"operator": "AND", "rules": [wrong]}}})
