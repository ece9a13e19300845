"""Text that nothing shows: a secret, and the form in which requests send one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import NoReturn, Self

SHOWN = "***"


class Secret:
    """Text that shows as ``***``; :meth:`reveal` returns the plain text.

    It is no ``str``, so that nothing can join, cut, count or encode its characters by mistake. It equals a
    secret, or a text, with the same characters. It cannot be pickled or written as JSON.

    Parameters
    ----------
    text : str or Secret
        The plain text.

    Examples
    --------
    >>> key = Secret("s3cret")
    >>> key, f"{key}", [str(key)], key == "s3cret"
    ('***', '***', ['***'], True)
    >>> key.reveal()
    's3cret'
    """

    __slots__ = ("_read",)
    _read: Callable[[], str]  # a method of the text, whose own repr does not show it

    def __init__(self, text: str | Secret = "") -> None:
        read = text._read if isinstance(text, Secret) else None  # noqa: SLF001 - of another secret
        # in one line, without a frame of Python: whatever interrupts it, no traceback shows the text
        try: object.__setattr__(self, "_read", read or "".join(text).__str__)  # type: ignore[arg-type] # noqa: E701 # fmt: skip
        except BaseException:
            text = ""
            raise

    def reveal(self) -> str:
        """Return the plain text: only where it is sent or stored, in a sealed function."""
        return self._read()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("A secret cannot be changed.")

    def __repr__(self) -> str:
        return repr(SHOWN)

    def __str__(self) -> str:
        return SHOWN

    def __format__(self, spec: str) -> str:
        return format(SHOWN, spec)

    def __bool__(self) -> bool:
        return bool(self._read())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret | str):
            return NotImplemented
        return hmac.compare_digest(_bytes(self), _bytes(Secret(other)))

    def __hash__(self) -> int:
        return hash(self._read())

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("Secrets are not pickled; call Settings.load() or connect() in the other process.")


class WireText(str):
    """A header's value or a body that shows as ``***`` and is sent in plain text.

    requests and urllib3 pass such text on as it is; ``http.client`` encodes it when it sends it.

    Examples
    --------
    >>> value = WireText(Secret("s3cret"))
    >>> value, value[:2], len(value), value.encode()
    ('***', '**', 3, b's3cret')
    """

    __slots__ = ("secret",)
    secret: Secret

    def __new__(cls, secret: Secret) -> Self:
        """Make the text that is sent as the plain text of `secret`."""
        shown = super().__new__(cls, SHOWN)
        shown.secret = secret
        return shown

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the bytes of the plain text."""
        return self.secret.reveal().encode(encoding, errors)


def fingerprint(secret: Secret | str) -> str:
    """Return 48 bits of a hash, as 12 hex digits: they identify a secret and cannot be turned back into it.

    Examples
    --------
    >>> fingerprint(Secret("s3cret")) == fingerprint("s3cret"), len(fingerprint("s3cret"))
    (True, 12)
    """
    return hashlib.sha256(b"salesmate_nb:" + _bytes(Secret(secret))).hexdigest()[:12]


def _bytes(secret: Secret) -> bytes:
    return secret.reveal().encode(errors="surrogatepass")
