"""Token stores: where the token of a login is kept, and the lock around its refresh."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from salesmate_nb._auth.persistent_token_store import (
    MEMORY_ONLY,
    FileTokenStore,
    KeyringTokenStore,
    check_profile,
)
from salesmate_nb._auth.tokens import Token
from salesmate_nb.settings import Settings


class TokenStore(Protocol):
    """Where the token of one login is kept; several threads may use it at once."""

    @property
    def location(self) -> str:
        """Where the token is stored, in words."""

    def load(self) -> Token | None:
        """Return the stored token, or ``None`` if there is none that can be read."""

    def save(self, token: Token | None) -> None:
        """Store a token, or with ``None`` delete the stored one."""

    def lock(self) -> AbstractContextManager[None]:
        """Keep other threads and processes out during load, refresh and save."""

    def profiles(self) -> list[str]:
        """Return the names of the logins stored in the same place, sorted; empty if it keeps no list."""


class MemoryTokenStore:
    """A token in the memory of this process; nothing is written to disk. Each store has its own token.

    Examples
    --------
    >>> store = MemoryTokenStore()
    >>> store.location, store.load(), store.profiles()
    ('memory only', None, [])
    """

    location = MEMORY_ONLY

    def __init__(self) -> None:
        self._token: Token | None = None
        self._lock = threading.RLock()

    def load(self) -> Token | None:
        """Return the token that was saved last."""
        return self._token

    def save(self, token: Token | None) -> None:
        """Keep a token, or with ``None`` forget it."""
        self._token = token

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other threads out; other processes cannot reach the token."""
        with self._lock:
            yield

    def profiles(self) -> list[str]:
        """Return an empty list: nothing is stored beyond this process."""
        return []


STORES: dict[str, Callable[[Path, str], TokenStore]] = {
    "file": FileTokenStore,
    "keyring": KeyringTokenStore,
    "memory": lambda *_: MemoryTokenStore(),
}  # by the values of Settings.token_store


def make_token_store(settings: Settings, profile: str) -> TokenStore:
    """Make the token store that the settings name.

    Parameters
    ----------
    settings : Settings
        Their ``token_store`` is the kind, and their ``token_cache`` the folder.
    profile : str
        The name of the login.

    Returns
    -------
    TokenStore
        A new one for each call; two in memory do not share a login.

    Raises
    ------
    SettingsError
        If the profile is not a valid name, or the store needs a package that is not installed.

    Examples
    --------
    >>> make_token_store(Settings(token_store="memory"), "default").location
    'memory only'
    """
    return STORES[settings.token_store](settings.token_cache, check_profile(profile))


def stored_profiles(settings: Settings) -> list[str]:
    """Return the names of the logins in the store that the settings name, sorted; none for memory."""
    return make_token_store(settings, "default").profiles()
