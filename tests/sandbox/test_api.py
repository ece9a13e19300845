"""Who may call the API, how its answers are wrapped, and its smaller endpoints."""

from __future__ import annotations

import json
import time

import pytest


def failure(answer):
    """Return the name of the failure in an envelope."""
    payload = answer.json()
    assert payload.keys() == {"Status", "Error"}
    assert payload["Status"] == "failure"
    assert payload["Error"].keys() == {"Code", "Name", "Message"}
    return answer.status_code, payload["Error"]["Name"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}])
def test_a_call_without_a_good_token_gets_401(visitor, headers):
    """Neither a missing nor an unknown token opens the API."""
    answer = visitor.http.get(f"{visitor.box.url}/v1/deals", headers=headers)
    assert failure(answer) == (401, "AuthenticationFailed")
    assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_an_access_key_opens_the_api(visitor):
    """The key and the linkname are enough."""
    assert visitor.get("/v1/deals").status_code == 200


def test_a_wrong_access_key_gets_403(visitor):
    """The vendor answers 403, not 401, to a wrong key."""
    headers = {**visitor.key, "accessToken": "wrong"}
    answer = visitor.http.get(f"{visitor.box.url}/v1/deals", headers=headers)
    assert failure(answer) == (403, "AuthorizationFailed")


@pytest.mark.parametrize("linkname", ["other.salesmate.io", "sandbox", None])
def test_a_wrong_linkname_gets_404(visitor, linkname):
    """A key goes with the full name of its own workspace."""
    headers = {**visitor.key, "x-linkname": linkname}
    answer = visitor.http.get(f"{visitor.box.url}/v1/deals", headers=headers)
    assert failure(answer) == (404, "NoSuchLinkExist")


def test_key_and_linkname_can_be_chosen(visit):
    """access_key and linkname are options."""
    visitor = visit(access_key="k3y", linkname="acme")
    assert visitor.key == {"accessToken": "k3y", "x-linkname": "acme.salesmate.io"}
    assert visitor.get("/v1/deals").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", "/v1/deals"),
        ("GET", "/v1/deals/"),
        ("GET", "/v1//deals"),
        ("GET", "/favicon.ico"),
    ],
)
def test_anything_else_is_not_there(visitor, method, path):
    """Other paths and methods get the 404 envelope, never a redirect."""
    answer = visitor.http.request(
        method, f"{visitor.box.url}{path}", headers=visitor.key, allow_redirects=False
    )
    assert failure(answer) == (404, "ObjectNotFound")


def test_another_host_name_is_not_served(visitor):
    """A page from elsewhere cannot reach the sandbox under a name of its own."""
    headers = {**visitor.key, "Host": "elsewhere.example"}
    assert visitor.http.get(f"{visitor.box.url}/v1/deals", headers=headers).status_code == 404


def test_a_success_is_wrapped(visitor):
    """Data comes under Status and Data."""
    payload = visitor.get("/v1/deals").json()
    assert payload.keys() == {"Status", "Data"}
    assert payload["Status"] == "success"
    assert payload["Data"].keys() == {"data", "totalRows", "totalPages"}


def test_one_deal_comes_whole(visitor):
    """A deal by its id is the record itself; another id is not found."""
    deal = visitor.box.deals.ids()[2]
    assert visitor.get(f"/apis/deal/v4/{deal}").json()["Data"] == visitor.box.deals.get(deal)
    assert failure(visitor.get("/apis/deal/v4/7")) == (404, "ObjectNotFound")
    assert failure(visitor.get("/apis/deal/v4/seven")) == (404, "ObjectNotFound")


def test_users_are_the_owners(visit):
    """Every owner of a deal is a user; those who left are not active."""
    visitor = visit(deals=300)
    users = visitor.get("/apis/core/v4/users").json()["Data"]
    active = visitor.get("/apis/core/v4/users", status="active").json()["Data"]
    assert users[0].keys() == {"id", "firstName", "lastName", "email", "isActive", "Role"}
    assert {user["id"] for user in users} - {user["id"] for user in active} == {23}
    owners = {deal["owner"]["id"] for deal in visitor.box.deals.records() if deal.get("owner")}
    assert {user["id"] for user in users} == owners


def test_users_of_a_file_are_its_owners(visit, data_file):
    """With data of one's own, nobody is made up."""
    visitor = visit(data=data_file({"id": 1, "owner": {"id": 11, "name": "Ann Lee"}}, {"id": 2, "owner": {}}))
    users = visitor.get("/apis/core/v4/users").json()["Data"]
    assert [(user["id"], user["firstName"], user["lastName"]) for user in users] == [(11, "Ann", "Lee")]


def test_the_catalogue_names_standard_and_custom_fields(visitor):
    """Each field has a label, a type and its options as JSON text; made-up custom fields are labelled."""
    fields = {
        one["fieldName"]: one
        for one in visitor.get("/apis/v3/fields/getAllVisibleFields").json()["Data"]["deal"]
    }
    assert fields["dealValue"]["displayName"] == "Deal Value"
    assert {one["text"] for one in json.loads(fields["status"]["fieldOptions"])["values"]} == {
        "Open",
        "Won",
        "Lost",
    }
    custom = {name: one["displayName"] for name, one in fields.items() if one["isCustom"]}
    assert custom == {
        "textCustomField1": "Contract length",
        "intCustomField1": "Seats",
        "decimalCustomField1": "Discount %",
        "checkboxCustomField1": "Renewal",
        "dateTimeCustomField1": "Go-live",
    }


def test_the_catalogue_names_the_custom_fields_of_a_file(visit, data_file):
    """Fields that a file brings along are in the catalogue, typed by their name."""
    visitor = visit(data=data_file({"id": 1, "textCustomField2": "x", "dateTimeCustomField7": None}))
    listed = visitor.get("/apis/v3/fields/getAllVisibleFields").json()["Data"]["deal"]
    custom = {one["fieldName"]: one["type"] for one in listed if one["isCustom"]}
    assert custom == {"textCustomField2": "Text", "dateTimeCustomField7": "DateTime"}


def test_too_many_calls_get_429(visit):
    """With calls_per_hour, the next call waits; OAuth's own endpoints do not count."""
    visitor = visit(calls_per_hour=2)
    token = visitor.log_in()["access_token"]
    assert [visitor.deals(token).status_code for _ in range(2)] == [200, 200]
    limited = visitor.deals(token)
    assert failure(limited) == (429, "TooManyRequests")
    assert 3590 < int(limited.headers["Retry-After"]) <= 3600
    assert visitor.log_in()["token_type"] == "Bearer"


def test_latency_is_added_to_api_answers(visit):
    """latency slows the API, and leaves OAuth alone."""
    visitor = visit(latency=0.5)
    start = time.perf_counter()
    token = visitor.log_in()["access_token"]
    assert time.perf_counter() - start < 0.5
    start = time.perf_counter()
    visitor.deals(token)
    assert time.perf_counter() - start >= 0.5


def test_pages_follow_each_other(visit):
    """Pages of v1 hold every deal once, by id, and tell how many there are."""
    visitor = visit(deals=260)
    first, second = (visitor.get("/v1/deals", **{"from": offset}).json()["Data"] for offset in (0, 250))
    assert (len(first["data"]), len(second["data"])) == (250, 10)
    assert (first["totalRows"], first["totalPages"]) == (260, 2)
    assert [deal["id"] for deal in first["data"] + second["data"]] == visitor.box.deals.ids()
    assert visitor.get("/v1/deals", **{"from": 260}).json()["Data"]["data"] == []


@pytest.mark.parametrize("names", [("rows", "from"), ("limit", "offset")])
def test_v1_takes_either_spelling(visitor, names):
    """Rows and offsets have two names there, since nobody knows the true one."""
    page = visitor.get("/v1/deals", **dict(zip(names, (2, 1), strict=True))).json()["Data"]
    assert [deal["id"] for deal in page["data"]] == visitor.box.deals.ids()[1:3]
    assert page["totalPages"] == 3


def test_v1_gives_no_more_than_250(visit):
    """A larger number of rows is cut to 250 without a word."""
    page = visit(deals=251).get("/v1/deals", rows=1000).json()["Data"]
    assert (len(page["data"]), page["totalPages"]) == (250, 2)


@pytest.mark.parametrize(
    "query", [{"rows": "x"}, {"rows": "0"}, {"from": "-1"}, {"from": "1.5"}, {"rows": "\u0663"}]
)
def test_what_is_no_number_is_refused(visitor, query):
    """Rows and offset are whole numbers, over v1 and v4."""
    assert failure(visitor.get("/v1/deals", **query)) == (400, "ValidationError")
    v4 = {"offset" if name == "from" else name: value for name, value in query.items()}
    assert failure(visitor.search(**v4)) == (400, "ValidationError")


def test_v4_refuses_more_than_250_rows(visitor):
    """More rows than a page holds are an error over v4 (v4 reference)."""
    assert failure(visitor.search(rows=251)) == (400, "ValidationError")


def test_an_empty_account_has_an_empty_page(visit):
    """No deals are an answer too."""
    visitor = visit(deals=0)
    assert visitor.get("/v1/deals").json()["Data"] == {"data": [], "totalRows": 0, "totalPages": 0}
    assert visitor.search().json()["Data"]["data"] == []


def test_a_hook_that_fails_shows(visitor):
    """A fault inside the sandbox, or in a test's hook, is a 500 that says what it was."""

    def hook():
        raise ZeroDivisionError("oh")

    visitor.box.before_search = hook
    answer = visitor.get("/v1/deals")
    assert failure(answer) == (500, "Unknown")
    assert "ZeroDivisionError: oh" in answer.json()["Error"]["Message"]
