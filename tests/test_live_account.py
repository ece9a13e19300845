"""The fake account does what the facts say, as plain `requests` sees it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import threading
import time
from collections import Counter
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
import requests

from tests.live_account import BEHAVIOURS, Behaviour, LiveAccount, load_real_deals, made, random_behaviour

FIELDS = ["deal.id", "deal.title", "deal.createdAt"]
SORT = {"fieldName": "deal.id", "order": "asc"}
KOLKATA = ZoneInfo("Asia/Kolkata")


def post(account, path="/apis/deal/v4/search", *, rows=250, start=0, headers=None, query=None, **body):
    return requests.post(
        account.url + path,
        params={"rows": rows, "from": start} | (query or {}),
        json={"displayingFields": FIELDS, "filterQuery": {"group": {"rules": []}}, "sort": SORT} | body,
        headers=headers or account.headers,
        timeout=30,
    )


def get(account, path):
    return requests.get(account.url + path, headers=account.headers, timeout=30)


def rows_of(account, **body):
    response = post(account, **body)
    assert response.status_code == 200, response.text
    return response.json()["Data"]["data"]


def one_pass(account, count, *, rows=250, **body):
    """Return the ids that one pass of offsets gives."""
    return [row["id"] for start in range(0, count, rows) for row in rows_of(account, start=start, **body)]


def rule(name, condition, data):
    rules = [{"condition": condition, "moduleName": "Deal", "field": {"fieldName": name}, "data": data}]
    return {"filterQuery": {"group": {"operator": "AND", "rules": rules}}}


def in_rules(value):
    return f"{dt.datetime.fromtimestamp(value, KOLKATA):%b %d, %Y %I:%M %p}"


def read(value):
    """Read a time in any of the forms, as the facts describe them."""
    if isinstance(value, str) and not re.fullmatch(r"\d+", value):
        if value[0].isdigit():
            at = dt.datetime.fromisoformat(value)
            return (at if at.tzinfo else at.replace(tzinfo=KOLKATA)).timestamp()
        at = dt.datetime.strptime(value[:-3], "%b %d, %Y %H:%M").replace(tzinfo=KOLKATA)
        assert value.endswith("AM" if at.hour < 12 else "PM")
        return at.timestamp()
    return float(value) if float(value) < 1e11 else float(value) / 1000


@pytest.fixture(scope="module")
def deals():
    return made("deals", 359)


@pytest.fixture
def account(deals):
    with LiveAccount(deals=deals) as running:
        yield running


class TestOrder:
    def test_an_unstable_pass_loses_rows_and_repeats_others(self, account, deals):
        passes = [one_pass(account, 359) for _ in range(20)]
        distinct = [len(set(ids)) for ids in passes]
        assert min(distinct) >= 315
        assert max(distinct) <= 346
        assert len(set(distinct)) > 5
        assert all(len(ids) == 359 for ids in passes)
        assert post(account).json()["Data"]["totalRows"] == 359

    @pytest.mark.parametrize(("name", "usual"), [("measured", 2), ("independent passes", 3)])
    def test_a_few_united_passes_find_every_row(self, account, deals, name, usual):
        account.behaviour = BEHAVIOURS[name]
        needed = []
        for _ in range(10):
            found, count = set(), 0
            while len(found) < 359:
                found |= set(one_pass(account, 359))
                count += 1
            needed.append(count)
            assert found == {deal["id"] for deal in deals}
        assert sorted(needed)[5] == usual
        assert max(needed) <= 5

    def test_no_page_holds_a_row_twice_and_its_rows_are_sorted(self, account):
        for start in (0, 100, 200, 300, 0, 100, 200, 300):
            ids = [row["id"] for row in rows_of(account, rows=100, start=start)]
            assert ids == sorted(set(ids))

    def test_what_fits_one_page_is_whole(self, deals):
        with LiveAccount(deals=deals[:250]) as account:
            assert one_pass(account, 250) == [deal["id"] for deal in deals[:250]]

    @pytest.mark.parametrize("count", [251, 260, 500, 501, 1003])
    def test_any_size_can_be_unstable(self, count):
        with LiveAccount(deals=made("deals", count)) as account:
            ids = one_pass(account, count)
        assert len(ids) == count
        assert max(1, 0.02 * count) <= count - len(set(ids)) <= max(1, 0.123 * count) or count < 300

    def test_the_draws_are_repeatable(self, deals):
        found = []
        for seed in (1, 1, 2):
            with LiveAccount(deals=deals, seed=seed) as account:
                found.append(one_pass(account, 359))
        assert found[0] == found[1] != found[2]

    @pytest.mark.parametrize("direction", ["asc", "desc"])
    @pytest.mark.parametrize("field", ["id", "createdAt", "title"])
    def test_a_stable_order_keeps_the_sort(self, deals, field, direction):
        with LiveAccount(deals=deals, behaviour=BEHAVIOURS["kind"]) as account:
            ids = one_pass(account, 359, sort={"fieldName": f"deal.{field}", "order": direction})
        down = direction == "desc"
        expected = sorted(deals, key=lambda deal: (deal[field], deal["id"]), reverse=down)
        assert ids == [deal["id"] for deal in expected]

    def test_newest_first_ignores_the_sort(self, deals):
        with LiveAccount(deals=deals, behaviour=BEHAVIOURS["newest first"]) as account:
            assert one_pass(account, 359) == [
                deal["id"] for deal in sorted(deals, key=lambda d: (-d["createdAt"], -d["id"]))
            ]

    def test_ties_of_created_at_come_in_any_order(self, deals):
        sort = {"fieldName": "deal.createdAt", "orderType": "asc"}
        with LiveAccount(deals=deals, behaviour=BEHAVIOURS["ties in any order"]) as account:
            pages = [rows_of(account, sort=sort) for _ in range(2)]
        times = [[row["createdAt"] for row in page] for page in pages]
        assert times[0] == times[1] == sorted(times[0])
        assert pages[0] != pages[1]

    def test_ties_of_a_stable_sort_come_anew_or_by_replica(self):
        equal = [{"id": number, "createdAt": 7, "lastModifiedAt": 9} for number in range(1, 41)]
        sort = {"fieldName": "deal.lastModifiedAt", "order": "desc"}
        for ties, orders in (("by id", {1}), ("by replica", {2}), ("anew", set(range(3, 13)))):
            behaviour = replace(BEHAVIOURS["kind"], ties=ties)
            with LiveAccount(deals=equal, behaviour=behaviour) as account:
                found = {tuple(row["id"] for row in rows_of(account, sort=sort)) for _ in range(12)}
                assert len(found) in orders
                assert [row["id"] for row in rows_of(account)] == list(range(1, 41))

    def test_shuffled_requests_lose_rows_too(self, deals):
        with LiveAccount(deals=deals, behaviour=BEHAVIOURS["shuffled"]) as account:
            assert len(set(one_pass(account, 359))) < 359

    @pytest.mark.parametrize(
        ("key", "body"),
        [
            ("moduleId", {"moduleId": 4}),
            ("orderType", {"sort": {"fieldName": "deal.id", "orderType": "asc"}}),
            ("a list", {"sort": [SORT]}),
        ],
    )
    def test_something_in_the_body_can_make_it_stable(self, deals, key, body):
        with LiveAccount(deals=deals, behaviour=Behaviour(stable_with=key)) as account:
            assert len(set(one_pass(account, 359))) < 359
            assert len(set(one_pass(account, 359, **body))) == 359

    def test_activities_are_stable(self):
        with LiveAccount(activities=made("activities", 300)) as account:
            found = []
            for start in (0, 250):
                data = post(account, "/apis/activity/v4/search", start=start, displayingFields=[]).json()[
                    "Data"
                ]
                found += [row["id"] for row in data["data"]]
        assert len(set(found)) == 300


class TestKeys:
    def test_only_the_session_key_works(self, account):
        for key in (account.access_key, account.secret_key):
            response = post(account, headers=account.headers | {"accessToken": key})
            assert response.status_code == 403
            assert response.json() == {
                "Status": "failure",
                "Error": {"code": "4004", "name": "AuthorizationFailed", "message": ""},
            }
        response = post(account, headers=account.headers | {"accessToken": "made up"})
        assert (response.status_code, response.json()["Error"]["name"]) == (401, "AuthenticationFailed")

    def test_a_wrong_linkname_is_not_found(self, account):
        response = post(account, headers=account.headers | {"x-linkname": "other.salesmate.io"})
        assert (response.status_code, response.json()["Error"]["name"]) == (404, "NoSuchLinkExist")

    @pytest.mark.parametrize("status", [401, 200])
    def test_a_key_expires(self, deals, status):
        behaviour = Behaviour(expired_status=status, key_lasts=2)
        with LiveAccount(deals=deals, behaviour=behaviour) as account:
            assert [len(rows_of(account)) for _ in range(2)] == [250, 250]
            response = post(account)
        assert response.status_code == status
        assert response.json()["Error"]["code"] == "4002"


class TestRules:
    @pytest.mark.parametrize("refusal", ["400", "403", "422", "500", "200"])
    def test_rules_on_the_id_are_refused(self, deals, refusal):
        with LiveAccount(deals=deals, behaviour=Behaviour(refusal=refusal)) as account:
            for condition in ("GREATER_THAN", "EQUALS", "LESS_THAN"):
                response = post(account, **rule("deal.id", condition, 100))
                assert response.status_code == int(refusal)
                assert response.json()["Status"] == "failure"
            assert len(rows_of(account)) == 250

    def test_rules_on_the_id_may_be_supported_or_ignored(self, deals):
        ids = [deal["id"] for deal in deals]
        with LiveAccount(deals=deals, behaviour=BEHAVIOURS["ids supported"]) as account:
            found = rows_of(account, **rule("deal.id", "GREATER_THAN", ids[300]))
            assert [row["id"] for row in found] == ids[301:]
            account.behaviour = BEHAVIOURS["ids ignored"]
            assert len(rows_of(account, **rule("deal.id", "GREATER_THAN", ids[300]))) == 250

    @pytest.mark.parametrize("edge", ["later seconds", "next minute", "same minute"])
    def test_created_at_is_compared_to_the_minute_in_the_zone_of_the_account(self, edge):
        times = [1_700_000_039, 1_700_000_040, 1_700_000_041, 1_700_000_099, 1_700_000_100]  # :40 is a minute
        deals = [{"id": n, "createdAt": value} for n, value in enumerate(times)]
        behaviour = Behaviour(minute_edge=edge, created_until="supported")
        with LiveAccount(deals=deals, behaviour=behaviour) as account:

            def found(condition, data):
                return [row["id"] for row in rows_of(account, **rule("deal.createdAt", condition, data))]

            at = in_rules(times[1])
            after = {"later seconds": [2, 3, 4], "next minute": [4], "same minute": [1, 2, 3, 4]}
            assert found("IS_AFTER", at) == after[edge]
            assert found("IS_BEFORE", at) == ([0, 1, 2, 3] if edge == "same minute" else [0])
            between = [1] if edge == "later seconds" else [1, 2, 3]
            assert found("BETWEEN", {"from": at, "to": at}) == between
            assert found("IS_AFTER", "Jan 01, 1970 05:30 AM") == [0, 1, 2, 3, 4]

    def test_everything_but_no_rules_can_be_refused(self, deals):
        with LiveAccount(deals=deals, behaviour=BEHAVIOURS["everything refused"]) as account:
            for asked in (
                rule("deal.createdAt", "IS_AFTER", "Jan 01, 1970 05:30 AM"),
                rule("deal.lastModifiedAt", "IS_AFTER", "Jan 01, 2024 05:30 AM"),
                rule("deal.status", "EQUALS", "Open"),
            ):
                assert post(account, **asked).json()["Status"] == "failure"
            assert len(rows_of(account)) == 250

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            (rule("deal.status", "EQUALS", "Open"), lambda deal: deal["status"] == "Open"),
            (rule("owner", "EQUALS", "$MYSELF$"), lambda deal: (deal["owner"] or {}).get("id") == 1),
            (rule("deal.tags", "NOT_EQUALS", "hot"), lambda deal: "hot" not in deal["tags"]),
            (rule("deal.priority", "EMPTY", ""), lambda deal: deal["priority"] is None),
            (rule("deal.isDeleted", "EQUALS", "false"), lambda _: True),
            (
                rule("deal.pipeline", "EQUALS", {"group": "Sales", "value": "New"}),
                lambda deal: (deal["pipeline"], deal["stage"]) == ("Sales", "New"),
            ),
        ],
    )
    def test_rules_seen_in_use_are_supported(self, deals, asked, expected):
        with LiveAccount(deals=deals[:200]) as account:
            found = {row["id"] for row in rows_of(account, **asked)}
        assert found == {deal["id"] for deal in deals[:200] if expected(deal)}

    def test_deleted_records_can_be_searched_where_that_is_supported(self, deals):
        asked = rule("deal.isDeleted", "EQUALS", "true")
        with LiveAccount(deals=deals) as account:
            account.delete("deals", deals[5]["id"])
            assert post(account, **asked).status_code == 400
            account.behaviour = BEHAVIOURS["kind"]
            assert [row["id"] for row in rows_of(account, **asked)] == [deals[5]["id"]]


class TestRows:
    def test_more_than_250_rows_are_silently_250(self, account):
        assert len(rows_of(account, rows=1000)) == 250

    def test_relations_come_by_their_sub_fields_alone(self, deals):
        deal = next(deal for deal in deals if deal["owner"] and not deal["primaryCompany"])
        with LiveAccount(deals=[deal]) as account:
            [row] = rows_of(account, displayingFields=["deal.owner", "deal.title"])
            assert row == {"id": deal["id"], "title": deal["title"]}
            asked = ["deal.owner.name", "deal.owner.id", "deal.primaryCompany.name"]
            [row] = rows_of(account, displayingFields=asked)
        owner = {name: deal["owner"][name] for name in ("id", "name")}
        assert row == {"id": deal["id"], "owner": owner, "primaryCompany": {}}

    @pytest.mark.parametrize(
        ("form", "expected"),
        [
            ({"relation_keys": "capitalised"}, {"Owner": {"name": "Ada"}}),
            ({"relation_keys": "flat"}, {"owner.name": "Ada"}),
            ({"relation_form": "id"}, {"owner": 5}),
        ],
    )
    def test_relations_take_other_forms(self, form, expected):
        deals = [{"id": 1, "createdAt": 1, "owner": {"id": 5, "name": "Ada"}}]
        with LiveAccount(deals=deals, behaviour=Behaviour(**form)) as account:
            assert rows_of(account, displayingFields=["deal.owner.name"]) == [{"id": 1, **expected}]

    @pytest.mark.parametrize(("form", "name"), [("contact", "deal"), ("primaryContact", "relatedTo")])
    def test_activities_name_their_links_in_two_ways(self, form, name):
        activity = {"id": 1, "createdAt": 1, "deal": {"id": 7, "title": "A"}, "isCompleted": True}
        with LiveAccount(activities=[activity], behaviour=Behaviour(activity_links=form)) as account:
            names = ["id", "isCompleted", "deal.id", "deal.title", "relatedTo.id", "relatedTo.title"]
            fields = [f"task.{sub}" for sub in names]
            response = post(account, "/apis/activity/v4/search", displayingFields=fields)
        assert response.json()["Data"]["data"] == [{"id": 1, "isCompleted": 1, name: {"id": 7, "title": "A"}}]

    @pytest.mark.parametrize(
        "form",
        [
            *(
                "seconds",
                "milliseconds",
                "text seconds",
                "text milliseconds",
                "ISO",
                "ISO offset",
                "ISO local",
            ),
            *("v3", "mixed"),
        ],
    )
    def test_times_are_written_in_many_forms(self, deals, form):
        behaviour = Behaviour(timestamps=form)
        with LiveAccount(deals=deals[:250], behaviour=behaviour) as account:
            rows = rows_of(account)
        values = [row["createdAt"] for row in rows]
        for deal, value in zip(deals, values, strict=False):
            assert 0 <= deal["createdAt"] - read(value) < behaviour.resolution
        if form == "seconds":
            assert all(isinstance(value, int) for value in values)
        if form == "mixed":
            assert len({re.sub(r"\w", "0", str(value)) for value in values}) >= 4

    @pytest.mark.parametrize(
        ("totals", "expected"),
        [("right", 300), ("missing", None), ("text", "300"), ("zero", 0), ("lagging", 297), ("page", 50)],
    )
    def test_totals_differ(self, deals, totals, expected):
        with LiveAccount(deals=deals[:300], behaviour=Behaviour(totals=totals)) as account:
            assert post(account, start=250).json()["Data"].get("totalRows") == expected

    def test_activities_give_a_total_only_where_it_is_asked_for(self):
        with LiveAccount(activities=made("activities", 3)) as account:
            path = "/apis/activity/v4/search"
            assert "totalRows" not in post(account, path).json()["Data"]
            asked = post(account, path, query={"viewType": "list"}, getRecordsCount=True)
        assert asked.json()["Data"]["totalRows"] == 3

    def test_no_rows_can_be_null(self):
        with LiveAccount(behaviour=Behaviour(empty_list="null")) as account:
            assert post(account).json()["Data"] == {"data": None, "totalRows": 0, "totalPages": 0}

    def test_empty_values_numbers_tags_and_currency_take_other_forms(self, deals):
        with LiveAccount(deals=deals[:250], behaviour=BEHAVIOURS["other forms"]) as account:
            fields = ["deal.id", "deal.priority", "deal.tags", "deal.currency", "deal.dealValue"]
            rows = rows_of(account, displayingFields=fields)
        assert {type(row["id"]) for row in rows} == {int, str}
        assert {str(row.get("priority", "absent")) for row in rows} == {
            *("absent", "None", "", "{}", "High", "Low"),
        }
        assert {type(row["tags"]) for row in rows if row.get("tags")} == {list}
        assert rows[0]["currency"] == {
            "code": deals[0]["currency"],
            "rate": 1.0,
            "symbol": "€" if deals[0]["currency"] == "EUR" else "$",
        }


class TestOtherPaths:
    def test_users_can_be_active_ones_alone(self):
        users = [
            {"id": 1, "name": "Ada", "isActive": True, "isCurrentUser": True, "timezone": "Asia/Kolkata"},
            {"id": 2, "name": "Ben", "isActive": False, "isCurrentUser": False, "timezone": "Asia/Kolkata"},
        ]
        with LiveAccount(users=users) as account:
            listed = get(account, "/apis/core/v4/users").json()["Data"]
            active = get(account, "/apis/core/v4/users?status=active").json()["Data"]
        assert [user["isActive"] for user in listed] == [1, 0]
        assert [user["id"] for user in active] == [1]

    def test_one_deal_has_times_as_text(self, account, deals):
        data = get(account, f"/apis/deal/v4/{deals[0]['id']}").json()["Data"]
        assert re.fullmatch(r"Jan \d\d, 2023 \d\d:\d\d [AP]M", data["createdAt"])
        assert 0 <= deals[0]["createdAt"] - read(data["createdAt"]) < 60
        assert data["currency"]["code"] == deals[0]["currency"]
        assert get(account, "/apis/deal/v4/1").status_code == 404

    def test_the_catalogue_is_on_one_of_three_paths(self, deals):
        paths = {
            "v3": "/apis/v3/fields/getAllVisibleFields",
            "module/v4": "/apis/module/v4/4/fields",
            "v1": "/apis/v1/modules/4/fields",
        }
        for name in (*paths, "none"):
            behaviour = Behaviour(catalogue=name)
            with LiveAccount(
                deals=deals, behaviour=behaviour, labels={"textCustomField1": "Region"}
            ) as account:
                responses = {path: get(account, path) for path in paths.values()}
            good = {path: r.json()["Data"] for path, r in responses.items() if r.status_code == 200}
            assert list(good) == ([paths[name]] if name in paths else [])
            for data in good.values():
                listed = data["deal"] if name == "v3" else data
                if name == "v1":
                    listed = [field for group in data for field in group["Fields"]]
                labels = {field["fieldName"]: field["displayName"] for field in listed}
                assert labels["textCustomField1"] == "Region"

    @pytest.mark.parametrize("form", ["values", "valuesMeta", "mappedDependency", "url"])
    def test_options_take_four_forms(self, deals, form):
        with LiveAccount(deals=deals, behaviour=Behaviour(options=form)) as account:
            data = get(account, "/apis/v3/fields/getAllVisibleFields").json()["Data"]
        [stage] = [field for field in data["deal"] if field["fieldName"] == "stage"]
        assert list(stage["fieldOptions"]) == [form]

    def test_pipelines_currencies_and_tags(self, account):
        pipelines = get(account, "/apis/v3/apps/dealPipeline").json()["Data"]
        assert {pipeline["pipeline"] for pipeline in pipelines} == {"Sales", "Renewals"}
        assert {stage["stage"] for stage in pipelines[0]["stages"]} == {"New", "Offer", "Won", "Lost"}
        codes = get(account, "/apis/v3/lookups/active/currency").json()["Data"]
        assert [one["code"] for one in codes] == ["EUR", "USD"]
        assert {"tag": "Zürich"} in get(account, "/apis/v1/tags").json()["Data"]


class TestServer:
    @pytest.mark.parametrize("retry", [True, False])
    def test_the_limit_is_429_with_or_without_a_time_to_wait(self, deals, retry):
        behaviour = Behaviour(limit=2, limit_seconds=60, retry_after=retry)
        with LiveAccount(deals=deals, behaviour=behaviour) as account:
            responses = [post(account) for _ in range(3)]
        assert [response.status_code for response in responses] == [200, 200, 429]
        assert ("Retry-After" in responses[-1].headers) is retry

    def test_latency_is_shared_by_requests_side_by_side(self, deals):
        with LiveAccount(deals=deals, behaviour=Behaviour(latency=20)) as account:  # or until it closes
            threads = [threading.Thread(target=post, args=[account]) for _ in range(4)]
            for thread in threads:
                thread.start()
            while len(account.requests) < 4 and all(thread.is_alive() for thread in threads):
                time.sleep(0.01)
            received = len(account.requests)
        for thread in threads:
            thread.join()
        assert received == 4

    def test_the_search_may_show_an_edit_late(self):
        records = [{"id": n, "title": "Old", "createdAt": n, "lastModifiedAt": n} for n in (101, 102)]
        with LiveAccount(deals=records) as account:
            for number in (101, 102):
                account.edit("deals", number, title="New", is_late=True)
            assert [deal["title"] for deal in account.truth("deals")] == ["New", "New"]
            assert [row["title"] for row in rows_of(account)] == ["Old", "Old"]
            account.index("deals", 102)
            assert [row["title"] for row in rows_of(account)] == ["Old", "New"]
            account.index("deals")
            assert [row["title"] for row in rows_of(account)] == ["New", "New"]

    def test_records_change_between_requests(self, deals):
        def change(count, account):
            if count == 2:
                account.edit("deals", 101, title="New title", at=9_999_999_999)
                account.delete("deals", 102)
                account.create("deals", id=103, title="Added")
            if count == 3:
                account.restore("deals", 102)

        records = [{"id": n, "title": "Old title", "createdAt": n, "lastModifiedAt": n} for n in (101, 102)]
        with LiveAccount(deals=records, on_request=change) as account:
            assert [row["id"] for row in rows_of(account)] == [101, 102]
            assert [row["title"] for row in rows_of(account)] == ["New title", "Added"]
            assert [row["id"] for row in rows_of(account)] == [101, 102, 103]
            assert [deal["lastModifiedAt"] for deal in account.truth("deals")][:2] == [9_999_999_999, 102]

    def test_every_request_is_recorded(self, account):
        post(account, start=250, moduleId=4)
        get(account, "/apis/v1/nothing")
        search, other = account.requests
        assert (search.count, search.method, search.path) == (1, "POST", "/apis/deal/v4/search")
        assert (search.query, search.body["moduleId"]) == ({"rows": "250", "from": "250"}, 4)
        assert search.headers["accesstoken"] == account.session_key
        assert (other.body, other.status) == (None, 404)
        assert account.searches() == [search]

    def test_a_fault_of_the_hook_fails_the_test(self):
        with (
            pytest.raises(ZeroDivisionError),
            LiveAccount(on_request=lambda *_: 1 / 0) as account,
            pytest.raises(requests.ConnectionError),
        ):
            get(account, "/apis/core/v4/users")

    def test_no_thread_is_left(self, deals):
        before = set(threading.enumerate())
        with LiveAccount(deals=deals) as account, requests.Session() as session:
            session.get(account.url, headers=account.headers, timeout=30)
            assert set(threading.enumerate()) - before
        assert not set(threading.enumerate()) - before


class TestBehaviours:
    @pytest.mark.parametrize("name", BEHAVIOURS)
    def test_every_named_one_gives_all_rows_without_rules(self, deals, name):
        with LiveAccount(deals=deals[:40], behaviour=BEHAVIOURS[name]) as account:
            assert {int(row["id"]) for row in rows_of(account)} == {deal["id"] for deal in deals[:40]}

    def test_random_ones_give_all_rows_without_rules(self, deals):
        names = [f"deal.{name}" for name in deals[0]] + ["deal.owner.id", "deal.primaryCompany.name"]
        for seed in range(60):
            behaviour = random_behaviour(seed)
            with LiveAccount(deals=deals[:40], behaviour=behaviour, seed=seed) as account:
                rows = {int(row["id"]): row for row in rows_of(account, displayingFields=names)}
            assert rows.keys() == {deal["id"] for deal in deals[:40]}, behaviour
            for deal in deals[:40]:
                assert 0 <= deal["createdAt"] - read(rows[deal["id"]]["createdAt"]) < behaviour.resolution

    def test_random_ones_differ_and_are_repeatable(self):
        drawn = [random_behaviour(seed) for seed in range(200)]
        assert drawn == [random_behaviour(seed) for seed in range(200)]
        for name in ("timestamps", "order", "id_rules", "refusal", "totals", "created_until"):
            assert len(Counter(getattr(one, name) for one in drawn)) >= 3
        assert "order=" in "".join(map(str, drawn))
        assert str(Behaviour()) == "measured"

    def test_a_misspelt_value_is_refused(self):
        with pytest.raises(ValueError, match="order='stabel'"):
            dataclasses.replace(Behaviour(), order="stabel")


class TestRecords:
    def test_the_real_deals_in_the_measured_form(self, real_deals):
        deals = load_real_deals(real_deals)
        assert len(deals) == 8800
        assert sum(deal["dealValue"] for deal in deals if deal["status"] == "Won") == 10_005_534
        with LiveAccount(deals=deals) as account:
            data = post(account, rows=250).json()["Data"]
            ids = set(one_pass(account, 8800))
            expected = account.truth("deals")[0]
        assert data["totalRows"] == 8800
        assert data["data"][0]["createdAt"] == expected["createdAt"] == 1_476_921_600
        assert 0.87 <= len(ids) / 8800 <= 0.97

    @pytest.mark.parametrize("module", ["deals", "contacts", "companies", "activities"])
    def test_made_records_are_repeatable(self, module):
        records = made(module, 200)
        assert records == made(module, 200) != made(module, 200, seed=1)
        assert len({record["id"] for record in records}) == 200
        assert len({record["createdAt"] for record in records}) < 200
