"""Searches of a store, without HTTP."""

from __future__ import annotations

import pytest

from salesmate_nb.sandbox import Behavior, Store
from salesmate_nb.sandbox._api.search import parse_search
from salesmate_nb.sandbox._crm.resources import DEALS
from salesmate_nb.sandbox._responses.envelope import ApiFailure

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


class Search:
    """Searches a store as the v4 search endpoint does."""

    def __init__(self, records, **behavior):
        self.behavior = Behavior.named("kind", **behavior)
        self.store = Store(records, DEALS, self.behavior.zone)

    def page(self, *rules, rows=250, offset=0, **body):
        """Return the records of a page, and the total."""
        if rules:
            body["filterQuery"] = {"group": {"operator": "AND", "rules": list(rules)}}
        return self.store.page(parse_search(body, self.store.catalog, self.behavior), offset, rows)

    def ids(self, *rules, **body):
        """Return the ids on a page."""
        return [record["id"] for record in self.page(*rules, **body)[0]]

    def refusal(self, body):
        """Return the message of the failure that a body gets."""
        with pytest.raises(ApiFailure) as caught:
            parse_search(body, self.store.catalog, self.behavior)
        assert (caught.value.status, caught.value.name) == (400, "ValidationError")
        return str(caught.value)


@pytest.fixture
def four():
    """Return a search of four deals, each in its own shape."""
    return Search(RECORDS)


@pytest.fixture
def search_of():
    """Return a function that makes a search of records."""
    return Search
