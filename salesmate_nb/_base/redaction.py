"""Secrets: text that hides itself, and its redaction from what servers send."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NoReturn, Self
from urllib.parse import quote


class Secret(str):
    """Text that shows as ``***`` and refuses to be pickled; :meth:`reveal` returns the plain text.

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
        """Wrap plain text; a secret is returned as it is."""
        return text if isinstance(text, cls) else super().__new__(cls, text)

    def reveal(self) -> str:
        """Return the plain text, only to be sent or stored."""
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
        raise TypeError("Secrets are not pickled; call Settings.load() or connect() in the other process.")


def fingerprint(secret: str) -> str:
    """Return 48 bits of a hash, as 12 hex digits: they identify a secret and cannot be turned back into it.

    Examples
    --------
    >>> fingerprint(Secret("s3cret")) == fingerprint("s3cret"), len(fingerprint("s3cret"))
    (True, 12)
    """
    return hashlib.sha256(b"salesmate_nb:" + "".join(secret).encode()).hexdigest()[:12]


def redact(text: str, secrets: Iterable[str | None]) -> str:
    """Return `text` with each secret replaced by ``***``, be it plain or percent-encoded.

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
