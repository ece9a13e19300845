"""Secrets: text that does not show itself, and is blotted out of others' words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NoReturn, Self
from urllib.parse import quote


class Secret(str):
    """Text that shows itself as ``***`` and refuses to be pickled; :meth:`reveal` gives the plain text.

    Examples
    --------
    >>> key = Secret("s3cret")
    >>> key, f"{key}", [str(key)]
    ('***', '***', ['***'])
    >>> key.reveal()
    's3cret'
    """

    __slots__ = ()

    def __new__(cls, text: str = "") -> Self:
        """Make a secret of plain text, or return the one it is already."""
        return text if isinstance(text, cls) else super().__new__(cls, text)

    def reveal(self) -> str:
        """Return the plain text, to be sent or stored and nothing else."""
        return "".join(self)

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("Secrets are not pickled; let the other process call Settings.load() or connect().")


def fingerprint(secret: str) -> str:
    """Return what tells one secret from another and does not lead back to it: 48 bits of a hash.

    Examples
    --------
    >>> fingerprint(Secret("s3cret")) == fingerprint("s3cret"), len(fingerprint("s3cret"))
    (True, 12)
    """
    return hashlib.sha256(b"salesmate_nb:" + "".join(secret).encode()).hexdigest()[:12]


def redact(text: str, secrets: Iterable[str | None]) -> str:
    """Return text of the server's with every secret in it blotted out, plain or as an address quotes it.

    Examples
    --------
    >>> redact("code c0de-1 is used up", [Secret("c0de-1"), None])
    'code *** is used up'
    """
    for secret in secrets:
        if secret:
            for form in ("".join(secret), quote("".join(secret), safe="")):
                text = text.replace(form, "***")
    return text
