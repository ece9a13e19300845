"""What a forked child must not share with its parent: locks that another thread held, and connections."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

_Shared = TypeVar("_Shared")
_renewals: weakref.WeakKeyDictionary[Any, Callable[[Any], object]] = weakref.WeakKeyDictionary()


def renew_in_child(shared: _Shared, renew: Callable[[_Shared], object]) -> None:
    """Have ``renew(shared)`` called in each forked child, before anything else runs there.

    Only the thread that forks lives on in the child: `renew` must not wait for a lock of the parent.

    Parameters
    ----------
    shared : object
        What the child inherits; only referred to weakly.
    renew : callable
        Replaces the locks and connections of `shared` by new ones.
    """
    _renewals[shared] = renew


def fork_safe_lock() -> AbstractContextManager[bool]:
    """Return a reentrant lock that is free in a forked child, whichever thread of the parent held it.

    Examples
    --------
    >>> lock = fork_safe_lock()
    >>> with lock, lock:
    ...     pass
    """
    lock = threading.RLock()
    renew_in_child(lock, _release)
    return lock


def _release(lock: Any) -> None:
    lock._at_fork_reinit()  # noqa: SLF001 - as logging and concurrent.futures do


def _renew_all() -> None:
    for shared, renew in list(_renewals.items()):
        renew(shared)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_renew_all)
