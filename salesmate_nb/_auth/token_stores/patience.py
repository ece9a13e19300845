"""Repeat what a disk refuses for a short time."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")

ATTEMPTS = 4
_PAUSE = 0.05  # seconds; each pause is three times the one before: 0.65 s in all
_PASSING = frozenset(
    {
        errno.EAGAIN,
        errno.EBUSY,
        errno.EINTR,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOLCK,
        errno.ESTALE,  # a file on NFS that another computer has replaced
        errno.ETIMEDOUT,
    }
)


def patiently(action: Callable[[], _Result], *, attempts: int = ATTEMPTS) -> _Result:
    """Return what `action` returns, repeating it while the disk refuses for what may pass.

    Raises
    ------
    OSError
        If the last attempt fails, or the disk refuses for another reason.
    """
    for attempt in range(attempts - 1):
        try:
            return action()
        except OSError as err:
            if not is_passing(err):
                raise
        time.sleep(_PAUSE * 3**attempt)
    return action()


def is_passing(err: OSError) -> bool:
    """Return whether a disk may allow shortly what it refused.

    Examples
    --------
    >>> is_passing(OSError(errno.EIO, "Input/output error")), is_passing(OSError(errno.ENOSPC, "No space"))
    (True, False)
    """
    return err.errno in _PASSING
