"""The account that a sandbox offers to a client: its settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from salesmate_nb.sandbox.options import Options


@dataclass(frozen=True, kw_only=True)
class Account:
    """The settings that a client needs to use a sandbox, under the names of the package's ``Settings``.

    It unpacks as a mapping of the values that are set, so ``Settings(**server.settings)`` works, and is
    a dataclass, so ``dataclasses.replace(server.settings, linkname=None)`` does too.

    Parameters
    ----------
    client_id, client_secret : str, optional
        The registered client, for a login by OAuth.
    redirect_uri : str, optional
        Port 0 means that the client may use any free port (RFC 8252, section 7.3).
    auth_url, token_url, revoke_url : str, optional
        The endpoints of the OAuth server.
    api_url : str
        The address of the API.
    timezone : str
        The time zone of dates that name none.
    token_cache : pathlib.Path
        A folder that belongs to this sandbox, so that its logins never replace those of a real account.
    linkname : str, optional
        The workspace, for the v4 search.
    session_key : str, optional
        The Session Key, for requests without OAuth.

    Examples
    --------
    >>> account = Account(api_url="http://127.0.0.1:1", linkname="sandbox", token_cache=Path("cache"))
    >>> {**dataclasses.replace(account, linkname="acme")}["linkname"], "client_id" in {**account}
    ('acme', False)
    """

    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    auth_url: str | None = None
    token_url: str | None = None
    revoke_url: str | None = None
    api_url: str
    timezone: str = "UTC"
    token_cache: Path
    linkname: str | None = None
    session_key: str | None = field(default=None, repr=False)

    def keys(self) -> Iterator[str]:
        """Return the names of the values that are set."""
        return (entry.name for entry in dataclasses.fields(self) if getattr(self, entry.name) is not None)

    def __getitem__(self, name: str) -> str | Path:
        if name not in self.keys():
            raise KeyError(name)
        value: str | Path = getattr(self, name)
        return value


def account_of(options: Options, url: str, token_cache: Path) -> Account:
    """Return the settings for a login by OAuth or with the Session Key, and for one of the two APIs."""
    account = Account(
        api_url=url,
        timezone=options.behavior.time_zone,
        token_cache=token_cache,
        linkname=options.linkname if options.api == "v4" else None,
    )
    if options.login == "session_key":
        return dataclasses.replace(account, session_key=options.session_key)
    return dataclasses.replace(
        account,
        client_id=options.client_id,
        client_secret=options.client_secret,
        redirect_uri="http://127.0.0.1:0/callback",
        auth_url=f"{url}/oauth/authorize",
        token_url=f"{url}/oauth/token",
        revoke_url=f"{url}/oauth/revoke",
    )
