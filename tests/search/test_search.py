"""Search requests and pages as pure functions: the body, the rules, dates, and ids."""

from __future__ import annotations

import datetime as dt
import locale
from zoneinfo import ZoneInfo

import pytest

from salesmate_nb._search.filters.filters import Filters
from salesmate_nb._search.search import (
    PAGE,
    SearchRequest,
    created_at,
    list_v1,
    modified_at,
    record_id,
    search_v4,
)
from salesmate_nb.errors import BadResponse
from salesmate_nb.resources import ACTIVITIES, CONTACTS, DEALS

UTC = ZoneInfo("UTC")
EVERYTHING = "Jan 01, 1970 05:30 AM"


def matching(resource=DEALS, fields=("title",), **filters):
    return SearchRequest.matching(Filters.parse(**filters).bound(resource.fields), fields, resource)


def rules(request):
    """Return condition and data of each rule in the body, by the API's field name."""
    listed = request.body()["filterQuery"]["group"]["rules"]
    return {rule["field"]["fieldName"]: (rule["condition"], rule["data"]) for rule in listed}


def record_call(response):
    """Return a request function that records how it was called, and the record."""
    calls = []

    def call(method, path, **options):
        calls.append((method, path, options))
        return response

    return call, calls


def test_body():
    """The body has the shape of the v4 reference, with names of the resource throughout."""
    assert matching(fields=("title", "owner.id", "title")).unfiltered(by_epoch=True).body() == {
        "displayingFields": ["deal.id", "deal.title", "deal.owner.id"],
        "filterQuery": {
            "group": {
                "operator": "AND",
                "rules": [
                    {
                        "condition": "IS_AFTER",
                        "moduleName": "Deal",
                        "field": {
                            "fieldName": "deal.createdAt",
                            "displayName": "Created At",
                            "type": "DateTime",
                        },
                        "data": EVERYTHING,
                        "eventType": "DateTime",
                    }
                ],
            }
        },
        "sort": {"fieldName": "deal.id", "order": "asc", "orderType": "asc"},
        "moduleId": 4,
        "reportType": "get_data",
        "getRecordsCount": True,
        "pipeline": "",
    }


def test_descending_body():
    """Sort field and direction are in the body."""
    request = SearchRequest(resource=CONTACTS, sort="lastModifiedAt", is_descending=True)
    order = {"fieldName": "contact.lastModifiedAt", "order": "desc", "orderType": "desc"}
    assert request.body()["sort"] == order
    assert request.body()["moduleId"] == 1


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {}),
        ({"status": "won"}, {"deal.status": ("EQUALS", "Won")}),
        ({"status": "Won "}, {}),  # as the rows of an account are: "Won" may not match them
        ({"created_since": dt.date.min}, {}),
        ({"status": ["Won", "LOST"]}, {}),  # nor one with a list
        ({"status": ["Won", "Close"]}, {}),  # no rule with Close was seen in use
        ({"stage": "Won", "owner": 7, "pipeline": "Sales"}, {}),
        ({"created_since": "2026-01-02"}, {"deal.createdAt": ("IS_AFTER", "Jan 01, 2026 12:00 AM")}),
        (
            {"modified_since": "2026-01-02T13:05"},
            {"deal.lastModifiedAt": ("IS_AFTER", "Jan 01, 2026 01:05 PM")},
        ),
        ({"created_until": "2026-01-02", "closed_since": "2026-01-02"}, {}),  # seen in no client
        ({"where": {"status": "won", "deal_value": 7}}, {"deal.status": ("EQUALS", "Won")}),
        (
            {"where": {"created_at": {"min": "2026-01-02"}}},
            {"deal.createdAt": ("IS_AFTER", "Jan 01, 2026 12:00 AM")},
        ),
    ],
)
def test_rules(filters, expected):
    """Status and dates become rules, dates with a margin of one day; other filters do not."""
    assert rules(matching(**filters)) == expected


def test_status_of_two_spellings():
    """If the account lists another spelling of a status, a rule would leave out the deals that have it."""
    filters = Filters.parse(status="Won")
    for listed, sent in ((["Open", "Won", "Lost"], 1), (["Won", "Won "], 0), (["won"], 0)):
        assert len(SearchRequest.matching(filters, ["id"], DEALS, statuses=listed).rules) == sent


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_rules_at_the_ends_of_the_calendar(zone):
    """A deal of the year 1 or 9999 is named in a rule as far as the calendar goes."""
    zone, last = ZoneInfo(zone), dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    assert rules(matching().created_from(last, zone))["deal.createdAt"][1].startswith("Dec 31, 9999 ")
    first = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
    assert rules(matching().created_from(first, zone))["deal.createdAt"][1].startswith("Jan 01, 0001 ")
    within = matching().created_within(first, last, "BETWEEN")
    assert rules(within)["deal.createdAt"][1] == ["Jan 01, 0001 12:00 AM", "Dec 31, 9999 11:59 PM"]


def test_status_of_other_resources():
    """A status is a rule only if the resource is known to filter by it."""
    assert not rules(matching(CONTACTS, status="Won"))


def test_unfiltered():
    """Without filters there is no rule, or one that matches all records if an empty list is refused."""
    request = matching(status="Won", created_since="2026-01-02")
    assert request.is_filtered
    assert not request.unfiltered().is_filtered
    assert request.unfiltered() == matching()
    assert not matching().is_filtered
    by_epoch = request.unfiltered(by_epoch=True)
    assert rules(by_epoch) == {"deal.createdAt": ("IS_AFTER", EVERYTHING)}
    assert not by_epoch.is_filtered


def test_above():
    """Rules on ids are added to those that are there."""
    assert rules(matching(status="Won").above(17)) == {
        "deal.status": ("EQUALS", "Won"),
        "deal.id": ("GREATER_THAN", 17),
    }


@pytest.mark.parametrize(
    ("since", "zone", "written"),
    [
        ("2024-03-04T21:16:59+00:00", "UTC", "Mar 04, 2024 09:15 PM"),
        ("2024-03-04T00:01:00+00:00", "UTC", "Mar 04, 2024 12:00 AM"),
        ("2024-03-04T12:01:00+00:00", "UTC", "Mar 04, 2024 12:00 PM"),
        ("2024-03-01T00:00:00+00:00", "UTC", "Feb 29, 2024 11:59 PM"),
        ("2024-03-04T21:16:00+00:00", "Asia/Kolkata", "Mar 05, 2024 02:45 AM"),
        ("2024-07-04T21:16:00+00:00", "America/New_York", "Jul 04, 2024 05:15 PM"),
    ],
)
def test_created_from(since, zone, written):
    """The rule names the minute before, in the account's time zone, since IS_AFTER excludes its own."""
    request = SearchRequest(resource=DEALS).created_from(dt.datetime.fromisoformat(since), ZoneInfo(zone))
    assert request.body()["filterQuery"]["group"]["rules"][-1]["data"] == written


def test_month_names():
    """Months are in English in every locale."""
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    since = [dt.datetime(2026, month, 15, 12, 0, tzinfo=dt.UTC) for month in range(1, 13)]
    installed = [name for name in ("de_DE.UTF-8", "fr_FR.UTF-8") if _has_locale(name)]
    for name in ("C", *installed):
        before = locale.setlocale(locale.LC_TIME)
        locale.setlocale(locale.LC_TIME, name)
        try:
            written = [SearchRequest(resource=DEALS).created_from(each, UTC).rules[-1].data for each in since]
        finally:
            locale.setlocale(locale.LC_TIME, before)
        assert written == [f"{month} 15, 2026 11:59 AM" for month in names]


def _has_locale(name):
    before = locale.setlocale(locale.LC_TIME)
    try:
        locale.setlocale(locale.LC_TIME, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_TIME, before)
    return True


def test_search_v4():
    """One POST per page, declared idempotent, with the resource's own parameters."""
    call, calls = record_call({"Status": "success", "Data": {"data": [{"id": 1}], "totalRows": 9}})
    request = SearchRequest(resource=ACTIVITIES, offset=250)
    page = search_v4(call, request)
    assert (page.records, page.total) == ([{"id": 1}], 9)
    params = {"viewType": "list", "rows": PAGE, "from": 250}
    options = {"params": params, "json": request.body(), "idempotent": True}
    assert calls == [("POST", "apis/activity/v4/search", options)]


def test_list_v1():
    """One GET per page, with the parameters of v4."""
    call, calls = record_call([{"id": 1}])
    page = list_v1(call, SearchRequest(resource=DEALS, offset=250, rows=100))
    assert (page.records, page.total) == ([{"id": 1}], None)
    assert calls == [("GET", "v1/deals", {"params": {"rows": 100, "from": 250}, "idempotent": True})]


@pytest.mark.parametrize("fetch", [search_v4, list_v1])
def test_probe(fetch):
    """A request that shows what the server supports is not retried: some servers refuse with HTTP 500."""
    call, calls = record_call([])
    fetch(call, SearchRequest(resource=DEALS, is_probe=True))
    assert calls[0][2]["idempotent"] is False


@pytest.mark.parametrize(
    ("sort", "names"), [("id", ["deal.id"]), ("createdAt", ["deal.createdAt", "deal.id"])]
)
def test_list_sort(sort, names):
    """The sort can be sent as a list, with the id to break ties, as Salesmate's own web app does."""
    sent = SearchRequest(resource=DEALS, sort=sort, sorts_by_list=True).body()["sort"]
    assert [each["fieldName"] for each in sent] == names
    assert {each["order"] for each in sent} == {"asc"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("BETWEEN", [("BETWEEN", ["Mar 04, 2024 11:59 AM", "Mar 04, 2024 12:31 PM"])]),
        ("IS_BEFORE", [("IS_AFTER", "Mar 04, 2024 11:59 AM"), ("IS_BEFORE", "Mar 04, 2024 12:31 PM")]),
    ],
)
def test_created_within(condition, expected):
    """A range reaches one minute beyond both ends, since a rule may exclude its own minute."""
    since = dt.datetime(2024, 3, 4, 12)
    request = SearchRequest(resource=DEALS).created_within(since, since + dt.timedelta(minutes=30), condition)
    assert [(rule.condition, rule.data) for rule in request.rules] == expected


@pytest.mark.parametrize("given", [1_709_543_700, 1_709_543_700.0, "1709543700", 1_709_543_700_000])
def test_created_at(given):
    """Times are Unix seconds, as measured, or milliseconds."""
    assert created_at({"createdAt": given}, ZoneInfo("UTC")).isoformat() == "2024-03-04T09:15:00+00:00"


@pytest.mark.parametrize("fetch", [search_v4, list_v1])
@pytest.mark.parametrize("payload", [{}, {"Data": {}}, {"data": [1]}, {"data": [None]}, {"data": "none"}, 7])
def test_bad_response(fetch, payload):
    """A response without a list of records is an error, never an empty page."""
    with pytest.raises(BadResponse, match="no list of records"):
        fetch(lambda *_, **__: payload, SearchRequest(resource=DEALS))


@pytest.mark.parametrize(
    "data",
    [
        None,
        *({"data": rows, **total} for rows in (None, []) for total in ({}, {"totalRows": 0})),
        *({"totalRows": total, "totalPages": total} for total in (0, "0")),
    ],
)
def test_no_records(data):
    """Null in place of the rows, or a total of 0 without rows, is an empty page."""
    payload = {"Status": "success", "Data": data}
    assert search_v4(lambda *_, **__: payload, SearchRequest(resource=DEALS)).records == []


@pytest.mark.parametrize("data", [{}, {"data": None}, {"data": None, "totalPages": 1}])
@pytest.mark.parametrize(("offset", "is_end"), [(8, False), (9, True), (250, True)])
def test_page_beyond_the_end(data, offset, is_end):
    """A page without rows is empty if it begins after all rows that the server counts."""
    payload = {"Status": "success", "Data": {**data, "totalRows": 9}}
    request = SearchRequest(resource=DEALS, offset=offset)
    if is_end:
        assert search_v4(lambda *_, **__: payload, request).records == []
    else:
        with pytest.raises(BadResponse, match="no list of records"):
            search_v4(lambda *_, **__: payload, request)


@pytest.mark.parametrize("data", [{}, {"data": None}, {"data": None, "totalPages": 1}])
@pytest.mark.parametrize("total", [9, "9"])
def test_no_records_in_spite_of_total(data, total):
    """A page without rows is an error if the server reports records."""
    payload = {"Status": "success", "Data": {**data, "totalRows": total}}
    with pytest.raises(BadResponse, match="no list of records"):
        search_v4(lambda *_, **__: payload, SearchRequest(resource=DEALS))


@pytest.mark.parametrize("given", [7, "7", " 7 ", "7.0", "7.", 7.0, "007"])
def test_record_id(given):
    """An id is read in any form that a whole number is sent in."""
    assert record_id({"id": given}) == 7


@pytest.mark.parametrize("number", [0, 2**63 - 1])
def test_record_id_limits(number):
    """Ids are integers of 63 bits."""
    assert record_id({"id": number}) == record_id({"id": str(number)}) == number


@pytest.mark.parametrize(
    "record",
    [{}, {"Id": 1}]
    + [{"id": given} for given in (None, "", True, 1.5, -1, "-1", "1.5", "1e3", [], "\u0667")]
    + [{"id": given} for given in (2**63, str(2**63))],
)
def test_invalid_record_id(record):
    """A record without a valid id cannot be distinguished from others, so it is an error."""
    with pytest.raises(BadResponse, match="no valid id"):
        record_id(record)


def test_record_times():
    """Times without a zone are in the account's time zone; both are returned in UTC."""
    record = {"createdAt": "2026-01-01T00:00:00", "lastModifiedAt": "Mar 04, 2024 09:15 PM"}
    zone = ZoneInfo("Asia/Kolkata")
    assert created_at(record, zone) == dt.datetime(2025, 12, 31, 18, 30, tzinfo=dt.UTC)
    assert modified_at(record, zone) == dt.datetime(2024, 3, 4, 15, 45, tzinfo=dt.UTC)


@pytest.mark.parametrize("record", [{}, {"createdAt": "soon"}, {"createdAt": None}])
def test_invalid_record_times(record):
    """A missing or unreadable time raises, so that the paginator can be changed."""
    with pytest.raises(ValueError):  # noqa: PT011 - whatever could not be parsed
        created_at(record, UTC)
