"""Who is connected and in which time zone: asked once, then remembered beside the login."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from salesmate_nb._api.response import find_rows
from salesmate_nb._api.waiting import Waiter
from salesmate_nb._base import files
from salesmate_nb._base.fork import fork_safe_lock
from salesmate_nb._base.secret.text import fingerprint
from salesmate_nb.errors import ApiError, KeyRefused, RateLimited, SalesmateError
from salesmate_nb.resources.users import USERS_PATH
from salesmate_nb.settings import Settings

_VERSION = 2  # of the file: the first one had no id
_RENEWED_AFTER = 30 * 24 * 3600.0  # seconds
_MAX_BYTES = 2**16  # of the file
_MAX_LENGTH = 100  # characters of a name or a time zone
_TRUE = frozenset({"1", "true"})
_NO_RIGHT = frozenset({403, 404})


@dataclass(frozen=True, kw_only=True)
class CurrentUser:
    """The user whose login it is; a text is empty if it is not known.

    Parameters
    ----------
    name : str
        The user's name in Salesmate.
    timezone : str
        The user's time zone as Salesmate names it, usually an IANA name.
    id : str
        The user's id in Salesmate.
    """

    name: str = ""
    timezone: str = ""
    id: str = ""

    @classmethod
    def from_users(cls, users: list[Any]) -> Self:
        """Find the user who is asking in the list of users (``isCurrentUser``, v4 reference).

        Examples
        --------
        >>> CurrentUser.from_users(
        ...     [
        ...         {"name": "Jo Park", "isCurrentUser": 0, "timezone": "Asia/Seoul"},
        ...         {
        ...             "firstName": "Ann",
        ...             "lastName": "Weber",
        ...             "isCurrentUser": 1,
        ...             "timezone": "Europe/Berlin",
        ...         },
        ...     ]
        ... )
        CurrentUser(name='Ann Weber', timezone='Europe/Berlin', id='')
        """
        for user in users:
            if isinstance(user, dict) and str(user.get("isCurrentUser")).lower() in _TRUE:
                names = _text(user.get("firstName")), _text(user.get("lastName"))
                full_name = _text(user.get("name")) or " ".join(filter(None, names))
                number = _text(str(user.get("id") or ""))
                return cls(name=full_name, timezone=_text(user.get("timezone")), id=number)
        return cls()


class CurrentUserLookup:
    """Looks up the current user: in memory, else in a small file, else by one request.

    The file ``<profile>.account`` beside the login has mode 0600. It holds the user's name, id and time zone,
    the API's address, and a fingerprint of the key; no secret, and nothing of customers. It is used for a
    month.

    Parameters
    ----------
    settings : Settings
        Whose login it is.
    profile : str
        The name of the login.
    request : callable
        Called as ``request("GET", path, waiter=waiter)``; returns the JSON.
    is_stored : bool
        Whether there is a file; not if the login is in memory or in a store of the caller's own.
    """

    def __init__(
        self, settings: Settings, profile: str, request: Callable[..., Any], *, is_stored: bool
    ) -> None:
        self._path = settings.token_cache / f"{profile}.account" if is_stored else None
        self._login = login_fingerprint(settings)
        self._bound = {
            "version": _VERSION,
            "host": settings.api_url,
            "linkname": settings.linkname,
            "login": self._login,
        }
        self._request = request
        self._known: CurrentUser | None = None
        self._has_failed = False
        self._asking = fork_safe_lock()

    def get(self, waiter: Waiter | None = None) -> CurrentUser:
        """Return the user, asking Salesmate if nothing is remembered or it is a month old.

        If the list of users cannot be read, the user is the one that this login was of before. Otherwise, a
        user who may not see the list, or does not stand in it, counts as not known.

        Parameters
        ----------
        waiter : Waiter, optional
            How long to wait for the rate limit; by default 60 seconds.

        Raises
        ------
        LoginRequired
            If the login was not accepted.
        RateLimited, ConnectionFailed, NotFound
            If the request was refused, no response arrived, or the workspace does not exist.
        """
        with self._asking:
            if self._known is None:
                self._known = _load(self._path, self._bound, _RENEWED_AFTER)
            if self._known is not None:
                return self._known
            users: list[Any] | None = []
            try:
                users = find_rows(self._request("GET", USERS_PATH, waiter=waiter))
                is_final = bool(users)
            except KeyRefused:
                is_final = True  # no right to this list, or a wrong key: the next request shows which
            except ApiError as err:
                if isinstance(err, RateLimited) or err.code == "NoSuchLinkExist":
                    raise
                is_final = err.status in _NO_RIGHT
            self._has_failed = not is_final
            found = CurrentUser.from_users(users or [])
            if not found.id:
                found = _load(self._path, self._bound) or found
            return self._remember(found, is_final=is_final)

    def learn(self, users: list[Any]) -> None:
        """Remember the user from a list of users that was read for another reason."""
        with self._asking:
            user = CurrentUser.from_users(users)
            if user not in {CurrentUser(), self._known}:
                self._remember(user, is_final=True)

    def set(self, user: CurrentUser) -> None:
        """Remember the user whose login was just proven."""
        with self._asking:
            self._remember(user, is_final=True)

    def known(self) -> CurrentUser:
        """Return what is remembered, however old; makes no request."""
        return self._known or _load(self._path, self._bound) or CurrentUser()

    def identity(self, waiter: Waiter | None = None, *, is_offline: bool = False) -> str:
        """Return whose login it is: the user's id if it is known, else the login itself.

        If another process has logged in as somebody else, or logged out, the user is asked for again.

        Parameters
        ----------
        waiter : Waiter, optional
            As in `get`.
        is_offline : bool
            Whether to make no request.

        Raises
        ------
        SalesmateError
            If the list of users could not be read now, and the login before this one was another: nobody
            knows whether it was of the same user.
        """
        if not is_offline:
            with self._asking:
                if self._known and self._known.id and _load(self._path, self._bound) != self._known:
                    self._known = None
        user = self.known() if is_offline else self.get(waiter)
        if not (user.id or is_offline) and self._has_failed and self._had_other_login():
            raise SalesmateError(
                "Salesmate's list of users could not be read, so it is not known whether this login is of "
                "the user whose rows are saved here. They were left as they are. Run this again later, or "
                "read live with refresh='live'."
            )
        return f"user {user.id}" if user.id else self._login

    def forget(self) -> str:
        """Forget the user, here and in the file; return in a sentence what is still there."""
        self._known = None
        for path in () if self._path is None else (self._path, *files.leftovers(self._path)):
            try:
                files.erase(path)
            except OSError as err:
                return f"{path} could not be removed ({files.reason(err)}). Delete it yourself."
        return ""

    def _had_other_login(self) -> bool:
        bound = {name: value for name, value in self._bound.items() if name != "login"}
        return _load(self._path, bound) is not None and _load(self._path, self._bound) is None

    def _remember(self, user: CurrentUser, *, is_final: bool) -> CurrentUser:
        self._known = user
        if self._path is not None and is_final:
            self._save(self._path, user)
        return user

    def _save(self, path: Path, user: CurrentUser) -> None:
        content = {"asked_at": int(time.time()), "bound": self._bound, "user": asdict(user)}
        try:
            with files.atomic_write(path) as file:
                file.write(json.dumps(content, indent=1).encode())
        except OSError:
            return  # the next kernel asks again


def login_fingerprint(settings: Settings) -> str:
    """Return what distinguishes one login from another, without a secret."""
    key = settings.session_key
    return f"key {fingerprint(key)}" if key else f"client {settings.client_id}"


def _load(path: Path | None, bound: Mapping[str, Any], max_age: float = float("inf")) -> CurrentUser | None:
    """Return the user in a file of this login; ``None`` if it is missing, too old, or cannot be read.

    A `bound` without the login is that of any login.
    """
    if path is None:
        return None
    try:
        with files.open_private(path) as file:
            content = json.loads(file.read(_MAX_BYTES))
        age = time.time() - content["asked_at"]
        if not bound.items() <= content["bound"].items() or not -max_age < age < max_age:
            return None
        return CurrentUser(**{name: _text(value) for name, value in content["user"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _text(value: Any) -> str:
    """Return text that is safe to show in a terminal, of a limited length."""
    shown = value if isinstance(value, str) else ""
    return "".join(character for character in shown if character.isprintable()).strip()[:_MAX_LENGTH]
