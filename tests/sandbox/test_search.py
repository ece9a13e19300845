"""What a v4 search finds, in which order, and how much of it."""

from __future__ import annotations

import time

import pytest

RECORDS = (
    {
        "id": 1,
        "title": "Alpha",
        "status": "Open",
        "pipeline": "Sales",
        "stage": "Demo",
        "dealValue": "100.50",
        "owner": {"id": 7, "name": "Ann Lee"},
        "tags": "big,Blue",
        "createdAt": "2024-01-01T10:00:30Z",
        "lastModifiedAt": "2024-02-01T00:00:00Z",
    },
    {
        "id": 2,
        "title": "beta",
        "status": "Won",
        "pipeline": "Sales",
        "stage": "Signed",
        "dealValue": 200,
        "Owner": {"id": "8", "name": "Bo"},
        "tags": ["blue", "old"],
        "createdAt": "2024-01-01T10:01:00Z",
        "lastModifiedAt": "2024-01-05T00:00:00Z",
    },
    {
        "id": 3,
        "title": "Été",
        "status": "Lost",
        "pipeline": "Renewals",
        "stage": "Demo",
        "dealValue": None,
        "owner": {},
        "tags": "",
        "checkboxCustomField1": True,
        "createdAt": "Jan 01, 2024 10:05 AM",
        "lastModifiedAt": None,
    },
    {"id": 4, "title": "alphabet", "status": "Open", "owner.id": 9, "createdAt": 1704103200000},
)


@pytest.fixture
def four(visit, data_file):
    """Visit a sandbox with four deals, each in a shape of its own."""
    return visit(data=data_file(*RECORDS))


def refusal(answer):
    assert answer.status_code == 400
    error = answer.json()["Error"]
    assert (error["Code"], error["Name"]) == ("4001", "ValidationError")
    return error["Message"]


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
def test_a_rule_keeps_what_fits(four, rule, condition, field, data, expected, sort):
    """Each rule finds its deals, whether it becomes a limit of what is sorted or a test of each row."""
    body = {"sort": {"fieldName": f"deal.{sort}", "order": "asc"}}
    assert sorted(four.found(rule(condition, field, data), **body)) == expected


def test_groups_nest(four, rule):
    """A rule may be a group, with AND or OR of its own."""
    either = {
        "group": {"operator": "OR", "rules": [rule("EQUALS", "status", "Won"), rule("EQUALS", "id", 4)]}
    }
    assert four.found(either) == [2, 4]
    assert four.found(either, rule("STARTS_WITH", "title", "al")) == [4]
    empty = {"group": {"operator": "OR", "rules": []}}
    assert four.found(empty) == [1, 2, 3, 4]
    group = {"operator": "OR", "rules": [rule("EQUALS", "id", 1), rule("EQUALS", "id", 3)]}
    assert four.found(filterQuery={"group": group}) == [1, 3]


def test_limits_of_one_field_meet(four, rule):
    """Several rules on the field that is sorted by keep what all of them keep."""
    assert four.found(rule("GREATER_THAN", "id", 1), rule("LESS_THAN", "id", 4)) == [2, 3]
    assert four.found(rule("GREATER_THAN", "id", 3), rule("LESS_THAN", "id", 2)) == []
    page = four.search(rule("GREATER_THAN", "id", 1), rule("LESS_THAN", "id", 4), rows=1).json()["Data"]
    assert (page["totalRows"], page["totalPages"]) == (2, 2)


def test_rules_on_ids_can_be_ignored(visit, data_file, rule):
    """With id_rules=False a rule on the id is as if absent, alone, beside others and in groups."""
    visitor = visit(data=data_file(*RECORDS), id_rules=False)
    after = rule("GREATER_THAN", "id", 2)
    assert visitor.found(after) == [1, 2, 3, 4]
    assert visitor.found(after, rule("EQUALS", "status", "Open")) == [1, 4]
    either = {"group": {"operator": "OR", "rules": [after, rule("EQUALS", "status", "Won")]}}
    assert visitor.found(either) == [2]


@pytest.mark.parametrize(
    ("zone", "ten_o_clock"),
    [
        ("UTC", "Jan 01, 2024 10:00 AM"),
        ("Asia/Kolkata", "Jan 01, 2024 03:30 PM"),
        ("America/New_York", "Jan 01, 2024 05:00 AM"),
    ],
)
def test_dates_are_read_in_the_accounts_zone(visit, data_file, rule, zone, ten_o_clock):
    """A rule's date has no zone: it is that of the account, as is that of such dates in deals."""
    deals = [
        {"id": 1, "createdAt": "2024-01-01T10:00:00Z"},
        {"id": 2, "createdAt": "2024-01-01T10:01:00Z"},
        {"id": 3, "createdAt": ten_o_clock},
        {"id": 4, "createdAt": ten_o_clock.replace(":00 ", ":05 ").replace(":30 ", ":35 ")},
        {"id": 5, "createdAt": "2024-01-01T10:02:00"},
    ]
    visitor = visit(data=data_file(*deals), time_zone=zone)
    found = visitor.found(rule("IS_AFTER", "createdAt", ten_o_clock))
    assert [deal for deal in found if deal != 5] == [2, 4]
    assert (5 in found) == (zone != "Asia/Kolkata")  # where it was 10:02 before it was so in UTC


@pytest.mark.parametrize(
    ("condition", "field", "data"),
    [
        ("IS_AFTER", "createdAt", "2024-01-01T10:00:00Z"),
        ("IS_AFTER", "createdAt", "Foo 01, 2024 10:00 AM"),
        ("IS_AFTER", "createdAt", "Feb 31, 2024 10:00 AM"),
        ("IS_AFTER", "createdAt", "Jan 01, 2024 13:00 AM"),
        ("IS_AFTER", "createdAt", None),
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
def test_a_rule_that_cannot_be_is_refused(four, rule, condition, field, data, sort):
    """Unknown fields and conditions, and data that does not fit, get 400 with a sentence."""
    body = {"sort": {"fieldName": f"deal.{sort}", "order": "asc"}}
    assert refusal(four.search(rule(condition, field, data), **body))


@pytest.mark.parametrize(
    "body",
    [
        {"filterQuery": [1]},
        {"filterQuery": "x"},
        {"filterQuery": {"group": "x"}},
        {"filterQuery": {"group": {"operator": "XOR", "rules": []}}},
        {"filterQuery": {"group": {"operator": "AND", "rules": {}}}},
        {"filterQuery": {"group": {"operator": "AND", "rules": ["x"]}}},
        {"filterQuery": {"group": {"operator": "AND", "rules": [{"condition": "EQUALS"}]}}},
        {"moduleId": 1},
        {"sort": "id"},
        {"sort": {"fieldName": "deal.dealValue", "order": "asc"}},
        {"sort": {"fieldName": "deal.id", "order": "up"}},
        {"displayingFields": "deal.id"},
        {"displayingFields": ["deal.colour"]},
        {"displayingFields": ["title"]},
        {"displayingFields": [7]},
    ],
)
def test_a_body_that_cannot_be_is_refused(four, body):
    """Every part of the body is checked."""
    assert refusal(four.search(**body))


def test_another_module_is_refused(four, rule):
    """A rule of another module does not fit a search of deals."""
    wrong = {**rule("EQUALS", "title", "x"), "moduleName": "Task"}
    assert "Task" in refusal(four.search(wrong))


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(four, body):
    """What cannot be read as a JSON object is the caller's fault, never the server's."""
    headers = {**four.key, "Content-Type": "application/json"}
    assert refusal(four.http.post(f"{four.box.url}/apis/deal/v4/search", data=body, headers=headers))


def test_groups_nested_beyond_sense_are_refused(four):
    """Groups in groups end somewhere."""
    query = {"operator": "AND", "rules": []}
    for depth in range(2, 18):
        query = {"operator": "AND", "rules": [{"group": query}]}
        answer = four.search(filterQuery={"group": query})
        assert answer.status_code == (200 if depth <= 16 else 400)
    assert "too deep" in refusal(answer)


@pytest.mark.parametrize(
    ("field", "ascending"),
    [
        ("id", [1, 2, 3, 4]),
        ("title", [1, 4, 2, 3]),
        ("createdAt", [4, 1, 2, 3]),
        ("lastModifiedAt", [3, 4, 2, 1]),
    ],
)
@pytest.mark.parametrize("key", ["order", "orderType"])
def test_deals_are_sorted_both_ways(four, field, ascending, key):
    """Four fields can be sorted by, up and down, by either spelling; what is missing comes first."""
    up = four.found(sort={"fieldName": f"deal.{field}", key: "asc"})
    down = four.found(sort={"fieldName": f"deal.{field}", key: "desc"})
    if field == "lastModifiedAt":  # two have none
        assert set(up[:2]) == {3, 4}
        up = [3, 4, *up[2:]]
        down = [*down[:2], 4, 3]
    assert (up, down) == (ascending, ascending[::-1])


def test_without_a_sort_deals_come_by_id(four):
    """The order that nobody asked for is the one of ids."""
    assert four.found() == [1, 2, 3, 4]


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_pages_fit_together(visit, rule, direction):
    """Pages hold every deal once in either direction, with limits and without."""
    visitor = visit(deals=57)
    sort = {"fieldName": "deal.createdAt", "order": direction}
    for rules in ([], [rule("IS_AFTER", "createdAt", "Mar 01, 2025 12:00 AM")]):
        whole = visitor.found(*rules, sort=sort)
        pages = [visitor.found(*rules, sort=sort, rows=10, offset=offset) for offset in range(0, 70, 10)]
        assert [deal for page in pages for deal in page] == whole
        assert len(set(whole)) == len(whole) > 20
        assert pages[-1] == []


def test_ties_are_not_in_the_order_of_ids(visit, data_file):
    """Deals of one moment come in an order of the server's own, the same each time."""
    same = [{"id": number, "createdAt": "2024-01-01T00:00:00Z"} for number in range(1, 41)]
    visitor = visit(data=data_file(*same))
    sort = {"fieldName": "deal.createdAt", "order": "asc"}
    found = visitor.found(sort=sort)
    assert sorted(found) == list(range(1, 41))
    assert found not in (sorted(found), sorted(found)[::-1])
    assert visitor.found(sort=sort) == found


def test_only_the_fields_asked_for_come(four):
    """Relations stay objects, with the parts asked for; the id always comes."""
    asked = ["deal.title", "deal.owner.name", "deal.lastNote"]
    rows = four.search(displayingFields=asked).json()["Data"]["data"]
    assert rows == [
        {"id": 1, "title": "Alpha", "owner": {"name": "Ann Lee"}},
        {"id": 2, "title": "beta", "Owner": {"name": "Bo"}},
        {"id": 3, "title": "Été", "owner": {}},
        {"id": 4, "title": "alphabet"},
    ]
    rows = four.search(displayingFields=["deal.owner", "deal.owner.id"]).json()["Data"]["data"]
    assert rows[0]["owner"] == {"id": 7, "name": "Ann Lee"}
    assert rows[3] == {"id": 4, "owner.id": 9}


def test_without_fields_all_come(four):
    """No displayingFields means whole records."""
    assert tuple(four.search().json()["Data"]["data"]) == RECORDS


def test_rows_are_counted_on_request(four):
    """totalRows and totalPages come where getRecordsCount asks for them."""
    assert four.search(rows=3).json()["Data"].keys() == {"data", "totalRows", "totalPages"}
    assert four.search(getRecordsCount=False).json()["Data"].keys() == {"data"}


def test_a_page_is_quick(visit):
    """A page out of many deals is served without sorting them all again."""
    visitor = visit(deals=3000)
    visitor.search()
    start = time.perf_counter()
    for offset in range(0, 2500, 250):
        visitor.search(offset=offset)
    assert (time.perf_counter() - start) / 10 < 0.1
