"""What to connect to and as whom: arguments, else environment, else the nearest ``.env``, else defaults."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
import zoneinfo
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import platformdirs
from dotenv import dotenv_values

from salesmate_nb._redaction import Secret
from salesmate_nb.errors import SettingsError

VENDOR = "https://api.salesmate.io"
_OWN_PARAMS = {
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
}
_MOST_WORKERS = 10  # as many connections as requests keeps open to a host
_LINKNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to connect to and as whom; takes arguments and defaults only.

    :meth:`load` reads the environment and the nearest ``.env`` too, where the field ``client_id``
    is named ``SALESMATE_CLIENT_ID``, and so for every field.

    Parameters
    ----------
    client_id, client_secret : str, optional
        The OAuth client registered with Salesmate. Without a secret it is a public client: PKCE alone.
    redirect_uri : str
        As registered. A loopback address is listened on; its port 0 stands for any free port.
    auth_url, token_url, revoke_url : str
        The authorization, token and (optional) revocation endpoints.
    scope : str, optional
        Scopes to ask for, separated by spaces.
    auth_params : str, optional
        Further parameters of the login page's address, as ``audience=api&prompt=login``.
    issuer : str, optional
        Who the authorization server is; where it is set, a redirect must name it as ``iss`` (RFC 9207).
    client_auth : {"post", "basic"}
        Whether the client secret goes in the body, as in Salesmate's guide, or in the header.
    token_body : {"form", "json"}
        How token requests are written: as RFC 6749 says, or as the client of Salesmate's guide does.
    api_url : str, optional
        Where the API answers; by default ``https://<linkname>.salesmate.io``, or
        ``https://api.salesmate.io`` without a linkname.
    linkname : str, optional
        The workspace: ``acme``, ``acme.salesmate.io`` and ``https://acme.salesmate.io/`` mean the same.
        With one, the v4 search is used, else ``/v1/deals``.
    access_token : str, optional
        An access key (My Account, tab Access Key). With one there is no OAuth; it needs a linkname.
    token_cache : path, optional
        The folder where logins are kept; by default the user's state folder.
    token_store : {"file", "keyring"}
        Whether a login is kept in a file there, or in the system's keychain (extra ``keyring``).
    timezone : str
        IANA name of the zone of dates that the server writes without one.
    calls_per_hour : int
        What the whole company may call in an hour.
    concurrency : int
        How many calls a read makes side by side, 10 at most.
    timeout : float
        Seconds to wait for the server to answer; connecting may take 5 s at most.

    Raises
    ------
    SettingsError
        Where a value cannot work, with the name of the setting.

    Examples
    --------
    >>> settings = Settings(client_id="my-app", client_secret="s3cret", linkname="https://acme.salesmate.io/")
    >>> settings.api_url, settings.linkname, settings.client_secret
    ('https://acme.salesmate.io', 'acme', '***')
    """

    client_id: str | None = None
    client_secret: str | None = None
    redirect_uri: str = "http://localhost:3000/callback"
    auth_url: str = f"{VENDOR}/oauth/authorize"
    token_url: str = f"{VENDOR}/oauth/token"
    revoke_url: str | None = None
    scope: str | None = None
    auth_params: str | None = None
    issuer: str | None = None
    client_auth: str = "post"
    token_body: str = "form"  # noqa: S105 - a kind of body
    api_url: str = ""
    linkname: str | None = None
    access_token: str | None = None
    token_cache: Path = field(default_factory=lambda: platformdirs.user_state_path("salesmate_nb"))
    token_store: str = "file"  # noqa: S105 - a kind of place
    timezone: str = "UTC"
    calls_per_hour: int = 1500
    concurrency: int = 4
    timeout: float = 30.0

    def __post_init__(self) -> None:
        for name in (
            "client_id",
            "client_secret",
            "revoke_url",
            "scope",
            "auth_params",
            "issuer",
            "linkname",
            "access_token",
        ):
            self._set(name, _text(name, getattr(self, name)) or None)
        _check_auth_params(self.auth_params or "")
        if self.access_token and not self.access_token.isascii():
            raise SettingsError(
                "SALESMATE_ACCESS_TOKEN (access_token) holds a sign that no access key has, such as a curly "
                "quote; copy it again."
            )
        for name in ("client_secret", "access_token"):
            self._set(name, Secret(value) if (value := getattr(self, name)) else None)
        self._set("linkname", _linkname(self.linkname))
        workspace = f"https://{self.linkname}.salesmate.io" if self.linkname else VENDOR
        self._set("api_url", self.api_url or workspace)
        for name in ("redirect_uri", "auth_url", "token_url", "revoke_url", "api_url"):
            if (value := getattr(self, name)) is not None:
                self._set(name, _url(name, value))
        self._set("client_auth", _one_of("client_auth", self.client_auth, ("post", "basic")))
        self._set("token_body", _one_of("token_body", self.token_body, ("form", "json")))
        self._set("token_cache", Path(self.token_cache).expanduser())
        self._set("token_store", _one_of("token_store", self.token_store, ("file", "keyring")))
        self._set("timezone", _timezone(self.timezone))
        self._set("calls_per_hour", max(int(_positive("calls_per_hour", self.calls_per_hour)), 1))
        workers = int(_positive("concurrency", self.concurrency))
        self._set("concurrency", min(max(workers, 1), _MOST_WORKERS))
        self._set("timeout", _positive("timeout", self.timeout))
        if self.access_token and not self.linkname:
            raise SettingsError(
                "SALESMATE_ACCESS_TOKEN is set but SALESMATE_LINKNAME is not. An access key belongs to one "
                "workspace: set the linkname too, the 'acme' of https://acme.salesmate.io."
            )

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the settings: arguments here, else the environment, else the nearest ``.env``, else defaults.

        ``.env`` is looked for in the working folder and the folders above it. It is only read, and
        nothing of it goes to ``os.environ``. A variable that is set but empty counts as given: it
        hides the one in ``.env``. An empty line in ``.env`` (as in ``.env.example``) counts as not given.

        Parameters
        ----------
        **overrides
            Fields of :class:`Settings`; ``None`` counts as not given.

        Raises
        ------
        SettingsError
            Where ``.env`` cannot be read or a value cannot work.

        Examples
        --------
        >>> Settings.load(linkname="acme", access_token="s3cret").api_url
        'https://acme.salesmate.io'
        """
        dotenv = {name: value for name, value in _read_dotenv().items() if value}
        values: dict[str, Any] = {}
        for name in (one.name for one in dataclasses.fields(cls)):
            given = overrides.pop(name, None)
            if given is None:
                given = os.environ.get(variable(name), dotenv.get(variable(name)))
            if given not in {None, ""}:
                values[name] = given
        return cls(**values, **overrides)

    def require_v4(self, what: str) -> None:
        """Raise if the settings name no workspace, and so no v4 API.

        Parameters
        ----------
        what : str
            What needs it, in the plural, to begin the message with.

        Raises
        ------
        SettingsError
            If there is no linkname.

        Examples
        --------
        >>> Settings(linkname="acme").require_v4("Contacts")
        """
        if self.linkname is None:
            raise SettingsError(
                f"{what} require the v4 API, which needs SALESMATE_LINKNAME: set it to the 'acme' of "
                "https://acme.salesmate.io. Without it, only deals can be read, and only live."
            )

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def variable(name: str) -> str:
    """Return the environment variable of a settings field.

    Examples
    --------
    >>> variable("client_id")
    'SALESMATE_CLIENT_ID'
    """
    return f"SALESMATE_{name.upper()}"


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address: what a secret may be sent to.

    Examples
    --------
    >>> origin("https://Acme.salesmate.io/apis") == origin("https://acme.salesmate.io:443")
    True
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def is_loopback(url: str) -> bool:
    """Tell whether an address stays on this machine.

    Examples
    --------
    >>> [is_loopback(f"http://{host}/") for host in ("localhost:3000", "127.0.0.1", "[::1]:80", "10.0.0.1")]
    [True, True, True, False]
    """
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SettingsError(f"{variable(name)} ({name}) must be text, not {type(value).__name__}.")
    text = value.reveal() if isinstance(value, Secret) else value.strip()
    if not text.isprintable():
        raise SettingsError(
            f"{variable(name)} ({name}) holds a line break or another unprintable sign; copy it again."
        )
    return text


def _linkname(given: str | None) -> str | None:
    if given is None:
        return None
    label = given.lower().removeprefix("https://").removesuffix("/").removesuffix(".salesmate.io")
    if not _LINKNAME.fullmatch(label):
        raise SettingsError(
            f"SALESMATE_LINKNAME is {given!r}, which is no workspace name. "
            "Use the first part of its address: 'acme' for https://acme.salesmate.io."
        )
    return label


def _url(name: str, given: object) -> str:
    url = _text(name, given)
    setting = f"{variable(name)} ({name})"
    try:
        parts = urlsplit(url)
        complete = bool(parts.hostname) and (parts.port is None or parts.port >= 0)
    except ValueError:
        complete = False
    if not complete or re.search(r"[\s\\]", url):
        raise SettingsError(f"{setting} is not a web address. Write it out: https://host/path.")
    if parts.username is not None or parts.password is not None:
        raise SettingsError(f"{setting} holds a user name before its host. Leave that out.")
    if parts.fragment:
        raise SettingsError(f"{setting} holds a '#'. Leave that and what follows out.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        raise SettingsError(
            f"{setting} is {parts.scheme}://{parts.hostname}, where secrets could be read on the way. "
            "Use https://; http:// is for this machine only (localhost, 127.0.0.1, [::1])."
        )
    return url.rstrip("/") if name == "api_url" else url


def _timezone(given: object) -> str:
    name = _text("timezone", given) or "UTC"
    try:
        return zoneinfo.ZoneInfo(name).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise SettingsError(
            f"SALESMATE_TIMEZONE is {name!r}, which is no IANA time zone. Write it as 'Europe/Berlin'."
        ) from err


def _check_auth_params(given: str) -> None:
    taken = {name for name, _ in parse_qsl(given, keep_blank_values=True)} & _OWN_PARAMS
    if taken or (given and not parse_qsl(given)):
        raise SettingsError(
            "SALESMATE_AUTH_PARAMS (auth_params) must be written as name=value&name=value, "
            f"without those that login itself sets: {', '.join(sorted(_OWN_PARAMS))}."
        )


def _one_of(name: str, given: object, choices: tuple[str, ...]) -> str:
    choice = _text(name, given).lower()
    if choice not in choices:
        raise SettingsError(
            f"{variable(name)} ({name}) is {choice!r}; it must be one of: {', '.join(choices)}."
        )
    return choice


def _positive(name: str, given: object) -> float:
    try:
        number = float(given)  # type: ignore[arg-type] # anything that float refuses is what we look for
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise SettingsError(f"{variable(name)} ({name}) is {given!r}; it must be a number above 0.")
    return number


def _read_dotenv() -> dict[str, str | None]:
    here = Path.cwd()
    for path in (folder / ".env" for folder in (here, *here.parents)):
        if path.is_file():
            return _parse_dotenv(path)
        if path.is_dir() and not (path / "pyvenv.cfg").exists():  # people do name virtual environments so
            raise SettingsError(
                f"{path} is a folder; settings are read from a file of that name. Rename the folder."
            )
    return {}


def _parse_dotenv(path: Path) -> dict[str, str | None]:
    try:
        # utf-8-sig: Notepad on Windows writes a byte order mark first. No interpolation: a secret may hold "${".
        return dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except OSError as err:
        raise SettingsError(f"{path} cannot be read ({err.strerror}). Check who may read it.") from err
    except UnicodeDecodeError:
        pass  # left here, since the error holds the file's bytes, and so its secrets
    raise SettingsError(f"{path} is not UTF-8 text. Save it again as UTF-8.")
