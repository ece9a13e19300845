"""The protocol of token stores, and the base of those that keep text in a place that can fail."""

from __future__ import annotations

import abc
import contextlib
import errno
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar, Protocol

from filelock import Timeout

from salesmate_nb._auth.token_stores.patience import ATTEMPTS, is_passing, patiently
from salesmate_nb._auth.token_stores.profiles import check_profile
from salesmate_nb._auth.tokens import Token
from salesmate_nb._base import files
from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._base.warn import warn
from salesmate_nb.errors import ConnectionFailed

MEMORY_ONLY = "memory only"
_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_TURN_TIMEOUT = 40.0  # seconds, longer than a refresh
_LOCK_TIMEOUT = 90.0  # seconds; a refresh takes 35 s at most, and two may be waiting


class TokenStore(Protocol):
    """Keeps the token of one login; several threads may use it at once."""

    @property
    def location(self) -> str:
        """The place of the token, in words; ``"memory only"`` if a forked child has a copy of its own."""

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
    corrupt text out of the way, and locks by a file ``<folder>/<profile>.lock``. The login belongs to the
    person who runs this process, so snapshots may be stored beside it.

    What a disk refuses for a short time is tried again. If the place refuses a text, the tokens stay in
    memory until it takes one, and a warning says so; a refresh token that was used is then deleted from the
    place. If files cannot be locked, a warning says so, and processes take turns by a file
    ``<folder>/<profile>.turn``.

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
    trouble : str
        Why the place does not hold what was stored last; empty if it does.
    has_lock : bool
        Whether files can be locked there, as far as is known.

    Raises
    ------
    SettingsError
        If the profile is not such a name.
    """

    remedy: ClassVar[str]

    def __init__(self, folder: Path, profile: str) -> None:
        self.folder = folder
        self.profile = check_profile(profile)
        self.trouble = ""
        self.has_lock = True
        self._memory: list[Token] = []
        self._memory_only = False
        self._placed: list[Secret] = []  # what other processes can find in the place, as far as is known
        self._outdated: list[Token] = []  # still in the place, since it refused the text without them
        self._warned: set[str] = set()

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
        return MEMORY_ONLY if self.trouble else self.place

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
            text = patiently(self.read_text)
            stored = [] if text is None else _tokens(text)
        except OSError as err:
            self._cannot_read(err)
            return list(self._memory)
        except ValueError:
            stored, is_corrupt = [], True
        if is_corrupt:  # not in the except clause, whose error may show the text
            moved_to = self.set_aside()
            moved = f" and was moved to {moved_to}" if moved_to else ""
            warn(f"The login in {self.place} is corrupt{moved}. Log in again.")
        self._placed = [_credential(token) for token in stored]
        self._memory = self._with_unsaved(stored) if self.trouble else stored
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
            patiently(lambda: self._write(tokens))
            self.trouble, self._outdated = "", []
        except OSError as err:
            self.trouble = files.reason(err)
            self._retire(tokens)

    def check_replaceable(self, token: Token) -> None:
        """Check that the token after this one can be stored, by writing the text again that is there.

        Nothing is checked of a token that no other process can find.

        Raises
        ------
        OSError
            If the place refuses. A full disk does not: the place of the text is enough for the next one.
        """
        if _credential(token) not in self._placed:
            return
        text = patiently(self.read_text)
        if text is None:
            return
        try:
            patiently(lambda: self.rewrite(text))
        except OSError as err:
            if err.errno not in _FULL:
                raise

    def rewrite(self, text: Secret) -> None:
        """Write the stored text again; not without a lock, where it may be older than another process's."""
        if self.has_lock:
            self.write_text(text)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other threads and processes out during load, refresh and save.

        Raises
        ------
        ConnectionFailed
            If another process holds the lock for longer than a refresh can take.
        """
        lock_file = self.folder / f"{self.profile}.json"
        with contextlib.ExitStack() as held:
            try:
                patiently(
                    lambda: held.enter_context(files.lock(lock_file, _LOCK_TIMEOUT)),
                    attempts=ATTEMPTS if self.has_lock else 1,
                )
                self.has_lock = True
            except Timeout as err:
                raise ConnectionFailed(
                    f"Another process has been refreshing the login in {self.place} for "
                    f"{_LOCK_TIMEOUT:.0f} s. Try again; if it happens again, end that process."
                ) from err
            except (OSError, NotImplementedError) as err:  # the latter: a file system without locks
                self._cannot_lock(err)
                with contextlib.suppress(OSError):  # reading or writing the text will say why
                    held.enter_context(files.turn(lock_file, _TURN_TIMEOUT))
            yield

    def _write(self, tokens: list[Token]) -> None:
        if tokens:
            self.write_text(_text(tokens))
        else:
            self.delete_text()
        self._placed = [_credential(token) for token in tokens]

    def _retire(self, tokens: list[Token]) -> None:
        """Delete the text that could not be replaced, if it has a credential that `tokens` do not have.

        A refresh token that was used ends the whole login if another process uses it again (RFC 9700, section
        4.14.2). Deleting also gives space back, in which there may be room for the new text.
        """
        try:
            text = self.read_text()
            stored = [] if text is None else _tokens(text)
        except (OSError, ValueError):
            stored = []
        kept = {_credential(token) for token in tokens}
        self._outdated = [token for token in stored if _credential(token) not in kept]
        with contextlib.suppress(OSError):
            if self._outdated and tokens:
                self.delete_text()
                self._outdated, self._placed = [], []
                self._write(tokens)
                self.trouble = ""
        if self.trouble and tokens:
            danger = ""
            if self._outdated:
                danger = " A used refresh token is still there. Delete it: using it again ends the login."
            self._warn_once(
                f"The login cannot be kept in {self.place} ({self.trouble}); it ends with this process."
                f"{danger} {self.remedy}"
            )

    def _with_unsaved(self, stored: list[Token]) -> list[Token]:
        """Return the tokens of the place and of memory, of each login the newer one."""
        others = [token for token in stored if token not in self._outdated]
        unsaved = [
            token
            for token in self._memory
            if not any(other.replaces(token) and other.obtained_at > token.obtained_at for other in others)
        ]
        return [*(other for other in others if not any(one.replaces(other) for one in unsaved)), *unsaved]

    def _cannot_read(self, err: OSError) -> None:
        if not is_passing(err):
            self._memory_only, self.trouble = True, files.reason(err)
            self._warn_once(
                f"The login cannot be kept in {self.place} ({files.reason(err)}); it ends with this "
                f"process. {self.remedy}"
            )
            return
        self._warn_once(
            f"The login in {self.place} cannot be read now ({files.reason(err)}). What this process knows of "
            "it is used until it can."
        )

    def _cannot_lock(self, err: OSError | NotImplementedError) -> None:
        """Say that there is no lock, unless the disk refuses, which reading and writing will say."""
        self.has_lock = False
        if isinstance(err, OSError) and err.errno == errno.ELOOP:  # somebody else can write to this folder
            self._cannot_read(err)
        elif isinstance(err, NotImplementedError) or err.errno in _NO_LOCKS or is_passing(err):
            self._warn_once(
                f"Files in {self.folder} cannot be locked ({files.reason(err)}). Kernels take turns by "
                f"the file {self.profile}.turn there, and wait {_TURN_TIMEOUT:.0f} s for one that was "
                "killed. Set SALESMATE_TOKEN_CACHE to a folder on a local disk."
            )

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            warn(message)


def _credential(token: Token) -> Secret:
    """Return what another process could still use, and would not if it knew of a newer one."""
    return token.refresh_token or token.access_token


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
