"""A token in a private file."""

from __future__ import annotations

from pathlib import Path

from salesmate_nb._auth.token_stores.base import TextTokenStore, profile_names
from salesmate_nb._base import files
from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret

_MAX_BYTES = 2**20  # of a file; a token takes a few thousand at most


class FileTokenStore(TextTokenStore):
    """A token in ``<folder>/<profile>.json``, for this user alone.

    The file is created with mode 0600 and replaced in one step, so it is never seen half-written or
    readable by others. A link, or another user's file, is not read.

    Parameters
    ----------
    folder : Path
        Where the file is; created with mode 0700 when it is first needed.
    profile : str
        A name for this login: up to 64 letters, digits, ``.``, ``_`` or ``-``.
    """

    remedy = "Set SALESMATE_TOKEN_CACHE to a folder of your own."

    def __init__(self, folder: Path, profile: str) -> None:
        super().__init__(folder, profile)
        self.path = folder / f"{profile}.json"

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self.path)

    @sealed
    def read_text(self) -> Secret | None:
        """Return the file's text."""
        try:
            with files.open_private(self.path) as file:
                return Secret(file.read(_MAX_BYTES).decode(errors="replace"))
        except FileNotFoundError:
            return None

    @sealed
    def write_text(self, text: Secret) -> None:
        """Replace the file in one step."""
        files.remove_leftovers(self.path)
        with files.atomic_write(self.path) as file:
            file.write(text.reveal().encode())

    def delete_text(self) -> None:
        """Delete the file, and a corrupt one that was set aside: it may still hold a login."""
        files.remove_leftovers(self.path)
        for path in (self.path, self._aside):
            path.unlink(missing_ok=True)

    def set_aside(self) -> str | None:
        """Rename the file to ``<profile>.damaged``."""
        try:
            return self.path.replace(self._aside).name
        except OSError:
            return None

    def profiles(self) -> list[str]:
        """Return the names of the token files in the folder."""
        return profile_names(self.folder, ".json")

    @property
    def _aside(self) -> Path:
        return self.path.with_suffix(".damaged")
