"""A token, and the file it is kept in between kernels."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, TypeGuard

import filelock

from salesmate_nb.errors import ConnectionFailed, SettingsError
from salesmate_nb.secret import Secret
from salesmate_nb.settings import Settings

VERSION = 1
_LEEWAY = 60.0  # seconds before its end at which a token is renewed
_LOCK_TIMEOUT = 90.0  # a refresh takes 35 s at most; two may stand in line
_LONGEST = 2**20  # characters of a file; a token has some thousand at most
_LATEST = 10**11  # Unix seconds: in the year 5138, which calendars can still tell
_RANDOM = "????????"  # what mkstemp puts into a name
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Token:
    """What the token endpoint issued, and for whom; its repr shows no secret.

    Parameters
    ----------
    access_token, refresh_token : Secret
        The refresh token is ``None`` where the server gives none.
    obtained_at, expires_at : int
        Unix seconds by this machine's clock. ``expires_at`` is ``None`` where the server did not say.
    client_id, token_url, scope
        What it was issued for; it is used for nothing else.

    Examples
    --------
    >>> settings = Settings(client_id="my-app")
    >>> answer = {"access_token": "at-1", "refresh_token": "rt-1", "expires_in": "3600"}
    >>> token = Token.from_answer(answer, settings, now=1_700_000_000)
    >>> token.access_token, token.expires_at, token.is_stale(now=1_700_003_550)
    ('***', 1700003600, True)
    """

    access_token: Secret
    refresh_token: Secret | None
    obtained_at: int
    expires_at: int | None
    client_id: str
    token_url: str
    scope: str | None

    @classmethod
    def from_answer(
        cls,
        answer: Mapping[str, Any],
        settings: Settings,
        *,
        previous: Token | None = None,
        now: float | None = None,
    ) -> Self:
        """Make a token of what the token endpoint answered.

        An absent, empty or ``null`` refresh token, or one that is none, leaves the one of `previous` in
        force (RFC 6749, section 6). ``expires_in`` may come as a number or as text; anything else means
        unknown.
        """
        obtained = int(time.time() if now is None else now)
        lifetime = _seconds(answer.get("expires_in"))
        renewal = answer.get("refresh_token")
        kept = previous.refresh_token if previous else None
        return cls(
            access_token=Secret(answer["access_token"]),
            refresh_token=Secret(renewal) if is_token(renewal) else kept,
            obtained_at=obtained,
            expires_at=None if lifetime is None else obtained + lifetime,
            client_id=settings.client_id or "",
            token_url=settings.token_url,
            scope=settings.scope,
        )

    def is_stale(self, now: float | None = None) -> bool:
        """Tell whether it is time to renew: a minute before its end, or the last tenth of a short life."""
        if self.expires_at is None:
            return False
        leeway = min(_LEEWAY, (self.expires_at - self.obtained_at) / 10)
        return (time.time() if now is None else now) >= self.expires_at - leeway

    def fits(self, settings: Settings) -> bool:
        """Tell whether it was issued for these settings' client, token endpoint and scope."""
        issued_for = (self.client_id, self.token_url, self.scope)
        return issued_for == (settings.client_id, settings.token_url, settings.scope)


class TokenCache(Protocol):
    """Where a token is kept: two verbs, and a lock around read-refresh-write."""

    def load(self) -> Token | None:
        """Return the kept token, if there is one that can be read."""

    def save(self, token: Token | None) -> None:
        """Keep a token, or with ``None`` forget the one there is."""

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Keep other threads and processes from refreshing at the same time."""


class FileCache:
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
    def place(self) -> str:
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
        warnings.warn(f"{self.place} is damaged{aside}. Log in again.", stacklevel=2)
        return None

    def save(self, token: Token | None) -> None:
        """Keep a token, or with ``None`` forget the one there is."""
        self._memory = token
        if self._memory_only:
            return
        try:
            self._put(None if token is None else serialise(token))
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
            place, self._memory_only = self.place, True
            why = getattr(err, "strerror", None) or err
            warnings.warn(
                f"The login cannot be kept in {place} ({why}); it ends with this process. {self._remedy}",
                stacklevel=3,
            )


def is_token(given: object) -> TypeGuard[str]:
    """Tell whether it is the text of a token: ASCII that can be printed (RFC 6749, appendices A.12 and A.17).

    Anything else could not be sent, and would be shown by the error that says so.
    """
    return isinstance(given, str) and given != "" and given.isascii() and given.isprintable()


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


def serialise(token: Token) -> Secret:
    """Return a token as the text that is kept; a secret as a whole, since it holds the tokens."""
    # json writes a Secret's true text, being str: here is the one place where that is wanted
    return Secret(json.dumps({"version": VERSION, **vars(token)}, indent=1))


def parse(text: str) -> Token:
    """Read a token from the text that was kept; ``ValueError`` where that is no such text."""
    try:
        kept = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(kept, dict) or kept.pop("version", None) != VERSION:
        raise ValueError("not a token file of this version")
    try:
        token = Token(**kept)
    except TypeError:
        raise ValueError("not the fields of a token") from None
    said: dict[str, Any] = vars(token)
    moments = (said["obtained_at"], 0 if said["expires_at"] is None else said["expires_at"])
    if not (
        is_token(said["access_token"])
        and (said["refresh_token"] is None or is_token(said["refresh_token"]))
        and all(isinstance(said[name], str) and said[name] for name in ("client_id", "token_url"))
        and (said["scope"] is None or isinstance(said["scope"], str))
        and all(type(one) is int and 0 <= one <= _LATEST for one in moments)
    ):
        raise ValueError("not the values of a token")
    renewal = Secret(token.refresh_token) if token.refresh_token else None
    return Token(**{**kept, "access_token": Secret(token.access_token), "refresh_token": renewal})


def _seconds(given: object) -> int | None:
    """Read ``expires_in``; 0 and less would mean to renew before every call, so they count as unknown."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    try:
        seconds = float(given)
    except (ValueError, OverflowError):
        return None
    return int(seconds) if 1 <= seconds <= _LATEST / 2 else None
