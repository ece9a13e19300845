"""The users who own given deals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from salesmate_nb.sandbox._fake_data import vocabulary
from salesmate_nb.sandbox._fake_data.values import email_of
from salesmate_nb.sandbox.records import Record, getter


def owners_of(deals: Iterable[Record]) -> list[dict[str, Any]]:
    """Return the users who own deals, by id, as the users endpoint sends them (v4 reference)."""
    get_owner = getter("owner")
    owners = {}
    for deal in deals:
        owner = get_owner(deal)
        if isinstance(owner, dict) and owner.get("id") is not None:
            owners[owner["id"]] = owner
    inactive = {(user_id, name) for user_id, name, is_active in vocabulary.OWNERS if not is_active}
    users = []
    for user_id, owner in sorted(owners.items(), key=lambda item: str(item[0])):
        name = str(owner.get("name") or "")
        first, _, last = name.partition(" ")
        users.append(
            {
                "id": user_id,
                "firstName": first,
                "lastName": last,
                "email": owner.get("email") or email_of(name, "sandbox"),
                "isActive": (user_id, name) not in inactive,
                "Role": {"id": 2, "name": "Sales"},
            }
        )
    return users
