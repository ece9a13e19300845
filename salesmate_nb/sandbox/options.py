"""What a sandbox is started with, and the account it offers to a client."""

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
class Options:
    """How a sandbox behaves; the keywords of :func:`start`.

    Parameters
    ----------
    deals : int
        How many deals to make up.
    data : path, optional
        A JSON list of deals to serve as they are, in place of made-up ones.
    seed : int
        Another seed makes other deals; the same seed makes the same.
    port : int
        0 takes a free one.
    approve : {"auto", "ask"}
        Whether a login is allowed at once, or by a person on a consent page.
    access_ttl, refresh_ttl, code_ttl : float
        Seconds that access tokens, refresh tokens (None: without end) and codes live.
    rotate : bool
        Whether a refresh token works once only; used twice, it ends the whole grant.
    client_id, client_secret : str
        The registered client; without a secret it is a public one.
    access_key, linkname : str
        The account's access key and workspace.
    api : {"v1", "v4"}
        Whether ``settings`` name the workspace too, so that ``connect(box)`` reads over the v4 search.
    calls_per_hour : int, optional
        API calls answered within any 3,600 s; more get 429.
    latency : float
        Seconds added to each API answer.
    id_rules : bool
        Whether the v4 search honours rules on ``deal.id``, or ignores them.
    time_zone : str
        IANA name of the zone in which dates without one are read and written.

    Raises
    ------
    ValueError
        Where a value cannot work.
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
    calls_per_hour: int | None = None
    latency: float = 0.0
    id_rules: bool = True
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.approve not in APPROVALS:
            raise ValueError(f"approve={self.approve!r} is not known. Use one of {', '.join(APPROVALS)}.")
        if self.api not in APIS:
            raise ValueError(f"api={self.api!r} is not known. Use one of {', '.join(APIS)}.")
        if self.deals < 0:
            raise ValueError(f"deals={self.deals} cannot be. Give 0 or more.")
        try:
            zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as err:
            raise ValueError(
                f"time_zone={self.time_zone!r} is no IANA time zone. Write 'Europe/Berlin'."
            ) from err

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The time zone itself."""
        return zoneinfo.ZoneInfo(self.time_zone)


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a client has to know to use a sandbox, under the names of the package's ``Settings``.

    It unpacks as a mapping of what is set, so ``Settings(**box.settings)`` works, and is a
    dataclass, so ``dataclasses.replace(box.settings, linkname=box.linkname)`` does.

    Parameters
    ----------
    client_id, client_secret : str
        The registered client.
    redirect_uri : str
        Its port 0 means that the client takes any free port (RFC 8252, section 7.3).
    auth_url, token_url, revoke_url, api_url : str
        The endpoints.
    timezone : str
        The zone of dates that come without one.
    token_cache : pathlib.Path
        A folder of the sandbox's own, so that its logins never replace a real account's.
    linkname, access_token : str, optional
        The workspace, for the v4 search; the access key, for calls without OAuth.

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
        """Return the names of what is set."""
        return (one.name for one in dataclasses.fields(self) if getattr(self, one.name) is not None)

    def __getitem__(self, name: str) -> str | Path:
        if name not in self.keys():
            raise KeyError(name)
        value: str | Path = getattr(self, name)
        return value
