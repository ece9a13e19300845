"""The data dictionary of the documentation: every column of every frame, as frames really are."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from salesmate_nb import Salesmate, Settings, sandbox
from salesmate_nb.resources.base import Field
from tests.helpers import reach
from tests.live_account import LiveAccount, made

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "_ext"))  # extensions of Sphinx, no package
import dictionary

READ = [name for name in dictionary.FRAMES if name != "history"]


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    """Connect to a sandbox, and to a server that was written from the facts alone."""
    cache = tmp_path_factory.mktemp("accounts")
    with sandbox.start(deals=60, behavior="kind") as box, LiveAccount(deals=made("deals", 40)) as live:
        server = Settings(
            linkname=live.linkname, session_key=live.session_key, api_url=live.url, token_cache=cache
        )
        yield {"sandbox": reach(box, token_cache=cache), "live account": Salesmate(server)}


def documented(frame):
    return {column.name: column.dtype for column in dictionary.columns_of(frame)}


def real(frame):
    """Return the columns and dtypes of a frame, without custom fields."""
    custom = frame.attrs.get("salesmate", {}).get("fields", {})
    return {name: str(dtype) for name, dtype in frame.dtypes.items() if name not in custom}


@pytest.mark.parametrize("account", ["sandbox", "live account"])
@pytest.mark.parametrize("name", READ)
def test_columns(accounts, account, name):
    """Every column of a frame is in the dictionary, in its place and with its dtype, and no other."""
    options = {"url": True} if name == "deals" else {}
    found = real(getattr(accounts[account], f"{name}_df")(**options))
    expected = documented(name)
    if "industry" not in found:  # a column of some accounts only
        expected.pop("industry", None)
    assert list(found.items()) == list(expected.items())


def test_history_columns(accounts):
    """The same for the frame of a history."""
    crm = accounts["sandbox"]
    crm.deals_df(refresh="auto")
    assert real(crm.history_df()) == documented("history")


@pytest.mark.parametrize("name", dictionary.FRAMES)
def test_notes(name):
    """Every note belongs to a column, has a source that the page explains, and an example of its dtype."""
    columns = dictionary.columns_of(name)
    assert set(dictionary.NOTES[name]) == {column.name for column in columns}
    for column in columns:
        assert column.note["from"] in dictionary.SOURCES
        example = pd.Series([column.note["example"]], dtype="str")
        if column.dtype.startswith("datetime"):
            assert pd.Timestamp(example[0]).tzinfo is not None
            assert "zone" in column.note
        elif column.dtype in {"boolean", "bool"}:
            assert example[0] in {"True", "False"}
        else:
            assert str(example.astype(column.dtype)[0]) == example[0]
        if column.dtype == "float64":
            assert "unit" in column.note


@pytest.mark.parametrize(
    ("notes", "lacking"),
    [({}, "what, example, from"), ({"seats": {"what": "x", "from": "measured"}}, "example")],
)
def test_column_without_a_note(monkeypatch, notes, lacking):
    """A column that nobody has described is named, with the line to add and where."""
    monkeypatch.setitem(dictionary.SCHEMAS, "users", (Field(name="seats", path="seats", kind="int"),))
    monkeypatch.setitem(dictionary.NOTES, "users", notes)
    with pytest.raises(
        ValueError, match=rf"'seats' of users has no {lacking} in docs/columns\.toml"
    ) as caught:
        dictionary.columns_of("users")
    assert 'below [users] the line: seats = { what = "..."' in str(caught.value)


def test_markdown():
    """A row has the name under an anchor, the meaning with its unit, and the API name."""
    row = "\n".join(dictionary.markdown("deals"))
    assert "[`deal_value`]{#deals-deal-value}" in row
    assert "**Unit** the deal's own `currency`" in row
    assert "`dealValue`" in row
