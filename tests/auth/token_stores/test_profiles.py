"""The names of profiles."""

from __future__ import annotations

import pytest

from salesmate_nb import SettingsError
from salesmate_nb._auth.token_stores.file import FileTokenStore
from salesmate_nb._auth.token_stores.profiles import profile_names


@pytest.mark.parametrize("profile", ["../x", "", ".hidden", "a/b", "x" * 65, "default\n"])
def test_file_profile_name(tmp_path, profile):
    """A store that is made without the factory checks the profile's name too."""
    with pytest.raises(SettingsError, match="profile"):
        FileTokenStore(tmp_path, profile)


def test_profile_names(tmp_path):
    """Only files that a profile may be named after are listed."""
    for name in ("b.json", "a.json", "not a profile.json", "c.lock"):
        (tmp_path / name).touch()
    assert profile_names(tmp_path, ".json") == ["a", "b"]
