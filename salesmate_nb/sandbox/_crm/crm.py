"""The CRM of a sandbox: a store of each resource, users and the field catalog."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import timestamps
from salesmate_nb.sandbox._crm.clock import AccountClock
from salesmate_nb.sandbox._crm.field_catalog import field_catalog
from salesmate_nb.sandbox._crm.resources import ACTIVITIES, DEALS, RESOURCES
from salesmate_nb.sandbox._crm.store import Store
from salesmate_nb.sandbox._fake_data import related, users
from salesmate_nb.sandbox._fake_data.deals import END
from salesmate_nb.sandbox._fake_data.process import pipelines
from salesmate_nb.sandbox._fake_data.sales_team import Change, SalesTeam
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

    Attributes
    ----------
    clock : AccountClock
        The account's time.
    deals : Store
        The deals.

    Examples
    --------
    >>> crm = Crm([{"id": 7, "primaryCompany": {"id": 3, "name": "Elm"}}], seed=0, zone=ZoneInfo("UTC"))
    >>> crm["company"].get(3)["name"], len(crm["contact"])
    ('Elm', 0)
    """

    def __init__(self, deals: Iterable[Record], *, seed: int, zone: ZoneInfo, links: str = "contact") -> None:
        self.clock = AccountClock(END)
        self.deals = Store(deals, DEALS, zone, now=self.clock.now)
        self._team = SalesTeam(len(self.deals), seed=seed, zone=zone)
        self._passing = threading.Lock()
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
                self._stores[name] = Store(records, resource, self._zone, resource.labels, now=self.clock.now)
            return self._stores[name]

    def pass_days(self, days: int) -> None:
        """Let the sales team work for some days after the made-up past.

        Contacts and companies that were requested before show their deals of now; activities stay.
        """
        with self._passing:
            self.clock.start()
            for _ in range(days):
                self.clock.pass_day()
                changes = self._team.work(self.deals.records(), self.clock.passed)
                for change in changes:
                    self._apply(change)
            with self._lock:
                stores = [self._stores[name] for name in related.COUNTS if name in self._stores]
            for store in stores:
                self._count_deals(store)

    def _apply(self, change: Change) -> None:
        if change.record is None:
            self.deals.delete(change.deal_id or 0)
        elif change.deal_id is None:
            self.deals.create(**change.record)
        else:
            self.deals.put(change.record)

    def _count_deals(self, store: Store) -> None:
        """Let contacts or companies show how many deals they have now, and add those that are new."""
        name = store.resource.name
        made = related.MAKERS[name](self.deals.records(), seed=self._seed, zone=self._zone)
        by_id = {record["id"]: record for record in made}
        modified = timestamps.format_iso(self.clock.passed)
        for record_id in store.ids():
            old, new = store.get(record_id), dict.fromkeys(related.COUNTS[name], 0)
            if made_now := by_id.pop(record_id, None):
                new = {key: made_now[key] for key in (*new, *related.LATEST[name])}
            if any(new[key] != old.get(key) for key in new):
                store.edit(record_id, **new, lastModifiedAt=modified)
        for record in by_id.values():
            store.put(record)

    def users(self) -> list[dict[str, Any]]:
        """Return the users who own deals, as their endpoint sends them; the first active one is logged in."""
        return users.users_of(self.deals.records(), self._zone)

    def pipelines(self) -> list[dict[str, Any]]:
        """Return the pipelines of the deals, as their endpoint sends them."""
        return pipelines.pipelines(self.deals.records())

    def field_catalog(self) -> dict[str, list[dict[str, Any]]]:
        """Return the fields of all resources, as their endpoint sends them."""
        pick_lists: dict[str, Mapping[str, Sequence[str]]] = {
            "deal": pipelines.pick_lists(self.deals.records()),
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
