"""The users of an account: those who own its deals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox._fake_data import vocabulary
from salesmate_nb.sandbox._fake_data.values import email_of
from salesmate_nb.sandbox.records import Record, getter

_INACTIVE = {(user_id, name) for user_id, name, is_active in vocabulary.OWNERS if not is_active}


def users_of(deals: Iterable[Record], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return the users who own deals, by id, as the users endpoint sends them (v4 reference, measured).

    The first active one is the one who is logged in. An account without owners has one user.
    """
    get_owner = getter("owner")
    owners = {}
    for deal in deals:
        owner = get_owner(deal)
        if isinstance(owner, dict) and owner.get("id") is not None:
            owners[owner["id"]] = owner
    if not owners:
        user_id, name, _ = vocabulary.OWNERS[0]
        owners = {user_id: {"id": user_id, "name": name}}
    users = [_user(owner, zone) for _, owner in sorted(owners.items(), key=lambda item: str(item[0]))]
    next((user for user in users if user["isActive"]), users[0])["isCurrentUser"] = 1
    return users


def _user(owner: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    name = str(owner.get("name") or "")
    first, _, last = name.partition(" ")
    return {
        "id": owner["id"],
        "name": name,
        "firstName": first,
        "lastName": last,
        "email": owner.get("email") or email_of(name, "sandbox"),
        "isActive": int((owner["id"], name) not in _INACTIVE),
        "isCurrentUser": 0,
        "timezone": zone.key,
        "dateFormat": "MMM DD, YYYY",
        "Role": {"id": 2, "name": "Sales"},
    }
