"""Small typed tables for the tests that need no server."""

from __future__ import annotations

import pytest

from salesmate_nb._frames.arrow import BatchBuilder
from salesmate_nb._snapshot import incremental
from salesmate_nb._snapshot.merge import rows_of, with_parse_errors
from salesmate_nb.resources.base import Field


@pytest.fixture(scope="session")
def fields():
    """Return the fields of a small resource."""
    return (
        Field(name="id", path="id", kind="int"),
        Field(name="title", path="title", kind="string"),
        Field(name="status", path="status", kind="category"),
        Field(name="last_modified_at", path="lastModifiedAt", kind="datetime"),
    )


@pytest.fixture(scope="session")
def table_of(fields):
    """Return a function that makes a snapshot's table of records."""

    def make(*records):
        builder = BatchBuilder(fields, discover=False)
        rows = builder.build(records)
        return rows_of(fields, [with_parse_errors(rows, builder.parse_errors)])

    return make


@pytest.fixture
def one_page_read_again(monkeypatch):
    """Read one page again in each refresh, so that accounts of two pages are read incrementally."""
    monkeypatch.setattr(incremental, "_PAGES_READ_AGAIN", 1)
