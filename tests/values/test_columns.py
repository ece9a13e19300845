"""Which columns a person meant who wrote another name."""

from __future__ import annotations

import pytest

from salesmate_nb._values.columns import advice, meant_columns
from salesmate_nb.resources import RESOURCES

ALL = {name: [field.name for field in resource.fields] for name, resource in RESOURCES.items()}


@pytest.mark.parametrize(
    ("resource", "wanted", "meant"),
    [
        ("deals", "owner", ["owner_name"]),
        ("deals", "Sales Rep", ["owner_name"]),
        ("deals", "value", ["deal_value"]),
        ("deals", "deal_amount", ["deal_value"]),
        ("deals", "stage_name", ["stage"]),
        ("deals", "closeDate", ["closed_date", "estimated_close_date"]),
        ("deals", "expected_close_date", ["estimated_close_date"]),
        ("deals", "created", ["created_at", "created_by_name"]),
        ("deals", "updated_at", ["last_modified_at"]),
        ("deals", "customer", ["primary_company_name"]),
        ("deals", "company", ["primary_company_name"]),
        ("deals", "company_id", ["primary_company_id"]),
        ("deals", "name", ["title", "owner_name"]),
        ("deals", "deal_name", ["title", "owner_name"]),
        ("deals", "deal_id", ["id"]),
        ("deals", "onwer", ["owner_name"]),
        ("deals", "winprobability", ["win_probability"]),
        ("deals", "x", []),
        ("deals", "seats", []),
        ("deals", "estimatedclosedate", ["estimated_close_date"]),
        ("contacts", "company", ["company_name"]),
        ("contacts", "country", []),
        ("companies", "company_name", ["name"]),
        ("companies", "revenue", ["annual_revenue"]),
        ("activities", "done", ["is_completed", "completed_at"]),
        ("activities", "deal_title", ["related_to_title"]),
    ],
)
def test_meant(resource, wanted, meant):
    """The words of other CRMs, and misspelled ones, lead to the column; an id only if it is asked for."""
    assert meant_columns(wanted, ALL[resource]) == meant


def test_advice():
    """Two columns may be meant; if none can be guessed, all are listed. A list is no text with commas."""
    assert advice("close", ALL["deals"]) == "Did you mean 'closed_date' or 'estimated_close_date'?"
    assert advice("?", ["id", "title"]) == "There are: id, title."
    assert advice("id, title", ["id", "title"]) == "Write several as a list: ['id', 'title']."
