"""Links to the pages of deals."""

from __future__ import annotations

import pyarrow as pa
import pytest

from salesmate_nb import SalesmateError, Settings
from salesmate_nb._frames.links import with_links

TABLE = pa.table({"id": [7, 1001]})


@pytest.mark.parametrize(
    ("api_url", "host"),
    [
        ("", "https://acme.salesmate.io"),
        ("https://proxy.example/salesmate", "https://acme.salesmate.io"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_links(api_url, host):
    """A link leads to the workspace, also if the API is read through a proxy; a sandbox is its own."""
    links = with_links(TABLE, Settings(linkname="acme", api_url=api_url))["deal_url"]
    assert links.to_pylist() == [f"{host}/#/app/deals/{number}/detail" for number in (7, 1001)]


def test_without_a_workspace():
    """Without a linkname there are no links, with a warning that says what to set."""
    with pytest.warns(UserWarning, match="Set SALESMATE_LINKNAME"):
        links = with_links(TABLE, Settings(client_id="app"))["deal_url"]
    assert (links.to_pylist(), links.type) == ([None, None], pa.string())


def test_column_of_that_name():
    """A custom column of that name is not replaced."""
    with pytest.raises(SalesmateError, match="has a custom one of that name"):
        with_links(TABLE.append_column("deal_url", TABLE["id"]), Settings(linkname="acme"))
