"""The status of a connection: who is connected to what, until when, and what is known of the server."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Mapping

import pandas as pd

from salesmate_nb._display.cards import card

IN_SETTINGS = "the settings"  # where a login is "stored" that is none of the token store
NOBODY = "nobody"  # is logged in, and no client is set
_WIDTH = 100  # characters of a line


@dataclasses.dataclass(frozen=True, kw_only=True)
class Status:
    """Who is connected to what, until when; holds no secret.

    Parameters
    ----------
    authorized : bool
        Whether requests can be made now.
    profile, who, host, api : str
        The name of this login; the user, if known, and the client or key; the API's address; and ``"v4"`` or
        ``"v1"``.
    expires_at : pandas.Timestamp or None
        When the access token expires (UTC); it is refreshed before. ``None`` if that is not known.
    token_location : str
        Where the token is stored.
    user, workspace : str
        The user's name in Salesmate and the workspace (linkname); empty if not known.
    is_untried : bool
        Whether nothing shows yet that Salesmate accepts the login: a Session Key of the settings that no
        request has succeeded with.
    calls_made, calls_left : int
        API calls of the last hour made from this machine, and what they leave of the hourly limit.
    server : mapping of str to str
        By resource, what earlier reads found that the server supports: which strategy reads it, which do not
        work, and when that was learned.
    """

    authorized: bool
    profile: str
    who: str
    host: str
    api: str
    expires_at: pd.Timestamp | None
    token_location: str
    calls_made: int
    calls_left: int
    server: Mapping[str, str] = dataclasses.field(default_factory=dict)
    user: str = ""
    workspace: str = ""
    is_untried: bool = False

    @property
    def state(self) -> str:
        """Whether one is connected, in a few words."""
        if not self.authorized:
            return "not logged in"
        return "Session Key not tried yet" if self.is_untried else "connected"

    @property
    def title(self) -> str:
        """The same as the title of a card."""
        is_unknown = self.authorized and self.is_untried
        return self.state if is_unknown else f"{self.state.capitalize()} to Salesmate"

    def lines(self) -> dict[str, str]:
        """Return it in words, line by line."""
        if not self.authorized and self.who == NOBODY:  # then nothing else is known
            return {"next step": "run connect() or `salesmate-nb login`", "profile": self.profile}
        expires = "not known" + ("; Session Keys last some weeks" if "Session Key" in self.who else "")
        if self.expires_at is not None:
            expires = f"{self.expires_at:%Y-%m-%d %H:%M} UTC, refreshed automatically"
        if not self.authorized:
            expires = "not logged in: run connect() or `salesmate-nb login`"
            if self.token_location == IN_SETTINGS:
                expires = "the Session Key was refused: replace it where it is set"
        return {
            "login": self.who,
            "host": f"{self.host} ({self.api})",
            "expires": expires,
            "stored in": self.token_location,
            "profile": self.profile,
            "API calls": f"{self.calls_left:,} left this hour ({self.calls_made:,} made from this machine)",
            **self.server,
        }

    def __repr__(self) -> str:
        lines = [f"Salesmate: {self.state}"]
        for name, value in self.lines().items():
            line = f"  {name:<10} {value}"
            lines += _wrap(line) if name in self.server else [line]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return card(self.title, self.lines(), is_on=self.authorized and not self.is_untried)


def _wrap(line: str) -> list[str]:
    return textwrap.wrap(line, _WIDTH, subsequent_indent=" " * 13, break_on_hyphens=False)
