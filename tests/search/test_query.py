"""Queries: which columns, how many rows, and how to read them."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from salesmate_nb import SalesmateError
from salesmate_nb._search.query import Query


def parse(**arguments):
    """Parse arguments as a public method hands them on."""
    return Query.parse(arguments, timezone="UTC", is_watched=True)


def test_query_of_arguments():
    """Filters are separated from what shapes the read; progress=None means: if somebody watches."""
    query = parse(status="Won", columns=["id", "title", "id"], limit=np.int64(7), progress=None, wait=False)
    assert query.filters.status == ("Won",)
    assert (query.columns, query.limit, query.progress) == (("id", "title"), 7, True)
    assert (query.wait, query.refresh) == (False, "live")
    assert parse(progress=False).progress is False
    assert parse(columns=" title ").columns == ("title",)


def test_query_is_frozen():
    """A query cannot be changed behind the door."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        parse().limit = 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"limit": -1}, "limit=-1 is not valid"),
        ({"limit": 1.5}, "limit=1.5 is not valid"),
        ({"limit": True}, "limit=True is not valid"),
        ({"refresh": "always"}, "refresh='always' is not valid. Use 'auto', 'full', 'never' or 'live'"),
        ({"refresh": "live", "as_of": "2026-01-31"}, "as_of reads the history on this computer"),
        ({"columns": 7}, "columns=7 is not valid"),
        ({"columns": [7]}, "columns: 7 is not a column name"),
        ({"columns": []}, "columns=[] would be an empty frame. Name a column, or leave it out for all."),
        ({"url": "yes"}, "url='yes' is not valid. Use True or False."),
    ],
)
def test_invalid_argument(arguments, message):
    """The error names the argument and what it takes."""
    with pytest.raises(SalesmateError, match=re.escape(message)):
        parse(**arguments)
