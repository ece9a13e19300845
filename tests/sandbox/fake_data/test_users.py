"""The users who own deals."""

from __future__ import annotations

from salesmate_nb.sandbox._fake_data.users import owners_of


def test_owners():
    """Users are the owners that deals name, in either spelling; nobody else is made up."""
    deals = [
        {"id": 1, "owner": {"id": 11, "name": "Ann Lee"}},
        {"id": 2, "owner": {}},
        {"id": 3, "Owner": {"id": 12, "name": "Bo", "email": "bo@elm.example"}},
        {"id": 4},
    ]
    users = [(user["id"], user["firstName"], user["lastName"], user["email"]) for user in owners_of(deals)]
    assert users == [(11, "Ann", "Lee", "ann.lee@sandbox.example"), (12, "Bo", "", "bo@elm.example")]


def test_inactive_user():
    """One of the made-up users is not active."""
    (user,) = owners_of([{"id": 1, "owner": {"id": 23, "name": "Karim Benali"}}])
    assert user["isActive"] is False
