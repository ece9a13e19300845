"""What the panel and the prompt show before a login, and the ways in that they offer."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from salesmate_nb._auth.flow import LoginFlow
from salesmate_nb._auth.hosts import UnusualHost
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._status import Status
from salesmate_nb._ui import texts
from salesmate_nb.settings import VENDOR, Settings

_DOMAIN = ".salesmate.io"


@dataclass(frozen=True, kw_only=True)
class LoginOffer:
    """One pending login: where it leads, and how to complete it.

    Parameters
    ----------
    settings : Settings
        What would be connected to.
    profile, stored_in : str
        The name of the login, and where it would be stored.
    with_key : callable
        Called as ``with_key(workspace, key)``; logs in, or raises a ``SalesmateError``.
    status : callable
        Returns the status of the connection.
    identify : callable
        Asks who is connected, so that the status knows the name; returns why Salesmate does not accept the
        login, or an empty text.
    is_authorized : callable
        Returns whether somebody has logged in, here or in another notebook.
    hosts : sequence of UnusualHost
        The hosts to show before anything is sent to them.
    flow : LoginFlow, optional
        The OAuth login, if the settings have a client id.
    reason : str
        Why a login that worked has ended, or empty.
    had_key : bool
        Whether the login that has ended was a Session Key, so that another one is asked for first.
    has_refused_key : bool
        Whether the settings hold a key that Salesmate refused, so that one is asked for in its place.
    """

    settings: Settings
    profile: str
    stored_in: str
    with_key: Callable[[str, Secret], object]
    status: Callable[[], Status]
    identify: Callable[[], str]
    is_authorized: Callable[[], bool]
    hosts: Sequence[UnusualHost] = ()
    flow: LoginFlow | None = None
    reason: str = ""
    had_key: bool = False
    has_refused_key: bool = False

    @property
    def key(self) -> tuple[Settings, str]:
        """What distinguishes this login from others."""
        return self.settings, self.profile

    @property
    def host(self) -> str:
        """The host of the API; empty as long as it depends on a workspace that nobody has named."""
        settings = self.settings
        is_known = settings.linkname or self.flow is not None or settings.api_url != VENDOR
        return host_of(settings.api_url) if is_known else ""

    @property
    def has_own_host(self) -> bool:
        """Whether the settings name the API's address, so that it does not follow from the workspace."""
        return bool(self.host) and not host_of(self.settings.api_url).endswith(_DOMAIN)

    @property
    def note(self) -> str:
        """How long a key is used that is entered in place of a refused one of the settings; else empty."""
        return texts.KEY_IN_PLACE if self.has_refused_key else ""

    @property
    def kept(self) -> str:
        """In a sentence, where the login is stored."""
        is_stored = self.settings.token_store != "memory"  # noqa: S105 - a kind of store
        return texts.STORED_IN.format(place=short(self.stored_in)) if is_stored else texts.NOT_STORED

    @property
    def by_key(self) -> bool:
        """Whether a Session Key is asked for first, and not the login link offered."""
        return self.flow is None or self.had_key

    def caution(self, *, by_key: bool) -> str:
        """Return what to check before anything is sent: hosts that are not plainly the user's own choice."""
        hosts = [
            f"{unusual.host} ({short(unusual.source)})"
            for unusual in self.hosts
            if not (by_key and unusual.is_of_link)
        ]
        return texts.UNUSUAL_HOST.format(hosts=", ".join(dict.fromkeys(hosts))) if hosts else ""


def short(text: str) -> str:
    """Return a path or a text with one, with ``~`` for the user's home: a saved notebook need not name it.

    Examples
    --------
    >>> short(f"{Path.home()}/work/.env")
    '~/work/.env'
    """
    with contextlib.suppress(RuntimeError):  # there is no home
        home = Path.home()
        return text.replace(f"{home}{os.sep}", f"~{os.sep}") if home.name else text
    return text


def host_of(url: str) -> str:
    """Return the host of a URL, with its port if that is not the scheme's own.

    Examples
    --------
    >>> host_of("https://acme.salesmate.io/apis"), host_of("http://127.0.0.1:8080")
    ('acme.salesmate.io', '127.0.0.1:8080')
    """
    return urlsplit(url).netloc.rpartition("@")[2]
