"""Validators: each returns the checked value of a setting, or raises SettingsError."""

from __future__ import annotations

import contextlib
import re
import unicodedata
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import platformdirs

from salesmate_nb._base.secret.frames import sealed
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._base.urls import as_sent, is_loopback
from salesmate_nb.errors import SettingsError

_OWN_PARAMS = {
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
}
_MAX_WORKERS = 10  # as many connections as requests keeps open to a host
_INVISIBLE = "".join(
    each for each in map(chr, range(0x3001)) if each.isspace() or unicodedata.category(each) == "Cf"
)
_AROUND = f"{_INVISIBLE}\ufeff"  # a byte order mark in the middle of a line
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019"}
_VARIABLE = re.compile(r"\$\w+|\$\{[^}]*\}?|\$\(|%\w+%")
_AROUND_LINKNAME = re.compile(r"^https?://|/$|\.salesmate\.io(?:[/?#].*)?$")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # the form of Salesmate's keys
_LINKNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def variable(name: str) -> str:
    """Return the environment variable of a settings field.

    Examples
    --------
    >>> variable("client_id")
    'SALESMATE_CLIENT_ID'
    """
    return f"SALESMATE_{name.upper()}"


def trimmed(written: str) -> str:
    r"""Return text without what gets around it on its way: space, invisible characters, a pair of quotes.

    ``docker run --env-file``, and ``set`` on Windows, keep quotes. What is copied from a web page or a mail
    may have curly quotes, or begin or end with a non-breaking space, a byte order mark or a zero-width
    character.

    Examples
    --------
    >>> trimmed(' "s3cret" '), trimmed("\ufeffacme\xa0\u200b"), trimmed("rock'n'roll'")
    ('s3cret', 'acme', "rock'n'roll'")
    """
    bare = written.strip(_AROUND)
    if len(bare) > 1 and _QUOTES.get(bare[0]) == bare[-1]:
        bare = bare[1:-1].strip(_AROUND)
    return bare


def text(name: str, value: object) -> str | None:
    """Return text without what surrounds it by accident; empty text is ``None``."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise SettingsError(f"{variable(name)} ({name}) must be text, not {type(value).__name__}.")
    written = trimmed(value)
    if not written.isprintable():
        found = next(each for each in written if not each.isprintable())
        raise SettingsError(
            f"{variable(name)} ({name}) contains a line break or another non-printable character "
            f"(U+{ord(found):04X}); copy it again."
        )
    return written or None


@sealed
def secret(name: str, value: object) -> Secret | None:
    """Return text, which may be one already, as a secret."""
    written = text(name, value.reveal() if isinstance(value, Secret) else value)
    return Secret(written) if written else None


def session_key(name: str, value: object) -> Secret | None:
    """Return a Session Key, which is ASCII, and neither a header nor a sentence that holds it."""
    key = secret(name, value)
    if key and not key.reveal().isascii():
        raise SettingsError(
            f"{variable(name)} ({name}) contains a non-ASCII character, such as a curly quote; copy it again."
        )
    if key and _is_more_than_a_key(key):
        raise SettingsError(
            f"{variable(name)} ({name}) is more than a Session Key; copy it again, without 'accessToken:', "
            "'Bearer' or anything else before or after it."
        )
    return key


@sealed
def _is_more_than_a_key(key: Secret) -> bool:
    return bool(re.search(r"\s|^accesstoken\s*[:=]", key.reveal(), re.IGNORECASE))


def linkname(name: str, value: object) -> str | None:
    """Return a workspace's name, from its name or address."""
    given = text(name, value)
    if given is None:
        return None
    label = _AROUND_LINKNAME.sub("", given.lower())
    if _UUID.fullmatch(label):
        raise SettingsError(
            f"{variable(name)} has the form of a key, and is not the name of a workspace. Use the first "
            "part of its address: 'acme' for https://acme.salesmate.io."
        )
    if not _LINKNAME.fullmatch(label):
        raise SettingsError(
            f"{variable(name)} is {given!r}, which is not a valid workspace name. "
            "Use the first part of its address: 'acme' for https://acme.salesmate.io."
        )
    return label


def url(name: str, value: object) -> str | None:
    """Return an address that is https, or http on this machine."""
    address = text(name, value)
    if address is None:
        return None
    setting = f"{variable(name)} ({name})"
    try:
        parts = urlsplit(address)
        complete = bool(parts.hostname) and (parts.port is None or parts.port >= 0)
    except ValueError:
        complete = False
    if not complete or re.search(r"[\s\\]", address):
        raise SettingsError(f"{setting} is not a web address. Write it in full: https://host/path.")
    if parts.username is not None or parts.password is not None:
        raise SettingsError(f"{setting} contains a user name before its host. Leave that out.")
    if "#" in address:
        raise SettingsError(f"{setting} contains a '#'. Leave that and what follows out.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(address)):
        raise SettingsError(
            f"{setting} is {parts.scheme}://{parts.hostname}, where secrets could be read on the way. "
            "Use https://; http:// is for this machine only (localhost, 127.0.0.1, [::1])."
        )
    try:
        as_sent(address)
    except ValueError:
        raise SettingsError(
            f"{setting} has a host that no server can have: each part between the dots is 1 to 63 letters, "
            "digits or hyphens."
        ) from None
    return address


def required_url(name: str, value: object) -> str:
    """Return an address that must be given."""
    address = url(name, value)
    if address is None:
        raise SettingsError(
            f"{variable(name)} ({name}) is not a web address. Write it in full: https://host/path."
        )
    return address


def api_url(name: str, value: object) -> str:
    """Return an address as it is sent, without a slash at its end, or an empty text."""
    address = url(name, value)
    if address is None:
        return ""
    if "?" in address:
        raise SettingsError(f"{variable(name)} ({name}) contains a '?'. Leave that and what follows out.")
    return as_sent(address).rstrip("/")


def timezone(name: str, value: object) -> str | None:
    """Return the name of an IANA time zone."""
    zone = text(name, value)
    if zone is None or is_timezone(zone):
        return zone
    raise SettingsError(
        f"{variable(name)} is {zone!r}, which is not an IANA time zone. Write it as 'Europe/Berlin'."
    )


def is_timezone(name: str) -> bool:
    """Return whether this machine knows a time zone of this IANA name.

    Examples
    --------
    >>> is_timezone("Europe/Berlin"), is_timezone("Mars/Olympus")
    (True, False)
    """
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def auth_params(name: str, value: object) -> str | None:
    """Return parameters written as a query string."""
    given = text(name, value)
    if given is None:
        return None
    pairs = parse_qsl(given, keep_blank_values=True)
    if {key for key, _ in pairs} & _OWN_PARAMS or not parse_qsl(given):
        raise SettingsError(
            f"{variable(name)} ({name}) must be written as name=value&name=value, "
            f"without the parameters that the login itself sets: {', '.join(sorted(_OWN_PARAMS))}."
        )
    return given


def choice(*choices: str) -> Callable[[str, object], str]:
    """Return a validator that takes one of some words."""

    def read(name: str, value: object) -> str:
        chosen = (text(name, value) or "").lower()
        if chosen not in choices:
            raise SettingsError(
                f"{variable(name)} ({name}) is {chosen!r}; it must be one of: {', '.join(choices)}."
            )
        return chosen

    return read


def optional_choice(*choices: str) -> Callable[[str, object], str | None]:
    """Return a validator that takes one of some words, or nothing."""
    read = choice(*choices)
    return lambda name, value: read(name, value) if text(name, value) else None


def folder(name: str, value: object) -> Path:
    """Return a folder; by default the user's state folder, which is not a full path without a home."""
    given = text(name, str(value)) if value else None
    if given is None:
        with contextlib.suppress(RuntimeError):  # old versions of platformdirs return "~/..." then
            return platformdirs.user_state_path("salesmate_nb")
        return Path("~")
    path = expanded(f"{variable(name)} ({name})", given)
    if not path.is_absolute():
        raise SettingsError(
            f"{variable(name)} ({name}) is {given!r}, which is another folder wherever it is read. Write the "
            "path in full, or begin it with ~/ for your home folder."
        )
    return path


def expanded(what: str, path: str) -> Path:
    """Return a path with the home folder in place of ``~``; refuse variables, which nobody has replaced.

    Parameters
    ----------
    what : str
        The setting or option, to begin the message with.
    path : str
        As a person wrote it.

    Raises
    ------
    SettingsError
        If it holds ``$NAME``, ``${NAME}`` or ``%NAME%``, or ``~`` of a user without a home.

    Examples
    --------
    >>> expanded("--output", "deals.csv"), expanded("--output", "~/deals.csv") == Path.home() / "deals.csv"
    (PosixPath('deals.csv'), True)
    """
    found = _VARIABLE.search(path)
    if found:
        raise SettingsError(
            f"{what} is {path!r}. Variables such as {found[0]} are not replaced there: write the path in "
            "full, or begin it with ~/ for your home folder."
        )
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise SettingsError(
            f"{what} is {path!r}, but this user has no home folder. Write the path in full."
        ) from None


def positive(name: str, value: object) -> float:
    """Return a number above 0."""
    try:
        number = float(trimmed(value) if isinstance(value, str) else value)  # type: ignore[arg-type] # anything that float refuses is what we look for
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise SettingsError(f"{variable(name)} ({name}) is {value!r}; it must be a number above 0.")
    return number


def count(name: str, value: object) -> int:
    """Return a whole number of 1 or more."""
    return max(int(positive(name, value)), 1)


def workers(name: str, value: object) -> int:
    """Return a number of parallel requests."""
    return min(count(name, value), _MAX_WORKERS)
