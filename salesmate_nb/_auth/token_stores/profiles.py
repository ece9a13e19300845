"""The names of profiles: what one may be, and those that a folder has files of."""

from __future__ import annotations

import re
from pathlib import Path

from salesmate_nb.errors import SettingsError

_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_profile(profile: str) -> str:
    """Return a profile's name if it can name a file in a folder, and nothing outside of it.

    Raises
    ------
    SettingsError
        If it cannot.
    """
    if not _PROFILE.fullmatch(str(profile)):
        raise SettingsError(
            f"profile {profile!r} cannot be used: a profile is up to 64 letters, digits, '.', '_' or '-'."
        )
    return profile


def profile_names(folder: Path, suffix: str) -> list[str]:
    """Return the profiles that have a file with this suffix in a folder, sorted."""
    names = (path.name.removesuffix(suffix) for path in folder.glob(f"*{suffix}"))
    return sorted(name for name in names if _PROFILE.fullmatch(name))
