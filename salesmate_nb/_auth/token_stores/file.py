"""A token in a private file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from salesmate_nb._auth.token_stores.base import TextTokenStore
from salesmate_nb._auth.token_stores.profiles import profile_names
from salesmate_nb._auth.tokens import Token
from salesmate_nb._base import files
from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret

_SPARE = 2**14  # bytes reserved for the next text; a token takes a few thousand at most
_MAX_BYTES = 2**20  # of a file


class FileTokenStore(TextTokenStore):
    """A token in ``<folder>/<profile>.json``, for this user alone.

    The file is created with mode 0600 and replaced in one step, so it is never seen half-written or
    readable by others. A link, or another user's file, is not read. While it is locked, there is space on the
    disk for the next text, if there was any.

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
        self._spare: files.SpareFile | None = None

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self.path)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other threads and processes out, and reserve space for the next text."""
        with super().lock():
            self._reserve()
            try:
                yield
            finally:
                self._drop_spare()

    @sealed
    def read_text(self) -> Secret | None:
        """Return the file's text; an empty file, which could not be removed, has none."""
        try:
            with files.open_private(self.path) as file:
                self._close_to_others(file.fileno())
                return Secret(file.read(_MAX_BYTES).decode(errors="replace")) or None
        except (FileNotFoundError, NotADirectoryError):
            return None

    @sealed
    def write_text(self, text: Secret) -> None:
        """Replace the file in one step."""
        spare, self._spare = self._spare, None
        if spare is not None:
            with contextlib.suppress(OSError):  # once more without it, which says what is wrong
                with spare.write() as file:
                    file.write(text.reveal().encode())
                return
        if self.has_lock:
            files.remove_leftovers(self.path)
        with files.atomic_write(self.path) as file:
            file.write(text.reveal().encode())

    def delete_text(self) -> None:
        """Delete the file, and a corrupt one that was set aside: it may still hold a login."""
        self._drop_spare()
        refused = None
        for path in (self.path, self._aside, *files.leftovers(self.path)):
            try:
                files.erase(path)
            except OSError as err:
                refused = err
        if refused is not None:
            raise refused

    def set_aside(self) -> str | None:
        """Rename the file to ``<profile>.damaged``."""
        try:
            return self.path.replace(self._aside).name
        except OSError:
            return None

    def profiles(self) -> list[str]:
        """Return the names of the token files in the folder."""
        return profile_names(self.folder, ".json")

    def check_replaceable(self, token: Token) -> None:
        """Check that the token after this one can be stored, and reserve space for it."""
        super().check_replaceable(token)
        if self._spare is None:
            self._reserve()

    def rewrite(self, text: Secret) -> None:
        """Replace the file by its own text; without a lock, find out that a file can be created beside it."""
        if self.has_lock:
            self.write_text(text)
        elif self._spare is None:
            self._spare = files.SpareFile(self.path, _SPARE)

    def _reserve(self) -> None:
        with contextlib.suppress(OSError):  # writing the text will say why
            if self.has_lock:
                files.remove_leftovers(self.path)
            self._spare = files.SpareFile(self.path, _SPARE)

    def _drop_spare(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.remove()

    def _close_to_others(self, handle: int) -> None:
        """Take the rights of other users away, which a copy or an archive gave them."""
        mode = os.fstat(handle).st_mode & 0o777
        if os.name != "posix" or not mode & 0o077:
            return
        with contextlib.suppress(OSError):
            os.fchmod(handle, 0o600)
            self._warn_once(
                f"Other users of this computer could read the login in {self.path} (mode {mode:o}); now only "
                "you can. If somebody may have read it, end it: make a new Session Key, or log out."
            )

    @property
    def _aside(self) -> Path:
        return self.path.with_suffix(".damaged")
