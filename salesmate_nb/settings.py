"""Settings: what to connect to, and as whom."""

from __future__ import annotations

import dataclasses
import functools
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, get_args

from salesmate_nb._base import validators
from salesmate_nb._base.secret.frames import hides, sealed
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._display.cards import card
from salesmate_nb._settings.origins import Origins, read_settings
from salesmate_nb.errors import SettingsError

Refresh = Literal["auto", "full", "never", "live"]
"""How a read uses the snapshot."""

VENDOR = "https://api.salesmate.io"
COPY_THE_KEY = (
    "Copy the key from Salesmate (My Account, tab Access Key: the third one, Session Key; the other two are "
    "refused) into SALESMATE_SESSION_KEY."
)
_OTHER_NAMES = {"session_key": "access_token"}
"""The first names of settings, which go on working."""
_SECRETS = ("client_secret", "session_key", "access_token")


class _SecretSetting(Protocol):
    """A field that takes text and returns a secret, for type checkers."""

    def __get__(self, settings: Any, owner: Any = None) -> Secret | None: ...

    def __set__(self, settings: Any, value: str | Secret | None) -> None: ...


def _accept_access_token(cls: type[Settings]) -> type[Settings]:
    """Let the constructor take `access_token`, and ``dataclasses.replace`` either name.

    It is not a field, so that ``dataclasses.replace`` passes it only if its caller did.
    """
    make = cls.__init__

    @hides(*_SECRETS)
    @functools.wraps(make)
    def __init__(self: Settings, **given: Any) -> None:  # noqa: N807 - it is one
        if "access_token" in given:
            access_token, session_key = given.pop("access_token"), given.get("session_key")
            is_copy = given.keys() == cls.__dataclass_fields__.keys()  # made by dataclasses.replace
            given["session_key"] = access_token if is_copy else _one_key(session_key, access_token)
        make(self, **given)

    cls.__init__ = __init__  # type: ignore[method-assign] # the generated one, with one more name
    return cls


def _one_key(session_key: Any, access_token: Any) -> Any:
    """Return the key that was given under two names."""
    if session_key and access_token and session_key != access_token:
        raise SettingsError(
            "session_key and access_token are two names of the same setting, and two different values were "
            "given. Give session_key only."
        )
    return session_key or access_token


def _setting(validate: Callable[[str, object], Any], default: object = None) -> Any:
    """Return a field with its validator."""
    return dataclasses.field(default=default, metadata={"validate": validate})


@_accept_access_token
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
    session_key : str, optional
        The Session Key: in Salesmate under My Account, tab Access Key, the third one. The other two, the
        Access Key and the App Private Key, are refused (measured). It lasts some weeks. With a key there is
        no OAuth; it needs a linkname. Its first name, `access_token`, goes on working, as an argument, as
        an attribute and in the environment (``SALESMATE_ACCESS_TOKEN``).
    token_cache : path, optional
        The folder where logins are stored: a full path, or one that begins with ``~/``. By default it is the
        user's state folder.
    token_store : {"file", "keyring", "memory"}
        Whether a login is stored in a file there, in the system's keychain (extra ``keyring``), or in the
        memory of this process alone.
    timezone : str, optional
        IANA name of the time zone of dates that the server writes without one; by default that of the user
        who is connected, from Salesmate's list of users, else UTC.
    refresh : {"auto", "full", "never", "live"}, optional
        What ``refresh=`` of ``deals_df()`` and of every other such method is if a call names none; without
        this setting, ``"live"``. It does not apply to ``as_of=``, which reads the history in any case, and
        where there are no snapshots: without a linkname, and for logins that are not stored in files or the
        keychain. ``deals()`` and ``write_dataset()`` always read live.
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

    Notes
    -----
    `client_secret` and `session_key` take text. As attributes they are secrets, which nothing shows: each
    equals the text that was given, and ``settings.session_key.reveal()`` returns that.

    Examples
    --------
    >>> settings = Settings(client_id="my-app", client_secret="s3cret", linkname="https://acme.salesmate.io/")
    >>> settings.api_url, settings.linkname, settings.client_secret
    ('https://acme.salesmate.io', 'acme', '***')
    """

    client_id: str | None = _setting(validators.text)
    client_secret: _SecretSetting = _setting(validators.secret)
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
    session_key: _SecretSetting = _setting(validators.session_key)
    token_cache: Path = _setting(validators.folder)
    token_store: str = _setting(validators.choice("file", "keyring", "memory"), "file")
    timezone: str | None = _setting(validators.timezone)
    refresh: Literal["auto", "full", "never", "live"] | None = _setting(
        validators.optional_choice(*get_args(Refresh))
    )
    calls_per_hour: int = _setting(validators.count, 1500)
    concurrency: int = _setting(validators.workers, 8)
    timeout: float = _setting(validators.positive, 30.0)

    if TYPE_CHECKING:
        access_token: _SecretSetting = None  # type: ignore[assignment] # a field for type checkers only, see _accept_access_token
    else:

        @property
        def access_token(self) -> Secret | None:
            """The Session Key, under its first name."""
            return self.session_key

    def __post_init__(self) -> None:
        for setting in dataclasses.fields(self):
            self._set(setting.name, setting.metadata["validate"](setting.name, getattr(self, setting.name)))
        if not self.api_url:
            self._set("api_url", _api_url(self.linkname))
        if self.session_key and not self.linkname:
            raise SettingsError(
                "SALESMATE_SESSION_KEY is set but SALESMATE_LINKNAME is not. A Session Key belongs to one "
                "workspace: set the linkname too, the 'acme' of https://acme.salesmate.io."
            )
        if not (self.token_cache.is_absolute() or self.token_store == "memory"):  # noqa: S105 - a kind of store
            raise SettingsError(
                "This user has no home folder to store logins in. Set SALESMATE_TOKEN_CACHE to another "
                "folder, or SALESMATE_TOKEN_STORE=memory."
            )

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._changed().items())
        return f"Settings({given})"

    def _repr_html_(self) -> str:
        changed = self._changed()
        return card("Settings" if changed else "Settings: all by default", changed)

    def _changed(self) -> dict[str, object]:
        """Return the settings that differ from the defaults; one that holds a secret is ``***``."""
        default = {setting.name: setting.default for setting in dataclasses.fields(self)}
        default |= {"api_url": _api_url(self.linkname), "token_cache": validators.folder("token_cache", None)}
        values = {setting.name: getattr(self, setting.name) for setting in dataclasses.fields(self)}
        secrets = [value for value in values.values() if isinstance(value, Secret)]
        return {
            name: Secret() if _contains(value, secrets) else value
            for name, value in values.items()
            if value != default[name]
        }

    @classmethod
    @hides(*_SECRETS)
    def load(cls, **overrides: Any) -> Self:
        """Read the settings: arguments, else the environment, else the nearest ``.env``, else defaults.

        ``.env`` is searched for in the working folder and the folders above it; one without any
        ``SALESMATE_`` line belongs to another program, and is passed over. It is only read, and
        nothing in it goes to ``os.environ``. A variable that is set but empty counts as given: it
        hides the one in ``.env``. An empty value in ``.env`` counts as not given.
        Space, invisible characters and a pair of quotes around a value do not count.

        Parameters
        ----------
        **overrides
            Fields of :class:`Settings`; ``None`` counts as not given.

        Raises
        ------
        SettingsError
            If ``.env`` or one of its ``SALESMATE_`` lines cannot be read, or a value is not valid. The
            message says where settings were looked for.

        Examples
        --------
        >>> Settings.load(linkname="acme", session_key="s3cret").api_url
        'https://acme.salesmate.io'
        """
        fields = [setting.name for setting in dataclasses.fields(cls)]
        names = {name: [name, *filter(None, [_OTHER_NAMES.get(name)])] for name in fields}
        values, origins = read_settings(names, overrides, secrets=_SECRETS)
        known = {*fields, *_OTHER_NAMES.values()}
        unknown = {name: value for name, value in overrides.items() if name not in known}
        try:
            made = cls(**values, **unknown)
        except SettingsError as err:
            raise SettingsError(f"{err} {origins.searched}") from err.__cause__
        _ORIGINS[id(made)] = origins
        weakref.finalize(made, _ORIGINS.pop, id(made), None)
        return made

    def source(self, name: str) -> str:
        """Return in words where the value of a field comes from, such as a variable in ``.env``.

        Parameters
        ----------
        name : str
            A field.

        Examples
        --------
        >>> Settings(linkname="acme").source("linkname")
        'the argument linkname'
        """
        return self._origins.place(name)

    @property
    def dotenv(self) -> Path | None:
        """The ``.env`` that :meth:`load` has read; ``None`` if there was none."""
        return self._origins.dotenv

    @property
    def searched(self) -> str:
        """Where :meth:`load` looked for settings, in a sentence; empty if it did not."""
        return self._origins.searched

    @property
    def _origins(self) -> Origins:
        return _ORIGINS.get(id(self), Origins())

    @property
    def zone(self) -> str:
        """The time zone of dates without one: `timezone`, or UTC as long as that is not given."""
        return self.timezone or "UTC"

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
                f"{what} need the name of your workspace: without it, only deals can be read, and only live. "
                "Set SALESMATE_LINKNAME in .env, to the 'acme' of https://acme.salesmate.io, and connect "
                f"again. {self.searched}".strip()
            )

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def _api_url(linkname: str | None) -> str:
    return f"https://{linkname}.salesmate.io" if linkname else VENDOR


_ORIGINS: dict[int, Origins] = {}
"""The origins of loaded settings, by id: settings from two sources may be equal."""


@sealed
def _contains(value: object, secrets: list[Secret]) -> bool:
    return any(secret.reveal() in str(value) for secret in secrets)
