"""How a sandbox behaves, and its other options."""

from __future__ import annotations

import os
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

Timestamps = Literal["seconds", "milliseconds", "ISO", "text", "mixed", "stored"]
Order = Literal["unstable", "stable", "newest first"]
Support = Literal["supported", "refused", "ignored"]
Totals = Literal["given", "not of activities", "missing", "lagging", "page"]
Refusal = Literal[400, 403, 422, 500, 200]


@dataclass(frozen=True, kw_only=True)
class Behavior:
    """How the API behaves, in what may differ between Salesmate accounts.

    The defaults are an account that was measured in daily use. `BEHAVIORS` names others.

    Parameters
    ----------
    timestamps : {"seconds", "milliseconds", "ISO", "text", "mixed", "stored"}
        How times are written: Unix seconds (measured), Unix milliseconds, ISO 8601 in UTC, ``Mar 04, 2024
        21:15 PM`` in the account's zone, one of these for each value, or as the records hold them. Except
        for ``stored``, a date without a time, such as ``estimatedCloseDate``, is ISO text (measured).
    order : {"unstable", "stable", "newest first"}
        Whether the sort holds from page to page. ``unstable`` (measured): in each pass some rows come twice
        and others never, in spite of any sort; the activities are stable (measured). ``newest first``: the
        sort is ignored.
    id_rules : {"supported", "refused", "ignored"}
        Rules on the id. Each one that was tried was refused (measured).
    created_rules, range_rules, modified_rules : {"supported", "refused", "ignored"}
        ``IS_AFTER`` on ``createdAt``; ``IS_BEFORE`` and ``BETWEEN`` on it, which no known client uses; any
        rule on ``lastModifiedAt``.
    other_rules : {"supported", "refused", "ignored"}
        All other rules.
    refusal : {400, 403, 422, 500, 200}
        The HTTP status of a refused rule; a failure can come with 200.
    totals : {"given", "not of activities", "missing", "lagging", "page"}
        ``totalRows``: given, but of activities only if ``getRecordsCount`` and ``viewType`` ask for it (they
        were measured to have none without both); never of activities; never; three too low; or the number of
        rows of the page alone.
    max_rows : int
        The most rows of a page; a request for more gets that many, without an error (measured: 250).
    relations : {"sub-fields", "whole"}
        Whether a search returns only the sub-fields of a relation that are requested by name (measured).
    links : {"contact", "primaryContact"}
        Whether activities refer to a ``contact``, ``company`` and ``deal`` (measured), or to a
        ``primaryContact``, a ``primaryCompany`` and what they are ``relatedTo`` (Salesmate's web app).
    unknown_fields : {"ignored", "refused"}
        What a search does if ``displayingFields`` names a field that the account does not have.
    key_requests : int, optional
        After so many requests the Session Key expires. None: it does not.
    key_seconds : float, optional
        After so many seconds the Session Key expires. None: it does not.
    expired_status : {401, 200}
        The HTTP status of the failure 4002, which an expired key gets (measured: 401).
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

    Examples
    --------
    >>> Behavior().order, Behavior.named("kind").order, Behavior.named("kind", order="unstable").order
    ('unstable', 'stable', 'unstable')
    """

    timestamps: Timestamps = "seconds"
    order: Order = "unstable"
    id_rules: Support = "refused"
    created_rules: Support = "supported"
    range_rules: Support = "refused"
    modified_rules: Support = "supported"
    other_rules: Support = "supported"
    refusal: Refusal = 400
    totals: Totals = "given"
    max_rows: int = 250
    relations: Literal["sub-fields", "whole"] = "sub-fields"
    links: Literal["contact", "primaryContact"] = "contact"
    unknown_fields: Literal["ignored", "refused"] = "ignored"
    key_requests: int | None = None
    key_seconds: float | None = None
    expired_status: Literal[401, 200] = 401
    calls_per_hour: int | None = None
    latency: float = 0.0
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        _check_choices(self)
        if self.max_rows < 1:
            raise ValueError(f"max_rows={self.max_rows} is not valid. Use 1 or more.")
        try:
            zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as err:
            raise ValueError(
                f"time_zone={self.time_zone!r} is not an IANA time zone. Use a name such as 'Europe/Berlin'."
            ) from err

    @classmethod
    def named(cls, name: str | Self, **switches: Any) -> Self:
        """Return one of `BEHAVIORS`, with some switches changed.

        Parameters
        ----------
        name : str or Behavior
            Its name, or a behavior of one's own.
        **switches
            Fields of this class, which win over the named behavior.

        Raises
        ------
        ValueError, TypeError
            If the name or the value of a switch is not valid, or there is no such switch.
        """
        unknown = sorted(switches.keys() - {each.name for each in fields(cls)})
        if unknown:
            switch_names = ", ".join(each.name for each in fields(cls))
            raise TypeError(f"{', '.join(unknown)}: no such switch. The switches are {switch_names}.")
        if isinstance(name, cls):
            return replace(name, **switches)
        if name not in BEHAVIORS:
            raise ValueError(f"behavior={name!r} is not valid. Use one of {', '.join(BEHAVIORS)}.")
        return cls(**{**BEHAVIORS[str(name)], **switches})

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The time zone object."""
        return zoneinfo.ZoneInfo(self.time_zone)


_RULES = ("id_rules", "created_rules", "range_rules", "modified_rules", "other_rules")

BEHAVIORS: Mapping[str, Mapping[str, Any]] = {
    "measured": {},  # an account in daily use
    "kind": {  # everything that helps a client: order, rules and totals
        "timestamps": "stored",
        "order": "stable",
        "id_rules": "supported",
        "range_rules": "supported",
        "relations": "whole",
        "links": "primaryContact",
        "unknown_fields": "refused",
    },
    "stable-order": {"order": "stable"},  # open: perhaps an account keeps the order if asked differently
    "newest-first": {"order": "newest first"},  # ignores the sort
    "created-ranges": {"range_rules": "supported"},  # no order, but rules with both ends
    "refuses-rules": {**dict.fromkeys(_RULES, "refused"), "refusal": 500},
    "ignores-rules": {**dict.fromkeys(_RULES, "ignored"), "order": "stable"},
    "failures-with-200": {"refusal": 200, "expired_status": 200},
    "no-totals": {"totals": "missing", "order": "stable"},
    "lagging-totals": {"totals": "lagging", "order": "stable"},
    "mixed-dates": {"timestamps": "mixed", "order": "stable"},
    "expiring-key": {"key_requests": 50},  # as after some weeks
}
"""Named behaviors: the switches in which each differs from the measured account."""

APPROVALS = ("auto", "ask")
APIS = ("v1", "v4")
LOGINS = ("oauth", "session_key")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a sandbox, which :func:`start` takes as keywords.

    Parameters
    ----------
    behavior : Behavior
        How its API behaves.
    deals : int
        Number of deals to make up.
    data : path, optional
        A JSON list of deals to serve, instead of made-up ones.
    seed : int
        The same seed makes the same deals, in the same order of pages.
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
    session_key, linkname : str
        The Session Key and the linkname (workspace) of the account.
    api : {"v4", "v1"}
        Which API ``connect(server)`` reads: the v4 search, or ``/v1/deals`` of Salesmate's OAuth guide.
    login : {"oauth", "session_key"}
        How ``connect(server)`` logs in.

    Raises
    ------
    ValueError
        If a value is not valid.
    """

    behavior: Behavior = field(default_factory=Behavior)
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
    session_key: str = field(default="sandbox-session-key", repr=False)
    linkname: str = "sandbox"
    api: str = "v4"
    login: str = "oauth"

    def __post_init__(self) -> None:
        for name, choices in (("approve", APPROVALS), ("api", APIS), ("login", LOGINS)):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is not valid. Use one of {', '.join(choices)}."
                )
        if self.login == "session_key" and self.api == "v1":
            raise ValueError("login='session_key' needs api='v4': a Session Key belongs to a workspace.")
        if self.deals < 0:
            raise ValueError(f"deals={self.deals} is not valid. Use 0 or more.")


def _check_choices(behavior: Behavior) -> None:
    for name, hint in get_type_hints(Behavior).items():
        choices = get_args(hint)
        if get_origin(hint) is Literal and getattr(behavior, name) not in choices:
            valid = ", ".join(str(choice) for choice in choices)
            raise ValueError(f"{name}={getattr(behavior, name)!r} is not valid. Use one of {valid}.")
