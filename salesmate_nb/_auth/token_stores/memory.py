"""A token in memory only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from salesmate_nb._auth.token_stores.base import MEMORY_ONLY
from salesmate_nb._auth.tokens import Token
from salesmate_nb._base.fork import fork_safe_lock


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
        self._lock = fork_safe_lock()

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
