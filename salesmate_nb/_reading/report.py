"""A report on a read: what ``df.attrs["salesmate"]`` says about where its rows come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ReadReport:
    """How a table was read, and from where.

    Parameters
    ----------
    strategy : str
        How pages were read: the paginator's name, ``"ranges"`` of creation time, ``"repeated passes"``, or
        ``"snapshot"``.
    passes : int
        How many times the whole list was read; 0 if not at all.
    totals : sequence of int
        The numbers of records that the server reported, in order.
    unreadable : mapping of str to int
        For each column with any: how many values could not be read and are missing.
    fields : mapping of str to str
        The API's names of the custom columns.
    read_at : str
        When the rows were read, by the server's clock; ISO 8601, UTC.
    shortfall : tuple of (int, int or None), optional
        How many rows were read and how many there are, if they are not all: ``complete`` is False then.
    checked_since : str
        Of a snapshot: every row was read from the server at this time or later; ISO 8601, UTC.
    checked_within : int
        Of a snapshot: within how many refreshes ``"auto"`` reads every row again.
    as_of, history_since : str
        Of a past state: the time that was asked for, and since when the history knows; ISO 8601, UTC. Then
        `read_at` is when the state was read.
    stale_hours : float, optional
        Of a past state: the hours between `read_at` and `as_of`. What changed in them is not known.
    host, api : str
        The API's address, and ``"v4"`` or ``"v1"``.
    resource : str
        What was read, as ``"deals"``.
    filters : mapping of str to (str or list)
        The filters by argument, times as ISO 8601 in UTC.
    limit : int, optional
        How many rows were asked for at most.
    timezone : str
        The account's time zone, as far as it is known: IANA name.
    calls, calls_left : int
        API calls that this read made, and how many are left of the account's hourly limit.

    Examples
    --------
    >>> ReadReport(strategy="keyset", totals=[500]).as_attrs()["totals"]
    [500]
    >>> attrs = ReadReport(strategy="repeated passes", shortfall=(499, 500)).as_attrs()
    >>> attrs["complete"], attrs["read"], attrs["total"]
    (False, 499, 500)
    """

    strategy: str
    passes: int = 1
    totals: Sequence[int] = ()
    unreadable: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    read_at: str = ""
    shortfall: tuple[int, int | None] | None = None
    checked_since: str = ""
    checked_within: int = 0
    as_of: str = ""
    history_since: str = ""
    stale_hours: float | None = None
    host: str = ""
    api: str = ""
    resource: str = ""
    filters: Mapping[str, Any] = field(default_factory=dict)
    limit: int | None = None
    timezone: str = "UTC"
    calls: int = 0
    calls_left: int = 0

    def as_attrs(self) -> dict[str, Any]:
        """Return it as plain values, for ``DataFrame.attrs`` and JSON."""
        known = {**asdict(self), "totals": list(self.totals), "complete": self.shortfall is None}
        if (shortfall := known.pop("shortfall")) is not None:
            known["read"], known["total"] = shortfall
        return known
