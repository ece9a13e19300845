"""The users who own deals."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from salesmate_nb.sandbox._fake_data.users import users_of

BERLIN = ZoneInfo("Europe/Berlin")


def test_owners():
    """Users are the owners that deals name, in either spelling; nobody else is made up."""
    deals = [
        {"id": 1, "owner": {"id": 11, "name": "Ann Lee"}},
        {"id": 2, "owner": {}},
        {"id": 3, "Owner": {"id": 12, "name": "Bo", "email": "bo@elm.example"}},
        {"id": 4},
    ]
    users = users_of(deals, BERLIN)
    assert [(user["id"], user["firstName"], user["lastName"], user["email"]) for user in users] == [
        (11, "Ann", "Lee", "ann.lee@sandbox.example"),
        (12, "Bo", "", "bo@elm.example"),
    ]
    assert {(user["timezone"], user["dateFormat"]) for user in users} == {("Europe/Berlin", "MMM DD, YYYY")}


def test_current_user():
    """The first active user is the one who is logged in; flags are 1 and 0."""
    names = {23: "Karim Benali", 24: "Bo", 25: "Cy"}
    deals = [{"id": 1, "owner": {"id": number, "name": name}} for number, name in names.items()]
    flags = {user["name"]: (user["isActive"], user["isCurrentUser"]) for user in users_of(deals, BERLIN)}
    assert flags == {"Karim Benali": (0, 0), "Bo": (1, 1), "Cy": (1, 0)}


@pytest.mark.parametrize("deals", [[], [{"id": 1, "owner": {"id": 23, "name": "Karim Benali"}}]])
def test_always_a_current_user(deals):
    """Whoever has the key is a user: without owners, or if none of them is active."""
    (user,) = users_of(deals, BERLIN)
    assert user["isCurrentUser"] == 1
