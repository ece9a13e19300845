"""The API endpoints, over HTTP."""

from __future__ import annotations

import json

import pytest

from salesmate_nb.sandbox._crm.sorted_index import SortedIndex

FIELDS = "/apis/v3/fields/getAllVisibleFields"


def test_get_record(client, kind, failure_of):
    """A deal is read by its id, with times as text and the currency as an object; another is not found."""
    deal_id = client.sandbox.deals.ids()[2]
    record = client.get(f"/apis/deal/v4/{deal_id}").json()["Data"]
    assert record["createdAt"].endswith(("AM", "PM"))
    assert record["currency"]["code"] == client.sandbox.deals.get(deal_id)["currency"]
    assert kind.get(f"/apis/deal/v4/{deal_id}").json()["Data"] == kind.sandbox.deals.get(deal_id)
    assert failure_of(client.get("/apis/deal/v4/7")) == (404, "ObjectNotFound")
    assert failure_of(client.get("/apis/deal/v4/seven")) == (404, "ObjectNotFound")


def test_users(make_client):
    """Every owner of a deal is a user; some are not active."""
    client = make_client(deals=300)
    users = client.get("/apis/core/v4/users").json()["Data"]
    active = client.get("/apis/core/v4/users", status="active").json()["Data"]
    assert [user["id"] for user in users if user["isCurrentUser"]] == [11]
    assert {user["id"] for user in users} - {user["id"] for user in active} == {23}


def test_field_catalog(client):
    """Each field has a label, a type and its options as JSON text; custom fields have labels."""
    fields = {field["fieldName"]: field for field in client.get(FIELDS).json()["Data"]["deal"]}
    assert fields["dealValue"]["displayName"] == "Deal Value"
    options = json.loads(fields["status"]["fieldOptions"])["values"]
    assert {option["text"] for option in options} == {"Open", "Won", "Lost"}
    custom = {name: field["displayName"] for name, field in fields.items() if field["isCustom"]}
    assert custom == {
        "textCustomField1": "Contract length",
        "intCustomField1": "Seats",
        "decimalCustomField1": "Discount %",
        "checkboxCustomField1": "Renewal",
        "dateTimeCustomField1": "Go-live",
    }


def test_v1_pages(make_client):
    """Pages of v1 contain every deal once, by id, and report totals."""
    client = make_client(deals=260)
    first, second = (client.get("/v1/deals", **{"from": offset}).json()["Data"] for offset in (0, 250))
    assert (len(first["data"]), len(second["data"])) == (250, 10)
    assert (first["totalRows"], first["totalPages"]) == (260, 2)
    assert [deal["id"] for deal in first["data"] + second["data"]] == client.sandbox.deals.ids()
    assert client.get("/v1/deals", **{"from": 260}).json()["Data"]["data"] == []


@pytest.mark.parametrize("names", [("rows", "from"), ("limit", "offset")])
def test_v1_parameter_names(client, names):
    """Rows and offset have two names in v1, as the real ones are not known."""
    page = client.get("/v1/deals", **dict(zip(names, (2, 1), strict=True))).json()["Data"]
    assert [deal["id"] for deal in page["data"]] == client.sandbox.deals.ids()[1:3]
    assert page["totalPages"] == 3


def test_v1_max_rows(make_client):
    """In v1, more than 250 rows are silently reduced to 250."""
    page = make_client(deals=251).get("/v1/deals", rows=1000).json()["Data"]
    assert (len(page["data"]), page["totalPages"]) == (250, 2)


def test_v4_max_rows(make_client):
    """In v4 too, more than 250 rows are silently reduced to 250, or to max_rows."""
    client = make_client(deals=260)
    assert len(client.search(rows=1000).json()["Data"]["data"]) == 250
    page = make_client(max_rows=3).search(rows=250).json()["Data"]
    assert (len(page["data"]), page["totalPages"]) == (3, 2)


@pytest.mark.parametrize(
    "query", [{"rows": "x"}, {"rows": "0"}, {"from": "-1"}, {"from": "1.5"}, {"rows": "\u0663"}]
)
def test_invalid_numbers(client, failure_of, query):
    """Rows and offset must be whole numbers, in v1 and v4."""
    assert failure_of(client.get("/v1/deals", **query)) == (400, "ValidationError")
    v4 = {"offset" if name == "from" else name: value for name, value in query.items()}
    assert failure_of(client.search(**v4)) == (400, "ValidationError")


def test_empty_account(make_client):
    """Without deals a page is empty."""
    client = make_client(deals=0)
    assert client.get("/v1/deals").json()["Data"] == {"data": [], "totalRows": 0, "totalPages": 0}
    assert client.search().json()["Data"]["data"] == []


def test_search(kind, rule):
    """A search reads rules, fields, rows and offset from the request."""
    ids = kind.sandbox.deals.ids()
    response = kind.search(
        rule("GREATER_THAN", "id", ids[0]), rows=2, offset=1, displayingFields=["deal.title"]
    )
    data = response.json()["Data"]
    assert [deal["id"] for deal in data["data"]] == ids[2:4]
    assert data["data"][0].keys() == {"id", "title"}
    assert (data["totalRows"], data["totalPages"]) == (4, 2)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"[" * 100_000])
def test_invalid_json(client, failure_of, body):
    """A body that is not a JSON object is the client's error, not the server's."""
    headers = {**client.headers, "Content-Type": "application/json"}
    response = client.http.post(f"{client.sandbox.url}/apis/deal/v4/search", data=body, headers=headers)
    assert failure_of(response) == (400, "ValidationError")


@pytest.mark.parametrize(
    ("totals", "deals", "activities"),
    [
        ("given", 5, True),
        ("not of activities", 5, False),
        ("missing", None, False),
        ("lagging", 2, True),
        ("page", 3, True),
    ],
)
def test_totals(make_client, totals, deals, activities):
    """totalRows is right, missing, three too low or that of the page; activities may have none."""
    client = make_client(totals=totals)
    data = client.search(rows=3).json()["Data"]
    assert data.get("totalRows") == deals
    assert ("totalPages" in data) == (deals is not None)
    assert ("totalRows" in client.search(resource="activity").json()["Data"]) == activities
    assert client.get("/v1/deals", rows=3).json()["Data"].get("totalRows") == deals


def test_activity_totals_on_request(client):
    """Activities are counted if getRecordsCount and viewType ask for it; without them it was measured not."""
    url = f"{client.sandbox.url}/apis/activity/v4/search"

    def keys(query, body):
        return client.http.post(url, params=query, json=body, headers=client.headers).json()["Data"].keys()

    assert keys({"viewType": "list"}, {"getRecordsCount": True}) == {"data", "totalRows", "totalPages"}
    assert keys({"viewType": "list"}, {}) == keys({}, {"getRecordsCount": True}) == keys({}, {}) == {"data"}
    assert "totalRows" in client.search(getRecordsCount=False).json()["Data"]


def test_refuse_search(kind, failure_of, rule):
    """refuse_search gets the body of each search of its resource, and refuses some."""
    kind.sandbox.deals.refuse_search = lambda body: "GREATER_THAN" in json.dumps(body)
    assert failure_of(kind.search(rule("GREATER_THAN", "id", 0))) == (400, "ValidationError")
    assert kind.search(rule("LESS_THAN", "id", 0)).status_code == 200
    assert kind.search(resource="contact").status_code == 200
    kind.sandbox.deals.refuse_search = None
    assert kind.search(rule("GREATER_THAN", "id", 0)).status_code == 200


def test_before_search(client):
    """before_search is called before each page of deals, from v4 and v1, and by no other endpoint."""
    calls = []
    client.sandbox.deals.before_search = lambda: calls.append(1)
    client.search()
    client.get("/v1/deals")
    client.get("/apis/core/v4/users")
    assert len(calls) == 2


def test_change_between_pages(make_client):
    """A deal deleted before an offset makes the next page skip one."""
    client = make_client(deals=20, order="stable")
    ids = client.sandbox.deals.ids()
    pages = []

    def hook():
        if pages:
            client.sandbox.deals.delete(ids[0])

    client.sandbox.before_search = hook
    pages.append(client.ids(rows=10))
    pages.append(client.ids(rows=10, offset=10))
    assert set(ids) - {deal_id for page in pages for deal_id in page} == {ids[10]}
    assert client.sandbox.before_search is client.sandbox.deals.before_search is hook


@pytest.mark.parametrize("resource", ["contact", "company", "activity"])
def test_other_resources(make_client, resource):
    """Contacts, companies and activities are searched as deals are."""
    client = make_client(deals=40, behavior="kind")
    page = client.search(resource=resource, rows=10).json()["Data"]
    first = client.search(resource=resource).json()["Data"]
    assert len(page["data"]) == 10
    assert page["totalRows"] == first["totalRows"]
    ids = [record["id"] for record in first["data"]] + client.ids(resource=resource, offset=250)
    assert ids == sorted(ids)
    after = {"condition": "GREATER_THAN", "field": {"fieldName": f"{resource}.id"}, "data": ids[5]}
    response = client.search(after, resource=resource, displayingFields=[f"{resource}.createdAt"])
    records = response.json()["Data"]["data"]
    assert [record["id"] for record in records] == ids[6:256]
    assert set(records[0]) == {"id", "createdAt"}
    assert client.get(f"/apis/{resource}/v4/{ids[0]}").json()["Data"]["id"] == ids[0]
    assert client.get(f"/apis/{resource}/v4/1").status_code == 404


@pytest.mark.parametrize("resource", ["contact", "company", "activity"])
def test_wrong_module(client, failure_of, resource):
    """moduleId, moduleName and field names must be those of the resource in the path."""
    assert failure_of(client.search(resource=resource, moduleId=4)) == (400, "ValidationError")
    for rule in (
        {"condition": "EMPTY", "field": {"fieldName": "deal.title"}},
        {"condition": "EMPTY", "moduleName": "Deal", "field": {"fieldName": f"{resource}.id"}},
    ):
        assert failure_of(client.search(rule, resource=resource)) == (400, "ValidationError")


def test_measured_pages(make_client):
    """Pages of deals repeat some rows and lack others in spite of a sort; two or three passes have all."""
    client = make_client(deals=359)
    sort = {"fieldName": "deal.id", "order": "asc"}
    seen = set()
    for number in range(1, 4):
        pages = [client.ids(sort=sort, offset=offset) for offset in (0, 250)]
        assert [(len(page), len(set(page))) for page in pages] == [(250, 250), (109, 109)]
        assert all(page == sorted(page) for page in pages)
        found = {deal_id for page in pages for deal_id in page}
        assert 300 <= len(found) < 359, number
        seen |= found
    assert seen == set(client.sandbox.deals.ids())


def test_measured_activities(make_client):
    """Activities keep their order from page to page, as was measured."""
    client = make_client(deals=60)
    ids = [number for offset in (0, 250) for number in client.ids(resource="activity", offset=offset)]
    assert ids == client.sandbox.activities.ids()[:500]
    assert len(ids) > 300


def test_measured_links(client, kind):
    """Activities refer to a contact, company and deal; a kind account's to what they are related to."""
    fields = ["activity.contact.id", "activity.deal.id", "activity.relatedTo.id"]
    measured, other = (
        each.search(resource="activity", displayingFields=fields).json()["Data"]["data"]
        for each in (client, kind)
    )
    assert {*measured[0]} == {"id", "contact", "deal"}
    assert measured[0]["deal"]["id"] == kind.sandbox.deals.ids()[0]
    assert all(row.keys() <= {"id", "relatedTo", "relatedToId"} for row in other)


def test_pipelines(make_client):
    """The pipelines list their stages in order, with win probability and the days until a deal rots."""
    first, second = make_client(deals=30).get("/apis/v3/apps/dealPipeline").json()["Data"]
    assert (first["pipeline"], second["pipeline"]) == ("New business", "Renewals")
    assert first["stages"][1] == {"stage": "Demo", "winProbability": 25, "rottenPeriod": 30}
    assert first["isWinProbabilityEnabledManually"] is False


def test_page_does_not_sort(make_client, monkeypatch):
    """Further pages of many deals are served without sorting all of them again."""
    client, sorts = make_client(deals=600), []
    build = SortedIndex.__init__
    monkeypatch.setattr(
        SortedIndex, "__init__", lambda *args, **kwargs: sorts.append(args) or build(*args, **kwargs)
    )
    for offset in (0, 250, 500):
        client.search(offset=offset)
    assert len(sorts) == 1


def test_real_deals(make_client, real_deals):
    """8,800 real opportunities are served unchanged in number and order."""
    client = make_client(data=real_deals, behavior="kind")
    page = client.search(rows=1, offset=8799).json()["Data"]
    assert (page["totalRows"], page["data"][0]["id"]) == (8800, 9800)
