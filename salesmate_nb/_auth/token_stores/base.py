"""The protocol of token stores, and the base of those that keep text in a place that can fail."""

from __future__ import annotations

import abc
import contextlib
import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar, Protocol

from filelock import Timeout

from salesmate_nb._auth.tokens import Token
from salesmate_nb._base import files
from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._base.warn import warn
from salesmate_nb.errors import ConnectionFailed, SettingsError

MEMORY_ONLY = "memory only"
_LOCK_TIMEOUT = 90.0  # seconds; a refresh takes 35 s at most, and two may be waiting
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class TokenStore(Protocol):
    """Keeps the token of one login; several threads may use it at once."""

    @property
    def location(self) -> str:
        """The place of the token, in words."""

    def load(self) -> Token | None:
        """Return the stored token, or ``None`` if there is none that can be read."""

    def save(self, token: Token | None) -> None:
        """Store a token, or with ``None`` delete the stored one."""

    def lock(self) -> AbstractContextManager[None]:
        """Keep other threads and processes out during load, refresh and save."""

    def profiles(self) -> list[str]:
        """Return the names of the logins stored in the same place, sorted; empty if it keeps no list."""


class TextTokenStore(abc.ABC):
    """The base of stores that keep tokens as text, in a place that can fail.

    A subclass reads, writes and deletes the text. This class converts it from and to tokens: one for each
    client and account that somebody logged in to under the profile's name, the newest last. It moves
    corrupt text out of the way, and locks by a file ``<folder>/<profile>.lock``. If the place raises
    ``OSError`` or cannot lock, the token stays in memory, with one warning. The login belongs to the
    person who runs this process, so snapshots may be stored beside it.

    Parameters
    ----------
    folder : Path
        Created with mode 0700 when it is first needed.
    profile : str
        A name for this login: up to 64 letters, digits, ``.``, ``_`` or ``-``.

    Attributes
    ----------
    remedy : str
        A sentence for the warning: what the user can change if the place refuses the token.

    Raises
    ------
    SettingsError
        If the profile is not such a name.
    """

    remedy: ClassVar[str]

    def __init__(self, folder: Path, profile: str) -> None:
        self.folder = folder
        self.profile = check_profile(profile)
        self._memory: list[Token] = []
        self._memory_only = False

    @property
    @abc.abstractmethod
    def place(self) -> str:
        """The place of the text, in words."""

    @abc.abstractmethod
    def read_text(self) -> Secret | None:
        """Return the stored text, or ``None`` if there is none."""

    @abc.abstractmethod
    def write_text(self, text: Secret) -> None:
        """Store a text in place of the one before."""

    @abc.abstractmethod
    def delete_text(self) -> None:
        """Delete the stored text, if there is one."""

    @abc.abstractmethod
    def profiles(self) -> list[str]:
        """Return the names of the logins stored in the same place, sorted."""

    def set_aside(self) -> str | None:
        """Move corrupt text out of the way and return its new name; ``None`` if the next save replaces it."""
        return None

    @property
    def location(self) -> str:
        """The place of the token, in words."""
        return MEMORY_ONLY if self._memory_only else self.place

    def load(self) -> Token | None:
        """Return the token that was added last, or ``None`` if there is none; corrupt text counts as none."""
        return next(reversed(self.load_all()), None)

    def load_all(self) -> list[Token]:
        """Return the stored tokens, the newest last.

        Corrupt text counts as none: it is moved out of the way, with a warning.
        """
        if self._memory_only:
            return list(self._memory)
        is_corrupt = False
        try:
            text = self.read_text()
            self._memory = [] if text is None else _tokens(text)
        except OSError as err:
            self._fall_back(err)
        except ValueError:
            self._memory, is_corrupt = [], True
        if is_corrupt:  # not in the except clause, whose error may show the text
            moved_to = self.set_aside()
            moved = f" and was moved to {moved_to}" if moved_to else ""
            warn(f"The login in {self.place} is corrupt{moved}. Log in again.")
        return list(self._memory)

    def save(self, token: Token | None) -> None:
        """Store a token in place of the one of the same client and account, or with ``None`` delete all."""
        if token is None:
            self.save_all([])
            return
        tokens = self.load_all()
        kept = [token if token.replaces(other) else other for other in tokens]
        self.save_all(kept if token in kept else [*kept, token])

    def save_all(self, tokens: list[Token]) -> None:
        """Store these tokens in place of all that are stored."""
        self._memory = list(tokens)
        if self._memory_only:
            return
        try:
            if not tokens:
                self.delete_text()
            else:
                self.write_text(_text(tokens))
        except OSError as err:
            self._fall_back(err)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other threads and processes out during load, refresh and save.

        Raises
        ------
        ConnectionFailed
            If another process holds the lock for longer than a refresh can take.
        """
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(files.lock(self.folder / f"{self.profile}.json", _LOCK_TIMEOUT))
            except Timeout as err:
                raise ConnectionFailed(
                    f"Another process has been refreshing the login in {self.place} for "
                    f"{_LOCK_TIMEOUT:.0f} s. Try again; if it happens again, end that process."
                ) from err
            except (OSError, NotImplementedError) as err:  # the latter: a file system without locks
                self._fall_back(err)
            yield

    def _fall_back(self, err: OSError | NotImplementedError) -> None:
        if not self._memory_only:
            self._memory_only = True
            warn(
                f"The login cannot be kept in {self.place} ({files.reason(err)}); it ends with this "
                f"process. {self.remedy}"
            )


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


@sealed
def _text(tokens: list[Token]) -> Secret:
    """Return tokens as the text that is stored."""
    return Secret(f"[{','.join(token.to_json().reveal() for token in tokens)}]")


@sealed
def _tokens(text: Secret) -> list[Token]:
    """Read the tokens in a text; one of an earlier version of this package holds a single one.

    Raises
    ------
    ValueError
        If the text is not such a text.
    """
    try:
        content = json.loads(text.reveal())
    except (ValueError, RecursionError):  # whose own error holds the text
        raise ValueError("not JSON, or nested too deeply") from None
    texts = [Secret(json.dumps(one)) for one in content] if isinstance(content, list) else [text]
    if not texts:
        raise ValueError("an empty list")
    return [Token.from_json(one) for one in texts]
