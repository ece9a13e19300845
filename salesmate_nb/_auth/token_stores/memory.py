"""A token in memory only."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from salesmate_nb._auth.token_stores.base import MEMORY_ONLY
from salesmate_nb._auth.tokens import Token
from salesmate_nb._base.fork import fork_safe_lock


class MemoryTokenStore:
    """A token in the memory of this process; nothing is written to disk. Each store has its own token.

    A forked child can use the token until it expires; only its parent may refresh it.

    Examples
    --------
    >>> store = MemoryTokenStore()
    >>> store.location, store.load(), store.profiles()
    ('memory only', None, [])
    """

    location = MEMORY_ONLY

    def __init__(self) -> None:
        self._token: Token | None = None
        self._saved_in = os.getpid()
        self._lock = fork_safe_lock()

    def load(self) -> Token | None:
        """Return the token that was saved last."""
        return self._token

    def save(self, token: Token | None) -> None:
        """Keep a token, or with ``None`` forget it."""
        self._token, self._saved_in = token, os.getpid()

    @property
    def is_inherited(self) -> bool:
        """Whether the token was saved in a process that this one was forked from."""
        return self._token is not None and self._saved_in != os.getpid()

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other threads out; other processes cannot reach the token."""
        with self._lock:
            yield

    def profiles(self) -> list[str]:
        """Return an empty list: nothing is stored beyond this process."""
        return []
