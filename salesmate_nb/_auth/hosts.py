"""Hosts that a person should see before a login is sent to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from salesmate_nb._base.urls import as_sent, is_loopback
from salesmate_nb.errors import SettingsError
from salesmate_nb.settings import Settings

_URLS = ("auth_url", "token_url", "revoke_url", "api_url")


@dataclass(frozen=True, kw_only=True)
class UnusualHost:
    """A host that the settings name, and where they name it.

    Parameters
    ----------
    host : str
        Its name as DNS knows it, so that no letter looks like another, with the port if one is given.
    source : str
        In words, such as "SALESMATE_API_URL in /srv/shared/.env".
    is_of_link : bool
        Whether only a login by link leads there, and a Session Key does not.
    """

    host: str
    source: str
    is_of_link: bool = field(default=False, repr=False, compare=False)


def unusual_hosts(settings: Settings) -> list[UnusualHost]:
    """Return the hosts that a login would be sent to, and that are not plainly the user's own choice.

    These are hosts outside of ``*.salesmate.io`` and this machine. If the ``.env`` that was read is outside
    the user's home folder, they are all hosts that it names.

    Examples
    --------
    >>> unusual_hosts(Settings(linkname="acme")), unusual_hosts(Settings(api_url="https://api.example.com"))
    ([], [UnusualHost(host='api.example.com', source='the argument api_url')])
    """
    found = []
    for name in _URLS:
        url = getattr(settings, name)
        source = _source_of_api(settings) if name == "api_url" else settings.source(name)
        if url and (not _is_usual(url) or _is_foreign(settings.dotenv, source)):
            found.append(UnusualHost(host=_shown(url), source=source, is_of_link=name != "api_url"))
    return found


def check_key_host(settings: Settings) -> None:
    """Check that a Session Key of the user is not sent to a host that somebody else's ``.env`` names.

    Raises
    ------
    SettingsError
        If a ``.env`` names the host, the key comes from elsewhere, and the host is outside of
        ``*.salesmate.io`` or the ``.env`` outside the user's home folder. A port of this machine may be
        another user's.
    """
    host, key = _source_of_api(settings), settings.source("session_key")
    is_same_file = host.partition(" in ")[2] == key.partition(" in ")[2]
    is_doubtful = not _is_vendor(settings.api_url) or _is_foreign(settings.dotenv, host)
    if settings.session_key and " in " in host and not is_same_file and is_doubtful:
        raise SettingsError(
            f"{host} names the host {_shown(settings.api_url)}, but the Session Key is that of "
            f"{key}. The key was not sent. If the host is right, set both in one place."
        )


def caution_of_login(settings: Settings, api_url: str) -> str:
    """Return what to check about a stored login for a host, if a ``.env`` names the folder that it is in.

    Whoever wrote the ``.env`` may have put a login of their own there, whose records are made up. The text is
    empty for hosts of ``*.salesmate.io`` and this machine, and for the host that the settings name.
    """
    source = settings.source("token_cache")
    is_named = settings.dotenv is not None and source.endswith(f" in {settings.dotenv}")
    if not is_named or _is_usual(api_url) or api_url == settings.api_url:
        return ""
    return (
        f"The stored login is for {_shown(api_url)}, which is not Salesmate. It is in a folder that {source} "
        "names. Go on only if you know this address and who wrote it there; else remove that line."
    )


def _source_of_api(settings: Settings) -> str:
    """Return in words where the API's address comes from, which a workspace decides as well."""
    is_of_linkname = settings.api_url == f"https://{settings.linkname}.salesmate.io"
    return settings.source("linkname" if is_of_linkname else "api_url")


def _shown(url: str) -> str:
    return urlsplit(as_sent(url)).netloc


def _is_usual(url: str) -> bool:
    return _is_vendor(url) or is_loopback(url)


def _is_vendor(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "salesmate.io" or host.endswith(".salesmate.io")


def _is_foreign(dotenv: Path | None, source: str) -> bool:
    """Return whether a value comes from a ``.env`` outside the user's home folder."""
    if dotenv is None or not source.endswith(f" in {dotenv}"):
        return False
    try:
        home = Path.home().resolve()
    except RuntimeError:  # there is no home
        return True
    return home == Path(home.anchor) or not dotenv.resolve().is_relative_to(home)  # HOME= means "/"
