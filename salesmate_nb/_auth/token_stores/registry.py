"""The token stores that the settings can name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from salesmate_nb._auth.token_stores.base import TokenStore
from salesmate_nb._auth.token_stores.file import FileTokenStore
from salesmate_nb._auth.token_stores.keyring import KeyringTokenStore
from salesmate_nb._auth.token_stores.memory import MemoryTokenStore
from salesmate_nb._auth.token_stores.profiles import check_profile
from salesmate_nb.settings import Settings

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
