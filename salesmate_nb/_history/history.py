"""A history in memory: what it holds, and the state at any time since it began."""

from __future__ import annotations

import bisect
import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._history.events import TIMESTAMP
from salesmate_nb._history.replay import replay
from salesmate_nb.errors import SalesmateError

_HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class History:
    """The first state of a table, and what each refresh since then found to have changed.

    Parameters
    ----------
    first : pyarrow.Table
        The first state, its rows ascending by ``id``.
    events : pyarrow.Table
        The events of all refreshes, the oldest first; see :mod:`salesmate_nb._history.events`.
    refreshes : tuple of datetime
        When each state was read, the first one too, in UTC and ascending.
    """

    first: pa.Table
    events: pa.Table
    refreshes: tuple[dt.datetime, ...]

    @property
    def since(self) -> dt.datetime:
        """When the first state was read: nothing is known of the time before."""
        return self.refreshes[0]

    def known(self, since: dt.datetime | None = None) -> dict[str, Any]:
        """Return for ``attrs`` since when events are known, and all refreshes that can have found them.

        Parameters
        ----------
        since : datetime, optional
            Leave out the time before.
        """
        start = max(self.since, since or self.since)
        refreshes = self.refreshes[bisect.bisect_right(self.refreshes, start) - 1 :]
        return {"since": start.isoformat(), "refreshes": [each.isoformat() for each in refreshes]}

    def check(self, at: dt.datetime, noun: str, timezone: str) -> None:
        """Check that the history knows the state at a time.

        Parameters
        ----------
        at : datetime
            With a time zone.
        noun : str
            What it is of, for the message.
        timezone : str
            IANA name of the zone in which the message shows times.

        Raises
        ------
        SalesmateError
            If the history begins later.
        """
        if at < self.since:
            first = self.since.astimezone(ZoneInfo(timezone))
            raise SalesmateError(
                f"The history of {noun} begins on {first:%Y-%m-%d} at {first:%H:%M} ({timezone}), and as_of "
                f"is earlier. The first day known is {first:%Y-%m-%d}."
            )

    def report(self, at: dt.datetime) -> dict[str, Any]:
        """Return for ``attrs`` which state that of a time is: when it was read, and how stale it was then.

        Parameters
        ----------
        at : datetime
            With a time zone; not before `since`.
        """
        read_at = self.refreshes[bisect.bisect_right(self.refreshes, at) - 1]
        return {
            "read_at": read_at.isoformat(timespec="seconds"),
            "as_of": at.isoformat(),
            "stale_hours": round((at - read_at) / _HOUR, 2),
            "history_since": self.since.isoformat(),
        }

    def as_of(self, at: dt.datetime, schema: pa.Schema) -> pa.Table:
        """Return the state that the last refresh before a time found.

        Parameters
        ----------
        at : datetime
            With a time zone; not before `since`.
        schema : pyarrow.Schema
            The columns to return; see :func:`~salesmate_nb._history.replay.replay`.
        """
        is_earlier = pc.less_equal(self.events.column("seen_at"), pa.scalar(at, TIMESTAMP))
        return replay(self.first, self.events.filter(is_earlier), schema)
