"""All that a sandbox keeps: its deals, and what belongs to them as soon as anybody asks."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from salesmate_nb.sandbox import data, fields, related
from salesmate_nb.sandbox.fields import Record
from salesmate_nb.sandbox.modules import MODULES
from salesmate_nb.sandbox.store import Store


class Crm:
    """The records of all kinds; the deals' contacts, companies and activities are made up once asked for.

    Parameters
    ----------
    deals : iterable of dict
        What there is at the start.
    seed : int
        The same makes the same.
    zone : zoneinfo.ZoneInfo
        The account's.

    Examples
    --------
    >>> crm = Crm([{"id": 7, "primaryCompany": {"id": 3, "name": "Elm"}}], seed=0, zone=ZoneInfo("UTC"))
    >>> crm["company"].get(3)["name"], len(crm["contact"])
    ('Elm', 0)
    """

    def __init__(self, deals: Iterable[Record], *, seed: int, zone: ZoneInfo) -> None:
        self.deals = Store(deals, zone)
        self._seed = seed
        self._zone = zone
        self._lock = threading.Lock()
        self._stores = {self.deals.module.name: self.deals}

    def __getitem__(self, name: str) -> Store:
        with self._lock:
            if name not in self._stores:
                records = related.MAKERS[name](self.deals.records(), seed=self._seed, zone=self._zone)
                self._stores[name] = Store(records, self._zone, MODULES[name], MODULES[name].labels)
            return self._stores[name]

    def fields(self) -> dict[str, list[dict[str, Any]]]:
        """Return the fields of all kinds, as the catalogue answers them."""
        choices: dict[str, Mapping[str, Sequence[str]]] = {
            "deal": data.choices(self.deals.records()),
            "company": {"industry": related.INDUSTRIES},
        }
        with self._lock:
            made = dict(self._stores)
        return {
            name: (
                made[name].catalogue if name in made else fields.catalogue(module, frozenset(module.labels))
            ).listing(choices.get(name, {}))
            for name, module in MODULES.items()
        }
