"""Settings: what to connect to, and as whom."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dotenv import dotenv_values

from salesmate_nb._base import validators
from salesmate_nb.errors import SettingsError

VENDOR = "https://api.salesmate.io"


def _setting(validate: Callable[[str, object], Any], default: object = None) -> Any:
    """Return a field with its validator."""
    return dataclasses.field(default=default, metadata={"validate": validate})


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
        As registered. A loopback address is listened on; port 0 means any free port.
    auth_url, token_url, revoke_url : str
        The authorization, token and (optional) revocation endpoints.
    scope : str, optional
        Scopes to ask for, separated by spaces.
    auth_params : str, optional
        Further parameters of the login page's address, as ``audience=api&prompt=login``.
    issuer : str, optional
        The authorization server. If it is set, a redirect must name it as ``iss`` (RFC 9207).
    token_endpoint_auth_method : {"client_secret_post", "client_secret_basic"}
        Whether the client secret goes in the body, as in Salesmate's guide, or in the header (RFC 8414).
    token_body : {"form", "json"}
        The format of token requests: RFC 6749's, or the one in Salesmate's guide.
    api_url : str, optional
        The API's address; by default ``https://<linkname>.salesmate.io``, or
        ``https://api.salesmate.io`` without a linkname.
    linkname : str, optional
        The workspace: ``acme``, ``acme.salesmate.io`` and ``https://acme.salesmate.io/`` mean the same.
        With one, the v4 search is used, else ``/v1/deals``.
    access_token : str, optional
        An access key (My Account, tab Access Key). With one there is no OAuth; it needs a linkname.
    token_cache : path, optional
        The folder where logins are stored; by default the user's state folder.
    token_store : {"file", "keyring", "memory"}
        Whether a login is stored in a file there, in the system's keychain (extra ``keyring``), or in the
        memory of this process alone.
    timezone : str
        IANA name of the time zone of dates that the server writes without one.
    calls_per_hour : int
        API calls that the whole account may make in an hour.
    concurrency : int
        How many requests a read makes in parallel, 10 at most.
    timeout : float
        Seconds to wait for the server to respond; connecting may take 5 s at most.

    Raises
    ------
    SettingsError
        If a value is not valid; the message names the setting.

    Examples
    --------
    >>> settings = Settings(client_id="my-app", client_secret="s3cret", linkname="https://acme.salesmate.io/")
    >>> settings.api_url, settings.linkname, settings.client_secret
    ('https://acme.salesmate.io', 'acme', '***')
    """

    client_id: str | None = _setting(validators.text)
    client_secret: str | None = _setting(validators.secret)
    redirect_uri: str = _setting(validators.required_url, "http://localhost:3000/callback")
    auth_url: str = _setting(validators.required_url, f"{VENDOR}/oauth/authorize")
    token_url: str = _setting(validators.required_url, f"{VENDOR}/oauth/token")
    revoke_url: str | None = _setting(validators.url)
    scope: str | None = _setting(validators.text)
    auth_params: str | None = _setting(validators.auth_params)
    issuer: str | None = _setting(validators.text)
    token_endpoint_auth_method: str = _setting(
        validators.choice("client_secret_post", "client_secret_basic"), "client_secret_post"
    )
    token_body: str = _setting(validators.choice("form", "json"), "form")
    api_url: str = _setting(validators.api_url, "")
    linkname: str | None = _setting(validators.linkname)
    access_token: str | None = _setting(validators.access_key)
    token_cache: Path = _setting(validators.folder)
    token_store: str = _setting(validators.choice("file", "keyring", "memory"), "file")
    timezone: str = _setting(validators.timezone, "UTC")
    calls_per_hour: int = _setting(validators.count, 1500)
    concurrency: int = _setting(validators.workers, 4)
    timeout: float = _setting(validators.positive, 30.0)

    def __post_init__(self) -> None:
        for setting in dataclasses.fields(self):
            self._set(setting.name, setting.metadata["validate"](setting.name, getattr(self, setting.name)))
        if not self.api_url:
            self._set("api_url", f"https://{self.linkname}.salesmate.io" if self.linkname else VENDOR)
        if self.access_token and not self.linkname:
            raise SettingsError(
                "SALESMATE_ACCESS_TOKEN is set but SALESMATE_LINKNAME is not. An access key belongs to one "
                "workspace: set the linkname too, the 'acme' of https://acme.salesmate.io."
            )

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the settings: arguments, else the environment, else the nearest ``.env``, else defaults.

        ``.env`` is searched for in the working folder and the folders above it. It is only read, and
        nothing in it goes to ``os.environ``. A variable that is set but empty counts as given: it
        hides the one in ``.env``. An empty value in ``.env`` (as in ``.env.example``) counts as not given.

        Parameters
        ----------
        **overrides
            Fields of :class:`Settings`; ``None`` counts as not given.

        Raises
        ------
        SettingsError
            If ``.env`` cannot be read, or a value is not valid.

        Examples
        --------
        >>> Settings.load(linkname="acme", access_token="s3cret").api_url
        'https://acme.salesmate.io'
        """
        dotenv = {name: value for name, value in _read_dotenv().items() if value}
        values: dict[str, Any] = {}
        for name in (setting.name for setting in dataclasses.fields(cls)):
            given = overrides.pop(name, None)
            if given is None:
                given = os.environ.get(validators.variable(name), dotenv.get(validators.variable(name)))
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


def _read_dotenv() -> dict[str, str | None]:
    here = Path.cwd()
    for path in (folder / ".env" for folder in (here, *here.parents)):
        if path.is_file():
            return _parse_dotenv(path)
        if (
            path.is_dir() and not (path / "pyvenv.cfg").exists()
        ):  # people do name virtual environments like this
            raise SettingsError(
                f"{path} is a folder; settings are read from a file of that name. Rename the folder."
            )
    return {}


def _parse_dotenv(path: Path) -> dict[str, str | None]:
    try:
        # utf-8-sig: Notepad on Windows writes a byte order mark. No interpolation: a secret may hold "${".
        return dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except OSError as err:
        raise SettingsError(f"{path} cannot be read ({err.strerror}). Check who may read it.") from err
    except UnicodeDecodeError:
        pass  # left here, since the error holds the file's bytes, and so its secrets
    raise SettingsError(f"{path} is not UTF-8 text. Save it again as UTF-8.")
