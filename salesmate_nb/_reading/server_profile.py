"""What a server was found to support, remembered for each resource beside the login."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import filelock

from salesmate_nb._base import files
from salesmate_nb._base.fork import fork_safe_lock

log = logging.getLogger("salesmate_nb")

_VERSION = 1
_MONTH = 30 * 24 * 3600.0  # seconds
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
    learned_at : float
        When it was learned, in seconds since 1970.
    """

    strategy: str = ""
    unsupported: list[str] = field(default_factory=list)
    needs_epoch: bool = False
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

    def forget(self) -> None:
        """Learn everything again next time."""
        self.strategy, self.unsupported = "", []

    def words(self) -> str:
        """Return it as one line of text."""
        rules = ", refuses an empty list of rules" if self.needs_epoch else ""
        refused = f"; not supported: {', '.join(self.unsupported)}" if self.unsupported else ""
        return f"read by {self.strategy or 'a strategy not known yet'}{rules}{refused}"


class ServerProfile:
    """Remembers what one server supports, for a month, in ``<folder>/<host>/server.json``.

    The file holds names of strategies and no data of the account. If it cannot be read or written, is
    damaged or of another API, what was learned serves this process only.

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
    {'deals': 'read by offsets'}
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
        """Return for each resource in words what is known."""
        with self._lock:
            return {resource: support.words() for resource, support in sorted(self._all().items())}

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
            resources = {name: asdict(entry) for name, entry in sorted(entries.items())}
            with files.atomic_write(path) as file:
                file.write(json.dumps({**self._bound, "resources": resources}, indent=1).encode())


def _parse(entry: dict[str, Any]) -> Support:
    """Return an entry of the file; raise ``TypeError`` if it is not of this form."""
    support = Support(**entry)
    texts: Iterable[Any] = (support.strategy, *support.unsupported)
    if not all(isinstance(text, str) for text in texts) or not isinstance(support.needs_epoch, bool):
        raise TypeError("not what was written")
    support.learned_at = float(support.learned_at)
    return support
