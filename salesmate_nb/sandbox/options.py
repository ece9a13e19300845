"""The options of a sandbox, and the account that it offers to a client."""

from __future__ import annotations

import dataclasses
import os
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

APPROVALS = ("auto", "ask")
APIS = ("v1", "v4")


@dataclass(frozen=True, kw_only=True)
class Behavior:
    """How the API behaves, in what may differ between Salesmate accounts.

    Parameters
    ----------
    id_rules : bool
        Whether the v4 search applies rules on ``deal.id``, or ignores them.
    totals : bool
        Whether lists report ``totalRows`` and ``totalPages`` when requested.
    calls_per_hour : int, optional
        API calls accepted within any 3,600 s; further ones get 429. None: no limit.
    latency : float
        Seconds added to each API response.
    time_zone : str
        IANA name of the zone of dates that name none, in records and in search rules.

    Raises
    ------
    ValueError
        If a value is not valid.
    """

    id_rules: bool = True
    totals: bool = True
    calls_per_hour: int | None = None
    latency: float = 0.0
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        try:
            zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as err:
            raise ValueError(
                f"time_zone={self.time_zone!r} is not an IANA time zone. Use a name such as 'Europe/Berlin'."
            ) from err

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The time zone object."""
        return zoneinfo.ZoneInfo(self.time_zone)


@dataclass(frozen=True, kw_only=True)
class Options(Behavior):
    """The options of a sandbox: the keywords of :func:`start`, and those of :class:`Behavior`.

    Parameters
    ----------
    deals : int
        Number of deals to make up.
    data : path, optional
        A JSON list of deals to serve unchanged, instead of made-up ones.
    seed : int
        The same seed makes the same deals.
    port : int
        Port to listen on; 0 takes a free one.
    approve : {"auto", "ask"}
        Whether a login is allowed at once, or by a person on a consent page.
    access_ttl, refresh_ttl, code_ttl : float
        Lifetime of access tokens, refresh tokens (None: no expiry) and authorization codes, in seconds.
    rotate : bool
        Whether each refresh token works only once; using it twice revokes the whole grant.
    client_id, client_secret : str
        The registered client; with ``client_secret=None`` it is a public client.
    access_key, linkname : str
        The access key and the linkname (workspace) of the account.
    api : {"v1", "v4"}
        With ``"v4"``, ``settings`` include the linkname, so that ``connect(server)`` uses the v4 search.

    Raises
    ------
    ValueError
        If a value is not valid.
    """

    deals: int = 500
    data: str | os.PathLike[str] | None = None
    seed: int = 0
    port: int = 0
    approve: str = "auto"
    access_ttl: float = 3600
    refresh_ttl: float | None = None
    code_ttl: float = 60
    rotate: bool = True
    client_id: str = "sandbox-client"
    client_secret: str | None = field(default="sandbox-secret", repr=False)
    access_key: str = field(default="sandbox-key", repr=False)
    linkname: str = "sandbox"
    api: str = "v1"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.approve not in APPROVALS:
            raise ValueError(f"approve={self.approve!r} is not valid. Use one of {', '.join(APPROVALS)}.")
        if self.api not in APIS:
            raise ValueError(f"api={self.api!r} is not valid. Use one of {', '.join(APIS)}.")
        if self.deals < 0:
            raise ValueError(f"deals={self.deals} is not valid. Use 0 or more.")


@dataclass(frozen=True, kw_only=True)
class Account:
    """The settings that a client needs to use a sandbox, under the names of the package's ``Settings``.

    It unpacks as a mapping of the values that are set, so ``Settings(**server.settings)`` works, and is
    a dataclass, so ``dataclasses.replace(server.settings, linkname=server.linkname)`` does too.

    Parameters
    ----------
    client_id, client_secret : str
        The registered client.
    redirect_uri : str
        Port 0 means that the client may use any free port (RFC 8252, section 7.3).
    auth_url, token_url, revoke_url, api_url : str
        The endpoints.
    timezone : str
        The time zone of dates that name none.
    token_cache : pathlib.Path
        A folder that belongs to this sandbox, so that its logins never replace those of a real account.
    linkname, access_token : str, optional
        The workspace, for the v4 search; the access key, for requests without OAuth.

    Examples
    --------
    >>> account = Account(
    ...     client_id="c",
    ...     auth_url="http://127.0.0.1:1/oauth/authorize",
    ...     token_url="http://127.0.0.1:1/oauth/token",
    ...     revoke_url="http://127.0.0.1:1/oauth/revoke",
    ...     api_url="http://127.0.0.1:1",
    ...     token_cache=Path("cache"),
    ... )
    >>> {**dataclasses.replace(account, linkname="sandbox")}["linkname"], "linkname" in {**account}
    ('sandbox', False)
    """

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    redirect_uri: str = "http://127.0.0.1:0/callback"
    auth_url: str
    token_url: str
    revoke_url: str
    api_url: str
    timezone: str = "UTC"
    token_cache: Path
    linkname: str | None = None
    access_token: str | None = field(default=None, repr=False)

    def keys(self) -> Iterator[str]:
        """Return the names of the values that are set."""
        return (entry.name for entry in dataclasses.fields(self) if getattr(self, entry.name) is not None)

    def __getitem__(self, name: str) -> str | Path:
        if name not in self.keys():
            raise KeyError(name)
        value: str | Path = getattr(self, name)
        return value
