"""What a server was found to support, remembered for each resource beside the login."""

from __future__ import annotations

import itertools
import json
import logging
import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import filelock

from salesmate_nb._base import files
from salesmate_nb._base.fork import fork_safe_lock

log = logging.getLogger("salesmate_nb")

_VERSION = 1
_DAY = 24 * 3600.0  # seconds
_MONTH = 30 * _DAY
_MAX_BYTES = 2**20
_LOCK_TIMEOUT = 10.0  # seconds
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, NotImplementedError, filelock.Timeout)


@dataclass
class Support:
    """What the search of one resource was found to support; holds nothing about its records.

    Parameters
    ----------
    strategy : str
        The strategy that read everything last; empty if none is known.
    unsupported : list of str
        The strategies that the server refused or ignored.
    needs_epoch : bool
        Whether an empty list of rules was refused, so that a rule has to say that all records match.
    refused_rules : list of str
        The fields whose filters were refused; ``"createdAt+status"`` if only both at once were tried.
    fields_path : str
        Which path lists the account's fields: ``"v3"``, ``"v4"``, ``"v1"`` or ``"none"``; empty if that is
        not known.
    record_fields : list of str
        The API's names of the fields of a record, if no path lists them.
    uncounted_pages : int
        How many pages the list took last time, if the server gives no total; otherwise 0.
    learned_at : float
        When it was learned, in seconds since 1970.
    """

    strategy: str = ""
    unsupported: list[str] = field(default_factory=list)
    needs_epoch: bool = False
    refused_rules: list[str] = field(default_factory=list)
    fields_path: str = ""
    record_fields: list[str] = field(default_factory=list)
    uncounted_pages: int = 0
    learned_at: float = 0.0

    def ordered(self, names: Sequence[str]) -> list[str]:
        """Return the strategies worth trying: the one that worked first.

        Examples
        --------
        >>> Support(strategy="b", unsupported=["a"]).ordered(["a", "b", "c"])
        ['b', 'c']
        """
        possible = [name for name in names if name not in self.unsupported]
        return sorted(possible, key=lambda name: name != self.strategy)

    def reject(self, name: str) -> None:
        """Note that a strategy is not supported; if it was thought to work, learn everything again."""
        if name == self.strategy:
            self.forget()
        if name not in self.unsupported:
            self.unsupported.append(name)

    def refuses_rules(self, names: Collection[str]) -> bool:
        """Return whether filters on these fields are known to be refused.

        Examples
        --------
        >>> Support(refused_rules=["status"]).refuses_rules(["createdAt", "status"])
        True
        """
        return any(set(refused.split("+")) <= set(names) for refused in self.refused_rules)

    def refuse_rules(self, names: Collection[str]) -> None:
        """Note that filters on these fields were refused."""
        if not self.refuses_rules(names):
            self.refused_rules.append("+".join(sorted(names)))

    def forget(self) -> None:
        """Learn everything about paging again next time."""
        self.strategy, self.unsupported, self.uncounted_pages = "", [], 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known, as after reads of one page."""
        return not (self.strategy or self.unsupported or self.needs_epoch or self.refused_rules)

    def words(self, now: float) -> str:
        """Return it as one line of text, with its age at a time in seconds since 1970."""
        days = int((now - self.learned_at) // _DAY)
        age = {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
        rules = "; refuses an empty list of rules" if self.needs_epoch else ""
        filters = f"; refuses filters on {', '.join(self.refused_rules)}" if self.refused_rules else ""
        refused = f"; not supported: {' / '.join(self.unsupported)}" if self.unsupported else ""
        return (
            f"read by {self.strategy or 'a strategy not known yet'}, learned {age}{rules}{filters}{refused}"
        )


class ServerProfile:
    """Remembers what one server supports, for a month, in ``<folder>/<host>/server.json``.

    The file holds names of strategies and of the API's fields and paths, and no data of customers. If it
    cannot be read or written, is damaged or of another API, what was learned serves this process only.

    Parameters
    ----------
    folder : Path or None
        The folder of logins; ``None`` remembers within this process only.
    host : str
        The API's address.
    api : str
        ``"v4"`` or ``"v1"``.
    clock : callable, optional
        Returns the time in seconds since 1970.

    Examples
    --------
    >>> profile = ServerProfile(None, "https://acme.salesmate.io", "v4")
    >>> profile.save("deals", Support(strategy="offsets"))
    >>> profile.describe()
    {'deals': 'read by offsets, learned today'}
    """

    def __init__(
        self, folder: Path | None, host: str, api: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        name = re.sub(r"[^A-Za-z0-9.-]", "_", host.partition("://")[2] or host)
        self.path = None if folder is None else folder / "servers" / name / "server.json"
        self._bound = {"version": _VERSION, "host": host, "api": api}
        self._clock = clock
        self._here: dict[str, Support] = {}
        self._lock = fork_safe_lock()

    def load(self, resource: str) -> Support:
        """Return what is known of a resource; nothing if it is older than a month."""
        with self._lock:
            known = self._all().get(resource)
        return Support() if known is None else Support(**asdict(known))

    def save(self, resource: str, support: Support) -> None:
        """Remember what was learned; what was known before keeps its age."""
        with self._lock:
            known = self._all()
            before = known.get(resource)
            age = before.learned_at if before and before.strategy == support.strategy else self._clock()
            learned = Support(**{**asdict(support), "learned_at": age})
            if before == learned:
                return
            self._here[resource] = learned
            if self.path is not None:
                try:
                    self._write(self.path, resource, learned)
                except _DAMAGE as err:
                    log.info("%s cannot be written: %s", self.path, err)

    def describe(self) -> dict[str, str]:
        """Return in words what is known of each resource; of one that fitted one page, nothing is."""
        with self._lock:
            known = sorted(self._all().items())
        return {name: support.words(self._clock()) for name, support in known if not support.is_empty}

    def _all(self) -> dict[str, Support]:
        known = {**self._here, **({} if self.path is None else self._read(self.path))}
        return {name: each for name, each in known.items() if 0 <= self._clock() - each.learned_at < _MONTH}

    def _read(self, path: Path) -> dict[str, Support]:
        try:
            with files.open_private(path) as file:
                content = json.loads(file.read(_MAX_BYTES))
            if {name: content[name] for name in self._bound} != self._bound:
                return {}
            return {name: _parse(entry) for name, entry in content["resources"].items()}
        except FileNotFoundError:
            return {}
        except _DAMAGE as err:
            log.info("%s is ignored: %s", path, err)
            return {}

    def _write(self, path: Path, resource: str, support: Support) -> None:
        with files.lock(path, _LOCK_TIMEOUT):
            files.remove_leftovers(path)
            entries = {**self._read(path), resource: support}
            resources = {name: _written(entry) for name, entry in sorted(entries.items())}
            with files.atomic_write(path) as file:
                file.write(json.dumps({**self._bound, "resources": resources}, indent=1).encode())


def _written(support: Support) -> dict[str, Any]:
    """Return what the file holds: what differs from an unknown server."""
    return {name: value for name, value in asdict(support).items() if value}


def _parse(entry: dict[str, Any]) -> Support:
    """Return an entry of the file; raise ``TypeError`` if it is not of this form."""
    support = Support(**entry)
    support.learned_at = float(support.learned_at)
    lists = (support.unsupported, support.refused_rules, support.record_fields)
    texts: Iterable[Any] = (support.strategy, support.fields_path, *itertools.chain.from_iterable(lists))
    numbers: Iterable[Any] = (support.needs_epoch, support.uncounted_pages)  # a bool is an int
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(each, int) for each in numbers):
        raise TypeError("not what was written")
    return support
