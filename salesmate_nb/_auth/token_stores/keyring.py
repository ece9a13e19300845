"""A token in the system's keychain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from salesmate_nb._auth.token_stores.base import TextTokenStore
from salesmate_nb._auth.token_stores.profiles import profile_names
from salesmate_nb._base import files
from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret
from salesmate_nb.errors import SettingsError

_SERVICE = "salesmate_nb"  # the name in the keychain


class KeyringTokenStore(TextTokenStore):
    """A token in the system's keychain, by the package keyring.

    Its entry has the service ``salesmate_nb`` and is named after the folder and the profile, so that two
    folders do not share a login. Keychains cannot list their entries, so an empty file
    ``<folder>/<profile>.keyring`` marks each login.

    Parameters
    ----------
    folder : Path
        Where that file is; created with mode 0700 when it is first needed.
    profile : str
        A name for this login: up to 64 letters, digits, ``.``, ``_`` or ``-``.

    Raises
    ------
    SettingsError
        If keyring is not installed, or the profile is not a valid name.
    """

    remedy = "Unlock the keychain, or set SALESMATE_TOKEN_STORE=file."

    def __init__(self, folder: Path, profile: str) -> None:
        super().__init__(folder, profile)
        try:
            import keyring  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as err:
            raise SettingsError(
                "SALESMATE_TOKEN_STORE is 'keyring', but the package keyring is not installed. "
                'Run: pip install "salesmate-nb[keyring]"'
            ) from err
        self._keyring = keyring
        self._name = str((folder / profile).absolute())
        self._marker = folder / f"{profile}.keyring"

    @property
    def place(self) -> str:
        """The keychain, and the service that it lists the entry under."""
        return f"the system's keychain, as {_SERVICE}"

    def read_text(self) -> Secret | None:
        """Return the entry's text."""
        return _call_keyring(self._keyring.get_password, _SERVICE, self._name)

    def write_text(self, text: Secret) -> None:
        """Mark the login first, so that none is in the keychain that cannot be listed; then set the entry."""
        if not self._marker.is_file():
            with files.atomic_write(self._marker):
                pass
        _call_keyring(self._keyring.set_password, _SERVICE, self._name, text)

    def delete_text(self) -> None:
        """Delete the entry and its mark."""
        if self.read_text() is not None:
            _call_keyring(self._keyring.delete_password, _SERVICE, self._name)
        self._marker.unlink(missing_ok=True)

    def profiles(self) -> list[str]:
        """Return the names of the logins that are marked in the folder."""
        return profile_names(self.folder, ".keyring")


@sealed
def _call_keyring(verb: Callable[..., Any], *arguments: Secret | str) -> Secret | None:
    """Call the keychain; its errors, which may quote the arguments, become an ``OSError`` without them."""
    try:
        found = verb(*(Secret(argument).reveal() for argument in arguments))
        return None if found is None else Secret(found)
    except Exception as err:  # noqa: BLE001 - each backend has errors of its own
        kind = type(err).__name__
    raise OSError(None, kind)
