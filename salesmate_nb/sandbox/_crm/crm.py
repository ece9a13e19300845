"""The CRM of a sandbox: a store of each resource, users and the field catalog."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox._crm.field_catalog import field_catalog
from salesmate_nb.sandbox._crm.resources import ACTIVITIES, DEALS, RESOURCES
from salesmate_nb.sandbox._crm.store import Store
from salesmate_nb.sandbox._fake_data import deals as fake_deals
from salesmate_nb.sandbox._fake_data import related, users
from salesmate_nb.sandbox.records import Record


class Crm:
    """The records of all resources; those related to the deals are made up when first requested.

    Parameters
    ----------
    deals : iterable of dict
        The deals at the start.
    seed : int
        The same seed makes the same records.
    zone : zoneinfo.ZoneInfo
        The time zone of the account.
    links : {"contact", "primaryContact"}
        How activities refer to other records; see `Behavior`.

    Examples
    --------
    >>> crm = Crm([{"id": 7, "primaryCompany": {"id": 3, "name": "Elm"}}], seed=0, zone=ZoneInfo("UTC"))
    >>> crm["company"].get(3)["name"], len(crm["contact"])
    ('Elm', 0)
    """

    def __init__(self, deals: Iterable[Record], *, seed: int, zone: ZoneInfo, links: str = "contact") -> None:
        self.deals = Store(deals, DEALS, zone)
        self._seed = seed
        self._zone = zone
        self._links = links
        self._lock = threading.Lock()
        self._stores = {DEALS.name: self.deals}

    def __getitem__(self, name: str) -> Store:
        with self._lock:
            if name not in self._stores:
                resource, make = RESOURCES[name], related.MAKERS[name]
                records = make(self.deals.records(), seed=self._seed, zone=self._zone)
                if resource is ACTIVITIES and self._links == "contact":
                    records = [related.with_measured_links(record) for record in records]
                self._stores[name] = Store(records, resource, self._zone, resource.labels)
            return self._stores[name]

    def users(self) -> list[dict[str, Any]]:
        """Return the users who own deals, as their endpoint sends them; the first active one is logged in."""
        return users.users_of(self.deals.records(), self._zone)

    def pipelines(self) -> list[dict[str, Any]]:
        """Return the pipelines of the deals, as their endpoint sends them."""
        return fake_deals.pipelines(self.deals.records())

    def field_catalog(self) -> dict[str, list[dict[str, Any]]]:
        """Return the fields of all resources, as their endpoint sends them."""
        pick_lists: dict[str, Mapping[str, Sequence[str]]] = {
            "deal": fake_deals.pick_lists(self.deals.records()),
        }
        with self._lock:
            stores = dict(self._stores)
        return {
            name: (
                stores[name].catalog
                if name in stores
                else field_catalog(resource, frozenset(resource.labels))
            ).as_json(pick_lists.get(name, {}))
            for name, resource in RESOURCES.items()
        }
