"""Users: read by one request, in any state."""

from __future__ import annotations

import json

import pytest

from salesmate_nb import BadResponse
from salesmate_nb.resources.users import USERS_PATH
from salesmate_nb.sandbox import ScriptedResponse
from tests.helpers import reach

PATH = f"/{USERS_PATH}"


def test_users_df(box):
    """One request returns current and former users."""
    users = reach(box, "key-v4").users_df()
    assert [call.path for call in box.log] == [PATH]
    assert {name: str(dtype) for name, dtype in users.dtypes.items()} == {
        "id": "Int64",
        "first_name": "str",
        "last_name": "str",
        "email": "str",
        "is_active": "boolean",
        "role_id": "Int64",
        "role_name": "category",
    }
    assert users.set_index("id").loc[11, "first_name"] == "Maya"
    assert list(users.loc[~users["is_active"], "last_name"]) == ["Benali"]
    assert users["id"].is_monotonic_increasing


def test_unreadable_value(box):
    """A value that cannot be parsed is missing, and a warning counts it."""
    odd = {"id": 11, "firstName": "Maya", "isActive": "on leave"}
    box.script(PATH, ScriptedResponse(body=json.dumps({"Status": "success", "Data": [odd]}).encode()))
    with pytest.warns(UserWarning, match=r"missing: 1 in is_active\."):
        users = reach(box, "key-v4").users_df()
    assert users["is_active"].isna().all()


@pytest.mark.parametrize(
    "payload", [{}, {"Status": "success", "Data": {}}, {"Data": {"data": ["x"]}}, {"Data": "none"}]
)
def test_bad_response(box, payload):
    """A response without a list of users is an error, not an empty frame."""
    box.script(PATH, ScriptedResponse(body=json.dumps(payload).encode()))
    with pytest.raises(BadResponse, match="users"):
        reach(box, "key-v4").users_df()


def test_no_users(box):
    """An empty list is a team without users."""
    box.script(PATH, ScriptedResponse(body=b"[]"))
    assert len(reach(box, "key-v4").users_df()) == 0
