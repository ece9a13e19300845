"""A token in the system's keychain, for those who want no file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from salesmate_nb.errors import SettingsError
from salesmate_nb.secret import Secret
from salesmate_nb.tokens import FileCache

_SERVICE = "salesmate_nb"


class KeychainCache(FileCache):
    """A token in the system's keychain, by the package keyring; the lock stays a file.

    It is kept under the service ``salesmate_nb``, and under the path that its file would have, so that
    two token caches do not share a login. Where the keychain refuses it, the token stays in memory, with
    one warning.

    Parameters
    ----------
    folder : Path
        Where the lock lies.
    profile : str
        A name for this login.

    Raises
    ------
    SettingsError
        Where keyring is not installed.
    """

    _remedy = "Unlock the keychain, or set SALESMATE_TOKEN_STORE=file."

    def __init__(self, folder: Path, profile: str) -> None:
        super().__init__(folder, profile)
        try:
            import keyring  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as err:
            raise SettingsError(
                "SALESMATE_TOKEN_STORE is 'keyring', and the package keyring is not installed. "
                'Run: pip install "salesmate-nb[keyring]"'
            ) from err
        self._keyring = keyring
        self._name = str(self.path.with_suffix("").absolute())

    @property
    def place(self) -> str:
        """Where the token lies, in words."""
        return "memory only" if self._memory_only else f"the system's keychain, as {_SERVICE}"

    def _get(self) -> Secret | None:
        kept: str | None = _asked(self._keyring.get_password, _SERVICE, self._name)
        return None if kept is None else Secret(kept)

    def _put(self, text: Secret | None) -> None:
        if text is not None:
            _asked(self._keyring.set_password, _SERVICE, self._name, text)
        elif self._get() is not None:
            _asked(self._keyring.delete_password, _SERVICE, self._name)

    def _set_aside(self) -> str:
        return ""


def _asked(verb: Callable[..., Any], *what: str) -> Any:
    """Return what the keychain answers; its errors, which may quote what was given, come as ``OSError``."""
    try:
        return verb(*("".join(one) for one in what))
    except Exception as err:  # noqa: BLE001 - each backend has errors of its own
        kind = type(err).__name__
    raise OSError(None, kind)
