"""Where a token is stored: a file, or the system's keychain."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import filelock

from salesmate_nb._auth.tokens import Token, parse, serialize
from salesmate_nb._redaction import Secret
from salesmate_nb.errors import ConnectionFailed, SettingsError

_LOCK_TIMEOUT = 90.0  # a refresh takes 35 s at most; two may stand in line
_LONGEST = 2**20  # characters of a file; a token has some thousand at most
_RANDOM = "????????"  # what mkstemp puts into a name
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SERVICE = "salesmate_nb"


class TokenStore(Protocol):
    """Where a token is kept: two verbs, and a lock around read-refresh-write."""

    @property
    def location(self) -> str:
        """Where the token is stored, in words."""

    def load(self) -> Token | None:
        """Return the kept token, if there is one that can be read."""

    def save(self, token: Token | None) -> None:
        """Keep a token, or with ``None`` forget the one there is."""

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Keep other threads and processes from refreshing at the same time."""


class FileTokenStore:
    """A token in ``<folder>/<profile>.json``, for this user alone.

    The file is created with mode 0600 in a folder of mode 0700 and replaced in one step, so it is
    never seen half-written or readable by others. Where the disk refuses it or cannot lock, the token
    stays in memory, with one warning. A link, or another user's file, is not read.

    Parameters
    ----------
    folder : Path
        Made when first needed.
    profile : str
        A name for this login: letters, digits, ``.``, ``_`` and ``-``.

    Raises
    ------
    SettingsError
        Where the profile's name cannot name a file.
    """

    _remedy = "Set SALESMATE_TOKEN_CACHE to a folder of your own."

    def __init__(self, folder: Path, profile: str) -> None:
        if not _PROFILE.fullmatch(profile):
            raise SettingsError(
                f"profile {profile!r} cannot be used: a profile is up to 64 letters, digits, '.', '_' or '-'."
            )
        self.path = folder / f"{profile}.json"
        self._memory: Token | None = None
        self._memory_only = False

    @property
    def location(self) -> str:
        """Where the token lies, in words."""
        return "memory only" if self._memory_only else str(self.path)

    def load(self) -> Token | None:
        """Return the kept token; a damaged one is set aside, with a warning."""
        if self._memory_only:
            return self._memory
        try:
            text = self._get()
            return None if text is None else parse(text)
        except OSError as err:
            self._fall_back(err)
            return self._memory
        except ValueError:
            pass
        aside = self._set_aside()
        warnings.warn(f"{self.location} is damaged{aside}. Log in again.", stacklevel=2)
        return None

    def save(self, token: Token | None) -> None:
        """Keep a token, or with ``None`` forget the one there is."""
        self._memory = token
        if self._memory_only:
            return
        try:
            self._put(None if token is None else serialize(token))
        except OSError as err:
            self._fall_back(err)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other threads and processes from refreshing at the same time.

        Raises
        ------
        ConnectionFailed
            Where another process holds the lock for longer than a refresh can take.
        """
        with contextlib.ExitStack() as held:
            try:
                self._make_folder()
                held.enter_context(
                    filelock.FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_TIMEOUT, mode=0o600)
                )
            except filelock.Timeout as err:
                raise ConnectionFailed(
                    f"Another process has been renewing the login in {self.path} for {_LOCK_TIMEOUT:.0f} s. "
                    "Try again; if it goes on, end that process."
                ) from err
            except (OSError, NotImplementedError) as err:  # the latter: a file system without locks
                self._fall_back(err)
            yield

    def _get(self) -> Secret | None:
        try:
            return _read_private(self.path)
        except FileNotFoundError:
            return None

    def _put(self, text: Secret | None) -> None:
        # what a process left that was killed while it wrote; who saves holds the lock
        for leftover in self.path.parent.glob(f".{self.path.stem}.{_RANDOM}.tmp"):
            leftover.unlink(missing_ok=True)
        if text is None:
            for kept in (self.path, self.path.with_suffix(".damaged")):  # which may hold a login still
                kept.unlink(missing_ok=True)
        else:
            self._write(text)

    def _set_aside(self) -> str:
        """Move what is damaged out of the way, and tell where to."""
        aside = self.path.with_suffix(".damaged")
        with contextlib.suppress(OSError):
            self.path.replace(aside)
        return f"; it was set aside as {aside.name}"

    def _make_folder(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _write(self, text: Secret) -> None:
        self._make_folder()
        # mkstemp creates with mode 0600 and refuses to follow what is already there
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.stem}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text.reveal())
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _fall_back(self, err: OSError | NotImplementedError) -> None:
        if not self._memory_only:
            place, self._memory_only = self.location, True
            why = getattr(err, "strerror", None) or err
            warnings.warn(
                f"The login cannot be kept in {place} ({why}); it ends with this process. {self._remedy}",
                stacklevel=3,
            )


class KeyringTokenStore(FileTokenStore):
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
    def location(self) -> str:
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


def profiles(folder: Path) -> list[str]:
    """Return the names of the logins that are kept in a folder."""
    names = (path.stem for path in folder.glob("*.json"))
    return sorted(name for name in names if _PROFILE.fullmatch(name))


def _read_private(path: Path) -> Secret:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(None, "it is no plain file")
        if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
            raise OSError(None, "it belongs to another user")
        return Secret(file.read(_LONGEST))


class MemoryTokenStore:
    """Placeholder until the auth room lands."""

    location = "memory only"

    def __init__(self) -> None:
        self._token: Token | None = None

    def load(self) -> Token | None:
        """Return it."""
        return self._token

    def save(self, token: Token | None) -> None:
        """Keep it."""
        self._token = token

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Do nothing."""
        yield
